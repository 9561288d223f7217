//! The doctor and services of other stacks, which work: it must not call them broken.

use std::net::SocketAddr;

use external_providers::Client;
use external_providers::client::CallError;
use external_providers::contract::{GetSignInCookieInfo, Kind};
use external_providers::doctor::{Options, Outcome, Report, Severity, Subject, check};
use external_providers::soap::SoapVersion;

use super::peers::{PASSWORD, Request, distorted, respond, sample_host, serve, serve_in_turn};
use super::services::forward_closed;

fn subject(host: SocketAddr) -> Subject {
    let url = format!("http://{host}/Provider.asmx");
    Subject { password: Some(PASSWORD.into()), ..Subject::new(url) }
}

async fn look(subject: &Subject) -> Report {
    check(subject, &Options::default(), |_| ()).await
}

fn asks_for_nothing(request: &Request) -> bool {
    String::from_utf8_lossy(&request.body).contains("<ExternalProvidersCheck")
}

fn is_1_2(request: &Request) -> bool {
    request.head.to_ascii_lowercase().contains("content-type: application/soap+xml")
}

/// The answer without the word that it is the last on its connection.
fn kept_alive(answer: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(answer).unwrap();
    let lines = text.split_inclusive("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    kept.collect::<String>().into_bytes()
}

#[tokio::test]
async fn one_connection_at_a_time_is_enough() {
    let host = sample_host("http://tempuri.org/");
    let single = serve_in_turn(move |request| kept_alive(forward_closed(host, request)));
    let report = look(&subject(single)).await;
    let codes: Vec<_> = report.findings().map(|finding| finding.code).collect();
    assert_eq!(codes, ["login-unproven"], "{report:#?}");
    for step in ["wsdl", "soap", "password", "times", "http"] {
        assert_eq!(report.step(step).unwrap().outcome, Outcome::Ok, "{step}: {report:#?}");
    }
    assert_eq!(report.step("soap").unwrap().text, "spoken: SOAP 1.1 and 1.2");
}

/// Node's soap says what its own code stumbled over.
fn stumbled() -> Vec<u8> {
    let text = b"TypeError: Cannot read properties of undefined (reading 'output')";
    respond("500 Internal Server Error", "Content-Type: text/plain\r\n", text)
}

#[tokio::test]
async fn an_unknown_operation_answered_with_text_proves_nothing() {
    let host = sample_host("http://tempuri.org/");
    let html = || respond("404 Not Found", "Content-Type: text/html\r\n", b"<html>no such action");
    for page in [stumbled as fn() -> Vec<u8>, html] {
        for soap in [SoapVersion::V11, SoapVersion::V12] {
            let node = serve(move |request| match asks_for_nothing(request) {
                true => page(),
                false => forward_closed(host, request),
            });
            let report = look(&Subject { soap, ..subject(node) }).await;
            assert!(!report.has_findings(), "{report:#?}");
            let step = report.step("soap").unwrap();
            assert_eq!((step.outcome, &*step.text), (Outcome::Ok, "spoken: SOAP 1.1 and 1.2"));
            let asked = "SOAP 1.1: GetCustomFieldOptions is answered";
            assert!(step.details.iter().any(|detail| detail == asked), "{step:#?}");
            let password = report.step("password").unwrap();
            assert_eq!(password.text, "ours is accepted, a wrong one is refused");
        }
    }
    // What answers so whatever it is asked is not SOAP.
    let broken = serve(move |request| match request.is_get() {
        true => forward_closed(host, request),
        false => stumbled(),
    });
    let report = look(&subject(broken)).await;
    assert_eq!(report.step("soap").unwrap().outcome, Outcome::Finding, "{report:#?}");
    // Where nothing that only reads can be asked, nothing is known.
    let ticket = Subject { kind: Some(Kind::Ticket), ..subject(serve(|_| stumbled())) };
    let report = look(&ticket).await;
    let step = report.step("soap").unwrap();
    assert_eq!(step.outcome, Outcome::NotChecked, "{report:#?}");
    assert!(step.text.contains("proves nothing"), "{step:#?}");
}

#[tokio::test]
async fn a_version_is_spoken_only_if_the_answer_is_of_it() {
    let host = sample_host("http://tempuri.org/");
    // spyne answers SOAP 1.2 with a fault of SOAP 1.1.
    let fault = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault>\
        <faultcode>e:Client.SoapError</faultcode><faultstring>No {Envelope} element was found!\
        </faultstring></e:Fault></e:Body></e:Envelope>";
    let spyne = serve(move |request| match is_1_2(request) {
        true => respond("500 Error", "Content-Type: text/xml\r\n", fault.as_bytes()),
        false => forward_closed(host, request),
    });
    let report = look(&subject(spyne)).await;
    assert!(!report.has_findings(), "{report:#?}");
    assert_eq!(report.step("soap").unwrap().text, "spoken: SOAP 1.1");
    let note = report.findings().find(|finding| finding.code == "soap-version").unwrap();
    assert_eq!(note.severity, Severity::Note);
    assert!(note.text.contains("the answer to SOAP 1.2 is SOAP 1.1 (No {Envelope}"), "{note:?}");

    // Where that version is set, it is the mistake, and the provider's code is not to blame.
    let report = look(&Subject { soap: SoapVersion::V12, ..subject(spyne) }).await;
    let findings: Vec<_> =
        report.findings().filter(|finding| finding.severity == Severity::Finding).collect();
    let [finding] = &findings[..] else { panic!("{report:#?}") };
    assert_eq!(finding.code, "soap-version");
    assert_eq!(finding.remedy.as_deref(), Some("set soap = \"1.1\""));
    let password = report.step("password").unwrap();
    assert_eq!(password.text, "ours is accepted, a wrong one is refused");

    // A call says so, too, and not that the provider's code failed.
    let client = Client::builder(&format!("http://{spyne}/Provider.asmx"), PASSWORD);
    let client = client.soap_version(SoapVersion::V12).build().unwrap();
    let error = client.call(GetSignInCookieInfo::default()).await.unwrap_err();
    assert!(error.hint().unwrap().contains("(--soap 1.1)"), "{error:?}");
    let CallError::Fault(fault) = error else { panic!("{error:?}") };
    assert_eq!(fault.other_version, Some(SoapVersion::V11));
}

#[tokio::test]
async fn a_version_that_is_answered_in_the_other_works() {
    let host = sample_host("http://tempuri.org/");
    // Node's soap reads SOAP 1.2, and answers in 1.1.
    let node = serve(move |request| {
        let text = String::from_utf8(request.body.clone()).unwrap();
        let action = text.split_once(":Body><").unwrap_or_default().1;
        let action = action.split([' ', '>', '/']).next().unwrap();
        if !is_1_2(request) {
            return forward_closed(host, request);
        }
        let body =
            text.replace("www.w3.org/2003/05/soap-envelope", "schemas.xmlsoap.org/soap/envelope/");
        let head = format!(
            "POST /Provider.asmx HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=utf-8\r\n\
             SOAPAction: \"http://tempuri.org/{action}\"\r\nContent-Length: {}",
            body.len()
        );
        forward_closed(host, &Request { head, body: body.into_bytes() })
    });
    let report = look(&Subject { soap: SoapVersion::V12, ..subject(node) }).await;
    assert!(!report.has_findings(), "{report:#?}");
    let warning = report.findings().find(|finding| finding.code == "soap-version").unwrap();
    assert_eq!(warning.severity, Severity::Warning);
    assert!(warning.text.contains("SOAP 1.1, which .NET callers do not take"), "{warning:?}");
    assert_eq!(warning.remedy.as_deref(), Some("set soap = \"1.1\""));
}

#[tokio::test]
async fn actions_that_a_service_ignores_are_no_finding() {
    // spyne goes by the body's element, whatever action its WSDL gives.
    let (usual, bare) = ("soapAction=\"http://tempuri.org/", "soapAction=\"");
    let right = |text: String| {
        ["Authenticate", "GetSignInCookieInfo"].iter().fold(text, |text, name| {
            text.replace(&format!("\"{name}\""), &format!("\"http://tempuri.org/{name}\""))
        })
    };
    let spyne =
        distorted(sample_host("http://tempuri.org/"), right, move |text| text.replace(usual, bare));
    let namespace = Some("http://tempuri.org/".to_owned());
    let set = Subject { kind: Some(Kind::Login), namespace, ..subject(spyne) };
    let report = look(&set).await;
    assert!(!report.has_findings(), "{report:#?}");
    let notes = report.findings().filter(|finding| finding.code == "soap-action");
    let notes: Vec<_> = notes.map(|note| (note.severity, &*note.text)).collect();
    let text = |name: &str| {
        format!(
            "{name}: the action is \"{name}\", not namespace and name (harmless: the service does not mind)"
        )
    };
    let (one, other) = (text("Authenticate"), text("GetSignInCookieInfo"));
    assert_eq!(notes, [(Severity::Note, &*one), (Severity::Note, &*other)]);
    assert_eq!(report.step("contract").unwrap().outcome, Outcome::Ok);
}

#[tokio::test]
async fn of_logins_one_may_be_described_and_not_written() {
    let host = sample_host("http://tempuri.org/");
    for words in [
        "Function 'GetSignInCookieInfo' doesn't exist",
        "TypeError: Cannot read properties of undefined (reading 'apply')",
    ] {
        let fault = format!(
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault>\
             <faultcode>e:Server</faultcode><faultstring>{words}</faultstring></e:Fault></e:Body></e:Envelope>"
        );
        let php = serve(move |request| {
            match String::from_utf8_lossy(&request.body).contains("<GetSignInCookieInfo") {
                true => respond("500 Error", "Content-Type: text/xml\r\n", fault.as_bytes()),
                false => forward_closed(host, request),
            }
        });
        let report = look(&Subject { kind: Some(Kind::Login), ..subject(php) }).await;
        assert!(!report.has_findings(), "{words}: {report:#?}");
        let password = report.step("password").unwrap();
        assert_eq!(password.text, "ours is accepted, a wrong one is refused");
        let absent = "GetSignInCookieInfo: there is no such operation";
        assert!(password.details.iter().any(|detail| detail == absent), "{password:#?}");
    }
}
