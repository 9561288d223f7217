//! A web service with what is its own: client, limit of calls, breaker.

use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::link::Link;
use super::{Cause, ServiceError};
use crate::breaker::{Breaker, Refusal};
use crate::client::{CallError, DiscoverError, TransportError, TransportErrorKind};
use crate::contract::{Answer, Kind, Operation, SideEffect};
use crate::error_chain::error_chain;
use crate::settings::ExternalService;
use crate::tls::TlsCause;

/// The pause before a call is tried again; doubled each time.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Remote {
    settings: ExternalService,
    link: Link,
    slots: Semaphore,
    breaker: Breaker,
}

impl Remote {
    pub(super) fn new(kind: Kind, settings: &ExternalService) -> Result<Self, ServiceError> {
        if settings.kind != kind {
            return Err(ServiceError::OtherKind(settings.kind));
        }
        let slots = settings.max_calls.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            settings: settings.clone(),
            link: Link::new(settings)?,
            slots: Semaphore::new(slots),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause),
        })
    }

    /// Is it made for these settings?
    pub(super) fn is_for(&self, settings: &ExternalService) -> bool {
        self.settings == *settings
    }

    /// What was discovered is discovered anew by the next call.
    pub(super) fn renew(&self) {
        self.link.renew(&self.settings);
    }

    /// Calls an operation, within the limits, and again where that is safe.
    pub(super) async fn call<T: Operation + Clone>(
        &self,
        request: T,
    ) -> Result<Answer<T::Result>, Cause> {
        // Known before the wait for a turn: an open breaker fails at once.
        if let Some(refusal) = self.breaker.refuses(Instant::now()) {
            return Err(refusal.into());
        }
        let _slot = self.slot().await?;
        let (mut left, mut pause) = (self.settings.retries, RETRY_PAUSE);
        while left > 0 {
            match self.attempt(request.clone()).await {
                // An open breaker makes this the last word.
                Err(cause)
                    if may_repeat::<T>(&cause)
                        && self.breaker.refuses(Instant::now()).is_none() =>
                {
                    tracing::debug!(
                        kind = %T::KIND, operation = T::NAME, error = error_chain(&cause), "trying again"
                    );
                    tokio::time::sleep(pause).await;
                    (left, pause) = (left - 1, pause * 2);
                }
                result => return result,
            }
        }
        self.attempt(request).await
    }

    /// Waits for a turn, not longer than the settings say.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, Cause> {
        let (max_calls, waited) = (self.settings.max_calls, self.settings.max_wait);
        let busy = Cause::Busy { max_calls, waited };
        match self.slots.try_acquire() {
            Ok(slot) => return Ok(slot),
            Err(_) if waited.is_zero() => return Err(busy),
            Err(_) => {}
        }
        match tokio::time::timeout(waited, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(busy),
        }
    }

    async fn attempt<T: Operation>(&self, request: T) -> Result<Answer<T::Result>, Cause> {
        let permit = self.breaker.admit(Instant::now())?;
        let result = match self.link.client(&self.settings).await {
            Ok(client) => client.call(request).await.map_err(Cause::Call),
            Err(error) => Err(Cause::Service(Box::new(error))),
        };
        match &result {
            Err(cause) if is_silence(cause) => {
                let said = error_chain(cause);
                if permit.failed(Instant::now(), &said) {
                    tracing::warn!(
                        kind = %T::KIND,
                        error = said,
                        pause_ms = self.settings.breaker_pause.as_millis() as u64,
                        "the service does not answer: calls fail at once for now"
                    );
                }
            }
            // Nothing was tried: it says nothing about the service.
            Err(Cause::Call(CallError::Encode(_))) => drop(permit),
            Ok(_) | Err(_) => permit.answered(),
        }
        result
    }
}

impl From<Refusal> for Cause {
    fn from(Refusal { left, because }: Refusal) -> Self {
        Self::Open { retry_in: left, because: because.as_ref().to_owned() }
    }
}

/// Did the service itself say nothing? An answer that is too large, a fault, a failure are answers;
/// a gateway that cannot reach the service is not one.
fn is_silence(cause: &Cause) -> bool {
    let unreachable = |status: u16| matches!(status, 502..=504);
    match cause {
        Cause::Call(CallError::NotSoap(answer)) => unreachable(answer.status),
        Cause::Service(error) => match &**error {
            ServiceError::Discover(DiscoverError::NotWsdl { answer, .. }) => {
                unreachable(answer.status)
            }
            ServiceError::Discover(DiscoverError::Timeout { .. }) => true,
            _ => transport_error(cause).is_some_and(is_silent),
        },
        _ => transport_error(cause).is_some_and(is_silent),
    }
}

fn is_silent(error: &TransportError) -> bool {
    !matches!(error.kind, TransportErrorKind::TooLarge { .. } | TransportErrorKind::Header(_))
}

/// Why no answer came, of the call or of the discovery before it.
fn transport_error(cause: &Cause) -> Option<&TransportError> {
    match cause {
        Cause::Call(CallError::Transport(error)) => Some(error),
        Cause::Service(error) => match &**error {
            ServiceError::Discover(DiscoverError::Transport(error)) => Some(error),
            _ => None,
        },
        _ => None,
    }
}

/// May the call be made again? It must have failed at the connection, and either only read or
/// provably not have been sent (wsdl/CONTRACT.md, section 3). Not after a time-out: it took long enough.
fn may_repeat<T: Operation>(cause: &Cause) -> bool {
    let Some(error) = transport_error(cause) else { return false };
    let connection = match &error.kind {
        TransportErrorKind::Connect(_) | TransportErrorKind::Broken(_) => true,
        // Of the causes of TLS, only this one passes by itself.
        TransportErrorKind::Tls(error) => error.cause == TlsCause::Closed,
        _ => false,
    };
    // As long as the service is being discovered, the operation itself is not sent.
    let sent = error.sent && matches!(cause, Cause::Call(_));
    connection && (T::SIDE_EFFECT == SideEffect::ReadOnly || !sent)
}
