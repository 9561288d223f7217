//! Why a request has no answer, as a problem document (RFC 9457).

use std::borrow::Cow;

use serde::Serialize;

use crate::client::{CallError, DiscoverError};
use crate::contract::SideEffect;
use crate::error_chain::error_chain;
use crate::gateway::{Blame, Cause, GatewayError, ServiceError};
use crate::http::{TransportError, TransportErrorKind};

/// What `type` begins with.
pub(super) const TYPES: &str = "urn:external-providers:problem:";

/// What went wrong: a word for `type`, the status, the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble(pub(super) &'static str, pub(super) u16, pub(super) &'static str);

pub(super) const REQUEST: Trouble =
    Trouble("request", 400, "The request is not what the operation takes");
pub(super) const TOKEN_IN_URL: Trouble = Trouble("token-in-url", 400, "A token stands in the URL");
pub(super) const UNAUTHORIZED: Trouble = Trouble("unauthorized", 401, "There is no valid token");
pub(super) const NOT_FOUND: Trouble = Trouble("not-found", 404, "There is nothing at this address");
pub(super) const METHOD: Trouble = Trouble("method", 405, "The method is not one of this address");
pub(super) const SLOW: Trouble = Trouble("slow-request", 408, "The request did not come in time");
pub(super) const TOO_LARGE: Trouble = Trouble("too-large", 413, "The request is too large");
pub(super) const MEDIA_TYPE: Trouble = Trouble("media-type", 415, "The request is not JSON");
pub(super) const INTERNAL: Trouble = Trouble("internal", 500, "The gateway itself failed");
pub(super) const SETTINGS: Trouble =
    Trouble("settings", 500, "The settings do not fit the service");
pub(super) const PROVIDER: Trouble =
    Trouble("provider", 502, "The provider answered, but not as the contract says");
pub(super) const NETWORK: Trouble = Trouble("network", 502, "The service cannot be reached");
pub(super) const BREAKER: Trouble = Trouble("breaker", 503, "The service is left alone for now");
pub(super) const BUSY: Trouble =
    Trouble("busy", 503, "Too many calls of the service are under way");
pub(super) const OVERLOADED: Trouble = Trouble("overloaded", 503, "The gateway is overloaded");
pub(super) const STOPPING: Trouble = Trouble("stopping", 503, "The gateway is being stopped");
pub(super) const TIME_OUT: Trouble = Trouble("time-out", 504, "The service did not answer in time");

/// All that can go wrong, by status.
pub(super) const ALL: [Trouble; 17] = [
    REQUEST,
    TOKEN_IN_URL,
    UNAUTHORIZED,
    NOT_FOUND,
    METHOD,
    SLOW,
    TOO_LARGE,
    MEDIA_TYPE,
    INTERNAL,
    SETTINGS,
    PROVIDER,
    NETWORK,
    BREAKER,
    BUSY,
    OVERLOADED,
    STOPPING,
    TIME_OUT,
];

impl Trouble {
    /// Whose fault it is, where no error of the gateway says it.
    pub(super) fn blame(self) -> &'static str {
        match self {
            INTERNAL => "gateway",
            OVERLOADED | STOPPING | BUSY => "load",
            SETTINGS => "settings",
            PROVIDER => "provider",
            NETWORK | BREAKER | TIME_OUT => "network",
            _ => "caller",
        }
    }
}

/// The document. No password and no token in it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    pub(super) title: &'static str,
    pub(super) status: u16,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'static str>,
    pub(super) blame: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<bool>,
    #[serde(skip)]
    pub(super) trouble: Trouble,
    /// Seconds for `Retry-After`.
    #[serde(skip)]
    pub(super) retry_after: Option<u64>,
    /// The methods for `Allow`.
    #[serde(skip)]
    pub(super) allow: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(trouble: Trouble, detail: impl Into<String>) -> Box<Self> {
        let Trouble(word, status, title) = trouble;
        Box::new(Self {
            kind: format!("{TYPES}{word}"),
            title,
            status,
            detail: detail.into(),
            operation: None,
            blame: trouble.blame(),
            pointer: None,
            hint: None,
            sent: None,
            trouble,
            retry_after: (status == 503).then_some(1),
            allow: None,
        })
    }

    /// A mistake at a place in the document.
    pub(super) fn at(pointer: String, detail: impl Into<String>) -> Box<Self> {
        let mut new = Self::new(REQUEST, detail);
        new.pointer = Some(pointer);
        new
    }

    /// Another method than these.
    pub(super) fn method(allow: &'static str) -> Box<Self> {
        let mut new = Self::new(METHOD, format!("this address takes {allow}"));
        new.allow = Some(allow);
        new
    }

    pub(super) fn hint(mut self: Box<Self>, hint: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.hint = Some(hint.into());
        self
    }

    /// A provider without an answer.
    pub(super) fn of(error: &GatewayError, side_effect: SideEffect) -> Box<Self> {
        let trouble = match &error.cause {
            Cause::Busy { .. } => BUSY,
            Cause::Open { .. } => BREAKER,
            cause if is_time_out(cause) => TIME_OUT,
            _ => of_blame(error.blame()),
        };
        let mut new = Self::new(trouble, error_chain(error));
        new.blame = word(error.blame());
        new.hint = error.hint();
        new.sent = (side_effect == SideEffect::Mutating).then(|| error.sent());
        if let Cause::Open { retry_in, .. } = &error.cause {
            new.retry_after = Some((retry_in.as_secs_f64().ceil() as u64).max(1));
        }
        new
    }

    pub(super) fn json(&self) -> String {
        // Strings, numbers and booleans with string keys: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn of_blame(blame: Blame) -> Trouble {
    match blame {
        Blame::Caller => REQUEST,
        Blame::Settings => SETTINGS,
        Blame::Network => NETWORK,
        Blame::Provider => PROVIDER,
        Blame::Load => BUSY,
    }
}

fn word(blame: Blame) -> &'static str {
    match blame {
        Blame::Caller => "caller",
        Blame::Settings => "settings",
        Blame::Network => "network",
        Blame::Provider => "provider",
        Blame::Load => "load",
    }
}

/// Did the service take longer than it may, to be connected to, discovered or to answer?
fn is_time_out(cause: &Cause) -> bool {
    let is = |error: &TransportError| {
        let kind = &error.kind;
        matches!(kind, TransportErrorKind::ConnectTimeout(_) | TransportErrorKind::Timeout(_))
    };
    match cause {
        Cause::Call(CallError::Transport(error)) => is(error),
        Cause::Service(error) => match &**error {
            ServiceError::Discover(DiscoverError::Transport(error)) => is(error),
            ServiceError::Discover(DiscoverError::Timeout { .. }) => true,
            _ => false,
        },
        _ => false,
    }
}
