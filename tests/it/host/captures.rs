//! Every captured exchange with a real ASMX service, sent raw to the sample: status, content type
//! and body must be those of the capture, byte for byte, but for what the table below lists.

// What differs is shown by more than the tests themselves.
#![allow(clippy::print_stdout)]

use std::time::Duration;

use crate::support::{SECRETS, repository, with_secrets};
use external_providers::fixture::{Fixture, load};
use external_providers::host::Host;
use external_providers::http::Outcome;
use external_providers::sample;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Where .NET Framework on IIS answers differently from the Mono service that was captured.
#[derive(Debug, Clone, Copy)]
enum Instead {
    /// The same, but for these words of the body.
    Words(&'static [(&'static str, &'static str)]),
    /// A page in other words: status and media type must agree, and this must be in it.
    Page(&'static str),
    /// The answer of another exchange, which this one only says in other HTTP.
    AnswerOf(&'static str),
    /// Two answers, each that of another exchange.
    TwiceAnswerOf(&'static str),
    /// This status with an HTML page that says this.
    Status(u16, &'static str),
    /// The same with the host's own address, since the request names none.
    OwnAddress,
}

const WRONG_ACTION: &str = "Server did not recognize the value of HTTP Header {0}: {1}.";
const NULL: Instead = Instead::Words(&[(
    "not set to an instance of an object<",
    "not set to an instance of an object.<",
)]);
const NO_FORMAT: &str = "Request format is unrecognized for URL unexpectedly ending in ";

const INSTEAD: &[(&str, Instead)] = &[
    (
        "sa-empty",
        words(&[(WRONG_ACTION, "Server did not recognize the value of HTTP Header SOAPAction: .")]),
    ),
    (
        "sa-emptyquoted",
        words(&[(WRONG_ACTION, "Server did not recognize the value of HTTP Header SOAPAction: .")]),
    ),
    (
        "sa-halfquoted",
        words(&[(
            WRONG_ACTION,
            "Server did not recognize the value of HTTP Header SOAPAction: http://tempuri.org/Authenticat.",
        )]),
    ),
    (
        "sa-wrong",
        words(&[(
            WRONG_ACTION,
            "Server did not recognize the value of HTTP Header SOAPAction: http://tempuri.org/Nope.",
        )]),
    ),
    (
        "sa-ext",
        words(&[(
            WRONG_ACTION,
            "Server did not recognize the value of HTTP Header SOAPAction: http://tempuri.org/GetUserInfo.",
        )]),
    ),
    (
        "st-env-wrongns",
        words(&[(
            "namespace {0} was unexpected. Expecting {1}.",
            "namespace urn:not-soap was unexpected. Expecting http://schemas.xmlsoap.org/soap/envelope/.",
        )]),
    ),
    ("hd-mu1", words(&[("{0}", "T")])),
    ("hd-mu1-actor", words(&[("{0}", "T")])),
    ("hd-mutrue-12", words(&[("{0}", "T")])),
    ("hd-wsse", words(&[("{0}", "Security")])),
    ("st-ns-none", NULL),
    ("st-ns-wrapper-wrong", NULL),
    ("st-case-inputs", NULL),
    ("st-body-empty", NULL),
    ("st-body-ws", NULL),
    ("st-body-text", NULL),
    (
        "ht-req-5mb",
        words(&[("Upload size exceeds httpRuntime limit.", "Maximum request length exceeded.")]),
    ),
    ("ht-get-op", Instead::Page(NO_FORMAT)),
    ("ht-soap-pathinfo", Instead::Page(NO_FORMAT)),
    ("ht-soap-slash", Instead::Page(NO_FORMAT)),
    ("ct-json", Instead::Page("application/json")),
    ("ct-json-body", Instead::Page("application/json")),
    ("meta-help", Instead::Page("?op=GetSignInCookieInfo")),
    ("meta-singlewsdl", Instead::Page("?op=GetSignInCookieInfo")),
    ("meta-op-mono", Instead::Page("Authenticate")),
    ("meta-path-missing-post", Instead::Page("cannot be found")),
    (
        "meta-op-authenticate",
        Instead::Status(200, "SOAPAction: \"http://tempuri.org/Authenticate\""),
    ),
    ("meta-wsdl-host", words(&[(":18080/Provider.asmx", "/Provider.asmx")])),
    ("meta-wsdl-http10", Instead::OwnAddress),
    ("ht-longheader", Instead::Status(400, "too long")),
    ("ht-chunked-and-length", Instead::AnswerOf("ht-expect")),
    ("ht-pipelined", Instead::TwiceAnswerOf("ht-expect")),
    ("ht-keepalive-two", Instead::TwiceAnswerOf("ht-expect")),
];

const fn words(words: &'static [(&'static str, &'static str)]) -> Instead {
    Instead::Words(words)
}

/// What the failure of an exchange says whose answer was not kept. Another failure is what came.
const NOT_KEPT: &str = "the answer was not kept";

/// The client ends its side of the connection after these (the others say `Connection: close`).
const HALF_CLOSED: &[&str] = &["ht-nolength", "ht-length-long"];

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    content_type: String,
    cache_control: String,
    body: Vec<u8>,
}

/// The answers in what came over a connection; an answer to `HEAD` has no body.
fn answers(mut bytes: &[u8], head: bool) -> Vec<Answer> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
            panic!("no end of headers in {}", String::from_utf8_lossy(bytes));
        };
        let (header, rest) =
            (String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 4..]);
        let status = header[9..12].parse().unwrap();
        if status == 100 {
            bytes = rest;
            continue;
        }
        let value = |name: &str| {
            let mut lines = header.lines().skip(1).filter_map(|line| line.split_once(':'));
            lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned())
        };
        let length = match value("Content-Length") {
            _ if head => 0,
            Some(length) => length.parse().unwrap(),
            None => rest.len(),
        };
        all.push(Answer {
            status,
            content_type: value("Content-Type").unwrap_or_default(),
            cache_control: value("Cache-Control").unwrap_or_default(),
            body: rest[..length].to_vec(),
        });
        bytes = &rest[length..];
    }
    all
}

/// The name that tests know an exchange by: without its folder.
fn name(fixture: &Fixture) -> &str {
    fixture.name.rsplit('/').next().unwrap()
}

/// The variables of requests that are too large to be kept with them.
fn large(name: &str) -> Option<String> {
    Some(match name {
        "ht-req-1mb" => format!("<string>v={}</string>", "x".repeat(1 << 20)),
        "ht-req-4mb" => format!("<string>v={}</string>", "x".repeat((4096 << 10) - 1024)),
        "ht-req-5mb" => format!("<string>v={}</string>", "x".repeat(5 << 20)),
        "ht-req-20000" => (0..20_000).map(|i| format!("<string>k{i}=v</string>")).collect(),
        _ => return None,
    })
}

/// The bytes of a request as they were sent, with headers of our own behind the others.
fn message(fixture: &Fixture, headers: &str) -> Vec<u8> {
    let mut request = with_secrets(fixture, &SECRETS);
    if let Some(variables) = large(name(fixture)) {
        let end = "</InputVariables>";
        let body = String::from_utf8(request.body).unwrap();
        request.body = body.replacen(end, &[&variables, end].concat(), 1).into_bytes();
        let length = request.headers.get("Content-Length").unwrap();
        assert_eq!(*length, request.body.len().to_string(), "{}", fixture.name);
    }
    let (method, target, version) = (&request.method, &request.target, fixture.request_version);
    let mut message = format!("{method} {target} HTTP/{version}\r\n").into_bytes();
    for header in request.headers.iter() {
        message.extend([header.name.as_bytes(), b": ", &header.value, b"\r\n"].concat());
    }
    message.extend([headers.as_bytes(), b"\r\n"].concat());
    if request.headers.get("Transfer-Encoding").is_none() {
        message.extend(request.body);
        return message;
    }
    for chunk in request.body.chunks(100) {
        let size = format!("{:x}\r\n", chunk.len());
        message.extend([size.as_bytes(), chunk, b"\r\n"].concat());
    }
    message.extend(b"0\r\n\r\n");
    message
}

/// The answer that was captured; none where the connection was closed without one.
fn captured(fixture: &Fixture) -> Option<Answer> {
    let response = &fixture.answer()?.response;
    let value = |name: &str| response.headers.get(name).unwrap_or_default().into_owned();
    Some(Answer {
        status: response.status,
        content_type: value("Content-Type"),
        cache_control: value("Cache-Control"),
        body: response.body.clone(),
    })
}

async fn send(address: std::net::SocketAddr, name: &str, request: &[u8]) -> Vec<u8> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let request = request.to_vec();
    let half_close = HALF_CLOSED.contains(&name);
    let sent = tokio::spawn(async move {
        // The host may have answered and closed before all is sent.
        let _ = writer.write_all(&request).await;
        if half_close {
            let _ = writer.shutdown().await;
        }
        writer
    });
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), reader.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "{name}: the connection was not closed");
    drop(sent);
    answer
}

fn sample_host() -> Host {
    let services = sample::diagnostic_services("s3cret", "http://tempuri.org/");
    Host::builder().services(services).build().unwrap()
}

/// Runs the sample with diagnostics at a port of its own.
async fn host() -> std::net::SocketAddr {
    let server = sample_host().bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// Requests of real clients, whose answers were not kept: each gets a result, or the fault that its
/// name asks for, in its own SOAP version.
#[tokio::test]
async fn every_client_is_understood() {
    are_understood(host().await).await;
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn every_client_is_understood_by_a_mounted_host() {
    are_understood(super::mount::serve(sample_host()).await).await;
}

async fn are_understood(address: std::net::SocketAddr) {
    let mut count = 0;
    for fixture in load(&repository("fixtures/asmx/clients")).unwrap() {
        let name = &fixture.name;
        let request = message(&fixture, "Connection: close\r\n");
        let got = answers(&send(address, name, &request).await, false);
        let throws = ["-fault", "-soapexception", "-noequals"];
        let fault = throws.iter().any(|word| name.ends_with(word));
        let version = if name.contains("1.2/") { "application/soap+xml" } else { "text/xml" };
        assert_eq!(got.len(), 1, "{name}");
        assert_eq!(got[0].status, if fault { 500 } else { 200 }, "{name}");
        assert!(got[0].content_type.starts_with(version), "{name}");
        count += 1;
    }
    println!("{count} requests of clients");
    assert_eq!(count, 128);
}

#[tokio::test]
async fn every_captured_exchange_is_answered_as_it_was() {
    let address = host().await;
    are_answered(address, &address.to_string()).await;
}

/// The same in another HTTP server, which does not say what its own address is.
#[cfg(feature = "tower")]
#[tokio::test]
async fn every_captured_exchange_is_answered_by_a_mounted_host() {
    are_answered(super::mount::serve(sample_host()).await, "localhost").await;
}

async fn are_answered(address: std::net::SocketAddr, own_address: &str) {
    let kept = |f: &Fixture| !matches!(&f.outcome, Outcome::Failed(why) if why == NOT_KEPT);
    let mut all = load(&repository("fixtures/asmx")).unwrap();
    all.retain(kept);
    // The second exchange of a connection is named after the first.
    let (second, first): (Vec<_>, Vec<_>) = all.iter().partition(|fixture| {
        let first = fixture.name.strip_suffix("-2");
        first.is_some_and(|first| all.iter().any(|other| other.name == first))
    });
    let answer_of = |wanted: &str| {
        let fixture = first.iter().find(|fixture| name(fixture) == wanted);
        captured(fixture.unwrap()).unwrap()
    };
    let (mut same, mut other, mut failures) = (0, 0, Vec::new());
    for fixture in &first {
        let name = name(fixture).to_owned();
        let next = second.iter().find(|second| second.name == format!("{}-2", fixture.name));
        let exchanges: Vec<&Fixture> = std::iter::once(*fixture).chain(next.copied()).collect();
        let request: Vec<u8> = exchanges.iter().flat_map(|f| message(f, "")).collect();
        let head = fixture.request.method == "HEAD";
        let mut expected: Vec<_> = exchanges.iter().filter_map(|f| captured(f)).collect();
        let got = answers(&send(address, &name, &request).await, head);
        let instead = INSTEAD.iter().find(|(n, _)| *n == name).map(|(_, instead)| *instead);
        let media = |answer: &Answer| answer.content_type.split(';').next().unwrap().to_owned();
        let good = match instead {
            None | Some(Instead::Words(_) | Instead::OwnAddress) => {
                for answer in &mut expected {
                    let mut body = String::from_utf8_lossy(&answer.body).into_owned();
                    if matches!(instead, Some(Instead::OwnAddress)) {
                        body = body.replace("127.0.0.1:18080", own_address);
                    }
                    if let Some(Instead::Words(words)) = instead {
                        for (mono, dotnet) in words {
                            assert!(body.contains(mono), "{name}: {mono} is not in the capture");
                            body = body.replace(mono, dotnet);
                        }
                    }
                    answer.body = body.into_bytes();
                }
                got == expected
            }
            Some(Instead::Page(text)) => {
                let text_found = String::from_utf8_lossy(&got[0].body).contains(text);
                got[0].status == expected[0].status
                    && media(&got[0]) == media(&expected[0])
                    && text_found
            }
            Some(Instead::Status(status, text)) => {
                let text_found = String::from_utf8_lossy(&got[0].body).contains(text);
                got[0].status == status && media(&got[0]) == "text/html" && text_found
            }
            Some(Instead::AnswerOf(other)) => got == [answer_of(other)],
            Some(Instead::TwiceAnswerOf(other)) => got == [answer_of(other), answer_of(other)],
        };
        match (good, instead) {
            (false, _) => failures.push((name, expected, got)),
            (true, None) => same += 1,
            (true, Some(_)) => other += 1,
        }
    }
    println!("{} exchanges: {same} byte for byte, {other} as .NET Framework differs", first.len());
    for (name, expected, got) in &failures {
        println!("\n{name}");
        for (who, answers) in [("due", expected), ("got", got)] {
            for answer in answers {
                let body = String::from_utf8_lossy(&answer.body);
                let body: String = body.chars().take(1500).collect();
                let Answer { status, content_type, cache_control, .. } = answer;
                println!("  {who} {status} {content_type} [{cache_control}]\n    {body}");
            }
        }
    }
    assert!(failures.is_empty(), "{} exchanges are answered otherwise", failures.len());
    assert_eq!((same, other, second.len()), (204, 33, 2));
}
