//! Recording sessions: modes, names, numbers, and what is left when something goes wrong.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::client::{Transport, TransportError, TransportErrorKind};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::exchange::{HttpRequest, HttpResponse};
use external_providers::fixture::{
    Answered, Decision, Fixture, HttpVersion, Mode, Outcome, RecordError, Recorder, Recording,
    Rules, load,
};
use external_providers::soap::{Binding, Fault, FaultCode, SoapVersion};
use external_providers::{CallError, Client, Secret};

use crate::support::Folder;

const PASSWORD: &str = "s3cret-auth";

fn asked(user: &str, password: &str) -> HttpRequest {
    let request = Authenticate {
        login_username: user.into(),
        login_password: password.into(),
        ..Default::default()
    };
    Binding::default().encode_request("/Provider.asmx", Some(&PASSWORD.into()), &request).unwrap()
}

fn answer(message: &str) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><AuthenticateResponse \
         xmlns=\"http://tempuri.org/\"><AuthenticateResult><Success>true</Success><Message>{message}\
         </Message><OutputVariables><string>Authentication=OK</string></OutputVariables>\
         </AuthenticateResult></AuthenticateResponse></soap:Body></soap:Envelope>"
    );
    let mut headers = external_providers::exchange::Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    HttpResponse { status: 200, headers, body: body.into_bytes() }
}

fn answered(response: HttpResponse) -> Outcome {
    Outcome::Answered(Answered { response, reason: "OK".into(), version: HttpVersion::Http11 })
}

fn open(dir: &Path, mode: Mode) -> Recording {
    Recording::open(dir, mode, Rules::default()).unwrap()
}

fn keep(recording: &Recording, request: &HttpRequest, message: &str) -> Option<String> {
    let outcome = answered(answer(message));
    recording.keep(request, HttpVersion::Http11, outcome, Duration::from_millis(3)).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    load(dir).unwrap().into_iter().map(|fixture| fixture.name).collect()
}

fn is_forward(decision: &Decision) -> bool {
    matches!(decision, Decision::Forward)
}

/// Every byte of every file below a directory.
fn everything(dir: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        all.push_str(&path.display().to_string());
        match path.is_dir() {
            true => all.push_str(&everything(&path)),
            false => all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
        }
    }
    all
}

#[test]
fn once_records_and_from_then_on_replays() {
    let scratch = Folder::new("recording-once");
    let dir = scratch.path().join("made/here");
    let recording = open(&dir, Mode::Once).with_secrets([Secret::new("upstream-key")]);
    for (password, message) in [
        ("right-one", "Login Successful"),
        ("wrong-one", "No: upstream-key"),
        ("right-one", "Login Successful"),
    ] {
        let request = asked("me", password);
        assert!(is_forward(&recording.decide(&request)));
        keep(&recording, &request, message).unwrap();
    }
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed, summary.kept, summary.unmatched), (3, 0, 0, 0));
    let expected = ["authenticate-login-successful-11", "authenticate-login-successful-11-2"];
    assert_eq!(summary.names[0], expected[0]);
    let fixtures = load(&dir).unwrap();
    assert_eq!(fixtures.len(), 3);
    assert_eq!(fixtures[2].name, expected[1]);
    assert!(fixtures[1].name.starts_with("authenticate-no-redacted-"), "{}", fixtures[1].name);
    assert_eq!(fixtures.iter().map(|f| f.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(fixtures[0].operation.as_deref(), Some("Authenticate"));
    assert_eq!(fixtures[0].soap, Some(SoapVersion::V11));
    assert_eq!(fixtures[0].took, Duration::from_millis(3));
    let keys: Vec<_> = fixtures[0].redaction.placeholders.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["authPW", "loginPassword"]);
    let all = everything(scratch.path());
    for secret in [PASSWORD, "right-one", "wrong-one", "upstream-key"] {
        assert!(!all.contains(secret), "{secret}");
    }
    drop(recording);

    let recording = open(&dir, Mode::Once);
    assert_eq!(recording.len(), 3);
    let Decision::Answer(first) = recording.decide(&asked("me", "right-one")) else { panic!() };
    assert_eq!(first.fixture.name, expected[0]);
    let Decision::Answer(second) = recording.decide(&asked("me", "wrong-one")) else { panic!() };
    assert_eq!(second.fixture.name, fixtures[1].name, "a wrong password stays wrong");
    let Decision::Refuse(_) = recording.decide(&asked("other", "right-one")) else { panic!() };
    assert_eq!(keep(&recording, &asked("other", "x"), "x"), None);
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed, summary.unmatched), (0, 2, 1));
    assert_eq!(load(&dir).unwrap(), fixtures);
}

#[test]
fn none_needs_a_recording_and_writes_nothing() {
    let scratch = Folder::new("recording-none");
    let missing = scratch.path().join("missing");
    let error = Recording::open(&missing, Mode::None, Rules::default()).unwrap_err();
    assert!(matches!(error, RecordError::Load { .. }), "{error}");
    assert!(!missing.exists());
    keep(&open(scratch.path(), Mode::Once), &asked("me", "right"), "ok").unwrap();
    let before = everything(scratch.path());
    let recording = open(scratch.path(), Mode::None);
    assert!(matches!(recording.decide(&asked("me", "x")), Decision::Answer(_)));
    assert!(matches!(recording.decide(&asked("you", "x")), Decision::Refuse(_)));
    assert_eq!(keep(&recording, &asked("you", "x"), "x"), None);
    assert_eq!(everything(scratch.path()), before);
}

#[test]
fn new_goes_on_where_the_recording_ends() {
    let scratch = Folder::new("recording-new");
    keep(&open(scratch.path(), Mode::New), &asked("me", "right"), "Hi").unwrap();
    let recording = open(scratch.path(), Mode::New);
    assert!(matches!(recording.decide(&asked("me", "right")), Decision::Answer(_)));
    let other = asked("you", "secret-2");
    assert!(is_forward(&recording.decide(&other)));
    assert_eq!(keep(&recording, &other, "Hi").as_deref(), Some("authenticate-hi-11-2"));
    assert!(matches!(recording.decide(&other), Decision::Answer(_)), "it is there now");
    let wrong = asked("you", "another");
    assert!(is_forward(&recording.decide(&wrong)), "another secret is another request");
    assert_eq!(keep(&recording, &wrong, "No").as_deref(), Some("authenticate-no-11"));
    let fixtures = load(scratch.path()).unwrap();
    assert_eq!(fixtures.iter().map(|f| f.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let numbers =
        |f: &Fixture| f.redaction.placeholders.iter().map(|p| p.number).collect::<Vec<_>>();
    assert_eq!(numbers(&fixtures[0]), [1, 2]);
    assert_eq!(numbers(&fixtures[1]), [3, 4], "what an earlier session masked is not known");
    assert_eq!(numbers(&fixtures[2]), [3, 5]);
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed), (2, 2));
}

#[test]
fn spy_forwards_all_and_keeps_what_is_new() {
    let scratch = Folder::new("recording-spy");
    let recording = open(scratch.path(), Mode::Spy);
    for (user, kept) in [("me", true), ("me", false), ("you", true), ("me", false)] {
        let request = asked(user, "right");
        assert!(is_forward(&recording.decide(&request)));
        assert_eq!(keep(&recording, &request, "Hi").is_some(), kept);
    }
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.kept), (2, 2));
    assert_eq!(names(scratch.path()), ["authenticate-hi-11", "authenticate-hi-11-2"]);
}

#[test]
fn all_replaces_the_recording_at_once() {
    let scratch = Folder::new("recording-all");
    let dir = scratch.path().join("crm");
    keep(&open(&dir, Mode::Once), &asked("me", "right"), "Hi").unwrap();
    keep(&open(&dir, Mode::New), &asked("you", "right"), "Old").unwrap();
    std::fs::write(dir.join("README.md"), "about").unwrap();
    let file = dir.join("authenticate-hi-11/exchange.toml");
    let described = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, described + "\n[match]\nignore = [\"x\"]\n").unwrap();
    let before = everything(&dir);

    // A session that is killed: nothing happens to what is there.
    let killed = open(&dir, Mode::All);
    keep(&killed, &asked("me", "right"), "Hi").unwrap();
    assert_eq!(everything(&dir), before);
    drop(killed);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 2, "what it left");

    // One that records nothing.
    open(&dir, Mode::All).finish().unwrap();
    assert_eq!(everything(&dir), before);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing is left");

    let recording = open(&dir, Mode::All);
    assert!(is_forward(&recording.decide(&asked("me", "right"))));
    keep(&recording, &asked("me", "right"), "Hi").unwrap();
    keep(&recording, &asked("me", "wrong"), "New").unwrap();
    assert_eq!(everything(&dir), before);
    assert_eq!(recording.finish().unwrap().recorded, 2);
    assert_eq!(names(&dir), ["authenticate-hi-11", "authenticate-new-11"]);
    assert_eq!(load(&dir).unwrap()[0].policy.ignore, ["x"], "what testers wrote stays");
    assert_eq!(load(&dir).unwrap()[0].redaction.placeholders[0].number, 1);
    assert_eq!(std::fs::read_to_string(dir.join("README.md")).unwrap(), "about");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
    let late = recording.keep(
        &asked("me", "x"),
        HttpVersion::Http11,
        answered(answer("x")),
        Duration::ZERO,
    );
    assert!(matches!(late, Err(RecordError::Finished)));
    drop(recording);

    // A directory with anything else in it is not for this.
    std::fs::create_dir(dir.join(".git")).unwrap();
    let error = Recording::open(&dir, Mode::All, Rules::default()).unwrap_err();
    assert!(matches!(&error, RecordError::Foreign(path) if path.ends_with(".git")), "{error}");
    std::fs::remove_dir(dir.join(".git")).unwrap();
    std::fs::create_dir_all(dir.join("src/deep")).unwrap();
    std::fs::write(dir.join("src/deep/main.rs"), "").unwrap();
    let error = Recording::open(&dir, Mode::All, Rules::default()).unwrap_err();
    assert!(error.to_string().contains("main.rs is no part of a recording"), "{error}");
}

#[test]
fn what_cannot_be_recorded_is_said_and_leaves_nothing() {
    let scratch = Folder::new("recording-trouble");
    let dir = scratch.path().join("crm");
    let recording = open(&dir, Mode::Once);
    if cfg!(unix) {
        let busy = Recording::open(&dir, Mode::New, Rules::default()).unwrap_err();
        assert!(matches!(busy, RecordError::Busy(_)), "{busy}");
    }
    let mut packed = answer("x");
    packed.headers.push("Content-Encoding", "gzip");
    let keep_raw = |response| {
        recording.keep(&asked("me", "x"), HttpVersion::Http11, answered(response), Duration::ZERO)
    };
    let error = keep_raw(packed).unwrap_err();
    assert!(error.to_string().contains("compressed (gzip)"), "{error}");
    assert!(error.to_string().contains("no Accept-Encoding"), "{error}");
    let mut sent = asked("me", "x");
    sent.headers.push("content-encoding", "br");
    let error = recording.keep(&sent, HttpVersion::Http11, answered(answer("x")), Duration::ZERO);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("request is compressed (br)") && error.contains("as it is"), "{error}");
    let mut large = answer("x");
    large.body = vec![b'x'; external_providers::fixture::BODY_LIMIT + 1];
    assert!(matches!(keep_raw(large), Err(RecordError::Store(_))));
    assert_eq!(load(&dir).unwrap(), []);
    // What a full disk leaves is as little: here a file stands where a directory is to be made.
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::write(&dir, "").unwrap();
    let error = keep_raw(answer("x")).unwrap_err();
    assert!(error.to_string().contains("not recorded"), "{error}");
    std::fs::remove_file(&dir).unwrap();
    assert!(keep_raw(answer("x")).unwrap().is_some(), "it goes on when it can");
    assert_eq!(load(&dir).unwrap()[0].sequence, 1);
    assert_eq!(recording.finish().unwrap().failed, 4);
    drop(recording);
    // Left by a kill, and gone with the next session.
    std::fs::create_dir(dir.join(".unfinished-1-1")).unwrap();
    drop(open(&dir, Mode::New));
    assert!(!dir.join(".unfinished-1-1").exists());
    // A broken recording is named.
    std::fs::write(dir.join("authenticate-x-11/exchange.toml"), "schema = 9").unwrap();
    let error = Recording::open(&dir, Mode::New, Rules::default()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("exchange.toml: line 1: schema: is newer"), "{source}");
}

#[test]
fn a_recording_is_not_replaced_by_one_with_gaps() {
    let scratch = Folder::new("recording-gaps");
    let dir = scratch.path().join("crm");
    let beside = || -> Vec<_> {
        let entries = std::fs::read_dir(scratch.path()).unwrap().map(|e| e.unwrap().path());
        entries.filter(|path| *path != dir).collect()
    };
    // What never began leaves nothing.
    drop(open(&dir, Mode::All));
    assert!(beside().is_empty());
    let old = open(&dir, Mode::Once);
    keep(&old, &asked("me", "x"), "Old");
    drop(old);
    let recording = open(&dir, Mode::All);
    keep(&recording, &asked("me", "x"), "New");
    // The disk refuses for a while: a file stands where the new recording grows.
    let [stage] = &beside()[..] else { panic!("{:?}", beside()) };
    let aside = scratch.path().join("aside");
    std::fs::rename(stage, &aside).unwrap();
    std::fs::write(stage, "").unwrap();
    let outcome = || answered(answer("Lost"));
    let lost = recording.keep(&asked("me", "x"), HttpVersion::Http11, outcome(), Duration::ZERO);
    assert!(matches!(lost, Err(RecordError::Store(_))));
    std::fs::remove_file(stage).unwrap();
    std::fs::rename(&aside, stage).unwrap();
    let error = recording.finish().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("1 exchanges could not be written"), "{text}");
    assert!(text.contains(stage.to_str().unwrap()), "{text}");
    drop(recording);
    assert_eq!(names(&dir), ["authenticate-old-11"]);
    assert_eq!(names(stage), ["authenticate-new-11"]);
}

#[test]
fn a_directory_that_cannot_be_replaced_leaves_the_new_recording_beside() {
    let scratch = Folder::new("recording-replace");
    let dir = scratch.path().join("crm");
    let recording = open(&dir, Mode::All);
    keep(&recording, &asked("me", "x"), "New");
    std::fs::remove_dir(&dir).unwrap();
    std::fs::write(&dir, "").unwrap();
    let error = recording.finish().unwrap_err();
    let RecordError::Replace { kept, .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains(kept.to_str().unwrap()), "{error}");
    assert_eq!(names(kept), ["authenticate-new-11"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_takes_nothing_is_told_at_the_start() {
    let error = Recording::open("/proc/self/fdinfo", Mode::New, Rules::default()).unwrap_err();
    assert!(matches!(error, RecordError::Directory(_)), "{error}");
}

#[test]
fn faults_pages_and_failures_have_names() {
    let scratch = Folder::new("recording-names");
    let recording = open(scratch.path(), Mode::Once);
    let reason =
        "Server was unable to process request. ---> Index was outside the bounds of the array.";
    let fault = Fault::new(FaultCode::Server, reason).encode(SoapVersion::V12);
    let binding = Binding::new("http://tempuri.org/", SoapVersion::V12);
    let call = binding.encode_request("/a", None, &Authenticate::default()).unwrap();
    let mut page =
        HttpRequest { method: "GET".into(), target: "/a.asmx?wsdl".into(), ..call.clone() };
    page.headers = Default::default();
    page.body.clear();
    let mut empty = answer("");
    (empty.status, empty.body) = (400, Vec::new());
    for (request, outcome, name) in [
        (&call, answered(fault), "authenticate-fault-index-was-outside-the-bounds-of-12"),
        (&call, answered(empty), "authenticate-400-12"),
        (&call, answered(answer("")), "authenticate-success-12"),
        (&call, Outcome::Failed("down".into()), "authenticate-no-answer-12"),
        (&page, answered(HttpResponse { status: 200, ..answer("") }), "wsdl-success"),
        (&page, answered(HttpResponse { body: b"<x/>".to_vec(), ..answer("") }), "wsdl"),
    ] {
        let kept = recording.keep(request, HttpVersion::Http10, outcome.clone(), Duration::ZERO);
        assert_eq!(kept.unwrap().as_deref(), Some(name));
        assert_eq!(load(scratch.path()).unwrap().last().unwrap().outcome, outcome);
    }
}

/// A service that answers what is put in.
struct Service(Mutex<Vec<Result<HttpResponse, TransportError>>>);

impl Transport for Service {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.0.lock().unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_client_is_recorded_and_replayed() {
    let scratch = Folder::new("recording-client");
    let down = TransportError {
        service: "http://h/".into(),
        kind: TransportErrorKind::Connect("refused right-one".into()),
        sent: false,
    };
    let request = |user: &str| Authenticate {
        login_username: user.into(),
        login_password: "right-one".into(),
        ..Default::default()
    };
    let client = |service: Vec<Result<HttpResponse, TransportError>>, mode| {
        let recording = Arc::new(open(scratch.path(), mode));
        let client = Client::new("http://localhost/Provider.asmx", PASSWORD).unwrap();
        client.over(|_| Recorder::new(Service(Mutex::new(service)), recording))
    };
    let live = client(vec![Ok(answer("Hi")), Err(down)], Mode::Once);
    let said = live.call(request("me")).await.unwrap();
    let failed = live.call(request("you")).await.unwrap_err();
    assert!(matches!(failed, CallError::Transport(_)), "{failed}");
    assert_eq!(live.transport().recording().finish().unwrap().recorded, 2);
    drop(live);
    assert!(!everything(scratch.path()).contains("right-one"));

    let replayed = client(vec![], Mode::None);
    let again = replayed.call(request("me")).await.unwrap();
    assert!(matches!(again.result, Authentication::Authenticated { .. }));
    assert_eq!(again, said);
    let failed = replayed.call(request("you")).await.unwrap_err().to_string();
    assert!(failed.contains("502"), "{failed}");
    let unknown = replayed.call(request("nobody")).await.unwrap_err().to_string();
    assert!(unknown.contains("recording"), "{unknown}");
}
