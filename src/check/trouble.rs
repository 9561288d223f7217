//! Known troubles, each named with its remedy.

use super::report::Finding;
use crate::client::{CallError, DiscoverError, TransportError, TransportErrorKind};
use crate::soap::{NotSoap, Page, Problem};

/// An answer that is a page.
pub(super) fn page(answer: &NotSoap) -> Finding {
    let excerpt = match answer.excerpt.as_str() {
        "" => String::new(),
        excerpt => format!(": \"{excerpt}\""),
    };
    let text = format!("HTTP {}, {}{excerpt}", answer.status, answer.what());
    let (code, remedy) = match (answer.status, &answer.page) {
        (_, Page::Redirect { sign_in: true, .. }) => (
            "sign-in",
            "a sign-in page stands before the service: exempt the service's address from it",
        ),
        (_, Page::Redirect { .. }) => (
            "redirect",
            "redirects are not followed: set the URL to the address it points to, if it is right",
        ),
        (401, _) => (
            "web-server-401",
            "the web server wants credentials of its own: allow anonymous access to the service (its password travels in the message)",
        ),
        (407, _) => ("proxy-credentials", "the proxy wants credentials: put them into its URL"),
        (403, _) => {
            ("forbidden", "the web server forbids it: look at its address and IP restrictions")
        }
        (404, _) => (
            "not-found",
            "nothing is there: check the path of the URL; it is that of the service itself and ends in .asmx or .svc",
        ),
        (405 | 501, _) => (
            "method-not-allowed",
            "the method is not allowed there: check the path of the URL, and the handler of .asmx files",
        ),
        (411, _) => ("length-required", "it wants a Content-Length: something between removes it"),
        (413, _) => ("too-large", "the web server's limit for requests is too low"),
        (415, _) => ("media-type", "it does not speak this version of SOAP: set the other one"),
        (502..=504, _) => {
            ("gateway", "a proxy could not reach the service: is it running, and allowed through?")
        }
        (400, Page::Empty) => {
            ("bad-request", "it could not read the request's XML: something between changes it")
        }
        (_, Page::Compressed(_)) => (
            "compression",
            "switch compression off for the service's path (IIS: dynamic compression; or at the proxy)",
        ),
        (_, Page::SignIn) => (
            "sign-in",
            "a sign-in page stands before the service: exempt the service's address from it",
        ),
        (200..=299, Page::Html) => (
            "html-page",
            "the URL leads to a page: set it to the service's own address, ending in .asmx or .svc",
        ),
        (_, Page::Html) => (
            "html-page",
            "an error page instead of SOAP: look at the web server's event log for its cause",
        ),
        (_, Page::Empty) => ("empty-answer", "look at the web server's log: it answered nothing"),
        _ => ("not-soap", "check the URL: what answers there is no SOAP service"),
    };
    Finding::new(code, text).remedy(remedy)
}

/// No answer.
pub(super) fn transport(error: &TransportError) -> Finding {
    let (code, remedy) = match &error.kind {
        TransportErrorKind::ConnectTimeout(_) => (
            "connect-timeout",
            "nobody answers at the address: check host and port, and firewalls between",
        ),
        TransportErrorKind::Timeout(_) => (
            "timeout",
            "the connection stands, but no answer comes: is the service hanging, or is it another protocol?",
        ),
        TransportErrorKind::Connect(_) => ("connect", "see the steps above"),
        TransportErrorKind::Tls(cause) => {
            return Finding::new(cause.cause.code(), error.to_string()).remedy(cause.remedy());
        }
        TransportErrorKind::Broken(_) => (
            "broken",
            "what came is no whole HTTP answer: does the port speak HTTP (or TLS), does a proxy cut it off?",
        ),
        TransportErrorKind::TooLarge { .. } => ("too-large", "is it the service that is meant?"),
        _ => ("transport", "look at the settings of the service"),
    };
    Finding::new(code, error.to_string()).remedy(remedy)
}

/// No WSDL.
pub(super) fn discover(error: &DiscoverError) -> Finding {
    match error {
        DiscoverError::Transport(error) => transport(error),
        DiscoverError::NotWsdl { answer, .. } => page(answer),
        DiscoverError::Timeout { .. } => Finding::new("timeout", error.to_string())
            .remedy("the connection stands, but no answer comes: is the service hanging?"),
        DiscoverError::Wsdl(_) => Finding::new("wsdl", error.to_string())
            .remedy("the document is not what ASMX, WCF or SoapCore write: look at the URL"),
        _ => Finding::new("wsdl", error.to_string()),
    }
}

/// A call without an answer.
pub(super) fn call(error: &CallError, namespace: &str) -> Finding {
    match error {
        CallError::Transport(error) => transport(error),
        CallError::NotSoap(answer) => page(answer),
        CallError::Fault(fault) if is_unknown_action(&fault.reason) => {
            Finding::new("soap-action", error.to_string()).remedy(format!(
                "the service does not know the action: its namespace is not {namespace}, or it has no such operation; set namespace (and operation), or \"discover\""
            ))
        }
        CallError::Fault(_) => Finding::new("fault", error.to_string())
            .remedy("the provider's own code failed: look at its log"),
        CallError::Malformed(malformed) => {
            let finding = Finding::new("malformed", error.to_string());
            match &malformed.problem {
                Problem::Unexpected { local, expected, namespace, .. } if local == expected => {
                    Finding { code: "namespace", ..finding }
                        .remedy(format!("set namespace = \"{namespace}\", or \"discover\""))
                }
                _ => finding.remedy("the answer is not what the contract says: see the differences above"),
            }
        }
        CallError::Encode(_) => {
            Finding::new("settings", error.to_string()).remedy("look at the settings")
        }
        CallError::Failure(_) => Finding::new("declined", error.to_string()),
    }
}

/// What ASMX and WCF say when they do not know an action.
pub(super) fn is_unknown_action(reason: &str) -> bool {
    reason.contains("HTTP Header SOAPAction")
        || reason.starts_with("Unable to handle request")
        || reason.contains("ContractFilter mismatch")
}
