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

/// Provides the operation `T`, as a trait object: the boxed methods of [`DynTicketProvider`] and its
/// like. Whoever implements a kind's trait provides its operations.
pub trait Provides<T: Operation>: Send + Sync {
    /// Carries a request out.
    fn provide(&self, request: T) -> BoxFuture<'_, ProviderResult<T>>;
}

/// For each kind: how its operations are registered, its trait as an object, and the trait for a `Box`
/// and an `Arc`, so that one value can be registered for several kinds.
macro_rules! kind {
    (
        $register:ident, $provider:ident, $object:ident, [$($operation:ident $method:ident),+]
    ) => {
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

        impl<P: $provider + ?Sized> $provider for Arc<P> {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                P::$method(self, request).await
            })+
        }

        impl<P: $provider + ?Sized> $provider for Box<P> {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                P::$method(self, request).await
            })+
        }

        #[doc = concat!("A [`", stringify!($provider), "`] whose type is not known.")]
        ///
        #[doc = concat!("`Arc<dyn ", stringify!($object), ">` and `Box<dyn ", stringify!($object), ">`")]
        /// are providers, so that one can be chosen at run time. Every provider is one of these, too;
        /// nobody needs to implement it. A call costs one allocation and one call by pointer more than
        /// the provider itself.
        pub trait $object: $(Provides<$operation> +)+ Send + Sync {}

        impl<P: $provider> $object for P {}

        $(impl<P: $provider> Provides<$operation> for P {
            fn provide(&self, request: $operation) -> BoxFuture<'_, ProviderResult<$operation>> {
                Box::pin(self.$method(request))
            }
        })+

        impl $provider for dyn $object {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                Provides::<$operation>::provide(self, request).await
            })+
        }
    };
}

/// A builder's methods that take a provider of each kind, with what the documentation says of each.
#[cfg(any(feature = "gateway", feature = "host"))]
macro_rules! take_providers {
    ($(#[$doc:meta] $method:ident $provider:ident),+ $(,)?) => {
        $(
            #[$doc]
            #[must_use]
            pub fn $method(self, provider: impl $provider + 'static) -> Self {
                $crate::contract::handlers::$method(self, provider)
            }
        )+
    };
}
#[cfg(any(feature = "gateway", feature = "host"))]
pub(crate) use take_providers;

/// Each kind once: what registers it, its trait, that as an object, its operations and their methods.
macro_rules! every_kind {
    ($then:ident!($($before:tt)*)) => {
        $then!($($before)* login, LoginProvider, DynLoginProvider, [
            Authenticate authenticate,
            GetSignInCookieInfo get_sign_in_cookie_info
        ]);
        $then!($($before)* custom_fields, CustomFieldProvider, DynCustomFieldProvider, [
            GetCustomFieldOptions get_custom_field_options
        ]);
        $then!($($before)* ticket, TicketProvider, DynTicketProvider, [StartTicket start_ticket]);
        $then!($($before)* live_chat, ChatProvider, DynChatProvider, [StartChat start_chat]);
        $then!($($before)* user_information, UserInformationProvider, DynUserInformationProvider, [
            GetUserInfo get_user_info
        ]);
        $then!($($before)* events, EventProvider, DynEventProvider, [HandleEvent handle_event]);
        $then!($($before)* registration, RegistrationProvider, DynRegistrationProvider, [
            RegisterUser register_user
        ]);
    };
}

every_kind!(kind!());

/// Implements the trait of a kind by a type's own `answer`, which takes any request. For all kinds:
/// `every_kind!(answers!(Type,))`.
#[cfg(feature = "json-provider")]
macro_rules! answers {
    (
        $type:ident, $register:ident, $provider:ident, $object:ident,
        [$($operation:ident $method:ident),+]
    ) => {
        impl $crate::contract::$provider for $type {
            $(async fn $method(
                &self,
                request: $crate::contract::$operation,
            ) -> $crate::contract::ProviderResult<$crate::contract::$operation> {
                self.answer(request).await
            })+
        }
    };
}
#[cfg(feature = "json-provider")]
pub(crate) use {answers, every_kind};
