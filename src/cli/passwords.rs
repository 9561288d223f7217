//! Where passwords come from: the environment, a file, standard input; never an argument.

use std::io::Read as _;
use std::path::Path;

use external_providers::Secret;

use super::{Failed, SETTINGS, USAGE};

/// The variable that holds the web service password.
pub(crate) const AUTH_PASSWORD: &str = "EXTERNAL_PROVIDERS_AUTH_PASSWORD";

/// A password file larger than this is not one.
const LIMIT: u64 = 64 << 10;

/// Reads passwords, standard input at most once.
#[derive(Default)]
pub(crate) struct Passwords {
    stdin_taken: bool,
}

impl Passwords {
    /// The web service password: the file's, else the environment's.
    pub(crate) fn auth(&mut self, file: Option<&Path>) -> Result<Option<Secret>, Failed> {
        if let Some(file) = file {
            return self.read(file).map(Some);
        }
        match std::env::var(AUTH_PASSWORD) {
            Ok(password) if password.is_empty() => Ok(None),
            Ok(password) => Ok(Some(password.into())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Failed::new(SETTINGS, format!("{AUTH_PASSWORD} is not UTF-8")))
            }
        }
    }

    /// The one line of a file (`-`: of standard input).
    pub(crate) fn read(&mut self, file: &Path) -> Result<Secret, Failed> {
        let place = match file == Path::new("-") {
            true => "standard input".to_owned(),
            false => file.display().to_string(),
        };
        self.read_from(file, &place)
    }

    /// The same for a variable: what stands behind the `@` may be a password that begins with one,
    /// so it is not shown.
    pub(crate) fn read_for(&mut self, key: &str, file: &Path) -> Result<Secret, Failed> {
        self.read_from(file, &format!("the file given for {key}")).map_err(|failed| match failed {
            failed if failed.hint.is_none() => failed.hint(format!(
                "{key}=@FILE reads a file; a password that itself begins with @ must be put in one"
            )),
            failed => failed,
        })
    }

    fn read_from(&mut self, file: &Path, place: &str) -> Result<Secret, Failed> {
        let failed = |why: &dyn std::fmt::Display| {
            Failed::new(SETTINGS, format!("cannot read a password from {place}: {why}"))
        };
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        if file == Path::new("-") {
            if std::mem::replace(&mut self.stdin_taken, true) {
                let message = "only one password can come from standard input";
                return Err(Failed::new(USAGE, message).hint("read the other one from a file"));
            }
            std::io::stdin()
                .take(LIMIT + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| failed(&error))?;
        } else {
            std::fs::File::open(file)
                .and_then(|opened| opened.take(LIMIT + 1).read_to_end(&mut bytes))
                .map_err(|error| failed(&error))?;
        }
        if bytes.len() as u64 > LIMIT {
            return Err(failed(&"it is larger than 64 KiB"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| failed(&"it is not UTF-8"))?;
        // Editors on Windows begin a file with a mark that is no part of the password.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let line = text.strip_suffix('\n').unwrap_or(text);
        let password = line.strip_suffix('\r').unwrap_or(line);
        if password.is_empty() {
            return Err(failed(&"it is empty"));
        }
        if password.contains(['\n', '\r']) {
            return Err(failed(&"it has more than one line"));
        }
        Ok(Secret::new(password))
    }
}
