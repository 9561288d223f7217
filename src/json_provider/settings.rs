//! Where an endpoint is, and how it is called.

use std::fmt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::{BuildError, ClientCertificate};
use crate::http::signature::is_damaged;
use crate::http::url::{Url, service_url};
use crate::secret::Secret;
use crate::tls::Fingerprint;

/// What stands for the operation's name in a URL.
const OPERATION: &str = "{operation}";

/// How an endpoint is called.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonProviderSettings {
    /// Where requests are posted to, http or https; `{operation}` in its path or query stands for the
    /// operation's name.
    pub url: String,
    /// What is sent and read. Default: the document of this crate.
    pub format: Format,
    /// What is sent as `Authorization: Bearer`. Default none.
    pub token: Option<Secret>,
    /// What requests are signed with: any text, or `whsec_` and Base64. Default none: they are not.
    pub secret: Option<Secret>,
    /// Certificates (PEM, or one in DER) to trust beside the system's. Default none.
    pub root_certificates: Vec<u8>,
    /// The one certificate to trust, in place of all others. Default none.
    pub trust_fingerprint: Option<Fingerprint>,
    /// What is shown to a server that wants a certificate of its callers. Default none.
    pub client_certificate: Option<ClientCertificate>,
    /// How long a connection may take. Default 5 s.
    pub connect_timeout: Duration,
    /// How long one call may take. Default 30 s.
    pub timeout: Duration,
    /// The largest answer in bytes. Default 4 MiB.
    pub body_limit: usize,
    /// Calls under way at a time. Default 100.
    pub max_calls: usize,
    /// How long a call beyond that waits. Default 1 s.
    pub max_wait: Duration,
    /// Failures in a row after which calls fail at once; 0 never. Default 5.
    pub breaker_failures: u32,
    /// How long they do. Default 10 s.
    pub breaker_pause: Duration,
}

/// What is sent to an endpoint, and read from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// The request's variables, and the document that `call --json` prints.
    #[default]
    Document,
    /// The JSON login of the vendor's newer products, for `Authenticate` alone: `{"site_id", "username",
    /// "password"}`, answered by `{"login_successful", "reason", "username", "email_address"}`, in which
    /// further members are passed over. `GetSignInCookieInfo` is refused, and the endpoint not asked.
    VendorLogin {
        /// The site that users log in to.
        site_id: String,
    },
}

impl JsonProviderSettings {
    /// An endpoint with all defaults.
    pub fn new(url: impl Into<String>) -> Self {
        let seconds = Duration::from_secs;
        Self {
            url: url.into(),
            format: Format::default(),
            token: None,
            secret: None,
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            client_certificate: None,
            connect_timeout: seconds(5),
            timeout: seconds(30),
            body_limit: 4 << 20,
            max_calls: 100,
            max_wait: seconds(1),
            breaker_failures: 5,
            breaker_pause: seconds(10),
        }
    }

    /// The URL without its query, which may carry a secret.
    pub fn shown_url(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }

    /// The URL for an operation.
    pub(crate) fn url_of(&self, operation: &str) -> Result<Url, BuildError> {
        let name = utf8_percent_encode(operation, NON_ALPHANUMERIC).to_string();
        Ok(service_url(&self.url.replace(OPERATION, &name))?)
    }

    /// Values in the URL's query that may be secrets: an endpoint's error page may show them.
    pub(super) fn url_secrets(&self) -> Vec<Secret> {
        const SHORTEST: usize = 8;
        let url = service_url(&self.url).ok();
        let pairs = url.iter().flat_map(|url| url.query_pairs());
        let values = pairs.map(|(_, value)| value.into_owned());
        let long = values.filter(|value| value.len() >= SHORTEST && value != OPERATION);
        long.map(Secret::from).collect()
    }

    /// What no endpoint could be called with.
    pub(crate) fn check(&self) -> Result<(), JsonProviderError> {
        self.url_of("Operation")?;
        let rest = self.url.replace(OPERATION, "");
        if let Some(at) = rest.find(['{', '}']) {
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            let placeholder = rest[at..end].chars().take(40).collect();
            return Err(JsonProviderError::Placeholder(placeholder));
        }
        let (_, authority) = self.url.split_once("://").unwrap_or_default();
        if authority.split(['/', '?', '#']).next().unwrap_or_default().contains('{') {
            return Err(JsonProviderError::Placeholder(OPERATION.to_owned()));
        }
        // RFC 6750, section 2.1, and more: what a header can hold.
        let can_be_sent = |token: &Secret| {
            let token = token.expose().as_bytes();
            !token.is_empty() && token.iter().all(u8::is_ascii_graphic)
        };
        if !self.token.as_ref().is_none_or(can_be_sent) {
            return Err(JsonProviderError::Token);
        }
        let is_useless = |secret: &Secret| secret.expose().trim().is_empty() || is_damaged(secret);
        if self.secret.as_ref().is_some_and(is_useless) {
            return Err(JsonProviderError::Secret);
        }
        Ok(())
    }
}

impl fmt::Debug for JsonProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One that is not such a URL may hold user information.
        let url = self.url_of("").map_or("(no URL)", |_| self.shown_url());
        f.debug_struct("JsonProviderSettings")
            .field("url", &url)
            .field("format", &self.format)
            .field("token", &self.token)
            .field("secret", &self.secret)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Settings that no endpoint can be called with. None of them shows a URL or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProviderError {
    /// The URL or what belongs to TLS.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Braces that mean nothing, or in the name of the host.
    #[error(
        "{0} has no meaning there: {{operation}}, in the path or query, is the one placeholder"
    )]
    Placeholder(String),
    /// The token cannot be sent.
    #[error("the token is empty or holds a space or a character that a header cannot carry")]
    Token,
    /// The secret for signatures is empty or damaged.
    #[error("the secret is empty, or begins with whsec_ and does not go on in Base64")]
    Secret,
}

impl JsonProviderError {
    /// The setting that it is about.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Build(BuildError::Roots(_) | BuildError::Tls(_)) => "root_certificates",
            Self::Build(_) | Self::Placeholder(_) => "url",
            Self::Token => "token",
            Self::Secret => "secret",
        }
    }
}
