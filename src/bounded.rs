//! Reads what others wrote, which might never end, and waits for what might never come.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

/// Up to this limit, room is made at once: a buffer that grew would leave copies of passwords behind.
const AT_ONCE: usize = 256 << 10;

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// There are more bytes than the limit allows.
    #[error("it is larger than {}", in_units(*.0))]
    TooLarge(usize),
}

/// All of a source of at most so many bytes.
pub fn read(source: impl Read, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let room = if limit <= AT_ONCE { limit + 1 } else { 0 };
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(ReadError::TooLarge(limit)) } else { Ok(bytes) }
}

/// The same of a file, which may be a pipe: a shell gives such.
pub fn read_any(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    read(File::open(path)?, limit)
}

/// The same of a regular file alone.
pub fn read_file(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    read_any(path, limit)
}

/// May users of this machine who are neither the owner nor of the group read the file?
#[cfg(unix)]
pub fn open_to_others(path: &Path) -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    match mode & 0o006 {
        0 => None,
        0o004 => Some("every user of this machine can read the file"),
        _ => Some("every user of this machine can write the file"),
    }
}

/// Windows has no such bits.
#[cfg(not(unix))]
pub fn open_to_others(_: &Path) -> Option<&'static str> {
    None
}

/// A time to wait that can be added to a moment, which `Duration::MAX` cannot: at most 24 days, what databases
/// take in milliseconds.
pub fn wait(time: Duration) -> Duration {
    time.min(Duration::from_millis(i32::MAX as u64))
}

/// A number of bytes, in MiB where these are whole.
pub fn in_units(bytes: usize) -> String {
    match bytes {
        1.. if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_larger_than_its_limit_is_left_alone() {
        assert_eq!(**read(&b"abc"[..], 3).unwrap(), *b"abc");
        let large = read(io::repeat(b'x'), 1 << 20).unwrap_err();
        assert_eq!(large.to_string(), "it is larger than 1 MiB");
        let small = read(&b"abcd"[..], 3).unwrap_err();
        assert_eq!(small.to_string(), "it is larger than 3 bytes");
        let folder = read_file(&std::env::temp_dir(), 1).unwrap_err();
        assert_eq!(folder.to_string(), "it is not a regular file");
    }
}
