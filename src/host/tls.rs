//! TLS from PEM files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::HostError;

/// A certificate with its key: TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl Tls {
    /// Reads the certificate, followed by those that certify it, and the private key.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, HostError> {
        let failed = |what, path: &Path, error: Box<dyn std::error::Error + Send + Sync>| {
            HostError::Certificate { what, path: path.to_owned(), error }
        };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed("certificate", certificate, error.into()))?;
        if chain.is_empty() {
            let error = "the file holds no certificate in PEM format".into();
            return Err(failed("certificate", certificate, error));
        }
        let key = PrivateKeyDer::from_pem_file(private_key)
            .map_err(|error| failed("private key", private_key, error.into()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| failed("certificate", certificate, error.into()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
