//! The doctor and discovery against the C# service.

use std::process::Command;

use external_providers::Client;
use external_providers::client::Discovery;
use external_providers::contract::{
    EventHandled, GetUserInfo, HandleEvent, Kind, Operation, RegisterUser, Registration,
    UserInformation,
};
use external_providers::doctor::{Options, Outcome, Report, Severity, Subject, check};
use external_providers::soap::SoapVersion;
use external_providers::wsdl::Match;

use super::{OTHER, base, password};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn look(path: &str, edit: impl FnOnce(&mut Subject)) -> Report {
    let mut subject = Subject::new(format!("{}{path}", base()));
    subject.password = Some(password().into());
    edit(&mut subject);
    // Mono's server never answers `Expect`, nor a chunked request: that much time is lost.
    let options = Options { step: std::time::Duration::from_secs(5), ..Options::default() };
    block_on(check(&subject, &options, |_| ()))
}

/// All that is checked is well, but for what Mono's own web server does with HTTP.
fn is_well(report: &Report) {
    assert!(!report.has_findings(), "{report:#?}");
    for step in &report.steps {
        let expected = match step.name {
            "tls" => Outcome::NotChecked,
            "http" => continue,
            _ => Outcome::Ok,
        };
        assert_eq!(step.outcome, expected, "{step:#?}");
    }
    let password = &report.step("password").unwrap().text;
    assert_eq!(password, "ours is accepted, a wrong one is refused");
}

#[test]
fn all_is_well() {
    for soap in [SoapVersion::V11, SoapVersion::V12] {
        let report = look("Provider.asmx", |subject| subject.soap = soap);
        is_well(&report);
        let contract = &report.step("contract").unwrap().text;
        assert_eq!(contract, "implements login, custom_fields, ticket, live_chat");
        assert_eq!(report.step("contract").unwrap().findings, [], "not one difference");
    }
    for (path, kind) in [
        ("Extended.asmx", Kind::UserInformation),
        ("Extended.asmx", Kind::Events),
        ("other/Provider.asmx", Kind::Login),
    ] {
        let namespace = if path.starts_with(OTHER.0) { OTHER.1 } else { "http://tempuri.org/" };
        is_well(&look(path, |subject| {
            subject.kind = Some(kind);
            subject.namespace = Some(namespace.to_owned());
        }));
    }
}

#[test]
fn mistakes_are_named() {
    let code = |report: &Report, code: &str| {
        let found = report.findings().find(|finding| finding.code == code);
        let found = found.unwrap_or_else(|| panic!("no {code}: {report:#?}"));
        assert_eq!(found.severity, Severity::Finding, "{found:?}");
        found.remedy.clone().unwrap()
    };
    let report = look("Provider.asmx", |subject| subject.password = Some("wrong one".into()));
    code(&report, "wrong-password");
    let report = look("other/Provider.asmx", |subject| {
        subject.kind = Some(Kind::Login);
        subject.namespace = Some("http://tempuri.org/".into());
    });
    assert!(code(&report, "namespace").contains(OTHER.1));
    let report = look("Renamed.asmx", |subject| {
        subject.kind = Some(Kind::UserInformation);
        subject.operation = Some(GetUserInfo::NAME.into());
        subject.namespace = Some("http://tempuri.org/".into());
    });
    assert!(code(&report, "operation-name").contains("LookupCustomer"));
    code(&look("Nowhere.asmx", |_| ()), "not-found");
}

#[test]
fn the_command_says_so_too() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_external-providers"));
    let output = command
        .args(["check", "--step-timeout", "4", "--url", &format!("{}Provider.asmx", base())])
        .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", password())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("ours is accepted, a wrong one is refused"), "{text}");
    assert!(!text.contains(&password()), "{text}");
}

fn renamed(version: SoapVersion, kind: Kind, discovery: &Discovery) -> Client {
    let url = format!("{}Renamed.asmx", base());
    let builder = Client::builder(&url, password()).soap_version(version);
    discovery.apply(kind, builder).unwrap().build().unwrap()
}

#[test]
fn operations_are_found_whatever_their_names() {
    block_on(async {
        let url = format!("{}Renamed.asmx", base());
        let discovery = Client::builder(&url, password()).discover().await.unwrap();
        let found: Vec<_> = discovery
            .find
            .found
            .iter()
            .map(|f| (f.operation.name, f.name.as_str(), f.by))
            .collect();
        assert_eq!(
            found,
            [
                (GetUserInfo::NAME, "LookupCustomer", Match::Type),
                (HandleEvent::NAME, "OnEvent", Match::Type),
                (RegisterUser::NAME, "CreateAccount", Match::Type),
            ]
        );
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let client = renamed(version, Kind::UserInformation, &discovery);
            let email_from = Some("myusername@example.com".to_owned());
            let request = GetUserInfo { email_from, ..Default::default() };
            let answer = client.call(request).await.unwrap();
            assert!(matches!(answer.result, UserInformation::Found { .. }));
            let client = renamed(version, Kind::Events, &discovery);
            let event = HandleEvent { event_name: "TicketClosed".into(), ..Default::default() };
            assert_eq!(client.call(event).await.unwrap().result, EventHandled);
            let client = renamed(version, Kind::Registration, &discovery);
            let register = RegisterUser {
                login_username: "new".into(),
                login_password: "pw".into(),
                ..Default::default()
            };
            let registered = Registration::Registered { login_username: Some("new".into()) };
            assert_eq!(client.call(register).await.unwrap().result, registered);
        }
    });
}
