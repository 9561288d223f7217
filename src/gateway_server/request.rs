//! From a body to the variables of an operation: every mistake is named by its place.

use super::problem::{Problem, TOO_LARGE};
use crate::contract::json::read::{self, Form, Mistake};
use crate::contract::{AUTH_PASSWORD, OperationInfo, Variables, custom_field_name};
use crate::secret::quiet::Quiet;
use crate::suggest::nearest;
use crate::xml::is_char;

/// Each takes up to 100 bytes of memory, though it may be 2 in the body: more than any help desk sends.
const MOST_VALUES: usize = 1 << 16;

/// Reads the document of a request.
///
/// # Errors
///
/// It is not JSON, not an object of variables, or not what the operation takes. No value is shown.
pub(super) fn read(info: &OperationInfo, body: &[u8]) -> Result<Variables, Box<Problem>> {
    let shape = "send an object of variables, {} if there are none";
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Problem::at(String::new(), "the body is not UTF-8"));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problem::at(String::new(), "the body is empty").hint(shape));
    }
    if has_too_many_values(text) {
        let detail = format!("the body holds more than {MOST_VALUES} values");
        return Err(Problem::new(TOO_LARGE, detail));
    }
    let json: Quiet = serde_json::from_str(text).map_err(|error| {
        // Its words may quote what a password is part of.
        let (line, column) = (error.line(), error.column());
        Problem::at(String::new(), format!("the body is not JSON (line {line}, column {column})"))
    })?;
    if !matches!(json, Quiet::Object(_)) {
        return Err(Problem::at(String::new(), "the body is not a JSON object").hint(shape));
    }
    let mistake = |mistake: Mistake| Problem::at(mistake.pointer, mistake.what);
    if let Some(twice) = read::duplicate(&json) {
        return Err(mistake(twice));
    }
    let (variables, form) = read::variables(json).map_err(mistake)?;
    if let Some(key) = variables.unreadable_key() {
        let pointer = match form {
            Form::Object => form.pointer(0, key),
            Form::List | Form::Wrapped => "/variables".to_owned(),
        };
        let what = "the name of a variable holds \"=\", which no provider can read";
        return Err(Problem::at(pointer, what));
    }
    for (index, (key, value)) in variables.iter().enumerate() {
        let mistake = wrong(info, form, key, value);
        if let Some((what, hint)) = mistake {
            let problem = Problem::at(form.pointer(index, key), what);
            return Err(match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
    }
    let required = info.inputs.iter().filter(|info| info.required).map(|info| info.name);
    let missing: Vec<&str> = required.filter(|name| variables.get(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(variables);
    }
    let pointer = if form == Form::Object { "" } else { "/variables" };
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let detail = format!("{} {verb} missing", missing.join(" and "));
    Err(Problem::at(pointer.to_owned(), detail).hint(takes(info)))
}

/// Are there more values than are read, as far as can be told without keeping them?
fn has_too_many_values(text: &str) -> bool {
    let (mut is_string, mut is_escaped, mut values) = (false, false, 1);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' | b',' if !is_string => values += 1,
            _ => {}
        }
    }
    values > MOST_VALUES
}

/// What is wrong with a variable, and what to do about it.
fn wrong(
    info: &OperationInfo,
    form: Form,
    key: &str,
    value: &str,
) -> Option<(String, Option<String>)> {
    let say = |what: &str| Some((what.to_owned(), None));
    let illegal = key.chars().chain(value.chars()).find(|c| !is_char(u32::from(*c)));
    if let Some(c) = illegal {
        let what = format!("it holds the character U+{:04X}, which XML cannot carry", u32::from(c));
        return Some((what, None));
    }
    if key.is_empty() {
        return say("a variable has no name");
    }
    if key.trim().eq_ignore_ascii_case(AUTH_PASSWORD) {
        let hint = "take it out: the gateway has it from its settings".to_owned();
        return Some((
            "the web service password is not one of the variables".to_owned(),
            Some(hint),
        ));
    }
    let field = custom_field_name(key);
    if field == Some("") {
        return say("it names no custom field");
    }
    let is_known = info.inputs.iter().any(|input| input.name == key)
        || info.open_inputs
        || (info.custom_fields && field.is_some());
    // In a list, a site's own variables go as they are.
    if is_known || form != Form::Object {
        return None;
    }
    let hint = match nearest(key, info.inputs.iter().map(|input| input.name)) {
        Some(name) => format!("did you mean {name}?"),
        None => format!(
            "{}; variables of your own site go as {{\"variables\": [{{\"key\": …, \"value\": …}}]}}",
            takes(info)
        ),
    };
    Some((format!("it is not a variable of {}", info.name), Some(hint)))
}

/// What an operation takes, in a sentence.
fn takes(info: &OperationInfo) -> String {
    let names: Vec<_> = info.inputs.iter().map(|info| info.name).collect();
    let more = match (info.open_inputs, info.custom_fields) {
        (true, _) => " and whatever the site knows",
        (false, true) => " and cf_…",
        (false, false) => "",
    };
    format!("{} takes {}{more}", info.name, names.join(", "))
}
