//! Passwords that stand in a file: one line, with or without its end.

use std::io::Read;
use std::path::Path;

use super::Secret;
use crate::bounded::{self, ReadError};

/// A password file larger than this is not one.
const LIMIT: usize = 64 << 10;

/// Why a file holds no password. None of them shows what it holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is larger than any password.
    #[error("it is larger than 64 KiB")]
    TooLarge,
    /// It is in another encoding.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// Which line would it be?
    #[error("it has more than one line")]
    Lines,
}

impl From<ReadError> for PasswordError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::NotAFile => Self::NotAFile,
            ReadError::TooLarge(_) => Self::TooLarge,
        }
    }
}

impl Secret {
    /// Reads a password: at most 64 KiB of UTF-8, one line, whose end (and a byte order mark before
    /// it) is not part of it. An empty one is not a password.
    pub fn read(source: impl Read) -> Result<Self, PasswordError> {
        Self::of(&bounded::read(source, LIMIT)?)
    }

    /// [`read`](Self::read) from a regular file: others (a pipe, a device) might never end.
    pub fn read_file(file: &Path) -> Result<Self, PasswordError> {
        Self::of(&bounded::read_file(file, LIMIT)?)
    }

    fn of(bytes: &[u8]) -> Result<Self, PasswordError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PasswordError::NotUtf8)?;
        // Editors on Windows begin a file with a mark that is not part of the password.
        Self::from_line(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// One line of text, whose end is not part of the password.
    pub fn from_line(text: &str) -> Result<Self, PasswordError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let password = line.strip_suffix('\r').unwrap_or(line);
        if password.is_empty() {
            return Err(PasswordError::Empty);
        }
        if password.contains(['\n', '\r']) {
            return Err(PasswordError::Lines);
        }
        Ok(Self::new(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_a_password() {
        for text in ["hunter2", "hunter2\n", "hunter2\r\n", "\u{feff}hunter2\n"] {
            assert_eq!(Secret::read(text.as_bytes()).unwrap().expose(), "hunter2", "{text:?}");
        }
        assert_eq!(Secret::read(&b" a b \n"[..]).unwrap().expose(), " a b ");
    }

    #[test]
    fn anything_else_is_none_and_does_not_show() {
        let large = [b'x'; (64 << 10) + 1];
        for (bytes, why) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"hunter2\nmore\n", "more than one line"),
            (b"hunter2\rmore", "more than one line"),
            (b"hunter2\xff", "UTF-8"),
            (&large, "64 KiB"),
        ] {
            let error = Secret::read(bytes).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(why) && !shown.contains("hunter2"), "{shown}");
        }
        let folder = Secret::read_file(&std::env::temp_dir()).unwrap_err();
        assert_eq!(folder.to_string(), "it is not a regular file");
    }
}
