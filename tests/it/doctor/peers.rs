//! Services for the doctor: our own host, the same seen through a distorting glass, and peers that
//! answer as they are told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use external_providers::host::{Host, Tls};
use external_providers::sample;

use crate::support::Folder;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn is_get(&self) -> bool {
        self.head.starts_with("GET ")
    }

    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What a peer does with `Expect: 100-continue`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Expect {
    /// It asks for the body.
    Continue,
    /// It answers 417.
    Refuse,
    /// It waits for the body.
    Wait,
    /// It closes the connection.
    Break,
}

/// Reads one request; `None` at the end of the connection.
fn read(stream: &mut (impl Read + Write), expect: Expect) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let mut asked = false;
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
                .unwrap_or(0);
            let chunked = lower.contains("transfer-encoding: chunked");
            let body = bytes[end + 4..].to_vec();
            if lower.contains("expect:") && !std::mem::replace(&mut asked, true) {
                match expect {
                    Expect::Continue => stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?,
                    Expect::Refuse => {
                        stream.write_all(&respond("417 Expectation Failed", "", b"")).ok()?;
                        return None;
                    }
                    Expect::Wait => {}
                    Expect::Break => return None,
                }
            }
            if (chunked && body.ends_with(b"0\r\n\r\n")) || (!chunked && body.len() >= length) {
                return Some(Request { head, body });
            }
        }
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
    }
}

/// A peer that answers each request with what the function makes of it.
pub(crate) fn serve(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    serve_expecting(Expect::Continue, answer)
}

pub(crate) fn serve_expecting(
    expect: Expect,
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> SocketAddr {
    accept(move |mut stream| converse(&mut stream, expect, &answer))
}

/// A peer with one thread: it serves a connection until that is closed, and then the next.
pub(crate) fn serve_in_turn(
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            converse(&mut stream.unwrap(), Expect::Continue, &answer);
        }
    });
    address
}

/// The same behind TLS.
pub(crate) fn serve_tls(
    config: Arc<rustls::ServerConfig>,
    answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> SocketAddr {
    accept(move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = rustls::StreamOwned::new(connection, stream);
        converse(&mut tls, Expect::Continue, &answer);
    })
}

fn accept(speak: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let speak = Arc::new(speak);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let speak = Arc::clone(&speak);
            std::thread::spawn(move || stream.map(|stream| speak(stream)));
        }
    });
    address
}

fn converse(
    stream: &mut (impl Read + Write),
    expect: Expect,
    answer: &impl Fn(&Request) -> Vec<u8>,
) {
    while let Some(request) = read(stream, expect) {
        if stream.write_all(&answer(&request)).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

pub(crate) fn respond(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The password of the sample.
pub(crate) const PASSWORD: &str = "s3cret";

/// A self-signed certificate for a name, in files.
pub(crate) struct Certificate {
    folder: Folder,
    pub(crate) pem: String,
}

impl Certificate {
    pub(crate) fn new(name: &str, edit: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        edit(&mut params);
        // RSA is what old servers have, but ring makes none: openssl does, where it matters.
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let folder = Folder::new("check");
        folder.file("certificate.pem", &pem);
        folder.file("key.pem", key.serialize_pem());
        Self { folder, pem }
    }

    pub(crate) fn tls(&self) -> Tls {
        let file = |name| self.folder.0.join(name);
        Tls::read(&file("certificate.pem"), &file("key.pem")).unwrap()
    }
}

pub(crate) fn run(host: Host, tls: Option<Tls>) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut server = host.bind("127.0.0.1:0").await.unwrap();
            if let Some(tls) = tls {
                server = server.with_tls(tls);
            }
            send.send(server.local_addr()).unwrap();
            server.serve(std::future::pending()).await;
        });
    });
    receive.recv().unwrap()
}

/// The sample provider in this namespace: `/Provider.asmx` and `/Extended.asmx`.
pub(crate) fn sample_host(namespace: &str) -> SocketAddr {
    let services = sample::services(PASSWORD, namespace);
    run(Host::builder().services(services).build().unwrap(), None)
}

/// The same behind TLS.
pub(crate) fn tls_host(tls: Tls) -> SocketAddr {
    let services = sample::services(PASSWORD, "http://tempuri.org/");
    run(Host::builder().services(services).build().unwrap(), Some(tls))
}

/// A service behind a glass that changes requests on the way in and answers on the way out.
pub(crate) fn distorted(
    behind: SocketAddr,
    request: impl Fn(String) -> String + Send + Sync + 'static,
    answer: impl Fn(String) -> String + Send + Sync + 'static,
) -> SocketAddr {
    serve(move |seen| {
        let body = request(String::from_utf8(seen.body.clone()).unwrap());
        let mut head = String::new();
        for line in request(seen.head.clone()).lines() {
            let lower = line.to_ascii_lowercase();
            if !lower.starts_with("content-length:") && !lower.starts_with("connection:") {
                head.push_str(&format!("{line}\r\n"));
            }
        }
        let length = body.len();
        let mut stream = TcpStream::connect(behind).unwrap();
        let message = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(message.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let body = answer(body.to_owned());
        let mut lines = head.lines();
        let status = lines.next().unwrap().trim_start_matches("HTTP/1.1 ").to_owned();
        let headers: String = lines
            .filter(|line| {
                let lower = line.to_ascii_lowercase();
                !lower.starts_with("content-length:") && !lower.starts_with("connection:")
            })
            .map(|line| format!("{line}\r\n"))
            .collect();
        respond(&status, &headers, body.as_bytes())
    })
}
