//! A web service with what is its own: client, limit of calls, breaker.

use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::Breaker;
use super::{ServiceError, Trouble};
use crate::client::{CallError, Client, TransportErrorKind};
use crate::contract::{Answer, Effect, Kind, Operation};
use crate::settings::External;
use crate::soap::NotSoap;

/// The pause before a call is tried again; doubled each time.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Remote {
    settings: External,
    client: Client,
    slots: Semaphore,
    breaker: Breaker,
}

impl Remote {
    pub(super) fn new(kind: Kind, settings: &External) -> Result<Self, ServiceError> {
        if settings.kind != kind {
            return Err(ServiceError::OtherKind(settings.kind));
        }
        let client = client(settings)?;
        let slots = settings.max_calls.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            settings: settings.clone(),
            client,
            slots: Semaphore::new(slots),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause),
        })
    }

    /// Is it made for these settings?
    pub(super) fn is_for(&self, settings: &External) -> bool {
        self.settings == *settings
    }

    /// Calls an operation, within the limits, and again where that is safe.
    pub(super) async fn call<T: Operation + Clone>(
        &self,
        request: T,
    ) -> Result<Answer<T::Result>, Trouble> {
        // Known before the wait for a turn: an open breaker fails at once.
        if let Some(retry_in) = self.breaker.refuses(Instant::now()) {
            return Err(Trouble::Open { retry_in });
        }
        let _slot = self.slot().await?;
        let (mut left, mut pause) = (self.settings.retries, RETRY_PAUSE);
        while left > 0 {
            match self.attempt(request.clone()).await {
                Err(Trouble::Call(error)) if may_repeat::<T>(&error) => {
                    // Others may have opened the breaker meanwhile: then this was the last word.
                    if self.breaker.refuses(Instant::now()).is_some() {
                        return Err(Trouble::Call(error));
                    }
                    tracing::debug!(kind = %T::KIND, operation = T::NAME, %error, "trying again");
                    tokio::time::sleep(pause).await;
                    (left, pause) = (left - 1, pause * 2);
                }
                result => return result,
            }
        }
        self.attempt(request).await
    }

    /// Waits for a turn, not longer than the settings say.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, Trouble> {
        let (max_calls, waited) = (self.settings.max_calls, self.settings.max_wait);
        let busy = Trouble::Busy { max_calls, waited };
        if waited.is_zero() {
            return self.slots.try_acquire().map_err(|_| busy);
        }
        match tokio::time::timeout(waited, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(busy),
        }
    }

    async fn attempt<T: Operation>(&self, request: T) -> Result<Answer<T::Result>, Trouble> {
        let permit =
            self.breaker.admit(Instant::now()).map_err(|retry_in| Trouble::Open { retry_in })?;
        let result = self.client.call(request).await;
        match &result {
            Err(error) if is_silence(error) => {
                if permit.failed(Instant::now()) {
                    tracing::warn!(
                        kind = %T::KIND,
                        service = self.settings.shown_url(),
                        pause_ms = self.settings.breaker_pause.as_millis() as u64,
                        "the service does not answer: calls fail at once for now"
                    );
                }
            }
            // Nothing was tried: it says nothing about the service.
            Err(CallError::Encode(_)) => drop(permit),
            Ok(_) | Err(_) => permit.answered(),
        }
        Ok(result?)
    }
}

/// The client of a service, by its settings.
pub(super) fn client(settings: &External) -> Result<Client, ServiceError> {
    if settings.password.is_empty() {
        return Err(ServiceError::NoPassword);
    }
    if settings.native_tls && cfg!(not(feature = "native-tls")) {
        return Err(ServiceError::NativeTls);
    }
    Ok(settings.client_builder().build()?)
}

/// Did the service itself say nothing? An answer that is too large, a fault, a failure are answers;
/// a gateway that cannot reach the service is none.
fn is_silence(error: &CallError) -> bool {
    match error {
        CallError::Transport(error) => !matches!(
            error.kind,
            TransportErrorKind::TooLarge { .. } | TransportErrorKind::Header(_)
        ),
        CallError::NotSoap(answer) => {
            let NotSoap { status, .. } = **answer;
            matches!(status, 502..=504)
        }
        _ => false,
    }
}

/// May the call be made again? It must have failed at the connection, and either only read or
/// provably not have been sent (contract, section 3). Not after a time-out: it took long enough.
fn may_repeat<T: Operation>(error: &CallError) -> bool {
    let CallError::Transport(error) = error else { return false };
    let connection =
        matches!(error.kind, TransportErrorKind::Connect(_) | TransportErrorKind::Broken(_));
    connection && (T::EFFECT == Effect::Reads || !error.sent)
}
