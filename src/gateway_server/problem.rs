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

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What `type` ends with.
    pub(super) word: &'static str,
    pub(super) status: u16,
    pub(super) title: &'static str,
    /// Whose fault it is.
    blame: &'static str,
}

macro_rules! troubles {
    ($($name:ident: $word:literal, $status:literal, $blame:literal, $title:literal;)+) => {
        $(pub(super) const $name: Trouble =
            Trouble { word: $word, status: $status, title: $title, blame: $blame };)+
        /// All that can go wrong, by status.
        pub(super) const ALL: &[Trouble] = &[$($name),+];
    };
}

troubles! {
    REQUEST: "request", 400, "caller", "The request is not what the operation takes";
    TOKEN_IN_URL: "token-in-url", 400, "caller", "A token stands in the URL";
    UNAUTHORIZED: "unauthorized", 401, "caller", "There is no valid token";
    NOT_FOUND: "not-found", 404, "caller", "There is nothing at this address";
    METHOD: "method", 405, "caller", "The method is not one of this address";
    SLOW: "slow-request", 408, "caller", "The request did not come in time";
    TOO_LARGE: "too-large", 413, "caller", "The request is too large";
    MEDIA_TYPE: "media-type", 415, "caller", "The request is not JSON";
    INTERNAL: "internal", 500, "gateway", "The gateway itself failed";
    SETTINGS: "settings", 500, "settings", "The settings do not fit the service";
    PROVIDER: "provider", 502, "provider", "The provider answered, but not as the contract says";
    NETWORK: "network", 502, "network", "The service cannot be reached";
    BREAKER: "breaker", 503, "network", "The service is left alone for now";
    BUSY: "busy", 503, "load", "Too many calls of the service are under way";
    OVERLOADED: "overloaded", 503, "load", "The gateway is overloaded";
    STOPPING: "stopping", 503, "load", "The gateway is being stopped";
    TIME_OUT: "time-out", 504, "network", "The service did not answer in time";
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
        let Trouble { word, status, title, blame } = trouble;
        Box::new(Self {
            kind: format!("{TYPES}{word}"),
            title,
            status,
            detail: detail.into(),
            operation: None,
            blame,
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
            _ => match error.blame() {
                Blame::Caller => REQUEST,
                Blame::Settings => SETTINGS,
                Blame::Network => NETWORK,
                Blame::Provider => PROVIDER,
                Blame::Load => BUSY,
            },
        };
        let mut new = Self::new(trouble, error_chain(error));
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
