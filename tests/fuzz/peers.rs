//! What must hold whatever a server says: a directory, a service.

use std::cell::RefCell;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::Client;
use external_providers::backends::directory::{Directory, DirectorySettings, Kind, Login};
use external_providers::contract::Authenticate;
use external_providers::explanation::Explanation;
use external_providers::record::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::{PLANTED, holds};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// Runs to the end, on this thread.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(runtime());
    }
    let ends = async { tokio::time::timeout(PATIENCE, work).await.expect("an end") };
    RUNTIME.with_borrow(|runtime| runtime.block_on(ends))
}

/// The length of the element of BER at the front, if there is a whole one.
fn element(bytes: &[u8]) -> Option<usize> {
    let (start, length) = match *bytes {
        [_, short @ 0..=0x7f, ..] => (2, usize::from(short)),
        [_, 0x81, one, ..] => (3, usize::from(one)),
        [_, 0x82, one, two, ..] => (4, usize::from(one) << 8 | usize::from(two)),
        _ => return None,
    };
    (bytes.len() >= start + length).then_some(start + length)
}

/// What is said in answer to one request: messages up to one that is not an entry or a reference.
fn answer(left: &mut &[u8]) -> Vec<u8> {
    let mut said = Vec::new();
    while let Some(length) = element(left) {
        let (message, rest) = left.split_at(length);
        *left = rest;
        said.extend_from_slice(message);
        // Behind the header of the message and its number of one byte.
        if !matches!(message.get(5), Some(0x64 | 0x73)) {
            return said;
        }
    }
    said.extend_from_slice(left);
    *left = &[];
    said
}

/// The user's password, as long as the account's, which is the planted one.
const USERS: &str = "zyx2retnuh";

/// The same with another password, as long as the first.
fn with_other(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// What a directory has still to say, and what it said to the user's bind.
#[derive(Default)]
struct Said {
    left: Vec<u8>,
    to_user: Vec<u8>,
}

/// A directory that says this, message by message, on as many connections as are opened. It knows the
/// password that it was given on a connection, and no other.
async fn directory(listener: TcpListener, said: Arc<Mutex<Said>>) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let said = Arc::clone(&said);
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut request).await {
                let answer = said.lock().expect("no panic").answer(&request[..length]);
                if answer.is_empty() || stream.write_all(&answer).await.is_err() {
                    break;
                }
            }
        });
    }
}

impl Said {
    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let mut left = &self.left[..];
        let answer = answer(&mut left);
        self.left = left.to_vec();
        if !request.windows(USERS.len()).any(|window| window == USERS.as_bytes()) {
            return with_other(&answer, USERS, PLANTED);
        }
        self.to_user = with_other(&answer, PLANTED, USERS);
        self.to_user.clone()
    }
}

/// A directory that says anything: nobody is let in without a word of success to the user's own bind.
pub(super) fn ldap(data: &[u8]) {
    let (choice, data) = data.split_first().unwrap_or((&0, &[]));
    let kinds = [Kind::OpenLdap, Kind::ActiveDirectory, Kind::FreeIpa];
    let kind = kinds[usize::from(*choice) % kinds.len()];
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ldap://{}", listener.local_addr().expect("an address"));
        let mut settings = DirectorySettings::new(kind, [url], "dc=example,dc=com");
        settings.insecure_plain_text = true;
        settings.account = Some("cn=account".to_owned());
        settings.password = PLANTED.into();
        settings.connect_timeout = Duration::from_secs(2);
        settings.timeout = Duration::from_millis(20);
        let said = Arc::new(Mutex::new(Said { left: data.to_vec(), ..Said::default() }));
        let explanation = Explanation::wanted();
        let client = Directory::new("fuzz", settings).expect("in order");
        let users = USERS.into();
        let login = tokio::select! {
            login = client.authenticate("ann", &users, &explanation) => login,
            () = directory(listener, Arc::clone(&said)) => unreachable!("it goes on"),
        };
        if let Ok(Login::Accepted(_)) = &login {
            let to_user = &said.lock().expect("no panic").to_user;
            // The number 0, however many bytes it has.
            let success = (1..6).any(|digits| {
                let zero = [&[0x0a, digits][..], &vec![0; usize::from(digits)]].concat();
                to_user.windows(zero.len()).any(|window| window == zero)
            });
            assert!(success && to_user.contains(&0x61), "{to_user:?}");
        }
        let refused = match &login {
            Ok(Login::Refused(refusal)) => refusal.to_string(),
            Ok(_) => String::new(),
            Err(error) => format!("{error} {error:?}"),
        };
        let shown = format!("{refused} {}", explanation.lines().join("\n"));
        assert!(!holds(shown.as_bytes()) && !shown.contains(USERS), "{shown}");
    });
}

/// A service that says this to whoever connects.
async fn service(listener: TcpListener, data: &[u8]) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 8192];
        if let Ok(1..) = stream.read(&mut request).await {
            let _ = stream.write_all(data).await;
        }
    }
}

/// A service that says anything: the client's error holds no password, and what comes through the
/// recorder is HTTP.
pub(super) fn answers(data: &[u8]) {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let proxy = Proxy::forwarder(&origin).timeout(Duration::from_millis(500));
        let proxy = proxy.bind("127.0.0.1:0").await.expect("a port");
        let through = proxy.local_addr();
        let talk = async {
            let client = Client::builder(&format!("{origin}/Provider.asmx"), PLANTED);
            let client = client.timeout(Duration::from_millis(500)).build().expect("in order");
            let request =
                Authenticate { login_password: PLANTED.into(), ..Authenticate::default() };
            if let Err(error) = client.call(request).await {
                let shown = format!("{error} {error:#} {error:?} {:?}", error.hint());
                assert!(!holds(shown.as_bytes()), "{shown}");
            }
            let mut stream = TcpStream::connect(through).await.expect("it listens");
            let request =
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
            stream.write_all(request).await.expect("sent");
            let mut answer = Vec::new();
            // Where the service's answer is cut, so is the recorder's; and blank lines before it stay.
            let _ = stream.read_to_end(&mut answer).await;
            let answer = answer.trim_ascii_start();
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
        };
        tokio::select! {
            () = talk => {}
            () = service(listener, data) => unreachable!("it goes on"),
            () = proxy.serve(std::future::pending()) => unreachable!("it goes on"),
        }
    });
}
