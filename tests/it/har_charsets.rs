//! HAR holds characters: a body's bytes agree with the charset that its header or declaration states.

use external_providers::fixture::{Fixture, export_har, import_har};
use external_providers::http::{Headers, Outcome};
use external_providers::redact::Rules;
use external_providers::xml::charset::Charset;
use serde_json::json;

fn import(content_type: Option<&str>, text: &str) -> Fixture {
    let headers: Vec<_> = content_type
        .map(|value| json!({ "name": "Content-Type", "value": value }))
        .into_iter()
        .collect();
    let har = json!({ "log": { "entries": [{
        "startedDateTime": "2026-11-24T22:00:00Z", "time": 1,
        "request": { "method": "POST", "url": "http://h/P.asmx", "headers": headers,
            "postData": { "text": text } },
        "response": { "status": 200, "headers": headers, "content": { "text": text } },
    }] } });
    let mut imported = import_har(&har.to_string(), &Rules::default(), &[]).unwrap();
    assert_eq!(imported.skipped, [""; 0]);
    imported.fixtures.remove(0)
}

/// What of a fixture's two messages must be the same: the body, and the content type.
fn messages(fixture: &Fixture) -> [(Vec<u8>, Option<String>); 2] {
    let Outcome::Answered(answered) = &fixture.outcome else { panic!("an answer") };
    let content_type =
        |headers: &Headers| headers.get("Content-Type").map(std::borrow::Cow::into_owned);
    let (request, response) = (&fixture.request, &answered.response);
    [
        (request.body.clone(), content_type(&request.headers)),
        (response.body.clone(), content_type(&response.headers)),
    ]
}

fn xml(declared: &str, text: &str) -> String {
    let declaration = match declared {
        "" => String::new(),
        declared => format!("<?xml version=\"1.0\" encoding=\"{declared}\"?>"),
    };
    format!("{declaration}<a>{text}</a>")
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn bytes_agree_with_what_states_their_charset() {
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| c as u8).collect() };
    let marked = |text: &str| utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
    let (one, two) = ("Grüße", "„Grüße“ €");
    let euro: Vec<u8> =
        [&b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a>\x84Gr\xfc\xdfe\x93 \x80</a>"[..]]
            .concat();
    let same = |text: String| text.into_bytes();
    for (header, declared, text, bytes, changed) in [
        ("text/xml; charset=iso-8859-1", "iso-8859-1", one, latin(&xml("iso-8859-1", one)), None),
        ("text/xml; charset='ISO-8859-1'", "", one, latin(&xml("", one)), None),
        // The header decides.
        ("text/xml; charset=iso-8859-1", "utf-8", one, latin(&xml("utf-8", one)), None),
        ("text/xml; charset=utf-8", "iso-8859-1", one, same(xml("iso-8859-1", one)), None),
        ("text/xml; charset=utf-16", "utf-16", two, marked(&xml("utf-16", two)), None),
        ("text/xml; charset=utf-16le", "", two, utf16(&xml("", two), u16::to_le_bytes), None),
        ("text/xml; charset=utf-16be", "", two, utf16(&xml("", two), u16::to_be_bytes), None),
        ("text/xml", "utf-16", two, marked(&xml("utf-16", two)), None),
        ("text/xml", "windows-1252", two, euro.clone(), None),
        ("", "windows-1252", two, euro, None),
        ("text/xml", "", two, same(xml("", two)), None),
        ("", "", two, same(xml("", two)), None),
        ("text/xml; charset=us-ascii", "us-ascii", "plain", same(xml("us-ascii", "plain")), None),
        ("text/xml; charset=bogus", "", "plain", same(xml("", "plain")), None),
        // Nothing is lost where the charset lacks a character or is unknown.
        (
            "text/xml; charset=us-ascii",
            "",
            one,
            same(xml("", one)),
            Some("text/xml; charset=utf-8"),
        ),
        (
            "text/xml; charset=us-ascii",
            "us-ascii",
            one,
            same(xml("utf-8", one)),
            Some("text/xml; charset=utf-8"),
        ),
        (
            "text/xml; charset=iso-8859-1",
            "iso-8859-1",
            two,
            same(xml("utf-8", two)),
            Some("text/xml; charset=utf-8"),
        ),
        (
            "application/soap+xml; charset=iso-8859-1; action=\"u\"",
            "",
            two,
            same(xml("", two)),
            Some("application/soap+xml; action=\"u\"; charset=utf-8"),
        ),
        ("text/xml; charset=bogus", "", one, same(xml("", one)), Some("text/xml; charset=utf-8")),
        ("text/xml", "windows-1252", "Ж", same(xml("utf-8", "Ж")), None),
        ("text/xml", "bogus", "Ж", same(xml("utf-8", "Ж")), None),
    ] {
        let given = Some(header).filter(|header| !header.is_empty());
        let fixture = import(given, &xml(declared, text));
        let stated = changed.or(given).map(str::to_owned);
        for (body, content_type) in messages(&fixture) {
            assert_eq!(content_type, stated, "{header} {declared}");
            assert_eq!(body, bytes, "{header} {declared}");
            let charset = Charset::of_response(stated.as_deref().unwrap_or_default());
            assert!(charset.decode(&body).unwrap().contains(text), "{header} {declared}");
        }
        // Out again: characters, and the same bytes once more.
        let har = export_har(std::slice::from_ref(&fixture), None);
        assert!(har.contains(text), "{header} {declared}: {har}");
        let again = import_har(&har, &Rules::default(), &[]).unwrap().fixtures.remove(0);
        assert_eq!(messages(&again), messages(&fixture), "{header} {declared}");
    }
}

#[test]
fn bytes_that_their_charset_does_not_explain_survive() {
    for (header, body) in [
        ("text/xml; charset=utf-8", &b"<a>\xff</a>"[..]),
        ("text/xml; charset=us-ascii", "<a>ü</a>".as_bytes()),
        ("text/xml; charset=utf-16", b"<a/>!"),
        ("text/xml; charset=utf-16", b"<\0a\0/\0>\0"),
        ("text/xml; charset=utf-8", "\u{feff}<a>ü</a>".as_bytes()),
        ("text/xml; charset=iso-8859-1", "\u{feff}<a>ü</a>".as_bytes()),
        ("text/xml", b"<?xml version='1.0' encoding='utf-16'?><a/>"),
        ("application/octet-stream", b"\0\x01\xfe"),
    ] {
        let mut fixture = import(Some(header), "<a/>");
        fixture.request.body = body.to_vec();
        if let Outcome::Answered(answered) = &mut fixture.outcome {
            answered.response.body = body.to_vec();
        }
        let har = export_har(std::slice::from_ref(&fixture), None);
        let again = import_har(&har, &Rules::default(), &[]).unwrap().fixtures.remove(0);
        assert_eq!(messages(&again), messages(&fixture), "{header} {body:?}");
    }
}
