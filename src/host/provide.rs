//! From typed providers, one trait for each kind, to operations that are called by name.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::reply::Reply;
use crate::contract::{
    Authenticate, ChatProvider, CustomFieldProvider, EventProvider, Failure, GetCustomFieldOptions,
    GetSignInCookieInfo, GetUserInfo, HandleEvent, LoginProvider, Operation, ProviderError,
    ProviderResult, RegisterUser, RegistrationProvider, StartChat, StartTicket, TicketProvider,
    UserInformationProvider, VariableError, Variables,
};
use crate::soap::Binding;

/// A future that says yes to being sent between threads, of a type that nobody can name.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One operation of a provider, whatever its types.
pub(super) trait Operate: Send + Sync {
    /// Carries a request out whose web service password was right.
    fn operate<'a>(
        &'a self,
        binding: &'a Binding,
        inputs: Variables,
    ) -> BoxFuture<'a, (Reply, Outcome)>;

    /// The answer `Success=false` with this message and no outputs.
    fn decline(&self, binding: &Binding, message: &str) -> Reply;
}

/// How a call went, for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// `Success=true`.
    Answered,
    /// `Success=false`.
    Declined,
    /// A wrong web service password.
    Denied,
    /// The provider threw.
    Exception,
    /// The provider panicked.
    Panicked,
    /// The request was not carried out.
    Refused,
}

impl Outcome {
    pub(super) const ALL: [Self; 6] = [
        Self::Answered,
        Self::Declined,
        Self::Denied,
        Self::Exception,
        Self::Panicked,
        Self::Refused,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Declined => "declined",
            Self::Denied => "denied",
            Self::Exception => "exception",
            Self::Panicked => "panicked",
            Self::Refused => "refused",
        }
    }
}

/// Who provides the operation `T`.
trait Provide<T: Operation>: Send + Sync {
    fn provide(&self, request: T) -> impl Future<Output = ProviderResult<T>> + Send;
}

struct Typed<P, T>(Arc<P>, PhantomData<fn(T)>);

impl<P: Provide<T>, T: Operation + 'static> Operate for Typed<P, T> {
    fn operate<'a>(
        &'a self,
        binding: &'a Binding,
        inputs: Variables,
    ) -> BoxFuture<'a, (Reply, Outcome)> {
        Box::pin(async move {
            let version = binding.version();
            let request = match T::read_inputs(inputs) {
                Ok(request) => request,
                Err(VariableError::Missing { .. }) => {
                    let reply = self.decline(binding, Failure::REQUIRED_INPUT_MISSING);
                    return (reply, Outcome::Declined);
                }
                Err(error) => {
                    return (Reply::exception(version, &[error.to_string()]), Outcome::Exception);
                }
            };
            let (written, outcome) = match self.0.provide(request).await {
                Ok(answer) => (binding.write_answer::<T>(&answer), Outcome::Answered),
                Err(ProviderError::Failure(failure)) => {
                    (binding.write_failure::<T>(&failure), Outcome::Declined)
                }
                Err(ProviderError::Exception(messages)) => {
                    return (Reply::exception(version, &messages), Outcome::Exception);
                }
            };
            match written {
                Ok(body) => (Reply::result(version, body), outcome),
                Err(error) => (Reply::exception(version, &[error.to_string()]), Outcome::Exception),
            }
        })
    }

    fn decline(&self, binding: &Binding, message: &str) -> Reply {
        match binding.write_failure::<T>(&Failure::new(message)) {
            Ok(body) => Reply::result(binding.version(), body),
            Err(error) => Reply::exception(binding.version(), &[error.to_string()]),
        }
    }
}

/// The operations of one kind: for each its name and who carries it out.
pub(super) type Operations = Vec<(&'static str, Box<dyn Operate>)>;

fn operation<T: Operation + 'static, P: Provide<T> + Any>(
    provider: &Arc<P>,
) -> (&'static str, Box<dyn Operate>) {
    (T::NAME, Box::new(Typed::<P, T>(Arc::clone(provider), PhantomData)))
}

/// For each kind: a name for "whoever implements its trait", its operations, and the trait for an
/// `Arc`, so that one value can be registered for several kinds.
macro_rules! kind {
    ($kind:ident, $provider:ident, $register:ident, [$($operation:ident $method:ident),+]) => {
        struct $kind<P>(P);

        $(impl<P: $provider> Provide<$operation> for $kind<P> {
            async fn provide(&self, request: $operation) -> ProviderResult<$operation> {
                self.0.$method(request).await
            }
        })+

        pub(super) fn $register<P: $provider + 'static>(provider: P) -> Operations {
            let provider = Arc::new($kind(provider));
            vec![$(operation::<$operation, _>(&provider)),+]
        }

        impl<P: $provider> $provider for Arc<P> {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                P::$method(self, request).await
            })+
        }
    };
}

kind!(Login, LoginProvider, login, [
    Authenticate authenticate,
    GetSignInCookieInfo get_sign_in_cookie_info
]);
kind!(CustomFields, CustomFieldProvider, custom_fields, [
    GetCustomFieldOptions get_custom_field_options
]);
kind!(Ticket, TicketProvider, ticket, [StartTicket start_ticket]);
kind!(LiveChat, ChatProvider, live_chat, [StartChat start_chat]);
kind!(UserInformation, UserInformationProvider, user_information, [GetUserInfo get_user_info]);
kind!(Events, EventProvider, events, [HandleEvent handle_event]);
kind!(Registration, RegistrationProvider, registration, [RegisterUser register_user]);
