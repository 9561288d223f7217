//! Each trouble with TLS is named by call and check alike, and its remedy, carried out, works.

use external_providers::Client;
use external_providers::client::{BuildError, CallError, ClientBuilder, TransportErrorKind};
use external_providers::doctor::{Outcome, Subject};
use external_providers::tls::{Fingerprint, TlsCause};

use super::lab::{Lab, OpenSsl, call, doctor, trouble, url};
use crate::doctor::peers::sample_host;

/// The command in a remedy, from its first word to its last.
fn command<'r>(remedy: &'r str, first: &str, last: &str) -> &'r str {
    let from = remedy.find(first).unwrap_or_else(|| panic!("no {first}: {remedy}"));
    let length = remedy[from..].find(last).unwrap_or_else(|| panic!("no {last}: {remedy}"));
    &remedy[from..from + length + last.len()]
}

fn fingerprint(remedy: &str) -> Fingerprint {
    let (_, rest) = remedy.split_once("--trust-fingerprint ").expect(remedy);
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// How to make `certificate.pem`, what to trust, the trouble's code, its words, and what mends it.
const CERTIFICATES: [(&str, Option<&str>, &str, &str, Mend); 15] = [
    (
        "self_signed bad.pem key.pem -sha1 -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
        Some("bad.pem"),
        "certificate-weak-signature",
        "signed by SHA-1 with RSA",
        Mend::New,
    ),
    (
        "request key.pem /CN=localhost; openssl x509 -req -in request.csr -signkey key.pem -days 30 -out bad.pem",
        Some("bad.pem"),
        "certificate-version",
        "X.509 version 1: version 3 is needed",
        Mend::New,
    ),
    (
        "self_signed bad.pem key.pem -addext basicConstraints=critical,CA:FALSE",
        Some("bad.pem"),
        "certificate-no-alternative-name",
        "no subjectAltName: its common name (localhost) is not looked at",
        Mend::New,
    ),
    (
        "self_signed bad.pem key.pem -addext subjectAltName=DNS:localhost",
        Some("bad.pem"),
        "certificate-authority",
        "certificate authority (CA:TRUE), not of a server",
        Mend::New,
    ),
    (
        "self_signed old.pem other.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
         self_signed bad.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
        Some("old.pem"),
        "certificate-another-trusted",
        "self-signed, and another certificate of the same name is trusted (CN=localhost)",
        Mend::Trust("bad.pem"),
    ),
    (
        "dated bad.pem 20010101000000Z 20020203040506Z",
        Some("bad.pem"),
        "certificate-expired",
        "expired at 2002-02-03T04:05:06Z",
        Mend::New,
    ),
    (
        "dated bad.pem 20990101000000Z 21000101000000Z",
        Some("bad.pem"),
        "certificate-not-yet-valid",
        "valid from 2099-01-01T00:00:00Z only",
        Mend::Pin,
    ),
    (
        "self_signed bad.pem key.pem -addext subjectAltName=DNS:elsewhere.example,DNS:*.example -addext basicConstraints=critical,CA:FALSE",
        Some("bad.pem"),
        "certificate-name",
        "not for localhost; it is for elsewhere.example, *.example",
        Mend::New,
    ),
    (
        "self_signed bad.pem key.pem -addext subjectAltName=DNS:elsewhere.example -addext basicConstraints=critical,CA:FALSE",
        None,
        "certificate-name",
        "not for localhost; it is for elsewhere.example",
        Mend::New,
    ),
    (
        // Systems may trust something of the name localhost.
        "self_signed bad.pem key.pem -subj /CN=lab -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
        None,
        "certificate-self-signed",
        "self-signed: nobody vouches for it",
        Mend::Trust("bad.pem"),
    ),
    (
        "self_signed ca.pem other.pem -subj '/CN=the company'; cp other.pem ca.key; signed bad.pem key.pem ca \"$SERVER\"",
        None,
        "certificate-unknown-issuer",
        "issuer is not trusted here: CN=the company",
        Mend::Trust("ca.pem"),
    ),
    (
        "self_signed bad.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=clientAuth",
        Some("bad.pem"),
        "certificate-purpose",
        "not for servers",
        Mend::New,
    ),
    // The server's own is in order, its authority's is not.
    (
        "self_signed ca.pem other.pem -subj /CN=root; cp other.pem ca.key
         openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out between.key
         request between.key /CN=between; printf 'basicConstraints=critical,CA:TRUE\\n' > extensions
         openssl x509 -req -sha1 -in request.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out between.pem
         signed leaf.pem key.pem between \"$SERVER\"; cat leaf.pem between.pem > bad.pem",
        Some("ca.pem"),
        "certificate-weak-signature",
        "authority (CN=between) is signed by SHA-1 with RSA",
        Mend::New,
    ),
    (
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out ca.key
         self_signed ca.pem ca.key -subj /CN=small; signed bad.pem key.pem ca \"$SERVER\"",
        Some("ca.pem"),
        "certificate-short-key",
        "authority (CN=small) is too short: RSA with 1024 bits",
        Mend::New,
    ),
    (
        "self_signed notca.pem other.pem -subj /CN=root -addext basicConstraints=critical,CA:FALSE; cp other.pem notca.key
         self_signed ca.pem other.pem -subj /CN=root
         openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out between.key
         request between.key /CN=between; printf 'basicConstraints=critical,CA:FALSE\\n' > extensions
         openssl x509 -req -in request.csr -CA ca.pem -CAkey other.pem -CAcreateserial -days 30 -extfile extensions -out between.pem
         signed leaf.pem key.pem between \"$SERVER\"; cat leaf.pem between.pem > bad.pem",
        Some("ca.pem"),
        "certificate",
        "not an authority's (CA:FALSE)",
        Mend::New,
    ),
];

/// What of a remedy mends the trouble; to accept exactly this certificate does so always.
#[derive(Clone, Copy)]
enum Mend {
    /// A new certificate, by the command in it.
    New,
    /// To trust this file.
    Trust(&'static str),
    /// Nothing else.
    Pin,
}

#[tokio::test]
async fn certificates_are_explained_and_mended() {
    for (make, trusted, code, words, mend) in CERTIFICATES {
        let lab = Lab::new();
        lab.run(make);
        let address = lab.serve("bad.pem", "key.pem");
        let address = url("https", "localhost", address);
        let roots = trusted.map(|file| lab.read(file)).unwrap_or_default();
        let found = trouble(&address, &roots).await;
        assert_eq!(found.code, code, "{found:?}");
        assert!(found.text.contains(words), "{found:?}");
        let remedy = found.remedy.unwrap();
        match mend {
            Mend::New => {
                lab.run(command(&remedy, "openssl req", "-out certificate.pem"));
                let roots = lab.read("certificate.pem");
                let renewed = url("https", "localhost", lab.serve("certificate.pem", "key.pem"));
                let answer = call(&renewed, |builder| builder.root_certificates(roots)).await;
                assert!(answer.is_ok(), "{code}: {answer:?}");
            }
            Mend::Trust(file) => {
                assert!(remedy.contains("--root-certificates FILE"), "{remedy}");
                let roots = lab.read(file);
                let answer = call(&address, |builder| builder.root_certificates(roots)).await;
                assert!(answer.is_ok(), "{code}: {answer:?}");
            }
            Mend::Pin => {}
        }
        let pinned = fingerprint(&remedy);
        let answer = call(&address, |builder| builder.trust_fingerprint(pinned)).await;
        assert!(answer.is_ok(), "{code}: {answer:?}");
        let subject = Subject { trust_fingerprint: Some(pinned), ..Subject::new(address) };
        let step = doctor(&subject).await;
        let step = step.step("tls").unwrap();
        assert!(step.findings.iter().all(|f| f.code == "certificate-expires"), "{step:?}");
    }
}

#[tokio::test]
async fn short_keys_are_explained_and_mended() {
    let lab = Lab::new();
    lab.run(
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key
         self_signed bad.pem small.key -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE",
    );
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = format!("-cert bad.pem -key small.key -cipher ALL:@SECLEVEL=0 {version}");
        let server = OpenSsl::serve(&lab, &arguments);
        let address = url("https", "localhost", server.address);
        for roots in [lab.read("bad.pem"), Vec::new()] {
            let found = trouble(&address, &roots).await;
            assert_eq!(found.code, "certificate-short-key", "{found:?}");
            assert!(found.text.contains("RSA with 1024 bits, at least 2048"), "{found:?}");
            lab.run(command(&found.remedy.unwrap(), "openssl req", "-out certificate.pem"));
        }
        let renewed = url("https", "localhost", lab.serve("certificate.pem", "key.pem"));
        let roots = lab.read("certificate.pem");
        assert!(call(&renewed, |builder| builder.root_certificates(roots)).await.is_ok());
        // TLS 1.3 leaves a short key no signature that can be checked.
        let pinned = Fingerprint::of(
            &external_providers::tls::certificates(&lab.read("bad.pem")).unwrap()[0],
        );
        let pin = |builder: ClientBuilder| builder.trust_fingerprint(pinned);
        if version == "-tls1_2" {
            let answering = server.answer_one();
            let answer = call(&address, pin).await;
            assert!(answer.is_ok(), "{answer:?}");
            drop(answering.join().unwrap());
        } else {
            // A server that waits for a request would outlive the test.
            let error = call(&address, pin).await.unwrap_err();
            assert!(error.to_string().contains("too short: RSA with 1024"), "{error}");
        }
    }
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let lab = Lab::new();
    lab.run(
        "for i in 1 2; do self_signed $i.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE; done",
    );
    let of = |file: &str| {
        Fingerprint::of(&external_providers::tls::certificates(&lab.read(file)).unwrap()[0])
    };
    let address = url("https", "localhost", lab.serve("1.pem", "key.pem"));
    let subject =
        Subject { trust_fingerprint: Some(of("2.pem")), ..Subject::new(address.as_str()) };
    let report = doctor(&subject).await;
    let found = report.findings().find(|f| f.code == "certificate-fingerprint").unwrap();
    // What is trusted otherwise counts for nothing.
    let roots = lab.read("1.pem");
    let error =
        call(&address, |builder| builder.trust_fingerprint(of("2.pem")).root_certificates(roots));
    let error = error.await.unwrap_err();
    for text in [&found.text, &error.to_string()] {
        assert!(text.contains(&of("1.pem").to_string()), "{text}");
        assert!(text.contains(&of("2.pem").to_string()), "{text}");
    }
    assert_eq!(error.hint().as_deref(), found.remedy.as_deref());
    let renewed = fingerprint(found.remedy.as_ref().unwrap());
    assert!(call(&address, |builder| builder.trust_fingerprint(renewed)).await.is_ok());
    // The doctor shows what is to be pinned, in any case.
    let trusting = Subject { root_certificates: lab.read("1.pem"), ..Subject::new(address) };
    let details = doctor(&trusting).await.step("tls").unwrap().details.join("\n");
    assert!(details.contains(&format!("SHA-256 fingerprint {}", of("1.pem"))), "{details}");
    // Whoever shows the certificate must have its key.
    let thief = url("https", "localhost", lab.serve("1.pem", "other.pem"));
    let error = call(&thief, |builder| builder.trust_fingerprint(of("1.pem"))).await.unwrap_err();
    assert!(error.to_string().contains("does not fit the server's signature"), "{error}");
}

#[tokio::test]
async fn handshakes_are_explained() {
    let lab = Lab::new();
    lab.run("self_signed a.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE");
    let roots = lab.read("a.pem");
    for (arguments, code, words, remedy) in [
        ("-tls1 -cipher ALL:@SECLEVEL=0", "old-tls", "newer than TLS 1.0 (TLS_", "enable TLS 1.2"),
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", "old-tls", "newer than TLS 1.1 (TLS_", "--native-tls"),
        (
            "-tls1_2 -cipher AES128-SHA",
            "old-cipher",
            "no cipher suite in common: the server takes TLS_RSA_WITH_AES_128_CBC_SHA",
            "enable an ECDHE suite",
        ),
        ("-tls1_2 -cipher ARIA128-GCM-SHA256", "old-cipher", "no cipher suite in common", "ECDHE"),
        (
            "-tls1_2 -Verify 1 -verify_return_error",
            "client-certificate",
            "wants a client",
            "exempt",
        ),
        ("-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256", "old-cipher", "no cipher suite", "ECDHE"),
    ] {
        let server = OpenSsl::serve(&lab, &format!("-cert a.pem -key key.pem {arguments}"));
        let found = trouble(&url("https", "localhost", server.address), &roots).await;
        assert_eq!(found.code, code, "{arguments}: {found:?}");
        assert!(found.text.contains(words), "{arguments}: {found:?}");
        assert!(found.remedy.as_ref().unwrap().contains(remedy), "{arguments}: {found:?}");
    }
    // The server with what was missing enabled.
    let mended = lab.serve_versions("a.pem", "key.pem", &[&rustls::version::TLS12]);
    let mended = url("https", "localhost", mended);
    assert!(call(&mended, |builder| builder.root_certificates(roots.as_slice())).await.is_ok());
    // In TLS 1.3 a server says that it wants a certificate only when the handshake is over.
    let server =
        OpenSsl::serve(&lab, "-cert a.pem -key key.pem -tls1_3 -Verify 1 -verify_return_error");
    let address = url("https", "localhost", server.address);
    let error = call(&address, |builder| builder.root_certificates(roots.as_slice())).await;
    let Err(CallError::Transport(error)) = error else { panic!("{error:?}") };
    let TransportErrorKind::Tls(cause) = &error.kind else { panic!("{error:?}") };
    assert_eq!(cause.cause, TlsCause::ClientCertificate, "{error}");
}

#[tokio::test]
async fn http_and_https_the_wrong_way_round_are_told() {
    let lab = Lab::new();
    lab.run("self_signed a.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE");
    let plain = sample_host("http://tempuri.org/");
    let found = trouble(&url("https", "localhost", plain), b"").await;
    assert_eq!(found.code, "no-tls", "{found:?}");
    assert!(found.remedy.as_ref().unwrap().contains("http://"), "{found:?}");
    assert!(found.text.contains("it answers \"HTTP/1.1 400"), "{found:?}");

    let answer = call(&url("http", "localhost", plain), |builder| builder).await;
    assert!(!matches!(answer, Err(CallError::Transport(_))), "{answer:?}");
    let secure = lab.serve("a.pem", "key.pem");
    let error = call(&url("http", "localhost", secure), |builder| builder).await.unwrap_err();
    assert!(
        error.to_string().contains("the port speaks TLS, and was asked in plain http"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("https://"), "{error}");
    let report = doctor(&Subject::new(url("http", "localhost", secure))).await;
    for step in ["wsdl", "soap"] {
        let step = report.step(step).unwrap();
        assert!(step.findings.iter().all(|f| f.code == "only-tls"), "{step:?}");
        assert_eq!(step.outcome, Outcome::Finding);
    }
    let roots = lab.read("a.pem");
    let address = url("https", "localhost", secure);
    assert!(call(&address, |builder| builder.root_certificates(roots)).await.is_ok());
}

#[test]
fn a_pinned_client_needs_no_certificates_of_the_platform() {
    let pinned: Fingerprint = "ab".repeat(32).parse().unwrap();
    let builder = Client::builder("https://localhost/", "p").trust_fingerprint(pinned);
    assert!(builder.clone().build().is_ok());
    let error = builder.root_certificates("x").build().unwrap_err();
    assert!(matches!(error, BuildError::Roots(_)), "{error}");
}
