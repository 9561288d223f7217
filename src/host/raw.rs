//! Below the typed providers: calls and answers as the wire has them, for those who need what no
//! typed answer can say (nil entries, no result at all, a fault of one's own).

use super::passwords::Passwords;
use crate::contract::raw::{Presence, RawInputs, RawResult};
use crate::contract::{BoxFuture, Failure, OperationInfo, ProviderError, Variables};
use crate::soap::{Fault, InputsError, read_inputs};

/// A provider of raw answers. It is asked before any typed provider of the same service.
pub trait RawProvider: Send + Sync {
    /// Answers the call, or passes it on.
    ///
    /// Nothing has been checked yet, the web service password least of all: answer only what
    /// [`RawCall::admit`] lets through.
    fn call<'a>(&'a self, call: RawCall<'a>) -> RawAnswer<'a>;
}

/// A call as the wire has it.
#[derive(Debug)]
pub struct RawCall<'a> {
    /// Which operation is called.
    pub operation: &'static OperationInfo,
    /// The parameter. Absent is a null reference; an absent, nil or empty list is an empty one.
    pub inputs: Presence<RawInputs>,
    pub(super) passwords: &'a Passwords,
}

impl RawCall<'_> {
    /// Reads the variables and checks the web service password among them, as a typed provider's
    /// calls are read and checked. The error is what the caller is to be answered.
    pub fn admit(self) -> Result<Variables, RawError> {
        let (password, variables) = read_inputs(self.inputs).map_err(RawError::Inputs)?;
        match password {
            Some(password) if self.passwords.accept(password.expose()) => Ok(variables),
            _ => Err(RawError::Denied),
        }
    }

    /// The entries of the list, nil ones included; none for an absent one.
    pub fn entries(&self) -> &[Option<String>] {
        match &self.inputs {
            Presence::Value(RawInputs { input_variables: Presence::Value(list) }) => &list.0,
            _ => &[],
        }
    }
}

/// What a raw provider does about a call.
pub enum RawAnswer<'a> {
    /// It answers: with a result (absent: a null reference), or with an error.
    Answered(BoxFuture<'a, Result<Presence<RawResult>, RawError>>),
    /// It leaves the call to the typed provider.
    Passed(RawCall<'a>),
}

/// Why there is no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RawError {
    /// `Success=false`, or an exception: what `?` makes of errors, as in [`ProviderError`].
    Provider(ProviderError),
    /// A fault as it is to be sent (`SoapException`).
    Fault(Box<Fault>),
    /// The web service password is wrong.
    Denied,
    /// The inputs make a legacy provider throw.
    Inputs(InputsError),
}

impl RawError {
    /// `Success=false` with this message.
    pub fn failure(message: impl Into<String>) -> Self {
        Self::Provider(ProviderError::failure(message))
    }

    /// An exception with this message.
    pub fn exception(message: impl Into<String>) -> Self {
        Self::Provider(ProviderError::Exception(vec![message.into()]))
    }
}

impl<E: Into<ProviderError>> From<E> for RawError {
    fn from(error: E) -> Self {
        Self::Provider(error.into())
    }
}

/// `Success=false` as a raw result: no outputs is an empty list, and so it is with items.
pub(super) fn failed(operation: &OperationInfo, failure: Failure) -> RawResult {
    RawResult {
        success: false,
        message: failure.message.into(),
        output_variables: Presence::Value(
            failure.outputs.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        ),
        custom_field_data_items: if operation.kind.has_items() {
            Presence::Value(Vec::new())
        } else {
            Presence::Absent
        },
    }
}
