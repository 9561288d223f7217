//! All ways in which a secret can be written: which are found, and which are known not to be.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::redact::{Redactor, Rules};

/// A secret with a character for each language's escapes, and none of what stands around it.
const SECRET: &str = "Qz7&w<v\"u%k+\\\u{f6}9X";
/// One of letters and digits, which nothing escapes.
const PLAIN: &str = "Qz7wvukm9X";

#[derive(Clone, Copy, PartialEq)]
enum Is {
    /// Nothing of it is left.
    Gone,
    /// It is not looked for in this form: README and documentation say so.
    Kept,
}
use Is::{Gone, Kept};

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn references(text: &str, hex: bool) -> String {
    let one = |c: char| match hex {
        true => format!("&#x{:x};", u32::from(c)),
        false => format!("&#{};", u32::from(c)),
    };
    text.chars().map(one).collect()
}

fn percent(text: &str, upper: bool, all: bool) -> String {
    let one = |b: u8| match (all || !b.is_ascii_alphanumeric(), upper) {
        (false, _) => char::from(b).to_string(),
        (true, true) => format!("%{b:02X}"),
        (true, false) => format!("%{b:02x}"),
    };
    text.bytes().map(one).collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn unicode(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn wide(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

/// Each way of writing a secret, with its name.
fn ways(secret: &str) -> Vec<(String, String, Is)> {
    let half = secret.char_indices().nth(4).map_or(0, |(at, _)| at);
    let (first, second) = secret.split_at(half);
    let mut ways: Vec<(&str, String, Is)> = vec![
        ("as it is", secret.into(), Gone),
        ("XML escapes", xml(secret), Gone),
        ("XML escapes twice", xml(&xml(secret)), Gone),
        ("decimal references", references(secret, false), Gone),
        ("hexadecimal references", references(secret, true), Gone),
        ("references in upper case", references(secret, true).replace("&#x", "&#X"), Gone),
        ("CDATA", format!("<![CDATA[{secret}]]>"), Gone),
        ("CDATA in two", format!("<![CDATA[{first}]]><![CDATA[{second}]]>"), Gone),
        ("CDATA and text", format!("<![CDATA[{first}]]>{}", xml(second)), Gone),
        ("text and CDATA", format!("{}<![CDATA[{second}]]>", xml(first)), Gone),
        ("a comment in it", format!("{}<!-- x > y -->{}", xml(first), xml(second)), Gone),
        ("an instruction in it", format!("{}<?p x?>{}", xml(first), xml(second)), Gone),
        ("elements in it", format!("{}<b>{}</b>", xml(first), xml(second)), Gone),
        ("a line's end in it", format!("{}\n    {}", xml(first), xml(second)), Gone),
        ("an attribute", format!("<a b=\"{}\"/>", xml(secret)), Gone),
        ("an attribute in single quotes", format!("<a b='{}'/>", xml(secret)), Gone),
        ("a comment", format!("<!-- {} -->", xml(secret)), Gone),
        ("an instruction", format!("<?p {}?>", xml(secret)), Gone),
        ("percent in upper case", percent(secret, true, false), Gone),
        ("percent in lower case", percent(secret, false, false), Gone),
        ("all percent", percent(secret, true, true), Gone),
        ("percent twice", percent(&percent(secret, true, false), true, false), Gone),
        ("percent of XML escapes", percent(&xml(secret), false, false), Gone),
        ("XML escapes of percent", xml(&percent(secret, false, false)), Gone),
        ("JSON", json(secret), Gone),
        ("JSON in JSON", json(&json(secret)), Gone),
        ("JSON in numbers", unicode(secret), Gone),
        ("JSON in XML", xml(&json(secret)), Gone),
        ("JSON of XML", json(&xml(secret)), Gone),
        ("base64", STANDARD.encode(secret), Gone),
        ("base64 after one byte", STANDARD.encode(format!("a{secret}")), Gone),
        ("base64 after two bytes", STANDARD.encode(format!("ab{secret}")), Gone),
        ("base64 among others", STANDARD.encode(format!("user:{secret}:more")), Gone),
        ("base64 without padding", STANDARD_NO_PAD.encode(secret), Gone),
        ("base64 for URLs", URL_SAFE.encode(secret), Gone),
        ("base64 for URLs without padding", URL_SAFE_NO_PAD.encode(secret), Gone),
        ("base64 behind percent", percent(&STANDARD.encode(secret), true, false), Gone),
        ("base64 of UTF-16", STANDARD.encode(wide(secret, false)), Gone),
        ("base64 of UTF-16, big end first", STANDARD.encode(wide(secret, true)), Gone),
        ("hex", hex(secret.as_bytes(), ""), Gone),
        ("hex in upper case", hex(secret.as_bytes(), "").to_uppercase(), Gone),
        ("hex with hyphens", hex(secret.as_bytes(), "-"), Gone),
        ("hex of UTF-16", hex(&wide(secret, false), ""), Gone),
        ("hex with 0x", format!("0x{}", hex(secret.as_bytes(), "")), Gone),
        ("user information", format!("http://u:{}@host/", percent(secret, true, false)), Gone),
        ("a query", format!("/x?a=b&amp;c={}", percent(secret, true, false)), Gone),
        ("before a key", format!("no {} here, authPW=other", xml(secret)), Gone),
        ("in a key", format!("cf_{}pwd=other", xml(secret)), Gone),
        // Not looked for.
        ("backwards", xml(&secret.chars().rev().collect::<String>()), Kept),
        ("base64 twice", STANDARD.encode(STANDARD.encode(secret)), Kept),
        (
            "percent three times",
            percent(&percent(&percent(secret, true, true), true, true), true, true),
            Kept,
        ),
        ("letters of another case", xml(&secret.to_lowercase()), Kept),
        ("hex with blanks", hex(secret.as_bytes(), " "), Kept),
    ];
    if secret == PLAIN {
        ways.extend([
            ("a form", format!("a=b&amp;c={secret}&amp;d=e"), Gone),
            (
                "Basic credentials",
                format!("Basic {}", STANDARD.encode(format!("u:{secret}"))),
                Gone,
            ),
            ("Bearer credentials", format!("Bearer {secret}"), Gone),
        ]);
    }
    ways.into_iter().map(|(name, written, is)| (name.to_owned(), written, is)).collect()
}

/// The request that names the secret, and what is left of an answer.
fn redacted(secret: &str, headers: Headers, body: Vec<u8>) -> HttpResponse {
    let mut asked = Headers::new();
    asked.push("Content-Type", "text/xml; charset=utf-8");
    let request = HttpRequest {
        method: "POST".into(),
        target: "/x".into(),
        headers: asked,
        body: format!("<r><string>loginPassword={}</string></r>", xml(secret)).into_bytes(),
    };
    let response = HttpResponse { status: 200, headers, body };
    let mut redactor = Redactor::new(Rules::default());
    let once = redactor.exchange(&request, Some(&response)).1.unwrap();
    let again = redactor.exchange(&request, Some(&once)).1.unwrap();
    assert_eq!(again, once, "once is enough");
    once
}

fn typed(content_type: &str) -> Headers {
    let mut headers = Headers::new();
    headers.push("Content-Type", content_type.to_owned());
    headers
}

#[test]
fn every_way_in_a_body() {
    let mut rows = 0;
    for secret in [SECRET, PLAIN] {
        for (name, written, is) in ways(secret) {
            for (content_type, around) in [
                ("text/xml; charset=utf-8", ("<r><m>", "</m></r>")),
                ("text/html", ("<p><br>", "</p>")),
            ] {
                let body = format!("{}{written}{}", around.0, around.1);
                let left = redacted(secret, typed(content_type), body.clone().into_bytes()).body;
                let left = String::from_utf8(left).unwrap();
                let is_gone = left.contains("REDACTED-") && !left.contains(&written);
                assert_eq!(is_gone, is == Gone, "{name} in {content_type}: {body}\n{left}");
                rows += 1;
            }
        }
    }
    assert!(rows > 200, "{rows}");
}

#[test]
fn every_way_in_a_header() {
    for (name, written, is) in ways(PLAIN) {
        for header in ["X-Note", "Referer", "Location", "Set-Cookie", "WWW-Authenticate"] {
            let mut headers = typed("text/plain");
            headers.push(header, format!("x={written}"));
            let left = redacted(PLAIN, headers, Vec::new());
            let left = left.headers.get(header).unwrap().into_owned();
            // What is in a cookie is a secret in any case.
            let is_gone = left.contains("REDACTED-") && !left.contains(&written);
            assert_eq!(is_gone, is == Gone || header == "Set-Cookie", "{name} in {header}: {left}");
        }
    }
}

#[test]
fn a_secret_in_a_key_goes_as_a_whole() {
    for secret in ["usr-pass-7777", "pass-7777", "pass7", "Qz7wvPassword", "my-loginPass"] {
        for written in [format!("{secret}=other"), format!("{secret}token=other")] {
            for (content_type, body) in [
                ("text/xml", format!("<r><string>{written}</string></r>")),
                ("text/html", format!("<p><br>{written}</p>")),
                ("application/x-www-form-urlencoded", format!("a=b&{written}&c=d")),
                ("text/plain", written.clone()),
            ] {
                let left = redacted(secret, typed(content_type), body.clone().into_bytes()).body;
                let left = String::from_utf8(left).unwrap();
                let piece = &secret[secret.len() - 4..];
                assert!(
                    !left.contains(secret) && !left.contains(piece) && !left.contains(&secret[..4]),
                    "{secret} of {content_type}: {body}\n{left}"
                );
            }
        }
    }
    // A word of the contract's is no news, and without it nobody could read the rest.
    let left = redacted("Password", typed("text/xml"), b"<r>loginPassword=other</r>".to_vec());
    assert_eq!(left.body, b"<r>loginPassword=REDACTED-2</r>");
}

#[test]
fn every_charset() {
    for (content_type, bytes) in [
        ("text/xml; charset=utf-16", wide("\u{feff}<r>Qz7wv\u{f6}9X</r>", false)),
        ("text/xml; charset=utf-16", wide("\u{feff}<r>Qz7wv\u{f6}9X</r>", true)),
        ("text/xml", wide("<r>Qz7wv\u{f6}9X</r>", false)),
        ("text/xml; charset=iso-8859-1", b"<r>Qz7wv\xf69X</r>".to_vec()),
        ("text/xml; charset=windows-1252", b"<r>Qz7wv\xf69X</r>".to_vec()),
        ("text/xml", b"<r>Qz7wv\xf69X</r>".to_vec()),
        (
            "text/xml; charset=gb18030",
            encoding_rs::GB18030.encode("<r>Qz7wv\u{f6}9X</r>").0.into_owned(),
        ),
        ("application/json; charset=utf-8", "{\"a\": \"Qz7wv\u{f6}9X\"}".into()),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=x\r\n\r\nQz7wv\u{f6}9X\r\n--b--".into(),
        ),
    ] {
        let left = redacted("Qz7wv\u{f6}9X", typed(content_type), bytes.clone()).body;
        let shown = String::from_utf8_lossy(&left).replace('\0', "");
        assert!(shown.contains("REDACTED-1") && !shown.contains("Qz7"), "{content_type}: {shown}");
    }
    // Shift_JIS has no such letter.
    let left = redacted(
        "\u{30bd}\u{30bd}ab",
        typed("text/xml; charset=shift_jis"),
        b"<r>\x83\\\x83\\ab</r>".to_vec(),
    );
    assert_eq!(left.body, b"<r>REDACTED-1</r>");
}
