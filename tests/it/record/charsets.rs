//! A message in a charset that is not known here: it is refused where no secret in it could be found.

use std::time::Duration;

use external_providers::fixture::{import_har, load};
use external_providers::http::{Headers, HttpResponse, HttpVersion};
use external_providers::record::{Mode, RecordError};
use external_providers::redact::Rules;
use serde_json::json;

use super::modes::{answer, answered, asked, open};
use crate::support::Folder;

/// A charset, how it writes a text, and whether secrets can be found in that.
fn bodies(text: &str) -> Vec<(&'static str, Vec<u8>, bool)> {
    // Base64 of UTF-16 between `+` and `-` (RFC 2152).
    let utf7 = text.replace('<', "+ADw-").replace("s3cret", "+AHMAMwBjAHIAZQB0-").into_bytes();
    let wide = |unit: fn(u32) -> [u8; 4]| -> Vec<u8> {
        text.chars().flat_map(|c| unit(u32::from(c))).collect()
    };
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // What an EBCDIC `<?xml` and letters are.
    let ebcdic: Vec<u8> = [&[0x4c, 0x6f, 0xa7, 0x94, 0x93][..], &[0xa2, 0xf3, 0x83]].concat();
    let plain = || text.as_bytes().to_vec();
    let latin = || [text.as_bytes(), b"\xe9"].concat();
    vec![
        ("utf-7", utf7.clone(), false),
        ("UNICODE-1-1-UTF-7", utf7, false),
        ("utf-32", wide(u32::to_le_bytes), false),
        ("utf-32be", wide(u32::to_be_bytes), false),
        ("utf-8", wide(u32::to_le_bytes), false),
        ("", wide(u32::to_be_bytes), false),
        ("ibm037", ebcdic.clone(), false),
        ("IBM500", ebcdic.clone(), false),
        ("cp1047", ebcdic.clone(), false),
        ("\"ibm01140\"", plain(), false),
        ("x-EBCDIC-KoreanExtended", plain(), false),
        ("", ebcdic, false),
        ("hz-gb-2312", plain(), false),
        ("iso-2022-kr", plain(), false),
        ("foo", latin(), false),
        ("us-ascii", plain(), true),
        ("us-ascii", latin(), true),
        ("latin1", latin(), true),
        ("utf8", plain(), true),
        ("'utf-8'", plain(), true),
        ("cp1252", latin(), true),
        ("utf-16", utf16, true),
        ("foo", plain(), true),
        ("foo", [text.as_bytes(), "é".as_bytes()].concat(), true),
        ("", plain(), true),
        ("utf-7", Vec::new(), true),
    ]
}

#[test]
fn a_charset_that_hides_secrets_is_not_recorded() {
    let scratch = Folder::new("charsets");
    let recording = open(&scratch.path().join("crm"), Mode::Once);
    let mut kept = 0;
    for (charset, body, readable) in bodies("<s>authPW=s3cret</s>") {
        let content_type = match charset {
            "" => "text/xml".to_owned(),
            charset => format!("text/xml; charset={charset}"),
        };
        let mut request = asked("me", "x");
        let mut headers = Headers::new();
        headers.push("Content-Type", content_type);
        request.headers = headers.clone();
        request.body = body.clone();
        let response = HttpResponse { status: 200, headers, body };
        for (side, request, response) in
            [("request", &request, answer("x")), ("answer", &asked("me", "x"), response)]
        {
            let done =
                recording.keep(request, HttpVersion::Http11, answered(response), Duration::ZERO);
            kept += usize::from(done.is_ok());
            match done {
                Ok(_) => assert!(readable, "{charset} in the {side}"),
                Err(error) => {
                    assert!(!readable, "{charset} in the {side}: {error}");
                    let RecordError::Charset { side: said, .. } = &error else { panic!("{error}") };
                    assert_eq!(*said, side);
                    assert!(error.to_string().contains("cannot be read, so that no secret"));
                }
            }
        }
    }
    assert!(kept > 20, "{kept}");
    recording.finish().unwrap();
    let all = scratch.all();
    assert!(!all.windows(6).any(|window| window == b"s3cret"));
    assert!(!load(&scratch.path().join("crm")).unwrap().is_empty());
}

#[test]
fn nor_is_it_imported() {
    let entry = |charset: &str| {
        let headers =
            json!([{ "name": "Content-Type", "value": format!("text/xml; charset={charset}") }]);
        json!({
            "startedDateTime": "2026-11-24T22:00:00Z", "time": 1,
            "request": { "method": "POST", "url": "http://h/P.asmx", "headers": headers,
                "postData": { "text": "<s>authPW=s3cret</s>" } },
            "response": { "status": 200, "headers": [], "content": { "text": "x" } },
        })
    };
    let har = json!({ "log": { "entries": [entry("utf-8"), entry("utf-7"), entry("ibm037")] } });
    let imported = import_har(&har.to_string(), &Rules::default(), &[]).unwrap();
    assert_eq!(imported.fixtures.len(), 1);
    let [seven, ibm] = &imported.skipped[..] else { panic!("{:?}", imported.skipped) };
    assert!(seven.starts_with("entry 2: the request's charset utf-7 cannot be read"), "{seven}");
    assert!(ibm.starts_with("entry 3: the request's charset ibm037 cannot be read"), "{ibm}");
}
