//! From functions of typed requests to operations that are called by name.

use std::marker::PhantomData;

use super::aspnet::AspNetResponse;
use super::outcome::Outcome;
use crate::contract::{
    BoxFuture, Failure, Handler, Operation, ProviderError, VariableError, Variables,
};
use crate::soap::Binding;

/// One operation of a provider, whatever its types.
pub(super) trait Operate: Send + Sync {
    /// Carries a request out whose web service password was right.
    fn operate<'a>(
        &'a self,
        binding: &'a Binding,
        inputs: Variables,
    ) -> BoxFuture<'a, (AspNetResponse, Outcome)>;

    /// The answer `Success=false` with this message and no outputs.
    fn decline(&self, binding: &Binding, message: &str) -> AspNetResponse;
}

/// An operation, and what carries it out.
pub(super) struct Typed<T, H>(pub(super) H, pub(super) PhantomData<fn(T)>);

impl<T: Operation, H: Handler<T>> Operate for Typed<T, H> {
    fn operate<'a>(
        &'a self,
        binding: &'a Binding,
        inputs: Variables,
    ) -> BoxFuture<'a, (AspNetResponse, Outcome)> {
        Box::pin(async move {
            let version = binding.version();
            let request = match T::read_inputs(inputs) {
                Ok(request) => request,
                Err(VariableError::Missing { .. }) => {
                    let reply = self.decline(binding, Failure::REQUIRED_INPUT_MISSING);
                    return (reply, Outcome::Declined);
                }
                Err(error) => {
                    return (
                        AspNetResponse::exception(version, &[error.to_string()]),
                        Outcome::Exception,
                    );
                }
            };
            let (written, outcome) = match self.0.handle(request).await {
                Ok(answer) => (binding.write_answer::<T>(&answer), Outcome::Answered),
                Err(ProviderError::Failure(failure)) => {
                    (binding.write_failure::<T>(&failure), Outcome::Declined)
                }
                Err(ProviderError::Exception(messages)) => {
                    return (AspNetResponse::exception(version, &messages), Outcome::Exception);
                }
            };
            match written {
                Ok(body) => (AspNetResponse::result(version, body), outcome),
                Err(error) => {
                    (AspNetResponse::exception(version, &[error.to_string()]), Outcome::Exception)
                }
            }
        })
    }

    fn decline(&self, binding: &Binding, message: &str) -> AspNetResponse {
        match binding.write_failure::<T>(&Failure::new(message)) {
            Ok(body) => AspNetResponse::result(binding.version(), body),
            Err(error) => AspNetResponse::exception(binding.version(), &[error.to_string()]),
        }
    }
}
