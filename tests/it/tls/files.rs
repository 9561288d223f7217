//! Certificate and key files as people have them: read, or named with the command that mends them.

use std::process::Output;

use external_providers::doctor::Outcome;
use external_providers::host::Tls;
use external_providers::tls::{FileContent, certificates};

use super::lab::{Lab, url};
use crate::support::tool;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.run(
        "self_signed a.pem key.pem -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
         openssl x509 -in a.pem -outform DER -out a.cer
         openssl pkey -in key.pem -outform DER -out key.der
         openssl rsa -in key.pem -traditional -out pkcs1.pem
         openssl rsa -in key.pem -traditional -outform DER -out pkcs1.der
         openssl pkcs8 -topk8 -in key.pem -passout pass:x -out encrypted.pem
         openssl pkcs8 -topk8 -in key.pem -passout pass:x -outform DER -out encrypted.der
         openssl rsa -in key.pem -aes128 -traditional -passout pass:x -out encrypted1.pem
         openssl pkey -in key.pem -pubout -out public.pem
         request key.pem /CN=localhost; openssl req -in request.csr -outform DER -out request.der
         openssl pkcs12 -export -inkey key.pem -in a.pem -passout pass:x -out a.pfx
         openssl crl2pkcs7 -nocrl -certfile a.pem -out a.p7b
         openssl crl2pkcs7 -nocrl -certfile a.pem -outform DER -out a.p7
         openssl x509 -in a.pem -trustout -out trusted.pem
         printf '\\357\\273\\277' | cat - a.pem > mark.pem
         printf '\\357\\273\\277' | cat - key.pem > mark.key
         { echo 'Bag Attributes'; cat key.pem a.pem; } > both.pem
         sed 's/ CERTIFICATE/ X509 CERTIFICATE/' a.pem > old.pem
         head -c 700 a.pem > cut.pem; head -c 300 a.cer > cut.cer; : > empty; echo text > text",
    );
    // As PowerShell's > writes it.
    let wide: Vec<u16> = String::from_utf8(lab.read("a.pem")).unwrap().encode_utf16().collect();
    let wide: Vec<u8> = [0xfeff].iter().chain(&wide).flat_map(|unit| unit.to_le_bytes()).collect();
    lab.0.file("wide.pem", wide);
    lab
}

#[test]
fn certificates_are_read_or_named() {
    let lab = lab();
    let one = certificates(&lab.read("a.pem")).unwrap();
    for file in ["a.cer", "mark.pem", "wide.pem", "both.pem", "old.pem"] {
        assert_eq!(certificates(&lab.read(file)), Ok(one.clone()), "{file}");
    }
    use FileContent as Is;
    for (file, content, words, remedy) in [
        ("key.pem", Is::PrivateKey, "it holds a private key; a certificate", "wrong way round"),
        ("key.der", Is::PrivateKey, "it holds a private key", "wrong way round"),
        ("pkcs1.der", Is::PrivateKey, "it holds a private key", "wrong way round"),
        ("encrypted.pem", Is::EncryptedKey, "it holds an encrypted private key", "wrong way"),
        ("encrypted.der", Is::EncryptedKey, "it holds an encrypted private key", "wrong way"),
        ("encrypted1.pem", Is::EncryptedKey, "it holds an encrypted private key", "wrong way"),
        ("public.pem", Is::PublicKey, "it holds a public key", ""),
        ("request.csr", Is::Request, "it holds a request for a certificate", "authority sign it"),
        ("request.der", Is::Request, "it holds a request for a certificate", "authority sign it"),
        ("a.pfx", Is::Pkcs12, "it holds PKCS #12", "openssl pkcs12 -in F -nokeys"),
        ("a.p7b", Is::Pkcs7, "it holds PKCS #7", "openssl pkcs7 -in F -print_certs"),
        ("a.p7", Is::Pkcs7, "it holds PKCS #7", "openssl pkcs7 -in F -print_certs"),
        ("trusted.pem", Is::TrustedCertificate, "TRUSTED CERTIFICATE", "openssl x509 -in F"),
        ("cut.pem", Is::Damaged, "the certificate in it is damaged", ""),
        ("cut.cer", Is::Damaged, "the certificate in it is damaged", ""),
        ("empty", Is::Nothing, "it is empty, a certificate is needed", ""),
        ("text", Is::Unknown, "it holds no certificate in PEM or DER", ""),
    ] {
        let error = certificates(&lab.read(file)).unwrap_err();
        assert_eq!((error.content, error.key), (content, false), "{file}");
        assert!(error.to_string().contains(words), "{file}: {error}");
        let said = error.remedy("F").unwrap_or_default();
        assert!(said.contains(remedy) && said.is_empty() == remedy.is_empty(), "{file}: {said}");
    }
}

#[test]
fn remedies_for_files_work_as_they_stand() {
    let lab = lab();
    let one = certificates(&lab.read("a.pem")).unwrap();
    for (file, cut) in [("a.pfx", " (from"), ("a.p7b", " (of"), ("trusted.pem", "\n")] {
        let remedy = certificates(&lab.read(file)).unwrap_err().remedy(file).unwrap();
        let command = remedy[remedy.find("openssl").unwrap()..].split(cut).next().unwrap();
        // What a person would type.
        let pass = if file == "a.pfx" { " -passin pass:x" } else { "" };
        lab.run(&format!("{command}{pass}"));
        assert_eq!(certificates(&lab.read("certificate.pem")), Ok(one.clone()), "{file}");
    }
    for file in ["encrypted.pem", "encrypted1.pem", "a.pfx"] {
        let (certificate, key) = (lab.0.path().join("a.pem"), lab.0.path().join(file));
        let error = Tls::read(&certificate, &key).unwrap_err();
        let text = std::error::Error::source(&error).unwrap().to_string();
        let command = text[text.find("openssl").unwrap()..].split(" (from").next().unwrap();
        lab.run(&format!("rm key.pem; {command} -passin pass:x"));
        Tls::read(&certificate, &lab.0.path().join("key.pem")).unwrap();
    }
    let error = certificates(b"").unwrap_err();
    assert_eq!(error.remedy("x"), None);
    let pfx = certificates(&lab.read("a.pfx")).unwrap_err();
    assert!(pfx.remedy("it's.pfx").unwrap().contains("-in 'it'\\''s.pfx'"));
}

#[test]
fn a_host_reads_keys_or_names_what_is_wrong() {
    let lab = lab();
    lab.run(
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key
         self_signed small.pem small.key
         request key.pem /CN=localhost; openssl x509 -req -in request.csr -signkey key.pem -days 9 -out v1.pem",
    );
    let read = |certificate: &str, key: &str| {
        let path = |file: &str| lab.0.path().join(file);
        Tls::read(&path(certificate), &path(key))
            .map_err(|error| format!("{error}: {}", std::error::Error::source(&error).unwrap()))
    };
    for certificate in ["a.pem", "a.cer", "mark.pem", "wide.pem", "both.pem"] {
        for key in ["key.pem", "key.der", "pkcs1.pem", "pkcs1.der", "mark.key", "both.pem"] {
            read(certificate, key).unwrap();
        }
    }
    for (certificate, key, file, words) in [
        ("a.pem", "encrypted.pem", "encrypted.pem", "is encrypted; decrypt it, and let nobody"),
        ("a.pem", "encrypted.der", "encrypted.der", "is encrypted"),
        ("a.pem", "encrypted1.pem", "encrypted1.pem", "is encrypted"),
        ("a.pem", "a.pem", "a.pem", "it holds a certificate; a private key is needed"),
        ("a.pem", "a.cer", "a.cer", "it holds a certificate; a private key is needed"),
        ("key.pem", "a.pem", "key.pem", "it holds a private key; a certificate is needed"),
        ("a.pem", "other.pem", "other.pem", "not the key of the certificate in"),
        ("a.pem", "a.pfx", "a.pfx", "PKCS #12"),
        ("a.pem", "public.pem", "public.pem", "it holds a public key"),
        ("a.pem", "empty", "empty", "it is empty, a private key is needed"),
        ("a.pem", "nowhere", "nowhere", "No such file"),
        ("small.pem", "small.key", "small.key", "too short (RSA, 1024 bits), at least 2048"),
        ("v1.pem", "key.pem", "key.pem", "X.509 version 1: version 3 is needed"),
    ] {
        let error = read(certificate, key).unwrap_err();
        assert!(error.contains(words) && error.contains(file), "{certificate} {key}: {error}");
        for bad in ["Error", "Kind", "{", "(\""] {
            assert!(!error.contains(bad), "{bad}: {error}");
        }
    }
}

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = tool(arguments, "s3cret").output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn the_command_line_reads_files_and_pins() {
    let lab = lab();
    let address = url("https", "localhost", lab.serve("a.pem", "key.pem"));
    let call = |more: &[&str]| {
        let call = [
            "call",
            "Authenticate",
            "loginUsername=u",
            "loginPassword=mypassword",
            "--url",
            &address,
        ];
        run(&[&call, more].concat())
    };
    let (der, pfx) = (lab.path("a.cer"), lab.path("a.pfx"));
    assert_eq!(call(&["--root-certificates", &der]).0, Some(0));
    let (code, said) = call(&["--root-certificates", &pfx]);
    assert!(code == Some(3) && said.contains("PKCS #12") && said.contains("hint: take"), "{said}");
    // What check shows is what call takes.
    let check =
        |more: &[&str]| run(&[&["check", "--round-trips", "1", "--url", &address], more].concat());
    let (code, said) = check(&[]);
    assert_eq!(code, Some(9), "{said}");
    let shown = said.split_once("SHA-256 fingerprint ").unwrap().1.lines().next().unwrap();
    assert_eq!(call(&["--trust-fingerprint", shown]).0, Some(0));
    let (_, said) = check(&["--trust-fingerprint", shown, "--json"]);
    let json: serde_json::Value =
        serde_json::from_str(said.split("note:").next().unwrap()).unwrap();
    let steps = json["checks"][0]["steps"].as_array().unwrap();
    let tls = steps.iter().find(|step| step["name"] == "tls").unwrap();
    assert_eq!(tls["outcome"], serde_json::to_value(Outcome::Warning).unwrap(), "{tls}");
    let other = shown.replace(char::is_numeric, "A");
    let (code, said) = call(&["--trust-fingerprint", &other]);
    assert!(code == Some(4) && said.contains(shown) && said.contains(&other), "{said}");
    // Windows' thumbprint is too short.
    let (code, said) = call(&["--trust-fingerprint", &shown[..59]]);
    assert!(code == Some(2) && said.contains("SHA-1 fingerprint"), "{said}");
    for option in
        [&["--trust-fingerprint", shown][..], &["--root-certificates", &der], &["--native-tls"]]
    {
        let plain = [
            "call",
            "Authenticate",
            "loginUsername=u",
            "loginPassword=mypassword",
            "--url",
            "http://localhost/P.asmx",
        ];
        let (code, said) = run(&[&plain[..], option].concat());
        let words = format!("{} is for https", option[0]);
        assert!(code == Some(2) && said.contains(&words), "{said}");
    }
    let (code, said) = call(&["--native-tls", "--trust-fingerprint", shown]);
    assert!(code == Some(2) && said.contains("cannot be used with"), "{said}");
    if cfg!(not(feature = "native-tls")) {
        let (code, said) = call(&["--native-tls"]);
        assert!(code == Some(3) && said.contains("--features native-tls"), "{said}");
        let out = lab.path("recorded");
        let (code, said) = run(&["record", "--upstream", &address, "--out", &out, "--native-tls"]);
        assert!(code == Some(3) && said.contains("--features native-tls"), "{said}");
    }
}

#[test]
fn settings_read_files_and_pin() {
    use external_providers::settings::Settings;
    let lab = lab();
    let load = |more: &str| {
        let text = format!(
            "[options]\nlogin = true\n[login]\nprovider = \"external\"\npassword_file = \"password\"\n\
             url = \"https://localhost/Provider.asmx\"\n{more}\n"
        );
        lab.0.file("password", "s3cret");
        let file = lab.0.file("settings.toml", text);
        Settings::load(&file).map_err(|error| error.to_string())
    };
    let pinned = "ab".repeat(32);
    let settings = load(&format!("trust_fingerprint = \"{pinned}\"")).unwrap();
    let service = settings.tab(external_providers::contract::Kind::Login).external().unwrap();
    assert_eq!(service.trust_fingerprint, Some(pinned.parse().unwrap()));
    load("root_certificates = \"a.cer\"").unwrap();
    for (more, words) in [
        ("trust_fingerprint = \"abc\"".to_owned(), "64 hexadecimal digits"),
        (format!("trust_fingerprint = \"{}\"", &pinned[..40]), "SHA-1 fingerprint"),
        (format!("trust_fingerprint = \"{pinned}\"\nnative_tls = true"), "cannot trust by"),
        ("root_certificates = \"key.pem\"".to_owned(), "it holds a private key"),
        ("root_certificates = \"a.pfx\"".to_owned(), "openssl pkcs12 -in"),
        ("root_certificates = \"empty\"".to_owned(), "it is empty"),
    ] {
        let error = load(&more).unwrap_err();
        assert!(error.contains(words), "{more}: {error}");
    }
}

/// What `check` says to do about servers whose TLS is too old, carried out, by a call and by the recorder.
#[cfg(feature = "native-tls")]
#[test]
fn the_platforms_tls_reaches_servers_of_old() {
    use super::lab::OpenSsl;
    use std::io::{BufRead as _, BufReader};
    let lab = lab();
    let low = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCipherString = DEFAULT@SECLEVEL=0\n";
    let low = lab.0.file("low.cnf", low);
    let server = OpenSsl::serve(&lab, "-cert a.pem -key key.pem -tls1_1 -cipher ALL:@SECLEVEL=0");
    let address = url("https", "localhost", server.address);
    let (origin, _) = address.rsplit_once('/').unwrap();
    let (roots, out) = (lab.path("a.pem"), lab.path("recorded"));
    let start = |arguments: &[&str]| {
        let trust = ["--native-tls", "--root-certificates", &roots];
        let mut command = tool(&[arguments, &trust].concat(), "s3cret");
        command.env("OPENSSL_CONF", &low).spawn().unwrap()
    };
    let login = ["call", "Authenticate", "loginUsername=u", "loginPassword=mypassword", "--url"];

    let answering = server.answer_one();
    let called = start(&[&login[..], &[&address]].concat()).wait_with_output().unwrap();
    assert_eq!(called.status.code(), Some(0), "{}", String::from_utf8_lossy(&called.stderr));
    let answering = answering.join().unwrap().answer_one();
    let record = ["record", "--upstream", origin, "--listen", "127.0.0.1:0", "--out", &out];
    let mut recorder = start(&record);
    let mut said = String::new();
    BufReader::new(recorder.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let listening = said.strip_prefix("listening on ").unwrap().split_once(',').unwrap().0;
    let (code, said) = run(&[&login[..], &[&format!("{listening}/Provider.asmx")]].concat());
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    assert_eq!(code, Some(0), "{said}");
    drop(answering.join());
}
