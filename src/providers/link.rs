//! The client of a service, made at once or when the service has been discovered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::ServiceError;
use crate::client::{Client, ClientBuilder};
use crate::contract::OperationInfo;
use crate::settings::{External, Name, default_operation, has_operation_key};
use crate::wsdl::Match;

/// Makes the client of a service, as the settings say. If they say `discover`, the service's WSDL is
/// read for it; otherwise nothing is connected.
///
/// # Errors
///
/// The settings make no client, or what is to be discovered cannot be.
pub async fn client(settings: &External) -> Result<Client, ServiceError> {
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
fn named(settings: &External) -> Option<&'static OperationInfo> {
    if !has_operation_key(settings.kind) {
        return None;
    }
    OperationInfo::named(default_operation(settings.kind))
}

/// The beginning of a client, if one can be made.
fn builder(settings: &External) -> Result<ClientBuilder, ServiceError> {
    if settings.password.is_empty() {
        return Err(ServiceError::NoPassword);
    }
    if settings.native_tls && cfg!(not(feature = "native-tls")) {
        return Err(ServiceError::NativeTls);
    }
    Ok(settings.client_builder())
}

/// A client that is shared by all calls, or what it takes to get one.
pub(super) struct Link {
    client: Mutex<Option<Arc<Client>>>,
    /// Is it made by discovery?
    discovered: bool,
    /// Held by the one call that discovers; with the last failure.
    discovering: tokio::sync::Mutex<Option<ServiceError>>,
    /// How many discoveries failed.
    failures: AtomicU64,
}

impl Link {
    /// # Errors
    ///
    /// Settings that make no client, also if the service is yet to be discovered.
    pub(super) fn new(settings: &External) -> Result<Self, ServiceError> {
        let (client, discovered) = (builder(settings)?.build()?, settings.must_discover());
        Ok(Self {
            client: Mutex::new((!discovered).then(|| Arc::new(client))),
            discovered,
            discovering: tokio::sync::Mutex::default(),
            failures: AtomicU64::new(0),
        })
    }

    /// What was discovered is forgotten.
    pub(super) fn forget(&self) {
        if self.discovered {
            self.put(None);
        }
    }

    fn ready(&self) -> Option<Arc<Client>> {
        // Nothing panics under this lock.
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, client: Option<Arc<Client>>) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// The client. One call discovers the service, the others wait for it and share the outcome; the
    /// next call after a failure tries again.
    pub(super) async fn client(&self, settings: &External) -> Result<Arc<Client>, ServiceError> {
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
        match client(settings).await {
            Ok(client) => {
                let client = Arc::new(client);
                self.put(Some(Arc::clone(&client)));
                Ok(client)
            }
            Err(error) => {
                *discovering = Some(error.clone());
                self.failures.fetch_add(1, Ordering::AcqRel);
                Err(error)
            }
        }
    }
}
