//! Why TLS with a server fails: each cause with its sentence and with what mends it.

use std::error::Error as StdError;
use std::fmt;

use jiff::Timestamp;

use super::Fingerprint;

/// A TLS connection that did not come about, or broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsError {
    /// Why.
    pub cause: TlsCause,
    /// The host as it was called.
    pub host: String,
    /// The server's certificate, where it would help to accept exactly this one.
    pub fingerprint: Option<Fingerprint>,
}

/// Why TLS with a server fails.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsCause {
    /// A certificate is signed by an algorithm that can be forged.
    WeakSignature {
        /// The algorithm: `SHA-1 with RSA`.
        algorithm: String,
        /// Whose certificate, if not the server's own.
        authority: Option<String>,
    },
    /// A certificate's RSA key has fewer than 2048 bits.
    ShortKey {
        /// Its bits.
        bits: usize,
        /// Whose certificate, if not the server's own.
        authority: Option<String>,
    },
    /// The certificate is of X.509 version 1 or 2, which have no names of hosts.
    OldCertificate {
        /// The version.
        version: u32,
    },
    /// The certificate has a common name at most, which is no longer looked at.
    NoAlternativeName {
        /// The common name.
        common_name: Option<String>,
    },
    /// The certificate is an authority's, not a server's.
    Authority,
    /// Another certificate of the same name is trusted: an earlier one, most likely.
    AnotherTrusted {
        /// The name of its issuer.
        name: String,
        /// Is that itself?
        self_signed: bool,
    },
    /// The certificate is out of date.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// The certificate is not valid yet.
    NotYetValid {
        /// From when it is.
        from: Timestamp,
    },
    /// The certificate is for other names.
    WrongName {
        /// Its names.
        names: Vec<String>,
    },
    /// The certificate is signed by itself, and not trusted.
    SelfSigned {
        /// Does the platform trust another one of this name?
        another_trusted: bool,
    },
    /// The certificate's issuer is not trusted.
    UnknownIssuer {
        /// The issuer.
        issuer: String,
    },
    /// The certificate may not be a server's.
    Purpose,
    /// The certificate is revoked.
    Revoked,
    /// The certificate, or one in its chain, breaks another rule: which.
    Unacceptable(&'static str),
    /// The certificate is not the one that is trusted by its fingerprint.
    Fingerprint {
        /// The one that is trusted.
        trusted: Fingerprint,
        /// The one that came.
        presented: Fingerprint,
    },
    /// The port does not speak TLS.
    NotTls {
        /// How its answer begins, where it is text.
        start: String,
    },
    /// The port speaks TLS, and was asked in plain http.
    OnlyTls,
    /// The server speaks no version of TLS that is spoken here.
    OldVersion {
        /// The newest that it speaks, with the cipher suite that it takes, if it said so.
        newest: Option<String>,
    },
    /// There is no cipher suite in common.
    NoCipherSuite {
        /// The one that the server would take, if it said so.
        taken: Option<String>,
    },
    /// The server wants a client certificate.
    ClientCertificate,
    /// The server ends the connection during the handshake, without a word.
    Closed,
    /// The server refuses the handshake: the alert's name in RFC 8446.
    Alert(String),
    /// Anything else, in words.
    Other(String),
}

impl TlsCause {
    /// A word for machines, which stays.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WeakSignature { .. } => "certificate-weak-signature",
            Self::ShortKey { .. } => "certificate-short-key",
            Self::OldCertificate { .. } => "certificate-version",
            Self::NoAlternativeName { .. } => "certificate-no-alternative-name",
            Self::Authority => "certificate-authority",
            Self::AnotherTrusted { .. } => "certificate-another-trusted",
            Self::Expired { .. } => "certificate-expired",
            Self::NotYetValid { .. } => "certificate-not-yet-valid",
            Self::WrongName { .. } => "certificate-name",
            Self::SelfSigned { .. } => "certificate-self-signed",
            Self::UnknownIssuer { .. } => "certificate-unknown-issuer",
            Self::Purpose => "certificate-purpose",
            Self::Revoked => "certificate-revoked",
            Self::Unacceptable(_) => "certificate",
            Self::Fingerprint { .. } => "certificate-fingerprint",
            Self::NotTls { .. } => "no-tls",
            Self::OnlyTls => "only-tls",
            Self::OldVersion { .. } => "old-tls",
            Self::NoCipherSuite { .. } => "old-cipher",
            Self::ClientCertificate => "client-certificate",
            Self::Closed | Self::Alert(_) | Self::Other(_) => "tls",
        }
    }

    /// May the platform's TLS library get through where rustls does not?
    pub(crate) fn is_old_protocol(&self) -> bool {
        matches!(self, Self::OldVersion { .. } | Self::NoCipherSuite { .. })
    }

    /// Would the server's own words, on another connection, say more?
    pub(crate) fn is_vague(&self) -> bool {
        matches!(
            self,
            Self::NotTls { .. }
                | Self::OldVersion { .. }
                | Self::NoCipherSuite { .. }
                | Self::Closed
                | Self::Alert(_)
                | Self::Other(_)
        )
    }
}

fn of(authority: &Option<String>) -> String {
    match authority {
        Some(name) => format!("the certificate of its authority ({name})"),
        None => "the certificate".to_owned(),
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.cause {
            TlsCause::WeakSignature { algorithm, authority } => {
                write!(f, "{} is signed by {algorithm}, which is no longer accepted", of(authority))
            }
            TlsCause::ShortKey { bits, authority } => {
                let of = of(authority);
                write!(f, "the key of {of} is too short: RSA with {bits} bits, at least 2048 are needed")
            }
            TlsCause::OldCertificate { version } => write!(
                f,
                "the certificate is of X.509 version {version}: version 3 is needed, with the host's name in it (subjectAltName)"
            ),
            TlsCause::NoAlternativeName { common_name } => {
                f.write_str("the certificate has no subjectAltName: ")?;
                let name = common_name.as_ref().map(|name| format!("its common name ({name})"));
                f.write_str(&name.map_or("it is for no host".into(), |name| name + " is not looked at"))
            }
            TlsCause::Authority => f.write_str(
                "the certificate is one of a certificate authority (CA:TRUE), not of a server",
            ),
            TlsCause::AnotherTrusted { name, self_signed: true } => write!(
                f,
                "the certificate is self-signed, and another certificate of the same name is trusted ({name}): most likely it was renewed"
            ),
            TlsCause::AnotherTrusted { name, .. } => write!(
                f,
                "the certificate's issuer is {name}, and another certificate of the same name is trusted: most likely it was renewed"
            ),
            TlsCause::Expired { at } => write!(f, "the certificate expired at {at}"),
            TlsCause::NotYetValid { from } => {
                write!(f, "the certificate is valid from {from} only")
            }
            TlsCause::WrongName { names } => {
                write!(f, "the certificate is not for {host}; it is for {}", names.join(", "))
            }
            TlsCause::SelfSigned { another_trusted: false } => {
                f.write_str("the certificate is self-signed: nobody vouches for it")
            }
            TlsCause::SelfSigned { .. } => f.write_str(
                "the certificate is self-signed: nobody vouches for it (another certificate of the same name is trusted)",
            ),
            TlsCause::UnknownIssuer { issuer } => {
                write!(f, "the certificate's issuer is not trusted here: {issuer}")
            }
            TlsCause::Purpose => {
                f.write_str("the certificate is not for servers (extended key usage)")
            }
            TlsCause::Revoked => f.write_str("the certificate is revoked"),
            TlsCause::Unacceptable(why) => write!(f, "the certificate is refused: {why}"),
            TlsCause::Fingerprint { trusted, presented } => write!(
                f,
                "the certificate has the fingerprint {presented}, and the one that is trusted is {trusted}"
            ),
            TlsCause::NotTls { start } => {
                f.write_str("the port does not speak TLS")?;
                if start.is_empty() { Ok(()) } else { write!(f, "; it answers \"{start}\"") }
            }
            TlsCause::OnlyTls => f.write_str("the port speaks TLS, and was asked in plain http"),
            TlsCause::OldVersion { newest: Some(newest) } => {
                write!(f, "the server speaks nothing newer than {newest}")
            }
            TlsCause::OldVersion { newest: None } => {
                f.write_str("there is no version of TLS in common (1.2 and 1.3 are spoken here)")
            }
            TlsCause::NoCipherSuite { taken } => {
                f.write_str("TLS 1.2, but no cipher suite in common")?;
                taken.iter().try_for_each(|suite| write!(f, ": the server takes {suite}"))
            }
            TlsCause::ClientCertificate => f.write_str("the server wants a client certificate"),
            TlsCause::Closed => {
                f.write_str("the server closes the connection during the TLS handshake")
            }
            TlsCause::Alert(name) => {
                write!(f, "the server refuses the TLS handshake (alert {name})")
            }
            TlsCause::Other(words) => write!(f, "no TLS handshake: {words}"),
        }
    }
}

impl StdError for TlsError {}
