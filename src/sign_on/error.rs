//! Why a key is not taken, a ticket not sealed, a cookie not valid.

use crate::toml_document::Problem;

/// The longest text that .NET decrypts, in characters; longer cookies it writes and never reads.
pub(super) const LONGEST: usize = 4096;

/// What is wrong with a key, or with what is done with it. None of it shows a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attribute}: {what} ({remedy})")]
#[non_exhaustive]
pub struct KeyError {
    /// The attribute of `<machineKey>` that is wrong.
    pub attribute: &'static str,
    /// What is wrong with it; of a character, its place from 1.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl KeyError {
    pub(super) fn new(attribute: &'static str, what: String, remedy: &'static str) -> Self {
        Self { attribute, what, remedy }
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
