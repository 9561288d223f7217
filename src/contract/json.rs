//! The contract as JSON (feature `serde`), in the shape of the command line: one definition for both.
//!
//! - [`Variables`] are a list of `{"key": …, "value": …}` in their order, which has a meaning, as has
//!   what comes twice. An object of strings is read, too, and so is one whose only member `variables` is
//!   such a list.
//! - A request is its variables: `{"loginUsername": "joe", "cf_Serial": "123"}`, the web service
//!   password not among them. Requests that hold a password are read, but not written.
//! - An answer is a [`Document`], since it is one of an operation: the same [`Start`](super::Start) is
//!   said in one variable for tickets and in another for chats.
//! - A [`Secret`](crate::Secret) is read from a string, and never written.
//!
//! Errors of variables, requests and secrets show no value.
//!
//! ```
//! use external_providers::contract::json::Document;
//! use external_providers::contract::{Answer, Start, StartTicket};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request: StartTicket = serde_json::from_str(r#"{"subject": "help", "cf_Serial": "123"}"#)?;
//! assert_eq!(request.custom_fields.get("Serial"), Some("123"));
//! let answer = Answer::new(Start::Refused, "Come back on Monday");
//! let text = serde_json::to_string(&Document::answer::<StartTicket>(&answer))?;
//! assert!(text.starts_with(r#"{"operation":"StartTicket","outcome":"refused""#));
//! let document: Document = serde_json::from_str(&text)?;
//! assert_eq!(document.into_answer::<StartTicket>()?, Ok(answer));
//! # Ok(())
//! # }
//! ```

pub(crate) mod read;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

use super::raw::RawCustomFieldData;
use super::{
    Answer, CustomFieldChange, Failure, Operation, OperationResult as _, VariableError, Variables,
};
use crate::secret::{MASK, is_secret_key};

/// The outcome of `Success=false`.
const DECLINED: &str = "declined";
/// The outcome where no answer came.
const ERROR: &str = "error";

/// What an operation answered, or why it did not: what `call --json` prints. Members may be added;
/// none is removed or changes its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Document {
    /// The operation.
    pub operation: Cow<'static, str>,
    /// One word: `authenticated`, `allowed`, `options`, `found`, `not-found`, `handled`,
    /// `registered`, `refused`, `declined` (`Success=false`), or `error`.
    pub outcome: Cow<'static, str>,
    /// The provider's message.
    pub message: Option<String>,
    /// Was a part of the message masked? Left out where it was not, as [`Variable::masked`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub message_masked: bool,
    /// The output variables: those of the contract first, then the others in their order.
    #[serde(default)]
    pub outputs: Vec<Variable<'static>>,
    /// The custom field items, of `GetCustomFieldOptions` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Item>>,
    /// What went wrong, if anything did.
    pub error: Option<DocumentError>,
}

/// A variable. `Debug` masks the value of a key that carries a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable<'v> {
    /// Its key.
    pub key: Cow<'v, str>,
    /// Its value.
    pub value: Cow<'v, str>,
    /// Is it another than the provider's?
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
}

impl fmt::Debug for Variable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, masked } = self;
        let value = if is_secret_key(key) { MASK } else { value };
        let mut shown = f.debug_struct("Variable");
        shown.field("key", key).field("value", &value).field("masked", masked).finish()
    }
}

/// A custom field item; `null` leaves a property as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What changes.
    #[serde(flatten)]
    pub change: CustomFieldChange,
    /// Is its name or an option another than the provider's?
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentError {
    /// `usage`, `transport`, `not-soap`, `malformed`, `fault` or `declined`.
    pub kind: Cow<'static, str>,
    /// What went wrong.
    pub text: String,
    /// What to do about it.
    pub hint: Option<Cow<'static, str>>,
    /// Was the request sent? Only of `transport`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
    /// The HTTP status. Only of `not-soap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(is: &bool) -> bool {
    !is
}

/// A document that is not an answer to an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnAnswer {
    /// It is about another operation.
    #[error("the document is about another operation")]
    Operation,
    /// There was no answer.
    #[error("the document says that no answer came")]
    Error,
    /// Values in it are masked: it is not what the provider said.
    #[error("the document is masked")]
    Masked,
    /// The outcome and the variables say different things.
    #[error("the document's outcome is not that of its outputs")]
    Outcome,
    /// The variables are not those of an answer.
    #[error(transparent)]
    Variables(#[from] VariableError),
}

impl Document {
    /// The answer to an operation.
    pub fn answer<T: Operation>(answer: &Answer<T::Result>) -> Self {
        let mut outputs = Variables::new();
        T::write_outputs(&answer.result, &mut outputs);
        outputs.extend(&answer.other);
        let item = |change: &CustomFieldChange| Item { change: change.clone(), masked: false };
        Self {
            operation: T::NAME.into(),
            outcome: answer.result.verdict().word().into(),
            message: answer.message.clone(),
            message_masked: false,
            outputs: variables(outputs),
            items: answer.result.items().map(|items| items.iter().map(item).collect()),
            error: None,
        }
    }

    /// The provider's own failure.
    pub fn failure<T: Operation>(failure: &Failure) -> Self {
        let said = failure.message.as_deref().map_or("(no message)", str::trim);
        let error = DocumentError {
            kind: DECLINED.into(),
            text: format!("the provider declined: {said}"),
            hint: None,
            sent: None,
            status: None,
        };
        Self::error(T::NAME, error, Some(failure))
    }

    /// An error of any kind, with what the provider said, if that is known.
    pub fn error(operation: &'static str, error: DocumentError, said: Option<&Failure>) -> Self {
        let declined = error.kind == DECLINED;
        Self {
            operation: operation.into(),
            outcome: if declined { DECLINED } else { ERROR }.into(),
            message: said.and_then(|said| said.message.clone()),
            message_masked: false,
            outputs: said.map(|said| variables(said.outputs.clone())).unwrap_or_default(),
            items: None,
            error: Some(error),
        }
    }

    /// The answer in the document, or the provider's own failure.
    ///
    /// # Errors
    ///
    /// The document is not one of the operation `T`, says that no answer came, or is masked.
    pub fn into_answer<T: Operation>(
        self,
    ) -> Result<Result<Answer<T::Result>, Failure>, NotAnAnswer> {
        let masked = self.message_masked
            || self.outputs.iter().any(|output| output.masked)
            || self.items.iter().flatten().any(|item| item.masked);
        if self.operation != T::NAME {
            return Err(NotAnAnswer::Operation);
        }
        if masked {
            return Err(NotAnAnswer::Masked);
        }
        let pairs = self.outputs.into_iter().map(|output| (output.key, output.value));
        let mut outputs: Variables = pairs.collect();
        match &*self.outcome {
            DECLINED => return Ok(Err(Failure { message: self.message, outputs })),
            ERROR => return Err(NotAnAnswer::Error),
            _ => {}
        }
        let mut result = T::read_outputs(&mut outputs)?;
        let items = self.items.into_iter().flatten();
        result
            .read_items(items.map(|item| Some(RawCustomFieldData::from(item.change))).collect())?;
        if self.outcome != result.verdict().word() {
            return Err(NotAnAnswer::Outcome);
        }
        Ok(Ok(Answer { result, message: self.message, other: outputs }))
    }
}

fn variables(variables: Variables) -> Vec<Variable<'static>> {
    let variable = |(key, value): (String, String)| Variable {
        key: key.into(),
        value: value.into(),
        masked: false,
    };
    variables.into_iter().map(variable).collect()
}

impl Serialize for Variables {
    /// A list of objects with `key` and `value`. Values are written as they are, those of secret keys
    /// included. A key that holds `=` is an error: nobody could read it again.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.unreadable_key().is_some() {
            return Err(S::Error::custom("a key holds \"=\", which no provider can read"));
        }
        serializer.collect_seq(self.iter().map(|(key, value)| Variable {
            key: key.into(),
            value: value.into(),
            masked: false,
        }))
    }
}

/// Reads a request from its variables.
pub(super) fn request<'de, T: Operation, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read_inputs(Variables::deserialize(from)?).map_err(D::Error::custom)
}

/// Writes a request as its variables; those without a value are left out.
pub(super) fn write<T: Operation, S: Serializer>(request: &T, to: S) -> Result<S::Ok, S::Error> {
    let mut variables = Variables::new();
    request.write_inputs(&mut variables);
    variables.serialize(to)
}
