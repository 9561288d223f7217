//! Whom MySQL's driver trusts, and why it does not.

use std::sync::Arc;

use mysql_async::SslOpts;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::backends::database::error::Cause;
use crate::backends::database::settings::DatabaseSettings;
use crate::http::bare_host;
use crate::tls::{TlsError, certificates, client_config, verifier};

/// The driver takes authorities and nothing else that could be verified with.
pub(super) fn options(settings: &DatabaseSettings) -> Result<SslOpts, Cause> {
    if settings.trust_fingerprint.is_some() {
        let what = "MySQL's driver trusts authorities alone: say root_certificates in place of trust_fingerprint";
        return Err(Cause::Settings(what.to_owned()));
    }
    // One that a program chose for itself stays; the driver panics where features leave it open.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let own = match settings.root_certificates.as_slice() {
        [] => Vec::new(),
        own => certificates(own)
            .map_err(|error| Cause::Settings(format!("root_certificates: {error}")))?,
    };
    // One that cannot be read would be the end of all.
    let system = rustls_native_certs::load_native_certs().certs;
    let system = system.into_iter().filter(|der| webpki::anchor_from_trusted_cert(der).is_ok());
    let roots = own.into_iter().chain(system).map(|der| der.to_vec().into()).collect();
    Ok(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true))
}

/// The driver does not show the certificate that it refused: on a connection of our own, up to the end
/// of the TLS handshake, our verifier says what is wrong with it.
pub(super) async fn examined(settings: &DatabaseSettings, refused: TlsError) -> TlsError {
    let host = bare_host(&settings.host);
    match handshake(settings, host).await {
        // By its fingerprint, the driver could not trust it.
        Some(Err(error)) => TlsError::below(&error, host)
            .map_or(refused, |error| TlsError { fingerprint: None, ..error }),
        _ => refused,
    }
}

async fn handshake(settings: &DatabaseSettings, host: &str) -> Option<std::io::Result<()>> {
    let config = client_config(verifier(host, &settings.root_certificates, None).ok()?).ok()?;
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut stream = TcpStream::connect((host, settings.port())).await.ok()?;
    // The server greets, in a packet of three bytes of length and one of sequence.
    let length = usize::try_from(stream.read_u32_le().await.ok()? & 0xff_ffff).ok()?;
    let mut greeting = vec![0; length.min(4096)];
    stream.read_exact(&mut greeting).await.ok()?;
    // SSLRequest: CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION, the largest packet, the
    // character set, and zeros.
    let mut request = [0; 36];
    request[..4].copy_from_slice(&[32, 0, 0, 1]);
    request[4..8].copy_from_slice(&0x8a00_u32.to_le_bytes());
    request[8..12].copy_from_slice(&0x0100_0000_u32.to_le_bytes());
    request[12] = 45;
    stream.write_all(&request).await.ok()?;
    Some(TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(drop))
}
