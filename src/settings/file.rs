//! A file of an administrator's as text.

use std::path::Path;

use zeroize::Zeroizing;

use super::SettingsError;
use crate::bounded::{ReadError, read_file};
use crate::toml_document::Problem;

/// The largest file, in bytes.
const LIMIT: usize = 256 << 10;

/// What is said of a file that cannot be used.
#[derive(Clone, Copy)]
pub(crate) struct FileKind {
    /// What to do without one.
    pub(crate) example: &'static str,
    /// What to ask of one that is too large.
    pub(crate) question: &'static str,
}

impl FileKind {
    /// Reads a file of at most 256 KiB.
    pub(crate) fn read(self, path: &Path) -> Result<Zeroizing<String>, SettingsError> {
        let name = path.display().to_string();
        let unread = |why: String, hint| SettingsError::Unread { file: name.clone(), why, hint };
        let mut bytes = read_file(path, LIMIT).map_err(|error| match error {
            ReadError::NotAFile if path.is_dir() => {
                unread("it is a folder".to_owned(), Some("give the file in it"))
            }
            ReadError::Io(ref io) if io.kind() == std::io::ErrorKind::NotFound => {
                unread(error.to_string(), Some(self.example))
            }
            ReadError::TooLarge(_) => {
                unread(format!("it is larger than {} KiB", LIMIT >> 10), Some(self.question))
            }
            _ => unread(error.to_string(), None),
        })?;
        String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let bytes = Zeroizing::new(error.into_bytes());
            let problem = Problem {
                line: 1 + memchr::memchr_iter(b'\n', &bytes[..valid]).count(),
                column: 1,
                key: String::new(),
                what: "this line is not UTF-8".to_owned(),
                hint: Some("save the file as UTF-8".to_owned()),
            };
            SettingsError::Invalid { file: name.clone(), problems: vec![problem], warnings: vec![] }
        })
    }

    /// The text without a byte order mark.
    pub(crate) fn not_empty<'t>(self, text: &'t str, name: &str) -> Result<&'t str, SettingsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            let (file, why) = (name.to_owned(), "it is empty".to_owned());
            return Err(SettingsError::Unread { file, why, hint: Some(self.example) });
        }
        Ok(text)
    }
}
