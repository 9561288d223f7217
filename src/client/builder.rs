//! The settings of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Callee, Client, HttpTransport};
use crate::contract::Absent;
use crate::http::UrlError;
use crate::http::url::{authority, host_and_port, proxy_password, proxy_url, service_url};
use crate::secret::{Mask, Secret};
use crate::soap::{Binding, DEFAULT_NAMESPACE, Limits, OperationNameError, SoapVersion};
use crate::tls::{
    self, ClientCertificate, FileError, Fingerprint, TrustError, client_config_with, verifier,
};
use crate::wsdl::Found;

/// How a client is made; see [`Client::builder`].
#[derive(Clone)]
pub struct ClientBuilder {
    url: String,
    password: Option<Secret>,
    namespace: String,
    version: SoapVersion,
    absent: Absent,
    names: Vec<(String, String)>,
    actions: Vec<(String, String)>,
    connect_timeout: Duration,
    timeout: Duration,
    body_limit: usize,
    roots: Vec<u8>,
    fingerprint: Option<Fingerprint>,
    certificate: Option<ClientCertificate>,
    proxy: Option<Secret>,
    #[cfg(feature = "native-tls")]
    native_tls: bool,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL is not checked yet, so it may hold user information.
        f.debug_struct("ClientBuilder")
            .field("namespace", &self.namespace)
            .field("version", &self.version)
            .field("absent", &self.absent)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new(url: &str, password: Option<Secret>) -> Self {
        Self {
            url: url.to_owned(),
            password,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            version: SoapVersion::default(),
            absent: Absent::default(),
            names: Vec::new(),
            actions: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(100),
            body_limit: 16 << 20,
            roots: Vec::new(),
            fingerprint: None,
            certificate: None,
            proxy: None,
            #[cfg(feature = "native-tls")]
            native_tls: false,
        }
    }

    /// The service's target namespace, exactly as its WSDL has it. Default `http://tempuri.org/`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The SOAP version. Default 1.1, which the help desk's own proxies speak.
    #[must_use]
    pub fn soap_version(mut self, version: SoapVersion) -> Self {
        self.version = version;
        self
    }

    /// What a typed call says of known variables without a value. Default: they are sent empty,
    /// since services that were written after the vendor's sample fail without them; `Omit` is for
    /// one that takes an empty variable for something else than an absent one.
    #[must_use]
    pub fn absent(mut self, absent: Absent) -> Self {
        self.absent = absent;
        self
    }

    /// The name by which the service knows an operation of the contract, for the kinds whose names
    /// are not public: `operation_name(GetUserInfo::NAME, "LookupCustomer")`. Default: the
    /// contract's names.
    #[must_use]
    pub fn operation_name(
        mut self,
        operation: impl Into<String>,
        wire_name: impl Into<String>,
    ) -> Self {
        self.names.push((operation.into(), wire_name.into()));
        self
    }

    /// The SOAP action of an operation, where it is not namespace and name. Default: it is.
    #[must_use]
    pub fn operation_action(
        mut self,
        operation: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        self.actions.push((operation.into(), action.into()));
        self
    }

    /// How long a connection may take, name look-up and TLS included. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the whole call may take. Default 100 s, that of a .NET proxy.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer in bytes. Default 16 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Certificates (PEM, or one in DER) that are trusted beside the platform's, for a service with a
    /// certificate of the company's own. Default none.
    #[must_use]
    pub fn root_certificates(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.roots = certificates.into();
        self
    }

    /// Trust the server with exactly this certificate and no other, whoever signed it, whatever its
    /// names, dates, version and (in TLS 1.2) length of key: for old servers whose certificate cannot
    /// be renewed. Not with the platform's TLS. Default none.
    #[must_use]
    pub fn trust_fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// The certificate to show to a server that wants one (mutual TLS); the platform's TLS takes one whose
    /// key is in PKCS #8. Default none.
    #[must_use]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The HTTP proxy to go through, an http or https URL; user information in it is kept secret.
    /// Default none: the environment's proxy settings are not looked at.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// TLS by the platform's library instead of rustls, for servers whose TLS is too old for it
    /// (IIS 8.5 and before share no cipher suite with rustls). Default off.
    #[cfg(feature = "native-tls")]
    #[must_use]
    pub fn native_tls(mut self, native: bool) -> Self {
        self.native_tls = native;
        self
    }

    /// The service's operation, namespace and action as [discovered](Self::discover).
    #[must_use]
    pub fn found(mut self, found: &Found) -> Self {
        self.namespace.clone_from(&found.namespace);
        let operation = found.operation.name;
        self = self.operation_name(operation, found.name.as_str());
        match found.unusual_action(self.version) {
            Some(action) => self.operation_action(operation, action),
            None => self,
        }
    }

    /// Makes the client. Nothing is connected yet.
    pub fn build(self) -> Result<Client, BuildError> {
        let (transport, proxy_password) = self.transport()?;
        let url = &transport.url;
        let mut target = url.path().to_owned();
        if let Some(query) = url.query() {
            target = [&target, "?", query].concat();
        }
        let limits = Limits { body: self.body_limit, ..Limits::default() };
        let mut binding =
            Binding::new(self.namespace, self.version).with_absent(self.absent).with_limits(limits);
        for (operation, name) in self.names {
            binding = binding.with_operation_name(&operation, name)?;
        }
        for (operation, action) in self.actions {
            binding = binding.with_operation_action(&operation, action)?;
        }
        let service = Callee { binding, target, password: self.password, proxy_password };
        Ok(Client { transport, service: Arc::new(service) })
    }

    /// What all secrets of a call to the service are masked with.
    pub(super) fn secrets<'s>(&'s self, proxy_password: &'s Option<Secret>) -> Mask {
        Mask::new(self.password.iter().chain(proxy_password))
    }

    /// What carries plain requests to the URL, by [`HttpTransport::forward`].
    pub(crate) fn http_transport(self) -> Result<HttpTransport, BuildError> {
        self.transport().map(|(transport, _)| transport)
    }

    /// The transport, and the proxy's password.
    pub(crate) fn transport(&self) -> Result<(HttpTransport, Option<Secret>), BuildError> {
        let url = service_url(&self.url)?;
        let mut http = reqwest::Client::builder()
            .http1_only()
            .http1_title_case_headers()
            // What .NET reads in an answer is read: folded lines (RFC 9112, section 5.2), spaces before
            // the colon; lines that are not headers are passed over.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            // IIS closes idle connections after two minutes, proxies sooner: a young one is safe.
            .pool_idle_timeout(Duration::from_secs(10))
            .user_agent(concat!("external-providers/", env!("CARGO_PKG_VERSION")));
        let (mut password, mut proxy_host) = (None, None);
        if let Some(proxy) = &self.proxy {
            // Errors would quote the URL, which may hold a password.
            let url = proxy_url(proxy)?;
            password = proxy_password(proxy);
            proxy_host = host_and_port(&url);
            http = http.proxy(reqwest::Proxy::all(url).map_err(|_| UrlError::Proxy)?);
        }
        http = self.tls(http, url.host_str().filter(|_| url.scheme() == "https"))?;
        let client = http.build().map_err(|error| BuildError::Tls(error.to_string()))?;
        let transport = HttpTransport {
            client,
            host: authority(&url).parse().ok(),
            url,
            proxy: proxy_host,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            body_limit: self.body_limit,
            cuts: false,
        };
        Ok((transport, password))
    }

    /// Configures TLS with a host: for an http URL, with no roots at all, so that none are loaded.
    fn tls(
        &self,
        http: reqwest::ClientBuilder,
        host: Option<&str>,
    ) -> Result<reqwest::ClientBuilder, BuildError> {
        #[cfg(feature = "native-tls")]
        if self.native_tls {
            if self.fingerprint.is_some() {
                return Err(BuildError::NativeFingerprint);
            }
            let roots = match self.roots.as_slice() {
                [] => Vec::new(),
                roots => tls::certificates(roots).map_err(BuildError::Roots)?,
            };
            let roots = roots.iter().map(|der| reqwest::Certificate::from_der(der));
            let roots = roots.collect::<Result<Vec<_>, _>>().map_err(|_| {
                BuildError::Tls("the platform's TLS does not take the root certificates".to_owned())
            })?;
            // Else it takes nothing older than TLS 1.2, whatever the platform is set to.
            let oldest = reqwest::tls::Version::TLS_1_0;
            let http = http.tls_backend_native().tls_version_min(oldest).tls_certs_merge(roots);
            let Some(certificate) = &self.certificate else { return Ok(http) };
            let (chain, key) = certificate.pkcs8_pem().ok_or(BuildError::NativeKey)?;
            let identity = reqwest::Identity::from_pkcs8_pem(chain.as_bytes(), key.as_bytes());
            return Ok(http.identity(identity.map_err(|_| BuildError::NativeKey)?));
        }
        let roots = self.roots.as_slice();
        let config = if let Some(host) = host {
            client_config_with(verifier(host, roots, self.fingerprint)?, self.certificate.as_ref())?
        } else {
            // A mistake in what is given should not wait for the day when it counts.
            if !roots.is_empty() {
                tls::certificates(roots).map_err(BuildError::Roots)?;
            }
            tls::trust_in_nobody()?
        };
        Ok(http.tls_backend_preconfigured(config))
    }
}

/// Settings that make no client. None of them shows a URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A URL that is not a service's, or not a proxy's.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A name or action that no operation can have.
    #[error(transparent)]
    Operation(#[from] OperationNameError),
    /// No certificates.
    #[error("the root certificates: {0}")]
    Roots(FileError),
    /// A certificate is pinned, and the platform's TLS is to be used, which can trust authorities
    /// alone.
    #[error(
        "the platform's TLS cannot trust by a fingerprint: leave it out and give the certificate itself (root_certificates), or leave out native_tls"
    )]
    NativeFingerprint,
    /// The platform's TLS does not take the key of the client's certificate.
    #[error(
        "the platform's TLS does not take the client certificate's key: it must be in PKCS #8 (openssl pkcs8 -topk8 -nocrypt -in key.pem -out new-key.pem)"
    )]
    NativeKey,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl From<TrustError> for BuildError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Roots(error) => Self::Roots(error),
            TrustError::Platform(why) => Self::Tls(why),
        }
    }
}
