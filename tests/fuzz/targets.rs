//! What must hold for any bytes, a function for each target. Used by libFuzzer and, over the seeds
//! and some mutations of them, by the ordinary tests.

use std::path::{Path, PathBuf};

use external_providers::Secret;
use external_providers::compare::{Differences, Policy};
use external_providers::contract::raw::Presence;
use external_providers::contract::{
    Authenticate, GetCustomFieldOptions, Operation, OperationInfo, RegisterUser, StartTicket,
};
use external_providers::fixture::{Fixture, Redaction, export_har, import_har, load_one, store};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::redact::{Redactor, Rules};
use external_providers::replay::Replay;
use external_providers::secret::Mask;
use external_providers::settings::{Settings, Surroundings};
use external_providers::soap::{Binding, DecodeError, Envelope, Heading, Limits, SoapVersion};
use external_providers::wsdl::Documents;
use external_providers::xml::Reader;

mod corpus;
mod http;
mod peer_seeds;
mod peers;
mod providers;

pub use corpus::{mutated, seeds};

/// The password that seeds hold and that must get nowhere.
pub const PLANTED: &str = "hunter2xyz";

/// A name and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 23] = [
    ("answer", peers::answers),
    ("certificate", providers::certificate),
    ("cookie", providers::cookie),
    ("event", providers::event),
    ("fault", fault),
    ("fixture", fixture),
    ("gateway", http::gateway),
    ("har", har),
    ("hash", providers::hash),
    ("http", http::http),
    ("json", providers::json),
    ("ldap", peers::ldap),
    ("mask", mask),
    ("provider", providers::provider),
    ("redact", redact),
    ("replay", replay),
    ("request", request),
    ("response", response),
    ("rules", providers::rules),
    ("settings", settings),
    ("statement", providers::statement),
    ("text", text),
    ("wsdl", wsdl),
];

/// Runs the target of this name.
pub fn run(target: &str, data: &[u8]) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    run(data);
}

/// The first line says which of these content types the rest has.
const CONTENT_TYPES: [&str; 8] = [
    "text/xml; charset=utf-8",
    "application/soap+xml; charset=utf-8; action=\"http://tempuri.org/Authenticate\"",
    "text/xml",
    "text/xml; charset=utf-16",
    "text/xml; charset=windows-1252",
    "application/x-www-form-urlencoded",
    "application/json",
    "text/html; charset=utf-8",
];

/// A message of any bytes: the first chooses the content type.
fn message(data: &[u8]) -> (Headers, Vec<u8>) {
    let (choice, body) = data.split_first().unwrap_or((&0, &[]));
    let mut headers = Headers::new();
    headers.push("Content-Type", CONTENT_TYPES[usize::from(*choice) % CONTENT_TYPES.len()]);
    (headers, body.to_vec())
}

fn post(data: &[u8]) -> HttpRequest {
    let (mut headers, body) = message(data);
    headers.push("SOAPAction", "\"http://tempuri.org/Authenticate\"");
    HttpRequest { method: "POST".into(), target: "/Provider.asmx".into(), headers, body }
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes())
}

fn is_xml(text: &str) -> bool {
    let read = || {
        let mut reader = Reader::new(text, external_providers::xml::Limits::default())?;
        reader.root()?;
        reader.skip()?;
        reader.finish()
    };
    read().is_ok()
}

/// Without a password: redacted, then redacted again.
fn redact(data: &[u8]) {
    let request = post(data);
    let mut redactor = Redactor::new(Rules::default());
    redactor.know(&Secret::new(PLANTED));
    let once = redactor.request(&request);
    // Names are not secrets' places: an element, an attribute, a namespace called so stays.
    let text = String::from_utf8_lossy(&once.body);
    let mut words = text.split(['<', ' ', '\t', '\r', '\n']);
    let in_name = words.any(|word| {
        let name = word.split(['>', '=']).next().unwrap_or_default();
        name.contains(PLANTED) || word.starts_with("xmlns")
    });
    assert!(in_name || !holds(&once.body), "kept: {text}");
    if request.headers == once.headers && std::str::from_utf8(&request.body).is_ok_and(is_xml) {
        assert!(is_xml(&text), "no XML any more: {text}");
    }
    if !is_xml(&text) {
        return;
    }
    let numbers = redactor.used().iter().map(|placeholder| placeholder.number);
    let mut again = Redactor::new(Rules::default());
    again.start_after(numbers.max().unwrap_or(0));
    let twice = again.request(&once);
    assert_eq!(String::from_utf8_lossy(&twice.body), text, "redacted again");
}

fn mask(data: &[u8]) {
    let mask = Mask::new([&Secret::new(PLANTED)]);
    let text = String::from_utf8_lossy(data);
    for masked in [
        mask.apply(&text),
        mask.apply_values(&text),
        mask.apply_to_start(&text, data.len() / 2),
        mask.apply_to_name(&text),
    ] {
        assert!(!holds(masked.as_bytes()), "{masked}");
    }
}

/// Reads a request as an operation; what comes of it is written, and read as the same.
fn survives<T: Operation + PartialEq + std::fmt::Debug>(request: &HttpRequest) {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let binding = Binding::new("http://tempuri.org/", version);
        let Ok(call) = binding.decode_request::<T>(request) else { continue };
        let password = call.auth_password.as_ref();
        let Ok(written) = binding.encode_request("/", password, &call.request) else { continue };
        // A carriage return is written as it is, and read as a line feed: so does .NET.
        if written.body.contains(&b'\r') {
            continue;
        }
        let again = binding.decode_request::<T>(&written).expect("our own writing");
        let twice = binding.encode_request("/", password, &again.request).expect("once more");
        assert_eq!(written.body, twice.body);
    }
}

fn request(data: &[u8]) {
    let request = post(data);
    survives::<Authenticate>(&request);
    survives::<GetCustomFieldOptions>(&request);
    survives::<StartTicket>(&request);
    let _ = Envelope::read(&request, "http://tempuri.org/", &Limits::default());
}

fn response(data: &[u8]) {
    let status = [200, 500, 302, 403][usize::from(data.first().copied().unwrap_or(0) >> 6)];
    let (headers, body) = message(data);
    let response = HttpResponse { status, headers, body };
    let mask = Mask::new([&Secret::new(PLANTED)]);
    fn no_password<T, E: std::error::Error>(result: Result<T, E>) {
        let Err(error) = result else { return };
        let mut text = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&error.to_string());
            source = error.source();
        }
        assert!(!holds(text.as_bytes()), "{text}");
    }
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let binding = Binding::new("http://tempuri.org/", version);
        no_password(binding.decode_response::<Authenticate>(&response, &mask));
        no_password(binding.decode_response::<GetCustomFieldOptions>(&response, &mask));
        no_password(binding.decode_response::<RegisterUser>(&response, &mask));
        let raw = binding.decode_raw_response("StartTicket", &response, &mask);
        let info = OperationInfo::named("StartTicket").expect("an operation");
        if let Ok(result) = &raw
            && let Ok(written) = binding.encode_raw_response(info.name, result)
            && !written.body.contains(&b'\r')
        {
            let again = binding.decode_raw_response(info.name, &written, &mask);
            assert_eq!(again.as_ref().ok(), Some(result));
        }
        no_password(raw);
    }
}

/// A fault as it comes, in either version, and what is read of it, written and read again.
fn fault(data: &[u8]) {
    let (headers, body) = message(data);
    let response = HttpResponse { status: 500, headers, body };
    let mask = Mask::new([&Secret::new(PLANTED)]);
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let binding = Binding::new("http://tempuri.org/", version);
        let read = |response| match binding.decode_response::<Authenticate>(response, &mask) {
            Err(DecodeError::Fault(fault)) => Some(*fault),
            _ => None,
        };
        let Some(fault) = read(&response) else { continue };
        assert!(!holds(format!("{fault} {fault:?}").as_bytes()), "{fault:?}");
        let written = fault.encode(version);
        if written.body.contains(&b'\r') {
            continue;
        }
        let again = read(&written).expect("our own writing");
        assert_eq!(again.reason, fault.reason);
    }
}

fn exchange(request: HttpRequest, outcome: Outcome) -> Fixture {
    Fixture {
        name: "one".to_owned(),
        sequence: 1,
        recorded: jiff::Timestamp::UNIX_EPOCH,
        took: std::time::Duration::ZERO,
        count: 1,
        operation: None,
        soap: None,
        request,
        request_version: HttpVersion::Http11,
        outcome,
        redaction: Redaction::default(),
        policy: Policy::default(),
    }
}

fn answered(status: u16) -> Outcome {
    let response = HttpResponse { status, headers: Headers::new(), body: Vec::new() };
    Outcome::Answered(Answered { response, reason: "OK".into(), version: HttpVersion::Http11 })
}

fn replay(data: &[u8]) {
    let request = post(data);
    let found = Differences::of_requests(&request, &request, &Policy::default());
    assert!(found.is_empty(), "differs from itself: {found:?}");
    let mut redactor = Redactor::new(Rules::default());
    let (redacted, outcome) = redactor.recorded(&request, &answered(200));
    let mut fixture = exchange(redacted, outcome);
    fixture.redaction.placeholders = redactor.used().to_vec();
    let replay = Replay::new(vec![fixture]).expect("no patterns");
    // Of what is no SOAP message nothing is promised: where it is no XML either, a secret's end is a
    // guess.
    if Envelope::read(&request, "http://tempuri.org/", &Limits::default()).is_err() {
        return;
    }
    if let Err(miss) = replay.answer(&request) {
        panic!("does not match itself: {miss}");
    }
}

fn wsdl(data: &[u8]) {
    let mut documents = Documents::default();
    // A schema may stand behind a line of its own.
    let mut parts = data.split(|b| *b == 0);
    for (n, part) in parts.by_ref().take(4).enumerate() {
        let namespace = (n > 0).then_some("urn:x");
        if documents.add("fuzz", part, "text/xml", namespace).is_err() && n == 0 {
            return;
        }
    }
    let complete = parts.next().is_none();
    let Ok(description) = documents.finish(complete) else { return };
    for found in &description.find().found {
        for difference in description.compare(found) {
            assert!(!difference.to_string().is_empty());
        }
        let _ = found.binding(SoapVersion::V11);
    }
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("external-providers-fuzz-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fixture(data: &[u8]) {
    let folder = Folder::new();
    let one = folder.0.join("one");
    std::fs::create_dir(&one).expect("a folder");
    std::fs::write(one.join("exchange.toml"), data).expect("written");
    for body in ["request.xml", "response.xml", "request.bin", "response.bin"] {
        std::fs::write(one.join(body), b"<a/>").expect("written");
    }
    let Ok(loaded) = load_one(&one) else { return };
    let stored = store(&folder.0.join("again"), &loaded).expect("stored");
    let again = load_one(&stored).expect("our own writing");
    assert_eq!(again, Fixture { name: again.name.clone(), ..loaded });
}

fn har(data: &[u8]) {
    let Ok(imported) = import_har(&String::from_utf8_lossy(data), &Rules::default(), &[]) else {
        return;
    };
    let exported = export_har(&imported.fixtures, None);
    let again = import_har(&exported, &Rules::default(), &[]).expect("our own writing");
    assert!(again.skipped.is_empty(), "{:?}", again.skipped);
    assert_eq!(again.fixtures.len(), imported.fixtures.len());
    for (again, first) in again.fixtures.iter().zip(&imported.fixtures) {
        assert_eq!(again.request.target, first.request.target);
        assert_eq!(again.request.body, first.request.body);
        assert_eq!(
            again.answer().map(|a| a.response.status),
            first.answer().map(|a| a.response.status)
        );
    }
}

fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Keys are shown as they are, and so is what names a file or a variable.
    let named = text.lines().filter(|line| holds(line.as_bytes())).any(|line| {
        let (key, _) = line.split_once('=').unwrap_or((line, ""));
        let names = ["_file", "_env", "_credential", "certificates"];
        holds(key.as_bytes()) || names.iter().any(|name| key.contains(name))
    });
    let surroundings = Surroundings { folder: Path::new("/nonexistent"), variable: &|_| None };
    if text.contains("/dev/") || text.contains("/proc/") {
        return;
    }
    let shown = match Settings::parse_in(&text, "fuzz", surroundings) {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(named || !holds(shown.as_bytes()), "{shown}");
}

fn text(data: &[u8]) {
    let read = Secret::read(data);
    if let Ok(secret) = &read {
        assert!(!secret.is_empty() && !secret.expose().contains(['\r', '\n']));
    }
    let shown = format!("{read:?}");
    assert!(!holds(shown.as_bytes()), "{shown}");
    // The SOAPAction header is decoded as an address is.
    let text = String::from_utf8_lossy(data);
    let heading = Heading::new("text/xml; charset=utf-8", Some(&text));
    let _ = heading.route(|action| (!action.is_empty()).then_some(()));
    let _ = Heading::new(&text, None).route(|_| Some(()));
    let _ = Presence::Value(external_providers::secret::is_secret_key(&text));
}
