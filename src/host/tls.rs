//! TLS from certificate and key files.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::HostError;
use crate::bounded::read_any;
use crate::tls::{self, FileError};

/// A certificate with its key: TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<TlsAcceptor>>);

impl Tls {
    /// Reads the certificate, followed by those that certify it, and the private key: PEM or DER.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, HostError> {
        let failed = |what, path: &Path, error: Box<dyn std::error::Error + Send + Sync>| {
            HostError::Certificate { what, path: path.to_owned(), error }
        };
        let refused = |what, path: &Path, error: FileError| {
            let remedy = error.remedy(&path.display().to_string());
            let remedy = remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
            failed(what, path, format!("{error}{remedy}").into())
        };
        let contents = |what, path: &Path| {
            read_any(path, tls::MOST_CERTIFICATES).map_err(|error| failed(what, path, error.into()))
        };
        let chain = tls::certificates(&contents("certificate", certificate)?)
            .map_err(|error| refused("certificate", certificate, error))?;
        let key = tls::private_key(&contents("private key", private_key)?)
            .map_err(|error| refused("private key", private_key, error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.clone(), key))
            .map_err(|error| {
                let why = tls::unusable(&error, &chain, certificate, private_key);
                failed("private key", private_key, why.into())
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(RwLock::new(TlsAcceptor::from(Arc::new(config))))))
    }

    /// Takes the certificate of another one from now on, and so do all clones of this one.
    pub fn replace(&self, with: &Self) {
        let acceptor = with.acceptor();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
