//! A secret in any header, of any kind of import: it is found in no file.

use std::path::Path;

use external_providers::fixture::{import_har, load, store};
use external_providers::inspect::{Audit, audit};
use external_providers::redact::Rules;
use external_providers::secret::Secret;
use serde_json::{Value, json};

use crate::codec::raw::Service;
use crate::record::proxy::Running;
use crate::support::Folder;

const SECRET: &str = "plantedQ5ecret";

/// Headers whose value is a secret by their name.
const CREDENTIALS: [(&str, &str); 33] = [
    ("Authorization", "Bearer plantedQ5ecret"),
    ("authorization", "plantedQ5ecret"),
    ("Proxy-Authorization", "Digest username=\"u\", response=\"plantedQ5ecret\""),
    ("X-Forwarded-Authorization", "Bearer plantedQ5ecret"),
    ("Cookie", "a=b; sid=plantedQ5ecret"),
    ("Cookie", "plantedQ5ecret"),
    ("Set-Cookie", "sid=plantedQ5ecret; Path=/; HttpOnly"),
    ("Set-Cookie", "a=b; Path=/, sid=plantedQ5ecret; Path=/"),
    ("X-Api-Key", "plantedQ5ecret"),
    ("Api-Key", "plantedQ5ecret"),
    ("apikey", "plantedQ5ecret"),
    ("X-Auth-Token", "plantedQ5ecret"),
    ("X-Access-Token", "plantedQ5ecret"),
    ("X-XSRF-TOKEN", "plantedQ5ecret"),
    ("Ocp-Apim-Subscription-Key", "plantedQ5ecret"),
    ("X-Client-Secret", "plantedQ5ecret"),
    ("X-Password", "plantedQ5ecret"),
    ("X-Session-Id", "plantedQ5ecret"),
    ("Referer", "http://host/?a=b&token=plantedQ5ecret"),
    ("Location", "http://user:plantedQ5ecret@host/"),
    ("Location", "http://host/?ticket=plantedQ5ecret"),
    ("Location", "/(S(plantedQ5ecret))/P.asmx"),
    ("Location", "/x/(A(a)F(plantedQ5ecret))/P.asmx"),
    ("Cookie2", "sid=plantedQ5ecret"),
    ("Set-Cookie2", "sid=plantedQ5ecret; Version=1"),
    ("X-Auth", "plantedQ5ecret"),
    ("X-Session", "plantedQ5ecret"),
    ("X-AspNet-Session", "plantedQ5ecret"),
    ("X-CSRF", "plantedQ5ecret"),
    ("X-Credentials", "plantedQ5ecret"),
    ("Authentication", "plantedQ5ecret"),
    ("X-Original-URL", "/x?apikey=plantedQ5ecret"),
    ("X-Note", "loginPassword=plantedQ5ecret"),
];

/// Headers in which a secret shows by its value alone.
const OTHERS: [&str; 24] = [
    "Accept",
    "Accept-Language",
    "Age",
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Location",
    "Content-Security-Policy",
    "ETag",
    "Forwarded",
    "From",
    "If-None-Match",
    "Link",
    "Origin",
    "Pragma",
    "Refresh",
    "Server",
    "Server-Timing",
    "User-Agent",
    "Via",
    "WWW-Authenticate",
    "Warning",
    "X-Powered-By",
    "X-Trace-Id",
];

fn body() -> String {
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><Authenticate \
     xmlns=\"http://tempuri.org/\"><inputs><InputVariables><string>loginPassword=plantedQ5ecret</string>\
     </InputVariables></inputs></Authenticate></s:Body></s:Envelope>"
        .to_owned()
}

/// Each header alone, and whether the body names the secret, too.
fn headers() -> Vec<(String, String, bool)> {
    let credentials = CREDENTIALS.iter().flat_map(|(name, value)| {
        [false, true].map(|known| ((*name).to_owned(), (*value).to_owned(), known))
    });
    let others =
        OTHERS.iter().map(|name| ((*name).to_owned(), format!("a \"{SECRET}\", x={SECRET}"), true));
    credentials.chain(others).collect()
}

fn audited(folder: &Path) -> Audit {
    let known = [Secret::new(SECRET)];
    audit(folder, &Rules::default(), &known).unwrap()
}

/// Nothing is left, and an audit says so; the audit finds it when it is put back.
fn nothing_is_left(folder: &Folder, of: &str) {
    let all = String::from_utf8_lossy(&folder.all()).into_owned();
    assert!(!all.contains("plantedQ5") && !all.contains("Q5ecret"), "{of}: {all}");
    let clean = audited(folder.path());
    assert!(clean.findings.is_empty() && clean.exchanges > 0, "{of}: {clean:?}");
    for name in load(folder.path()).unwrap().into_iter().map(|fixture| fixture.name) {
        let file = folder.path().join(name).join("exchange.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let by_hand = text.replacen("REDACTED-1\"", &format!("{SECRET}\""), 1);
        std::fs::write(&file, &by_hand).unwrap();
        let found = audited(folder.path());
        assert_eq!(by_hand != text, !found.findings.is_empty(), "{of}: {by_hand}");
        std::fs::write(&file, &text).unwrap();
    }
}

fn imported(of: &str, har: &Value) -> Folder {
    let har = json!({ "log": { "version": "1.2", "entries": [har] } });
    let imported = import_har(&har.to_string(), &Rules::default(), &[]).unwrap();
    assert_eq!(imported.fixtures.len(), 1, "{of}: {imported:?}");
    let folder = Folder::new("planted");
    store(folder.path(), &imported.fixtures[0]).unwrap();
    folder
}

fn entry(request: &[Value], response: &[Value], known: bool) -> Value {
    let named = |more: &[Value]| -> Vec<Value> {
        let content_type = json!({ "name": "Content-Type", "value": "text/xml; charset=utf-8" });
        [content_type].into_iter().chain(more.iter().cloned()).collect()
    };
    json!({
        "startedDateTime": "2026-11-24T21:00:00Z", "time": 1,
        "request": {
            "method": "POST", "url": "http://host/Provider.asmx", "httpVersion": "HTTP/1.1",
            "headers": named(request), "cookies": [], "queryString": [],
            "postData": { "mimeType": "text/xml", "text": if known { body() } else { "<a/>".into() } },
        },
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
            "headers": named(response), "cookies": [], "content": { "size": 4, "text": "<a/>" },
        },
    })
}

#[test]
fn in_headers_of_a_har() {
    for (name, value, known) in headers() {
        for joined in [value.clone(), format!("a=b; Path=/\n{value}"), format!("x=y\r\n {value}")] {
            let header = [json!({ "name": name, "value": joined })];
            for (request, response) in [(&header[..], &[][..]), (&[], &header)] {
                let of = format!("{name}: {joined:?}");
                nothing_is_left(&imported(&of, &entry(request, response, known)), &of);
            }
        }
    }
}

#[test]
fn joined_headers_are_headers_of_their_own() {
    let cookies = "first=One111; path=/\nASP.NET_SessionId=Two222; path=/;\r\n HttpOnly\n";
    let header = json!({ "name": "Set-Cookie", "value": cookies });
    let folder = imported("cookies", &entry(&[], &[header], false));
    let answered = load(folder.path()).unwrap().remove(0);
    let headers = &answered.answer().unwrap().response.headers;
    let cookies: Vec<_> =
        headers.iter().skip(1).map(|h| String::from_utf8_lossy(&h.value)).collect();
    assert_eq!(
        cookies,
        ["first=REDACTED-1; path=/", "ASP.NET_SessionId=REDACTED-2; path=/; HttpOnly"]
    );
    assert!(headers.iter().skip(1).all(|header| header.name == "Set-Cookie"));
}

#[test]
fn what_breaks_out_of_a_header_is_none_of_its_value() {
    let value = format!("a\nSet-Cookie: sid={SECRET}; Path=/\nb=plain");
    let header = json!({ "name": "X-Note", "value": value });
    let folder = imported("a line", &entry(&[], &[header], false));
    nothing_is_left(&folder, "a line");
    let answered = load(folder.path()).unwrap().remove(0);
    let headers = &answered.answer().unwrap().response.headers;
    let note: Vec<_> = headers.iter().skip(1).map(|h| h.name.to_string()).collect();
    assert_eq!(note, ["X-Note", "Set-Cookie", "Set-Cookie"]);
    for name in ["X-Note\nSet-Cookie", "Set-Cookie\r\n", "X\u{0}"] {
        let header = json!({ "name": name, "value": format!("sid={SECRET}") });
        let entries = json!([entry(&[header], &[], false)]);
        let har = json!({ "log": { "version": "1.2", "entries": entries } });
        let imported = import_har(&har.to_string(), &Rules::default(), &[]).unwrap();
        assert!(imported.fixtures.is_empty());
        let [skipped] = &imported.skipped[..] else { panic!("{:?}", imported.skipped) };
        assert!(
            skipped.starts_with("entry 1: request.headers has the invalid name \""),
            "{skipped}"
        );
        assert!(!skipped.contains(SECRET) && !skipped.contains('\n'), "{skipped}");
    }
}

#[test]
fn in_every_other_place_of_a_har() {
    let cookie = json!([{ "name": "sid", "value": SECRET }]);
    let secret = json!({ "name": "loginPassword", "value": SECRET });
    for (place, value) in [
        ("/request/cookies", cookie.clone()),
        ("/response/cookies", cookie),
        ("/request/queryString", json!([secret])),
        ("/request/url", json!(format!("http://u:{SECRET}@host/x?a=b&authPW={SECRET}#{SECRET}"))),
        ("/request/url", json!(format!("http://host/?token={SECRET}"))),
        ("/request/postData", json!({ "mimeType": "x", "params": [secret] })),
        ("/request/postData", json!({ "mimeType": "text/xml", "text": body() })),
        ("/response/statusText", json!(format!("no authPW={SECRET}"))),
        ("/response/content", json!({ "size": 1, "text": body() })),
        (
            "/response",
            json!({ "status": 0, "_error": format!("http://u:{SECRET}@host failed"), "headers": [] }),
        ),
    ] {
        let mut har = entry(&[], &[], false);
        *har.pointer_mut(place).unwrap() = value;
        nothing_is_left(&imported(place, &har), place);
    }
    // What this tool adds to the format, and known from the body.
    let mut har = entry(&[], &[], true);
    har["_fixture"] = json!({
        "name": format!("login-{SECRET}"),
        "match": { "ignore": [SECRET], "patterns": [["a", format!("{SECRET}.*")]] },
        "placeholders": [[7, SECRET]],
    });
    nothing_is_left(&imported("_fixture", &har), "_fixture");
}

#[test]
fn in_a_live_recording() {
    let asked: String =
        headers().iter().map(|(name, value, _)| format!("{name}: {value}\r\n")).collect();
    let answered: String = headers()
        .iter()
        .map(|(name, value, _)| format!("{name}: {value}\r\n{name}: x=y;\r\n\t{value}\r\n"))
        .collect();
    for known in [false, true] {
        let body = if known { body() } else { "<a/>".to_owned() };
        let others = |text: &str| -> String {
            // Without the body, nothing but a name tells a secret.
            let is_other = |line: &&str| OTHERS.iter().any(|o| line.starts_with(&format!("{o}:")));
            let mut keep = true;
            let lines = text.split_inclusive("\r\n").filter(|line| {
                keep = if line.starts_with('\t') { keep } else { known || !is_other(line) };
                keep
            });
            lines.collect()
        };
        let request = format!(
            "POST /Provider.asmx HTTP/1.1\r\nHost: h\r\n{}Content-Length: {}\r\n\r\n{body}",
            others(&asked),
            body.len(),
        );
        let answer =
            format!("HTTP/1.1 200 OK\r\n{}Content-Length: 4\r\n\r\n<a/>", others(&answered));
        let service = Service::start(vec![answer.clone().into_bytes()]);
        let running = Running::start(&service.origin());
        let mut caller = running.caller();
        caller.send(request.as_bytes());
        assert_eq!(service.request(), request.as_bytes());
        assert_eq!(caller.message().unwrap(), answer.as_bytes());
        drop(caller);
        nothing_is_left(&running.stop(), "live");
    }
}
