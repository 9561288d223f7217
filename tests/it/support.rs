//! What several test modules need: folders of their own, the captured exchanges.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use external_providers::fixture::{self, Fixture};
use external_providers::http::{Headers, HttpRequest, HttpResponse};

/// What the first placeholders of the captured exchanges stand for, in every folder. The others
/// stand for wrong passwords.
pub(crate) const SECRETS: [&str; 2] = ["s3cret", "mypassword"];

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

/// One captured exchange, with the passwords in its request.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) request: HttpRequest,
    pub(crate) response: Option<HttpResponse>,
}

/// All captures below a folder of `fixtures/asmx`, by name.
pub(crate) fn captures(folder: &str) -> Vec<Capture> {
    let fixtures = fixture::load(&repository("fixtures/asmx").join(folder)).unwrap();
    assert!(!fixtures.is_empty(), "no captures in {folder}");
    let capture = |fixture: Fixture| Capture {
        request: with_secrets(&fixture, &SECRETS),
        response: fixture.answer().map(|answered| answered.response.clone()),
        name: fixture.name,
    };
    fixtures.into_iter().map(capture).collect()
}

/// The request of a fixture with its secrets put back: the first one is that of placeholder 1. What
/// has a higher number than there are gets a wrong one. A length that was right is right again.
pub(crate) fn with_secrets(fixture: &Fixture, secrets: &[&str]) -> HttpRequest {
    let mut request = fixture.request.clone();
    // REDACTED-1 begins as REDACTED-12 does.
    for number in fixture.redaction.placeholders.iter().rev().map(|p| p.number) {
        let wrong = format!("wrong-{number}");
        let secret = secrets.get(number as usize - 1).copied().unwrap_or(&wrong);
        request.body = replaced(&request.body, &format!("REDACTED-{number}"), secret);
    }
    let (before, after) = (fixture.request.body.len().to_string(), request.body.len().to_string());
    let mut headers = Headers::new();
    for header in request.headers.iter() {
        let is_length = header.name.eq_ignore_ascii_case("Content-Length");
        let is_right = is_length && *header.value == *before.as_bytes();
        let value = if is_right { after.as_bytes() } else { &*header.value };
        headers.push_bytes(header.name.clone(), value);
    }
    request.headers = headers;
    request
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (mut out, mut done) = (Vec::new(), 0);
    for at in memchr::memmem::find_iter(bytes, from) {
        out.extend_from_slice(&bytes[done..at]);
        out.extend_from_slice(to.as_bytes());
        done = at + from.len();
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

/// The tool with this web service password, its input closed and its output to be read.
pub(crate) fn tool(arguments: &[&str], password: &str) -> Command {
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

/// The tool while it serves or records. Nothing runs on after a test that failed.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    /// What it began with.
    pub(crate) lines: Vec<String>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What was read of its log, and the rest, once somebody waited for a line.
    log: Option<(String, BufReader<ChildStderr>)>,
}

impl Running {
    /// Starts it, and reads so many lines; the first one says where it listens.
    pub(crate) fn spawn(command: &mut Command, lines: usize) -> Self {
        let mut process = command.spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut read = |_| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let lines: Vec<String> = (0..lines).map(&mut read).collect();
        let (_, url) = lines[0].split_once("://").expect("it began");
        let address = url.split(['/', ',', ' ']).next().unwrap().parse().unwrap();
        Self { process, stdout, lines, address, log: None }
    }

    /// Reads on in its log until it has said this.
    pub(crate) fn logs(&mut self, words: &str) {
        let (log, rest) = self.log.get_or_insert_with(|| {
            (String::new(), BufReader::new(self.process.stderr.take().unwrap()))
        });
        let begin = log.len();
        while !log[begin..].contains(words) {
            assert_ne!(rest.read_line(log).unwrap(), 0, "{words} is not in {log}");
        }
    }

    /// Sends it a signal, which it must not ignore.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        let hears = name != "HUP" || ignored.is_none_or(|mask| mask & 1 == 0);
        assert!(hears, "SIGHUP is ignored, perhaps by nohup: start the tests without it");
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// Stops it as an init system does; its exit code, the rest of its output and its log.
    pub(crate) fn stop(self) -> (i32, String, String) {
        self.signal("TERM");
        self.ended()
    }

    /// The same when it was told to stop.
    pub(crate) fn ended(mut self) -> (i32, String, String) {
        let mut output = String::new();
        self.stdout.read_to_string(&mut output).unwrap();
        let heard = self.log.take().map(|(log, rest)| (log, Box::new(rest) as Box<dyn Read>));
        let (mut log, mut rest) =
            heard.unwrap_or_else(|| (String::new(), Box::new(self.process.stderr.take().unwrap())));
        rest.read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap().code().unwrap_or(-1), output, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}
