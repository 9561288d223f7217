//! `key=value` arguments.

use std::path::Path;

use external_providers::contract::{AUTH_PASSWORD, OperationInfo, Variables};
use external_providers::secret::is_secret_key;

use super::passwords::{self, Passwords};
use super::{Failed, USAGE};

/// Reads the arguments of an operation; passwords among them may come from files.
pub(crate) fn parse(
    operation: &OperationInfo,
    arguments: &[String],
    secrets: &mut Passwords,
) -> Result<Variables, Failed> {
    let mut variables = Variables::new();
    for argument in arguments {
        let Some((key, value)) = argument.split_once('=') else {
            // What has no key may be a password: it is not shown.
            return Err(Failed::new(USAGE, "a variable has no \"=\"")
                .hint(format!("write it as key=value; {}", takes(operation))));
        };
        if key.eq_ignore_ascii_case(AUTH_PASSWORD) {
            let message = "the web service password cannot be an argument: others could read it";
            let place = passwords::AUTH_PASSWORD;
            return Err(Failed::new(USAGE, message)
                .hint(format!("set {place}, or use --auth-password-file FILE")));
        }
        if is_secret_key(key) && (value == "-" || value.starts_with('@')) {
            let file = value.strip_prefix('@').unwrap_or(value);
            variables.push(key, secrets.read(Path::new(file))?.expose());
        } else {
            variables.push(key, value);
        }
    }
    for info in operation.inputs.iter().filter(|info| info.required) {
        if variables.get(info.name).is_none() {
            let example = if is_secret_key(info.name) { "@FILE" } else { "…" };
            let message = format!("{} needs {}", operation.name, info.name);
            return Err(Failed::new(USAGE, message).hint(format!(
                "add {}={example}; {}",
                info.name,
                takes(operation)
            )));
        }
    }
    Ok(variables)
}

/// Keys that are nearly, but not quite, variables of the operation.
pub(crate) fn suspicious(operation: &OperationInfo, variables: &Variables) -> Vec<String> {
    let known = |key: &str| operation.inputs.iter().find(|i| i.name.eq_ignore_ascii_case(key));
    variables
        .iter()
        .filter_map(|(key, _)| known(key).filter(|info| info.name != key).map(|info| (key, info)))
        .map(|(key, info)| {
            format!("{key} is sent as it is, but the contract's variable is {}", info.name)
        })
        .collect()
}

fn takes(operation: &OperationInfo) -> String {
    let names: Vec<_> = operation.inputs.iter().map(|info| info.name).collect();
    let fields = if operation.custom_fields { " and cf_…" } else { "" };
    format!("{} takes {}{fields}", operation.name, names.join(", "))
}
