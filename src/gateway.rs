//! All provider kinds together, as the settings say: the facade of an application.
//!
//! ```no_run
//! use external_providers::contract::{Start, StartTicket};
//! use external_providers::gateway::Gateway;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Gateway::load("/etc/external-providers/settings.toml")?;
//! # #[cfg(unix)]
//! gateway.reload_on_sighup()?;
//! let ticket = StartTicket { subject: Some("It burns".into()), ..Default::default() };
//! match gateway.start_ticket(ticket).await?.result {
//!     Start::Allowed { department_name, .. } => println!("goes to {department_name:?}"),
//!     Start::Refused => println!("not today"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each kind is answered in one of three ways:
//!
//! - not enabled: as the product does without that provider, which is never an error
//! - built-in: by the implementation that the application passed in
//!   ([`GatewayBuilder`]), else as if it were not enabled (events are logged)
//! - external: by the web service
//!
//! As the product does: tickets and chats may start, no field changes, nothing is known of a customer,
//! events are dropped, logins and registrations are not decided.
//!
//! The kinds share nothing, so that one that hangs does not slow the others: each has its client,
//! time-outs, limit of calls under way (`max_calls`, 100; one more waits `max_wait`, 1 s, and fails)
//! and breaker (open after `breaker_failures`, 5, calls in a row without an answer; after
//! `breaker_pause`, 10 s, one call tries). A call is tried again (`retries`, 1) only when the
//! connection failed, and one that changes something only if nothing was sent.
//! [`Gateway::reload`] puts new settings in force all at once, or none of them. A [`GatewayError`]
//! says which kind and whose fault it was.

mod outcome;

mod error;

mod built_in;

mod link;
mod memory;
mod remote;

mod reload;

use std::sync::Arc;
use std::time::Instant;

use built_in::BuiltIn;
use memory::Memory;
use remote::Remote;

pub use error::{Blame, Cause, GatewayError, LoadError, ServiceError};
pub use link::{client, client_builder};
pub use outcome::{LoginOutcome, LoginPage, Refused, RefusedBy, RegistrationOutcome, SignedIn};

use crate::client::CallError;
use crate::contract::handlers::{self, Handler, Register};
use crate::contract::{
    Answer, Authenticate, ChatProvider, CustomFieldOptions, CustomFieldProvider, EventHandled,
    EventProvider, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent, Kind,
    LoginProvider, Operation, ProviderError, RegisterUser, RegistrationProvider, Start, StartChat,
    StartTicket, TicketProvider, UserInformation, UserInformationProvider, Variables,
};
use crate::in_force::InForce;
use crate::metrics::SERVICE_CALLS;
use crate::settings::Settings;

/// All kinds. Cheap to clone: clones are the same.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    built_in: BuiltIn,
    current: InForce<Current>,
}

/// Settings in force. Calls keep those that they began with.
struct Current {
    settings: Settings,
    /// In the order of [`Kind::ALL`].
    remotes: Vec<Option<Arc<Remote>>>,
    /// Of the login provider, as long as it and the time for which answers are remembered stay the same.
    memory: Arc<Memory>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.current().settings).finish()
    }
}

/// What the application brings along; see [`Gateway::builder`].
pub struct GatewayBuilder {
    settings: Settings,
    built_in: BuiltIn,
}

impl std::fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl GatewayBuilder {
    handlers::take_providers! {
        /// Answers logins while the login provider is built-in.
        login LoginProvider,
        /// Decides about fields while the custom field provider is built-in.
        custom_fields CustomFieldProvider,
        /// Decides about tickets while the ticket provider is built-in.
        ticket TicketProvider,
        /// Decides about chats while the live chat provider is built-in.
        live_chat ChatProvider,
        /// Looks customers up while the user information provider is built-in.
        user_information UserInformationProvider,
        /// Takes events while the events provider is built-in.
        events EventProvider,
        /// Creates users while the registration provider is built-in.
        registration RegistrationProvider,
    }

    /// Carries out one operation, of the contract or of the site's own, while the provider of its
    /// kind is built-in. Of several functions for one operation the last counts.
    #[must_use]
    pub fn operation<T: Operation>(mut self, handler: impl Handler<T>) -> Self {
        self.built_in.add(handler);
        self
    }

    /// Makes the clients. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`LoadError::Service`]: a service cannot be called as the settings say.
    pub fn build(self) -> Result<Gateway, LoadError> {
        let current = InForce::new(Current::new(self.settings, None)?);
        Ok(Gateway(Arc::new(Shared { built_in: self.built_in, current })))
    }
}

impl Register for GatewayBuilder {
    fn with<T: Operation>(self, handler: impl Handler<T>) -> Self {
        self.operation(handler)
    }
}

impl Gateway {
    /// Loads a settings file; no kind has an implementation of the application's own. What the
    /// settings [warn of](Settings::warnings) is logged.
    pub fn load(path: impl AsRef<std::path::Path>) -> Result<Self, LoadError> {
        let settings = Settings::load(path)?;
        reload::log_warnings(&settings);
        Self::builder(settings).build()
    }

    /// Starts with settings ([`Settings::load`] makes them reloadable).
    pub fn builder(settings: Settings) -> GatewayBuilder {
        GatewayBuilder { settings, built_in: BuiltIn::default() }
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.current().settings.clone()
    }

    /// What a visitor who is not logged in is shown: the product's question for a password, or a
    /// redirect to the custom login URL.
    pub fn login_page(&self) -> LoginPage {
        let current = self.current();
        match current.login_decides(&self.0.built_in) {
            true => LoginPage::new(&current.settings.login),
            false => LoginPage::OWN,
        }
    }

    /// May this user log in with this password?
    pub async fn authenticate(&self, request: Authenticate) -> Result<LoginOutcome, GatewayError> {
        let current = self.current();
        let answer = current.ask(request, &self.0.built_in).await?;
        Ok(LoginOutcome::new(&current.settings.login, answer))
    }

    /// Who is this user, whom a cookie of another site has already proved? Refused without a call
    /// while such cookies are not accepted. Where the settings say so
    /// ([`remember`](crate::settings::LoginSettings::remember)), a web service that let the user in is
    /// not asked the same again for a while.
    pub async fn get_sign_in_cookie_info(
        &self,
        request: GetSignInCookieInfo,
    ) -> Result<LoginOutcome, GatewayError> {
        let current = self.current();
        let login = &current.settings.login;
        if current.login_decides(&self.0.built_in) && !login.accept_sign_on_cookies {
            return Ok(LoginOutcome::no_cookies(login));
        }
        let (asked, within) = (Instant::now(), login.remember);
        let remote = current.remotes[Kind::Login as usize].as_ref();
        let remembering = remote.filter(|_| !within.is_zero());
        let remembering = remembering.map(|_| Memory::key(&request));
        if let Some(key) = &remembering
            && let Some(answer) = current.memory.recall(key, asked, within)
        {
            let labels = [Kind::Login.word(), GetSignInCookieInfo::NAME, "remembered"];
            SERVICE_CALLS.count(&labels);
            return Ok(LoginOutcome::new(login, Some(answer)));
        }
        let answer = current.ask(request, &self.0.built_in).await;
        if let Some(key) = remembering {
            let said = answer.as_ref().ok().and_then(Option::as_ref);
            current.memory.keep(key, (asked, within), said);
        }
        Ok(LoginOutcome::new(login, answer?))
    }

    /// Which fields does this form show, and how? Without a provider nothing changes.
    pub async fn get_custom_field_options(
        &self,
        request: GetCustomFieldOptions,
    ) -> Result<Answer<CustomFieldOptions>, GatewayError> {
        let answer = self.call(request).await?;
        Ok(answer.unwrap_or_else(|| without_provider(CustomFieldOptions::default())))
    }

    /// May this ticket start, and where does it go? Without a provider it may, where it is. Sent at
    /// most once: see [`GatewayError::sent`].
    pub async fn start_ticket(&self, request: StartTicket) -> Result<Answer<Start>, GatewayError> {
        let answer = self.call(request).await?;
        Ok(answer.unwrap_or_else(|| without_provider(Start::allowed())))
    }

    /// May this chat start, and where does it go? Without a provider it may, where it is. Sent at
    /// most once: see [`GatewayError::sent`].
    pub async fn start_chat(&self, request: StartChat) -> Result<Answer<Start>, GatewayError> {
        let answer = self.call(request).await?;
        Ok(answer.unwrap_or_else(|| without_provider(Start::allowed())))
    }

    /// What should an agent know about this customer? Without a provider, nothing is known.
    pub async fn get_user_info(
        &self,
        request: GetUserInfo,
    ) -> Result<Answer<UserInformation>, GatewayError> {
        let answer = self.call(request).await?;
        Ok(answer.unwrap_or_else(|| without_provider(UserInformation::NotFound)))
    }

    /// Something happened. Without a provider it is dropped, and logged by its name if the provider
    /// is enabled. Sent at most once: see [`GatewayError::sent`].
    pub async fn handle_event(
        &self,
        request: HandleEvent,
    ) -> Result<Answer<EventHandled>, GatewayError> {
        let answer = self.event(request).await?;
        Ok(answer.unwrap_or_else(|| without_provider(EventHandled)))
    }

    /// The same; `None` without a provider.
    pub(crate) async fn event(
        &self,
        request: HandleEvent,
    ) -> Result<Option<Answer<EventHandled>>, GatewayError> {
        let (current, built_in) = (self.current(), &self.0.built_in);
        let tab = current.settings.tab(Kind::Events);
        let own = built_in.get::<HandleEvent>();
        if tab.enabled && tab.external().is_none() && own.is_none() {
            let name: String = request.event_name.chars().take(64).collect();
            tracing::info!(event = ?name, "event without a provider");
        }
        current.ask(request, built_in).await
    }

    /// Create this user. Sent at most once: see [`GatewayError::sent`].
    pub async fn register_user(
        &self,
        request: RegisterUser,
    ) -> Result<RegistrationOutcome, GatewayError> {
        let answer = self.call(request).await?;
        Ok(answer.map_or(RegistrationOutcome::NotDecided, RegistrationOutcome::Decided))
    }

    /// Calls any operation, those of the site's own among them; `None` without a provider of its
    /// kind, or if the built-in one lacks the operation. The methods above do the same, and say
    /// what the product does in that case.
    pub async fn call<T: Operation + Clone>(
        &self,
        request: T,
    ) -> Result<Option<Answer<T::Result>>, GatewayError> {
        self.current().ask(request, &self.0.built_in).await
    }

    fn current(&self) -> Arc<Current> {
        self.0.current.get()
    }
}

/// What the product does on its own.
fn without_provider<R>(result: R) -> Answer<R> {
    Answer { result, message: None, other: Variables::new() }
}

impl Current {
    /// Services whose settings are those of `old` stay as they are, with their connections, calls
    /// under way and breakers.
    fn new(settings: Settings, old: Option<&Self>) -> Result<Self, LoadError> {
        let mut remotes = Vec::with_capacity(Kind::ALL.len());
        for &kind in Kind::ALL {
            let Some(service) = settings.tab(kind).external() else {
                remotes.push(None);
                continue;
            };
            let kept = old.and_then(|old| old.remotes[kind as usize].as_ref());
            remotes.push(Some(match kept.filter(|remote| remote.is_for(service)) {
                Some(remote) => {
                    remote.renew();
                    Arc::clone(remote)
                }
                None => Arc::new(
                    Remote::new(kind, service)
                        .map_err(|error| LoadError::Service { kind, error })?,
                ),
            }));
        }
        let of_old = old.filter(|old| {
            let login = Kind::Login as usize;
            let pair = (old.remotes[login].as_ref(), remotes[login].as_ref());
            let is_same = matches!(pair, (Some(old), Some(new)) if Arc::ptr_eq(old, new));
            is_same && old.settings.login.remember == settings.login.remember
        });
        let memory = of_old.map(|old| Arc::clone(&old.memory)).unwrap_or_default();
        Ok(Self { settings, remotes, memory })
    }

    /// Is there a login provider to decide, external or the application's own?
    fn login_decides(&self, built_in: &BuiltIn) -> bool {
        let tab = self.settings.tab(Kind::Login);
        tab.enabled && (tab.external().is_some() || built_in.get::<Authenticate>().is_some())
    }

    /// Asks the provider that the settings name; `None` if there is none.
    async fn ask<T: Operation + Clone>(
        &self,
        request: T,
        built_in: &BuiltIn,
    ) -> Result<Option<Answer<T::Result>>, GatewayError> {
        let result = match (&self.remotes[T::KIND as usize], built_in.get::<T>()) {
            (Some(remote), _) => remote.call(request).await,
            (None, Some(own)) if self.settings.tab(T::KIND).enabled => {
                own(request).await.map_err(|error| match error {
                    ProviderError::Failure(failure) => {
                        Cause::Call(CallError::Failure(Box::new(failure)))
                    }
                    ProviderError::Exception(messages) => Cause::Exception(messages),
                })
            }
            (None, _) => return Ok(None),
        };
        let result =
            result.map_err(|cause| GatewayError { kind: T::KIND, operation: T::NAME, cause });
        let outcome = result.as_ref().err().map_or("answered", GatewayError::outcome);
        SERVICE_CALLS.count(&[T::KIND.word(), T::NAME, outcome]);
        result.map(Some)
    }
}
