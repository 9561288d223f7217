//! The doctor and real providers that answer oddly: none of them is taken for one that accepted the
//! password, and each is named.

use std::sync::Arc;

use external_providers::contract::raw::{Presence, RawResult};
use external_providers::contract::{
    Answer, Authenticate, Authentication, GetSignInCookieInfo, Kind, LoginProvider, ProviderResult,
};
use external_providers::doctor::{Finding, Options, Outcome, Report, Severity, Subject, check};
use external_providers::host::{Host, RawAnswer, RawCall, RawError, RawProvider, Service};
use external_providers::sample::Sample;
use external_providers::soap::SoapVersion;

use super::peers::{PASSWORD, run};
use crate::support::tool;

/// A provider that is given the operation's name and its web service password.
struct Odd<F>(F);

impl<F: Fn(&str, &str) -> Result<RawResult, RawError> + Send + Sync> RawProvider for Odd<F> {
    fn call<'a>(&'a self, call: RawCall<'a>) -> RawAnswer<'a> {
        let mut entries = call.entries().iter().flatten();
        let password = entries.find_map(|entry| entry.strip_prefix("authPW=")).unwrap_or("");
        let result = (self.0)(call.operation.name, password);
        RawAnswer::Answered(Box::pin(async { result.map(Presence::Value) }))
    }
}

fn result(success: bool, message: &str, outputs: &[&str]) -> Result<RawResult, RawError> {
    Ok(RawResult {
        success,
        message: Presence::Value(message.to_owned()),
        output_variables: Presence::Value(outputs.iter().copied().collect()),
        ..Default::default()
    })
}

/// What a provider in order answers to nobody.
fn proper(operation: &str) -> Result<RawResult, RawError> {
    match operation {
        "GetCustomFieldOptions" => {
            let fields = result(true, "Custom Fields Loaded", &["CanStartTickets=True"])?;
            let custom_field_data_items = Presence::Value(Vec::new());
            Ok(RawResult { custom_field_data_items, ..fields })
        }
        "StartTicket" => result(true, "Ticket Allowed", &["TicketCreation=TRUE"]),
        _ => result(true, "Login Failure", &["Authentication=FAIL"]),
    }
}

fn denied() -> Result<RawResult, RawError> {
    result(false, "Permission Denied", &[])
}

fn subject(
    provider: impl Fn(&str, &str) -> Result<RawResult, RawError> + Send + Sync + 'static,
    kind: Option<Kind>,
) -> Subject {
    let sample = Arc::new(Sample);
    let mut service = Service::new("/P.asmx", PASSWORD).login(Arc::clone(&sample));
    if kind != Some(Kind::Login) {
        service = service.custom_fields(Arc::clone(&sample)).ticket(sample);
    }
    let host = Host::builder().service(service.raw(Arc::new(Odd(provider)))).build().unwrap();
    let url = format!("http://{}/P.asmx", run(host, None));
    Subject { kind, password: Some(PASSWORD.into()), ..Subject::new(url) }
}

async fn look(subject: &Subject) -> Report {
    look_with(subject, false).await
}

async fn look_with(subject: &Subject, allow_changes: bool) -> Report {
    let options = Options { allow_changes, round_trips: 1, ..Options::default() };
    check(subject, &options, |_| ()).await
}

fn codes(report: &Report) -> Vec<(&str, Severity)> {
    report.findings().map(|finding| (finding.code, finding.severity)).collect()
}

fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    let found = report.findings().find(|finding| finding.code == code);
    let found = found.unwrap_or_else(|| panic!("no {code}: {report:#?}"));
    assert!(found.remedy.as_ref().is_some_and(|remedy| !remedy.is_empty()), "{found:?}");
    found
}

fn text(report: &Report) -> &str {
    &report.step("password").unwrap().text
}

#[tokio::test]
async fn one_says_no_to_everything() {
    let no = |_: &str, _: &str| result(true, "Login Failure", &["Authentication=fail"]);
    for soap in [SoapVersion::V11, SoapVersion::V12] {
        let subject = Subject { soap, ..subject(no, Some(Kind::Login)) };
        for password in [Some(PASSWORD.into()), None] {
            let report = look(&Subject { password, ..subject.clone() }).await;
            assert!(!text(&report).contains("accepted"), "{report:#?}");
            let unproven = ("password-unproven", Severity::Warning);
            assert_eq!(codes(&report), [unproven; 2], "each operation is named");
            let words = "\"Login Failure\" to a wrong password";
            assert!(finding(&report, "password-unproven").text.contains(words), "{report:#?}");
            assert_eq!(report.step("password").unwrap().outcome, Outcome::Warning);
        }
    }
    // Another operation of the same service may prove the password all the same…
    let mixed = |operation: &str, password: &str| match operation {
        "GetCustomFieldOptions" if password != PASSWORD => denied(),
        operation => proper(operation),
    };
    let report = look(&subject(mixed, None)).await;
    assert_eq!(text(&report), "ours is accepted by GetCustomFieldOptions, a wrong one is refused");
    assert_eq!(codes(&report), [("password-unproven", Severity::Warning); 2]);
    // …and one that does answer shows that nobody looks at it.
    let report = look(&subject(|operation, _| proper(operation), None)).await;
    assert_eq!(text(&report), "any password is accepted");
    assert!(report.has_findings() && finding(&report, "any-password").text.contains("anybody"));
    // A user who is refused otherwise than nobody is proves it, too.
    let told = |operation: &str, password: &str| match password {
        PASSWORD => proper(operation),
        _ => result(true, "Go away", &["Authentication=FAIL"]),
    };
    let report = look(&subject(told, Some(Kind::Login))).await;
    assert_eq!(text(&report), "ours is accepted, a wrong one is refused");
    assert!(finding(&report, "wrong-refusal").text.contains("\"Go away\""));
}

#[tokio::test]
async fn one_wants_another_password_for_each_operation() {
    let each = |operation: &str, password: &str| match (operation, password) {
        ("GetSignInCookieInfo", PASSWORD) => proper(operation),
        ("Authenticate", "pw-authenticate") => proper(operation),
        ("GetCustomFieldOptions", "pw-fields") => proper(operation),
        ("StartTicket", "pw-ticket") => proper(operation),
        _ => denied(),
    };
    let login = subject(each, Some(Kind::Login));
    let report = look(&login).await;
    let named = finding(&report, "password-per-operation");
    assert_eq!(named.severity, Severity::Finding);
    assert_eq!(named.text, "ours is accepted by GetSignInCookieInfo, and refused by Authenticate");
    assert_eq!(text(&report), named.text);
    // Of the whole service it is the tabs' affair.
    let report = look(&subject(each, None)).await;
    let named = finding(&report, "password-per-operation");
    assert_eq!(named.severity, Severity::Warning);
    assert!(named.text.ends_with("refused by GetCustomFieldOptions and Authenticate"), "{named:?}");
    // What is refused by another operation than the tab's is not the last word.
    let ticket = subject(each, Some(Kind::Ticket));
    let ticket = Subject { password: Some("pw-ticket".into()), ..ticket };
    let report = look(&ticket).await;
    let refused = finding(&report, "wrong-password");
    assert!(
        refused.text.contains("StartTicket, for which it is set, was not asked"),
        "{refused:?}"
    );
    assert!(refused.remedy.as_ref().unwrap().contains("--allow-changes"));
    let report = look_with(&ticket, true).await;
    assert_eq!(
        (text(&report), codes(&report)),
        ("ours is accepted, a wrong one is refused", vec![])
    );
}

/// Its directory is down, and it says of everybody what it says of a wrong password.
struct Down;

impl LoginProvider for Down {
    async fn authenticate(&self, _: Authenticate) -> ProviderResult<Authenticate> {
        Ok(Answer::new(Authentication::Refused, "Login Failure"))
    }

    async fn get_sign_in_cookie_info(
        &self,
        _: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        Ok(Answer::new(Authentication::Refused, "The server is not operational."))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_directory_is_down() {
    let service = Service::new("/P.asmx", PASSWORD).login(Down);
    let url =
        format!("http://{}/P.asmx", run(Host::builder().service(service).build().unwrap(), None));
    let report =
        look(&Subject { password: Some(PASSWORD.into()), ..Subject::new(url.as_str()) }).await;
    let note = finding(&report, "login-unproven");
    assert!(note.text.contains("\"The server is not operational.\""), "{note:?}");
    assert!(note.text.contains("directory that is down"), "{note:?}");
    assert!(note.remedy.as_ref().unwrap().contains("call Authenticate loginUsername=NAME"));
    let output = tool(&["check", "--url", &url, "--round-trips", "1"], PASSWORD).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("note (login-unproven): no login was proven"), "{said}");
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn ones_custom_fields_always_fault() {
    let faulty = |operation: &str, password: &str| match (operation, password) {
        ("GetCustomFieldOptions", _) => {
            Err(RawError::exception("Object reference not set.\r\n   at Provider.Load()"))
        }
        (_, PASSWORD) => proper(operation),
        _ => denied(),
    };
    let report = look(&subject(faulty, Some(Kind::CustomFields))).await;
    assert!(!text(&report).contains("accepted"), "{report:#?}");
    assert_eq!(text(&report), "GetCustomFieldOptions fails");
    let named = finding(&report, "always-faults");
    assert_eq!(named.severity, Severity::Finding);
    assert!(named.text.ends_with("Object reference not set."), "the first line: {named:?}");
    // The others are asked all the same.
    let report = look(&subject(faulty, None)).await;
    let expected =
        "ours is accepted by GetSignInCookieInfo and Authenticate, a wrong one is refused";
    assert_eq!(text(&report), expected);
    assert_eq!(finding(&report, "always-faults").severity, Severity::Finding);
    // A password that makes it fail is told from one that does not.
    let picky = |operation: &str, password: &str| match password {
        PASSWORD => proper(operation),
        _ => Err(RawError::exception("wrong password")),
    };
    let report = look(&subject(picky, Some(Kind::Login))).await;
    assert_eq!(text(&report), "ours is accepted, a wrong one is refused");
    assert!(finding(&report, "wrong-refusal").text.contains("a fault ("), "{report:#?}");
}

#[tokio::test]
async fn the_second_login_operation_may_be_missing() {
    let one = |operation: &str, password: &str| match (operation, password) {
        ("GetSignInCookieInfo", _) => Err(RawError::exception(
            "Server did not recognize the value of HTTP Header SOAPAction: x.",
        )),
        (_, PASSWORD) => proper(operation),
        _ => denied(),
    };
    let report = look(&subject(one, Some(Kind::Login))).await;
    assert_eq!(text(&report), "ours is accepted, a wrong one is refused");
    let details = &report.step("password").unwrap().details;
    assert!(details.contains(&"GetSignInCookieInfo: there is no such operation".to_owned()));
}
