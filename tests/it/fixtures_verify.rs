//! Recordings of the C# service, verified against our own host and contract.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use external_providers::fixture::Fixture;
use external_providers::http::Outcome;
use external_providers::inspect::{
    ContractCheck, Live, Severity, Verdict, Verified, Verifier, VerifyOptions,
};
use external_providers::{Host, Secret, sample};

use crate::fixtures_replay::recording;
use crate::support::{captures, repository};

/// The sample at a port of its own, as long as the runtime lives.
pub(crate) async fn host(password: &str) -> SocketAddr {
    let services = sample::diagnostic_services(password, "http://tempuri.org/");
    let host = Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

fn operations() -> Vec<Arc<Fixture>> {
    recording(&captures("op")).into_iter().map(Arc::new).collect()
}

/// The number of the placeholder for a user's password in one of them.
fn user_password(fixtures: &[Arc<Fixture>], name: &str) -> u32 {
    let mut all = fixtures.iter().filter(|fixture| fixture.name == name);
    let mut all = all.next().unwrap().redaction.placeholders.iter();
    all.find(|placeholder| placeholder.key == "loginPassword").unwrap().number
}

async fn verify(options: VerifyOptions, password: &str) -> Vec<Verified> {
    let verifier = Verifier::new(operations(), options);
    let url = format!("http://{}", host(password).await);
    let live = Live::new(&url, b"", Duration::from_secs(10)).unwrap();
    let mut heard = 0;
    let results = verifier.run(&live, |_| heard += 1).await;
    assert_eq!(heard, results.len());
    results
}

fn count(results: &[Verified], test: fn(&Verdict) -> bool) -> usize {
    results.iter().filter(|verified| test(&verified.verdict)).count()
}

#[tokio::test]
async fn our_host_answers_as_the_recorded_service_did() {
    // One who logs in, and one who registers.
    let secrets = [("op-authenticate-ok-11", "mypassword"), ("op-ext-register-ok-11", "pw")]
        .map(|(name, secret)| (None, user_password(&operations(), name), Secret::new(secret)))
        .into();
    let auth_password = Some(Secret::new("s3cret"));
    let options =
        VerifyOptions { auth_password, secrets, include_changes: true, ..Default::default() };
    let results = verify(options, "s3cret").await;
    for Verified { name, verdict, .. } in &results {
        assert_eq!(*verdict, Verdict::Same, "{name}");
    }
    assert!(count(&results, |verdict| *verdict == Verdict::Same) > 50);
    assert!(results.len() > 50, "{}", results.len());
}

#[tokio::test]
async fn of_a_password_that_is_sent_twice_the_answer_speaks_of_the_last() {
    let fixtures = external_providers::fixture::load(&repository("fixtures/sample")).unwrap();
    let twice = "<string>authPW=REDACTED-4</string>";
    let sent_twice = |f: &Fixture| {
        let body = String::from_utf8_lossy(&f.request.body).into_owned();
        body.contains(twice) && body.contains("authPW=REDACTED-1<")
    };
    assert!(fixtures.iter().any(sent_twice), "a wrong password, then the right one");
    let auth_password = Some(Secret::new("s3cret"));
    let secrets = vec![(None, 2, Secret::new("mypassword"))];
    let options = VerifyOptions { auth_password, secrets, ..Default::default() };
    let verifier = Verifier::new(fixtures.into_iter().map(Arc::new).collect(), options);
    let live = Live::new(&format!("http://{}", host("s3cret").await), b"", Duration::from_secs(10));
    let results = verifier.run(&live.unwrap(), |_| ()).await;
    let denied: Vec<_> = results.iter().filter(|v| v.name.contains("permission-denied")).collect();
    assert!(denied.len() > 10, "{}", denied.len());
    for verified in denied {
        let unsent = matches!(verified.verdict, Verdict::LeftOut { .. });
        assert!(unsent || verified.verdict == Verdict::Same, "{verified:?}");
    }
}

#[tokio::test]
async fn only_what_reads_is_sent_and_unknown_secrets_are_no_success() {
    let auth_password = Some(Secret::new("s3cret"));
    let results = verify(VerifyOptions { auth_password, ..Default::default() }, "s3cret").await;
    assert_eq!(count(&results, |v| matches!(v, Verdict::Different { .. })), 0);
    for verified in &results {
        let operation = verified.operation.as_deref().unwrap();
        let changes =
            ["StartTicket", "StartChat", "HandleEvent", "RegisterUser"].contains(&operation);
        let left_out = matches!(&verified.verdict, Verdict::LeftOut { reason }
            if *reason == format!("{operation} may change something"));
        assert_eq!(left_out, changes, "{verified:?}");
    }
    let unknown = results.iter().find(|v| v.name == "op-authenticate-ok-11").unwrap();
    let Verdict::Unverified { reason } = &unknown.verdict else { panic!("{unknown:?}") };
    assert!(
        reason.starts_with("the secret is not known: ") && reason.ends_with(" (loginPassword)")
    );
    assert!(count(&results, |v| *v == Verdict::Same) > 15);
}

#[tokio::test]
async fn a_service_with_another_password_differs_and_none_fails() {
    let auth_password = Some(Secret::new("not the service's"));
    let results = verify(VerifyOptions { auth_password, ..Default::default() }, "s3cret").await;
    let cookie = results.iter().find(|v| v.name == "op-cookie-ok-11").unwrap();
    let Verdict::Different { differences } = &cookie.verdict else { panic!("{cookie:?}") };
    let text = differences.to_string();
    assert!(text.contains("/Success: recorded \"true\", received \"false\""), "{text}");
    assert!(
        text.contains("/Message: recorded \"Login Successful\", received \"Permission Denied\"")
    );
    // What was refused still is.
    let refused = results.iter().find(|v| v.name == "op-cfo-badpw-11").unwrap();
    assert_eq!(refused.verdict, Verdict::Same);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/Provider.asmx", listener.local_addr().unwrap());
    drop(listener);
    let verifier = Verifier::new(
        operations(),
        VerifyOptions { auth_password: Some("x".into()), ..Default::default() },
    );
    let live = Live::new(&url, b"", Duration::from_secs(10)).unwrap();
    let results = verifier.run(&live, |_| {}).await;
    assert!(count(&results, |v| matches!(v, Verdict::Failed { .. })) > 15);
    assert_eq!(count(&results, |v| matches!(v, Verdict::Same | Verdict::Different { .. })), 0);
}

#[test]
fn recordings_of_the_service_hold_to_the_contract() {
    let check = ContractCheck::default();
    for fixture in operations() {
        let errors: Vec<_> = check
            .check(&fixture)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        assert_eq!(errors, [], "{}", fixture.name);
    }
}

#[test]
fn a_recorded_wsdl_says_how_operations_are_called() {
    let mut fixtures = recording(&captures("op"));
    fixtures.retain(|fixture| fixture.name == "op-ext-userinfo-ok-11");
    let rename = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace("GetUserInfo", "LookupCustomer").into_bytes()
    };
    let lookup = &mut fixtures[0];
    lookup.operation = Some("LookupCustomer".to_owned());
    lookup.request.body = rename(&lookup.request.body);
    let mut headers = external_providers::http::Headers::new();
    for header in lookup.request.headers.iter() {
        headers.push_bytes(header.name.clone(), rename(&header.value));
    }
    lookup.request.headers = headers;
    let Outcome::Answered(answered) = &mut lookup.outcome else { panic!() };
    answered.response.body = rename(&answered.response.body);
    let texts = |check: &ContractCheck, fixture: &Fixture| -> Vec<String> {
        check.check(fixture).into_iter().map(|finding| finding.text).collect()
    };
    let alone = ContractCheck::new(&fixtures);
    assert_eq!(texts(&alone, &fixtures[0]), ["LookupCustomer is not a contract operation"]);

    let mut wsdl = recording(&captures("meta"));
    wsdl.retain(|fixture| fixture.name == "meta-ext-wsdl");
    let Outcome::Answered(answered) = &mut wsdl[0].outcome else { panic!() };
    answered.response.body = rename(&answered.response.body);
    fixtures.extend(wsdl);
    let check = ContractCheck::new(&fixtures);
    assert_eq!(texts(&check, &fixtures[0]), [""; 0]);
    // What it holds is looked at, now that it is known what it is.
    fixtures[0].request.body =
        String::from_utf8_lossy(&fixtures[0].request.body).replace("emailFrom", "emailFrm").into();
    let found = texts(&check, &fixtures[0]);
    assert!(found[0].ends_with("\"emailFrm\" (did you mean emailFrom?)"), "{found:?}");
}
