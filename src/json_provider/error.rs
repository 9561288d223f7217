//! Why an endpoint gave no answer, and what to do about it.

use std::borrow::Cow;
use std::time::Duration;

use super::answer::MalformedAnswer;
use crate::breaker::Refusal;
use crate::client::{TransportError, TransportErrorKind, remedy};
use crate::contract::{Failure, first_line};
use crate::soap::{NonSoapKind, NonSoapResponse};

/// A call of an endpoint without an answer. No password and no token in it: in what others wrote, they are
/// masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonCallError {
    /// The request cannot be written: why. Nothing was sent.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// No answer came. [`TransportError::sent`] says whether the request may have arrived.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What came is not a JSON document with status 200 or 201: an error, a page, a redirect, nothing.
    #[error("the endpoint gave no answer in JSON: HTTP {}, {}{}", .0.status, .0.what(), quoted(.0))]
    NotJson(Box<NonSoapResponse>),
    /// The document is not as documented: where.
    #[error("the endpoint's answer is not as documented: {0}")]
    Malformed(Box<MalformedAnswer>),
    /// The provider's own failure: the outcome `declined`.
    #[error("the provider declined: {}", .0.message.as_deref().map_or("(no message)", first_line))]
    Failure(Box<Failure>),
    /// As many calls as may be are under way, and none ended in time. Nothing was sent.
    #[error("{max_calls} calls are under way, and none ended within {} s", .waited.as_secs_f64())]
    Busy {
        /// The limit.
        max_calls: usize,
        /// How long it waited for a turn.
        waited: Duration,
    },
    /// The endpoint has not answered for a while, so it is left alone for now. Nothing was sent.
    #[error("the endpoint is left alone for {:.1} s, since {because}", .retry_in.as_secs_f64())]
    Open {
        /// When one call may try it again; zero while one is trying.
        retry_in: Duration,
        /// The last failure.
        because: String,
    },
}

fn quoted(answer: &NonSoapResponse) -> String {
    match answer.excerpt.as_str() {
        "" => String::new(),
        excerpt => format!(": \"{excerpt}\""),
    }
}

impl From<Refusal> for JsonCallError {
    fn from(Refusal { left, because }: Refusal) -> Self {
        Self::Open { retry_in: left, because: because.as_ref().to_owned() }
    }
}

impl JsonCallError {
    /// May the request have reached the endpoint? If not, the operation did nothing.
    pub fn sent(&self) -> bool {
        match self {
            Self::Request(_) | Self::Busy { .. } | Self::Open { .. } => false,
            Self::Transport(error) => error.sent,
            Self::NotJson(_) | Self::Malformed(_) | Self::Failure(_) => true,
        }
    }

    /// Did the endpoint itself say nothing? A proxy that cannot reach it speaks for itself.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Transport(error) => !matches!(
                error.kind,
                TransportErrorKind::TooLarge { .. } | TransportErrorKind::Header(_)
            ),
            Self::NotJson(answer) => matches!(answer.status, 502..=504),
            _ => false,
        }
    }

    /// The word for it in metrics, as a gateway's.
    #[cfg(feature = "provider-file")]
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Request(_) => "caller",
            Self::Failure(failure) if failure.is_permission_denied() => "denied",
            Self::Failure(_) => "declined",
            Self::Busy { .. } => "load",
            Self::Open { .. } => "network",
            Self::NotJson(answer) if matches!(answer.status, 401 | 403) => "settings",
            Self::Transport(_) if self.is_silence() => "network",
            Self::Transport(_) | Self::NotJson(_) | Self::Malformed(_) => "provider",
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Transport(error) => remedy::transport(&error.kind).map(|(_, remedy)| remedy),
            Self::NotJson(answer) => Some(page(answer).into()),
            Self::Malformed(_) => Some(
                "the endpoint must answer like {\"outcome\": \"allowed\", \"message\": null, \"outputs\": {\"departmentName\": \"Sales\"}}"
                    .into(),
            ),
            Self::Busy { .. } => {
                Some("the endpoint is slow, or max_calls is too small for so many users".into())
            }
            Self::Request(_) | Self::Failure(_) | Self::Open { .. } => None,
        }
    }
}

/// What to do about an answer that is not one.
fn page(answer: &NonSoapResponse) -> &'static str {
    match (answer.status, &answer.page) {
        (_, NonSoapKind::Redirect { sign_in: true, .. }) => {
            "a sign-in page stands before the endpoint: exempt its address from it"
        }
        (_, NonSoapKind::Redirect { .. }) => {
            "redirects are not followed: set url to the address it points to, if it is right"
        }
        (401, _) => "the endpoint does not take the token (or wants one): compare it with token",
        (403, _) => {
            "it is forbidden: does the endpoint know the token, the secret of signatures, this machine's address? (What a provider refuses is status 200 with the outcome refused)"
        }
        (404, _) => "nothing is there: check the path of url, and {operation} in it",
        (405 | 501, _) => "the endpoint must take POST there: check the path of url",
        (413, _) => "the endpoint's limit for requests is too low",
        (415, _) => "the endpoint must take application/json",
        (429, _) => "the endpoint takes fewer calls: lower max_calls, or raise its limit",
        (502..=504, _) => {
            "a proxy could not reach the endpoint: is it running? Is the way to it open?"
        }
        (500.., _) => "the endpoint's own code failed: look at its log",
        (400.., _) => {
            "look at the endpoint's log. (What a provider refuses or declines is status 200, with the outcome refused or declined)"
        }
        (_, NonSoapKind::Compressed(_)) => "switch compression off for the endpoint's path",
        (_, NonSoapKind::SignIn | NonSoapKind::Html) => {
            "url leads to a page: set it to the endpoint's own address"
        }
        (_, NonSoapKind::Empty) => {
            "the endpoint must answer a document, {\"outcome\": …} at least, and give its length"
        }
        _ => "the endpoint must say Content-Type: application/json, and status 200",
    }
}
