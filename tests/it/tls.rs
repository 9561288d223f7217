//! TLS of old servers.

pub(crate) mod client_certificate;
pub(crate) mod files;
pub(crate) mod lab;
pub(crate) mod troubles;
