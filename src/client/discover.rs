//! Fetches what a service says of itself: its WSDL, with all that it imports.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{BuildError, ClientBuilder, HttpTransport, TransportError, remedy};
use crate::bounded::wait;
use crate::contract::Kind;
use crate::http::HttpResponse;
use crate::http::url::Url;
use crate::secret::Mask;
use crate::soap::{NonSoapResponse, OperationNameError};
use crate::wsdl::{Ambiguous, Description, Documents, Find, Import, WsdlError, WsdlProblem};

/// A service as it describes itself.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The service.
    pub description: Description,
    /// The operations of the contract that it has.
    pub find: Find,
    /// The document's answer, without its body: status and headers.
    pub answer: HttpResponse,
    /// Does the document begin with a byte order mark?
    pub bom: bool,
    /// Imports that could not be had, with the reason: on another host, or what came instead. What
    /// they would have said is not known.
    pub skipped: Vec<String>,
}

/// A service whose description cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The settings make no client.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// No whole description within the client's time-out.
    #[error("{document} and its imports were not read within {after:?}")]
    Timeout {
        /// The document.
        document: String,
        /// The time-out.
        after: Duration,
    },
    /// What came is not WSDL: an HTML page, a sign-in page, a redirect, an empty body.
    #[error("the WSDL was asked for at {document}: HTTP {}, {}", answer.status, described(answer))]
    NotWsdl {
        /// The document.
        document: String,
        /// What came.
        answer: Box<NonSoapResponse>,
    },
    /// The document cannot be understood.
    #[error(transparent)]
    Wsdl(#[from] WsdlError),
    /// The service describes itself, but not this kind.
    #[error("the service has no operation of {kind}: it has {}", operations(operations_found))]
    Kind {
        /// The kind.
        kind: Kind,
        /// The operations that it has.
        operations_found: Vec<String>,
    },
    /// What describes this kind is in a document that cannot be had.
    #[error("the operations of {kind} are described in an import that cannot be had: {}", imports.join("; "))]
    Import {
        /// The kind.
        kind: Kind,
        /// The imports, with the reason.
        imports: Vec<String>,
    },
    /// Several operations may be meant.
    #[error(transparent)]
    Ambiguous(#[from] Ambiguous),
    /// The operations of a kind are in several namespaces.
    #[error("the operations of {kind} are in several namespaces: {}", namespaces.join(", "))]
    Namespaces {
        /// The kind.
        kind: Kind,
        /// The namespaces.
        namespaces: Vec<String>,
    },
    /// An operation's name or action cannot be sent.
    #[error(transparent)]
    Name(#[from] OperationNameError),
}

fn described(answer: &NonSoapResponse) -> String {
    let content_type =
        answer.content_type.as_deref().map(|t| format!(" ({t})")).unwrap_or_default();
    let excerpt = match answer.excerpt.as_str() {
        "" => String::new(),
        excerpt => format!(": \"{excerpt}\""),
    };
    format!("{}{content_type}{excerpt}", answer.page)
}

impl DiscoverError {
    /// What to do about it, where experience with .NET services knows.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Transport(error) => Some(remedy::transport(&error.kind)?.1),
            Self::NotWsdl { answer, .. } => Some(remedy::no_wsdl(answer).1),
            Self::Timeout { .. } => Some(
                "the connection stands, but no answer comes: is the service hanging?".into(),
            ),
            Self::Wsdl(_) => Some(
                "the document is not what ASMX, WCF or SoapCore write: look at the URL".into(),
            ),
            Self::Import { .. } => Some(
                "let the service publish the document where its WSDL says, or set its namespace (--namespace, namespace =)"
                    .into(),
            ),
            _ => None,
        }
    }
}

fn operations(found: &[String]) -> String {
    /// More would hide the rest of the error.
    const SHOWN: usize = 20;
    match found.get(SHOWN..) {
        Some(more) if !more.is_empty() => {
            format!("{} and {} more", found[..SHOWN].join(", "), more.len())
        }
        _ if found.is_empty() => "none".to_owned(),
        _ => found.join(", "),
    }
}

impl Discovery {
    /// Tells a client the namespace, names and actions of a kind's operations.
    ///
    /// # Errors
    ///
    /// The service has no operation of that kind, or it cannot be told which is which.
    pub fn apply(
        &self,
        kind: Kind,
        mut builder: ClientBuilder,
    ) -> Result<ClientBuilder, DiscoverError> {
        if let Some(ambiguous) = self.find.ambiguous.iter().find(|a| a.kind == kind) {
            return Err(ambiguous.clone().into());
        }
        let mut namespaces: Vec<String> = Vec::new();
        for found in self.find.of(kind) {
            if !namespaces.contains(&found.namespace) {
                namespaces.push(found.namespace.clone());
            }
            builder = builder.found(found);
        }
        match namespaces.len() {
            1 => Ok(builder),
            0 if self.description.incomplete => {
                Err(DiscoverError::Import { kind, imports: self.skipped.clone() })
            }
            0 => {
                let names = self.description.operation_names();
                let operations_found = names.into_iter().map(str::to_owned).collect();
                Err(DiscoverError::Kind { kind, operations_found })
            }
            _ => Err(DiscoverError::Namespaces { kind, namespaces }),
        }
    }
}

impl ClientBuilder {
    /// Fetches the service's WSDL (`GET url?WSDL`) with all that it imports from the same host, and
    /// finds the contract's operations in it. TLS, proxy and time-outs are the client's; the
    /// `timeout` is for all documents together. Redirects are not followed. No password is sent.
    ///
    /// An import from another host is asked for at the service's own if it has the service's path,
    /// as WCF behind a proxy names its inner machine; otherwise it is
    /// [skipped](Discovery::skipped), as is one that cannot be had: each may take half of the time
    /// that is left. Schemas of standard namespaces are not fetched.
    pub async fn discover(&self) -> Result<Discovery, DiscoverError> {
        let (transport, proxy_password) = self.transport()?;
        let mask = self.secrets(&proxy_password);
        let mut url = transport.url.clone();
        url.set_fragment(None);
        if !asks_for_wsdl(&url) {
            url.set_query(Some("WSDL"));
        }
        let document = shown(&url);
        let after = transport.timeout;
        match tokio::time::timeout(after, fetch(&transport, url, &mask)).await {
            Ok(result) => result,
            Err(_) => Err(DiscoverError::Timeout { document, after }),
        }
    }
}

/// Is the URL a description's already (`?wsdl`, `?singleWsdl`)?
fn asks_for_wsdl(url: &Url) -> bool {
    url.query().is_some_and(|query| {
        let query = query.to_ascii_lowercase();
        query == "wsdl" || query == "singlewsdl" || query.starts_with("wsdl=")
    })
}

fn shown(url: &Url) -> String {
    url.as_str().chars().take(200).collect()
}

async fn fetch(
    transport: &HttpTransport,
    url: Url,
    mask: &Mask,
) -> Result<Discovery, DiscoverError> {
    let until = Instant::now() + wait(transport.timeout);
    let mut documents = Documents::default();
    let mut first = transport.get(url.clone()).await?;
    let wanted = read(&mut documents, &url, &first, None, mask)?;
    let bom = first.body.starts_with(&[0xEF, 0xBB, 0xBF]);
    first.body = Vec::new();
    let mut skipped = Vec::new();
    let mut seen = vec![url.clone()];
    let mut queue = VecDeque::new();
    let root = url;
    take(&root, &root, wanted, &mut seen, &mut queue, &mut skipped);
    while let Some((url, namespace)) = queue.pop_front() {
        // One that hangs must not use up the time of those that are needed.
        let within = until.saturating_duration_since(Instant::now()) / 2;
        let document = shown(&url);
        let answer = match tokio::time::timeout(within, transport.get(url.clone())).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                skipped.push(format!("{document}: {error}"));
                continue;
            }
            Err(_) => {
                skipped.push(format!("{document}: no answer within {within:.1?}"));
                continue;
            }
        };
        match read(&mut documents, &url, &answer, Some(&namespace), mask) {
            Ok(wanted) => take(&root, &url, wanted, &mut seen, &mut queue, &mut skipped),
            Err(DiscoverError::NotWsdl { answer, .. }) => {
                skipped.push(format!("{document}: HTTP {}, {}", answer.status, described(&answer)));
            }
            // More than is ever read is a danger, whatever else is missing.
            Err(DiscoverError::Wsdl(error))
                if !matches!(error.problem, WsdlProblem::Limit { .. }) =>
            {
                skipped.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    let description = documents.finish(skipped.is_empty())?;
    let find = description.find();
    Ok(Discovery { description, find, answer: first, bom, skipped })
}

fn read(
    documents: &mut Documents,
    url: &Url,
    answer: &HttpResponse,
    namespace: Option<&str>,
    mask: &Mask,
) -> Result<Vec<Import>, DiscoverError> {
    let document = shown(url);
    let content_type = answer.headers.get("Content-Type").unwrap_or_default();
    let not_wsdl = || DiscoverError::NotWsdl {
        document: document.clone(),
        answer: Box::new(NonSoapResponse::describe(answer, mask)),
    };
    if !(200..300).contains(&answer.status)
        || answer.body.is_empty()
        || NonSoapResponse::compressed(answer, mask).is_some()
    {
        return Err(not_wsdl());
    }
    documents.add(&document, &answer.body, &content_type, namespace).map_err(|error| {
        // A page is better described as a page than by the first tag that it does not close.
        let page = NonSoapResponse::html(answer, mask).is_some();
        let xml = content_type.to_ascii_lowercase().contains("xml");
        if page || !xml { not_wsdl() } else { error.into() }
    })
}

/// Puts what a document asks for into the queue, each once.
fn take(
    root: &Url,
    base: &Url,
    wanted: Vec<Import>,
    seen: &mut Vec<Url>,
    queue: &mut VecDeque<(Url, String)>,
    skipped: &mut Vec<String>,
) {
    for Import { location, namespace, .. } in wanted {
        let resolved = base.join(&location).ok().and_then(|mut url| {
            url.set_fragment(None);
            if url.origin() == root.origin() && url.username().is_empty() {
                return Some(url);
            }
            // WCF behind a proxy: another name for the same machine.
            let mut here = root.clone();
            here.set_query(url.query());
            (url.path().eq_ignore_ascii_case(root.path())).then_some(here)
        });
        match resolved {
            Some(url) if seen.contains(&url) => {}
            // Beyond the limit the reader refuses; there is no need to keep more than it takes.
            Some(url) if seen.len() <= 64 => {
                seen.push(url.clone());
                queue.push_back((url, namespace));
            }
            _ if skipped.len() >= 100 => {}
            _ => {
                let location: String = location.chars().take(200).collect();
                skipped.push(format!("{location}: on another host than the service, not followed"));
            }
        }
    }
}
