//! `key=value` arguments.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use external_providers::contract::{
    AUTH_PASSWORD, Absent, OperationInfo, Variables, custom_field_name,
};
use external_providers::secret::is_secret_key;
use external_providers::soap::SoapVersion;
use external_providers::suggest::is_near;

use super::passwords::{self, Passwords};
use super::{Failed, USAGE};

/// The values of `--absent`.
pub(crate) fn absent() -> impl TypedValueParser<Value = Absent> {
    PossibleValuesParser::new(["empty", "omit"]).map(|how| match how.as_str() {
        "omit" => Absent::Omit,
        _ => Absent::Empty,
    })
}

/// The values of `--soap`.
pub(crate) fn soap_version() -> impl TypedValueParser<Value = SoapVersion> {
    PossibleValuesParser::new(["1.1", "1.2"]).try_map(|version| version.parse())
}

/// Variables as JSON: an object of strings, or a list of objects with `key` and `value`, in their
/// order. No error shows any of it.
pub(crate) fn from_json(text: &str) -> Result<Variables, String> {
    let variables: Variables = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Data => {
                let said = error.to_string();
                said.split(" at line ").next().unwrap_or_default().to_owned()
            }
            _ => format!("it is not JSON (line {line}, column {column})"),
        }
    })?;
    for (i, (key, _)) in variables.iter().enumerate() {
        if key.is_empty() {
            return Err(format!("variable {} has an empty key", i + 1));
        }
        if key.eq_ignore_ascii_case(AUTH_PASSWORD) {
            return Err(format!(
                "the web service password is not one of the variables: set {}, or use \
                 --auth-password-file FILE",
                passwords::AUTH_PASSWORD
            ));
        }
    }
    Ok(variables)
}

/// Is the value of an argument one that may come from elsewhere?
pub(crate) fn is_secret(argument: &str) -> bool {
    argument.split_once('=').is_some_and(|(key, _)| is_secret_key(key))
}

/// Reads the arguments of an operation, which follow the variables that are there already;
/// passwords among them may come from files.
pub(crate) fn parse(
    operation: &OperationInfo,
    given: Variables,
    arguments: &[String],
    secrets: &mut Passwords,
) -> Result<Variables, Failed> {
    let mut variables = given;
    for (i, argument) in arguments.iter().enumerate() {
        let Some((key, value)) = argument.split_once('=') else {
            // What has no key may be a password: it is not shown.
            return Err(Failed::new(USAGE, format!("variable {} has no \"=\"", i + 1))
                .hint(format!("write it as key=value; {}", takes(operation))));
        };
        if key.is_empty() {
            return Err(Failed::new(USAGE, format!("variable {} has no key before \"=\"", i + 1))
                .hint(takes(operation)));
        }
        if key.eq_ignore_ascii_case(AUTH_PASSWORD) {
            let message = "the web service password cannot be an argument: others could read it";
            let place = passwords::AUTH_PASSWORD;
            return Err(Failed::new(USAGE, message)
                .hint(format!("set {place}, or use --auth-password-file FILE")));
        }
        if is_secret_key(key) && (value == "-" || value.starts_with('@')) {
            let file = value.strip_prefix('@').unwrap_or(value);
            variables.push(key, secrets.read_for(key, Path::new(file))?.expose());
        } else {
            variables.push(key, value);
        }
    }
    let required = operation.inputs.iter().filter(|info| info.required).map(|info| info.name);
    let missing: Vec<&str> = required.filter(|name| variables.get(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(variables);
    }
    let near = |name: &str| variables.iter().map(|(key, _)| key).find(|key| is_near(key, name));
    let mut hints = Vec::new();
    let mut add = Vec::new();
    for name in &missing {
        match near(name) {
            Some(key) => hints.push(format!("did you mean {name} (you wrote {key})?")),
            None if is_secret_key(name) => add.push(format!("{name}=@FILE")),
            None => add.push(format!("{name}=…")),
        }
    }
    if !add.is_empty() {
        hints.push(format!("add {}; {}", add.join(" and "), takes(operation)));
    }
    let message = format!("{} needs {}", operation.name, missing.join(" and "));
    Err(Failed::new(USAGE, message).hint(hints.join("; ")))
}

/// What is allowed, but perhaps not meant.
pub(crate) fn notes(operation: &OperationInfo, variables: &Variables) -> Vec<String> {
    let mut notes = Vec::new();
    for (i, (key, value)) in variables.iter().enumerate() {
        let known = operation.inputs.iter().any(|info| info.name == key);
        let meant = operation.inputs.iter().find(|info| is_near(key, info.name));
        if let Some(info) = meant.filter(|_| !known) {
            let name = info.name;
            notes.push(format!("{key} is sent as it is, but the contract's variable is {name}"));
        }
        if value.starts_with('=') {
            notes.push(format!("the key {key} ends at the first \"=\"; the rest is its value"));
        }
        let later = || variables.iter().skip(i + 1).map(|(later, _)| later);
        if later().any(|later| later == key) {
            notes.push(format!("{key} is given more than once: the last one counts"));
        }
        let field = custom_field_name(key).filter(|_| operation.custom_fields);
        if field == Some("") {
            notes.push(format!("{key} names no custom field: it is not sent"));
        } else if let Some(other) = later()
            .find(|later| field.is_some() && *later != key && custom_field_name(later) == field)
        {
            notes.push(format!("{key} and {other} are one custom field: it is sent once"));
        }
    }
    notes
}

/// What an operation takes, in a sentence.
pub(crate) fn takes(operation: &OperationInfo) -> String {
    let names: Vec<_> = operation.inputs.iter().map(|info| info.name).collect();
    let fields = if operation.custom_fields { " and cf_…" } else { "" };
    format!("{} takes {}{fields}", operation.name, names.join(", "))
}
