//! Seeds, made of the fixtures and documents in the repository, and what becomes of them.

use std::path::{Path, PathBuf};

use external_providers::fixture::{Fixture, export_har, load};
use external_providers::http::{HttpRequest, Outcome};
use external_providers::settings::example;

use super::{PLANTED, peer_seeds};

/// The repository's folder.
pub(super) fn root() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|folder| folder.join("fixtures/sample").is_dir()).expect("the repository")
}

/// All files below a folder whose names end so, in order.
pub(super) fn files(folder: &str, end: &str) -> Vec<Vec<u8>> {
    let (mut found, mut folders) = (Vec::<PathBuf>::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

/// The requests of a collection as they were sent.
pub(super) fn messages(folder: &str) -> Vec<Vec<u8>> {
    let message = |fixture: &Fixture| {
        let HttpRequest { method, target, headers, body } = &fixture.request;
        let first = format!("{method} {target} HTTP/{}\r\n", fixture.request_version);
        let mut message = first.into_bytes();
        for header in headers.iter() {
            message.extend([header.name.as_bytes(), b": ", &header.value, b"\r\n"].concat());
        }
        [&message, &b"\r\n"[..], body].concat()
    };
    load(&root().join(folder)).expect("recordings").iter().map(message).collect()
}

/// Puts the password where placeholders stand.
fn plant(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    text.replace("REDACTED-1", PLANTED).into_bytes()
}

/// Every so many of them: what is alike in many files need not be tried in each.
pub(super) fn some(all: Vec<Vec<u8>>, most: usize) -> impl Iterator<Item = Vec<u8>> {
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step)
}

/// A message of this content type, see `CONTENT_TYPES`.
pub(super) fn typed(content_type: u8, body: impl AsRef<[u8]>) -> Vec<u8> {
    [&[content_type], body.as_ref()].concat()
}

fn soap(content: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{content}</soap:Body></soap:Envelope>"
    )
}

fn requests() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = some(files("fixtures/sample", "request.xml"), 20)
        .map(|body| typed(0, plant(&body)))
        .collect();
    for entry in [
        format!("<string>authPW={PLANTED}</string><string>x=1</string>"),
        format!("<string>Login of bob with {PLANTED} failed, authPW=wrong</string>"),
        format!("<string>authPW=<![CDATA[{PLANTED}]]></string>"),
        format!("<string>{PLANTED} pw=abcdef</string><string>cf_{PLANTED}pwd=abcdefg</string>"),
        format!("<string>https://u:{PLANTED}@h/?token={PLANTED}</string>"),
    ] {
        let variables = format!("<inputs><InputVariables>{entry}</InputVariables></inputs>");
        seeds.push(typed(
            0,
            soap(&format!(
                "<Authenticate xmlns=\"http://tempuri.org/\">{variables}</Authenticate>"
            )),
        ));
    }
    seeds.push(typed(5, format!("authPW={PLANTED}&loginPassword=a%26b&x=1+2")));
    seeds.push(typed(
        6,
        format!("{{\"authPW\": \"{PLANTED}\", \"list\": [\"pw={PLANTED}\", 1.5e3]}}"),
    ));
    seeds
        .push(typed(7, format!("<!DOCTYPE html><p title='pw={PLANTED}'>{PLANTED} &amp; more</p>")));
    let wide = soap("<Authenticate xmlns=\"http://tempuri.org/\"/>");
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    seeds.push(typed(3, wide));
    seeds
}

pub(super) fn responses() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = some(files("fixtures/sample", "response.xml"), 20)
        .map(|body| typed(0, plant(&body)))
        .collect();
    let result = |content: &str| {
        soap(&format!(
            "<AuthenticateResponse xmlns=\"http://tempuri.org/\"><AuthenticateResult>{content}</AuthenticateResult></AuthenticateResponse>"
        ))
    };
    for content in [
        format!("<Success>{PLANTED}</Success>"),
        format!(
            "<Success>true</Success><OutputVariables><string>Authentication={PLANTED}</string></OutputVariables>"
        ),
        format!("<Success>true</Success><Message>{PLANTED}</Message><{PLANTED}/>"),
        format!(
            "<Success>true</Success><OutputVariables><string>{PLANTED}</string></OutputVariables>"
        ),
    ] {
        seeds.push(typed(0, result(&content)));
    }
    let fault = format!(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{PLANTED} at x</faultstring><detail>{PLANTED}</detail></soap:Fault>"
    );
    // The two highest bits choose the status: 500.
    seeds.push(typed(64, soap(&fault)));
    seeds.push(typed(
        64 + 7,
        format!("<html><title>{PLANTED}</title><body>authPW={PLANTED}</body></html>"),
    ));
    seeds.push(typed(6, format!("{{\"Message\": \"{PLANTED}\"}}")));
    seeds.push(typed(0, format!("<{PLANTED}><a></{PLANTED}>")));
    seeds
}

fn settings() -> Vec<Vec<u8>> {
    let text = |line: &str| {
        format!(
            "[options]\nlogin = true\n\n[login]\nprovider = \"external\"\nurl = \"http://h/p.asmx\"\n{line}\n"
        )
    };
    let mut seeds = vec![example().into_bytes()];
    for line in [
        format!("password = \"{PLANTED}\""),
        format!("password = {PLANTED}"),
        format!("password = [\"{PLANTED}\"]"),
        format!("password = \"{PLANTED}\"\npassword = \"{PLANTED}\""),
        format!("password = \"{PLANTED}\ntimeout = 3"),
        format!("pasword = \"{PLANTED}\""),
        format!("url = \"http://u:{PLANTED}@h/\""),
        format!("timeout = \"{PLANTED}\""),
        format!("proxy = \"http://u:{PLANTED}@h:1/\""),
    ] {
        seeds.push(text(&line).into_bytes());
    }
    seeds
}

/// The seeds of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "answer" => peer_seeds::answers(),
        "certificate" => peer_seeds::certificates(),
        "cookie" => peer_seeds::cookies(),
        "event" => peer_seeds::events(),
        "fault" => peer_seeds::faults(),
        "gateway" => peer_seeds::gateway(),
        "hash" => peer_seeds::hashes(),
        "json" => peer_seeds::json(),
        "ldap" => peer_seeds::ldap(),
        "provider" => peer_seeds::provider(),
        "rules" => peer_seeds::rules(),
        "statement" => peer_seeds::statements(),
        "redact" | "replay" | "request" => requests(),
        "response" => responses(),
        "mask" => {
            let mut seeds: Vec<_> = responses().into_iter().chain(requests()).collect();
            seeds.push(format!("%68unter2xyz {PLANTED}{PLANTED} hunter2{PLANTED}xyz").into_bytes());
            seeds.push("&#104;unter2xyz \\u0068unter2xyz aHVudGVyMnh5eg==".into());
            seeds
        }
        "wsdl" => {
            let own = some(files("wsdl", ".wsdl"), 7);
            own.chain(files("tests/it/wsdl/reader", "")).collect()
        }
        "fixture" => some(files("fixtures/odd", "exchange.toml"), 20)
            .chain(some(files("fixtures/sample", "exchange.toml"), 20))
            .collect(),
        "http" => some(messages("fixtures/asmx"), 20)
            .chain([
                b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(),
                b"POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n".to_vec(),
                b"POST /Provider.asmx HTTP/1.0\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd".to_vec(),
            ])
            .collect(),
        "har" => {
            let all = load(&root().join("fixtures/sample")).expect("recordings");
            let failed = all.iter().filter(|f| matches!(f.outcome, Outcome::Failed(_))).take(1);
            let chosen = all.iter().step_by(20).chain(failed);
            let har = |fixture: &_| export_har(std::slice::from_ref(fixture), None);
            let mut seeds: Vec<_> = chosen.map(har).collect();
            // The header alone: a target came back that began in the host.
            seeds.push(seeds[0].replace(r#""value": "127.0.0.1:"#, r#""value": "127.0.0.1:?"#));
            seeds.into_iter().map(String::into_bytes).collect()
        }
        "settings" => settings(),
        "text" => [PLANTED, "\u{feff}hunter2xyz\r\n", "hunter2xyz\nhunter2xyz\n", "", "\n", "%68%", "\"http://tempuri.org/A%20b+c\""]
            .map(|text| text.as_bytes().to_vec())
            .into(),
        other => unreachable!("{other} has no seeds"),
    }
}

/// A seed, changed in a few places: the same for the same number.
pub fn mutated(seed: &[u8], number: u64) -> Vec<u8> {
    const TOKENS: [&[u8]; 24] = [
        PLANTED.as_bytes(),
        b"authPW=",
        b"pw=",
        b"<",
        b">",
        b"&",
        b"&lt;",
        b"&#x68;",
        b"]]>",
        b"<![CDATA[",
        b"\"",
        b"'",
        b"%",
        b"%3D",
        b"\\u0068",
        b"=",
        b"\r\n",
        b"\0",
        b"\xff\xfe",
        b"\xc3",
        b"REDACTED-1",
        b"://u:p@h",
        b"<!--",
        b"4294967296",
    ];
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1;
    // Below a bound, by xorshift: chance enough, and the same everywhere.
    let mut below = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % bound.max(1)
    };
    let mut data = seed.to_vec();
    for _ in 0..=below(4) {
        let at = below(data.len() + 1);
        let end = (at + 1 + below(16)).min(data.len());
        match below(5) {
            0 if at < data.len() => data[at] ^= 1 << below(8),
            1 => drop(data.drain(at..end)),
            2 => {
                let piece = data[at..end].to_vec();
                let to = below(data.len() + 1);
                data.splice(to..to, piece);
            }
            3 => data.truncate(at.max(data.len() / 2)),
            _ => {
                let token = TOKENS[below(TOKENS.len())];
                data.splice(at..at, token.iter().copied());
            }
        }
    }
    data
}
