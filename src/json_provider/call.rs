//! Calls of an endpoint, within limits.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::answer;
use super::error::JsonCallError;
use super::request::request_body;
use super::settings::{Format, JsonProviderError, JsonProviderSettings};
use super::vendor;
use crate::breaker::Breaker;
use crate::client::{Client, HttpTransport};
use crate::contract::{Answer, Operation, Secrets};
use crate::error_chain::error_chain;
use crate::http::signature::{fresh_id, push_signature};
use crate::http::{
    Headers, HttpRequest, HttpResponse, Transport as _, TransportError, TransportErrorKind,
    media_type,
};
use crate::secret::{Mask, Secret};
use crate::soap::NonSoapResponse;
use crate::tls::TlsCause;

/// The pause before a call that was not sent is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// A provider that speaks JSON; it implements the traits of all kinds. Cheap to clone: clones share
/// connections, limits and breaker.
#[derive(Clone)]
pub struct JsonProvider(Arc<Endpoint>);

struct Endpoint {
    settings: JsonProviderSettings,
    transport: HttpTransport,
    slots: Semaphore,
    breaker: Breaker,
}

impl fmt::Debug for JsonProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonProvider").field(&self.0.settings).finish()
    }
}

impl JsonProvider {
    /// Makes it. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// The settings cannot be used.
    pub fn new(settings: JsonProviderSettings) -> Result<Self, JsonProviderError> {
        settings.check()?;
        // It has the URL for errors alone; that of a call has its operation.
        let url = settings.url_of("Operation")?;
        let mut builder = Client::builder(url.as_str(), Secret::default())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .body_limit(settings.body_limit)
            .root_certificates(settings.root_certificates.as_slice());
        if let Some(fingerprint) = settings.trust_fingerprint {
            builder = builder.trust_fingerprint(fingerprint);
        }
        if let Some(certificate) = &settings.client_certificate {
            builder = builder.client_certificate(certificate.clone());
        }
        let transport = builder.http_transport()?;
        let slots = Semaphore::new(settings.max_calls.clamp(1, Semaphore::MAX_PERMITS));
        let breaker = Breaker::new(settings.breaker_failures, settings.breaker_pause);
        Ok(Self(Arc::new(Endpoint { settings, transport, slots, breaker })))
    }

    /// What it was made of.
    pub fn settings(&self) -> &JsonProviderSettings {
        &self.0.settings
    }

    /// Calls an operation, be it one of the contract or a site's own.
    ///
    /// # Errors
    ///
    /// Every variant of [`JsonCallError`]; `Failure` is the provider's own `declined`.
    pub async fn call<T: Operation>(&self, request: T) -> Result<Answer<T::Result>, JsonCallError> {
        if let Some(answer) = self.unasked::<T>() {
            return Ok(answer);
        }
        let started = Instant::now();
        let result = self.0.call(&request).await;
        let error = result.as_ref().err().map(|error| error_chain(error));
        let elapsed_ms = started.elapsed().as_millis() as u64;
        tracing::debug!(operation = T::NAME, kind = %T::KIND, elapsed_ms, error, "JSON call");
        result
    }

    /// The answer to what the format has no question for, and which is known all the same.
    pub(crate) fn unasked<T: Operation>(&self) -> Option<Answer<T::Result>> {
        match self.0.settings.format {
            Format::VendorLogin { .. } => vendor::unasked::<T>(),
            Format::Document => None,
        }
    }
}

impl Endpoint {
    async fn call<T: Operation>(&self, request: &T) -> Result<Answer<T::Result>, JsonCallError> {
        // Known before the wait for a turn: an open breaker fails at once.
        if let Some(refusal) = self.breaker.refuses(Instant::now()) {
            return Err(refusal.into());
        }
        let _slot = self.slot().await?;
        match self.attempt(request).await {
            Err(JsonCallError::Transport(error))
                if may_repeat(&error) && self.breaker.refuses(Instant::now()).is_none() =>
            {
                tokio::time::sleep(PAUSE).await;
                self.attempt(request).await
            }
            result => result,
        }
    }

    /// Waits for a turn, not longer than the settings say.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, JsonCallError> {
        let JsonProviderSettings { max_calls, max_wait: waited, .. } = self.settings;
        match tokio::time::timeout(waited, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(JsonCallError::Busy { max_calls, waited }),
        }
    }

    async fn attempt<T: Operation>(&self, request: &T) -> Result<Answer<T::Result>, JsonCallError> {
        let permit = self.breaker.admit(Instant::now())?;
        let result = self.exchange(request).await;
        match &result {
            Err(error) if error.is_silence() => {
                let said = error_chain(error);
                if permit.failed(Instant::now(), &said) {
                    tracing::warn!(
                        kind = %T::KIND,
                        error = said,
                        pause_ms = self.settings.breaker_pause.as_millis() as u64,
                        "the endpoint does not answer: calls fail at once for now"
                    );
                }
            }
            // Nothing was tried: it says nothing about the endpoint.
            Err(JsonCallError::Request(_)) => drop(permit),
            Ok(_) | Err(_) => permit.answered(),
        }
        result
    }

    async fn exchange<T: Operation>(
        &self,
        request: &T,
    ) -> Result<Answer<T::Result>, JsonCallError> {
        let settings = &self.settings;
        let url = settings.url_of(T::NAME);
        let url = url.map_err(|error| JsonCallError::Request(error.to_string()))?;
        let body = match &settings.format {
            Format::Document => request_body(request)
                .map_err(|key| format!("the name {key:?} holds \"=\", which nobody can read")),
            Format::VendorLogin { site_id } => vendor::body(request, site_id),
        };
        let body = body.map_err(JsonCallError::Request)?;
        let mut headers = Headers::with_capacity(8);
        headers.push("Content-Type", "application/json");
        headers.push("Accept", "application/json");
        headers.push("External-Providers-Operation", T::NAME);
        if let Some(token) = &settings.token {
            headers.push("Authorization", format!("Bearer {}", token.expose()));
        }
        // The operation is signed with the ID.
        let id = fresh_id(&format!("call_{}_", T::NAME));
        push_signature(&mut headers, &settings.secret, &id, &body);
        let post =
            HttpRequest { method: "POST".into(), target: url.path().to_owned(), headers, body };
        let response = self.transport.at(url).send(post).await?;
        // The mask is made only when something goes wrong.
        let mask = || {
            let mut secrets = Secrets::default();
            request.write_inputs(&mut secrets);
            secrets.0.extend(settings.url_secrets());
            Mask::new(secrets.0.iter().chain(&settings.token).chain(&settings.secret))
        };
        if !is_document(&response) {
            let answer = NonSoapResponse::describe(&response, &mask());
            return Err(JsonCallError::NotJson(Box::new(answer)));
        }
        let answer = match &settings.format {
            Format::Document => answer::read::<T>(&response.body),
            Format::VendorLogin { .. } => vendor::read::<T>(&response.body).map(Ok),
        };
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(JsonCallError::Failure(Box::new(failure))),
            Err(error) => Err(JsonCallError::Malformed(Box::new(error.shown(&mask())))),
        }
    }
}

/// Is it a JSON document with status 200, or 201, which some frameworks answer to every POST?
fn is_document(response: &HttpResponse) -> bool {
    let content_type = response.headers.get("Content-Type").unwrap_or_default();
    let media_type = media_type(&content_type).to_ascii_lowercase();
    matches!(response.status, 200 | 201)
        && (media_type == "application/json" || media_type.ends_with("+json"))
        && !response.body.is_empty()
        && NonSoapResponse::compressed(response, &Mask::default()).is_none()
}

/// May the call be made again? It must have failed at the connection, and provably not have been sent. Not
/// after a time-out: it took long enough.
fn may_repeat(error: &TransportError) -> bool {
    let connection = match &error.kind {
        TransportErrorKind::Connect(_) | TransportErrorKind::Broken(_) => true,
        // Of the causes of TLS, only this one passes by itself.
        TransportErrorKind::Tls(error) => error.cause == TlsCause::Closed,
        _ => false,
    };
    connection && !error.sent
}
