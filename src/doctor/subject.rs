//! What is looked at, and how.

use std::fmt;
use std::time::Duration;

use super::sign_on::SignOn;
use crate::client::{BuildError, ClientBuilder};
use crate::contract::{Absent, Kind};
use crate::gateway::client_builder;
use crate::http::url::{Url, proxy_password, service_url};
use crate::secret::{Mask, Secret};
use crate::settings::{ExternalService, Name};
use crate::soap::SoapVersion;
use crate::tls::{ClientCertificate, Fingerprint};

/// A service to look at.
#[derive(Clone)]
pub struct Subject {
    /// Its address.
    pub url: String,
    /// The kind that it is to implement; `None`: any of the contract.
    pub kind: Option<Kind>,
    /// The web service password; without one, whether it is accepted is not checked.
    pub password: Option<Secret>,
    /// The namespace that is set; `None`: the one of its WSDL.
    pub namespace: Option<String>,
    /// The operation's name that is set; `None`: the one of its WSDL.
    pub operation: Option<String>,
    /// The SOAP version that is set. Default 1.1.
    pub soap: SoapVersion,
    /// What calls say of known variables without a value. Default: they are sent empty.
    pub absent: Absent,
    /// How long a connection may take. Default 10 s.
    pub connect_timeout: Duration,
    /// Certificates (PEM, or one in DER) that are trusted beside the platform's.
    pub root_certificates: Vec<u8>,
    /// The one certificate that is trusted, in place of all others.
    pub trust_fingerprint: Option<Fingerprint>,
    /// What is shown to a server that wants a certificate of its callers.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxy.
    pub proxy: Option<Secret>,
    /// TLS by the platform's library (only with the feature `native-tls`).
    pub native_tls: bool,
    /// A user to make a login cookie for, and to ask the service about. Of logins alone. Default: nobody.
    pub sign_on: Option<SignOn>,
    /// Does a file say all this? Remedies then name its keys, and no options of the command line.
    /// Default no.
    pub in_file: bool,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL is not checked yet, so it may hold user information.
        f.debug_struct("Subject")
            .field("url", &self.shown_url())
            .field("kind", &self.kind)
            .field("namespace", &self.namespace)
            .field("operation", &self.operation)
            .field("soap", &self.soap)
            .field("absent", &self.absent)
            .finish_non_exhaustive()
    }
}

impl Subject {
    /// A service of any kind, all else at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            kind: None,
            password: None,
            namespace: None,
            operation: None,
            soap: SoapVersion::default(),
            absent: Absent::default(),
            connect_timeout: Duration::from_secs(10),
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            client_certificate: None,
            proxy: None,
            native_tls: false,
            sign_on: None,
            in_file: false,
        }
    }

    /// The client's builder, with what is set.
    pub(crate) fn builder(&self, timeout: Duration) -> ClientBuilder {
        let name = |name: &Option<String>| name.clone().map_or(Name::Discover, Name::Is);
        // The operation is set only together with a kind.
        let kind = self.kind.unwrap_or(Kind::Login);
        client_builder(&ExternalService {
            namespace: name(&self.namespace),
            operation: name(&self.operation),
            soap: self.soap,
            absent: self.absent,
            connect_timeout: self.connect_timeout.min(timeout),
            timeout,
            root_certificates: self.root_certificates.clone(),
            trust_fingerprint: self.trust_fingerprint,
            client_certificate: self.client_certificate.clone(),
            proxy: self.proxy.clone(),
            native_tls: self.native_tls,
            ..ExternalService::new(kind, &self.url, self.password.clone().unwrap_or_default())
        })
    }

    pub(crate) fn parsed_url(&self) -> Result<Url, BuildError> {
        Ok(service_url(&self.url)?)
    }

    /// The address without its query, which may carry a secret, and without user information.
    pub(crate) fn shown_url(&self) -> String {
        match Url::parse(&self.url) {
            // Of another scheme, user information need not be told from the path.
            Ok(url) if !matches!(url.scheme(), "http" | "https") => "(no URL)".to_owned(),
            Ok(mut url) => {
                url.set_query(None);
                url.set_fragment(None);
                // Neither can fail for an address with a host, and others hold neither.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.into()
            }
            Err(_) => "(no URL)".to_owned(),
        }
    }

    /// The secrets that are long enough to be looked for in any text.
    pub(crate) fn mask(&self) -> Mask {
        let long = |secret: &&Secret| secret.expose().chars().count() > 3;
        let proxy_password = self.proxy.as_ref().and_then(proxy_password);
        let secrets = self.password.iter().chain(&self.proxy).chain(&proxy_password);
        Mask::new(secrets.filter(long))
    }
}

impl From<&ExternalService> for Subject {
    /// A service as the settings have it.
    fn from(external: &ExternalService) -> Self {
        let set = |name: &Name| match name {
            Name::Is(name) => Some(name.clone()),
            Name::Discover => None,
        };
        Self {
            url: external.url.clone(),
            kind: Some(external.kind),
            password: Some(external.password.clone()),
            namespace: set(&external.namespace),
            operation: external.operation_name().map(str::to_owned),
            soap: external.soap,
            absent: external.absent,
            connect_timeout: external.connect_timeout,
            root_certificates: external.root_certificates.clone(),
            trust_fingerprint: external.trust_fingerprint,
            client_certificate: external.client_certificate.clone(),
            proxy: external.proxy.clone(),
            native_tls: external.native_tls,
            sign_on: None,
            in_file: true,
        }
    }
}

/// How a service is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long one step may take. Default 10 s.
    pub step: Duration,
    /// How long all steps about one service may take together. Default 90 s.
    pub total: Duration,
    /// May operations be called that change something? Default no.
    pub allow_changes: bool,
    /// How many round trips are timed. Default 5, at most 100.
    pub round_trips: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(10),
            total: Duration::from_secs(90),
            allow_changes: false,
            round_trips: 5,
        }
    }
}
