//! What a tab of the page says.

use std::fmt;
use std::time::Duration;

use crate::contract::{Absent, Kind, NameSource};
use crate::http::url::{proxy_password, service_url};
use crate::secret::Secret;
use crate::soap::{DEFAULT_NAMESPACE, SoapVersion};
use crate::tls::{ClientCertificate, Fingerprint};

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// The kind's switch in `[options]`. Default off.
    pub enabled: bool,
    /// Who provides. Default built-in.
    pub provider: ProviderSource,
    /// The web service. Without effect, and perhaps incomplete, unless the provider is enabled and
    /// external.
    pub service: ExternalService,
}

impl Tab {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            enabled: false,
            provider: ProviderSource::BuiltIn,
            service: ExternalService::new(kind, "", ""),
        }
    }

    /// The web service, if it is the one to ask.
    pub fn external(&self) -> Option<&ExternalService> {
        (self.enabled && self.provider == ProviderSource::External).then_some(&self.service)
    }
}

/// Who provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderSource {
    /// The application itself, or nobody: the product then does as it does without a provider.
    #[default]
    BuiltIn,
    /// A web service.
    External,
}

/// A name of the service: known, or to be read in its WSDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// This one.
    Is(String),
    /// The one in the WSDL.
    Discover,
}

/// A web service and how it is called.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalService {
    /// The kind that it provides.
    pub kind: Kind,
    /// Web Service URL.
    pub url: String,
    /// Web Service Password.
    pub password: Secret,
    /// The target namespace. Default `http://tempuri.org/`.
    pub namespace: Name,
    /// The SOAP version. Default 1.1.
    pub soap: SoapVersion,
    /// What calls say of known variables without a value. Default: they are sent empty.
    pub absent: Absent,
    /// The operation, of the kinds whose names are not public: by default our own convention. Of
    /// the others it has no effect.
    pub operation: Name,
    /// How long a connection may take. Default 10 s.
    pub connect_timeout: Duration,
    /// How long one call may take. Default 100 s.
    pub timeout: Duration,
    /// Calls under way at a time. Default 100.
    pub max_calls: usize,
    /// How long a call beyond that waits. Default 1 s.
    pub max_wait: Duration,
    /// How often a call is tried again. Default once.
    pub retries: u32,
    /// Failures in a row after which calls fail at once; 0 never. Default 5.
    pub breaker_failures: u32,
    /// How long they do. Default 10 s.
    pub breaker_pause: Duration,
    /// Certificates (PEM, or one in DER) to trust beside the system's. Default none.
    pub root_certificates: Vec<u8>,
    /// The one certificate to trust, in place of all others. Default none.
    pub trust_fingerprint: Option<Fingerprint>,
    /// What is shown to a server that wants a certificate of its callers. Default none.
    pub client_certificate: Option<ClientCertificate>,
    /// The HTTP proxy. Default none.
    pub proxy: Option<Secret>,
    /// TLS by the system's library; an error in builds without it. Default off.
    pub native_tls: bool,
}

impl fmt::Debug for ExternalService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One that is not such a URL may hold user information.
        let url = service_url(&self.url).map_or("(no URL)", |_| self.shown_url());
        f.debug_struct("ExternalService")
            .field("kind", &self.kind)
            .field("url", &url)
            .field("namespace", &self.namespace)
            .field("soap", &self.soap)
            .field("absent", &self.absent)
            .field("operation", &self.operation)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("max_calls", &self.max_calls)
            .field("max_wait", &self.max_wait)
            .field("retries", &self.retries)
            .field("breaker_failures", &self.breaker_failures)
            .field("breaker_pause", &self.breaker_pause)
            .field("root_certificates", &self.root_certificates.len())
            .field("trust_fingerprint", &self.trust_fingerprint)
            .field("client_certificate", &self.client_certificate)
            .field("proxy", &self.proxy)
            .field("native_tls", &self.native_tls)
            .finish_non_exhaustive()
    }
}

impl ExternalService {
    /// A service with all defaults.
    pub fn new(kind: Kind, url: impl Into<String>, password: impl Into<Secret>) -> Self {
        let seconds = Duration::from_secs;
        Self {
            kind,
            url: url.into(),
            password: password.into(),
            namespace: Name::Is(DEFAULT_NAMESPACE.to_owned()),
            soap: SoapVersion::default(),
            absent: Absent::default(),
            operation: Name::Is(default_operation(kind).to_owned()),
            connect_timeout: seconds(10),
            timeout: seconds(100),
            max_calls: 100,
            max_wait: seconds(1),
            retries: 1,
            breaker_failures: 5,
            breaker_pause: seconds(10),
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            client_certificate: None,
            proxy: None,
            native_tls: false,
        }
    }

    /// What no text may show: the password, and the proxy's.
    pub fn secrets(&self) -> Vec<Secret> {
        let proxy_password = self.proxy.as_ref().and_then(proxy_password);
        [self.password.clone()].into_iter().chain(proxy_password).collect()
    }

    /// The URL without its query, which may carry a secret.
    pub fn shown_url(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    /// The operation's name that is set, of the kinds that may have another.
    pub(crate) fn operation_name(&self) -> Option<&str> {
        match &self.operation {
            Name::Is(name) if has_operation_key(self.kind) => Some(name),
            _ => None,
        }
    }

    /// Must the WSDL be read before the service can be called?
    pub fn must_discover(&self) -> bool {
        self.namespace == Name::Discover
            || (has_operation_key(self.kind) && self.operation == Name::Discover)
    }
}

/// The operation that a kind is there for: its first.
pub(crate) fn default_operation(kind: Kind) -> &'static str {
    kind.operations().next().map_or("", |info| info.name)
}

/// Is the name of that operation not public, so that a service may have another?
pub(crate) fn has_operation_key(kind: Kind) -> bool {
    kind.operations().next().is_some_and(|info| info.name_source == NameSource::Convention)
}

/// What the login tab says beside its service: it has effect when a login provider decides, be it
/// external or the application's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoginSettings {
    /// Forgot Password URL.
    pub forgot_password_url: Option<String>,
    /// Custom Login URL.
    pub custom_login_url: Option<String>,
    /// Default Role for Users.
    pub default_role: Role,
    /// Mark email addresses as verified. Default no.
    pub mark_email_verified: bool,
    /// Enable single sign-on cookies from other sites. Default no.
    pub accept_sign_on_cookies: bool,
    /// How long a web service that let a user with such a cookie in is not asked again, if all variables
    /// are the same. At most 4 096 answers of 4 KiB are remembered; refusals and failures never are,
    /// nor what the application's own provider says. Default zero: it is asked each time.
    pub remember: Duration,
}

/// What a user is after logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// A registered user.
    #[default]
    Registered,
    /// An anonymous one, until an administrator grants the user role.
    Anonymous,
}
