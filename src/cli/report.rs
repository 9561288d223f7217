//! What a call answered, for people and as JSON.

use std::borrow::Cow;

use external_providers::CallError;
use external_providers::contract::{
    Answer, CustomFieldChange, Failure, Operation, OperationResult as _, Variables, Verdict,
    first_line,
};
use external_providers::redact::variable_structure;
use external_providers::secret::{MASK, Mask, Secret, is_secret_key};
use serde::Serialize;

use super::{FAULT, NOT_SOAP, OK, REFUSED, TRANSPORT, USAGE, error_chain};

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
    /// Was a part of the message masked? (Only with `--mask`, as `masked` below.)
    #[serde(skip_serializing_if = "is_false")]
    message_masked: bool,
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
    /// Is it another than the provider's?
    #[serde(skip_serializing_if = "is_false")]
    masked: bool,
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
    /// Is its name or an option another than the provider's?
    #[serde(skip_serializing_if = "is_false")]
    masked: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(is: &bool) -> bool {
    !is
}

/// What becomes of the passwords of a call that an answer repeats.
pub(crate) struct Masking {
    pub(crate) mask: Mask,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) degree: Degree,
}

/// How much is masked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Degree {
    /// Nothing: a program gets what the provider said.
    Nothing,
    /// Values that are a password as a whole: for people. Pieces of words would tell the password
    /// to whoever knows the words.
    Values,
    /// Passwords wherever they stand, however they are written.
    Everything,
}

impl Masking {
    /// A text of the provider, and whether it is changed.
    fn apply(&self, text: &str) -> (String, bool) {
        let masked = match self.degree {
            Degree::Nothing => return (text.to_owned(), false),
            Degree::Values if self.secrets.iter().any(|secret| secret.expose() == text) => {
                MASK.to_owned()
            }
            Degree::Values => text.to_owned(),
            Degree::Everything => self.mask.apply_values(text),
        };
        let changed = masked != text;
        (masked, changed)
    }

    fn output(&self, key: &str, value: &str) -> Output {
        // A mask over a word of the contract would tell that a password is that word.
        let (key_stays, value_stays) = variable_structure(key, value);
        let (shown, mut masked) = match is_secret_key(key) && self.degree != Degree::Nothing {
            true => (MASK.to_owned(), true),
            false if value_stays => (value.to_owned(), false),
            false => self.apply(value),
        };
        let (key, changed) = if key_stays { (key.to_owned(), false) } else { self.apply(key) };
        masked |= changed;
        Output { key, value: shown, masked }
    }

    fn outputs<'v>(&self, variables: impl Iterator<Item = (&'v str, &'v str)>) -> Vec<Output> {
        variables.map(|(key, value)| self.output(key, value)).collect()
    }

    fn item(&self, change: &CustomFieldChange) -> Item {
        let (name, mut masked) = self.apply(&change.name);
        let mut option = |option: &String| {
            let (option, changed) = self.apply(option);
            masked |= changed;
            option
        };
        let options = change.options.as_ref().map(|all| all.iter().map(&mut option).collect());
        Item {
            name,
            visible: change.visible,
            required: change.required,
            options,
            display_with_information_lookup: change.display_with_information_lookup,
            masked,
        }
    }

    fn message(&self, message: Option<&str>) -> (Option<String>, bool) {
        match message.map(|message| self.apply(message)) {
            Some((message, masked)) => (Some(message), masked),
            None => (None, false),
        }
    }
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

impl Report {
    /// The report of an answer.
    pub(crate) fn answer<T: Operation>(answer: &Answer<T::Result>, masking: &Masking) -> Self {
        let verdict = answer.result.verdict();
        let mut outputs = Variables::new();
        T::write_outputs(&answer.result, &mut outputs);
        let outputs = outputs.iter().chain(answer.other.iter());
        let (message, message_masked) = masking.message(answer.message.as_deref());
        Self {
            operation: T::NAME,
            outcome: verdict.word(),
            message,
            message_masked,
            outputs: masking.outputs(outputs),
            items: answer
                .result
                .items()
                .map(|items| items.iter().map(|change| masking.item(change)).collect()),
            error: None,
            code: if verdict == Verdict::Refused { REFUSED } else { OK },
        }
    }

    /// The report of an error, with what the provider said, as far as that is known word for word: in
    /// declining, where the error has the passwords of the call masked, or in an answer that lacks
    /// something.
    pub(crate) fn error(
        operation: &'static str,
        error: &CallError,
        said: Option<&Failure>,
        masking: &Masking,
    ) -> Self {
        let (kind, code) = match error {
            CallError::Encode(_) => ("usage", USAGE),
            CallError::Transport(_) => ("transport", TRANSPORT),
            CallError::NotSoap(_) => ("not-soap", NOT_SOAP),
            CallError::Malformed(_) => ("malformed", NOT_SOAP),
            CallError::Fault(_) => ("fault", FAULT),
            CallError::Failure(_) => ("declined", REFUSED),
            _ => ("other", super::LOCAL),
        };
        let said = match error {
            CallError::Failure(failure) => said.or(Some(failure)),
            CallError::Malformed(_) => said,
            _ => None,
        };
        let (message, message_masked) =
            masking.message(said.and_then(|said| said.message.as_deref()));
        let text = match error {
            CallError::Fault(fault) => format!("{fault:#}"),
            CallError::Failure(failure) => match &failure.message {
                Some(message) => format!("the provider declined: {}", message.trim()),
                None => error_chain(error),
            },
            _ => error_chain(error),
        };
        Self {
            operation,
            outcome: if code == REFUSED { "declined" } else { "error" },
            message,
            message_masked,
            outputs: said.map(|said| masking.outputs(said.outputs.iter())).unwrap_or_default(),
            items: None,
            error: Some(ErrorReport {
                kind,
                text,
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

    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// Did any variables come?
    pub(crate) fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Did the provider decline for want of a variable?
    pub(crate) fn misses_input(&self) -> bool {
        self.code == REFUSED && self.message.as_deref() == Some(Failure::REQUIRED_INPUT_MISSING)
    }

    /// What went wrong, for standard error: its first line, and a hint.
    pub(crate) fn failure(&self) -> Option<(&str, Option<&str>)> {
        let error = self.error.as_ref()?;
        let line = first_line(&error.text);
        let more = "the service said more: --show-wire and --json show all of it";
        let is_longer = line.len() < error.text.trim().len();
        Some((line, error.hint.as_deref().or(is_longer.then_some(more))))
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
