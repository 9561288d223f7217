//! An endpoint that answers as it is told, and keeps what it is asked.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use external_providers::json_provider::{JsonProvider, JsonProviderSettings};
use tokio::net::TcpSocket;

use crate::doctor::peers::{Request, respond, serve};

/// The head of a JSON answer.
pub(super) const JSON: &str = "Content-Type: application/json\r\n";

/// An endpoint that says the same to everybody.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    asked: Receiver<Request>,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Endpoint {
    pub(super) fn new(answer: &str) -> Self {
        Self::saying(respond("200 OK", JSON, answer.as_bytes()))
    }

    /// With a whole answer of HTTP.
    pub(super) fn saying(answer: Vec<u8>) -> Self {
        let (send, asked) = channel();
        let answer = Arc::new(Mutex::new(answer));
        let (now, send) = (Arc::clone(&answer), Mutex::new(send));
        let address = serve(move |request| {
            send.lock().unwrap().send(request.clone()).unwrap();
            now.lock().unwrap().clone()
        });
        Self { address, asked, answer }
    }

    /// From now on it says this.
    pub(super) fn says(&self, status: &str, headers: &str, body: impl AsRef<[u8]>) {
        *self.answer.lock().unwrap() = respond(status, headers, body.as_ref());
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/providers/{{operation}}", self.address)
    }

    pub(super) fn settings(&self) -> JsonProviderSettings {
        JsonProviderSettings::new(self.url())
    }

    pub(super) fn provider(&self) -> JsonProvider {
        JsonProvider::new(self.settings()).unwrap()
    }

    /// What it was asked since the last time, head and body.
    pub(super) fn asked(&self) -> Vec<(String, String)> {
        let texts = |request: Request| (request.head, String::from_utf8(request.body).unwrap());
        self.asked.try_iter().map(texts).collect()
    }

    /// The body of the one request since the last time.
    pub(super) fn asked_once(&self) -> String {
        let [(_, body)] = <[_; 1]>::try_from(self.asked()).unwrap();
        body
    }
}

/// A port that nobody can connect to, and nobody else can have, until it listens.
pub(super) fn closed() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A header's value.
pub(super) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}
