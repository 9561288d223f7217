//! What to do about calls that went wrong: one table for the client's hints and the doctor's findings.

use std::borrow::Cow;

use super::TransportErrorKind;
use crate::soap::{Fault, FaultCode, NonSoapKind, NonSoapResponse, SoapVersion};

/// The stable word and the remedy for an answer that is a page.
pub(crate) fn page(answer: &NonSoapResponse) -> (&'static str, &'static str) {
    match (answer.status, &answer.page) {
        (_, NonSoapKind::Redirect { sign_in: true, .. }) => (
            "sign-in",
            "a sign-in page stands before the service: exempt the service's address from it",
        ),
        (_, NonSoapKind::Redirect { .. }) => (
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
        (400, NonSoapKind::Empty) => {
            ("bad-request", "it could not read the request's XML: something between changes it")
        }
        (_, NonSoapKind::Compressed(_)) => (
            "compression",
            "switch compression off for the service's path (IIS: dynamic compression; or at the proxy)",
        ),
        (_, NonSoapKind::SignIn) => (
            "sign-in",
            "a sign-in page stands before the service: exempt the service's address from it",
        ),
        (200..=299, NonSoapKind::Html) => (
            "html-page",
            "the URL leads to a page: set it to the service's own address, ending in .asmx or .svc",
        ),
        (_, NonSoapKind::Html) => (
            "html-page",
            "an error page instead of SOAP: look at the web server's event log for its cause",
        ),
        (_, NonSoapKind::Empty) => {
            ("empty-answer", "look at the web server's log: it answered nothing")
        }
        _ => ("not-soap", "check the URL: what answers there is not a SOAP service"),
    }
}

/// The same for an answer to the question for the WSDL.
pub(crate) fn no_wsdl(answer: &NonSoapResponse) -> (&'static str, Cow<'static, str>) {
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
        TransportErrorKind::Connect(error) => ("connect", error.cause.remedy()?.into()),
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
        TransportErrorKind::Header(_)
        | TransportErrorKind::Layer(_)
        | TransportErrorKind::NotRecorded(_) => return None,
    })
}

/// By which words each stack says that it does not know an action or an element of the body. Most of
/// them go by the body, so a wrong namespace is among the causes.
const UNKNOWN_OPERATION: [&str; 16] = [
    // .NET, whatever its language; Mono, whose text is not filled in.
    "SOAPAction",
    "value of HTTP Header {0}",
    // WCF, and Mono's.
    "ContractFilter mismatch",
    "did not match any operations in the target contract",
    // JAX-WS, CXF, and both Axis.
    "Cannot find dispatch method for",
    "Does it exist in service WSDL",
    "No such operation '",
    "for the Operation not found is",
    // spyne, with its checks against the schema and without.
    "No matching global declaration available for the validation root",
    "Requested resource '{",
    // gSOAP and SOAP::Lite.
    "method name or namespace not recognized",
    "Failed to locate method (",
    // Node's soap stumbles over what it does not find: the binding's method, the WSDL's and the code's.
    "Cannot read properties of undefined (reading 'style')",
    "Cannot read properties of undefined (reading 'output')",
    "Cannot read properties of undefined (reading 'apply')",
    // PHP in SOAP 1.2.
    "Procedure not present",
];

/// Does a fault say that the service does not know the action or the operation?
pub(crate) fn is_unknown_action(reason: &str) -> bool {
    // PHP in SOAP 1.1, and where the WSDL has what the code has not.
    let php = (reason.starts_with("Procedure '") && reason.ends_with("' not present"))
        || (reason.starts_with("Function '") && reason.ends_with("' doesn't exist"));
    php || reason.starts_with("Unable to handle request")
        || UNKNOWN_OPERATION.iter().any(|words| reason.contains(words))
}

/// Does a replay server say that no recording answers a request?
fn is_of_a_replay(reason: &str) -> bool {
    let beginnings = ["there are no recordings to answer ", "the recording does not answer "];
    beginnings.iter().any(|beginning| reason.starts_with(beginning))
        || (reason.starts_with("none of ") && reason.contains(" recordings answers "))
}

/// What to do about another fault: in the right version, the provider's own code threw it.
pub(crate) fn fault(fault: &Fault) -> &'static str {
    let reason = &fault.reason;
    match (&fault.code, fault.other_version) {
        (_, Some(SoapVersion::V11)) => {
            return "the fault is of SOAP 1.1, though 1.2 is set: the service does not speak it; set soap = \"1.1\" (--soap 1.1)";
        }
        (_, Some(SoapVersion::V12)) => {
            return "the fault is of SOAP 1.2, though 1.1 is set: the service does not speak it; set soap = \"1.2\" (--soap 1.2)";
        }
        (FaultCode::VersionMismatch, None) => {
            return "it does not speak this version of SOAP: set the other one";
        }
        _ => {}
    }
    const NULL: [&str; 2] = ["Object reference not set", "Objektverweis wurde nicht"];
    if NULL.iter().any(|text| reason.contains(text)) {
        return "the service's code met a null: compare the namespace with its ?WSDL to the last slash \
                (with another one it reads no variables), else look at its log";
    }
    if is_of_a_replay(reason) {
        return "this is a replay, not the service: --show-wire shows the nearest recording and what differs";
    }
    if fault.code == FaultCode::Client {
        return "the service says that the request is wrong: where its words do not say how, compare \
                namespace and operation with its ?WSDL (or set namespace to \"discover\")";
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
            // As the stacks of tests/interop/stacks.sh say it.
            "Action 'urn:x/A' did not match any operations in the target contract",
            "Cannot find dispatch method for {urn:x}A",
            ":1:0:ERROR:SCHEMASV:SCHEMAV_CVC_ELT_1: Element '{urn:x}A': No matching global \
             declaration available for the validation root.",
            "TypeError: Cannot read properties of undefined (reading 'style')",
            "Procedure 'A' not present",
            "Function 'A' doesn't exist",
        ] {
            assert!(is_unknown_action(reason), "{reason}");
        }
        let null = "Server was unable to process request. ---> Object reference not set to an \
            instance of an object.";
        let server = |reason: &str| fault(&Fault::new(FaultCode::Server, reason));
        assert!(!is_unknown_action(null) && server(null).contains("to the last slash"));
        for own in ["no such user", "Function 'Lookup' of the directory failed", "A is not present"]
        {
            assert!(!is_unknown_action(own) && server(own).contains("its log"), "{own}");
        }
        let client = fault(&Fault::new(FaultCode::Client, "not well-formed"));
        assert!(client.contains("the request is wrong"), "{client}");
        for (version, set) in [(SoapVersion::V11, "--soap 1.1"), (SoapVersion::V12, "--soap 1.2")] {
            let other_version = Some(version);
            let other = Fault { other_version, ..Fault::new(FaultCode::Client, "no Envelope") };
            assert!(fault(&other).contains(set), "{version}");
        }
        let version = Fault::new(FaultCode::VersionMismatch, "no Envelope of this version");
        assert!(fault(&version).contains("set the other one"));
    }
}
