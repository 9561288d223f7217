//! The TLS handshake: version, cipher suite, certificate, and why it fails.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Certificate;
use super::hello::{self, Answer};
use super::report::{Finding, Step};

/// What the look at TLS needs to know.
pub(super) struct Look<'l> {
    pub(super) address: SocketAddr,
    pub(super) host: &'l str,
    /// Who decides whether a certificate is trusted: the client's own verifier.
    pub(super) verifier: Arc<dyn ServerCertVerifier>,
    pub(super) within: Duration,
    /// Does the client speak TLS by the platform's library instead?
    pub(super) native: bool,
}

/// Asks the client's verifier, remembers what it says, and lets the handshake go on, so that what
/// is wrong can be told in full. Nothing is ever sent over such a connection.
struct Recording {
    inner: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Option<Seen>>,
}

/// The server's certificate, and what the client's verifier says to it.
type Seen = (Vec<u8>, Result<(), Error>);

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let result =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some((end_entity.to_vec(), result.map(|_| ())));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn config(verifier: Arc<dyn ServerCertVerifier>) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(Arc::new(
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth(),
    ))
}

/// A connection that can be spoken over: the client's verifier must be content.
pub(super) async fn open(
    stream: TcpStream,
    host: &str,
    verifier: Arc<dyn ServerCertVerifier>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let config = config(verifier).map_err(std::io::Error::other)?;
    TlsConnector::from(config).connect(server_name(host)?, stream).await
}

fn server_name(host: &str) -> std::io::Result<ServerName<'static>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(std::io::Error::other)
}

/// Why a handshake did not come about.
enum Failure {
    Timeout,
    Rustls(Error),
    Io(std::io::Error),
}

/// Looks at a server's TLS. Says whether the client will get through.
pub(super) async fn look(look: &Look<'_>) -> (Step, bool) {
    let recording =
        Arc::new(Recording { inner: Arc::clone(&look.verifier), seen: Mutex::default() });
    let started = Instant::now();
    let shaken = shake(look, Arc::clone(&recording)).await;
    let took = started.elapsed();
    let stream = match shaken {
        Ok(stream) => stream,
        Err(failure) => return failed(look, failure).await,
    };
    let (_, session) = stream.get_ref();
    let version = session
        .protocol_version()
        .map_or_else(String::new, |version| hello::version_name(u16::from(version)));
    let suite = session
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .unwrap_or("an unnamed cipher suite");
    let mut step = Step::new("tls", format!("{version}, {suite}")).took(took);
    let seen = recording.seen.lock().ok().and_then(|mut seen| seen.take());
    let Some((der, verdict)) = seen else { return (step, true) };
    let certificate = Certificate::read(&der);
    if let Some(certificate) = &certificate {
        describe(&mut step, certificate);
    }
    match verdict {
        Ok(()) => {
            if let Some(certificate) = &certificate {
                soon(&mut step, certificate);
            }
            (step, true)
        }
        Err(error) => {
            step.add(distrust(&error, certificate.as_ref(), look.host));
            (step, false)
        }
    }
}

async fn shake(look: &Look<'_>, verifier: Arc<Recording>) -> Result<TlsStream<TcpStream>, Failure> {
    let exchange = async {
        let stream = TcpStream::connect(look.address).await?;
        open(stream, look.host, verifier).await
    };
    match tokio::time::timeout(look.within, exchange).await {
        Err(_) => Err(Failure::Timeout),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match error.get_ref().and_then(|e| e.downcast_ref::<Error>()) {
            Some(tls) => Failure::Rustls(tls.clone()),
            None => Failure::Io(error),
        }),
    }
}

fn describe(step: &mut Step, certificate: &Certificate) {
    let names = if certificate.names.is_empty() {
        "no names".to_owned()
    } else {
        certificate.names.join(", ")
    };
    step.details = vec![
        format!("certificate of {}", certificate.subject),
        format!("issued by {}", certificate.issuer),
        format!("valid from {} until {}", certificate.from, certificate.until),
        format!("for {names}"),
    ];
}

/// A certificate that will soon be out of date.
fn soon(step: &mut Step, certificate: &Certificate) {
    let left = certificate.until.duration_since(Timestamp::now());
    let days = left.as_hours() / 24;
    if Timestamp::now().checked_add((30 * 24).hours()).is_ok_and(|then| then > certificate.until) {
        step.add(
            Finding::warning(
                "certificate-expires",
                format!("the certificate expires in {days} days"),
            )
            .remedy("renew it now"),
        );
    }
}

/// Why a certificate is not trusted.
fn distrust(error: &Error, certificate: Option<&Certificate>, host: &str) -> Finding {
    use CertificateError as E;
    let Error::InvalidCertificate(cause) = error else {
        return Finding::new("certificate", error.to_string());
    };
    let self_signed = certificate.is_some_and(Certificate::is_self_signed);
    let until = certificate.map(|c| c.until.to_string()).unwrap_or_default();
    let from = certificate.map(|c| c.from.to_string()).unwrap_or_default();
    match cause {
        E::Expired | E::ExpiredContext { .. } => Finding::new(
            "certificate-expired",
            format!("the certificate expired at {until}"),
        )
        .remedy("renew it (or set this machine's clock, if that is wrong)"),
        E::NotValidYet | E::NotValidYetContext { .. } => Finding::new(
            "certificate-not-yet-valid",
            format!("the certificate is valid from {from} only"),
        )
        .remedy("set this machine's clock, or the one of the machine that made it"),
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            let names = certificate.map(|c| c.names.join(", ")).unwrap_or_default();
            Finding::new(
                "certificate-name",
                format!("the certificate is not for {host}; it is for {names}"),
            )
            .remedy("call the service by a name in the certificate, or get one for this name")
        }
        // An authority of the same name may be trusted here, so that the signature is to blame.
        cause if self_signed && !matches!(cause, E::Revoked | E::Other(_)) => Finding::new(
            "certificate-self-signed",
            "the certificate is self-signed: nobody vouches for it",
        )
        .remedy("trust it explicitly (root_certificates, --root-certificates), or get one from an authority"),
        E::UnknownIssuer => {
            let issuer = certificate.map_or("an unknown authority", |c| c.issuer.as_str());
            Finding::new(
                "certificate-unknown-issuer",
                format!("the certificate's issuer is not trusted here: {issuer}"),
            )
            .remedy("trust the company's authority (root_certificates, --root-certificates), or let the server send its intermediate certificates")
        }
        E::Revoked => Finding::new("certificate-revoked", "the certificate is revoked")
            .remedy("get a new one"),
        other => Finding::new("certificate", format!("the certificate is refused: {other}"))
            .remedy("make one for the server: an authority's own, or one for other uses, is not accepted"),
    }
}

/// A handshake that did not come about: the server is asked what it does speak.
async fn failed(look: &Look<'_>, failure: Failure) -> (Step, bool) {
    let step = |text: &str| Step::new("tls", text);
    let old = |finding: Finding| match look.native {
        true => finding.at_most_warning(),
        false => finding,
    };
    let text = match &failure {
        Failure::Timeout => {
            let text = format!("the handshake was not finished within {:?}", look.within);
            let finding = Finding::new("tls-timeout", text).remedy(
                "the port takes connections and says nothing: is it the service's, does it speak TLS?",
            );
            return (step("no handshake").with(finding), false);
        }
        Failure::Rustls(Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        )) => {
            let finding =
                Finding::new("client-certificate", "the server wants a client certificate")
                    .remedy("exempt the service's path from it: callers of providers have none");
            return (step("no handshake").with(finding), false);
        }
        Failure::Rustls(error) => error.to_string(),
        Failure::Io(error) => error.to_string(),
    };
    let answer = match TcpStream::connect(look.address).await {
        Ok(stream) => hello::ask(stream, look.host, look.within).await,
        Err(_) => Answer::Silence,
    };
    let finding = match &answer {
        Answer::Hello { version, suite } if *version < 0x0303 => {
            let text = format!(
                "the server speaks nothing newer than {} ({})",
                hello::version_name(*version),
                hello::suite_name(*suite)
            );
            old(Finding::new("old-tls", text).remedy(OLD_TLS))
        }
        Answer::Hello { suite, .. } => {
            let text = format!(
                "TLS 1.2, but no cipher suite in common: the server takes {}",
                hello::suite_name(*suite)
            );
            old(Finding::new("old-cipher", text).remedy(OLD_CIPHER))
        }
        Answer::Other(start) => {
            Finding::new("no-tls", format!("the port does not speak TLS; it answers \"{start}\""))
                .remedy("give the port of https, or the address with http://")
        }
        Answer::Alert(70) => {
            old(Finding::new("old-tls", format!("no version of TLS in common ({text})"))
                .remedy(OLD_TLS))
        }
        Answer::Alert(_) | Answer::Silence => Finding::new("tls", format!("no handshake: {text}"))
            .remedy(
                "look at the TLS settings of the server (certificate bound to the port? versions?)",
            ),
    };
    // The platform's library may get through where rustls does not.
    let through = look.native && finding.gravity == super::report::Gravity::Warning;
    (step("no handshake").with(finding), through)
}

const OLD_TLS: &str = "enable TLS 1.2 on the server (Windows: SCHANNEL registry keys and IIS Crypto settings); until then, build with the feature native-tls and set native_tls = true";
const OLD_CIPHER: &str = "enable an ECDHE suite with AES-GCM on the server (Windows Server 2012 R2 and before have none for RSA certificates); until then, build with the feature native-tls and set native_tls = true";
