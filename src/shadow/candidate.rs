//! What is to take the old service's place.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::rewrite::rewritten;
use crate::client::{BuildError, Client, ClientBuilder};
use crate::http::url::Url;
use crate::http::{Answered, HttpRequest, HttpVersion, Outcome, bare_host};
use crate::inspect::Live;
use crate::secret::Secret;

/// What is to take the old service's place: a service at a URL.
pub struct Candidate {
    url: Url,
    live: Live,
    namespace: Option<String>,
    password: Option<Secret>,
}

/// A candidate that cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CandidateError {
    /// The URL is not valid, or TLS cannot be set up.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({self})")
    }
}

/// Where it is, for people.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        f.write_str(url.as_str())
    }
}

impl Candidate {
    /// A service at a URL: an origin (`http://host`), which is asked at the paths of the calls, or the
    /// whole URL of a service. An answer may take 30 s and have 16 MiB.
    ///
    /// # Errors
    ///
    /// The URL is not valid.
    pub fn at(url: &str) -> Result<Self, CandidateError> {
        let client = Client::builder(url, Secret::default());
        Self::over(url, &client.timeout(std::time::Duration::from_secs(30)))
    }

    /// The same over the client that this builder makes for the URL: with its time-outs, TLS and limits.
    ///
    /// # Errors
    ///
    /// The builder makes no client.
    pub fn over(url: &str, client: &ClientBuilder) -> Result<Self, CandidateError> {
        let live = Live::over(url, client)?;
        // The client has found it to be one.
        let url = Url::parse(url)
            .map_err(|_| BuildError::from(crate::http::UrlError::Invalid(String::new())))?;
        Ok(Self { url, live, namespace: None, password: None })
    }

    /// Speaks to the candidate in this namespace in place of the callers'. Default theirs.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Gives the candidate this web service password in place of the callers'. Default theirs.
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// Is it at this address of this machine?
    pub(super) fn listens_at(&self, address: SocketAddr) -> bool {
        let host = bare_host(self.url.host_str().unwrap_or_default());
        let here = |ip: IpAddr| {
            ip == address.ip()
                || ip.is_loopback() && (address.ip().is_loopback() || address.ip().is_unspecified())
        };
        self.url.port_or_known_default() == Some(address.port())
            && (host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(here))
    }

    /// Is it all that is at this origin?
    pub(super) fn is_at(&self, origin: &str) -> bool {
        self.url.path() == "/" && self.shares(origin)
    }

    /// Is it what is at this path of the origin?
    pub(super) fn is_old_service(&self, origin: &str, path: &str) -> bool {
        self.url.path().eq_ignore_ascii_case(path) && self.shares(origin)
    }

    fn shares(&self, origin: &str) -> bool {
        let host = |url: &Url| match bare_host(url.host_str().unwrap_or_default()) {
            "localhost" | "::1" => "127.0.0.1".to_owned(),
            host => host.to_ascii_lowercase(),
        };
        let is_same = |other: Url| {
            host(&other) == host(&self.url)
                && other.port_or_known_default() == self.url.port_or_known_default()
        };
        Url::parse(origin).is_ok_and(is_same)
    }

    /// Is nothing changed by asking it, whatever it is asked?
    pub(super) fn changes_nothing(&self) -> bool {
        false
    }

    /// Is it given the web service password that callers send, so that it can refuse it?
    pub(super) fn sees_the_password(&self) -> bool {
        self.password.is_none()
    }

    pub(super) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// What it answers to a call that the old service has answered; the error says why that cannot be
    /// compared.
    pub(super) async fn ask(
        &self,
        request: &HttpRequest,
        _old: Result<&Answered, &str>,
    ) -> Result<Outcome, String> {
        let request = rewritten(request, self.namespace.as_deref(), self.password.as_ref())?;
        Ok(match self.live.ask(&request).await {
            Ok(response) => Outcome::Answered(Answered {
                response,
                reason: String::new(),
                version: HttpVersion::Http11,
            }),
            Err(why) => Outcome::Failed(why),
        })
    }
}
