//! The webhook against receivers of all kinds. Its URL and secrets are planted, and found nowhere.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use external_providers::outbox::{Delivery, Event, WebhookSettings, WebhookSink};
use external_providers::report::{Outcome, Report};
use ring::hmac;

use super::{event, told};
use crate::doctor::peers::{Certificate, Request, respond, serve, tls_host};

/// In the path and the query of the URL, and what requests are signed with.
const PATH: &str = "T0Pp4th+S3cret";
const QUERY: &str = "qu3ry/S3cret";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PREVIOUS: &str = "the secret that was there before";

fn url(scheme: &str, host: &str) -> String {
    format!("{scheme}://{host}/hooks/{PATH}?key={}", QUERY.replace('/', "%2F"))
}

fn settings(url: String) -> WebhookSettings {
    let mut settings = WebhookSettings::new(url);
    settings.secret = Some(SECRET.into());
    settings.previous_secret = Some(PREVIOUS.into());
    settings
}

fn assert_unseen(text: &str) {
    for plant in [PATH, QUERY, "T0Pp4th", "qu3ry", "MfKQ9r8GKYqr", PREVIOUS, "hooks"] {
        assert!(!text.contains(plant), "{plant} in {text}");
    }
}

/// Tells a webhook of an event, and looks at it from all sides.
fn post(settings: WebhookSettings) -> (Delivery, Report) {
    let sink = WebhookSink::new("crm", settings).unwrap();
    let (delivery, report, logs) = told(&sink, &event());
    assert_unseen(&logs);
    assert_unseen(&format!("{sink:?}\n{delivery:?}\n{report:?}"));
    (delivery, report)
}

/// What comes of an answer.
fn answered(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Delivery {
    post(settings(url("http", &serve(answer).to_string()))).0
}

fn refused(delivery: Delivery) -> (String, Option<Duration>) {
    match delivery {
        Delivery::Refused { why, after } => (why, after),
        Delivery::Rejected { why } => (why, None),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_those_of_standard_webhooks() {
    let (send, seen) = mpsc::channel();
    let send = Mutex::new(send);
    let address = serve(move |request| {
        send.lock().unwrap().send(request.clone()).unwrap();
        respond("204 No Content", "", b"")
    });
    let (delivery, report) = post(settings(url("http", &address.to_string())));
    assert_eq!(delivery, Delivery::Delivered);
    assert_eq!(report.outcome, Outcome::Ok);
    assert_eq!(report.url, format!("http://{address}/…"));

    let request = only(&seen);
    let target = url("http", &address.to_string());
    assert_eq!(request.target(), target.split_once(&address.to_string()).unwrap().1);
    let header = |name: &str| {
        let mut lines = request.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    assert!(request.head.starts_with("POST "));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    let agent = concat!("external-providers/", env!("CARGO_PKG_VERSION"));
    assert_eq!(header("user-agent").as_deref(), Some(agent));
    assert_eq!(header("webhook-id"), Some(event().id));
    let seconds = header("webhook-timestamp").unwrap();
    assert!(seconds.parse::<i64>().unwrap() > 1_700_000_000, "{seconds}: the time of the attempt");
    let body = String::from_utf8(request.body.clone()).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&body).unwrap(), event());

    let signed = format!("{}.{seconds}.{body}", event().id);
    let decoded = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signatures = [decoded.as_slice(), PREVIOUS.as_bytes()].map(|key| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    });
    assert_eq!(header("webhook-signature"), Some(signatures.join(" ")));
}

/// The request of the delivery: the check makes connections, and sends nothing.
fn only(seen: &Receiver<Request>) -> Request {
    let requests: Vec<_> = seen.try_iter().collect();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.into_iter().next().unwrap()
}

#[test]
fn without_a_secret_nothing_is_signed() {
    let address = serve(|request| {
        let signed = request.head.to_ascii_lowercase().contains("webhook-signature");
        respond(if signed { "500 Signed" } else { "200 OK" }, "", b"")
    });
    let (delivery, report) = post(WebhookSettings::new(url("http", &address.to_string())));
    assert_eq!(delivery, Delivery::Delivered);
    assert_eq!(report.step("settings").unwrap().text, "requests are not signed");
}

#[test]
fn an_event_is_taken_by_a_good_status_without_a_page() {
    for (status, content_type, body) in [
        ("200 OK", "application/json", r#"{"ok": true}"#),
        ("201 Created", "text/plain", "<3"),
        ("202 Accepted", "text/html; charset=UTF-8", "ok"),
        ("200 OK", "text/html", "  \n"),
    ] {
        let headers = format!("Content-Type: {content_type}\r\n");
        let delivery = answered(move |_| respond(status, &headers, body.as_bytes()));
        assert_eq!(delivery, Delivery::Delivered, "{status} {body}");
    }
    for (content_type, body) in [
        ("text/html", "<!DOCTYPE html><html><title>Sign in</title><h1>Please sign in</h1></html>"),
        ("application/json", "\n<html><body>Please sign in</body></html>"),
        ("text/plain", "Please sign in: <input type=\"password\">"),
        ("text/html", "<br />\n<b>Fatal error</b>:  Uncaught Error: Please sign in"),
    ] {
        let headers = format!("Content-Type: {content_type}\r\n");
        let delivery = answered(move |_| respond("200 OK", &headers, body.as_bytes()));
        let (why, after) = refused(delivery);
        assert!(why.contains("answered 200") && why.contains("it is a page"), "{why}");
        assert!(why.contains("lease sign in") && after.is_none(), "{why}");
    }
}

#[test]
fn refusals_say_what_was_answered_without_what_is_secret() {
    // Frameworks quote the path in what they say, and some everything.
    let echo = |request: &Request| format!("no way to {} nor {SECRET}", request.target());
    for (status, headers, words) in [
        ("500 Internal Server Error", "Content-Type: text/plain\r\n", "answered 500, text/plain"),
        ("500 Oops", "Content-Type: text/html\r\n", "an HTML page"),
        ("404 Not Found", "", "is the URL right?"),
        ("401 Unauthorized", "", "is the secret the same on both sides"),
        ("400 Bad Request", "Content-Type: application/json\r\n", "answered 400"),
        ("503 Unavailable", "", "answered 503"),
        (
            "302 Found",
            "Location: https://elsewhere.example.com/T0Pp4th+S3cret\r\n",
            "a redirect to https://elsewhere.example.com: give that address",
        ),
        ("308 Moved", "Location: ../qu3ry/\r\n", "a redirect to another path there"),
        ("304 Not Modified", "", "answered 304"),
    ] {
        let delivery = answered(move |request| {
            let body = if status.starts_with("304") { String::new() } else { echo(request) };
            respond(status, headers, body.as_bytes())
        });
        let (why, after) = refused(delivery);
        assert!(why.contains(words) && why.starts_with("http://127.0.0.1:"), "{why}");
        assert!(after.is_none(), "{why}");
        assert!(status.starts_with('3') || why.contains("no way to"), "{why}");
    }
    let gone = answered(move |request| respond("410 Gone", "", echo(request).as_bytes()));
    assert!(matches!(&gone, Delivery::Gone { why } if why.contains("no way to")), "{gone:?}");
}

#[test]
fn pauses_that_are_asked_for_are_passed_on() {
    let asks = |status: &'static str, value: &str| {
        let header = format!("Retry-After: {value}\r\n");
        refused(answered(move |_| respond(status, &header, b""))).1
    };
    let seconds = Duration::from_secs;
    assert_eq!(asks("429 Too Many Requests", "7"), Some(seconds(7)));
    assert_eq!(asks("503 Service Unavailable", "120"), Some(seconds(120)));
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(100);
    let date = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let pause = asks("429 Too Many Requests", &date).unwrap();
    assert!(pause <= seconds(100) && pause > seconds(10), "{pause:?}");
    assert_eq!(asks("500 Internal Server Error", "7"), None);
}

#[test]
fn what_is_answered_at_length_is_not_read_on() {
    let long = |status: &'static str| answered(move |_| respond(status, "", &vec![b'x'; 5 << 20]));
    assert_eq!(long("200 OK"), Delivery::Delivered);
    let (why, _) = refused(long("500 Oops"));
    assert!(why.contains("answered 500") && why.len() < 1000, "{why}");
}

/// A receiver that reads a request and then says something, forever or not.
fn raw(says: impl Fn(&mut std::net::TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let says = Arc::new(says);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, says) = (stream.unwrap(), Arc::clone(&says));
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // The check connects, and sends nothing.
                if stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    says(&mut stream);
                }
            });
        }
    });
    address
}

fn within(milliseconds: u64, address: &SocketAddr) -> WebhookSettings {
    let mut settings = settings(url("http", &address.to_string()));
    settings.timeout = Duration::from_millis(milliseconds);
    settings
}

#[test]
fn one_that_hangs_or_drips_holds_nobody_up() {
    let hangs = raw(|stream| {
        // Until the other side gives up.
        let _ = stream.read(&mut [0; 4096]);
    });
    let (why, _) = refused(post(within(200, &hangs)).0);
    assert!(why.contains("no answer from") && why.contains("within 0.2 s"), "{why}");
    assert!(why.contains("(the request was sent)"), "{why}");

    let drips = raw(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::yield_now();
        }
    });
    // It reads up to its limit, or gives up: either ends.
    let delivery = post(within(200, &drips)).0;
    assert!(matches!(delivery, Delivery::Delivered | Delivery::Refused { .. }), "{delivery:?}");
}

/// The status says what became of it, even where the rest does not come.
#[test]
fn an_answer_that_breaks_off_counts_by_its_status() {
    let breaks = |status: &'static str| {
        raw(move |stream| {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 1000\r\n\r\nsome");
            let _ = stream.write_all(head.as_bytes());
        })
    };
    assert_eq!(post(within(10_000, &breaks("200 OK"))).0, Delivery::Delivered);
    let (why, _) = refused(post(within(10_000, &breaks("500 Oops"))).0);
    assert!(why.contains("answered 500") && why.contains("some"), "{why}");
    let (why, _) = refused(post(within(10_000, &raw(|_| {}))).0);
    assert!(why.contains("broke"), "{why}");
}

#[test]
fn receivers_out_of_reach_are_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (delivery, report) = post(settings(url("http", &free.to_string())));
    let (why, _) = refused(delivery);
    assert!(why.contains("could not connect") && why.contains("nothing listens there"), "{why}");
    assert!(report.findings().any(|finding| finding.code == "refused"), "{report:?}");

    let (delivery, report) = post(settings(url("https", "nobody.invalid")));
    let (why, _) = refused(delivery);
    assert!(why.contains("could not connect to https://nobody.invalid/…"), "{why}");
    assert!(why.contains("name"), "{why}");
    assert!(report.findings().any(|finding| finding.code == "unknown-host"), "{report:?}");

    let certificate = Certificate::new("localhost", |_| {});
    let address = tls_host(certificate.tls());
    let mut settings = settings(url("https", &format!("localhost:{}", address.port())));
    let (delivery, report) = post(settings.clone());
    let (why, _) = refused(delivery);
    assert!(why.contains("could not connect") && why.contains("root_certificates"), "{why}");
    assert_eq!(report.step("tls").unwrap().outcome, Outcome::Finding, "{report:?}");
    settings.root_certificates = certificate.pem.clone().into_bytes();
    let (delivery, report) = post(settings);
    let (why, _) = refused(delivery);
    assert!(why.contains("answered 4"), "it is trusted: {why}");
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
}

#[test]
fn settings_that_make_no_webhook_are_named_without_being_shown() {
    let made = |url: &str, secret: Option<&str>| {
        let mut settings = WebhookSettings::new(url);
        settings.secret = secret.map(Into::into);
        WebhookSink::new("crm", settings).map_err(|error| (error.key, error.to_string()))
    };
    let https = "https://hooks.example.com/T0Pp4th+S3cret";
    assert!(made(https, Some("twenty-four bytes of text")).is_ok());
    for (url, secret, key, words) in [
        ("T0Pp4th+S3cret", None, "url", "not valid"),
        ("ftp://x/T0Pp4th+S3cret", None, "url", "must begin with https://"),
        ("https://me:T0Pp4th+S3cret@x/", None, "url", "user name or password"),
        (https, Some("T0Pp4th+S3cret"), "secret", "it has 14 bytes"),
        (https, Some("whsec_T0Pp4th=S3cret"), "secret", "not base64"),
        (https, Some("whsec_VDBQcDR0aCtTM2NyZXQ="), "secret", "it has 14 bytes"),
    ] {
        let (which, error) = made(url, secret).unwrap_err();
        assert_eq!(which, key, "{error}");
        assert!(error.contains(words), "{error}");
        assert_unseen(&error);
    }
    let mut settings = settings(https.to_owned());
    assert_unseen(&format!("{settings:?}"));
    settings.root_certificates = b"T0Pp4th".to_vec();
    let error = WebhookSink::new("crm", settings).unwrap_err();
    assert_eq!(error.key, "root_certificates");
}
