//! Known troubles, each named with its remedy.

use crate::client::{CallError, DiscoverError, TransportError, TransportErrorKind, remedy};
use crate::report::Finding;
use crate::soap::{NonSoapResponse, Problem};

/// An answer that is a page.
pub(super) fn page(answer: &NonSoapResponse) -> Finding {
    let excerpt = match answer.excerpt.as_str() {
        "" => String::new(),
        excerpt => format!(": \"{excerpt}\""),
    };
    let text = format!("HTTP {}, {}{excerpt}", answer.status, answer.what());
    let (code, remedy) = remedy::page(answer);
    Finding::new(code, text).remedy(remedy)
}

/// No answer.
pub(super) fn transport(error: &TransportError) -> Finding {
    let (code, remedy) = match &error.kind {
        TransportErrorKind::Connect(_) => ("connect", "see the steps above".into()),
        kind => remedy::transport(kind).unwrap_or(("transport", "look at the settings".into())),
    };
    Finding::new(code, error.to_string()).remedy(remedy)
}

/// No WSDL.
pub(super) fn discover(error: &DiscoverError) -> Finding {
    match error {
        DiscoverError::Transport(error) => transport(error),
        // In the words of the call's step, which meets the same as a rule.
        DiscoverError::NotWsdl { answer, .. } => {
            let (code, remedy) = remedy::no_wsdl(answer);
            Finding { code, ..page(answer) }.remedy(remedy)
        }
        error => {
            let code = match error {
                DiscoverError::Timeout { .. } => "timeout",
                _ => "wsdl",
            };
            let remedy = error.hint().map(String::from);
            Finding { remedy, ..Finding::new(code, error.to_string()) }
        }
    }
}

/// A call without an answer.
pub(super) fn call(error: &CallError, namespace: &str) -> Finding {
    match error {
        CallError::Transport(error) => transport(error),
        CallError::NotSoap(answer) => page(answer),
        CallError::Fault(fault) if remedy::is_unknown_action(&fault.reason) => {
            Finding::new("soap-action", error.to_string()).remedy(format!(
                "the service does not know the action: its namespace is not {namespace}, or it has no such operation; set namespace (and operation), or \"discover\""
            ))
        }
        CallError::Fault(fault) => {
            Finding::new("fault", error.to_string()).remedy(remedy::fault(fault))
        }
        CallError::Malformed(malformed) => {
            let finding = Finding::new("malformed", error.to_string());
            match &malformed.problem {
                Problem::Unexpected { local, expected, namespace, .. } if local == expected => {
                    Finding { code: "namespace", ..finding }
                        .remedy(format!("set namespace = \"{namespace}\", or \"discover\""))
                }
                problem => finding.remedy(problem.remedy().unwrap_or(
                    "the answer is not what the contract says: see the differences above",
                )),
            }
        }
        CallError::Encode(_) => {
            Finding::new("settings", error.to_string()).remedy("look at the settings")
        }
        CallError::Failure(_) => Finding::new("declined", error.to_string()),
    }
}
