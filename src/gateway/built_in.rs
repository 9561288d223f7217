//! The application's own implementations.

use std::any::Any;
use std::collections::BTreeMap;

use crate::contract::handlers::{BoxFuture, Register};
use crate::contract::{Operation, ProviderResult};

/// An operation of an implementation.
pub(super) type Own<T> = Box<dyn Fn(T) -> BoxFuture<'static, ProviderResult<T>> + Send + Sync>;

/// What was passed in: for each operation, by its name, an [`Own`] of its type.
#[derive(Default)]
pub(super) struct BuiltIn(BTreeMap<&'static str, Box<dyn Any + Send + Sync>>);

impl BuiltIn {
    pub(super) fn get<T: Operation>(&self) -> Option<&Own<T>> {
        self.0.get(T::NAME)?.downcast_ref()
    }
}

impl Register for BuiltIn {
    fn register<T, F, R>(&mut self, handler: F)
    where
        T: Operation,
        F: Fn(T) -> R + Send + Sync + 'static,
        R: Future<Output = ProviderResult<T>> + Send + 'static,
    {
        let own: Own<T> = Box::new(move |request| Box::pin(handler(request)));
        self.0.insert(T::NAME, Box::new(own));
    }
}
