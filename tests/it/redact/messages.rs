//! A secret planted anywhere in an exchange is found nowhere in what is stored; all other bytes are.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use external_providers::fixture::{Fixture, Redaction, load, store};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::redact::{Redactor, Rules};
use external_providers::xml::{Limits, Reader};
use proptest::prelude::*;

use crate::support::Folder;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn in_attribute(text: &str) -> String {
    escaped(text).replace('"', "&quot;").replace('\'', "&#39;")
}

fn as_numbers(text: &str) -> String {
    text.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn usual_percent(text: &str) -> String {
    let one = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
        b => format!("%{b:02x}"),
    };
    text.bytes().map(one).collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Ways in which a secret must be found nowhere.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        escaped(secret),
        in_attribute(secret),
        as_numbers(secret),
        percent(secret),
        usual_percent(secret),
        json(secret),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        STANDARD.encode(format!("user:{secret}")),
    ];
    forms.extend(forms.clone().iter().map(|form| escaped(form)));
    forms
}

/// What is sent, with the secret under one key, and in other places in other clothes.
fn planted(secret: &str, key: usize, other: usize) -> (HttpRequest, Outcome) {
    let mut headers = Headers::new();
    headers.push("content-type", "text/xml; charset=utf-8");
    headers.push("SOAPAction", "\"http://tempuri.org/Authenticate\"");
    let mut target = "/Provider.asmx".to_owned();
    let entry = |content: String| format!("<string>{content}</string>\r\n");
    let halves = secret.char_indices().nth(2).map_or(0, |(i, _)| i);
    let cdata = |text: &str| format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
    let mut body = String::new();
    match key {
        0 => body.push_str(&entry(format!("authPW={}", escaped(secret)))),
        1 => body.push_str(&entry(format!("loginPassword={}", as_numbers(secret)))),
        2 => body.push_str(&entry(cdata(&format!("newPassword={secret}")))),
        3 => body.push_str(&entry(format!(
            "authPW={}{}",
            cdata(&secret[..halves]),
            cdata(&secret[halves..])
        ))),
        4 => body.push_str(&format!("<p pw=\"{}\"/>", in_attribute(secret))),
        5 => body.push_str(&format!("<loginPassword>{}</loginPassword>", escaped(secret))),
        6 => target.push_str(&format!("?op=x&authPW={}", usual_percent(secret))),
        7 => {
            let credentials = STANDARD.encode(format!("user:{secret}"));
            headers.push("Authorization", format!("Basic {credentials}"));
        }
        8 => headers.push_bytes("X-Api-Key", secret.as_bytes().to_vec()),
        9 => body.push_str(&entry(format!("cf_PIN={}", escaped(secret)))),
        _ => unreachable!(),
    }
    let comment = escaped(secret).replace('-', "&#45;");
    match other {
        0 => body.push_str(&entry(format!("subject=is it {}?", escaped(secret)))),
        1 => body.push_str(&format!("<a t=\"{}\"/>", in_attribute(secret))),
        2 => headers.push_bytes("X-Trace", format!("a {secret} b").into_bytes()),
        3 => target.push_str(&format!("&note={}", percent(secret))),
        4 => body.push_str(&entry(STANDARD.encode(format!("xy{secret}z")))),
        5 => body.push_str(&entry(escaped(&escaped(secret)))),
        6 => body.push_str(&format!("<!-- {comment} --><?p {comment}?>")),
        7 => body.push_str(&entry(format!("{{\"a\": \"{}\"}}", escaped(&json(secret))))),
        _ => unreachable!(),
    }
    let body = format!("\u{feff}<?xml version=\"1.0\"?>\r\n<r xmlns:pw='urn:pw'>{body}\t</r>\n");
    headers.push("Content-Length", body.len().to_string());
    let request = HttpRequest { method: "POST".into(), target, headers, body: body.into_bytes() };
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/html");
    headers.push("Location", format!("https://host/login?again={}", usual_percent(secret)));
    let page = format!(
        "<html><p class=a>No: {secret}</p>\r\n<script>x = \"{}\"</script><b>{}</b>{}\u{e9}",
        json(secret),
        escaped(secret),
        percent(secret),
    );
    let response = HttpResponse { status: 500, headers, body: page.into_bytes() };
    let reason = format!("No {secret}");
    let answered = Answered { response, reason, version: HttpVersion::Http11 };
    (request, Outcome::Answered(answered))
}

fn rules() -> Rules {
    Rules { keys: vec!["cf_pin".into()], personal: false }
}

/// Are the bytes outside of the placeholders those that were there? Each piece of what is stored
/// must follow in the original, in order.
fn same_outside(original: &[u8], stored: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stored).into_owned();
    let mut rest = original;
    let mut first = true;
    let pieces: Vec<&str> = text.split("REDACTED-").collect();
    for (i, piece) in pieces.iter().enumerate() {
        let piece =
            if first { piece } else { piece.trim_start_matches(|c: char| c.is_ascii_digit()) };
        let at = memchr::memmem::find(rest, piece.as_bytes());
        match at {
            Some(0) if first => rest = &rest[piece.len()..],
            Some(_) if !first && i + 1 == pieces.len() => return rest.ends_with(piece.as_bytes()),
            Some(at) if !first => rest = &rest[at + piece.len()..],
            _ => return false,
        }
        first = false;
    }
    true
}

/// The tags of a document, without anything else.
fn structure(body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).unwrap().trim_start_matches('\u{feff}');
    let mut reader = Reader::new(text, Limits::default()).unwrap();
    let mut names = Vec::new();
    reader.root().unwrap();
    names.push(reader.qualified().to_owned());
    let mut depth = 1;
    while depth > 0 {
        match reader.child().unwrap() {
            true => {
                names.push(format!("{}{}", reader.qualified(), reader.has_attributes()));
                depth += 1;
            }
            false => depth -= 1,
        }
    }
    reader.finish().unwrap();
    names
}

/// Secrets of printable characters, at least four of them, with something that placeholders and
/// everything else around do not have.
fn secret() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        4 => proptest::char::range('!', '~'),
        1 => prop::sample::select("<&>\"'=;%+/\\]-? ".chars().collect::<Vec<_>>()),
        1 => proptest::char::range('\u{a1}', '\u{24f}'),
        1 => proptest::char::range('\u{4e00}', '\u{4eff}'),
        1 => proptest::char::range('\u{1f600}', '\u{1f64f}'),
    ];
    proptest::collection::vec(c, 3..16).prop_map(|chars| {
        let secret: String = chars.into_iter().collect();
        format!("Q{}Z", secret)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_planted_secret_is_found_nowhere(secret in secret(), key in 0usize..10, other in 0usize..8) {
        let (request, outcome) = planted(&secret, key, other);
        let mut redactor = Redactor::new(rules());
        let (stored_request, stored_outcome) = redactor.recorded(&request, &outcome);
        let placeholders = redactor.used().to_vec();
        let fixture = Fixture {
            name: "planted".into(),
            sequence: 1,
            recorded: "2026-11-24T21:00:00Z".parse().unwrap(),
            took: std::time::Duration::ZERO,
            count: 1,
            operation: None,
            soap: None,
            request: stored_request.clone(),
            request_version: HttpVersion::Http11,
            outcome: stored_outcome.clone(),
            redaction: Redaction { rules: rules(), placeholders },
            policy: Default::default(),
        };
        let scratch = Folder::new("redaction-planted");
        let path = store(scratch.path(), &fixture).unwrap();
        let original = format!("{:?}", String::from_utf8_lossy(&request.body));
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for form in forms(&secret) {
                prop_assert!(!text.contains(&form), "{form} in {}: {text}\nwas {original}", path.display());
            }
        }
        // The same again changes nothing, and what is stored is read as it is.
        let mut again = Redactor::new(rules());
        prop_assert_eq!(again.recorded(&stored_request, &stored_outcome), (stored_request.clone(), stored_outcome.clone()));
        prop_assert_eq!(&load(scratch.path()).unwrap()[0].request, &stored_request);
        // The answer has no say.
        prop_assert_eq!(Redactor::new(rules()).request(&request), stored_request.clone());
        // Nothing else is touched. (A secret in two parts leaves one placeholder and one gap.)
        let gap = key == 3;
        prop_assert!(gap || same_outside(&request.body, &stored_request.body), "{original}");
        prop_assert_eq!(structure(&request.body), structure(&stored_request.body));
        let (Outcome::Answered(was), Outcome::Answered(is)) = (&outcome, &stored_outcome) else {
            panic!("an answer");
        };
        prop_assert!(same_outside(&was.response.body, &is.response.body));
        let length = stored_request.body.len().to_string();
        let said = stored_request.headers.get("Content-Length");
        prop_assert_eq!(said.as_deref(), Some(length.as_str()));
    }

    #[test]
    fn data_keeps_its_grammar_and_not_its_secrets(secret in secret()) {
        let quoted = json(&secret);
        for (content_type, body) in [
            ("application/json", format!("{{\"a\": [\"is {quoted}\", 5], \"loginPassword\": \"{quoted}\"}}")),
            ("application/json", format!("[\"authPW={quoted}\", {{\"b\": \"{quoted}\"}}]")),
            (
                "application/x-www-form-urlencoded",
                format!("a={}&authPW={}&b=c", percent(&secret), usual_percent(&secret)),
            ),
        ] {
            let mut headers = Headers::new();
            headers.push("Content-Type", content_type);
            let target = format!("/a?x={}", usual_percent(&secret));
            let request =
                HttpRequest { method: "POST".into(), target, headers, body: body.clone().into_bytes() };
            let stored = Redactor::new(rules()).request(&request);
            let text = String::from_utf8(stored.body.clone()).unwrap();
            for form in forms(&secret) {
                prop_assert!(!text.contains(&form), "{form} in {text}");
                prop_assert!(!stored.target.contains(&form), "{form} in {}", stored.target);
            }
            if content_type.ends_with("json") {
                let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
                prop_assert_eq!(value(&text).to_string().matches("REDACTED-1").count(), 2);
                prop_assert_eq!(value(&text).is_array(), value(&body).is_array());
            } else {
                prop_assert_eq!(text, "a=REDACTED-1&authPW=REDACTED-1&b=c");
            }
            prop_assert_eq!(Redactor::new(rules()).request(&stored), stored);
        }
    }

    #[test]
    fn no_bytes_are_too_odd(
        body in proptest::collection::vec(any::<u8>(), 0..80),
        text in "([<>&='\"/a:;?%+!\\[\\]{}, -]|authPW=|pw|&#61;|<!\\[CDATA\\[|]]>|<!--|REDACTED-1|http://|@|%3d|\\PC){0,30}",
        kind in 0usize..6,
        wide in any::<bool>(),
    ) {
        let types = ["text/xml", "text/xml; charset=utf-16", "application/json", "text/html; charset=shift_jis",
            "application/x-www-form-urlencoded", "application/soap+xml; charset=gb18030"];
        let mut bytes: Vec<u8> = match wide {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.clone().into_bytes(),
        };
        bytes.extend(body);
        let mut headers = Headers::new();
        headers.push("Content-Type", types[kind]);
        headers.push_bytes("X", bytes.clone());
        let mut request = HttpRequest { method: "POST".into(), target: text, headers, body: bytes };
        let rules = || Rules { keys: vec!["a".into()], personal: true };
        for name in ["Cookie", "Set-Cookie", "Authorization"] {
            request.headers.push_bytes(name, request.body.clone());
        }
        let redacted = Redactor::new(rules()).request(&request);
        prop_assert_eq!(redacted.headers.len(), request.headers.len());
        prop_assert_eq!(redacted.method, request.method);
    }
}
