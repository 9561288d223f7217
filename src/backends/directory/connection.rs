//! A connection to a server, over which one operation goes at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Cause;
use super::ber;
use super::message::{self, Answer, BIND_END, EXTENDED_END, Entry, Received, SEARCH_END, Search};
use crate::http::{ConnectError, bare_host};
use crate::secret::Secret;
use crate::tls::{TlsCause, TlsError};

/// Bytes of one message: a user's entry has a few thousand, a group's of many members a few million.
const LARGEST_MESSAGE: usize = 4 << 20;
/// Entries and bytes in answer to one search.
const MOST_ENTRIES: usize = 5000;
const MOST_BYTES: usize = 16 << 20;

/// How passwords are kept from listeners.
#[derive(Clone)]
pub(super) enum Encryption {
    /// TLS from the first byte.
    Tls(Arc<ClientConfig>),
    /// TLS after a word in plain text.
    StartTls(Arc<ClientConfig>),
    /// Not at all.
    No,
}

/// Where a connection leads.
#[derive(Clone)]
pub(super) struct Target {
    /// The host, an IPv6 address in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// An open connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    last_id: u32,
    /// Something was sent whose answer has not come.
    pending: bool,
    /// What was sent at the last bind, and is not shown where the server repeats it.
    password: Option<Secret>,
}

impl Connection {
    /// Connects, in so much time.
    pub(super) async fn open(target: &Target, within: Duration) -> Result<Self, Cause> {
        match timeout(within, dial(target)).await {
            Ok(Ok(stream)) => {
                Ok(Self { stream, buffer: Vec::new(), last_id: 1, pending: false, password: None })
            }
            Ok(Err(cause)) => Err(cause),
            Err(_) => Err(Cause::ConnectTimeout(within)),
        }
    }

    /// Binds, and asks for the state of the password. An empty or blank password is never sent: the
    /// bind would be an anonymous one and succeed (RFC 4513, section 5.1.2).
    pub(super) async fn bind(
        &mut self,
        name: &str,
        password: &Secret,
        within: Duration,
    ) -> Result<Answer, Cause> {
        if name.is_empty() || !is_sendable(password) {
            return Err(Cause::Malformed("an empty name or password is never sent"));
        }
        self.password = Some(password.clone());
        let message = message::bind(self.next_id(), name, password.expose());
        Ok(self.exchange(&message, "the bind", BIND_END, within).await?.1)
    }

    /// Searches; references to other servers are left out.
    pub(super) async fn search(
        &mut self,
        search: &Search<'_>,
        within: Duration,
    ) -> Result<(Vec<Entry>, Answer), Cause> {
        let seconds = u32::try_from(within.as_secs()).unwrap_or(u32::MAX).max(1);
        let message = message::search(self.next_id(), search, seconds);
        self.exchange(&message, "the search", SEARCH_END, within).await
    }

    /// Sends a request, and waits for what comes up to its end.
    async fn exchange(
        &mut self,
        message: &[u8],
        operation: &'static str,
        end: u8,
        within: Duration,
    ) -> Result<(Vec<Entry>, Answer), Cause> {
        self.pending = true;
        let exchange = async {
            let lost = |_| Cause::Lost(operation);
            self.stream.write_all(message).await.map_err(lost)?;
            self.stream.flush().await.map_err(lost)?;
            let (mut entries, mut bytes) = (Vec::new(), 0);
            loop {
                let (id, received) =
                    receive(&mut self.stream, &mut self.buffer, operation, end).await?;
                match received {
                    // An unsolicited notification: the only one that there is says that the server
                    // leaves.
                    _ if id == 0 => return Err(Cause::Lost(operation)),
                    _ if id != self.last_id => {
                        return Err(Cause::Malformed("an answer to something else"));
                    }
                    Received::Answer(mut answer) => {
                        answer.show_without(self.password.as_ref());
                        return Ok((entries, answer));
                    }
                    Received::Entry(entry) => {
                        bytes += entry.size();
                        entries.push(entry);
                        if entries.len() > MOST_ENTRIES || bytes > MOST_BYTES {
                            return Err(Cause::TooMuch("5000 entries or 16 MiB"));
                        }
                    }
                    Received::Other => {}
                }
            }
        };
        let done = timeout(within, exchange).await;
        let done = done.map_err(|_| Cause::Timeout { operation, within })??;
        self.pending = false;
        Ok(done)
    }

    /// Could it be used again? Whatever came unasked, such as a notice of disconnection or an end, says
    /// no.
    pub(super) fn is_idle(&mut self) -> bool {
        let mut byte = [0];
        let mut unasked = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        !self.pending
            && self.buffer.is_empty()
            && matches!(
                Pin::new(&mut *self.stream).poll_read(&mut context, &mut unasked),
                Poll::Pending
            )
    }

    /// Says goodbye; the server closes the connection then.
    pub(super) async fn close(mut self) {
        let message = message::unbind(self.next_id());
        let goodbye = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        // Whether it was heard matters to nobody.
        let _ = timeout(Duration::from_secs(1), goodbye).await;
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id % 0x7fff_ffff + 1;
        self.last_id
    }
}

/// May a password go to a server?
pub(super) fn is_sendable(password: &Secret) -> bool {
    !password.expose().trim().is_empty() && !password.expose().contains('\0')
}

async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    operation: &'static str,
    end: u8,
) -> Result<(u32, Received), Cause> {
    loop {
        if let Some((start, length)) = ber::header(buffer).map_err(Cause::Malformed)? {
            if buffer[0] != 0x30 {
                return Err(Cause::Malformed("something else than a message"));
            }
            if length > LARGEST_MESSAGE {
                return Err(Cause::TooMuch("4 MiB"));
            }
            if let Some(content) = buffer.get(start..start + length) {
                let received = message::read(content, end).map_err(Cause::Malformed)?;
                buffer.drain(..start + length);
                return Ok(received);
            }
        }
        buffer.reserve(4096);
        match stream.read_buf(buffer).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(Cause::Lost(operation)),
        }
    }
}

async fn dial(target: &Target) -> Result<Box<dyn Stream>, Cause> {
    let host = bare_host(&target.host);
    let mut stream = TcpStream::connect((host, target.port))
        .await
        .map_err(|error| Cause::Connect(ConnectError::from(&error)))?;
    // A message is one write; without this, TLS's last words could wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let config = match &target.encryption {
        Encryption::No => return Ok(Box::new(stream)),
        Encryption::Tls(config) => config,
        Encryption::StartTls(config) => {
            start_tls(&mut stream).await?;
            config
        }
    };
    let tls =
        |cause| Cause::Tls(Box::new(TlsError { cause, host: host.to_owned(), fingerprint: None }));
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| tls(TlsCause::Other("the host's name is not one".to_owned())))?;
    match TlsConnector::from(Arc::clone(config)).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            let found = TlsError::below(&error, host).or_else(|| TlsError::closed(&error, host));
            Err(found.map_or_else(
                || tls(TlsCause::Other(error.to_string())),
                |e| Cause::Tls(Box::new(e)),
            ))
        }
    }
}

async fn start_tls(stream: &mut TcpStream) -> Result<(), Cause> {
    const START_TLS: &str = "StartTLS";
    let sent = stream.write_all(&message::start_tls(1)).await;
    sent.map_err(|_| Cause::Lost(START_TLS))?;
    let mut buffer = Vec::new();
    match receive(stream, &mut buffer, START_TLS, EXTENDED_END).await? {
        (1, Received::Answer(answer)) if answer.code == 0 => {}
        (1, Received::Answer(mut answer)) => {
            answer.show_without(None);
            return Err(Cause::StartTls(answer.to_string()));
        }
        _ => return Err(Cause::Malformed("another answer to StartTLS")),
    }
    // Whatever stands behind it was put there by somebody on the way.
    match buffer.is_empty() {
        true => Ok(()),
        false => Err(Cause::Malformed("more in plain text than the answer to StartTLS")),
    }
}
