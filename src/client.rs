//! The typed client: calls a provider service as the help desk does.
//!
//! [`Client::new`] has all defaults, [`Client::builder`] takes what a deployment needs. Of a service
//! whose names are not known, the WSDL tells operation, namespace and action:
//!
//! ```no_run
//! use external_providers::Client;
//! use external_providers::contract::{GetUserInfo, Kind, Operation as _};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let builder = Client::builder("https://crm.example.com/Extended.asmx", "the web service password");
//! let discovery = builder.discover().await?;
//! let client = discovery.apply(Kind::UserInformation, builder)?.build()?;
//! let answer = client.call(GetUserInfo::default()).await?;
//! // Or, where the name is known:
//! let builder = Client::builder("https://crm.example.com/Extended.asmx", "the web service password")
//!     .operation_name(GetUserInfo::NAME, "LookupCustomer");
//! # Ok(())
//! # }
//! ```
//!
//! A [`CallError`] says whose fault it was, and [`CallError::hint`] what to do about it.

mod builder;
#[cfg(feature = "record")]
mod destination;
mod discover;
mod error;
pub(crate) mod remedy;
#[cfg(feature = "tower")]
mod stack;
mod stream;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

pub use crate::http::{Transport, TransportError, TransportErrorKind};
pub use crate::tls::{ClientCertificate, ClientCertificateError};
pub use builder::{BuildError, ClientBuilder};
#[cfg(feature = "record")]
pub(crate) use destination::{Destination, Sameness};
pub use discover::{DiscoverError, Discovery};
pub use error::CallError;
#[cfg(feature = "tower")]
pub use stack::{StackBody, StackTransport};
pub(crate) use stream::Stream;
pub use transport::HttpTransport;

use crate::contract::raw::{Presence, RawInputs, RawResult};
use crate::contract::{Answer, Operation, Secrets};
use crate::secret::{Mask, Secret};
use crate::soap::Binding;

/// Calls one provider service.
///
/// ```no_run
/// use external_providers::Client;
/// use external_providers::contract::{Authenticate, Authentication};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new("https://crm.example.com/Provider.asmx", "the web service password")?;
/// let answer = client
///     .call(Authenticate {
///         login_username: "myusername".into(),
///         login_password: "mypassword".into(),
///         ..Default::default()
///     })
///     .await?;
/// match answer.result {
///     Authentication::Authenticated { display_name, .. } => println!("hello {display_name:?}"),
///     Authentication::Refused => println!("no: {:?}", answer.message),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Cheap to keep: connections are reused while they are young (10 s), since IIS and proxies close
/// idle ones. Nothing is ever sent twice: no retries, no redirects. Calls may run at the same time.
///
/// A clone is cheap and shares the connections.
#[derive(Clone)]
pub struct Client<T = HttpTransport> {
    transport: T,
    service: Arc<Callee>,
}

/// What all clones of a client know of the service.
struct Callee {
    binding: Binding,
    target: String,
    password: Option<Secret>,
    /// The proxy's, which may come back in its error page.
    proxy_password: Option<Secret>,
}

impl<T: fmt::Debug> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The target is left out: a query may carry a secret.
        f.debug_struct("Client")
            .field("transport", &self.transport)
            .field("namespace", &self.service.binding.namespace())
            .field("version", &self.service.binding.version())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with all defaults: namespace `http://tempuri.org/`, SOAP 1.1, the platform's TLS
    /// roots, and the time-outs of [`ClientBuilder`].
    pub fn new(url: &str, password: impl Into<Secret>) -> Result<Self, BuildError> {
        Self::builder(url, password).build()
    }

    /// A client of the service at `url` with its web service password.
    pub fn builder(url: &str, password: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(url, Some(password.into()))
    }
}

impl Client {
    /// The same over the connections of another client of the same service: a server that serves one
    /// connection at a time keeps those of a second client waiting.
    pub(crate) fn sharing(mut self, other: &Self) -> Self {
        self.transport.client = other.transport.client.clone();
        self
    }
}

impl<T: Transport> Client<T> {
    /// The same client over another transport: a recorder, a test double.
    pub fn over<U: Transport>(self, wrap: impl FnOnce(T) -> U) -> Client<U> {
        Client { transport: wrap(self.transport), service: self.service }
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Path and query, as the request line has them.
    pub(crate) fn target(&self) -> &str {
        &self.service.target
    }

    /// Namespace and SOAP version.
    pub fn binding(&self) -> &Binding {
        &self.service.binding
    }

    /// Calls an operation. The answer is given as it came, passwords in it included.
    ///
    /// # Errors
    ///
    /// Every variant of [`CallError`]; `CallError::Failure` is the provider's own `Success=false`.
    /// No error carries a password.
    pub async fn call<O: Operation>(&self, request: O) -> Result<Answer<O::Result>, CallError> {
        let started = Instant::now();
        let result = self.call_once(&request).await;
        match &result {
            Ok(_) => tracing::debug!(
                operation = O::NAME,
                kind = %O::KIND,
                elapsed_ms = started.elapsed().as_millis() as u64,
                "call answered"
            ),
            Err(error) => tracing::debug!(
                operation = O::NAME,
                kind = %O::KIND,
                elapsed_ms = started.elapsed().as_millis() as u64,
                error = %error,
                "call failed"
            ),
        }
        result
    }

    async fn call_once<O: Operation>(&self, request: &O) -> Result<Answer<O::Result>, CallError> {
        let Callee { binding, target, password, .. } = &*self.service;
        let http = binding.encode_request(target, password.as_ref(), request)?;
        let response = self.transport.send(http).await?;
        // The mask is made only when something goes wrong; until then no text is kept.
        match binding.decode_response::<O>(&response, &Mask::default()) {
            Ok(Ok(answer)) => Ok(answer),
            _ => {
                let mut secrets = Secrets::default();
                request.write_inputs(&mut secrets);
                let mask = self.mask(&secrets);
                match binding.decode_response::<O>(&response, &mask)? {
                    Ok(answer) => Ok(answer),
                    Err(failure) => Err(CallError::Failure(Box::new(failure))),
                }
            }
        }
    }

    /// Calls an operation with raw inputs (`authPW` among them: it is not added), for what the
    /// typed layer has no words for: nil entries, absent lists, null results.
    pub async fn call_raw(
        &self,
        operation: &'static str,
        inputs: Presence<RawInputs>,
    ) -> Result<Presence<RawResult>, CallError> {
        let Callee { binding, target, .. } = &*self.service;
        let http = binding.encode_raw_request(target, operation, &inputs)?;
        let response = self.transport.send(http).await?;
        let mut secrets = Secrets::default();
        if let Presence::Value(RawInputs { input_variables: Presence::Value(list) }) = &inputs {
            list.0.iter().flatten().for_each(|entry| secrets.entry(entry));
        }
        let mask = self.mask(&secrets);
        Ok(binding.decode_raw_response(operation, &response, &mask)?)
    }

    /// A mask for all secrets of a call.
    pub(crate) fn mask(&self, request: &Secrets) -> Mask {
        let Callee { password, proxy_password, .. } = &*self.service;
        Mask::new(request.0.iter().chain(password).chain(proxy_password))
    }
}
