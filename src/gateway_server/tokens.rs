//! Who may call: bearer tokens, one or two at a time.

use std::fmt;
use std::path::Path;

use hyper::Uri;
use percent_encoding::percent_decode_str;

use crate::bounded::{self, open_to_others};
use crate::secret::{PasswordError, Secret};

/// A shorter token could be guessed.
const SHORTEST: usize = 16;
/// Two lines of it are more than any header holds.
const LARGEST_FILE: usize = 64 << 10;
/// Parts of a URL that are compared with the tokens: whoever has shown none could else guess thousands with
/// each request.
const MOST_PARTS: usize = 32;

/// The bearer tokens that are let in: one, or two while one takes the place of the other.
#[derive(Clone)]
pub struct Tokens(Vec<Secret>);

/// Tokens that cannot be used. None of them is shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be read.
    #[error(transparent)]
    Unread(#[from] PasswordError),
    /// There are more than two.
    #[error("there are {0} tokens: give one, or two while one takes the place of the other")]
    TooMany(usize),
    /// One is too short.
    #[error(
        "token {number} has {length} characters, and could be guessed: give it at least {SHORTEST}"
    )]
    Short {
        /// Which, from 1.
        number: usize,
        /// Its length.
        length: usize,
    },
    /// One holds what no `Authorization: Bearer` header can (RFC 6750, section 2.1).
    #[error("token {0} holds characters other than letters, digits and - . _ ~ + / =")]
    Character(usize),
}

impl Tokens {
    /// Takes tokens of at least 16 characters each.
    ///
    /// # Errors
    ///
    /// No token, or more than two; a token that is too short, or holds what no header can.
    pub fn new<T: Into<Secret>>(tokens: impl IntoIterator<Item = T>) -> Result<Self, TokenError> {
        let tokens: Vec<Secret> = tokens.into_iter().map(Into::into).collect();
        if tokens.is_empty() {
            return Err(PasswordError::Empty.into());
        }
        if tokens.len() > 2 {
            return Err(TokenError::TooMany(tokens.len()));
        }
        for (token, number) in tokens.iter().map(Secret::expose).zip(1..) {
            if !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)) {
                return Err(TokenError::Character(number));
            }
            if token.len() < SHORTEST {
                return Err(TokenError::Short { number, length: token.len() });
            }
        }
        Ok(Self(tokens))
    }

    /// Reads a file of at most 64 KiB: a token a line. Empty lines and white space around a token do not
    /// count. A file that every user can read is warned of in the log.
    ///
    /// # Errors
    ///
    /// It is not a regular file or not UTF-8; those of [`new`](Self::new).
    pub fn read(file: &Path) -> Result<Self, TokenError> {
        let bytes = bounded::read_file(file, LARGEST_FILE).map_err(PasswordError::from)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| PasswordError::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let tokens = Self::new(text.lines().map(str::trim).filter(|line| !line.is_empty()))?;
        if let Some(by_others) = open_to_others(file) {
            tracing::warn!(file = %file.display(), "the tokens are not a secret: {by_others}");
        }
        Ok(tokens)
    }

    /// Is it one of them? Takes as long whichever it is, and whether it is or not.
    pub(super) fn matches(&self, given: &str) -> bool {
        self.0.iter().fold(false, |found, token| found | token.matches(given))
    }

    /// Is one of them a part of a URL, encoded or not?
    pub(super) fn is_in(&self, uri: &Uri) -> bool {
        parts(uri).any(|part| self.matches(&percent_decode_str(part).decode_utf8_lossy()))
    }
}

/// What may be a token, which can hold `/` and `=` itself.
fn parts(uri: &Uri) -> impl Iterator<Item = &str> {
    let pairs = uri.query().into_iter().flat_map(|query| query.split(['&', ';']));
    let values = pairs.flat_map(|pair| [Some(pair), pair.split_once('=').map(|(_, value)| value)]);
    let path = uri.path();
    let rests = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
    values.flatten().chain(rests).chain(path.split(['/', ';', '='])).take(MOST_PARTS)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_long_ones_are_taken_and_none_shows() {
        let (one, other) = ("0123456789abcdef", "ABCDEF-._~+/0123=");
        let tokens = Tokens::new([one, other]).unwrap();
        assert!(tokens.matches(one) && tokens.matches(other));
        for wrong in ["", "0123456789abcde", "0123456789abcdeg", "0123456789abcdef0"] {
            assert!(!tokens.matches(wrong), "{wrong}");
        }
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
        for (given, why) in [
            (vec![], "it is empty"),
            (vec![one, other, one], "there are 3 tokens"),
            (vec![one, "hunter2"], "token 2 has 7 characters"),
            (vec!["hunter2 hunter2 hunter2"], "token 1 holds characters"),
            (vec!["hunter2hunter2hunter2é"], "token 1 holds characters"),
        ] {
            let error = Tokens::new(given).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(why) && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn tokens_are_looked_for_wherever_they_can_stand_but_not_without_end() {
        let tokens = Tokens::new(["ab/cd+ef/0123456="]).unwrap();
        for target in [
            "/?token=ab/cd+ef/0123456=",
            "/?token=ab%2Fcd%2Bef%2F0123456%3D",
            "/?ab/cd+ef/0123456=",
            "/x?y=1&z=ab/cd%2bef/0123456=",
            "/v1/StartTicket/ab/cd+ef/0123456=",
            "/ab%2Fcd%2Bef%2F0123456%3D/x",
        ] {
            let uri = target.parse().unwrap();
            assert!(tokens.is_in(&uri), "{target}");
        }
        let uri = format!("/{}", "x/".repeat(1000)).parse().unwrap();
        assert_eq!(parts(&uri).count(), MOST_PARTS);
    }
}
