//! A connection as bytes, encrypted or not, for those who speak HTTP by hand: recorder and doctor.

use tokio::io::{AsyncRead, AsyncWrite};

/// What is read from and written to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}
