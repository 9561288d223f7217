//! Servers that want to see a certificate of whoever calls them.

use std::net::SocketAddr;
use std::sync::Arc;

use external_providers::client::{CallError, ClientCertificate, ClientCertificateError};
use external_providers::contract::Authentication;
use external_providers::doctor::Subject;
use external_providers::tls::TlsCause;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::lab::{Lab, call, doctor, url, yes};
use crate::doctor::peers::serve_tls;
use crate::support::{Folder, tool};

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate that it signs, and its key, in PEM.
    pub(crate) fn signed(&self, name: &str) -> (String, String) {
        self.signed_with(name, |_| {})
    }

    /// One with more to it.
    pub(crate) fn signed_with(
        &self,
        name: &str,
        edit: impl FnOnce(&mut CertificateParams),
    ) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        edit(&mut params);
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// TLS of a server for `localhost` that lets in whom this authority knows.
    pub(crate) fn demanding(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate], key);
        Arc::new(config.unwrap())
    }

    fn serve(&self) -> SocketAddr {
        serve_tls(self.demanding(), yes)
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_it() {
    let authority = Authority::new("The company");
    let url = url("https", "localhost", authority.serve());
    let roots = authority.pem();
    let error = call(&url, |b| b.root_certificates(roots.as_bytes())).await.unwrap_err();
    let CallError::Transport(transport) = &error else { panic!("{error:?}") };
    let external_providers::client::TransportErrorKind::Tls(tls) = &transport.kind else {
        panic!("{error:?}")
    };
    assert_eq!(tls.cause, TlsCause::ClientCertificate);
    assert!(error.hint().unwrap().contains("client_certificate"), "{:?}", error.hint());

    let (certificate, key) = authority.signed("caller");
    let ours = ClientCertificate::new(certificate.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(format!("{ours:?}"), "ClientCertificate");
    let (certificate, key) = Authority::new("Somebody else").signed("caller");
    let theirs = ClientCertificate::new(certificate.as_bytes(), key.as_bytes()).unwrap();
    assert!(ours == ours.clone() && ours != theirs);
    for native in [false, true] {
        let with = async |certificate: &ClientCertificate| {
            let certificate = certificate.clone();
            let builder = |b: external_providers::client::ClientBuilder| {
                b.root_certificates(roots.as_bytes()).client_certificate(certificate)
            };
            #[cfg(feature = "native-tls")]
            let builder = |b| builder(b).native_tls(native);
            call(&url, builder).await
        };
        let result = with(&ours).await.unwrap();
        assert!(matches!(result, Authentication::Authenticated { .. }), "{native}");
        assert!(matches!(with(&theirs).await, Err(CallError::Transport(_))), "{native}");
    }
    // And so does the tool.
    let folder = Folder::new("client-certificate-tool");
    let (certificate, key) = authority.signed("caller");
    let files = [("ca.pem", roots.clone()), ("caller.pem", certificate), ("caller.key", key)];
    let [ca, caller, key] =
        files.map(|(name, text)| folder.file(name, text).to_str().unwrap().to_owned());
    let all = ["call", "GetSignInCookieInfo", "loginUsername=u", "--url", &url];
    let all = [&all[..], &["--root-certificates", &ca]].concat();
    let said = |more: &[&str]| {
        let output = tool(&[&all, more].concat(), "s3cret").output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(said(&[]).contains("--client-certificate and --client-key"), "{}", said(&[]));
    let shown = said(&["--client-certificate", &caller, "--client-key", &key]);
    assert!(!shown.contains("client certificate"), "{shown}");
    let wrong = said(&["--client-certificate", &key, "--client-key", &caller]);
    assert!(wrong.contains("the wrong way round"), "{wrong}");
    // The doctor shows it, too.
    let subject = |certificate| Subject {
        root_certificates: roots.clone().into_bytes(),
        client_certificate: certificate,
        ..Subject::new(&url)
    };
    let codes = async |certificate| -> Vec<&'static str> {
        let report = doctor(&subject(certificate)).await;
        report.findings().map(|finding| finding.code).filter(|code| *code == CODE).collect()
    };
    assert_eq!(codes(Some(ours)).await, [""; 0]);
    assert_eq!(codes(None).await.first(), Some(&CODE));
}

const CODE: &str = "client-certificate";

#[test]
fn files_that_hold_something_else_are_named() {
    let folder = Folder::new("client-certificate");
    let authority = Authority::new("The company");
    let (certificate, key) = authority.signed("caller");
    let certificate = folder.file("caller.pem", certificate);
    let key = folder.file("caller.key", key);
    let other = folder.file("other.key", authority.signed("other").1);
    let refused = |certificate: &std::path::Path, key: &std::path::Path| {
        let error = ClientCertificate::read(certificate, key).unwrap_err();
        let ClientCertificateError { private_key, what, remedy, .. } = error;
        (private_key, format!("{what}; {}", remedy.unwrap_or_default()))
    };
    let (is_key, what) = refused(&certificate, &other);
    assert!(is_key && what.contains("not the key of the certificate in"), "{what}");
    let (is_key, what) = refused(&key, &certificate);
    assert!(!is_key && what.contains("the wrong way round"), "{what}");
    let (is_key, what) = refused(&folder.path().join("none.pem"), &key);
    assert!(!is_key && what.contains("cannot read") && what.contains("none.pem"), "{what}");
    let (is_key, what) = refused(&certificate, folder.path());
    assert!(is_key && what.contains("not a regular file"), "{what}");
    // One file with both; DER.
    let both = [std::fs::read(&certificate).unwrap(), std::fs::read(&key).unwrap()].concat();
    let both = folder.file("both.pem", both);
    ClientCertificate::read(&both, &both).unwrap();

    let lab = Lab::new();
    lab.run(
        "self_signed caller.pem key.pem
         openssl pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:x
         openssl rsa -in key.pem -traditional -out old.pem",
    );
    let path = |file: &str| std::path::PathBuf::from(lab.path(file));
    let (is_key, what) = refused(&path("caller.pem"), &path("locked.pem"));
    assert!(is_key && what.contains("encrypted") && what.contains("openssl pkey"), "{what}");
    let old = ClientCertificate::read(&path("caller.pem"), &path("old.pem")).unwrap();
    #[cfg(feature = "native-tls")]
    {
        let builder = external_providers::Client::builder("https://localhost/", "x");
        let error = builder.client_certificate(old).native_tls(true).build().unwrap_err();
        assert!(error.to_string().contains("PKCS #8"), "{error}");
    }
    #[cfg(not(feature = "native-tls"))]
    drop(old);
}
