//! Secrets that do not show: [`Secret`] holds one, [`Mask`] takes them out of texts.

mod file;
pub(crate) mod mask;

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

pub use file::PasswordError;
pub use mask::{MASK, Mask};

/// A password. `Debug` and `Display` print a mask, and the memory is wiped when it is dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a password in.
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
    }

    /// The password itself. Every call of this is a place to look at.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Is it the empty string?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in a time that depends on the length of `given` alone: neither the length of the
    /// secret nor the place of the first difference shows. An empty secret matches nothing.
    pub fn matches(&self, given: &str) -> bool {
        let secret = self.0.as_bytes();
        if secret.is_empty() {
            return false;
        }
        let mut equal = (secret.len() as u64).ct_eq(&(given.len() as u64));
        for (i, byte) in given.bytes().enumerate() {
            equal &= byte.ct_eq(&secret[i % secret.len()]);
        }
        Choice::into(equal)
    }
}

impl From<&str> for Secret {
    fn from(password: &str) -> Self {
        Self::new(password)
    }
}

impl From<String> for Secret {
    fn from(password: String) -> Self {
        Self::new(password)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        (self.is_empty() && other.is_empty()) || self.matches(other.expose())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Does a variable or field of this name carry a password? `authPW`, `loginPassword` and any other
/// name that ends in `password`, `passwd`, `pwd` or `pw`, whatever the case.
pub fn is_secret_key(key: &str) -> bool {
    ["password", "passwd", "pwd", "pw"].iter().any(|end| {
        key.len()
            .checked_sub(end.len())
            .and_then(|at| key.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// Does a header of this name carry a credential?
pub fn is_secret_header(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
        || is_secret_key(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_it() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "Secret(***) ***");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(***),\n)");
    }

    #[test]
    fn comparison_is_exact() {
        let secret = Secret::new("s3cret");
        assert!(secret.matches("s3cret"));
        for wrong in ["", "s3cre", "s3cretX", "S3cret", "s3crets3cret", "x"] {
            assert!(!secret.matches(wrong), "{wrong}");
        }
        assert!(!Secret::default().matches(""), "no password is no way in");
        assert_eq!(Secret::default(), Secret::new(""));
    }

    #[test]
    fn secret_names_are_known() {
        for name in ["authPW", "AUTHPW", "loginPassword", "newPassword", "passwd", "Pwd"] {
            assert!(is_secret_key(name), "{name}");
        }
        for name in ["loginUsername", "passwordHint", "", "ü"] {
            assert!(!is_secret_key(name), "{name}");
        }
        assert!(is_secret_header("Set-Cookie") && !is_secret_header("Content-Type"));
    }
}
