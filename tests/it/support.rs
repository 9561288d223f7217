//! What several test modules need: folders of their own, the captured exchanges.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use external_providers::http::{Headers, HttpRequest, HttpResponse};

/// The password that the sample's asterisks stand for, by their number.
const MASKED: [&str; 2] = ["s3cret", "mypassword"];

/// A file in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A path at which nothing was and that no other test gets, in this process or another.
pub(crate) fn fresh(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{name}-{}-{count}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // What a killed run with the same process id left.
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// An empty folder that no other test gets, and that goes away with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = fresh(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A path at which nothing is yet.
    pub(crate) fn to_be(name: &str) -> Self {
        Self(fresh(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Writes a file that only its owner can read, as holders of passwords must be.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        path
    }

    /// All bytes of all files, names included.
    pub(crate) fn all(&self) -> Vec<u8> {
        let (mut all, mut folders) = (Vec::new(), vec![self.0.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                all.extend_from_slice(path.to_str().unwrap().as_bytes());
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all.extend(std::fs::read(path).unwrap());
                }
            }
        }
        all
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One captured message pair.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) request: HttpRequest,
    pub(crate) response: Option<HttpResponse>,
}

/// All captures below a folder of `fixtures/asmx`, by name.
pub(crate) fn captures(folder: &str) -> Vec<Capture> {
    let mut found = Vec::new();
    walk(&repository("fixtures/asmx").join(folder), &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "no captures in {folder}");
    found
}

fn walk(folder: &Path, found: &mut Vec<Capture>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if let Some(name) = path.to_str().and_then(|p| p.strip_suffix(".req.http")) {
            let name = Path::new(name).file_name().unwrap().to_str().unwrap().to_owned();
            let answer = path.with_file_name(format!("{name}.resp.http"));
            found.push(Capture {
                request: request(&unmask(&std::fs::read(&path).unwrap())),
                response: std::fs::read(answer).ok().map(|bytes| response(&bytes)),
                name,
            });
        }
    }
}

/// Puts the sample's passwords back, in UTF-8 and UTF-16.
pub(crate) fn unmask(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for password in MASKED.iter().rev() {
        let stars = "*".repeat(password.len());
        for unit in [1, 2] {
            let wide = |text: &str| -> Vec<u8> {
                text.bytes().flat_map(|b| std::iter::once(b).chain((1..unit).map(|_| 0))).collect()
            };
            let (from, to) = (wide(&stars), wide(password));
            let mut at = 0;
            while at + from.len() <= out.len() {
                if out[at..].starts_with(&from) {
                    out.splice(at..at + from.len(), to.iter().copied());
                    at += to.len();
                } else {
                    at += 1;
                }
            }
        }
    }
    out
}

fn split(bytes: &[u8]) -> (String, Headers, Vec<u8>) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap_or_default().to_owned();
    let mut headers = Headers::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(':') {
            headers.push(name.to_owned(), value.trim().to_owned());
        }
    }
    (start, headers, body)
}

fn request(bytes: &[u8]) -> HttpRequest {
    let (start, headers, body) = split(bytes);
    let mut words = start.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    HttpRequest { method: method.into(), target, headers, body }
}

fn response(bytes: &[u8]) -> HttpResponse {
    let (start, headers, body) = split(bytes);
    let status = start.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    HttpResponse { status, headers, body }
}

/// The tool with this web service password, its input closed and its output to be read.
pub(crate) fn tool(arguments: &[&str], password: &str) -> std::process::Command {
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_external-providers"));
    command
        .args(arguments)
        .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", password)
        .env_remove("EXTERNAL_PROVIDERS_LOG")
        .env_remove("EXTERNAL_PROVIDERS_SETTINGS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
