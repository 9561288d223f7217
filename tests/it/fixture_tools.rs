//! Audit and HAR: what leads into collections, and what must not be in them.

use std::path::Path;

use external_providers::Secret;
use external_providers::fixture::{export_har, import_har, load, store};
use external_providers::http::{HttpVersion, Outcome};
use external_providers::inspect::audit;
use external_providers::redact::Rules;

use crate::fixture_store::sample;
use crate::support::{Folder, SECRETS, repository};

#[test]
fn the_captured_exchanges_hold_no_secret() {
    let dir = repository("fixtures/asmx");
    let fixtures = load(&dir).unwrap();
    let answered = fixtures.iter().filter(|fixture| fixture.answer().is_some()).count();
    let calls = fixtures.iter().filter(|fixture| fixture.operation.is_some()).count();
    println!("{} exchanges, {answered} answered, {calls} calls", fixtures.len());
    assert!(answered >= 236 && calls >= 342);
    let audited = audit(&dir, &Rules::default(), &SECRETS.map(Secret::new)).unwrap();
    assert_eq!((audited.exchanges, audited.errors.len()), (fixtures.len(), 0));
    assert_eq!(audited.findings, []);
}

#[test]
fn an_audit_names_file_line_and_what_and_never_the_value() {
    let scratch = Folder::new("tools-audit");
    let mut fixture = sample("leaky", 1);
    fixture.request.body =
        b"<r>\n<s>authPW=REDACTED-1</s>\n<s>loginPassword=hunter2!</s>\n<m>me@example.com</m></r>"
            .to_vec();
    fixture.request.headers.push("Cookie", "sid=abcdef");
    fixture.request.headers.push("Authorization", "Basic REDACTED-2");
    fixture.redaction.rules = Rules::default();
    let Outcome::Answered(answered) = &mut fixture.outcome else { panic!("an answer") };
    answered.response.headers.push("Location", "http://u:pass@host/?q=hunter2!");
    answered.response.body = b"ok".to_vec();
    let path = store(scratch.path(), &fixture).unwrap();
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let notes = format!(
        "see\nBasic dXNlcjpvcGVu and {jwt}\n-----BEGIN RSA PRIVATE KEY-----\nnewPassword=xyz\nknown-one\n"
    );
    std::fs::write(scratch.path().join("notes.md"), notes).unwrap();
    // A body that was put aside by hand, which no description names.
    let aside = path.join("request.old.xml");
    std::fs::write(&aside, "<r>\n<s>authPW=aside!</s></r>").unwrap();
    let line = |file: &Path, text: &str| {
        let all = std::fs::read_to_string(file).unwrap();
        1 + all.lines().position(|l| l.contains(text)).unwrap_or_else(|| panic!("{text}"))
    };
    let audited = audit(scratch.path(), &Rules::default(), &[Secret::new("known-one")]).unwrap();
    let toml = path.join("exchange.toml");
    let notes = scratch.path().join("notes.md");
    let found: Vec<_> =
        audited.findings.iter().map(|f| (f.file.as_path(), f.line, f.what.as_str())).collect();
    let xml = path.join("request.xml");
    for expected in [
        (toml.as_path(), line(&toml, "Cookie"), "a value of sid that is not a placeholder"),
        (&toml, line(&toml, "Location"), "a value of loginPassword that is not a placeholder"),
        (&toml, line(&toml, "Location"), "user information in an address"),
        (&xml, 3, "a value of loginPassword that is not a placeholder"),
        (&notes, 2, "credentials (Basic)"),
        (&notes, 2, "a token (JWT)"),
        (&notes, 3, "a private key"),
        (&notes, 4, "a value of newPassword that is not a placeholder"),
        (&notes, 5, "a known secret"),
        (&aside, 2, "a value of authPW that is not a placeholder"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
    }
    assert_eq!(found.len(), 10, "{found:#?}");
    let shown = format!("{audited:?}");
    for secret in ["hunter2!", "abcdef", "u:pass", "known-one", "xyz", "dXNl", "aside!"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let rules = Rules { keys: vec![], personal: true };
    let audited = audit(scratch.path(), &rules, &[]).unwrap();
    assert!(audited.findings.iter().any(|f| f.line == 4 && f.what == "an e-mail address"));
}

#[test]
fn har_goes_out_and_comes_in_again() {
    let mut fixtures = load(&repository("fixtures/asmx")).unwrap();
    let mut odd = sample("odd", 1);
    odd.redaction.rules = Rules::default();
    odd.operation = None;
    odd.policy.patterns = vec![("b".into(), "x".into()), ("a".into(), "y".into())];
    fixtures.push(odd);
    for (i, fixture) in fixtures.iter_mut().enumerate() {
        (fixture.sequence, fixture.count) = (i as u64 + 1, 1 + i as u64 % 2);
    }
    let har = export_har(&fixtures, Some("https://crm.example.com/"));
    let json: serde_json::Value = serde_json::from_str(&har).unwrap();
    assert_eq!(json["log"]["version"], "1.2");
    assert_eq!(json["log"]["creator"]["name"], "external-providers");
    let entry = &json["log"]["entries"][0];
    for key in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
        assert!(!entry[key].is_null(), "HAR 1.2 demands {key}");
    }
    let url = entry["request"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://crm.example.com/"), "{url}");
    let imported = import_har(&har, &Rules::default(), &[]).unwrap();
    assert_eq!(imported.skipped, [""; 0]);
    assert_eq!(imported.fixtures.len(), fixtures.len());
    for (again, fixture) in imported.fixtures.iter().zip(&fixtures) {
        assert_eq!(again, fixture, "{}", fixture.name);
    }
}

#[test]
fn har_of_a_browser_is_redacted_and_made_plain() {
    let har = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [
        {"startedDateTime": "2026-11-24T22:00:00.1234567+01:00", "time": 12.3456, "request": {
          "method": "POST", "url": "https://h:8/P.asmx?a=b#f", "httpVersion": "h2", "cookies": [],
          "headers": [{"name": ":authority", "value": "h"}, {"name": "content-type", "value": "text/xml"},
            {"name": "SOAPAction", "value": "\"http://tempuri.org/StartTicket\""}, {"name": "cookie", "value": "s=abcdef"}],
          "queryString": [], "headersSize": -1, "bodySize": -1,
          "postData": {"mimeType": "text/xml", "text": "<s>authPW=hunter2!</s>"}},
         "response": {"status": 200, "statusText": "", "httpVersion": "http/2.0", "cookies": [],
          "headers": [{"name": "content-encoding", "value": "gzip"}, {"name": "content-length", "value": "9"}],
          "content": {"size": 10, "mimeType": "text/plain", "encoding": "base64", "text": "aHVudGVyMiH/"},
          "redirectURL": "", "headersSize": -1, "bodySize": -1}, "cache": {}, "timings": {}},
        {"startedDateTime": "2026-11-24T22:00:01Z", "time": -1, "request": {"method": "POST", "url": "http://h",
          "headers": [], "postData": {"mimeType": "application/x-www-form-urlencoded",
          "params": [{"name": "a b", "value": "c&d"}, {"name": "authPW", "value": "pw"}]}},
         "response": {"status": 0, "headers": [], "content": {}, "_error": "net::ERR hunter2!"}},
        {"startedDateTime": "today"},
        {"startedDateTime": "2026-11-24T22:00:01Z", "request": {"method": 5, "url": "hunter2!", "headers": []}},
        {"startedDateTime": "2026-11-24T22:00:01Z", "request": {"method": "GET", "url": "/", "headers": []},
         "response": {"status": 200, "headers": [], "content": {"size": 5}}}
    ]}}"#;
    let imported = import_har(har, &Rules::default(), &[sample("x", 7)]).unwrap();
    let [call, form] = &imported.fixtures[..] else { panic!("{imported:?}") };
    assert_eq!((call.name.as_str(), call.sequence), ("00008-start-ticket-200-soap11", 8));
    assert_eq!(call.recorded.to_string(), "2026-11-24T21:00:00.123456Z");
    assert_eq!(call.took.as_micros(), 12346);
    assert_eq!(
        (call.request.target.as_str(), call.request_version),
        ("/P.asmx?a=b", HttpVersion::Http11)
    );
    assert_eq!(call.request.body, b"<s>authPW=REDACTED-3</s>");
    assert_eq!(call.request.headers.len(), 3);
    assert_eq!(call.request.headers.get("Cookie").as_deref(), Some("s=REDACTED-2"));
    let answer = &call.answer().unwrap().response;
    assert_eq!(answer.body, b"REDACTED-3\xff");
    assert_eq!(answer.headers.len(), 1);
    assert_eq!(answer.headers.get("Content-Length").as_deref(), Some("11"));
    assert_eq!(form.request.body, b"a%20b=c%26d&authPW=REDACTED-4");
    assert_eq!(form.request.target, "/");
    assert_eq!(form.outcome, Outcome::Failed("net::ERR REDACTED-3".into()));
    assert_eq!(
        imported.skipped,
        [
            "entry 3: startedDateTime is not a date with time and offset",
            "entry 4: method must be a string",
            "entry 5: the body of the answer was not saved with it",
        ]
    );
    assert!(import_har("{", &Rules::default(), &[]).unwrap_err().to_string().contains("line 1"));
    assert!(
        import_har("[]", &Rules::default(), &[]).unwrap_err().to_string().contains("log.entries")
    );
}
