//! TLS of old servers.

pub(crate) mod files;
pub(crate) mod lab;
pub(crate) mod troubles;
