//! The TLS handshake: version, cipher suite, certificate, and why it fails.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bounded::read_any;
use crate::client::BuildError;
use crate::http::bare_host;
use crate::report::{Finding, Step};
use crate::tls::{self, Certificate, ClientCertificate, TlsCause, TlsError, client_config_with};

/// How long a server may take to say that it does not like the client's certificate.
const VERDICT: Duration = Duration::from_secs(1);

/// What the look at TLS needs to know.
pub(crate) struct Look<'l> {
    pub(crate) address: SocketAddr,
    pub(crate) host: &'l str,
    /// Who decides whether a certificate is trusted: the client's own verifier.
    pub(crate) verifier: Arc<dyn ServerCertVerifier>,
    /// What is shown to a server that wants to see one.
    pub(crate) certificate: Option<&'l ClientCertificate>,
    pub(crate) within: Duration,
    /// Does the client speak TLS by the platform's library instead?
    pub(crate) native: bool,
    /// Are remedies to name keys of a file?
    pub(crate) in_file: bool,
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

/// A connection that can be spoken over: the client's verifier must be content.
pub(crate) async fn open(
    stream: TcpStream,
    host: &str,
    verifier: Arc<dyn ServerCertVerifier>,
    certificate: Option<&ClientCertificate>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let config = client_config_with(verifier, certificate)
        .map_err(|error| std::io::Error::other(BuildError::from(error)))?;
    TlsConnector::from(Arc::new(config)).connect(server_name(host)?, stream).await
}

fn server_name(host: &str) -> std::io::Result<ServerName<'static>> {
    let bare = bare_host(host);
    ServerName::try_from(bare.to_owned()).map_err(std::io::Error::other)
}

/// Looks at a server's TLS. Says whether the client will get through.
pub(crate) async fn look(look: &Look<'_>) -> (Step, bool) {
    let recording =
        Arc::new(Recording { inner: Arc::clone(&look.verifier), seen: Mutex::default() });
    let started = Instant::now();
    let exchange = async {
        let stream = TcpStream::connect(look.address).await?;
        let verifier = Arc::clone(&recording) as Arc<dyn ServerCertVerifier>;
        open(stream, look.host, verifier, look.certificate).await
    };
    let mut shaken = tokio::time::timeout(look.within, exchange).await;
    let took = started.elapsed();
    let late = match &mut shaken {
        Ok(Ok(stream)) => late_alert(stream, look.within.min(VERDICT)).await,
        _ => None,
    };
    let seen = recording.seen.lock().ok().and_then(|mut seen| seen.take());
    let certificate = seen.as_ref().and_then(|(der, _)| Certificate::read(der));
    let distrust = seen.and_then(|(_, verdict)| verdict.err());
    let mut step = match &shaken {
        Ok(Ok(stream)) => Step::new("tls", negotiated(stream)).took(took),
        _ => Step::new("tls", "no handshake"),
    };
    if let Some(certificate) = &certificate {
        describe(&mut step, certificate);
    }
    if let Some(shown) = look.certificate.and_then(ClientCertificate::described) {
        soon(&mut step, &shown, "client certificate");
    }
    let error = match (distrust, shaken) {
        (Some(error), _) => TlsError::below(&error, look.host),
        (None, Ok(Ok(_))) => late.and_then(|error| TlsError::below(&error, look.host)),
        (None, Ok(Err(error))) => {
            let explained =
                TlsError::below(&error, look.host).or_else(|| TlsError::closed(&error, look.host));
            let error = explained.unwrap_or_else(|| TlsError {
                cause: TlsCause::Other(error.to_string()),
                host: look.host.to_owned(),
                fingerprint: None,
            });
            Some(tls::examined(error, look.address, look.within).await)
        }
        (None, Err(_)) => {
            let text = format!("the handshake was not finished within {:?}", look.within);
            step.add(Finding::new("tls-timeout", text).remedy(
                "the port takes connections and says nothing: is it the service's, does it speak TLS?",
            ));
            return (step, false);
        }
    };
    let Some(error) = error else {
        if let Some(certificate) = &certificate {
            soon(&mut step, certificate, "certificate");
        }
        return (step, true);
    };
    let finding = match look.certificate {
        Some(_) if is_about_callers(&error.cause) => {
            let text = format!("the server does not take the client certificate: {error}");
            Finding::new(TlsCause::ClientCertificate.code(), text).remedy(
                "is it from the authority that the server wants, not out of date, and followed by its intermediate certificates?",
            )
        }
        _ => finding(&error, look.in_file),
    };
    // The platform's library may get through where rustls does not.
    let through = look.native && error.cause.is_old_protocol();
    step.add(if through { finding.at_most_warning() } else { finding });
    (step, through)
}

/// What the server says against whoever calls it. In TLS 1.3 it looks at the client's certificate, or that
/// there is none, after the handshake has ended for the client.
async fn late_alert(stream: &mut TlsStream<TcpStream>, within: Duration) -> Option<std::io::Error> {
    if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    let mut byte = [0; 1];
    let mut byte = ReadBuf::new(&mut byte);
    let said = poll_fn(|cx| match Pin::new(&mut *stream).poll_read(cx, &mut byte) {
        // It gives tickets to whom it accepts.
        Poll::Pending if stream.get_ref().1.tls13_tickets_received() > 0 => Poll::Ready(Ok(())),
        said => said,
    });
    // Not whether it goes away without a word: nothing was asked yet.
    let error = tokio::time::timeout(within, said).await.ok()?.err()?;
    tls::find::<Error>(&error).is_some().then_some(error)
}

/// Is it about the client's certificate? (RFC 8446, section 6.2.)
fn is_about_callers(cause: &TlsCause) -> bool {
    match cause {
        TlsCause::ClientCertificate => true,
        TlsCause::Alert(name) => {
            name.contains("certificate") || name == "unknown_ca" || name == "access_denied"
        }
        _ => false,
    }
}

/// What is wrong with TLS, as a finding.
fn finding(error: &TlsError, in_file: bool) -> Finding {
    let remedy = if in_file { error.remedy_in_file() } else { error.remedy() };
    Finding::new(error.cause.code(), error.to_string()).remedy(remedy)
}

/// Dates, names, chain and purpose of a service's own certificate, as callers will meet them.
pub(crate) fn own_certificate(file: &Path) -> Step {
    let shown = file.display();
    let bytes = read_any(file, tls::MOST_CERTIFICATES).map_err(|error| error.to_string());
    let chain = bytes.and_then(|bytes| tls::certificates(&bytes).map_err(|e| e.to_string()));
    let looked = chain.and_then(|chain| {
        let own = chain.first().and_then(|der| Certificate::read(der)).ok_or("it is damaged")?;
        let error = refused(&chain, &own)?;
        Ok((own, error, chain.len()))
    });
    let (own, error, count) = match looked {
        Ok(looked) => looked,
        Err(why) => return Step::not_checked("tls", format!("{shown}: {why}")),
    };
    let mut step = Step::new("tls", format!("callers meet the certificate in {shown}"));
    describe(&mut step, &own);
    let no_issuer = TlsCause::UnknownIssuer { issuer: own.issuer.clone() };
    match error {
        None => soon(&mut step, &own, "certificate"),
        Some(error) if error.cause != no_issuer => step.add(finding(&error, true)),
        // Callers may know whoever issued it, as they do inside a company.
        Some(_) if count == 1 => {
            let text = format!("{} is not in the file: callers have to know it", own.issuer);
            step.add(Finding::note("certificate-unknown-issuer", text));
            soon(&mut step, &own, "certificate");
        }
        Some(_) => {
            let text = format!("the second certificate is not that of its issuer, {}", own.issuer);
            step.add(
                Finding::new("certificate-chain", text).remedy(
                    "put the service's own certificate first, then its issuer's, and so on",
                ),
            );
        }
    }
    step
}

/// What is wrong with a certificate for whoever trusts the last one of its chain.
fn refused(chain: &[CertificateDer<'_>], own: &Certificate) -> Result<Option<TlsError>, String> {
    let host = own.names.first().map_or("localhost".to_owned(), |name| name.replace('*', "any"));
    let verifier = tls::verifier(&host, chain.last().map_or(&[], |der| der), None);
    let verifier = verifier.map_err(|error| BuildError::from(error).to_string())?;
    let name = server_name(&host).map_err(|error| error.to_string())?;
    let rest = chain.get(1..).unwrap_or_default();
    let verdict = verifier.verify_server_cert(&chain[0], rest, &name, &[], UnixTime::now());
    // Nobody is to trust by its fingerprint what can be made anew.
    let unpinned = |error| TlsError { fingerprint: None, ..error };
    Ok(verdict.err().and_then(|error| TlsError::below(&error, &host)).map(unpinned))
}

/// Version and cipher suite.
fn negotiated(stream: &TlsStream<TcpStream>) -> String {
    let (_, session) = stream.get_ref();
    let version = session
        .protocol_version()
        .map_or_else(String::new, |version| tls::version_name(u16::from(version)));
    let suite = session
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .unwrap_or("an unnamed cipher suite");
    format!("{version}, {suite}")
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
        format!("signed by {}; key: {}", certificate.signature, certificate.key),
        format!("SHA-256 fingerprint {}", certificate.fingerprint),
    ];
}

/// A certificate that will soon be out of date, or is and was accepted by its fingerprint.
fn soon(step: &mut Step, certificate: &Certificate, which: &str) {
    let left = certificate.until.duration_since(Timestamp::now());
    let days = left.as_hours() / 24;
    if Timestamp::now().checked_add((30 * 24).hours()).is_ok_and(|then| then > certificate.until) {
        let text = match days {
            0.. if certificate.until > Timestamp::now() => {
                format!("the {which} expires in {days} days")
            }
            _ => format!("the {which} expired at {}", certificate.until),
        };
        step.add(Finding::warning("certificate-expires", text).remedy("renew it now"));
    }
}
