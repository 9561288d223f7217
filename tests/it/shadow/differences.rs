//! Every kind of difference is found, and named.

use external_providers::compare::Policy;
use external_providers::shadow::{Report, Shadow, ShadowOptions};

use super::{LOGIN, Rig, Spoiled, groups};
use crate::codec::raw::call;
use crate::fixtures::recordings::sample_service;

/// The report of these calls where the candidate's answers are changed.
fn changed(calls: &[String], from: &'static str, to: &'static str) -> Report {
    changed_with(calls, from, to, Policy::default())
}

fn changed_with(calls: &[String], from: &'static str, to: &'static str, ignore: Policy) -> Report {
    let service = sample_service();
    let candidate = Spoiled::start(service, move |answer| {
        assert!(answer.contains(from), "{from} is not in {answer}");
        Some(answer.replace(from, to))
    });
    let rig =
        Rig::with(service, candidate.candidate(), ShadowOptions { ignore, ..Default::default() });
    for request in calls {
        let told = String::from_utf8(rig.call(request)).unwrap();
        assert!(told.contains(from), "{told}");
    }
    let report = rig.finish();
    assert_eq!(
        (report.calls, report.compared),
        (calls.len() as u64, calls.len() as u64),
        "{report}"
    );
    report
}

fn login() -> Vec<String> {
    vec![call("Authenticate", &LOGIN)]
}

fn form() -> Vec<String> {
    let variables =
        ["authPW=s3cret", "loginUsername=myusername", "departmentName=Support Department"];
    vec![call("GetCustomFieldOptions", &variables)]
}

#[test]
fn each_kind_is_found_and_named() {
    let output = "<string>DisplayName=My Username</string>";
    for (calls, from, to, found, old, candidate) in [
        (login(), "<Success>true", "<Success>false", "Success", "\"true\"", "\"false\""),
        (login(), "Login Successful", "Welcome", "Message", "\"Login Successful\"", "\"Welcome\""),
        (
            login(),
            "<Message>Login Successful</Message>",
            "",
            "Message",
            "\"Login Successful\"",
            "absent",
        ),
        (
            login(),
            "<Message>Login Successful</Message>",
            "<Message />",
            "Message",
            "\"Login Successful\"",
            "empty",
        ),
        (
            login(),
            "<Message>Login Successful</Message>",
            "<Message xsi:nil=\"true\" />",
            "Message",
            "\"Login Successful\"",
            "nil",
        ),
        (login(), "=My Username", "=Me", "output DisplayName", "\"My Username\"", "\"Me\""),
        (login(), output, "", "output DisplayName", "\"My Username\"", "absent"),
        (
            login(),
            "DisplayName=My Username",
            "DisplayName=",
            "output DisplayName",
            "\"My Username\"",
            "empty",
        ),
        (
            login(),
            output,
            "<string>DisplayName=My Username</string><string>Plan=Gold</string>",
            "output Plan",
            "absent",
            "\"Gold\"",
        ),
        (
            login(),
            "<string>EmailAddress=myusername@example.com</string><string>DisplayName=My Username</string>",
            "<string>DisplayName=My Username</string><string>EmailAddress=myusername@example.com</string>",
            "order of outputs",
            "\"Authentication, EmailAddress, DisplayName\"",
            "\"Authentication, DisplayName, EmailAddress\"",
        ),
        (
            form(),
            "<CustomFieldName>Notes</CustomFieldName><ChangeVisible>true</ChangeVisible><NewVisibleValue>true",
            "<CustomFieldName>Notes</CustomFieldName><ChangeVisible>true</ChangeVisible><NewVisibleValue>false",
            "field Notes: NewVisibleValue",
            "\"true\"",
            "\"false\"",
        ),
        (
            form(),
            "<string>web02</string>",
            "",
            "field Server: ListOptions",
            "\"\\\"web01\\\", \\\"web02\\\", \\\"db01 (server down)\\\"\"",
            "\"\\\"web01\\\", \\\"db01 (server down)\\\"\"",
        ),
        (
            form(),
            "<CustomFieldName>Notes<",
            "<CustomFieldName>Note<",
            "field Notes",
            "an element with content",
            "absent",
        ),
        (login(), "200 OK", "201 Created", "status", "\"200\"", "\"201\""),
        (
            login(),
            "text/xml",
            "application/xml",
            "media type",
            "\"text/xml\"",
            "\"application/xml\"",
        ),
        (
            login(),
            "xmlns=\"http://tempuri.org/\"",
            "xmlns=\"urn:x\"",
            "namespace",
            "\"http://tempuri.org/\"",
            "\"urn:x\"",
        ),
        (
            login(),
            "AuthenticateResponse",
            "LogInResponse",
            "response element",
            "\"AuthenticateResponse\"",
            "\"LogInResponse\"",
        ),
    ] {
        let report = changed(&calls, from, to);
        let named = groups(&report);
        let is_named = named.iter().any(|(name, _)| name.ends_with(&format!(": {found}")));
        assert!(is_named, "{from} -> {to}: {report}");
        let group = report.groups.iter().find(|group| group.part == found).unwrap();
        let example = &group.examples[0];
        assert_eq!((example.old.as_str(), example.candidate.as_str()), (old, candidate), "{found}");
        let extra =
            named.iter().filter(|(name, _)| !name.contains("field Note") && !name.ends_with(found));
        assert_eq!(extra.count(), 0, "{report}");
        assert_eq!(report.different, 1);
    }
}

#[test]
fn what_the_contract_reads_alike_is_no_difference() {
    let email = "<string>EmailAddress=myusername@example.com</string>";
    for (calls, from, to) in [
        (login(), "<Success>true", "<Success> 1 "),
        (
            login(),
            email,
            "<string>EmailAddress=x</string><string>EmailAddress=myusername@example.com</string>",
        ),
        (form(), "CanStartTickets=True", "CanStartTickets=true"),
        (
            form(),
            "<NewRequiredValue>false</NewRequiredValue><ChangeListOptions>false",
            "<ChangeListOptions>0",
        ),
        (login(), "<AuthenticateResult>", "\n  <!-- x --><AuthenticateResult>"),
    ] {
        let report = changed(&calls, from, to);
        assert_eq!(groups(&report), [], "{from} -> {to}: {report}");
    }
}

#[test]
fn faults_pages_and_silence_are_compared() {
    let fault = || vec![call("GetCustomFieldOptions", &["authPW=s3cret", "diagnostic=fault"])];
    let report = changed(&fault(), "deliberate failure", "another failure");
    assert_eq!(groups(&report), [("GetCustomFieldOptions: fault reason".to_owned(), 1)]);
    let report = changed(&fault(), "<faultcode>soap:Server", "<faultcode>soap:Client");
    assert_eq!(groups(&report), [("GetCustomFieldOptions: fault code".to_owned(), 1)]);
    assert_eq!(groups(&changed(&fault(), "<faultcode>soap:Server", "<faultcode>Server")), []);
    let service = sample_service();
    for (answer, found, counted) in [
        (
            Some("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>sign in</html>"),
            "a page in place of a result",
            (1, 0),
        ),
        (
            Some("HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\n\r\n<html>later</html>"),
            "no answer of the candidate",
            (0, 1),
        ),
        (None, "no answer of the candidate", (0, 1)),
    ] {
        let candidate = Spoiled::start(service, move |_| answer.map(str::to_owned));
        let rig = Rig::new(service, candidate.candidate());
        rig.call(&form()[0]);
        let report = rig.finish();
        assert_eq!(groups(&report), [(format!("GetCustomFieldOptions: {found}"), 1)]);
        let count = &report.operations[0];
        assert_eq!((count.different, count.unanswered), counted, "{report}");
        assert_eq!((count.compared, report.different), (1, 1), "{report}");
    }
    let candidate = Spoiled::start(service, Some);
    let old = Spoiled::start(service, |_| None);
    let rig = Rig::new(old.address, candidate.candidate());
    assert!(rig.call(&form()[0]).starts_with(b"HTTP/1.1 502"));
    let report = rig.finish();
    assert_eq!(
        groups(&report),
        [("GetCustomFieldOptions: no answer of the old service".to_owned(), 1)]
    );
}

#[test]
fn what_is_to_be_ignored_is() {
    let email = ("myusername@example.com", "other@example.org");
    let with = |name: &'static str, pattern: Option<&'static str>| {
        let mut ignore = Policy::default();
        match pattern {
            Some(pattern) => ignore.patterns.push((name.to_owned(), pattern.to_owned())),
            None => ignore.ignore.push(name.to_owned()),
        }
        let report = changed_with(&login(), email.0, email.1, ignore);
        report.different
    };
    assert_eq!(with("EmailAddress", None), 0);
    assert_eq!(with("output EmailAddress", None), 0);
    assert_eq!(with("emailaddress", None), 1);
    assert_eq!(with("EmailAddress", Some(r".*@example\.(com|org)")), 0);
    // Both must match, as a whole.
    assert_eq!(with("EmailAddress", Some(r".*@example\.com")), 1);
    assert_eq!(with("EmailAddress", Some("example")), 1);
    let lists = [
        "Authentication=OK</string><string>EmailAddress=myusername@example.com",
        "EmailAddress=myusername@example.com</string><string>Authentication=OK",
    ];
    let report = changed_with(
        &login(),
        lists[0],
        lists[1],
        Policy { ignore: vec!["order".to_owned()], ..Policy::default() },
    );
    assert_eq!(report.different, 0, "{report}");
    let order = |name: &str| Policy { ignore: vec![name.to_owned()], ..Policy::default() };
    for (name, different) in [("order of outputs", 0), ("order of fields", 1), ("Order", 1)] {
        let report = changed_with(&login(), lists[0], lists[1], order(name));
        assert_eq!(report.different, different, "{name}: {report}");
    }
    // Each kind of difference, by the words of the report.
    let report = changed_with(&login(), "200 OK", "201 Created", Policy::default());
    let places: Vec<_> = report.groups.iter().map(|group| group.part.clone()).collect();
    assert!(!places.is_empty(), "{report}");
    let all = Policy { ignore: places.clone(), ..Policy::default() };
    let report = changed_with(&login(), "200 OK", "201 Created", all);
    assert_eq!((report.compared, report.different), (1, 0), "{places:?}: {report}");
    let service = sample_service();
    let candidate = Spoiled::start(service, Some).candidate();
    let patterns = vec![("Message".to_owned(), "(".to_owned())];
    let options =
        ShadowOptions { ignore: Policy { patterns, ..Policy::default() }, ..Default::default() };
    let error = Shadow::start("http://127.0.0.1:1", candidate, options).unwrap_err();
    assert!(
        error.to_string().starts_with("the pattern for Message is not a regular expression"),
        "{error}"
    );
}
