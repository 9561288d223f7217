//! The client of a service, made at once or when the service has been discovered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ServiceError;
use crate::client::{Client, ClientBuilder};
use crate::contract::OperationInfo;
use crate::settings::{ExternalService, Name, default_operation, has_operation_key};
use crate::wsdl::Match;

/// Makes the client of a service, as the settings say. If they say `discover`, the service's WSDL is
/// read for it; otherwise nothing is connected.
///
/// # Errors
///
/// The settings make no client, or what is to be discovered cannot be.
pub async fn client(settings: &ExternalService) -> Result<Client, ServiceError> {
    let mut builder = builder(settings)?;
    if settings.must_discover() {
        let discovery = builder.discover().await?;
        builder = match (&settings.operation, named(settings)) {
            (Name::Is(name), Some(operation)) => {
                let found = discovery.description.found(operation, name, Match::Exact);
                let found = found.ok_or_else(|| ServiceError::NoOperation {
                    name: name.clone(),
                    has: discovery
                        .description
                        .operation_names()
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                })?;
                builder.found(&found)
            }
            _ => discovery.apply(settings.kind, builder)?,
        };
        if let Name::Is(namespace) = &settings.namespace {
            builder = builder.namespace(namespace);
        }
    }
    Ok(builder.build()?)
}

/// The operation whose name the settings may say.
fn named(settings: &ExternalService) -> Option<&'static OperationInfo> {
    if !has_operation_key(settings.kind) {
        return None;
    }
    OperationInfo::named(default_operation(settings.kind))
}

/// How a client of the service is made. What is to be discovered is the default until it is set.
/// What cannot be shows when the client is built.
pub fn client_builder(service: &ExternalService) -> ClientBuilder {
    let mut builder = Client::builder(&service.url, service.password.clone())
        .soap_version(service.soap)
        .absent(service.absent)
        .connect_timeout(service.connect_timeout)
        .timeout(service.timeout)
        .root_certificates(service.root_certificates.as_slice());
    if let Name::Is(namespace) = &service.namespace {
        builder = builder.namespace(namespace);
    }
    if let Some(name) = service.operation_name() {
        builder = builder.operation_name(default_operation(service.kind), name);
    }
    if let Some(fingerprint) = service.trust_fingerprint {
        builder = builder.trust_fingerprint(fingerprint);
    }
    if let Some(certificate) = &service.client_certificate {
        builder = builder.client_certificate(certificate.clone());
    }
    if let Some(proxy) = &service.proxy {
        builder = builder.proxy(proxy.clone());
    }
    #[cfg(feature = "native-tls")]
    {
        builder = builder.native_tls(service.native_tls);
    }
    builder
}

/// The beginning of a client, if one can be made.
fn builder(settings: &ExternalService) -> Result<ClientBuilder, ServiceError> {
    if settings.password.is_empty() {
        return Err(ServiceError::NoPassword);
    }
    if settings.native_tls && cfg!(not(feature = "native-tls")) {
        return Err(ServiceError::NativeTls);
    }
    Ok(client_builder(settings))
}

/// A client that is shared by all calls, or what it takes to get one.
pub(super) struct Link {
    known: Mutex<Known>,
    /// Held by the one call that discovers; with the last failure.
    discovering: tokio::sync::Mutex<Option<ServiceError>>,
    /// How many discoveries failed.
    failures: AtomicU64,
    /// How often what is known was given up.
    renewals: AtomicU64,
}

enum Known {
    /// How to call it.
    Client(Arc<Client>),
    /// It must be discovered; if that fails, as it was before.
    Undiscovered { before: Option<Arc<Client>> },
}

impl Link {
    /// # Errors
    ///
    /// Settings that make no client, also if the service is yet to be discovered.
    pub(super) fn new(settings: &ExternalService) -> Result<Self, ServiceError> {
        let client = builder(settings)?.build()?;
        let known = match settings.must_discover() {
            true => Known::Undiscovered { before: None },
            false => Known::Client(Arc::new(client)),
        };
        Ok(Self {
            known: Mutex::new(known),
            discovering: tokio::sync::Mutex::default(),
            failures: AtomicU64::new(0),
            renewals: AtomicU64::new(0),
        })
    }

    /// What was discovered is discovered anew by the next call.
    pub(super) fn renew(&self, settings: &ExternalService) {
        let mut known = self.known();
        self.renewals.fetch_add(1, Ordering::AcqRel);
        if let Known::Client(client) = &*known
            && settings.must_discover()
        {
            *known = Known::Undiscovered { before: Some(Arc::clone(client)) };
        }
    }

    /// Nothing panics under this lock.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> Option<Arc<Client>> {
        match &*self.known() {
            Known::Client(client) => Some(Arc::clone(client)),
            Known::Undiscovered { .. } => None,
        }
    }

    /// The client. One call discovers the service, the others wait for it and share the outcome; the
    /// next call after a failure tries again.
    pub(super) async fn client(
        &self,
        settings: &ExternalService,
    ) -> Result<Arc<Client>, ServiceError> {
        if let Some(client) = self.ready() {
            return Ok(client);
        }
        let before = self.failures.load(Ordering::Acquire);
        let mut discovering = self.discovering.lock().await;
        if let Some(client) = self.ready() {
            return Ok(client);
        }
        if let Some(error) = &*discovering
            && self.failures.load(Ordering::Acquire) != before
        {
            return Err(error.clone());
        }
        let renewals = self.renewals.load(Ordering::Acquire);
        let result = client(settings).await.map(Arc::new);
        let mut known = self.known();
        let before = match &*known {
            Known::Undiscovered { before } => before.clone(),
            Known::Client(client) => Some(Arc::clone(client)),
        };
        let client = match (result, before) {
            (Ok(client), _) => client,
            (Err(error), Some(before)) => {
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::warn!(
                    kind = %settings.kind, %error, cause, "the service is called as it was before"
                );
                before
            }
            (Err(error), None) => {
                *discovering = Some(error.clone());
                self.failures.fetch_add(1, Ordering::AcqRel);
                return Err(error);
            }
        };
        // What was renewed meanwhile may be newer than what was read.
        *known = match self.renewals.load(Ordering::Acquire) == renewals {
            true => Known::Client(Arc::clone(&client)),
            false => Known::Undiscovered { before: Some(Arc::clone(&client)) },
        };
        Ok(client)
    }
}
