//! The format of fixtures on disk: what is written is read, and what is wrong is named.

use std::time::Duration;

use external_providers::compare::Policy;
use external_providers::fixture::{
    Fixture, Redaction, StoreError, load, load_lenient, load_one, store,
};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::redact::{Placeholder, Rules};
use external_providers::soap::SoapVersion;
use proptest::prelude::*;

use crate::support::Folder;

pub(crate) fn sample(name: &str, sequence: u64) -> Fixture {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    headers.push("x-Odd", "a\"b\\c");
    headers.push_bytes("X-Latin", b"caf\xe9".to_vec());
    let request = HttpRequest {
        method: "POST".into(),
        target: "/Provider.asmx".into(),
        headers: headers.clone(),
        body: b"<?xml version=\"1.0\"?>\r\n<a>\xc3\xa9</a>\n".to_vec(),
    };
    let response = HttpResponse { status: 200, headers, body: b"\xff\xfe<\0a\0/\0>\0".to_vec() };
    Fixture {
        name: name.to_owned(),
        sequence,
        recorded: "2026-11-24T21:00:00.25Z".parse().unwrap(),
        took: Duration::from_micros(1234),
        count: 1,
        operation: Some("Authenticate".into()),
        soap: Some(SoapVersion::V11),
        request,
        request_version: HttpVersion::Http11,
        outcome: Outcome::Answered(Answered {
            response,
            reason: "OK".into(),
            version: HttpVersion::Http10,
        }),
        redaction: Redaction {
            rules: Rules { keys: vec!["cf_PIN".into()], personal: true },
            placeholders: vec![Placeholder { number: 1, key: "authPW".into() }],
        },
        policy: Policy {
            ignore: vec!["ticketNumber".into()],
            patterns: vec![("a \"key\"\n".into(), ".*@example\\.com".into())],
            headers: vec!["{urn:\"x\"}Tenant".into(), "Session".into()],
        },
    }
}

#[test]
fn what_is_written_is_read_and_is_readable() {
    let scratch = Folder::new("store-roundtrip");
    let fixture = sample("authenticate-11", 1);
    let path = store(scratch.path(), &fixture).unwrap();
    assert_eq!(load(scratch.path()).unwrap(), std::slice::from_ref(&fixture));
    assert_eq!(load_one(&path).unwrap(), fixture);
    assert_eq!(
        load(&path).unwrap(),
        std::slice::from_ref(&fixture),
        "a fixture is a collection of one"
    );
    assert_eq!(std::fs::read(path.join("request.xml")).unwrap(), fixture.request.body);
    assert!(!path.join("response.xml").exists(), "UTF-16 is no text for git");
    let text = std::fs::read_to_string(path.join("exchange.toml")).unwrap();
    for line in [
        "schema = 1",
        "sequence = 1",
        "recorded = 2026-11-24T21:00:00.25Z",
        "took_us = 1234",
        "  [\"Content-Type\", \"text/xml; charset=utf-8\"],",
        "  [\"X-Latin\", \"\", \"Y2Fm6Q==\"],",
        "body = \"request.xml\"",
        "placeholders = [[\"1\", \"authPW\"]]",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let attributes = std::fs::read_to_string(scratch.path().join(".gitattributes")).unwrap();
    assert_eq!(attributes, "* -text\n");
    assert!(matches!(store(scratch.path(), &fixture), Err(StoreError::Exists(_))));
    for name in ["", "../x", "a//b", "/a", ".hidden", "a/.b", "a:b", "nul", "a/COM1.x", "end."] {
        let named = Fixture { name: name.into(), ..fixture.clone() };
        assert!(matches!(store(scratch.path(), &named), Err(StoreError::Name(_))), "{name}");
    }
}

#[test]
fn endings_follow_the_content() {
    let scratch = Folder::new("store-endings");
    let with = |name: &str, content_type: &str, body: &[u8]| {
        let mut fixture = sample(name, 1);
        let mut headers = Headers::new();
        headers.push("Content-Type", content_type.to_owned());
        let response = HttpResponse { status: 200, headers, body: body.to_vec() };
        fixture.outcome = Outcome::Answered(Answered {
            response,
            reason: String::new(),
            version: HttpVersion::Http11,
        });
        let path = store(scratch.path(), &fixture).unwrap();
        assert_eq!(load_one(&path).unwrap(), fixture);
        let names = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name());
        let found = names.map(|n| n.into_string().unwrap()).find(|n| n.starts_with("response"));
        found.unwrap_or_default()
    };
    assert_eq!(with("a", "text/html; charset=utf-8", b"<html>"), "response.html");
    assert_eq!(with("b", "application/soap+xml", b"<a/>"), "response.xml");
    assert_eq!(with("c", "application/json", b"{}"), "response.json");
    assert_eq!(with("d", "", b"\xef\xbb\xbf <!DOCTYPE HTML>"), "response.html");
    assert_eq!(with("e", "text/plain", b"\xef\xbb\xbf<a/>"), "response.xml");
    assert_eq!(with("f", "", b"[]"), "response.json");
    assert_eq!(with("g", "", b"hello"), "response.txt");
    assert_eq!(with("h", "text/xml", b""), "");
    assert_eq!(with("i", "text/xml", b"a\0b"), "");
}

#[test]
fn every_mistake_is_named_by_file_line_and_reason() {
    let scratch = Folder::new("store-mistakes");
    let path = store(scratch.path(), &sample("x", 1)).unwrap();
    store(scratch.path(), &sample("y", 2)).unwrap();
    let file = path.join("exchange.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::create_dir(path.join("folder")).unwrap();
    std::fs::write(scratch.path().join("outside.xml"), "x").unwrap();
    let number = |line: &str| {
        let starts = good.lines().position(|l| l.starts_with(line));
        1 + starts.unwrap_or_else(|| panic!("{line}"))
    };
    for (from, to, line, reason) in [
        ("schema = 1", "schema = 2", 2, "newer"),
        ("schema = 1", "schema = 0", 2, "schema: must be a whole number from 1"),
        ("schema = 1\n", "", 1, "schema: is missing"),
        ("took_us", "took_ms", number("took_us"), "did you mean took_us?"),
        ("sequence = 1", "sequence = 0", number("sequence"), "whole number from 1"),
        ("sequence = 1", "sequence = \"1\"", number("sequence"), "not this string"),
        ("\"POST\"", "5", number("method"), "request.method: must be a string"),
        ("http = \"1.1\"", "http = \"2\"", number("http"), "\"1.0\" or \"1.1\""),
        ("\"request.xml\"", "\"../outside.xml\"", number("body = "), "name of a file"),
        ("\"request.xml\"", "\"folder\"", number("body = "), "is not a regular file"),
        ("\"request.xml\"", "\"gone.xml\"", number("body = "), "is not there"),
        ("personal = true", "personal = 1", number("personal"), "true or false"),
        ("body_base64 = \"", "body_base64 = \"*", number("body_base64"), "is not base64"),
        ("status = 200", "status = 20", number("status"), "from 100 to 999"),
        (".*@example", "(", number("\"a "), "is not a pattern"),
        ("[response]", "[respons]", number("[response]"), "did you mean response?"),
        ("[\"x-Odd\"", "[\"\", \"\", \"*\"", number("headers"), "must be rows"),
        ("took_us = 1234", "took_us = ", number("took_us"), ""),
        ("sequence = 1", "count = 0\nsequence = 1", number("sequence"), "whole number from 1"),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(&file, good.replacen(from, to, 1)).unwrap();
        let error = load(scratch.path()).unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.file, file, "{shown}");
        // A missing table is a mistake of the document, whose place is its first line.
        let lenient = load_lenient(scratch.path()).unwrap();
        assert!(
            lenient.errors.iter().any(|e| e.line == Some(line) && e.reason.contains(reason)),
            "{to}: {:?}",
            lenient.errors
        );
        assert_eq!(lenient.fixtures, [sample("y", 2)], "the others still load");
    }
    std::fs::write(&file, b"a\n\xff").unwrap();
    let error = load(scratch.path()).unwrap_err();
    assert_eq!((error.line, error.reason.as_str()), (Some(2), "is not UTF-8 text"));
}

#[test]
fn what_is_no_fixture_is_said_to_be_none() {
    let scratch = Folder::new("store-foreign");
    let said = |dir: &str| load(&scratch.path().join(dir)).unwrap_err().to_string();
    assert!(said("nowhere").contains("nowhere: cannot be read"));
    std::fs::create_dir(scratch.path().join("half")).unwrap();
    std::fs::write(scratch.path().join("half/request.xml"), "x").unwrap();
    assert!(said("half").contains("holds request.xml and no exchange.toml"), "{}", said("half"));
    // Left by a kill, and everything else that begins with a dot.
    let left = scratch.path().join("fine/.unfinished-1-0");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("exchange.toml"), "half").unwrap();
    assert_eq!(load(&scratch.path().join("fine")).unwrap(), []);
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let scratch = Folder::new("store-links");
    let path = store(scratch.path(), &sample("x", 1)).unwrap();
    std::fs::write(scratch.path().join("secret"), "x").unwrap();
    std::fs::remove_file(path.join("request.xml")).unwrap();
    std::os::unix::fs::symlink("../secret", path.join("request.xml")).unwrap();
    let error = load(scratch.path()).unwrap_err().to_string();
    assert!(error.contains("\"request.xml\", which is a link"), "{error}");
    std::fs::remove_dir_all(&path).unwrap();
    std::os::unix::fs::symlink(".", scratch.path().join("loop")).unwrap();
    let error = load(scratch.path()).unwrap_err().to_string();
    assert!(error.contains("links are not followed"), "{error}");
}

#[test]
fn directories_nest_and_order_is_that_of_recording() {
    let scratch = Folder::new("store-nested");
    for (name, sequence) in [("b/second", 2), ("b/first", 10), ("a/late", 3), ("top", 1)] {
        store(scratch.path(), &sample(name, sequence)).unwrap();
    }
    let names: Vec<_> = load(scratch.path()).unwrap().into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["top", "a/late", "b/second", "b/first"]);
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn headers() -> impl Strategy<Value = Headers> {
    let value = proptest::collection::vec(any::<u8>(), 0..12);
    proptest::collection::vec(("[!-~]{1,8}", value), 0..4).prop_map(|rows| {
        let mut headers = Headers::new();
        rows.into_iter().for_each(|(name, value)| headers.push_bytes(name, value));
        headers
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_exchange_survives(
        texts in [text(), text(), text(), text(), text(), text()],
        sides in [headers(), headers()],
        bodies in proptest::array::uniform2(proptest::collection::vec(any::<u8>(), 0..40)),
        status in 100u16..1000,
        failed in any::<bool>(),
        count in 1..=u64::MAX >> 1,
    ) {
        let scratch = Folder::new("store-any");
        let mut fixture = sample("any", 7);
        fixture.count = count;
        let [method, target, operation, reason, key, failure] = texts;
        let [request_headers, response_headers] = sides;
        let [request_body, response_body] = bodies;
        fixture.operation = Some(operation);
        fixture.request =
            HttpRequest { method: method.into(), target, headers: request_headers, body: request_body };
        fixture.policy.ignore = vec![key.clone()];
        fixture.policy.patterns = vec![(key.clone(), "x".into())];
        fixture.redaction.rules.keys = vec![key.clone()];
        fixture.redaction.placeholders = vec![Placeholder { number: 9, key }];
        let response = HttpResponse { status, headers: response_headers, body: response_body };
        let version = HttpVersion::Http11;
        fixture.outcome = match failed {
            true => Outcome::Failed(failure),
            false => Outcome::Answered(Answered { response, reason, version }),
        };
        store(scratch.path(), &fixture).unwrap();
        prop_assert_eq!(load(scratch.path()).unwrap(), [fixture]);
    }
}
