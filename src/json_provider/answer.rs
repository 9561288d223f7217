//! From the JSON that an endpoint answers to the answer.

use std::fmt;

use crate::contract::raw::RawCustomFieldData;
use crate::contract::{
    Answer, CustomFieldChange, Failure, Operation, OperationResult as _, VariableError, Variables,
};
use crate::secret::Mask;
use crate::secret::quiet::Quiet;
use crate::xml::is_char;

/// Bytes of a place that an error shows.
const LONGEST: usize = 60;
/// The values of variables that say the outcome.
const SAYING: [&str; 4] = ["OK", "TRUE", "FAIL", "FALSE"];
const DECLINED: &str = "declined";

/// A document that is not an answer. No value is in it, only names of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedAnswer {
    /// Where: `outputs[2].value`; empty for the whole document.
    pub path: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for MalformedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.what),
            path => write!(f, "{path}: {}", self.what),
        }
    }
}

impl std::error::Error for MalformedAnswer {}

impl MalformedAnswer {
    pub(super) fn new(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }

    /// As it may be shown: names of members are what others wrote. What was cut before could not be
    /// masked any more.
    pub(super) fn shown(self, mask: &Mask) -> Self {
        let path = mask.apply_to_start(&self.path, LONGEST);
        let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        Self { path: path.chars().map(safe).collect(), what: self.what }
    }
}

type Read<T> = Result<T, MalformedAnswer>;

/// Reads the answer to an operation, or the provider's own failure (`declined`).
///
/// # Errors
///
/// What is not as [documented](super), with its place.
pub fn read_answer<T: Operation>(body: &[u8]) -> Read<Result<Answer<T::Result>, Failure>> {
    read::<T>(body).map_err(|error| error.shown(&Mask::default()))
}

/// The same; names in errors are not yet fit to be [shown](MalformedAnswer::shown).
pub(super) fn read<T: Operation>(body: &[u8]) -> Read<Result<Answer<T::Result>, Failure>> {
    let mut document = Members::read(body)?;
    if let Some(operation) = document.take("operation")
        && text(operation, "operation")? != T::NAME
    {
        return Err(MalformedAnswer::new("operation", format!("must be {}, or absent", T::NAME)));
    }
    let words = words::<T>();
    let expected = || {
        let (last, others) = words.split_last().unwrap_or((&DECLINED, &[]));
        format!("\"{}\" or \"{last}\"", others.join("\", \""))
    };
    let outcome = document.take("outcome");
    let outcome = outcome
        .ok_or_else(|| MalformedAnswer::new("outcome", format!("is missing: {}", expected())))?;
    let outcome = text(outcome, "outcome")?;
    if outcome == "error" {
        return Err(MalformedAnswer::new("outcome", "error: it has no answer"));
    }
    if !words.contains(&outcome.as_str()) {
        return Err(MalformedAnswer::new("outcome", format!("must be {}", expected())));
    }
    let message = document.take("message").map(|message| text_or_null(message, "message"));
    let message = message.transpose()?.flatten();
    document.unmasked("messageMasked")?;
    let outputs = document.take("outputs").map_or(Ok(Variables::new()), outputs)?;
    let items = document.take("items");
    if items.is_some() && !T::KIND.has_items() {
        let what = format!("{} has no items", T::NAME);
        return Err(MalformedAnswer::new("items", what));
    }
    let items = items.map_or(Ok(Vec::new()), self::items)?;
    match document.take("error") {
        None | Some(Quiet::Null) => {}
        // What `call --json` says of a failure repeats the message.
        Some(Quiet::Object(_)) if outcome == DECLINED => {}
        Some(other) => return Err(wrong(&other, "error", "null")),
    }
    document.finish()?;
    if outcome == DECLINED {
        return Ok(Err(Failure { message, outputs }));
    }
    let (mut result, other) = result::<T>(&outcome, outputs)?;
    let items = items.into_iter().map(|item| Some(RawCustomFieldData::from(item))).collect();
    result.read_items(items).map_err(|error| MalformedAnswer::new("items", error.to_string()))?;
    Ok(Ok(Answer { result, message, other }))
}

/// All words that an answer to the operation can have for its outcome.
fn words<T: Operation>() -> Vec<&'static str> {
    let mut words = Vec::new();
    for value in SAYING {
        let key = T::OUTPUTS.first().copied();
        let mut outputs: Variables = key.map(|key| (key, value)).into_iter().collect();
        if let Ok(result) = T::read_outputs(&mut outputs)
            && let word = result.verdict().word()
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    words.push(DECLINED);
    words
}

/// The result as outcome and outputs say it: where the variable that decides is left out, the outcome
/// says it alone.
fn result<T: Operation>(outcome: &str, outputs: Variables) -> Read<(T::Result, Variables)> {
    let missing = T::OUTPUTS.first().filter(|key| outputs.get(key).is_none());
    let added = SAYING.into_iter().filter_map(|value| Some((*missing?, value)));
    let mut said = None;
    for added in std::iter::once(None).chain(added.map(Some)) {
        let mut outputs = outputs.clone();
        outputs.extend(added);
        let result = T::read_outputs(&mut outputs);
        match &result {
            Ok(result) if result.verdict().word() != outcome => {
                let word = result.verdict().word();
                said = said.or(Some(format!("the outputs say \"{word}\"")));
            }
            // What is missing is added next; the values that are added are those of other operations, too.
            Err(VariableError::Missing { .. }) if missing.is_some() => {}
            Err(error) if added.is_none() => {
                return Err(MalformedAnswer::new("outputs", error.to_string()));
            }
            Err(_) => {}
            Ok(_) => return result.map(|result| (result, outputs)).map_err(|_| unreadable()),
        }
    }
    Err(said.map_or_else(unreadable, |said| MalformedAnswer::new("outcome", said)))
}

fn unreadable() -> MalformedAnswer {
    MalformedAnswer::new("outputs", "they are not those of an answer")
}

/// Variables as an object of strings, or as a list.
fn outputs(value: Quiet) -> Read<Variables> {
    let mut variables = Variables::new();
    match value {
        Quiet::Object(_) => {
            for (key, value) in Members::of(value, "outputs")?.members {
                let path = format!("outputs.{key}");
                push(&mut variables, &key, &text(value, &path)?, &path)?;
            }
        }
        Quiet::List(list) => {
            for (index, element) in list.into_iter().enumerate() {
                let path = format!("outputs[{index}]");
                let mut members = Members::of(element, &path)?;
                let (key, value) = (members.text("key")?, members.text("value")?);
                members.unmasked("masked")?;
                members.finish()?;
                push(&mut variables, &key, &value, &format!("{path}.key"))?;
            }
        }
        other => return Err(wrong(&other, "outputs", "an object or a list")),
    }
    Ok(variables)
}

fn push(variables: &mut Variables, key: &str, value: &str, path: &str) -> Read<()> {
    if key.is_empty() {
        return Err(MalformedAnswer::new(path.trim_end_matches('.'), "a name is empty"));
    }
    if key.contains('=') {
        return Err(MalformedAnswer::new(path, "the name holds \"=\", which nobody can read"));
    }
    characters(key, path)?;
    variables.push(key, value);
    Ok(())
}

fn items(value: Quiet) -> Read<Vec<CustomFieldChange>> {
    let Quiet::List(list) = value else { return Err(wrong(&value, "items", "a list")) };
    let item = |(index, element)| {
        let mut members = Members::of(element, &format!("items[{index}]"))?;
        let options = members.path("options");
        let change = CustomFieldChange {
            name: members.text("name")?,
            visible: members.switch("visible")?,
            required: members.switch("required")?,
            options: match members.take("options") {
                None | Some(Quiet::Null) => None,
                Some(Quiet::List(list)) => {
                    let option = |(i, option)| text(option, &format!("{options}[{i}]"));
                    Some(list.into_iter().enumerate().map(option).collect::<Read<_>>()?)
                }
                Some(other) => return Err(wrong(&other, &options, "a list or null")),
            },
            display_with_information_lookup: members
                .switch("displayWithInformationLookup")?
                .unwrap_or_default(),
        };
        members.unmasked("masked")?;
        members.finish()?;
        Ok(change)
    };
    list.into_iter().enumerate().map(item).collect()
}

/// The members of an object that are not read yet.
pub(super) struct Members {
    path: String,
    members: Vec<(String, Quiet)>,
}

impl Members {
    /// A whole document.
    pub(super) fn read(body: &[u8]) -> Read<Self> {
        // Windows' editors and PHP put a mark before it.
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let tree = serde_json::from_slice(body);
        // Errors of a value of any shape are those of its syntax, which quote nothing.
        let tree = tree.map_err(|error| MalformedAnswer::new("", format!("not JSON: {error}")))?;
        Self::of(tree, "")
    }

    fn of(value: Quiet, path: &str) -> Read<Self> {
        let Quiet::Object(members) = value else { return Err(wrong(&value, path, "an object")) };
        let object = Self { path: path.to_owned(), members };
        let mut names: Vec<_> = object.members.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(MalformedAnswer::new(object.path(pair[0]), "stands twice")),
            None => Ok(object),
        }
    }

    fn path(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{name}", self.path)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Quiet> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// A string that must be there.
    fn text(&mut self, name: &str) -> Read<String> {
        let path = self.path(name);
        let value = self.take(name).ok_or_else(|| MalformedAnswer::new(&path, "is missing"))?;
        text(value, &path)
    }

    /// A string that may be absent or null.
    pub(super) fn optional_text(&mut self, name: &str) -> Read<Option<String>> {
        let path = self.path(name);
        let value = self.take(name).map(|value| text_or_null(value, &path));
        Ok(value.transpose()?.flatten())
    }

    /// True or false; absent or null is neither.
    pub(super) fn switch(&mut self, name: &str) -> Read<Option<bool>> {
        match self.take(name) {
            None | Some(Quiet::Null) => Ok(None),
            Some(Quiet::Switch(is)) => Ok(Some(is)),
            Some(other) => Err(wrong(&other, &self.path(name), "true or false")),
        }
    }

    /// A mark of `call --json` over what must not be shown: what is masked is not what the provider said.
    fn unmasked(&mut self, name: &str) -> Read<()> {
        match self.switch(name)? {
            Some(true) => Err(MalformedAnswer::new(self.path(name), "true: it must not be masked")),
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Read<()> {
        match self.members.pop() {
            Some((name, _)) => Err(MalformedAnswer::new(self.path(&name), "is not a known member")),
            None => Ok(()),
        }
    }
}

fn wrong(value: &Quiet, path: &str, expected: &str) -> MalformedAnswer {
    MalformedAnswer::new(path, format!("{}, not {expected}", value.what()))
}

fn text(value: Quiet, path: &str) -> Read<String> {
    match value {
        Quiet::Text(text) => characters(&text, path).map(|()| text),
        other => Err(wrong(&other, path, "a string")),
    }
}

fn text_or_null(value: Quiet, path: &str) -> Read<Option<String>> {
    match value {
        Quiet::Null => Ok(None),
        Quiet::Text(_) => text(value, path).map(Some),
        other => Err(wrong(&other, path, "a string or null")),
    }
}

/// What the help desk could not be told.
fn characters(text: &str, path: &str) -> Read<()> {
    match text.chars().find(|c| !is_char(u32::from(*c))) {
        Some(c) => {
            let what = format!("a character that XML does not allow (U+{:04X})", u32::from(c));
            Err(MalformedAnswer::new(path, what))
        }
        None => Ok(()),
    }
}
