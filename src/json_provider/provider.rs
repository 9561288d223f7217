//! An endpoint as a provider of all kinds.

use super::call::JsonProvider;
use super::error::JsonCallError;
use crate::contract::{
    Authenticate, ChatProvider, CustomFieldProvider, EventProvider, GetCustomFieldOptions,
    GetSignInCookieInfo, GetUserInfo, HandleEvent, LoginProvider, ProviderError, ProviderResult,
    RegisterUser, RegistrationProvider, StartChat, StartTicket, TicketProvider,
    UserInformationProvider,
};

/// Implements the trait of a kind.
macro_rules! provide {
    ($provider:ident, $($method:ident $operation:ident),+) => {
        impl $provider for JsonProvider {
            $(async fn $method(&self, request: $operation) -> ProviderResult<$operation> {
                self.call(request).await.map_err(|error| match error {
                    JsonCallError::Failure(failure) => ProviderError::Failure(*failure),
                    error => ProviderError::exception(&error),
                })
            })+
        }
    };
}

provide!(LoginProvider, authenticate Authenticate, get_sign_in_cookie_info GetSignInCookieInfo);
provide!(CustomFieldProvider, get_custom_field_options GetCustomFieldOptions);
provide!(TicketProvider, start_ticket StartTicket);
provide!(ChatProvider, start_chat StartChat);
provide!(UserInformationProvider, get_user_info GetUserInfo);
provide!(EventProvider, handle_event HandleEvent);
provide!(RegistrationProvider, register_user RegisterUser);
