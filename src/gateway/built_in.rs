//! The application's own implementations.

use std::sync::Arc;

use crate::contract::{
    Authenticate, ChatProvider, CustomFieldProvider, EventProvider, GetCustomFieldOptions,
    GetSignInCookieInfo, GetUserInfo, HandleEvent, LoginProvider, Operation, ProviderResult,
    RegisterUser, RegistrationProvider, StartChat, StartTicket, TicketProvider,
    UserInformationProvider,
};
use crate::host::BoxFuture;

/// An operation of an implementation.
pub(super) type Own<T> = Arc<dyn Fn(T) -> BoxFuture<'static, ProviderResult<T>> + Send + Sync>;

/// What was passed in, for each operation.
#[derive(Clone, Default)]
pub(super) struct BuiltIn {
    pub(super) authenticate: Option<Own<Authenticate>>,
    pub(super) cookie: Option<Own<GetSignInCookieInfo>>,
    pub(super) custom_fields: Option<Own<GetCustomFieldOptions>>,
    pub(super) ticket: Option<Own<StartTicket>>,
    pub(super) live_chat: Option<Own<StartChat>>,
    pub(super) user_information: Option<Own<GetUserInfo>>,
    pub(super) events: Option<Own<HandleEvent>>,
    pub(super) registration: Option<Own<RegisterUser>>,
}

/// Makes an operation callable without its type. `call` makes the future that owns the provider.
fn own<P, T, F>(provider: &Arc<P>, call: fn(Arc<P>, T) -> F) -> Option<Own<T>>
where
    P: Send + Sync + 'static,
    T: Operation + 'static,
    F: Future<Output = ProviderResult<T>> + Send + 'static,
{
    let provider = Arc::clone(provider);
    Some(Arc::new(move |request| Box::pin(call(Arc::clone(&provider), request))))
}

impl BuiltIn {
    pub(super) fn login<P: LoginProvider + 'static>(&mut self, provider: P) {
        let p = Arc::new(provider);
        self.authenticate = own(&p, |p, r| async move { p.authenticate(r).await });
        self.cookie = own(&p, |p, r| async move { p.get_sign_in_cookie_info(r).await });
    }

    pub(super) fn custom_fields<P: CustomFieldProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.get_custom_field_options(r).await };
        self.custom_fields = own(&Arc::new(provider), call);
    }

    pub(super) fn ticket<P: TicketProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.start_ticket(r).await };
        self.ticket = own(&Arc::new(provider), call);
    }

    pub(super) fn live_chat<P: ChatProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.start_chat(r).await };
        self.live_chat = own(&Arc::new(provider), call);
    }

    pub(super) fn user_information<P: UserInformationProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.get_user_info(r).await };
        self.user_information = own(&Arc::new(provider), call);
    }

    pub(super) fn events<P: EventProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.handle_event(r).await };
        self.events = own(&Arc::new(provider), call);
    }

    pub(super) fn registration<P: RegistrationProvider + 'static>(&mut self, provider: P) {
        let call = |p: Arc<P>, r| async move { p.register_user(r).await };
        self.registration = own(&Arc::new(provider), call);
    }
}
