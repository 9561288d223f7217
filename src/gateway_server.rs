//! The gateway as an HTTP service: every kind as `POST /v1/OPERATION`, for callers that speak JSON.
//!
//! A [`GatewayServer`] puts a [`Gateway`] at a port. It takes and gives the documents of
//! [`contract::json`](crate::contract::json), for callers with a bearer token ([`Tokens`]).
//!
//! ```no_run
//! use std::path::Path;
//!
//! use external_providers::gateway::Gateway;
//! use external_providers::gateway_server::{GatewayServer, Tokens};
//! use external_providers::host::Settings;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Gateway::load("/etc/external-providers/settings.toml")?;
//! # #[cfg(unix)]
//! gateway.reload_on_sighup()?;
//! let tokens = Tokens::read(Path::new("/etc/external-providers/token"))?;
//! let server = GatewayServer::new(gateway, tokens, Settings::default());
//! server.bind("127.0.0.1:8080").await?.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! | address | what it answers |
//! |---|---|
//! | `POST /v1/OPERATION` | an operation of the contract |
//! | `GET /openapi.json` | [`openapi`]: OpenAPI 3.1, with every status |
//! | `GET /` | a page for people, with examples in three languages |
//! | `GET /healthz` | `ok` as long as the process is up |
//! | `GET /readyz` | `ready`, until the server is being stopped: then 503. A provider that is down does not count: it would take every gateway out of service at once |
//!
//! The last four need no token: they hold nothing that is not in this crate, and those who watch or find out
//! how to call have none yet. Metrics have an address of their own ([`Server::with_metrics`]).
//!
//! A request is an object of variables by their names, `{"loginUsername": "joe", "cf_Serial": "1"}`; where one
//! stands twice, or is a site's own that the contract does not name, a list: `{"variables": [{"key": …,
//! "value": …}]}`. The answer is a [`Document`](crate::contract::json::Document) with status 200, be it yes, no or
//! `declined`, and beside its members
//!
//! - `decidedBy`: `provider`; `settings`, for a cookie that they do not accept; or `nobody`, without
//!   a provider: the answer is then what a help desk does by itself, or the outcome `not-decided` for
//!   logins and registrations.
//! - `user`, of a login that succeeds: `role`, `emailAddress`, `emailVerified`, `displayName`.
//! - `next`, of one that does not: `page` (`form` with `forgotPasswordUrl`, or `redirect` with `url`).
//!
//! Everything else is a problem document (RFC 9457), whose `type` is `urn:external-providers:problem:` and a
//! word, with `blame`, and where they are known `hint`, `pointer` (the member) and, for operations that
//! change something, `sent`: 400 the document (401 no token, 404, 405, 408, 413 for more bytes than the host
//! takes or more than 65 536 values, 415), 500 the settings, 502 and 504 the service, 503
//! its breaker, its limit of calls or that of the server.
//!
//! Limits, slow callers, TLS and the orderly end are the host's, by the same
//! [`Settings`]; `test_form` has no effect. Each call is logged in one line, never with its content.

mod tokens;

mod problem;

mod call;
mod request;

mod examples;
mod openapi;
mod page;
mod schema;

mod answer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hyper::body::Bytes;
use tokio::net::ToSocketAddrs;

pub use openapi::openapi;
pub use schema::schema;
pub use tokens::{TokenError, Tokens};

use crate::contract::OPERATIONS;
use crate::gateway::Gateway;
use crate::host::metrics::Metrics;
use crate::host::{HostError, Server, Settings};
use crate::in_force::InForce;

/// A gateway that can be served. Cheap to clone: clones are the same.
#[derive(Clone)]
pub struct GatewayServer(Arc<Serving>);

/// What all connections share.
struct Serving {
    gateway: Gateway,
    tokens: InForce<Tokens>,
    settings: Settings,
    metrics: Arc<Metrics>,
    openapi: Bytes,
}

/// The same at one port, which may be stopped while others are served.
#[derive(Debug)]
struct Port {
    serving: Arc<Serving>,
    stopping: AtomicBool,
}

impl GatewayServer {
    /// For callers with one of these tokens.
    pub fn new(gateway: Gateway, tokens: Tokens, settings: Settings) -> Self {
        Self(Arc::new(Serving {
            gateway,
            tokens: InForce::new(tokens),
            settings,
            metrics: Arc::new(Metrics::new(OPERATIONS.iter())),
            openapi: openapi().to_string().into(),
        }))
    }

    /// Takes other tokens from now on.
    pub fn replace_tokens(&self, tokens: Tokens) {
        let replaced = self.0.tokens.replace(|_| Ok::<_, std::convert::Infallible>(tokens));
        let Ok(()) = replaced;
    }

    /// Opens a port (0: any that is free); the server's `serve` answers there.
    ///
    /// # Errors
    ///
    /// [`HostError::Bind`] and [`HostError::Thread`].
    pub async fn bind<A: ToSocketAddrs + fmt::Display>(
        &self,
        address: A,
    ) -> Result<Server, HostError> {
        let port = Port { serving: Arc::clone(&self.0), stopping: AtomicBool::new(false) };
        Server::bind(Arc::new(port), address).await
    }

    /// What [`Server::with_metrics`] shows, for an endpoint of the program's own.
    pub fn metrics(&self) -> String {
        self.0.metrics.all()
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewayServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayServer").field("gateway", &self.0.gateway).finish_non_exhaustive()
    }
}
