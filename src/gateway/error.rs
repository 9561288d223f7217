//! Why a provider gave no answer, and whose fault it is.

use std::borrow::Cow;
use std::time::Duration;

use crate::client::{BuildError, CallError, DiscoverError, TransportError, TransportErrorKind};
use crate::contract::Kind;
use crate::settings::SettingsError;

/// A provider without an answer. No password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} provider gave no answer to {operation}")]
pub struct GatewayError {
    /// Which provider.
    pub kind: Kind,
    /// What it was asked, by the contract's name.
    pub operation: &'static str,
    /// Why.
    #[source]
    pub cause: Cause,
}

/// What was in the way of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The call failed. [`CallError::Failure`] is the provider's own `Success=false`, of an external
    /// service or of the application's own implementation.
    #[error(transparent)]
    Call(#[from] CallError),
    /// As many calls as may be are under way, and none ended in time. Nothing was sent.
    #[error("{max_calls} calls are under way, and none ended within {} s", .waited.as_secs_f64())]
    Busy {
        /// The limit, `max_calls`.
        max_calls: usize,
        /// How long it waited for a turn, `max_wait`.
        waited: Duration,
    },
    /// The service has not answered for a while, so it is left alone for now. Nothing was sent.
    #[error("the service is left alone for {:.1} s, since {because}", .retry_in.as_secs_f64())]
    Open {
        /// When one call may try it again; zero while one is trying.
        retry_in: Duration,
        /// The last failure.
        because: String,
    },
    /// The service could not be discovered, so the operation was not sent.
    #[error(transparent)]
    Service(#[from] Box<ServiceError>),
    /// The application's own implementation failed: its messages, the outermost first.
    #[error("the built-in provider failed: {}", .0.join(": "))]
    Exception(Vec<String>),
}

/// Whose fault it is that there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// The application's: the request holds what no message can carry.
    Caller,
    /// The administrator's: the settings do not fit the service.
    Settings,
    /// The network's, or the service is down.
    Network,
    /// The provider's: it answered, but not as the contract says, or it declined.
    Provider,
    /// Nobody's: too many calls at a time.
    Load,
}

impl GatewayError {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match &self.cause {
            Cause::Busy { .. } => Blame::Load,
            Cause::Open { .. } => Blame::Network,
            Cause::Exception(_) => Blame::Provider,
            Cause::Service(error) => match &**error {
                ServiceError::Discover(
                    DiscoverError::Transport(_) | DiscoverError::Timeout { .. },
                ) => Blame::Network,
                ServiceError::Discover(
                    DiscoverError::NotWsdl { .. }
                    | DiscoverError::Wsdl(_)
                    | DiscoverError::Import { .. },
                ) => Blame::Provider,
                _ => Blame::Settings,
            },
            Cause::Call(error) => match error {
                CallError::Encode(_) => Blame::Caller,
                CallError::Transport(error) => match error.kind {
                    TransportErrorKind::Header(_) => Blame::Settings,
                    TransportErrorKind::TooLarge { .. } => Blame::Provider,
                    _ => Blame::Network,
                },
                CallError::Failure(failure) if failure.is_permission_denied() => Blame::Settings,
                _ => Blame::Provider,
            },
        }
    }

    /// The word for it in metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match (&self.cause, self.blame()) {
            (Cause::Call(CallError::Failure(failure)), _) if failure.is_permission_denied() => {
                "denied"
            }
            (Cause::Call(CallError::Failure(_)), _) => "declined",
            (_, Blame::Caller) => "caller",
            (_, Blame::Settings) => "settings",
            (_, Blame::Network) => "network",
            (_, Blame::Provider) => "provider",
            (_, Blame::Load) => "load",
        }
    }

    /// May the request have reached the provider? If not, the operation did nothing, and may be
    /// tried again.
    pub fn sent(&self) -> bool {
        match &self.cause {
            Cause::Busy { .. } | Cause::Open { .. } | Cause::Service(_) => false,
            Cause::Exception(_) => true,
            Cause::Call(CallError::Encode(_)) => false,
            Cause::Call(CallError::Transport(error)) => error.sent,
            Cause::Call(_) => true,
        }
    }

    /// What to do about it, where experience knows.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match &self.cause {
            Cause::Call(CallError::Transport(TransportError {
                kind: TransportErrorKind::Tls(error),
                ..
            })) => Some(error.remedy_in_file().into()),
            Cause::Call(error) => error.hint(),
            Cause::Busy { .. } => {
                Some("the service is slow, or max_calls is too small for so many users".into())
            }
            Cause::Service(error) => match &**error {
                ServiceError::Discover(error) => error.hint(),
                _ => None,
            },
            Cause::Open { .. } | Cause::Exception(_) => None,
        }
    }
}

/// Settings that cannot be put in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is wrong. Of this error `Display` says all, one line for each problem.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A service cannot be called as they say.
    #[error("the web service of the {kind} provider cannot be called")]
    Service {
        /// Which provider's.
        kind: Kind,
        /// Why.
        #[source]
        error: ServiceError,
    },
    /// The settings did not come from a file, so they cannot be read again.
    #[error("the settings were not loaded from a file")]
    NoFile,
    /// The task that reads them did not finish.
    #[error("reading the settings failed unexpectedly")]
    Unfinished,
}

/// Why a service cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// No client can be made of them.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Nobody would be let in.
    #[error("there is no web service password")]
    NoPassword,
    /// A service of another kind.
    #[error("the service is one for the {0} provider")]
    OtherKind(Kind),
    /// What was to be discovered cannot be.
    #[error("the service cannot be discovered")]
    Discover(#[from] DiscoverError),
    /// The WSDL has no operation of the name in the settings.
    #[error("the service has no operation {name}: it has {}", .has.join(", "))]
    NoOperation {
        /// The name in the settings.
        name: String,
        /// Those in the WSDL.
        has: Vec<String>,
    },
    /// Not in this build.
    #[error("native_tls needs a build with the feature native-tls")]
    NativeTls,
}
