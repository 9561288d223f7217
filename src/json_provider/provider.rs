//! An endpoint as a provider of all kinds.

use super::call::JsonProvider;
use super::error::JsonCallError;
use crate::contract::handlers::{answers, every_kind};
use crate::contract::{Operation, ProviderError, ProviderResult};

impl JsonProvider {
    async fn answer<T: Operation>(&self, request: T) -> ProviderResult<T> {
        self.call(request).await.map_err(|error| match error {
            JsonCallError::Failure(failure) => ProviderError::Failure(*failure),
            error => ProviderError::exception(&error),
        })
    }
}

every_kind!(answers!(JsonProvider,));
