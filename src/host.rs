//! A host for external providers that answers as ASP.NET's ASMX services do, so that no caller can
//! tell the difference.
//!
//! A [`Service`] is one path with its providers; a [`Host`] is any number of them; [`Host::bind`]
//! opens a port and [`Server::serve`] answers there until it is told to stop.
//!
//! ```no_run
//! # use external_providers::host::{Host, Service};
//! # async fn run(directory: impl external_providers::contract::LoginProvider + 'static)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::new("/Provider.asmx", "web service password").login(directory);
//! let server = Host::builder().service(service).build()?.bind("127.0.0.1:8080").await?;
//! server.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! A provider's method answers, declines (a [`Failure`](crate::contract::Failure) becomes
//! `Success=false`) or fails: any error becomes the SOAP fault that ASMX makes of an exception, and a
//! panic is that call's fault and nobody else's problem.
//!
//! Beside the calls, `GET` is answered as ASP.NET does: `?WSDL`, `?disco`, a page with all operations,
//! and one for each (`?op=StartTicket`), from which people on the same machine may try those that read
//! (see [`TestForm`]: not through a proxy, from another site's page, or under a host name that is neither
//! an address nor `localhost`). `GET /healthz` is answered `ok`, and 503 once the host was told to
//! stop ([`Settings::drain`]). Every limit is one of [`Settings`]; what goes beyond is answered 503. There is no `Server` header, and `X-AspNet-Version` is in title
//! case. Each call is logged in one line (kind, operation, outcome, duration, sizes, caller), never
//! with a message's content.

mod settings;

mod network;

mod error;

mod operate;
pub(crate) mod outcome;
mod passwords;
mod raw;

mod service;

mod endpoint;

pub(crate) mod panic;

mod aspnet;

mod activity;
mod listener;
mod reaper;
pub(crate) mod server;
mod tls;

mod connection;
pub(crate) mod request;
pub(crate) mod site;

pub(crate) mod body;
pub(crate) mod host_header;

#[cfg(feature = "tower")]
mod mount;

mod metadata;

pub(crate) mod html;
mod pages;
mod test_form;
mod wsdl;

mod log;
pub(crate) mod metrics;
mod scrape;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use endpoint::Endpoint;
use metrics::Metrics;
use site::Site;

pub use crate::contract::BoxFuture;
pub use error::HostError;
#[cfg(feature = "tower")]
pub use mount::{AnswerBody, MountedHost};
pub use network::{Network, NetworkError};
pub use raw::{RawAnswer, RawCall, RawError, RawProvider};
pub use server::Server;
pub use service::Service;
pub use settings::{Settings, TestForm};
pub use tls::Tls;

use crate::contract::OPERATIONS;
use crate::http::{HttpRequest, HttpResponse};
use crate::soap::Limits;

/// Services that were found to be in order, ready to be bound to an address.
#[derive(Clone)]
pub struct Host(Arc<Hosting>);

/// What all connections share.
struct Hosting {
    open: RwLock<Arc<Open>>,
    settings: Settings,
    metrics: Arc<Metrics>,
    /// Was the host told to stop?
    stopping: AtomicBool,
}

/// What is open, and to whom. Calls keep what they began with.
struct Open {
    services: Vec<Endpoint>,
    /// Nobody else may call; `None`: everybody may.
    allow: Option<Vec<Network>>,
    /// Pages at paths of their own.
    site: Option<Arc<dyn Site>>,
}

impl Hosting {
    fn open(&self) -> Arc<Open> {
        // Nothing panics under this lock.
        Arc::clone(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Hosting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosting").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    /// Starts with no service and the default settings.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// What the service at the request's path answers to a SOAP message, without any network: the
    /// function that [`Server`] wraps in HTTP. `None` if there is no service at that path.
    pub async fn answer(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let path = request.target.split(['?', '#']).next().unwrap_or_default();
        let open = self.0.open();
        let service = open.services.iter().find(|s| s.path.eq_ignore_ascii_case(path))?;
        Some(service.answer(request).await)
    }

    /// Opens other services in place of those that are open, to those whom the builder lets in, all
    /// at once. Calls under way end as they began; settings stay as they are, and so does what was
    /// counted (operations that are not of the contract are counted if they were there at first).
    ///
    /// # Errors
    ///
    /// Of [`HostBuilder::build`]. What is open stays as it is.
    pub fn replace(&self, with: HostBuilder) -> Result<(), HostError> {
        let open = Arc::new(with.open(self.0.settings.limits())?);
        let mut current = self.0.open.write().unwrap_or_else(PoisonError::into_inner);
        // What was open is dropped when the lock is free again.
        let _before = std::mem::replace(&mut *current, open);
        drop(current);
        Ok(())
    }
}

impl Host {
    /// What [`Server::with_metrics`] shows, for an endpoint of the program's own: Prometheus' text
    /// format, version 0.0.4.
    pub fn metrics(&self) -> String {
        self.0.metrics.all()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let open = self.0.open();
        let paths = open.services.iter().map(|service| &service.path).collect::<Vec<_>>();
        f.debug_struct("Host").field("services", &paths).finish_non_exhaustive()
    }
}

/// Collects services and settings.
#[derive(Default)]
pub struct HostBuilder {
    services: Vec<Service>,
    settings: Settings,
    allow: Option<Vec<Network>>,
    site: Option<Arc<dyn Site>>,
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { services, settings, allow, .. } = self;
        let mut shown = f.debug_struct("HostBuilder");
        shown.field("services", services).field("settings", settings).field("allow", allow);
        shown.finish_non_exhaustive()
    }
}

impl HostBuilder {
    /// Adds a service.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// Adds several services.
    #[must_use]
    pub fn services(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services.extend(services);
        self
    }

    /// Replaces the settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Lets nobody in but callers from these networks; others are answered 403. By default everybody
    /// may call. Behind a proxy whose `X-Forwarded-For` is believed
    /// ([`Settings::trust_forwarded`]), the caller is the last one that it names.
    #[must_use]
    pub fn allow(mut self, networks: Vec<Network>) -> Self {
        self.allow = Some(networks);
        self
    }

    /// Has pages answered at paths that no service has.
    pub(crate) fn site(mut self, site: Arc<dyn Site>) -> Self {
        self.site = Some(site);
        self
    }

    /// Checks it all.
    pub fn build(self) -> Result<Host, HostError> {
        let settings = self.settings.clone();
        let open = self.open(settings.limits())?;
        let operations = open.services.iter().flat_map(|service| &service.operations);
        let metrics = Metrics::new(operations.map(|o| o.info).chain(OPERATIONS));
        let (open, metrics) = (RwLock::new(Arc::new(open)), Arc::new(metrics));
        let stopping = AtomicBool::new(false);
        Ok(Host(Arc::new(Hosting { open, settings, metrics, stopping })))
    }

    fn open(self, limits: Limits) -> Result<Open, HostError> {
        if self.services.is_empty() {
            return Err(HostError::NoService);
        }
        let mut services: Vec<Endpoint> = Vec::with_capacity(self.services.len());
        for service in self.services {
            let service = service.open(limits)?;
            if services.iter().any(|other| other.path.eq_ignore_ascii_case(&service.path)) {
                return Err(HostError::DuplicatePath { path: service.path });
            }
            services.push(service);
        }
        Ok(Open { services, allow: self.allow, site: self.site })
    }
}
