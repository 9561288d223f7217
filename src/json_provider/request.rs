//! From a request to the JSON that an endpoint is sent.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::contract::{AUTH_PASSWORD, CUSTOM_FIELD_PREFIX, Operation, Sink};

const LOGIN_PASSWORD: &str = "loginPassword";

/// A request as its endpoint is sent it, passwords that belong to it included: an object of its variables, or
/// where a name stands twice, an object with the list `variables`.
///
/// # Errors
///
/// The first name that holds `=`, which no provider could read again.
pub fn request_body<T: Operation>(request: &T) -> Result<Vec<u8>, String> {
    let is_twice = {
        let mut count = Writer::new::<T>(io::sink(), false);
        request.write_inputs(&mut count);
        if let Some(key) = count.refused {
            return Err(key);
        }
        count.is_twice
    };
    let write = |to: &mut dyn Write| {
        let mut writer = Writer::new::<T>(to, is_twice);
        request.write_inputs(&mut writer);
        writer.end()
    };
    Ok(written(&write))
}

/// What is written, in one piece of memory: one that grew would leave copies of passwords behind.
pub(super) fn written(write: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // Neither can fail.
    let mut count = Count(0);
    let _ = write(&mut count);
    let mut body = Vec::with_capacity(count.0);
    let _ = write(&mut body);
    body
}

/// Text in quotes.
pub(super) fn text(to: &mut dyn Write, text: &str) -> io::Result<()> {
    serde_json::to_writer(to, text).map_err(io::Error::from)
}

/// Writes variables as they come.
struct Writer<W> {
    to: W,
    /// As a list of keys and values.
    as_list: bool,
    /// Is the person's password one of the operation's inputs?
    with_password: bool,
    keys: BTreeSet<String>,
    is_twice: bool,
    refused: Option<String>,
    result: io::Result<()>,
}

impl<W: Write> Writer<W> {
    fn new<T: Operation>(to: W, as_list: bool) -> Self {
        let with_password = T::INPUTS.iter().any(|input| input.name == LOGIN_PASSWORD);
        let (keys, is_twice, refused, result) = (BTreeSet::new(), false, None, Ok(()));
        let mut writer = Self { to, as_list, with_password, keys, is_twice, refused, result };
        let begin: &[u8] = if as_list { br#"{"variables":["# } else { b"{" };
        writer.result = writer.to.write_all(begin);
        writer
    }

    fn end(mut self) -> io::Result<()> {
        self.result?;
        self.to.write_all(if self.as_list { b"]}" } else { b"}" })
    }

    fn variable(&mut self, key: &str, value: &str) {
        // Passwords are for those who need them, however their names are spelt: that of the web service
        // for nobody behind, a person's for logins and registrations.
        let is = |name: &str| key.trim().eq_ignore_ascii_case(name);
        if is(AUTH_PASSWORD) || (is(LOGIN_PASSWORD) && !self.with_password) {
            return;
        }
        let is_first = self.keys.is_empty();
        self.is_twice |= !self.keys.insert(key.to_owned());
        let (to, as_list) = (&mut self.to, self.as_list);
        let mut write = || -> io::Result<()> {
            to.write_all(if is_first { b"" } else { b"," })?;
            to.write_all(if as_list { br#"{"key":"# } else { b"" })?;
            text(to, key)?;
            to.write_all(if as_list { br#","value":"# } else { b":" })?;
            text(to, value)?;
            to.write_all(if as_list { b"}" } else { b"" })
        };
        let result = write();
        if self.result.is_ok() {
            self.result = result;
        }
    }
}

impl<W: Write> Sink for Writer<W> {
    fn put(&mut self, key: &'static str, value: &str) {
        self.variable(key, value);
    }

    fn put_custom_field(&mut self, entry: &str) {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        self.variable(&[CUSTOM_FIELD_PREFIX, name].concat(), value);
    }

    fn put_other(&mut self, entry: &str) {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        self.variable(key, value);
    }

    fn refuse(&mut self, key: &str) {
        self.refused.get_or_insert_with(|| key.to_owned());
    }
}
