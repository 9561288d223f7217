//! Why a call has no answer, and whose fault it is.

use std::borrow::Cow;

use super::{TransportError, remedy};
use crate::contract::{Failure, first_line};
use crate::soap::{DecodeError, EncodeError, Fault, MalformedError, NonSoapResponse, Problem};

/// A call without an answer. `Display` does not repeat the `source`; neither ever shows a password:
/// in what others wrote, those of the call are masked. Of a fault or a message of many lines it shows
/// the first; the fields have them all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request cannot be written: the caller's fault. Nothing was sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No answer came. [`TransportError::sent`] says whether the request may have arrived.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What came is not SOAP: an error page, a sign-in page, a redirect, an empty body.
    #[error(transparent)]
    NotSoap(Box<NonSoapResponse>),
    /// The service answered with a SOAP fault: its code threw an exception, or it did not
    /// understand the request.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The answer is SOAP, but not what the contract says.
    #[error(transparent)]
    Malformed(Box<MalformedError>),
    /// The provider's own failure: `Success=false`.
    #[error("the provider declined: {}", said(.0))]
    Failure(Box<Failure>),
}

/// The first line of what the provider says.
fn said(failure: &Failure) -> &str {
    failure.message.as_deref().map_or("(no message)", first_line)
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
            Self::Transport(error) => remedy::transport(&error.kind).map(|(_, remedy)| remedy),
            Self::NotSoap(answer) => Some(remedy::page(answer).1.into()),
            Self::Fault(fault) if remedy::is_unknown_action(&fault.reason) => Some(
                "the service does not know the action: its namespace is another (see its ?WSDL, or \
                 set it to \"discover\"), or it does not implement this operation"
                    .into(),
            ),
            Self::Fault(fault) => Some(remedy::fault(fault).into()),
            Self::Malformed(error) => match &error.problem {
                Problem::Unexpected { local, expected, .. } if local == expected => Some(
                    "the answer's namespace is another: set that of its ?WSDL, or \"discover\"".into(),
                ),
                problem => problem.remedy().map(Cow::Borrowed),
            },
            Self::Failure(failure) if failure.is_permission_denied() => {
                Some("the web service password is wrong".into())
            }
            Self::Failure(_) | Self::Encode(_) => None,
        }
    }
}
