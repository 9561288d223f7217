//! Certificates of every kind, made with the command `openssl`, and servers that show them.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use external_providers::client::{CallError, ClientBuilder};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::doctor::{Finding, Options, Report, Subject, check};
use external_providers::soap::Binding;
use external_providers::{Client, contract::Answer};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::doctor::peers::{Request, respond, serve_tls};
use crate::support::Folder;

/// A folder in which commands are carried out.
pub(crate) struct Lab(pub(crate) Folder);

/// `self-signed NAME.pem KEY [more]` and `signed NAME.pem BY KEY [extensions]`, for localhost.
const WORDS: &str = r#"
set -e
request() { openssl req -new -key "$1" -subj "$2" -out request.csr; }
self_signed() { out=$1; key=$2; shift 2; openssl req -x509 -key "$key" -days 30 -subj /CN=localhost -out "$out" "$@"; }
# CERTIFICATE KEY AUTHORITY EXTENSIONS [more]: the authority's key lies beside it.
signed() {
  out=$1; key=$2; by=$3; printf "$4" > extensions; shift 4
  request "$key" /CN=localhost
  openssl x509 -req -in request.csr -CA "$by.pem" -CAkey "$by.key" -CAcreateserial -days 30 -extfile extensions -out "$out" "$@"
}
# With dates, which no other command of OpenSSL 3.0 takes.
dated() {
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n' > ca.conf
  : > index; echo 01 > serial; request key.pem /CN=localhost
  openssl ca -batch -config ca.conf -selfsign -keyfile key.pem -in request.csr -startdate "$2" -enddate "$3" -extensions e -notext -out "$1"
}
SERVER='subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n'
"#;

impl Lab {
    /// With two keys in it: `key.pem` and `other.pem`.
    pub(crate) fn new() -> Self {
        let lab = Self(Folder::new("tls"));
        let key = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out";
        lab.run(&format!("{key} key.pem; {key} other.pem"));
        lab
    }

    /// Carries out commands; the words above may be used.
    pub(crate) fn run(&self, commands: &str) {
        let output = Command::new("sh")
            .args(["-c", &format!("{WORDS}\n{commands}")])
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{commands}: {said}");
    }

    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(file)).unwrap()
    }

    /// The path of a file.
    pub(crate) fn path(&self, file: &str) -> String {
        self.0.path().join(file).to_str().unwrap().to_owned()
    }

    /// A service behind TLS that says yes to everybody, with any certificate whatsoever.
    pub(crate) fn serve(&self, certificate: &str, key: &str) -> SocketAddr {
        self.serve_versions(certificate, key, rustls::ALL_VERSIONS)
    }

    pub(crate) fn serve_versions(
        &self,
        certificate: &str,
        key: &str,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> SocketAddr {
        let pem = self.read(certificate);
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(&self.read(key)).unwrap();
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(chain, key)))));
        serve_tls(Arc::new(config), yes)
    }
}

/// Whatever the certificate is: rustls would look at it.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// What the service says to everybody.
pub(crate) fn yes(request: &Request) -> Vec<u8> {
    if request.is_get() {
        return respond("404 Not Found", "", b"");
    }
    let result = Authentication::Authenticated { email_address: None, display_name: None };
    let answer = Answer::new(result, "hello");
    let binding = Binding::default();
    let response = binding.encode_response::<Authenticate>(Ok(&answer)).unwrap();
    respond("200 OK", "Content-Type: text/xml; charset=utf-8\r\n", &response.body)
}

/// `openssl s_server`, which ends with the test, however that ends.
pub(crate) struct OpenSsl {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl OpenSsl {
    pub(crate) fn serve(lab: &Lab, arguments: &str) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "20"])
            .args(arguments.split(' '))
            .current_dir(lab.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // "ACCEPT 127.0.0.1:PORT" says where it listens.
        let said = until(&mut child, |said| {
            said.split_once("ACCEPT ").is_some_and(|(_, rest)| rest.contains('\n'))
        });
        let line = said.split_once("ACCEPT ").unwrap().1.lines().next().unwrap();
        let port = line.rsplit_once(':').unwrap().1.trim().parse().unwrap();
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Answers the next request as the service does, and runs on until it is dropped.
    pub(crate) fn answer_one(mut self) -> std::thread::JoinHandle<Self> {
        std::thread::spawn(move || {
            until(&mut self.child, |said| said.contains("Envelope>"));
            let request = Request { head: "POST / HTTP/1.1".into(), body: Vec::new() };
            let input = self.child.stdin.as_mut().unwrap();
            input.write_all(&yes(&request)).and_then(|()| input.flush()).unwrap();
            self
        })
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process prints until it has said enough.
fn until(child: &mut Child, enough: impl Fn(&str) -> bool) -> String {
    let output = child.stdout.as_mut().unwrap();
    let (mut said, mut byte) = (Vec::new(), [0]);
    loop {
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
        said.push(byte[0]);
        let text = String::from_utf8_lossy(&said);
        if enough(&text) {
            return text.into_owned();
        }
    }
}

pub(crate) fn url(scheme: &str, host: &str, address: SocketAddr) -> String {
    format!("{scheme}://{host}:{}/Provider.asmx", address.port())
}

pub(crate) async fn call(
    url: &str,
    edit: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Authentication, CallError> {
    let client = edit(Client::builder(url, "s3cret")).build().unwrap();
    let request = Authenticate { login_username: "u".into(), ..Default::default() };
    client.call(request).await.map(|answer| answer.result)
}

pub(crate) async fn doctor(subject: &Subject) -> Report {
    let options = Options { round_trips: 1, ..Options::default() };
    check(subject, &options, |_| ()).await
}

/// The one trouble with TLS that the doctor finds, and that a call fails with, in the same words.
pub(crate) async fn trouble(url: &str, roots: &[u8]) -> Finding {
    let subject = Subject { root_certificates: roots.to_vec(), ..Subject::new(url) };
    let report = doctor(&subject).await;
    let findings: Vec<&Finding> = report.findings().collect();
    let [found] = findings.as_slice() else { panic!("{url}: {findings:#?}") };
    let error = call(url, |builder| builder.root_certificates(roots)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&found.text), "{text}\n{}", found.text);
    assert_eq!(error.hint().as_deref(), found.remedy.as_deref(), "{text}");
    // The words of a programmer's Debug: `Other(OtherError(CaUsedAsEndEntity))`.
    for said in [&text, &found.text, found.remedy.as_ref().unwrap()] {
        for bad in ["Error", "Context", "UNIX", "{", "Some(", "[6, 9"] {
            assert!(!said.contains(bad), "{bad}: {said}");
        }
    }
    (*found).clone()
}
