//! Secrets that do not show: [`Secret`] holds one, [`Mask`] takes them out of texts.

mod file;
pub(crate) mod mask;
#[cfg(feature = "serde")]
pub(crate) mod quiet;

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

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    /// Every text may be a password; `text` itself is not wiped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
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

/// Does a variable, field, element or parameter of this name carry a secret?
///
/// It does where the name ends, whatever the case, in `password`, `passwd`, `pwd`, `pw`, `passcode`,
/// `passphrase`, `token`, `secret`, `jwt`, `authorization`, `sessionid` or `sessid`, in the word `pass`, or in
/// `key` after a word such as `api`, `access` or `private`; digits, signs, and words such as `new`,
/// `confirm` or `hash` may follow. So `authPW`, `newPassword2`, `X-Auth-Token` and `client_secret`
/// do; `passwordHint`, `compass`, `tokenCount` and `EmailAddress` do not.
pub fn is_secret_key(key: &str) -> bool {
    secret_words(key).is_some()
}

/// Does a header of this name carry a credential?
///
/// Besides the names of [`is_secret_key`], those whose last word is `cookie`, `auth`, `authentication`,
/// `session`, `sid`, `csrf`, `xsrf`, `ticket` or `credentials`, but for CORS's
/// `Access-Control-Allow-Credentials`.
pub fn is_secret_header(name: &str) -> bool {
    const LAST: [&str; 10] = [
        "cookie",
        "cookie2",
        "auth",
        "authentication",
        "session",
        "sid",
        "csrf",
        "xsrf",
        "ticket",
        "credentials",
    ];
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    let is_cors = name.eq_ignore_ascii_case("Access-Control-Allow-Credentials");
    is_secret_key(name) || (!is_cors && LAST.iter().any(|word| last.eq_ignore_ascii_case(word)))
}

/// Where, in the name of a secret, the words begin that say so.
pub(crate) fn secret_words(key: &str) -> Option<usize> {
    /// What a name may end in after that. More than two of them make no name.
    const AFTER: [&str; 11] = [
        "confirmation",
        "confirm",
        "repeat",
        "again",
        "new",
        "old",
        "current",
        "hash",
        "value",
        "text",
        "plain",
    ];
    let mut rest = key;
    for _ in 0..3 {
        rest = rest.trim_end_matches(|c: char| !c.is_alphabetic());
        if let Some(start) = secret_end(rest) {
            return Some(start);
        }
        rest = AFTER.iter().find_map(|word| without_end(rest, word))?;
    }
    None
}

/// Where the words begin for which a name that ends with them names a secret.
fn secret_end(name: &str) -> Option<usize> {
    const ENDS: [&str; 15] = [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "pw",
        "passcode",
        "passphrase",
        "token",
        "secret",
        "jwt",
        "authorization",
        "sessionid",
        "sessid",
        "apikey",
        "privatekey",
    ];
    /// Words that end in `pass` and are others.
    const NO_PASS: [&str; 6] =
        ["bypass", "compass", "overpass", "surpass", "trespass", "underpass"];
    /// What makes a key one that opens something.
    const OPENING: [&str; 18] = [
        "api",
        "app",
        "auth",
        "access",
        "account",
        "private",
        "secret",
        "shared",
        "master",
        "session",
        "security",
        "signing",
        "encryption",
        "decryption",
        "validation",
        "subscription",
        "functions",
        "client",
    ];
    if let Some(before) = ENDS.iter().find_map(|end| without_end(name, end)) {
        return Some(before.len());
    }
    if let Some(before) = without_end(name, "pass") {
        return (!NO_PASS.iter().any(|word| without_end(name, word).is_some()))
            .then_some(before.len());
    }
    let separated = |before: &str| -> Option<usize> {
        let before = before.trim_end_matches(|c: char| !c.is_alphabetic());
        OPENING.iter().find_map(|word| without_end(before, word)).map(str::len)
    };
    if let Some(before) = without_end(name, "id") {
        let before = before.trim_end_matches(|c: char| !c.is_alphabetic());
        return without_end(before, "session").map(str::len);
    }
    // In one word with what stands before it, it may be an attribute of HTML, `accesskey`.
    let before = without_end(name, "key")?;
    let own_word = !before.ends_with(|c: char| c.is_lowercase()) || name.ends_with("Key");
    if own_word { separated(before) } else { None }
}

/// The text without an end of ASCII letters, whatever the case of these.
fn without_end<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(end.len())?;
    text.get(at..).filter(|tail| tail.eq_ignore_ascii_case(end)).map(|_| &text[..at])
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
        assert!(!Secret::default().matches(""), "no password opens nothing");
        assert_eq!(Secret::default(), Secret::new(""));
    }

    #[test]
    fn secret_names_are_known() {
        for name in [
            "authPW",
            "AUTHPW",
            "loginPassword",
            "newPassword",
            "newPassword2",
            "passwd",
            "Pwd",
            "pw1",
            "pass",
            "userPass",
            "dbpass",
            "PASS",
            "user_pass2",
            "smtp-pass",
            "cf_hunter2pwd",
            "token",
            "access_token",
            "accesstoken",
            "X-Auth-Token",
            "X-CSRF-TOKEN",
            "authToken2",
            "__RequestVerificationToken",
            "tokenValue",
            "client_secret",
            "ClientSecret",
            "secret",
            "secret2",
            "passphrase",
            "passcode",
            "apikey",
            "api_key",
            "apiKey",
            "API-KEY",
            "APIKey",
            "X-Api-Key",
            "x-functions-key",
            "Ocp-Apim-Subscription-Key",
            "AccountKey",
            "access key",
            "privateKey",
            "ConfirmPassword",
            "password_confirmation",
            "passwordAgain",
            "PwdHash",
            "user[password]",
            "ctl00$Main$txtPassword",
            "session_id",
            "ASP.NET_SessionId",
            "Proxy-Authorization",
            "id_jwt",
            "PHPSESSID",
        ] {
            assert!(is_secret_key(name), "{name}");
        }
        for name in [
            "loginUsername",
            "passwordHint",
            "",
            "ü",
            "compass",
            "encompass",
            "byPass",
            "trespass",
            "passenger",
            "passport",
            "tokenize",
            "tokenCount",
            "token_type",
            "max_tokens",
            "secretary",
            "secretQuestion",
            "departmentName",
            "EmailAddress",
            "DisplayName",
            "Authentication",
            "Registration",
            "key",
            "keyId",
            "accesskey",
            "publicKey",
            "monkey",
            "primary_key",
            "License Key",
            "AWSAccessKeyId",
            "id",
            "ticketNumber",
            "subject",
            "2",
            "hash",
            "newtext",
        ] {
            assert!(!is_secret_key(name), "{name}");
        }
        for name in [
            "Set-Cookie",
            "cookie",
            "Cookie2",
            "Set-Cookie2",
            "Authorization",
            "Authentication",
            "X-Access-Token",
            "Api-Key",
            "X-Auth",
            "X-Session",
            "X-Session-Id",
            "X-AspNet-Session",
            "x-sid",
            "X-CSRF",
            "X-XSRF",
            "X-Credentials",
            "X-CAS-Ticket",
        ] {
            assert!(is_secret_header(name), "{name}");
        }
        for name in [
            "Content-Type",
            "SOAPAction",
            "Host",
            "X-Trace",
            "WWW-Authenticate",
            "Authentication-Info",
            "Access-Control-Allow-Credentials",
            "X-Request-Id",
            "Vary",
        ] {
            assert!(!is_secret_header(name), "{name}");
        }
        assert_eq!(secret_words("cf_hunter2pwd"), Some(10));
        assert_eq!(secret_words("X-Api-Key"), Some(2));
    }
}
