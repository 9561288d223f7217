//! Callers and services that speak raw bytes, for tests of what goes over the wire.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One end of a connection that reads whole messages.
pub(crate) struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads more; false at the end, be it a close or a reset.
    fn more(&mut self) -> bool {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece) {
            Ok(read) => {
                self.buffer.extend_from_slice(&piece[..read]);
                read > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("too slow"),
            Err(_) => false,
        }
    }

    /// Reads until this stands in what came, and takes all up to its end.
    pub(crate) fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(mark.len()).position(|bytes| bytes == mark) {
                return Some(self.buffer.drain(..at + mark.len()).collect());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// A whole message as it came; `None` when the connection ends before.
    pub(crate) fn message(&mut self) -> Option<Vec<u8>> {
        let mut message = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5));
        let bodiless = status.is_some_and(|s| s.starts_with('1') || s == "204" || s == "304");
        let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        if bodiless {
        } else if value("transfer-encoding:").is_some() {
            message.extend(match self.buffer.starts_with(b"0\r\n\r\n") {
                true => self.until(b"0\r\n\r\n")?,
                false => self.until(b"\r\n0\r\n\r\n")?,
            });
        } else if let Some(length) = value("content-length:") {
            let length: usize = length.trim().parse().unwrap();
            while self.buffer.len() < length {
                if !self.more() {
                    return None;
                }
            }
            message.extend(self.buffer.drain(..length));
        } else if status.is_some() {
            message.extend(self.rest());
        }
        Some(message)
    }

    /// The same as text.
    pub(crate) fn text(&mut self) -> String {
        let message = self.message().expect("a message");
        String::from_utf8_lossy(&message).into_owned()
    }

    /// All that comes until the connection ends.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.buffer)
    }

    /// Does the connection end with a reset?
    pub(crate) fn is_reset(&mut self) -> bool {
        let mut piece = [0; 16 << 10];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }
}

/// A service that reads requests and says what it is told to, one answer for each. After the last
/// one, and after an answer with `Connection: close` or without a length, it closes.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    requests: Receiver<Vec<u8>>,
}

impl Service {
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, requests) = channel();
        std::thread::spawn(move || {
            let mut answers = answers.into_iter().peekable();
            while answers.peek().is_some() {
                let mut peer = Peer::new(listener.accept().unwrap().0);
                while answers.peek().is_some() {
                    let Some(request) = peer.message() else { break };
                    let answer = answers.next().unwrap();
                    let _ = tell.send(request);
                    let _ = peer.stream.write_all(&answer);
                    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
                    let framed = head.contains("content-length:")
                        || head.contains("transfer-encoding:")
                        || head.contains(" 204 ")
                        || head.contains(" 304 ");
                    if head.contains("connection: close") || !framed {
                        break;
                    }
                }
            }
        });
        Self { address, requests }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that came, as it came.
    pub(crate) fn request(&self) -> Vec<u8> {
        self.requests.recv_timeout(PATIENCE).expect("a request")
    }

    /// Did nothing more come?
    pub(crate) fn is_silent(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

/// An answer with a length.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A SOAP 1.1 call of the sample provider.
pub(crate) fn call(operation: &str, variables: &[&str]) -> String {
    let strings: String = variables.iter().map(|v| format!("<string>{v}</string>")).collect();
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <{operation} xmlns=\"http://tempuri.org/\"><inputs><InputVariables>{strings}\
         </InputVariables></inputs></{operation}></soap:Body></soap:Envelope>"
    );
    format!(
        "POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml; charset=utf-8\r\n\
         SOAPAction: \"http://tempuri.org/{operation}\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
