//! What a call answered, for people and as JSON.

use std::borrow::Cow;

use external_providers::CallError;
use external_providers::contract::{
    Answer, Authentication, CustomFieldChange, CustomFieldOptions, EventHandled, Operation,
    Registration, Start, UserInformation, Variables,
};
use external_providers::secret::{MASK, Mask, is_secret_key};
use serde::Serialize;

use super::{FAULT, NOT_SOAP, OK, REFUSED, TRANSPORT, USAGE, chain};

/// A call's answer or error, in the shape that `call --json` prints. Stable: members are added, but
/// none is removed or changes its meaning.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The operation.
    operation: &'static str,
    /// One word: `authenticated`, `allowed`, `options`, `found`, `not-found`, `handled`,
    /// `registered`, `refused`, `declined` (`Success=false`), or `error`.
    outcome: &'static str,
    /// The provider's message.
    message: Option<String>,
    /// The output variables: those of the contract first, then the others in their order.
    outputs: Vec<Output>,
    /// The custom field items, of `GetCustomFieldOptions` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Item>>,
    /// What went wrong, if anything did.
    error: Option<ErrorReport>,
    #[serde(skip)]
    code: u8,
}

#[derive(Serialize)]
struct Output {
    key: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    name: String,
    /// `null` leaves it as it is.
    visible: Option<bool>,
    required: Option<bool>,
    options: Option<Vec<String>>,
    display_with_information_lookup: bool,
}

#[derive(Serialize)]
struct ErrorReport {
    /// `usage`, `transport`, `not-soap`, `malformed`, `fault` or `declined`.
    kind: &'static str,
    text: String,
    hint: Option<Cow<'static, str>>,
    /// Was the request sent? Only for `transport`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<bool>,
    /// The HTTP status. Only for `not-soap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// A result in a word.
pub(crate) trait Word {
    /// The word, and whether it is a no.
    fn word(&self) -> (&'static str, bool);
}

impl Word for Authentication {
    fn word(&self) -> (&'static str, bool) {
        match self {
            Self::Authenticated { .. } => ("authenticated", false),
            Self::Refused => ("refused", true),
        }
    }
}

impl Word for CustomFieldOptions {
    fn word(&self) -> (&'static str, bool) {
        ("options", false)
    }
}

impl Word for Start {
    fn word(&self) -> (&'static str, bool) {
        match self {
            Self::Allowed { .. } => ("allowed", false),
            Self::Refused => ("refused", true),
        }
    }
}

impl Word for UserInformation {
    fn word(&self) -> (&'static str, bool) {
        match self {
            Self::Found { .. } => ("found", false),
            Self::NotFound => ("not-found", false),
        }
    }
}

impl Word for EventHandled {
    fn word(&self) -> (&'static str, bool) {
        ("handled", false)
    }
}

impl Word for Registration {
    fn word(&self) -> (&'static str, bool) {
        match self {
            Self::Registered { .. } => ("registered", false),
            Self::Refused => ("refused", true),
        }
    }
}

impl Report {
    /// The report of an answer. A provider that repeats a password is masked.
    pub(crate) fn answer<T: Operation>(answer: &Answer<T::Result>, mask: &Mask) -> Self
    where
        T::Result: Word,
    {
        let (outcome, refused) = answer.result.word();
        let mut outputs = Variables::new();
        T::write_outputs(&answer.result, &mut outputs);
        let outputs = outputs.iter().chain(answer.other.iter());
        Self {
            operation: T::NAME,
            outcome,
            message: answer.message.as_deref().map(|message| mask.apply_values(message)),
            outputs: outputs.map(|(key, value)| output(key, value, mask)).collect(),
            items: T::items(&answer.result)
                .value()
                .map(|items| items.iter().map(|change| item(change, mask)).collect()),
            error: None,
            code: if refused { REFUSED } else { OK },
        }
    }

    /// The report of an error.
    pub(crate) fn error(operation: &'static str, error: &CallError, mask: &Mask) -> Self {
        let (kind, code) = match error {
            CallError::Encode(_) => ("usage", USAGE),
            CallError::Transport(_) => ("transport", TRANSPORT),
            CallError::NotSoap(_) => ("not-soap", NOT_SOAP),
            CallError::Malformed(_) => ("malformed", NOT_SOAP),
            CallError::Fault(_) => ("fault", FAULT),
            CallError::Failure(_) => ("declined", REFUSED),
            _ => ("other", super::LOCAL),
        };
        let failure = match error {
            CallError::Failure(failure) => Some(failure),
            _ => None,
        };
        Self {
            operation,
            outcome: if failure.is_some() { "declined" } else { "error" },
            message: failure
                .and_then(|failure| failure.message.as_deref())
                .map(|message| mask.apply_values(message)),
            outputs: failure
                .map(|f| f.outputs.iter().map(|(key, value)| output(key, value, mask)).collect())
                .unwrap_or_default(),
            items: None,
            error: Some(ErrorReport {
                kind,
                text: mask.apply_values(&chain(error)),
                hint: error.hint(),
                sent: match error {
                    CallError::Transport(error) => Some(error.sent),
                    _ => None,
                },
                status: match error {
                    CallError::NotSoap(answer) => Some(answer.status),
                    _ => None,
                },
            }),
            code,
        }
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// What went wrong, for standard error.
    pub(crate) fn failure(&self) -> Option<(&str, Option<&str>)> {
        self.error.as_ref().map(|error| (error.text.as_str(), error.hint.as_deref()))
    }

    pub(crate) fn json(&self) -> String {
        // Strings, booleans and numbers with string keys: this cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The answer for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.operation, self.outcome);
        let mut rows = Vec::new();
        if let Some(message) = &self.message {
            rows.push(("Message".to_owned(), message.clone()));
        }
        rows.extend(self.outputs.iter().map(|o| (o.key.clone(), o.value.clone())));
        for item in self.items.iter().flatten() {
            rows.push((format!("[{}]", item.name), described(item)));
        }
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in rows {
            let value = value.replace('\n', "\n    ");
            let line = format!("  {name:width$}  {value}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn output(key: &str, value: &str, mask: &Mask) -> Output {
    let value = match is_secret_key(key) {
        true => MASK.to_owned(),
        false => mask.apply_values(value),
    };
    Output { key: mask.apply_values(key), value }
}

fn item(change: &CustomFieldChange, mask: &Mask) -> Item {
    let options = |options: &Vec<String>| options.iter().map(|o| mask.apply_values(o)).collect();
    Item {
        name: mask.apply_values(&change.name),
        visible: change.visible,
        required: change.required,
        options: change.options.as_ref().map(options),
        display_with_information_lookup: change.display_with_information_lookup,
    }
}

/// An item in words: only what changes.
fn described(item: &Item) -> String {
    let mut words = Vec::new();
    let word = |value: Option<bool>, yes, no| value.map(|value| if value { yes } else { no });
    words.extend(word(item.visible, "visible", "hidden").map(str::to_owned));
    words.extend(word(item.required, "required", "optional").map(str::to_owned));
    if let Some(options) = &item.options {
        words.push(format!("options: {}", options.join(" | ")));
    }
    if item.display_with_information_lookup {
        words.push("shown with the information look-up".to_owned());
    }
    if words.is_empty() { "unchanged".to_owned() } else { words.join(", ") }
}
