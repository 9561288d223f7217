//! Who answers what the file leaves open: an endpoint that speaks JSON, or the old service.

use super::current::{Current, Manner, failure, words};
use crate::contract::{Kind, Operation, ProviderError, ProviderResult};
use crate::error_chain::error_chain;
use crate::json_provider::{JsonCallError, JsonProvider};
use crate::metrics::SERVICE_CALLS;

impl Current {
    /// Asks whoever it is. A call that changes something is sent at most once.
    pub(super) async fn elsewhere<T: Operation + Clone>(
        &self,
        request: T,
        manner: &Manner,
    ) -> ProviderResult<T> {
        match self.endpoints.get(&T::KIND) {
            Some(endpoint) => ask(endpoint, request, manner).await,
            None => self.forward(request, manner).await,
        }
    }

    /// Who it is, in words.
    pub(super) fn who_else(&self, kind: Kind) -> &'static str {
        if self.endpoints.contains_key(&kind) { "the endpoint" } else { "the old service" }
    }
}

async fn ask<T: Operation>(
    endpoint: &JsonProvider,
    request: T,
    manner: &Manner,
) -> ProviderResult<T> {
    let (explanation, url) = (&manner.explanation, endpoint.settings().shown_url());
    if let Some(answer) = endpoint.unasked::<T>() {
        explanation.note(|| format!("endpoint {url}: not asked, its format has no {}", T::NAME));
        return Ok(answer);
    }
    explanation.note(|| format!("endpoint {url}: it is asked"));
    let result = endpoint.call(request).await;
    let outcome = result.as_ref().map_or_else(JsonCallError::outcome, |_| "answered");
    SERVICE_CALLS.count(&[T::KIND.word(), T::NAME, outcome]);
    match result {
        Ok(answer) => {
            explanation.note(|| format!("endpoint {url}: {}", words::<T>(&answer)));
            Ok(answer)
        }
        // What it says for itself is for the caller; the help desk's password is not its business.
        Err(JsonCallError::Failure(declined)) if !declined.is_permission_denied() => {
            explanation.note(|| format!("endpoint {url}: it declined"));
            Err(ProviderError::Failure(*declined))
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            Err(failure(&format!("endpoint {url}: {}{hint}", error_chain(&error)), manner))
        }
    }
}
