//! TLS as callers of old servers meet it: whose certificates are trusted, why a connection does not
//! come about and what mends it, and what certificate and key files hold. One table of causes, for
//! client, recorder and doctor alike.

/// Bytes of a file with certificates: all that systems trust are a few hundred kilobytes.
pub const MOST_CERTIFICATES: usize = 4 << 20;

mod certificate;
mod fingerprint;

mod client_certificate;

mod cause;
mod diagnosis;
mod handshake;
mod hello;
mod openssl;
mod remedy;

mod files;
mod verify;

pub use cause::{TlsCause, TlsError};
pub(crate) use certificate::Certificate;
pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub(crate) use diagnosis::{find, innermost};
pub use files::{FileContent, FileError, certificates};
pub(crate) use files::{private_key, unusable};
pub use fingerprint::{Fingerprint, FingerprintError};
pub(crate) use hello::{examined, speaks_tls, version_name};
pub(crate) use verify::{TrustError, client_config, client_config_with, trust_in_nobody, verifier};
