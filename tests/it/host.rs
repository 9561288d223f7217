//! The host, held against ASP.NET.

pub(crate) mod asmx;
pub(crate) mod attacks;
pub(crate) mod captures;
pub(crate) mod http;
#[cfg(feature = "tower")]
mod mount;
mod runtimes;
