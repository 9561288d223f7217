//! Passwords typed on a terminal: asked for, and not echoed.

use std::io::{self, Read as _, Write as _};

use external_providers::Secret;
use external_providers::secret::PasswordError;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Why there is no password.
pub(super) enum Refusal {
    Unreadable(PasswordError),
    /// Ctrl-C.
    Interrupted,
}

/// No password is longer.
const LONGEST: usize = 4096;

/// The terminal as it was, put back when this is dropped.
struct Silent(Termios);

impl Silent {
    /// Neither echo nor signals: those would end the process and leave a terminal without echo.
    fn new() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Asks for a password on standard error, and reads a line from the terminal that standard input is.
pub(super) fn ask(of: &str) -> Result<Secret, Refusal> {
    let unreadable = |error: io::Error| Refusal::Unreadable(error.into());
    let silent = Silent::new().map_err(|error| unreadable(error.into()))?;
    let mut stderr = io::stderr().lock();
    write!(stderr, "{of}: ").and_then(|()| stderr.flush()).map_err(unreadable)?;
    let line = read_line(&mut io::stdin().lock());
    // What was typed shows not even as the end of its line.
    let _ = writeln!(stderr);
    drop(silent);
    let line = line.map_err(unreadable)?.ok_or(Refusal::Interrupted)?;
    let text =
        std::str::from_utf8(&line).map_err(|_| Refusal::Unreadable(PasswordError::NotUtf8))?;
    Secret::from_line(text).map_err(Refusal::Unreadable)
}

/// A line, edited as terminals do; nothing after Ctrl-C.
fn read_line(source: &mut impl io::BufRead) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    for byte in source.bytes() {
        match byte? {
            b'\r' | b'\n' | 0x04 => break,
            0x03 => return Ok(None),
            0x15 => line.clear(),
            0x7f | 0x08 => {
                // A whole character.
                while line.pop().is_some_and(|b| b & 0xc0 == 0x80) {}
            }
            byte if line.len() < LONGEST => line.push(byte),
            _ => {}
        }
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_edited() {
        for (typed, line) in [
            (&b"secret\nmore"[..], Some(&b"secret"[..])),
            (b"secret\r", Some(b"secret")),
            (b"\n", Some(b"")),
            (b"secret", Some(b"secret")),
            (b"x\x7f\x7fse\xc3\xb6\x08cret\n", Some(b"secret")),
            (b"wrong\x15secret\x04", Some(b"secret")),
            (b"sec\x03ret\n", None),
        ] {
            let read = read_line(&mut &*typed).unwrap();
            assert_eq!(read.as_ref().map(|line| line.as_slice()), line, "{typed:?}");
        }
    }
}
