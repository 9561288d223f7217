//! A service: one path, one namespace, one web service password, any provider kinds.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::HostError;
use super::endpoint::{Endpoint, Route};
use super::operate::{Operate, Typed};
use super::passwords::Passwords;
use super::raw::RawProvider;
use crate::contract::handlers::{self, Handler, Register};
use crate::contract::{
    ChatProvider, CustomFieldProvider, EventProvider, LoginProvider, OPERATIONS, Operation,
    OperationInfo, RegistrationProvider, TicketProvider, UserInformationProvider,
};
use crate::secret::Secret;
use crate::soap::{Binding, DEFAULT_NAMESPACE, Limits, SoapVersion};

/// One path of a host: the providers behind it, and what their callers must know.
///
/// ```
/// # use external_providers::host::Service;
/// # fn of(directory: impl external_providers::contract::LoginProvider + 'static) -> Service {
/// Service::new("/Provider.asmx", "web service password").login(directory)
/// # }
/// ```
///
/// A provider that is an [`Arc`] can be registered for all the kinds that it implements.
pub struct Service {
    pub(super) path: String,
    pub(super) name: String,
    namespace: String,
    passwords: Passwords,
    typed: Vec<(&'static OperationInfo, Box<dyn Operate>)>,
    raw: Option<Arc<dyn RawProvider>>,
}

impl Service {
    /// A service at `path` (`/Provider.asmx`, matched without case) for callers that send
    /// `password`. Its namespace is `http://tempuri.org/`, its name the last part of the path
    /// without the extension.
    pub fn new(path: impl Into<String>, password: impl Into<Secret>) -> Self {
        let path = path.into();
        let file = path.rsplit('/').next().unwrap_or_default();
        let name = file.split('.').next().unwrap_or_default().to_owned();
        Self {
            path,
            name,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            passwords: Passwords { current: password.into(), previous: None },
            typed: Vec::new(),
            raw: None,
        }
    }

    /// The target namespace, an absolute URI. A service in use keeps the one it has: callers
    /// compare it exactly.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The name of the service in its WSDL.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A second password that is accepted while the first one is being rotated. An empty one
    /// accepts nobody.
    #[must_use]
    pub fn previous_password(mut self, password: impl Into<Secret>) -> Self {
        self.passwords.previous = Some(password.into());
        self
    }

    handlers::take_providers! {
        /// Provides the login kind.
        login LoginProvider,
        /// Provides the custom field kind.
        custom_fields CustomFieldProvider,
        /// Provides the ticket kind.
        ticket TicketProvider,
        /// Provides the live chat kind.
        live_chat ChatProvider,
        /// Provides the user information kind.
        user_information UserInformationProvider,
        /// Provides the events kind.
        events EventProvider,
        /// Provides the registration kind.
        registration RegistrationProvider,
    }

    /// Provides one operation, of the contract or of a site's own: a kind need not be complete.
    ///
    /// ```
    /// # use external_providers::contract::{Answer, Authenticate, Authentication};
    /// # use external_providers::host::Service;
    /// Service::new("/Provider.asmx", "web service password").operation(
    ///     async |request: Authenticate| Ok(Answer::new(Authentication::Refused, "Login Failure")),
    /// );
    /// ```
    #[must_use]
    pub fn operation<T: Operation>(mut self, handler: impl Handler<T>) -> Self {
        let operate = Box::new(Typed(handler, PhantomData));
        self.typed.push((OperationInfo::of::<T>(), operate));
        self
    }

    /// Is asked first about every call of the operations that are registered.
    #[must_use]
    pub fn raw(mut self, provider: Arc<dyn RawProvider>) -> Self {
        self.raw = Some(provider);
        self
    }

    /// Checks everything that can be wrong, and puts the operations in their order.
    pub(super) fn open(self, limits: Limits) -> Result<Endpoint, HostError> {
        let Self { path, name, namespace, passwords, mut typed, raw } = self;
        if !path.starts_with('/')
            || path.len() < 2
            || path.ends_with('/')
            || path.contains(['?', '#'])
        {
            return Err(HostError::Path { path });
        }
        if passwords.current.is_empty() {
            return Err(HostError::NoPassword { path });
        }
        if !is_absolute_uri(&namespace) {
            return Err(HostError::Namespace { path, namespace });
        }
        if !is_name(&name) {
            return Err(HostError::Name { path, name });
        }
        for (at, (info, _)) in typed.iter().enumerate() {
            if typed[..at].iter().any(|(earlier, _)| earlier.name == info.name) {
                return Err(HostError::DuplicateOperation { path, operation: info.name });
            }
        }
        if typed.is_empty() {
            return Err(HostError::NoKind { path });
        }
        // Those of a site's own follow.
        let rank = |name| OPERATIONS.iter().position(|info| info.name == name);
        typed.sort_by_key(|(info, _)| rank(info.name).unwrap_or(OPERATIONS.len()));
        let bind = |version| Binding::new(namespace.as_str(), version).with_limits(limits);
        let bindings = [bind(SoapVersion::V11), bind(SoapVersion::V12)];
        let operations = typed
            .into_iter()
            .map(|(info, operate)| Route { info, action: bindings[0].action(info.name), operate })
            .collect();
        Ok(Endpoint { path, name, passwords, bindings, operations, raw })
    }
}

impl Register for Service {
    fn with<T: Operation>(self, handler: impl Handler<T>) -> Self {
        self.operation(handler)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("path", &self.path)
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("operations", &self.typed.iter().map(|(info, _)| info.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// RFC 3986, section 3: a scheme, and something behind it; no characters that no URI holds.
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// A name that can be part of the names in a WSDL.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}
