//! The application's own implementations.

use std::any::Any;
use std::collections::BTreeMap;

use crate::contract::{BoxFuture, Handler, Operation, ProviderResult};

/// An operation of an implementation.
pub(super) type Own<T> = Box<dyn Fn(T) -> BoxFuture<'static, ProviderResult<T>> + Send + Sync>;

/// What was passed in: for each operation, by its name, an [`Own`] of its type.
#[derive(Default)]
pub(super) struct BuiltIn(BTreeMap<&'static str, Box<dyn Any + Send + Sync>>);

impl BuiltIn {
    pub(super) fn get<T: Operation>(&self) -> Option<&Own<T>> {
        self.0.get(T::NAME)?.downcast_ref()
    }

    /// Of several for one operation the last counts.
    pub(super) fn add<T: Operation>(&mut self, handler: impl Handler<T>) {
        let own: Own<T> = Box::new(move |request| Box::pin(handler.handle(request)));
        self.0.insert(T::NAME, Box::new(own));
    }
}
