//! Habits of the web server and of what stands before it: chunked requests, `Expect`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::ServerCertVerifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Stream;
use crate::http::HttpRequest;
use crate::reach::tls;
use crate::report::{Finding, Step};
use crate::tls::ClientCertificate;

/// Where to, and with what.
pub(super) struct Habits<'h> {
    pub(super) address: SocketAddr,
    pub(super) host: &'h str,
    /// `Host` as the header has it.
    pub(super) authority: &'h str,
    /// None for plain HTTP.
    pub(super) verifier: Option<Arc<dyn ServerCertVerifier>>,
    pub(super) certificate: Option<&'h ClientCertificate>,
    /// A request for no operation.
    pub(super) request: HttpRequest,
    pub(super) within: Duration,
}

/// A .NET caller waits this long for the answer to its `Expect` before it sends the body.
const DOTNET_WAIT: Duration = Duration::from_millis(350);

const EXPECT_OFF: &str =
    "this client sends none; .NET callers need ServicePointManager.Expect100Continue = false";

impl Habits<'_> {
    pub(super) async fn look(&self) -> Step {
        let mut step = Step::new("http", "");
        let mut words = Vec::new();
        match tokio::time::timeout(self.within, self.chunked()).await {
            Ok(Ok(status)) if matches!(status, 400 | 411 | 413 | 415 | 501) => {
                words.push("refuses chunked requests");
                let text = format!("chunked requests are refused (HTTP {status})");
                step.add(Finding::note("chunked", text).remedy(
                    "this client sends a Content-Length; let a proxy in between not chunk requests (nginx: proxy_request_buffering on)",
                ));
            }
            Ok(Ok(status)) => {
                words.push("takes chunked requests");
                step.details.push(format!("a chunked request is answered with HTTP {status}"));
            }
            Ok(Err(error)) => {
                words.push("refuses chunked requests");
                let text = format!("a chunked request breaks the connection ({error})");
                step.add(Finding::note("chunked", text).remedy(
                    "this client sends a Content-Length; let a proxy in between not chunk requests",
                ));
            }
            Err(_) => {
                words.push("does not answer chunked requests");
                let text = format!("a chunked request is not answered within {:?}", self.within);
                step.add(Finding::note("chunked", text).remedy(
                    "this client sends a Content-Length; let a proxy in between not chunk requests",
                ));
            }
        }
        match tokio::time::timeout(self.within, self.expect()).await {
            Ok(Ok((status, took))) => {
                let ms = took.as_secs_f64() * 1e3;
                step.details.push(format!("Expect is answered with HTTP {status} in {ms:.1} ms"));
                if took >= DOTNET_WAIT {
                    words.push("answers Expect late");
                    step.add(late(format!("the answer to Expect: 100-continue takes {ms:.0} ms")));
                } else if status == 417 {
                    words.push("refuses Expect");
                    let text = "Expect: 100-continue is refused (HTTP 417)";
                    step.add(Finding::warning("expect", text).remedy(EXPECT_OFF));
                } else {
                    words.push("answers Expect at once");
                }
            }
            Ok(Err(error)) => {
                words.push("breaks at Expect");
                let text = format!("Expect: 100-continue breaks the connection ({error})");
                step.add(Finding::warning("expect", text).remedy(EXPECT_OFF));
            }
            Err(_) => {
                words.push("does not answer Expect");
                step.add(late("Expect: 100-continue is not answered".to_owned()));
            }
        }
        step.text = words.join(", ");
        step
    }

    async fn open(&self) -> std::io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.verifier {
            Some(verifier) => {
                let verifier = Arc::clone(verifier);
                Box::new(tls::open(stream, self.host, verifier, self.certificate).await?)
            }
            None => Box::new(stream),
        })
    }

    fn head(&self, more: &str) -> Vec<u8> {
        let mut head =
            format!("POST {} HTTP/1.1\r\nHost: {}\r\n", self.request.target, self.authority)
                .into_bytes();
        for header in self.request.headers.iter() {
            head.extend_from_slice(header.name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(&header.value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(more.as_bytes());
        head.extend_from_slice(b"Connection: close\r\n\r\n");
        head
    }

    /// The status that a chunked request is answered with.
    async fn chunked(&self) -> std::io::Result<u16> {
        let mut stream = self.open().await?;
        let mut message = self.head("Transfer-Encoding: chunked\r\n");
        message.extend_from_slice(format!("{:x}\r\n", self.request.body.len()).as_bytes());
        message.extend_from_slice(&self.request.body);
        message.extend_from_slice(b"\r\n0\r\n\r\n");
        stream.write_all(&message).await?;
        status(&mut stream).await
    }

    /// The status that `Expect` is answered with, be it 100 or the final one, and how long it takes.
    async fn expect(&self) -> std::io::Result<(u16, Duration)> {
        let mut stream = self.open().await?;
        let length = self.request.body.len();
        let head = self.head(&format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"));
        let started = Instant::now();
        stream.write_all(&head).await?;
        stream.flush().await?;
        let status = status(&mut stream).await?;
        let took = started.elapsed();
        if status == 100 {
            // What was promised is sent, so that no half request stays in anybody's log.
            stream.write_all(&self.request.body).await?;
            stream.flush().await?;
        }
        Ok((status, took))
    }
}

fn late(text: String) -> Finding {
    Finding::warning("expect", text).remedy(
        "this client sends none, but .NET callers wait up to 350 ms a call: let the proxy answer it, or set ServicePointManager.Expect100Continue = false there",
    )
}

/// The status code of the next answer.
async fn status(stream: &mut Box<dyn Stream>) -> std::io::Result<u16> {
    /// No status line is longer.
    const LONGEST: usize = 1024;
    let mut bytes = Vec::new();
    let mut buffer = [0; 256];
    let cut = || std::io::Error::other("the connection is closed without an answer");
    loop {
        if let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
            return status
                .filter(|_| line.starts_with("HTTP/"))
                .ok_or_else(|| std::io::Error::other("the answer is not HTTP"));
        }
        if bytes.len() > LONGEST {
            return Err(std::io::Error::other("the answer is not HTTP"));
        }
        match stream.read(&mut buffer).await? {
            0 => return Err(cut()),
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}
