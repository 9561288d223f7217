//! How a request travels, whatever carries it: a client's connection, a recorder, a replay.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{ConnectError, HttpRequest, HttpResponse};
use crate::bounded::in_units;
#[cfg(feature = "tls")]
use crate::tls::TlsError;

/// Carries one request to the service and brings its answer, at most once.
///
/// A reference, a `Box` and an `Arc` of a transport are transports, too; [`DynTransport`] is one for
/// which the type of the transport is not known.
pub trait Transport: Send + Sync {
    /// Sends the request. Its target is a path on the service's own host.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;

    /// Where the service is, `http://host:port`, if it has an address.
    fn origin(&self) -> Option<String> {
        None
    }
}

/// A [`Transport`] as a trait object: `Arc<dyn DynTransport>` and `Box<dyn DynTransport>` are
/// transports. Every transport is one; nobody needs to implement it. Each call costs one allocation
/// and one call by pointer more than the transport itself.
///
/// ```
/// use std::sync::Arc;
///
/// use external_providers::Client;
/// use external_providers::http::DynTransport;
///
/// /// The same type, whatever the calls go through.
/// struct State {
///     crm: Client<Arc<dyn DynTransport>>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new("https://crm.example.com/Provider.asmx", "the web service password")?;
/// let state = State { crm: client.over(|transport| Arc::new(transport) as Arc<dyn DynTransport>) };
/// # Ok(())
/// # }
/// ```
pub trait DynTransport: Send + Sync {
    /// [`Transport::send`].
    fn send_dyn(&self, request: HttpRequest) -> Sending<'_>;

    /// [`Transport::origin`].
    fn origin_dyn(&self) -> Option<String>;
}

/// An answer that is on its way.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

impl<T: Transport> DynTransport for T {
    fn send_dyn(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin(self.send(request))
    }

    fn origin_dyn(&self) -> Option<String> {
        self.origin()
    }
}

impl Transport for dyn DynTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.send_dyn(request).await
    }

    fn origin(&self) -> Option<String> {
        self.origin_dyn()
    }
}

macro_rules! transport_behind {
    ($($pointer:ty),+) => {
        $(impl<T: Transport + ?Sized> Transport for $pointer {
            async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
                T::send(self, request).await
            }

            fn origin(&self) -> Option<String> {
                T::origin(self)
            }
        })+
    };
}

transport_behind!(&T, Box<T>, Arc<T>);

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// The address of the service, without its query, and of the proxy before it.
    pub service: String,
    /// What happened.
    pub kind: TransportErrorKind,
    /// Was the request sent, in whole or in part? If not, it is safe to send it again even if the
    /// operation changes something.
    pub sent: bool,
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host is not known, out of reach, or refuses.
    Connect(ConnectError),
    /// TLS failed: why, and what to do about it.
    #[cfg(feature = "tls")]
    Tls(Box<TlsError>),
    /// No connection within this time.
    ConnectTimeout(Duration),
    /// No whole answer within this time.
    Timeout(Duration),
    /// The connection broke, or what came over it is not HTTP: why.
    Broken(String),
    /// A layer that the program put around the transport gave up, or what is below it: why.
    Layer(String),
    /// A header cannot be written: the namespace holds a character that no header can.
    Header(String),
    /// A replay has no recording that answers the request: what comes nearest.
    NotRecorded(String),
    /// The answer is larger than this.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, kind, sent } = self;
        match kind {
            TransportErrorKind::Connect(cause) => {
                write!(f, "could not connect to {service}: {cause}")?;
            }
            #[cfg(feature = "tls")]
            TransportErrorKind::Tls(cause) if *sent => {
                write!(f, "the connection to {service} broke: {cause}")?;
            }
            #[cfg(feature = "tls")]
            TransportErrorKind::Tls(cause) => {
                write!(f, "could not connect to {service}: {cause}")?;
            }
            TransportErrorKind::ConnectTimeout(after) => {
                write!(f, "could not connect to {service} within {} s", after.as_secs_f64())?;
            }
            TransportErrorKind::Timeout(after) => {
                write!(f, "no answer from {service} within {} s", after.as_secs_f64())?;
            }
            TransportErrorKind::Broken(cause) => {
                write!(f, "the connection to {service} broke: {cause}")?;
            }
            TransportErrorKind::Layer(cause) => {
                write!(f, "no answer from {service}: {cause}")?;
            }
            TransportErrorKind::Header(name) => {
                return write!(f, "the header {name} cannot be sent: look at the namespace");
            }
            TransportErrorKind::NotRecorded(reason) => return f.write_str(reason),
            TransportErrorKind::TooLarge { limit } => {
                return write!(f, "the answer from {service} is larger than {}", in_units(*limit));
            }
        }
        f.write_str(if *sent { " (the request was sent)" } else { " (the request was not sent)" })
    }
}

impl std::error::Error for TransportError {}
