//! From providers, one trait for each kind, to the operations that they carry out: where each is
//! registered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::*;

/// A future that says yes to being sent between threads, of a type that nobody can name.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries out an operation: any function from its request to a future of its answer.
pub trait Handler<T: Operation>: Send + Sync + 'static {
    /// Carries a request out.
    fn handle(&self, request: T) -> impl Future<Output = ProviderResult<T>> + Send + 'static;
}

impl<T, F, R> Handler<T> for F
where
    T: Operation,
    F: Fn(T) -> R + Send + Sync + 'static,
    R: Future<Output = ProviderResult<T>> + Send + 'static,
{
    fn handle(&self, request: T) -> impl Future<Output = ProviderResult<T>> + Send + 'static {
        self(request)
    }
}

/// Takes a provider's operations, one after the other.
pub(crate) trait Register {
    fn with<T: Operation>(self, handler: impl Handler<T>) -> Self;
}

/// For each kind: how its operations are registered, and the trait for an `Arc`, so that one value
/// can be registered for several kinds.
macro_rules! kind {
    ($register:ident, $provider:ident, [$($operation:ident $method:ident),+]) => {
        pub(crate) fn $register<R: Register>(to: R, provider: impl $provider + 'static) -> R {
            let all = Arc::new(provider);
            $(
                let provider = Arc::clone(&all);
                let to = to.with(move |request: $operation| {
                    let provider = Arc::clone(&provider);
                    async move { provider.$method(request).await }
                });
            )+
            to
        }

        impl<P: $provider> $provider for Arc<P> {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                P::$method(self, request).await
            })+
        }
    };
}

kind!(login, LoginProvider, [
    Authenticate authenticate,
    GetSignInCookieInfo get_sign_in_cookie_info
]);
kind!(custom_fields, CustomFieldProvider, [GetCustomFieldOptions get_custom_field_options]);
kind!(ticket, TicketProvider, [StartTicket start_ticket]);
kind!(live_chat, ChatProvider, [StartChat start_chat]);
kind!(user_information, UserInformationProvider, [GetUserInfo get_user_info]);
kind!(events, EventProvider, [HandleEvent handle_event]);
kind!(registration, RegistrationProvider, [RegisterUser register_user]);
