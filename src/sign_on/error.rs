//! Why a key is not taken, a ticket not sealed, a cookie not valid.

use crate::toml_document::Problem;

use super::{Decryption, Validation};

/// The longest text that .NET decrypts, in characters; longer cookies it writes and never reads.
pub(super) const LONGEST: usize = 4096;

/// What is wrong with the keys themselves. None of it shows a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A character that is not a hexadecimal digit, by its place from 1.
    #[error("its character {place} is not a hexadecimal digit")]
    Digit {
        /// Of this key.
        attribute: &'static str,
        /// Counted in characters.
        place: usize,
    },
    /// There is half a byte.
    #[error("it has an odd number of hexadecimal digits, {digits}")]
    Odd {
        /// In this key.
        attribute: &'static str,
        /// So many.
        digits: usize,
    },
    /// The validation key is too short (.NET's limit).
    #[error("it has {0} hexadecimal digits, and .NET asks for 40 at least")]
    Short(usize),
    /// The validation key is too long (.NET's limit in the legacy layout).
    #[error("it has {bytes} bytes, and .NET takes {most} at most with {}", .validation.name())]
    Long {
        /// What it is.
        bytes: usize,
        /// What it may be.
        most: usize,
        /// With this algorithm.
        validation: Validation,
    },
    /// The decryption key is not one of its algorithm.
    #[error("it has {bytes} bytes, which is not the length of a key for {}", .algorithm.name())]
    CipherLength {
        /// The algorithm.
        algorithm: Decryption,
        /// What it is.
        bytes: usize,
    },
    /// A key with which DES hides nothing; .NET refuses it, too.
    #[error("it is a weak key for {}", .0.name())]
    Weak(Decryption),
    /// Framework45 has no such algorithm.
    #[error("Framework45 does not take validation=\"{}\"", .0.name())]
    Validation(Validation),
}

impl KeyError {
    /// The attribute that is wrong.
    pub(super) fn attribute(&self) -> &'static str {
        match self {
            Self::CipherLength { .. } | Self::Weak(_) => "decryptionKey",
            Self::Short(_) | Self::Long { .. } => "validationKey",
            Self::Validation(_) => "validation",
            Self::Digit { attribute, .. } | Self::Odd { attribute, .. } => attribute,
        }
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Digit { .. } | Self::Odd { .. } => {
                "a key is hexadecimal digits alone, without spaces and signs"
            }
            Self::Short(_) | Self::Long { .. } => "128 digits are what IIS Manager generates",
            Self::CipherLength { algorithm: Decryption::Aes, .. } => {
                "AES takes 32, 48 or 64 digits; is decryption=\"…\" missing?"
            }
            Self::CipherLength { algorithm: Decryption::TripleDes, .. } => {
                "3DES takes 32 or 48 digits"
            }
            Self::CipherLength { .. } => "DES takes 16 digits",
            Self::Weak(_) => "generate another key, on all sites",
            Self::Validation(_) => "HMACSHA256 is the default",
        }
    }
}

/// A file from which no machine key can be had. `Display` is `FILE:LINE: KEY: what (what to do)`, and shows
/// no key.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MachineKeyError {
    /// The file cannot be read.
    #[error("cannot read {file}: {why}")]
    Unread {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// Something in it is wrong, or cannot be had outside of the site itself.
    #[error("{file}:{}: {}{}{}", .problem.line, key(.problem), .problem.what, hint(.problem))]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, and where.
        problem: Problem,
    },
}

fn key(problem: &Problem) -> String {
    if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) }
}

fn hint(problem: &Problem) -> String {
    problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default()
}

/// Why a ticket is not sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// .NET does not read cookies of more than 4096 characters.
    #[error(
        "the cookie would have {characters} characters, and .NET reads {LONGEST} at most: the name has \
         {name} characters (UTF-16), the user data {user_data}, the path {path}"
    )]
    Long {
        /// The length of the cookie.
        characters: usize,
        /// Of the name, in UTF-16 units.
        name: usize,
        /// Of the user data.
        user_data: usize,
        /// Of the path.
        path: usize,
    },
    /// See [`unproven`](super::Settings::unproven).
    #[error("{0} is unproven: by Microsoft's source, no cookie of .NET was there to check")]
    Unproven(&'static str),
    /// A cookie that anybody could make.
    #[error("with protection=\"None\" a cookie is not signed, and such cookies are never written")]
    Unsigned,
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
}

/// A cookie that is not a valid ticket. That is all that whoever sent it may learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cookie is not a valid ticket")]
pub struct InvalidTicket;

/// The step at which a cookie is refused. **It must not reach whoever sent the cookie**: it is for the
/// administrator who has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Longer than .NET reads.
    #[error("it is longer than {LONGEST} characters, which .NET does not read")]
    Length,
    /// Another kind of cookie, or a part of one.
    #[error("it is neither hexadecimal digits nor Base64 as .NET has it in URLs")]
    Text,
    /// See [`unproven`](super::Settings::unproven).
    #[error("{0} is unproven: by Microsoft's source, no cookie of .NET was there to check")]
    Unproven(&'static str),
    /// The signature that is looked at first. A MAC never fits by accident.
    #[error("the signature is wrong: other keys or settings made it, or it was changed")]
    Signature,
    /// The signature holds, and what it signs is not whole blocks with padding.
    #[error(
        "the signature holds, but it does not decrypt: the decryption key or its algorithm is another"
    )]
    Decryption,
    /// The signature inside, of the legacy layout.
    #[error(
        "the outer signature holds, but the inner one is wrong: the decryption key or its algorithm is another"
    )]
    Inner,
    /// All is in order, but it is not a ticket.
    #[error("it decrypts, but is not a ticket: {0}")]
    Ticket(&'static str),
}
