//! Exchanges with the service, on connections of their own.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::message::{Delivery, Message};
use crate::client::Stream;
use crate::http::HttpResponse;
use crate::http1::{Limits, Wire, read_answer};
use crate::record::upstream::Upstream;

/// What a .NET caller waits for the answer to its `Expect` (wsdl/ASMX.md, section 5).
pub(super) const DOTNET_WAIT: Duration = Duration::from_millis(350);

/// Bytes of an answer that are read.
const LARGEST: usize = 16 << 20;

/// Bytes of an interim answer.
const INTERIM: usize = 4 << 10;

/// A request and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) sent: Message,
    pub(super) got: Result<Got, String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) response: HttpResponse,
    /// When `100 Continue` came, of a request that asked for it.
    pub(super) continued: Option<Duration>,
}

/// What a service is sent, and how long it may take.
pub(super) struct Sender<'s> {
    pub(super) upstream: &'s Upstream,
    pub(super) within: Duration,
}

impl Sender<'_> {
    /// Sends a message, whose body becomes these bytes.
    pub(super) async fn exchange(&self, message: Message, body: &[u8]) -> Exchange {
        let got = match timeout(self.within, self.send(&message, body)).await {
            Ok(got) => got,
            Err(_) => Err(format!("no answer came within {} s", self.within.as_secs_f64())),
        };
        Exchange { sent: message, got }
    }

    async fn send(&self, message: &Message, body: &[u8]) -> Result<Got, String> {
        let mut wire = self.upstream.wire().await?;
        let head = self.head(message, body.len());
        let mut continued = None;
        match message.delivery {
            Delivery::Whole => self.write(&mut wire, &[&head, body].concat()).await?,
            Delivery::Twice => {
                let both = [&head, body].concat();
                self.write(&mut wire, &both).await?;
                let first = self.read(&mut wire, message).await?;
                if !first.1 {
                    // It says that it closes, as it may.
                    return Ok(Got { response: first.0, continued: None });
                }
                let again = async {
                    self.write(&mut wire, &both).await?;
                    self.read(&mut wire, message).await
                };
                return match again.await {
                    Ok((response, _)) => Ok(Got { response, continued: None }),
                    Err(error) => Err(format!("to the second request on the connection: {error}")),
                };
            }
            Delivery::Chunked => {
                let (one, other) = body.split_at(body.len() / 2);
                let chunk = |piece: &[u8]| {
                    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
                };
                let all = [head, chunk(one), chunk(other), b"0\r\n\r\n".to_vec()].concat();
                self.write(&mut wire, &all).await?;
            }
            Delivery::Paused => {
                self.write(&mut wire, &head).await?;
                sleep(DOTNET_WAIT).await;
                self.write(&mut wire, body).await?;
            }
            Delivery::Expecting => {
                self.write(&mut wire, &head).await?;
                let started = Instant::now();
                let said = timeout(DOTNET_WAIT, wire.take(INTERIM)).await;
                if let Ok(Ok(said)) = &said {
                    if !said.starts_with(b"HTTP/1.1 100 ") {
                        let line = said.split(|b| *b == b'\r').next().unwrap_or_default();
                        let line: String = String::from_utf8_lossy(line).chars().take(80).collect();
                        return Err(format!("Expect: 100-continue is answered \"{line}\""));
                    }
                    continued = Some(started.elapsed());
                }
                self.write(&mut wire, body).await?;
            }
        }
        let (response, _) = self.read(&mut wire, message).await?;
        Ok(Got { response, continued })
    }

    fn head(&self, message: &Message, length: usize) -> Vec<u8> {
        let mut head = format!(
            "{} {} {}\r\nHost: {}\r\n",
            message.method, message.target, message.http, self.upstream.authority
        );
        for (name, value) in &message.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match message.delivery {
            Delivery::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
            _ if message.method == "POST" || length > 0 => {
                head.push_str(&format!("Content-Length: {length}\r\n"));
            }
            _ => {}
        }
        // Servers that serve one connection at a time must not be kept waiting.
        if !matches!(message.delivery, Delivery::Twice | Delivery::Paused | Delivery::Expecting) {
            head.push_str("Connection: close\r\n");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    async fn write(&self, wire: &mut Wire<Box<dyn Stream>>, bytes: &[u8]) -> Result<(), String> {
        // A service may refuse before all is sent; its answer tells more than the broken connection.
        match wire.send(bytes).await {
            Ok(()) => Ok(()),
            Err(_) if bytes.len() > (64 << 10) || wire.has_input() => Ok(()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// The answer, and whether the connection is kept.
    async fn read(
        &self,
        wire: &mut Wire<Box<dyn Stream>>,
        message: &Message,
    ) -> Result<(HttpResponse, bool), String> {
        let limits = Limits { body: LARGEST, ..Limits::default() };
        let answer = read_answer(wire, message.method, &limits).await;
        let answer = answer.map_err(|error| self.broken(&error))?;
        Ok((answer.answered.response, answer.keep_alive))
    }

    fn broken(&self, error: &crate::http1::WireError) -> String {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        format!("no whole answer: {error}{}", cause.unwrap_or_default())
    }
}
