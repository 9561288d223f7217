//! Why a call has no answer, and whose fault it is.

use std::borrow::Cow;

use super::{TransportError, TransportErrorKind};
use crate::contract::Failure;
use crate::soap::{DecodeError, EncodeError, Fault, MalformedError, NotSoap, Page};

/// A call without an answer. `Display` does not repeat the `source`; neither ever shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request cannot be written: the caller's fault. Nothing was sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No answer came. [`TransportError::sent`] says whether the request may have arrived.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What came is no SOAP: an error page, a sign-in page, a redirect, an empty body.
    #[error(transparent)]
    NotSoap(Box<NotSoap>),
    /// The service answered with a SOAP fault: its code threw an exception, or it did not
    /// understand the request.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The answer is SOAP, but not what the contract says.
    #[error(transparent)]
    Malformed(Box<MalformedError>),
    /// The provider's own failure: `Success=false`.
    #[error("the provider declined: {}", .0.message.as_deref().unwrap_or("(no message)"))]
    Failure(Box<Failure>),
}

impl From<DecodeError> for CallError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::NotSoap(error) => Self::NotSoap(error),
            DecodeError::Fault(fault) => Self::Fault(fault),
            DecodeError::Malformed(error) => Self::Malformed(error),
        }
    }
}

impl CallError {
    /// What to do about it, where experience with .NET services knows.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Transport(error) => transport_hint(&error.kind),
            other => other.answer_hint().map(Cow::Borrowed),
        }
    }

    /// What to do about an answer that is not the one that is due.
    fn answer_hint(&self) -> Option<&'static str> {
        match self {
            Self::NotSoap(answer) => match (answer.status, &answer.page) {
                (_, Page::Redirect { sign_in: true, .. }) | (200, Page::SignIn) => Some(
                    "a sign-in page stands before the service: exempt the service's address from it",
                ),
                (_, Page::Redirect { .. }) => {
                    Some("redirects are not followed: use the address it points to, if it is right")
                }
                (407, _) => Some("the proxy wants credentials: put them into its URL"),
                (401, _) => Some(
                    "the web server wants credentials of its own: allow anonymous access to the service",
                ),
                (403, _) => Some("the web server forbids it: look at its address restrictions"),
                (404, _) => Some("nothing is there: check the path of the URL (it ends in .asmx)"),
                (405, _) => Some("POST is not allowed there: check the path of the URL"),
                (400, Page::Empty) => Some(
                    "the service could not read the request's XML: something between changes it",
                ),
                (415, _) => Some("the service does not speak this SOAP version: try the other one"),
                (502..=504, _) => Some("a proxy could not reach the service: is it running?"),
                (_, Page::Compressed(_)) => Some(
                    "switch compression off for the service's path (IIS: dynamic compression; or at the proxy)",
                ),
                (200, Page::Html) => {
                    Some("the URL leads to a page: it must be the service's own, ending in .asmx")
                }
                _ => None,
            },
            Self::Fault(fault)
                if fault.reason.contains("HTTP Header SOAPAction")
                    || fault.reason.starts_with("Unable to handle request") =>
            {
                Some(
                    "the service does not know the action: its namespace is another (see its ?WSDL), or it does not implement this operation",
                )
            }
            Self::Failure(failure) if failure.is_permission_denied() => {
                Some("the web service password is wrong")
            }
            _ => None,
        }
    }
}

fn transport_hint(kind: &TransportErrorKind) -> Option<Cow<'static, str>> {
    match kind {
        TransportErrorKind::Tls(error) => Some(error.remedy().into()),
        TransportErrorKind::Connect(cause) => connect_hint(cause).map(Cow::Borrowed),
        _ => None,
    }
}

/// What to do about a connection that did not come about, by what the system says about it.
pub(crate) fn connect_hint(cause: &str) -> Option<&'static str> {
    let cause = cause.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if says(&["refused"]) {
        Some("nothing listens there: is the service running, and the port right?")
    } else if says(&["temporary failure"]) {
        Some("the name servers do not answer: look at this machine's DNS settings")
    } else if says(&["lookup", "name or service", "resolve"]) {
        Some("the host name is not known: check its spelling, and this machine's DNS")
    } else if says(&["unreachable", "no route"]) {
        Some("there is no way to the host: look at this machine's network, routes and firewall")
    } else {
        None
    }
}

/// An error with its causes, which `Display` leaves to `source`.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
