//! The certificate that a client shows to servers that want one.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use zeroize::Zeroize as _;
#[cfg(feature = "native-tls")]
use zeroize::Zeroizing;

use super::{Certificate, FileError, certificates, private_key, unusable};
use crate::bounded::read_file;

/// A certificate with its private key, for servers that ask who calls them (mutual TLS). `Debug` shows
/// nothing of it. Two are equal if their certificates are: each has one key alone.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Inner>);

struct Inner {
    certified: Arc<CertifiedKey>,
    /// For the platform's TLS, where it takes it.
    #[cfg(feature = "native-tls")]
    pkcs8: Option<Zeroizing<Vec<u8>>>,
}

/// A certificate or key that cannot be used. No key in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct ClientCertificateError {
    /// Is it about the private key? Else it is about the certificate.
    pub private_key: bool,
    /// What is wrong.
    pub what: String,
    /// What to do about it, where that is known.
    pub remedy: Option<String>,
}

impl ClientCertificate {
    /// Reads the certificate, followed by those that certify it, and the private key, each from a file
    /// of at most 4 MiB: PEM or DER, the key not encrypted. One PEM file may hold both.
    ///
    /// # Errors
    ///
    /// A file cannot be read or holds something else, or the key is not that of the certificate.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, ClientCertificateError> {
        let contents = |path: &Path, private_key| {
            read_file(path, super::MOST_CERTIFICATES).map_err(|error| ClientCertificateError {
                private_key,
                what: format!("cannot read {}: {error}", path.display()),
                remedy: None,
            })
        };
        let (chain, key) = (contents(certificate, false)?, contents(private_key, true)?);
        Self::made(&chain, &key, certificate, private_key)
    }

    /// The same from what such files hold.
    ///
    /// # Errors
    ///
    /// Something else is in them, or the key is not that of the certificate.
    pub fn new(certificate: &[u8], private_key: &[u8]) -> Result<Self, ClientCertificateError> {
        Self::made(certificate, private_key, Path::new("certificate.pem"), Path::new("key.pem"))
    }

    fn made(
        chain: &[u8],
        key: &[u8],
        chain_file: &Path,
        key_file: &Path,
    ) -> Result<Self, ClientCertificateError> {
        let refused = |error: FileError, path: &Path| {
            let path = path.display().to_string();
            let what = format!("{path} cannot be used: {error}");
            let remedy = error.remedy(&path);
            ClientCertificateError { private_key: error.key, what, remedy }
        };
        let chain = certificates(chain).map_err(|error| refused(error, chain_file))?;
        let mut key = private_key(key).map_err(|error| refused(error, key_file))?;
        let certified = any_supported_type(&key).and_then(|signing| {
            let certified = CertifiedKey::new(chain.clone(), signing);
            certified.keys_match().map(|()| certified)
        });
        #[cfg(feature = "native-tls")]
        let pkcs8 = match &key {
            rustls::pki_types::PrivateKeyDer::Pkcs8(key) => {
                Some(Zeroizing::new(key.secret_pkcs8_der().to_vec()))
            }
            _ => None,
        };
        key.zeroize();
        let certified = certified.map_err(|error| ClientCertificateError {
            private_key: true,
            what: unusable(&error, &chain, chain_file, key_file),
            remedy: None,
        })?;
        Ok(Self(Arc::new(Inner {
            certified: Arc::new(certified),
            #[cfg(feature = "native-tls")]
            pkcs8,
        })))
    }

    fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.certified.cert
    }

    /// What it says to people.
    pub(crate) fn described(&self) -> Option<Certificate> {
        Certificate::read(self.chain().first()?)
    }

    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.0.certified)))
    }

    /// Chain and key in PEM, if the key is in PKCS #8, the one form that the platform's TLS takes.
    #[cfg(feature = "native-tls")]
    pub(crate) fn pkcs8_pem(&self) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
        let key = pem("PRIVATE KEY", self.0.pkcs8.as_ref()?);
        let mut chain = Zeroizing::new(String::new());
        self.chain().iter().for_each(|der| chain.push_str(&pem("CERTIFICATE", der)));
        Some((chain, key))
    }
}

/// In lines of 64 characters, since longer ones are not read everywhere.
#[cfg(feature = "native-tls")]
fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let mut text = Zeroizing::new(String::with_capacity(der.len() * 3 / 2 + 100));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in der.chunks(48) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.chain() == other.chain()
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}
