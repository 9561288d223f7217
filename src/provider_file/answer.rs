//! Each operation, and the part of the file that answers it.

use super::current::{Current, Manner, failure};
use crate::contract::{
    Authenticate, BoxFuture, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent,
    Operation, ProviderResult, RegisterUser, StartChat, StartTicket,
};

/// An operation that a provider's file answers: those of the contract.
pub trait Answered: Operation + Clone + sealed::Answer {}

impl<T: Operation + Clone + sealed::Answer> Answered for T {}

pub(super) mod sealed {
    use super::{BoxFuture, Current, Manner, ProviderResult};

    pub trait Answer: Sized {
        #[allow(private_interfaces, reason = "nobody outside can name the trait")]
        fn answer<'c>(
            self,
            current: &'c Current,
            manner: &'c Manner,
        ) -> BoxFuture<'c, ProviderResult<Self>>
        where
            Self: crate::contract::Operation;
    }
}

/// `operation!(StartTicket, ticket, |current, section, request, manner| future)`: answered by the
/// section of the kind, if it is there.
macro_rules! operation {
    ($operation:ty, $section:ident, $answer:expr) => {
        impl sealed::Answer for $operation {
            #[allow(private_interfaces, reason = "nobody outside can name the trait")]
            fn answer<'c>(
                self,
                current: &'c Current,
                manner: &'c Manner,
            ) -> BoxFuture<'c, ProviderResult<Self>> {
                Box::pin(async move {
                    match &current.file.kinds.$section {
                        Some(section) => ($answer)(current, section, self, manner).await,
                        None => {
                            let what = concat!("the file has no [", stringify!($section), "]");
                            Err(failure(what, manner))
                        }
                    }
                })
            }
        }
    };
}

operation!(Authenticate, login, async |current: &Current, section, request: Self, manner| {
    let (name, password) = (request.login_username.clone(), request.login_password.clone());
    current.log_in(section, request, (name, Some(password)), manner).await
});
operation!(GetSignInCookieInfo, login, async |current: &Current,
                                              section,
                                              request: Self,
                                              manner| {
    let name = request.login_username.clone();
    current.log_in(section, request, (name, None), manner).await
});
operation!(GetCustomFieldOptions, custom_fields, Current::form);
operation!(StartTicket, ticket, Current::start);
operation!(StartChat, live_chat, Current::start);
operation!(GetUserInfo, user_information, Current::information);
operation!(RegisterUser, registration, Current::register);
operation!(HandleEvent, events, Current::event);
