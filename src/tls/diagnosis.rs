//! From the errors of TLS libraries, wherever in a chain they stand, to a cause.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use super::{TlsCause, TlsError, handshake, openssl};

impl TlsError {
    /// The TLS error below another one, if there is one; `host` is the one that was called.
    pub(crate) fn below(error: &(dyn StdError + 'static), host: &str) -> Option<Self> {
        if let Some(error) = find::<rustls::Error>(error) {
            return Some(handshake::explained(error, host));
        }
        // The reason stands in one of them; the outermost shows the URL.
        let mut words = String::new();
        let mut inner = below(error);
        while let Some(error) = inner {
            words = format!("{words} {error}");
            inner = below(error);
        }
        let cause = openssl::cause(&words)?;
        Some(Self { cause, host: host.to_owned(), fingerprint: None })
    }

    /// A connection that ended during the handshake, without a word of TLS.
    pub(crate) fn closed(error: &(dyn StdError + 'static), host: &str) -> Option<Self> {
        let ended = |error: &&io::Error| {
            matches!(
                error.kind(),
                ErrorKind::UnexpectedEof
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
            )
        };
        let closed = Self { cause: TlsCause::Closed, host: host.to_owned(), fingerprint: None };
        find::<io::Error>(error).filter(ended).map(|_| closed)
    }
}

/// The next error below. What an `io::Error` wraps is not its `source`.
fn below<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// The first error of a type, from the outermost inward.
pub(crate) fn find<'e, T: StdError + 'static>(
    error: &'e (dyn StdError + 'static),
) -> Option<&'e T> {
    let mut error = error;
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = below(error)?;
    }
}

/// The innermost error.
pub(crate) fn innermost<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let mut error = error;
    while let Some(inner) = below(error) {
        error = inner;
    }
    error
}
