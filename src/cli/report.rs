//! What a call answered, for people and as JSON.

use std::borrow::Cow;

use external_providers::CallError;
use external_providers::contract::json::{Document, DocumentError, Item, Variable};
use external_providers::contract::{
    Answer, Failure, Operation, OperationResult as _, Verdict, first_line,
};
use external_providers::redact::variable_structure;
use external_providers::secret::{MASK, Mask, Secret, is_secret_key};

use super::{FAULT, NOT_SOAP, OK, REFUSED, TRANSPORT, USAGE, error_chain};

/// A call's answer or error, as `call --json` prints it, and what the tool exits with.
pub(crate) struct Report {
    operation: &'static str,
    document: Document,
    code: u8,
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

    fn output(&self, output: &mut Variable<'_>) {
        let Variable { key, value, .. } = &*output;
        // A mask over a word of the contract would tell that a password is that word.
        let (key_stays, value_stays) = variable_structure(key, value);
        let (shown, mut masked) = match is_secret_key(key) && self.degree != Degree::Nothing {
            true => (MASK.to_owned(), true),
            false if value_stays => (value.clone().into_owned(), false),
            false => self.apply(value),
        };
        let (key, changed) = match key_stays {
            true => (key.clone().into_owned(), false),
            false => self.apply(key),
        };
        masked |= changed;
        *output = Variable { key: key.into(), value: shown.into(), masked };
    }

    fn item(&self, item: &mut Item) {
        let change = &mut item.change;
        for text in std::iter::once(&mut change.name).chain(change.options.iter_mut().flatten()) {
            let (shown, changed) = self.apply(text);
            *text = shown;
            item.masked |= changed;
        }
    }

    /// Masks what the provider said.
    fn document(&self, document: &mut Document) {
        if let Some(message) = &mut document.message {
            (*message, document.message_masked) = self.apply(message);
        }
        document.outputs.iter_mut().for_each(|output| self.output(output));
        document.items.iter_mut().flatten().for_each(|item| self.item(item));
    }
}

impl Report {
    /// The report of an answer.
    pub(crate) fn answer<T: Operation>(answer: &Answer<T::Result>, masking: &Masking) -> Self {
        let code = if answer.result.verdict() == Verdict::Refused { REFUSED } else { OK };
        Self::masked(T::NAME, Document::answer::<T>(answer), code, masking)
    }

    fn masked(
        operation: &'static str,
        mut document: Document,
        code: u8,
        masking: &Masking,
    ) -> Self {
        masking.document(&mut document);
        Self { operation, document, code }
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
        let text = match error {
            CallError::Fault(fault) => format!("{fault:#}"),
            CallError::Failure(failure) => match &failure.message {
                Some(message) => format!("the provider declined: {}", message.trim()),
                None => error_chain(error),
            },
            _ => error_chain(error),
        };
        let error = DocumentError {
            kind: kind.into(),
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
        };
        Self::masked(operation, Document::error(operation, error, said), code, masking)
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// Did any variables come?
    pub(crate) fn has_outputs(&self) -> bool {
        !self.document.outputs.is_empty()
    }

    /// Did the provider decline for want of a variable?
    pub(crate) fn misses_input(&self) -> bool {
        self.code == REFUSED
            && self.document.message.as_deref() == Some(Failure::REQUIRED_INPUT_MISSING)
    }

    /// What went wrong, for standard error: its first line, and a hint.
    pub(crate) fn failure(&self) -> Option<(&str, Option<&str>)> {
        let error = self.document.error.as_ref()?;
        let line = first_line(&error.text);
        let more = "the service said more: --show-wire and --json show all of it";
        let is_longer = line.len() < error.text.trim().len();
        Some((line, error.hint.as_deref().or(is_longer.then_some(more))))
    }

    pub(crate) fn json(&self) -> String {
        // Strings, booleans and numbers with string keys: this cannot fail.
        serde_json::to_string_pretty(&self.document).unwrap_or_default()
    }

    /// The answer for people.
    pub(crate) fn text(&self) -> String {
        let Document { operation, outcome, message, outputs, items, .. } = &self.document;
        let mut text = format!("{operation}: {outcome}\n");
        let mut rows = Vec::new();
        if let Some(message) = message {
            rows.push(("Message", Cow::Borrowed(message.as_str())));
        }
        rows.extend(outputs.iter().map(|output| (&*output.key, Cow::Borrowed(&*output.value))));
        let names: Vec<_> =
            items.iter().flatten().map(|i| format!("[{}]", i.change.name)).collect();
        for (name, item) in names.iter().zip(items.iter().flatten()) {
            rows.push((name, item.change.to_string().into()));
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
