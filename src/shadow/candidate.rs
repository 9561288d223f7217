//! What is to take the old service's place.

use std::fmt;
use std::net::SocketAddr;

use super::rewrite::{headers, rewritten};
use crate::client::{BuildError, Client, ClientBuilder, Destination, Sameness};
use crate::compare::canonical::{Canonical, body_element, path_and_query};
use crate::compare::tree::Tree;
use crate::contract::AUTH_PASSWORD;
use crate::http::url::Url;
use crate::http::{Answered, HttpRequest, HttpResponse, HttpVersion, Outcome};
use crate::inspect::Live;
use crate::provider_file::{OldAnswer, Provider};
use crate::secret::Secret;
use crate::soap::{Binding, DEFAULT_NAMESPACE, SoapVersion};
use crate::xml::charset::Charset;

/// What is to take the old service's place: a service at a URL, or a provider's file.
pub struct Candidate(Kind);

enum Kind {
    Service(Box<Service>),
    File(Provider),
}

struct Service {
    url: Url,
    live: Live,
    destination: Destination,
    namespace: Option<String>,
    password: Option<Secret>,
    credentials: bool,
}

/// A candidate that cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CandidateError {
    /// The URL is not valid, or TLS cannot be set up.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The URL has a query or a fragment, but each call keeps its own.
    #[error("the candidate's URL has a query or a fragment: give it without")]
    Query,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({self})")
    }
}

/// Where it is, for people.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(provider) => write!(f, "{}", provider.name()),
            Kind::Service(service) => {
                let mut url = service.url.clone();
                url.set_query(None);
                url.set_fragment(None);
                f.write_str(url.as_str())
            }
        }
    }
}

impl Candidate {
    /// A service at a URL: an origin (`http://host`), which is asked at the paths of the calls, or the
    /// whole URL of a service. An answer may take 30 s and have 16 MiB.
    ///
    /// # Errors
    ///
    /// The URL is not valid, or has a query.
    pub fn at(url: &str) -> Result<Self, CandidateError> {
        let client = Client::builder(url, Secret::default());
        Self::over(url, &client.timeout(std::time::Duration::from_secs(30)))
    }

    /// The same over the client that this builder makes for the URL: with its time-outs, TLS and limits.
    /// The host's addresses are looked up, which takes as long as the system takes.
    ///
    /// # Errors
    ///
    /// The builder makes no client.
    pub fn over(url: &str, client: &ClientBuilder) -> Result<Self, CandidateError> {
        let live = Live::over(url, client)?;
        // The client has found it to be one.
        let url = Url::parse(url)
            .map_err(|_| BuildError::from(crate::http::UrlError::Invalid(String::new())))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(CandidateError::Query);
        }
        let (destination, credentials) = (Destination::look_up(&url), false);
        let service =
            Service { url, live, destination, namespace: None, password: None, credentials };
        Ok(Self(Kind::Service(Box::new(service))))
    }

    /// What a provider's file answers. It changes nothing: its statements with an effect are not run, no
    /// sink is told, in place of the old service that it forwards to stands what the old service has
    /// answered, and an endpoint is not asked about what may change something. Answers that depend on what
    /// was not run are not compared. Its path and the networks that may call are not looked at. Where the
    /// old service accepts a web service password that the file does not have, that is a difference of its
    /// own ("web service password"); calls without one, or with one that the old service refuses, are not
    /// compared.
    pub fn file(provider: Provider) -> Self {
        Self(Kind::File(provider))
    }

    fn service(&self) -> Option<&Service> {
        match &self.0 {
            Kind::Service(service) => Some(service),
            Kind::File(_) => None,
        }
    }

    /// Speaks to a service in this namespace in place of the callers'. Default theirs.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        if let Kind::Service(service) = &mut self.0 {
            service.namespace = Some(namespace.into());
        }
        self
    }

    /// Gives a service this web service password in place of the callers'. Default theirs.
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        if let Kind::Service(service) = &mut self.0 {
            service.password = Some(password);
        }
        self
    }

    /// Gives a service the headers, too, with which callers sign in at the old service (Authorization,
    /// Cookie and their like). Default off: they are not the candidate's.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        if let Kind::Service(service) = &mut self.0 {
            service.credentials = true;
        }
        self
    }

    /// Is it at this address of this machine?
    pub(super) fn listens_at(&self, address: SocketAddr) -> bool {
        self.service().is_some_and(|service| service.destination.is(address))
    }

    /// Is it all that is at the old service's origin?
    pub(super) fn is_at(&self, old: &Destination) -> Sameness {
        let service = self.service().filter(|service| service.url.path() == "/");
        service.map_or(Sameness::Different, |service| service.destination.compare(old))
    }

    /// Is it what is at this path of the old service's origin?
    pub(super) fn is_old_service(&self, old: &Destination, path: &str) -> bool {
        let service = self.service().filter(|s| s.url.path().eq_ignore_ascii_case(path));
        service.is_some_and(|service| service.destination.compare(old) == Sameness::Same)
    }

    /// Is nothing changed by asking it, whatever it is asked?
    pub(super) fn changes_nothing(&self) -> bool {
        self.service().is_none()
    }

    /// Is it given the web service password that callers send, so that it can refuse it?
    pub(super) fn sees_the_password(&self) -> bool {
        self.service().is_some_and(|service| service.password.is_none())
    }

    /// Would a host of its file refuse the web service password of this call?
    pub(super) fn refuses_password(&self, request: &HttpRequest) -> bool {
        let Kind::File(provider) = &self.0 else { return false };
        let service = provider.service();
        let Some(own) = service.password else { return false };
        let canonical = Canonical::new(request);
        canonical.variable(AUTH_PASSWORD).is_some_and(|given| {
            let accepts = |password: &Secret| password.matches(given);
            !accepts(&own) && !service.previous_password.as_ref().is_some_and(accepts)
        })
    }

    pub(super) fn password(&self) -> Option<&Secret> {
        self.service()?.password.as_ref()
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.service()?.namespace.as_deref()
    }

    /// What it answers to a call that the old service has answered; the error says why that cannot be
    /// compared.
    pub(super) async fn ask(
        &self,
        request: &HttpRequest,
        old: Result<&Answered, &str>,
    ) -> Result<Outcome, String> {
        let answer = match &self.0 {
            Kind::File(provider) => rehearse(provider, request, old).await.map(Ok)?,
            Kind::Service(service) => {
                let Service { live, namespace, password, .. } = &**service;
                let request = rewritten(request, namespace.as_deref(), password.as_ref())?;
                let mut request = request.into_owned();
                request.headers = headers(&request.headers, service.credentials);
                live.ask(&request).await
            }
        };
        let version = HttpVersion::Http11;
        let answered = |response| Answered { response, reason: String::new(), version };
        Ok(answer.map_or_else(Outcome::Failed, |response| Outcome::Answered(answered(response))))
    }
}

/// What a provider's file answers, if that depends on nothing that it did not do.
async fn rehearse(
    provider: &Provider,
    request: &HttpRequest,
    old: Result<&Answered, &str>,
) -> Result<HttpResponse, String> {
    let content_type = request.headers.get("Content-Type").unwrap_or_default();
    let text = Charset::of_request(&content_type).decode(&request.body);
    let text = text.map_err(|error| format!("the request cannot be read: {error}"))?;
    let tree = Tree::read(&text).unwrap_or_default();
    let namespace = body_element(&tree).map_or(DEFAULT_NAMESPACE, |(namespace, _)| namespace);
    let version = tree.root().and_then(|(_, root)| SoapVersion::of_namespace(tree.uri(root)));
    let binding = Binding::new(namespace, version.unwrap_or_default());
    let canonical = Canonical::new(request);
    // This one the old service has accepted; that the file has another is a difference of its own.
    let password = canonical.variable(AUTH_PASSWORD).filter(|password| !password.is_empty());
    let password = password.ok_or_else(|| "it has no web service password".to_owned())?;
    let password = Secret::new(password);
    let target = path_and_query(&request.target).to_owned();
    let path = target.split('?').next().unwrap_or_default();
    let request = HttpRequest { target: target.clone(), ..request.clone() };
    let old = OldAnswer { response: old.ok().map(|answered| answered.response.clone()), binding };
    let rehearsal = provider.rehearse(&request, (path, password), old).await?;
    match rehearsal.left_open {
        Some(reason) => Err(reason),
        None => Ok(rehearsal.response),
    }
}
