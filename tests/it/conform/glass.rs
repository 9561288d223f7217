//! A glass before a service, through which one thing is seen wrong.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

pub(super) use crate::doctor::peers::Request;
use crate::doctor::peers::serve;

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// `200 OK`
    pub(super) status: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: &str, content_type: &str, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status: status.to_owned(), headers, body: body.as_bytes().to_vec() }
    }

    pub(super) fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn replace(&mut self, from: &str, to: &str) {
        let text = String::from_utf8_lossy(&self.body).replace(from, to);
        self.body = text.into_bytes();
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.headers.iter().any(|(name, _)| name == "Content-Length") {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// What a service answers to a request.
pub(super) fn pass(service: SocketAddr, request: &Request) -> Answer {
    let kept = request.head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !matches!(name.as_str(), "connection" | "expect" | "content-length")
    });
    let chunked = request.head.to_ascii_lowercase().contains("transfer-encoding");
    let length = format!("Content-Length: {}", request.body.len());
    let last = if chunked { vec!["Connection: close"] } else { vec!["Connection: close", &length] };
    let head = kept.chain(last).collect::<Vec<_>>().join("\r\n");
    let mut stream = TcpStream::connect(service).unwrap();
    // A request that is too large is refused before all of it is sent.
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n\r\n", &request.body].concat());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split_once(' ').unwrap().1.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| {
        !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("content-length")
    });
    Answer {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

/// A service whose answers are changed on the way.
pub(super) fn spoiled(
    service: SocketAddr,
    spoil: impl Fn(&Request, &mut Answer) + Send + Sync + 'static,
) -> SocketAddr {
    serve(move |request| {
        let mut answer = pass(service, request);
        spoil(request, &mut answer);
        answer.bytes()
    })
}

/// The text of a request's body.
pub(super) fn text(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

pub(super) fn is_soap_12(request: &Request) -> bool {
    request.head.to_ascii_lowercase().contains("application/soap+xml")
}
