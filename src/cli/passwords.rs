//! Where passwords come from: the environment, a file, standard input; never an argument.

#[cfg(unix)]
mod terminal;

use std::io::IsTerminal as _;
use std::path::Path;

use external_providers::Secret;
use external_providers::bounded;
use external_providers::contract::Variables;
use external_providers::redact::PLACEHOLDER;
use external_providers::secret::PasswordError;

use super::output::warning;
use super::{Failed, LOCAL, SETTINGS, USAGE};

/// The variable that holds the web service password.
pub(crate) const AUTH_PASSWORD: &str = "EXTERNAL_PROVIDERS_AUTH_PASSWORD";

/// Bytes of variables as JSON; a request of .NET's default size holds no more.
const MOST_VARIABLES: usize = 4 << 20;

/// The directory of a recording in its collection, the number of a placeholder, what it stands for.
pub(crate) type Numbered = (Option<String>, u32, Secret);

/// Reads passwords, standard input at most once.
#[derive(Default)]
pub(crate) struct Passwords {
    stdin_taken: bool,
}

impl Passwords {
    /// For these files, of which one may be standard input (`-`), or several if that is a terminal.
    pub(crate) fn of<'f>(files: impl IntoIterator<Item = &'f Path>) -> Result<Self, Failed> {
        let inputs = files.into_iter().filter(|file| *file == Path::new("-")).count();
        if inputs > 1 && !std::io::stdin().is_terminal() {
            return Err(taken());
        }
        Ok(Self::default())
    }

    /// The web service password: the file's, else the environment's.
    pub(crate) fn auth(&mut self, file: Option<&Path>) -> Result<Option<Secret>, Failed> {
        if let Some(file) = file {
            return self.read(file, "web service password").map(Some);
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

    /// What placeholders stand for, each given as `NUMBER=FILE` or `DIRECTORY/NUMBER=FILE`: the
    /// directory of the recording in its collection, the number and the secret.
    pub(crate) fn numbered(&mut self, given: &[String]) -> Result<Vec<Numbered>, Failed> {
        let read = |given: &String| {
            // What stands behind a misplaced "=" may be a secret, so it is not repeated.
            let wrong = || {
                let message = "--secret-file is NUMBER=FILE: REDACTED-3 is --secret-file 3=FILE";
                Failed::new(USAGE, message)
            };
            let (place, file) = given.split_once('=').ok_or_else(wrong)?;
            let (directory, number) = match place.rsplit_once('/') {
                Some((directory, number)) => (Some(directory.to_owned()), number),
                None => (None, place),
            };
            let number: u32 =
                number.trim_start_matches(PLACEHOLDER).parse().map_err(|_| wrong())?;
            let of = format!("--secret-file, {PLACEHOLDER}{number}");
            Ok((directory, number, self.read(Path::new(file), &of)?))
        };
        given.iter().map(read).collect()
    }

    /// The one line of a file (`-`: of standard input; a terminal is asked for it), and what it is.
    pub(crate) fn read(&mut self, file: &Path, of: &str) -> Result<Secret, Failed> {
        let place = match file == Path::new("-") {
            true => "standard input".to_owned(),
            false => file.display().to_string(),
        };
        self.read_from(file, &place, of)
    }

    /// The same for a variable: what stands behind the `@` may be a password that begins with one,
    /// so it is not shown.
    pub(crate) fn read_for(&mut self, key: &str, file: &Path) -> Result<Secret, Failed> {
        let is_input = file == Path::new("-");
        let place = match is_input {
            true => "standard input".to_owned(),
            false => format!("the file given for {key}"),
        };
        self.read_from(file, &place, key).map_err(|failed| match failed {
            failed if failed.hint.is_none() && !is_input => failed.hint(format!(
                "{key}=@FILE reads a file; a password that itself begins with @ must be put in one"
            )),
            failed => failed,
        })
    }

    /// Variables as JSON, passwords among them, in a file (`-`: on standard input).
    pub(crate) fn variables(&mut self, file: &Path) -> Result<Variables, Failed> {
        let is_stdin = file == Path::new("-");
        let place = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
        let failed = |why: String| {
            Failed::new(SETTINGS, format!("cannot read variables from {place}: {why}"))
        };
        let read = if is_stdin {
            self.take_stdin()?;
            bounded::read(std::io::stdin(), MOST_VARIABLES)
        } else {
            warn_of_others(file, &place);
            bounded::read_any(file, MOST_VARIABLES)
        };
        let read = read.map_err(|error| failed(error.to_string()))?;
        let text = std::str::from_utf8(&read).map_err(|error| failed(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        super::variables::from_json(text).map_err(failed)
    }

    /// Standard input can be read once.
    fn take_stdin(&mut self) -> Result<(), Failed> {
        if std::mem::replace(&mut self.stdin_taken, true) {
            return Err(taken());
        }
        Ok(())
    }

    fn read_from(&mut self, file: &Path, place: &str, of: &str) -> Result<Secret, Failed> {
        let read = if file == Path::new("-") {
            self.take_stdin()?;
            #[cfg(unix)]
            if std::io::stdin().is_terminal() {
                self.stdin_taken = false;
                return terminal::ask(of).map_err(|refusal| match refusal {
                    terminal::Refusal::Interrupted => {
                        Failed::new(LOCAL, format!("interrupted: no {of} was given"))
                    }
                    terminal::Refusal::Unreadable(error) => unreadable(of, "the terminal", &error),
                });
            }
            Secret::read(std::io::stdin())
        } else {
            warn_of_others(file, place);
            // No regular file need it be: a shell may give a pipe.
            std::fs::File::open(file).map_err(Into::into).and_then(Secret::read)
        };
        read.map_err(|error| unreadable(of, place, &error))
    }
}

/// Warns of a secret in a file that every user of the machine can read or replace.
pub(crate) fn warn_of_others(file: &Path, place: &str) {
    if let Some(by_others) = bounded::open_to_others(file).filter(|_| file.is_file()) {
        warning(&format!("{place}: {by_others}; take the permission away: chmod o-rwx"));
    }
}

/// The same of a private key.
pub(crate) fn warn_of_key(file: &Path) {
    warn_of_others(file, &file.display().to_string());
}

/// The mistake that standard input is to be read twice.
fn taken() -> Failed {
    let message = "only one password, or the variables, can come from standard input";
    Failed::new(USAGE, message).hint("read the other one from a file")
}

/// The file of an argument `NUMBER=FILE` or `key=FILE`.
pub(crate) fn file_in(argument: &str) -> Option<&Path> {
    argument.split_once('=').map(|(_, file)| Path::new(file))
}

fn unreadable(of: &str, place: &str, error: &PasswordError) -> Failed {
    let why = match error {
        PasswordError::Empty => "the password is empty".to_owned(),
        error => error.to_string(),
    };
    Failed::new(SETTINGS, format!("cannot read a password ({of}) from {place}: {why}"))
}
