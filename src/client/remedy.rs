//! What to do about calls that went wrong: one table for the client's hints and the doctor's findings.

use std::borrow::Cow;

use super::TransportErrorKind;
use super::error::connect_hint;
use crate::soap::{Fault, FaultCode, NotSoap, Page};

/// The stable word and the remedy for an answer that is a page.
pub(crate) fn page(answer: &NotSoap) -> (&'static str, &'static str) {
    match (answer.status, &answer.page) {
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
        (502..=504, _) => (
            "gateway",
            "a proxy could not reach the service: is it running? Is the way to it open?",
        ),
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
        _ => ("not-soap", "check the URL: what answers there is not a SOAP service"),
    }
}

/// The same for an answer to the question for the WSDL.
pub(crate) fn no_wsdl(answer: &NotSoap) -> (&'static str, Cow<'static, str>) {
    const UNPUBLISHED: &str =
        "where the service publishes no WSDL, set its namespace (--namespace, namespace =)";
    let (code, remedy) = page(answer);
    let remedy = match code {
        "method-not-allowed" | "not-found" | "forbidden" | "html-page" | "not-soap"
        | "empty-answer" => remedy,
        // Statuses that make sense for calls alone.
        "bad-request" | "media-type" => {
            let remedy = format!("look at the web server's log; {UNPUBLISHED}");
            return ("no-wsdl", remedy.into());
        }
        // Calls would meet the same.
        _ => return (code, remedy.into()),
    };
    (code, format!("{remedy}; {UNPUBLISHED}").into())
}

/// The same for an answer that did not come.
pub(crate) fn transport(kind: &TransportErrorKind) -> Option<(&'static str, Cow<'static, str>)> {
    Some(match kind {
        TransportErrorKind::Tls(error) => (error.cause.code(), error.remedy().into()),
        TransportErrorKind::Connect(cause) => ("connect", connect_hint(cause)?.into()),
        TransportErrorKind::ConnectTimeout(_) => (
            "connect-timeout",
            "nobody answers at the address: check host and port, and firewalls between".into(),
        ),
        TransportErrorKind::Timeout(_) => (
            "timeout",
            "the connection stands, but no answer comes: is the service hanging, or is it another protocol?".into(),
        ),
        TransportErrorKind::Broken(_) => (
            "broken",
            "what came is not a whole HTTP answer: does the port speak HTTP (or TLS), does a proxy cut it off?".into(),
        ),
        TransportErrorKind::TooLarge { .. } => {
            ("too-large", "is it the service that is meant?".into())
        }
        TransportErrorKind::Header(_) | TransportErrorKind::NotRecorded(_) => return None,
    })
}

/// Does a fault say that the service does not know the action? Whatever its language, .NET's names
/// the header; Mono's text is not filled in.
pub(crate) fn is_unknown_action(reason: &str) -> bool {
    reason.contains("SOAPAction")
        || reason.contains("value of HTTP Header {0}")
        || reason.starts_with("Unable to handle request")
        || reason.contains("ContractFilter mismatch")
}

/// What to do about another fault: in the right version, the provider's own code threw it.
pub(crate) fn fault(fault: &Fault) -> &'static str {
    let reason = &fault.reason;
    if fault.code == FaultCode::VersionMismatch {
        return "it does not speak this version of SOAP: set the other one";
    }
    const NULL: [&str; 2] = ["Object reference not set", "Objektverweis wurde nicht"];
    if NULL.iter().any(|text| reason.contains(text)) {
        return "the service's code met a null: compare the namespace with its ?WSDL to the last slash \
                (with another one it reads no variables), else look at its log";
    }
    "the provider's own code failed: look at its log"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_action_is_recognised_whoever_says_so() {
        for reason in [
            "Server did not recognize the value of HTTP Header SOAPAction: urn:x/A.",
            "Server did not recognize the value of HTTP Header {0}: {1}.",
            "Der Server konnte den Wert des HTTP-Headers SOAPAction nicht erkennen: urn:x/A.",
            "Unable to handle request without a valid action parameter. Please supply one.",
            "The message cannot be processed, due to a ContractFilter mismatch at the Dispatcher",
        ] {
            assert!(is_unknown_action(reason), "{reason}");
        }
        let null = "Server was unable to process request. ---> Object reference not set to an \
            instance of an object.";
        let server = |reason: &str| fault(&Fault::new(FaultCode::Server, reason));
        assert!(!is_unknown_action(null) && server(null).contains("to the last slash"));
        assert!(server("no such user").contains("its log"));
        let version = Fault::new(FaultCode::VersionMismatch, "no Envelope of this version");
        assert!(fault(&version).contains("set the other one"));
    }
}
