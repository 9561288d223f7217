//! A recorded request matches itself, whatever its secrets are.

use external_providers::fixture::store;
use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::replay::Replay;
use proptest::prelude::*;

use crate::fixtures::replay::recording;
use crate::support::{Capture, Folder};

/// Secrets that are also something else.
const WORDS: [&str; 30] = [
    "true",
    "http",
    "tempuri",
    "helpdesk",
    "string",
    "e",
    "Provider",
    "Provider.asmx",
    "tempuri.org",
    "Authenticate",
    "loginUsername",
    "inputs",
    "soap",
    "Envelope",
    "utf-8",
    "text/xml",
    "POST",
    "REDACTED",
    "RED",
    "1",
    "12345",
    "a&b<c>",
    "p%41 +x",
    "é\u{1f600}",
    "user",
    "user5",
    "asmx",
    "aa",
    "://",
    "a=b=c",
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// A request in one of several languages, in which secrets and other values stand.
fn request(kind: usize, [auth, login]: [&str; 2], values: &[String], path: &str) -> HttpRequest {
    let mut headers = Headers::new();
    let pairs: Vec<(String, &str)> =
        [("authPW".to_owned(), auth), ("loginPassword".to_owned(), login)]
            .into_iter()
            .chain(values.iter().enumerate().map(|(i, value)| (format!("v{i}"), &**value)))
            .collect();
    let mut target = path.to_owned();
    let body = match kind {
        0 | 1 => {
            let strings: String = pairs
                .iter()
                .map(|(key, value)| format!("<string>{key}={}</string>", escaped(value)))
                .collect();
            let envelope = [
                "http://schemas.xmlsoap.org/soap/envelope/",
                "http://www.w3.org/2003/05/soap-envelope",
            ][kind];
            if kind == 0 {
                headers.push("Content-Type", "text/xml; charset=utf-8");
                headers.push("SOAPAction", "\"http://tempuri.org/Authenticate\"");
            } else {
                headers.push("Content-Type", "application/soap+xml; charset=utf-8; action=\"http://tempuri.org/Authenticate\"");
            }
            format!(
                "<soap:Envelope xmlns:soap=\"{envelope}\"><soap:Body><Authenticate \
                 xmlns=\"http://tempuri.org/\"><inputs><InputVariables>{strings}</InputVariables></inputs>\
                 </Authenticate></soap:Body></soap:Envelope>"
            )
        }
        2 => {
            headers.push("Content-Type", "application/x-www-form-urlencoded");
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{key}={}", percent(value))).collect();
            pairs.join("&")
        }
        3 => {
            headers.push("Content-Type", "application/json");
            let object: serde_json::Map<String, serde_json::Value> = pairs
                .iter()
                .map(|(key, value)| match value.parse::<u32>() {
                    Ok(number) if number.to_string() == *value => (key.clone(), number.into()),
                    _ => (key.clone(), (*value).into()),
                })
                .collect();
            serde_json::Value::Object(object).to_string()
        }
        _ => {
            headers.push("Content-Type", "text/plain");
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{key}={}", percent(value))).collect();
            target = format!("{path}?{}", pairs.join("&"));
            pairs.join("\n")
        }
    };
    HttpRequest { method: "POST".into(), target, headers, body: body.into_bytes() }
}

/// Secrets are words, or parts of what is sent besides.
fn secrets() -> impl Strategy<Value = String> {
    let text = "http://tempuri.org/Authenticate http://crm.example.com/helpdesk/Provider.asmx?op=Authenticate";
    let part = (0..text.len(), 1..12usize)
        .prop_map(move |(at, len)| text[at..(at + len).min(text.len())].trim().to_owned())
        .prop_filter("a password", |part| !part.is_empty());
    prop_oneof![prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), part, "[a-z0-9]{1,8}"]
}

fn values(secrets: [String; 2]) -> impl Strategy<Value = ([String; 2], Vec<String>)> {
    let [one, other] = secrets.clone();
    let around = (
        prop::sample::select(vec![one, other, "user".to_owned(), String::new()]),
        "[a-z0-9 ]{0,3}",
        "[a-z0-9=/]{0,3}",
    );
    let value = around.prop_map(|(secret, before, after)| [before, secret, after].concat());
    (Just(secrets), prop::collection::vec(value, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_recorded_matches_itself(
        (secrets, values) in [secrets(), secrets()].prop_flat_map(values),
        kind in 0..5usize,
        path in prop::sample::select(vec!["/helpdesk/Provider.asmx", "/Provider.asmx", "/true/e/Provider.ASMX", "/"]),
    ) {
        let request = request(kind, [&secrets[0], &secrets[1]], &values, path);
        let response = HttpResponse { status: 200, headers: Headers::new(), body: b"ok".to_vec() };
        let capture = Capture { name: "it".to_owned(), request: request.clone(), response: Some(response) };
        let replay = Replay::new(recording(&[capture])).unwrap();
        for _ in 0..2 {
            if let Err(miss) = replay.answer(&request) {
                let recorded = &replay.fixtures()[0].request;
                prop_assert!(
                    false, "{miss}\n{} {}\n{} {}", recorded.target, String::from_utf8_lossy(&recorded.body),
                    request.target, String::from_utf8_lossy(&request.body)
                );
            }
        }
    }
}

#[test]
fn words_as_passwords_match_themselves_from_disk() {
    let folder = Folder::new("replay-itself");
    let mut captures = Vec::new();
    for (i, word) in WORDS.iter().enumerate() {
        let values = [format!("user{i}"), format!("{word}{i}")];
        captures.push(Capture {
            name: format!("r{i:02}"),
            request: request(0, [word, "hunter2"], &values, "/helpdesk/Provider.asmx"),
            response: None,
        });
    }
    for (i, capture) in captures.iter().enumerate() {
        // Each is a recording of its own: all in one would be 30 web service passwords.
        let fixture = recording(std::slice::from_ref(capture)).remove(0);
        let dir = folder.path().join(i.to_string());
        store(&dir, &fixture).unwrap();
    }
    let replay = Replay::load(folder.path()).unwrap();
    for (i, capture) in captures.iter().enumerate() {
        match replay.answer(&capture.request) {
            Ok(replayed) => assert_eq!(replayed.fixture.name, format!("{i}/r{i:02}")),
            Err(miss) => panic!("{}: {miss}", WORDS[i]),
        }
    }
    assert_eq!(replay.unused().len(), 0);
}
