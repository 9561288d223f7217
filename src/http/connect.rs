//! Why there is no connection, told apart as far as the system does.

use std::fmt;
use std::io::{self, ErrorKind};

/// A connection that did not come about, TLS aside. Displays as the system's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// Why, for programs.
    pub cause: ConnectCause,
    /// Why, in the system's words.
    pub text: String,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectCause {
    /// Nothing listens at the port.
    Refused,
    /// The host's name has no address.
    UnknownHost,
    /// No name server says whether the host's name has an address.
    NoNameServer,
    /// No route leads to the host.
    Unreachable,
    /// Anything else: only the words tell.
    Other,
}

impl ConnectCause {
    /// What to do about it, where that is known.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Refused => {
                Some("nothing listens there: is the service running, and the port right?")
            }
            Self::UnknownHost => {
                Some("the host name is not known: check its spelling, and this machine's DNS")
            }
            Self::NoNameServer => {
                Some("the name servers do not answer: look at this machine's DNS settings")
            }
            Self::Unreachable => Some(
                "there is no way to the host: look at this machine's network, routes and firewall",
            ),
            Self::Other => None,
        }
    }

    /// The cause of an error of a look-up or of a connection.
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
                Self::Unreachable
            }
            _ => Self::of_look_up(error),
        }
    }

    /// Look-ups have no kinds of error in the standard library: on Windows they have numbers, on Unix
    /// only its words and the resolver's.
    fn of_look_up(error: &io::Error) -> Self {
        if cfg!(windows) {
            return match error.raw_os_error() {
                // WSAHOST_NOT_FOUND and WSANO_DATA; WSATRY_AGAIN and WSANO_RECOVERY.
                Some(11001 | 11004) => Self::UnknownHost,
                Some(11002 | 11003) => Self::NoNameServer,
                _ => Self::Other,
            };
        }
        let text = error.to_string();
        if text.contains("Temporary failure in name resolution") {
            Self::NoNameServer
        } else if text.starts_with("failed to lookup address") || text.contains("not resolve") {
            Self::UnknownHost
        } else {
            Self::Other
        }
    }
}

impl From<&io::Error> for ConnectError {
    fn from(error: &io::Error) -> Self {
        Self { cause: ConnectCause::of(error), text: error.to_string() }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ConnectError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart() {
        for (error, cause) in [
            (ErrorKind::ConnectionRefused.into(), ConnectCause::Refused),
            (ErrorKind::HostUnreachable.into(), ConnectCause::Unreachable),
            (ErrorKind::NetworkUnreachable.into(), ConnectCause::Unreachable),
            (ErrorKind::PermissionDenied.into(), ConnectCause::Other),
        ] {
            assert_eq!(ConnectCause::of(&error), cause, "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn look_ups_are_told_apart_by_their_words() {
        for (text, cause) in [
            (
                "failed to lookup address information: Name or service not known",
                ConnectCause::UnknownHost,
            ),
            (
                "failed to lookup address information: No address associated with hostname",
                ConnectCause::UnknownHost,
            ),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                ConnectCause::NoNameServer,
            ),
            ("could not resolve to any address", ConnectCause::UnknownHost),
            ("the dog ate it", ConnectCause::Other),
        ] {
            assert_eq!(ConnectCause::of(&io::Error::other(text)), cause, "{text}");
        }
    }
}
