//! Recording sessions: modes, names, numbers, and what is left when something goes wrong.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::client::{Transport, TransportError, TransportErrorKind};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::fixture::{Fixture, load};
use external_providers::http::{
    Answered, ConnectCause, ConnectError, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::record::{
    Decision, Mode, RecordError, Recorder, Recording, RecordingOptions,
};
use external_providers::redact::Rules;
use external_providers::soap::{Binding, Fault, FaultCode, SoapVersion};
use external_providers::{CallError, Client, Secret};

use crate::support::Folder;

const PASSWORD: &str = "s3cret-auth";

pub(crate) fn asked(user: &str, password: &str) -> HttpRequest {
    let request = Authenticate {
        login_username: user.into(),
        login_password: password.into(),
        ..Default::default()
    };
    Binding::default().encode_request("/Provider.asmx", Some(&PASSWORD.into()), &request).unwrap()
}

pub(crate) fn answer(message: &str) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><AuthenticateResponse \
         xmlns=\"http://tempuri.org/\"><AuthenticateResult><Success>true</Success><Message>{message}\
         </Message><OutputVariables><string>Authentication=OK</string></OutputVariables>\
         </AuthenticateResult></AuthenticateResponse></soap:Body></soap:Envelope>"
    );
    let mut headers = external_providers::http::Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    HttpResponse { status: 200, headers, body: body.into_bytes() }
}

pub(crate) fn answered(response: HttpResponse) -> Outcome {
    Outcome::Answered(Answered { response, reason: "OK".into(), version: HttpVersion::Http11 })
}

pub(crate) fn open(dir: &Path, mode: Mode) -> Recording {
    Recording::open(dir, mode, Rules::default()).unwrap()
}

pub(crate) fn keep(recording: &Recording, request: &HttpRequest, message: &str) -> Option<String> {
    let outcome = answered(answer(message));
    recording.keep(request, HttpVersion::Http11, outcome, Duration::from_millis(3)).unwrap()
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    load(dir).unwrap().into_iter().map(|fixture| fixture.name).collect()
}

fn is_forward(decision: &Decision) -> bool {
    matches!(decision, Decision::Forward)
}

/// The directory in another one whose name begins so.
pub(crate) fn hidden(dir: &Path, prefix: &str) -> std::path::PathBuf {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut found = names.filter(|name| name.to_str().unwrap().starts_with(prefix));
    let name = found.next().unwrap_or_else(|| panic!("{prefix}"));
    assert_eq!(found.next(), None);
    dir.join(name)
}

/// Every byte of every file below a directory.
fn everything(dir: &Path) -> String {
    let mut all = String::new();
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        all.push_str(&path.display().to_string());
        match path.is_dir() {
            true => all.push_str(&everything(&path)),
            false => all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
        }
    }
    all
}

#[test]
fn once_makes_a_recording_and_refuses_to_touch_one() {
    let scratch = Folder::new("recording-once");
    let dir = scratch.path().join("made/here");
    let recording = open(&dir, Mode::Once).with_secrets([Secret::new("upstream-key")]);
    for (password, message) in [
        ("right-one", "Login Successful"),
        ("wrong-one", "No: upstream-key"),
        ("right-one", "Login Successful again"),
    ] {
        let request = asked("me", password);
        assert!(is_forward(&recording.decide(&request)));
        keep(&recording, &request, message).unwrap();
    }
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed, summary.kept, summary.unmatched), (3, 0, 0, 0));
    let expected = [
        "00001-authenticate-login-successful-soap11",
        "00003-authenticate-login-successful-again-soap11",
    ];
    let fixtures = load(&dir).unwrap();
    assert_eq!(fixtures[0].name, expected[0]);
    assert_eq!(fixtures.len(), 3);
    assert_eq!(fixtures[2].name, expected[1]);
    let second = &fixtures[1].name;
    assert!(second.starts_with("00002-authenticate-no-redacted-"), "{second}");
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
    let error = Recording::open(&dir, Mode::Once, Rules::default()).unwrap_err();
    assert!(matches!(error, RecordError::Exists { found: 3, .. }), "{error}");
    for way_out in ["--mode new", "all", "replay-or-record", "replay-only", "another directory"] {
        assert!(error.to_string().contains(way_out), "{error}");
    }
    assert_eq!(everything(scratch.path()), all, "nothing is changed by that");
    // What is there and holds no recording will do.
    let empty = scratch.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(empty.join("README.md"), "about").unwrap();
    assert!(open(&empty, Mode::Once).is_empty());
}

#[test]
fn nothing_is_answered_from_a_recording_unless_the_mode_says_so() {
    let scratch = Folder::new("recording-forward");
    keep(&open(scratch.path(), Mode::New), &asked("me", "right"), "Hi").unwrap();
    for mode in Mode::ALL.into_iter().filter(|mode| *mode != Mode::Once) {
        let recording = open(scratch.path(), mode);
        let decision = recording.decide(&asked("me", "right"));
        assert_eq!(is_forward(&decision), !mode.replays(), "{mode}: {decision:?}");
    }
    assert!(!Mode::default().replays() && !Mode::Once.replays());
}

#[test]
fn replay_only_needs_a_recording_and_writes_nothing() {
    let scratch = Folder::new("recording-none");
    let missing = scratch.path().join("missing");
    let error = Recording::open(&missing, Mode::ReplayOnly, Rules::default()).unwrap_err();
    assert!(matches!(error, RecordError::Load { .. }), "{error}");
    assert!(!missing.exists());
    keep(&open(scratch.path(), Mode::Once), &asked("me", "right"), "ok").unwrap();
    let before = everything(scratch.path());
    let recording = open(scratch.path(), Mode::ReplayOnly);
    assert!(matches!(recording.decide(&asked("me", "x")), Decision::Answer(_)));
    assert!(matches!(recording.decide(&asked("you", "x")), Decision::Refuse(_)));
    assert_eq!(keep(&recording, &asked("you", "x"), "x"), None);
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed, summary.unmatched), (0, 1, 1));
    assert_eq!(everything(scratch.path()), before);
}

#[test]
fn replay_or_record_answers_from_what_was_there_and_records_the_rest() {
    let scratch = Folder::new("recording-rest");
    keep(&open(scratch.path(), Mode::New), &asked("me", "right"), "Hi").unwrap();
    let recording = open(scratch.path(), Mode::ReplayOrRecord);
    assert!(matches!(recording.decide(&asked("me", "right")), Decision::Answer(_)));
    let other = asked("you", "secret-2");
    for message in ["Hi", "Hi again"] {
        assert!(is_forward(&recording.decide(&other)), "what came since is not there yet");
        keep(&recording, &other, message).unwrap();
    }
    let fixtures = load(scratch.path()).unwrap();
    assert_eq!(fixtures.iter().map(|f| f.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let numbers =
        |f: &Fixture| f.redaction.placeholders.iter().map(|p| p.number).collect::<Vec<_>>();
    assert_eq!(numbers(&fixtures[0]), [1, 2]);
    assert_eq!(numbers(&fixtures[1]), [3, 4], "what an earlier session masked is not known");
    assert_eq!(numbers(&fixtures[2]), [3, 4]);
    let summary = recording.finish().unwrap();
    assert_eq!((summary.recorded, summary.replayed), (2, 1));
}

/// Sessions of [`Mode::New`]: what each is asked and answers (user, password, message), and how many
/// of these it writes, counts, and finds there.
type Session<'s> = (&'s [(&'s str, &'s str, &'s str)], [u64; 3]);

#[test]
fn new_keeps_what_earlier_sessions_have_not_recorded() {
    let (ok, no) = ("Login Successful", "Login Failure");
    let cases: [(&str, &[Session<'_>]); 9] = [
        (
            "a refusal that differs in the password only",
            &[
                (&[("me", "right", ok)], [1, 0, 0]),
                (&[("me", "wrong", no), ("me", "right", ok)], [1, 0, 1]),
                (&[("me", "wrong", no), ("me", "right", ok)], [0, 0, 2]),
            ],
        ),
        (
            "another answer",
            &[
                (&[("me", "right", ok)], [1, 0, 0]),
                (&[("me", "right", "Expired")], [1, 0, 0]),
                (&[("me", "right", "Expired"), ("me", "right", ok)], [0, 0, 2]),
            ],
        ),
        (
            "another password with the same answer, as far as can be said",
            &[
                (&[("me", "right", ok)], [1, 0, 0]),
                (&[("me", "right", ok), ("me", "other", ok), ("me", "right", ok)], [1, 0, 2]),
                (&[("me", "a", ok), ("me", "b", ok), ("me", "c", ok)], [1, 0, 2]),
            ],
        ),
        (
            "equal requests of one session, answered differently",
            &[
                (&[("me", "x", "1"), ("me", "x", "2"), ("me", "x", "3")], [3, 0, 0]),
                (&[("me", "x", "1"), ("me", "x", "4"), ("me", "x", "4")], [1, 1, 1]),
            ],
        ),
        (
            "equal requests of one session, answered equally",
            &[
                (&[("me", "x", ok), ("me", "x", ok), ("me", "x", ok)], [1, 2, 0]),
                (&[("me", "x", ok), ("me", "x", ok)], [0, 0, 2]),
            ],
        ),
        (
            "an answer that comes again after another",
            &[(&[("me", "x", "1"), ("me", "x", "2"), ("me", "x", "1")], [3, 0, 0])],
        ),
        (
            "another user with the same password",
            &[
                (&[("me", "x", ok)], [1, 0, 0]),
                (&[("you", "x", ok), ("me", "x", ok), ("you", "x", ok)], [1, 1, 1]),
            ],
        ),
        (
            "secrets that were one and are two, and the other way round",
            &[
                (&[("me", PASSWORD, ok), ("you", "y", ok)], [2, 0, 0]),
                (&[("me", "x", ok)], [1, 0, 0]),
                (&[("you", PASSWORD, ok)], [1, 0, 0]),
            ],
        ),
        (
            "nothing new",
            &[
                (&[("me", "x", ok), ("you", "y", no)], [2, 0, 0]),
                (&[("you", "y", no), ("me", "x", ok)], [0, 0, 2]),
                (&[("me", "x", ok), ("you", "y", no)], [0, 0, 2]),
            ],
        ),
    ];
    for (what, sessions) in cases {
        let scratch = Folder::new("recording-new");
        let mut written = 0;
        for (number, (exchanges, [recorded, equal, kept])) in sessions.iter().enumerate() {
            let recording = open(scratch.path(), Mode::New);
            for (user, password, message) in *exchanges {
                let request = asked(user, password);
                assert!(is_forward(&recording.decide(&request)));
                keep(&recording, &request, message);
            }
            let summary = recording.finish().unwrap();
            let counts = (summary.recorded, summary.equal, summary.kept);
            assert_eq!(counts, (*recorded, *equal, *kept), "{what}, session {number}");
            written += recorded;
        }
        assert_eq!(load(scratch.path()).unwrap().len() as u64, written, "{what}");
    }
}

#[test]
fn what_testers_leave_open_is_there_already() {
    let scratch = Folder::new("recording-policy");
    keep(&open(scratch.path(), Mode::New), &asked("me-1", "x"), "Hi").unwrap();
    let file = scratch.path().join("00001-authenticate-hi-soap11/exchange.toml");
    let described = std::fs::read_to_string(&file).unwrap();
    let policy = "[match.patterns]\nloginUsername = \"me-[0-9]+\"\n";
    std::fs::write(&file, described + policy).unwrap();
    let recording = open(scratch.path(), Mode::New);
    assert_eq!(keep(&recording, &asked("me-22", "x"), "Hi"), None);
    assert!(keep(&recording, &asked("me-x", "x"), "Hi").is_some());
    assert!(keep(&recording, &asked("me-22", "x"), "Ho").is_some());
}

#[test]
fn equal_exchanges_are_counted() {
    let scratch = Folder::new("recording-equal");
    let recording = open(scratch.path(), Mode::New);
    let response = |name: &'static str, value: &str, message: &str| {
        let mut response = answer(message);
        response.headers.push(name, value.to_owned());
        answered(response)
    };
    let (me, you) = (asked("me", "right"), asked("you", "right"));
    let mut traced = me.clone();
    traced.headers.push("traceparent", "00-1");
    let mut agent = me.clone();
    agent.headers.push("User-Agent", "another");
    for (request, outcome, name) in [
        (&me, response("Date", "one", "Hi"), "00001"),
        (&me, response("Date", "two", "Hi"), "00001"),
        (&you, response("Date", "two", "Hi"), "00002"),
        (&traced, response("Date", "two", "Hi"), "00001"),
        (&me, response("Server", "IIS", "Hi"), "00003"),
        (&me, response("Date", "one", "Hi"), "00004"),
        (&agent, response("Date", "one", "Hi"), "00005"),
        (&me, response("Set-Cookie", "session=abcdefgh1; path=/", "Hi"), "00006"),
        (&me, response("Set-Cookie", "session=abcdefgh2; path=/", "Hi"), "00006"),
        (&you, response("Date", "three", "Hi"), "00002"),
    ] {
        let kept = recording.keep(request, HttpVersion::Http11, outcome, Duration::ZERO).unwrap();
        let expected = format!("{name}-authenticate-hi-soap11");
        assert_eq!(kept, Some(expected));
    }
    recording.flush();
    let counts = || load(scratch.path()).unwrap().iter().map(|f| f.count).collect::<Vec<_>>();
    assert_eq!(counts(), [3, 2, 1, 1, 1, 2]);
    keep(&recording, &asked("them", "x"), "Ho");
    keep(&recording, &asked("them", "x"), "Ho");
    drop(recording);
    assert_eq!(counts().last(), Some(&2), "written at the end, too");
    let policy = scratch.path().join("00002-authenticate-hi-soap11/exchange.toml");
    assert!(std::fs::read_to_string(policy).unwrap().contains("\ncount = 2\n"));
    let options = RecordingOptions { keep_equal: true, ..Default::default() };
    let dir = scratch.path().join("all");
    let recording = Recording::open_with(&dir, Mode::Once, options).unwrap();
    for _ in 0..3 {
        keep(&recording, &me, "Hi").unwrap();
    }
    drop(recording);
    assert_eq!(load(&dir).unwrap().len(), 3);
}

#[test]
fn only_what_is_a_services_is_recorded() {
    let scratch = Folder::new("recording-beside");
    let probe = HttpRequest {
        method: "GET".into(),
        target: "/healthz".into(),
        headers: Default::default(),
        body: Vec::new(),
    };
    let ok = || {
        let headers = Default::default();
        answered(HttpResponse { status: 200, headers, body: b"ok".to_vec() })
    };
    for everything in [false, true] {
        let options = RecordingOptions { everything, ..Default::default() };
        let recording = Recording::open_with(scratch.path(), Mode::New, options).unwrap();
        let kept = recording.keep(&probe, HttpVersion::Http11, ok(), Duration::ZERO).unwrap();
        assert_eq!(kept.is_some(), everything);
        assert_eq!(recording.finish().unwrap().beside, u64::from(!everything));
    }
}

#[test]
fn no_answer_is_no_recording() {
    for mode in [Mode::New, Mode::Once, Mode::All] {
        let scratch = Folder::new("recording-down");
        let dir = scratch.path().join("crm");
        let recording = open(&dir, mode);
        let request = asked("me", "right-one");
        let down = || Outcome::Failed("no answer for right-one".into());
        recording.pass(request.clone(), HttpVersion::Http11, down(), Duration::ZERO);
        assert_eq!(
            recording.keep(&request, HttpVersion::Http11, down(), Duration::ZERO).unwrap(),
            None
        );
        let summary = recording.finish().unwrap();
        assert_eq!((summary.recorded, summary.unanswered, summary.failed), (0, 2, 0));
        drop(recording);
        assert_eq!(load(&dir).unwrap(), []);
        assert!(open(&dir, Mode::Once).is_empty(), "and nothing stands in the way of the next");
    }
}

#[test]
fn a_recording_is_one_services() {
    let scratch = Folder::new("recording-service");
    let dir = scratch.path();
    let (here, there) = ("http://CRM.example.com", "http://old.example.com:81");
    let recording = open(dir, Mode::New);
    recording.of_service(there).unwrap();
    drop(recording);
    let recording = open(dir, Mode::New);
    recording.of_service(here).unwrap();
    assert!(!dir.join("recording.toml").exists(), "nothing is recorded yet");
    keep(&recording, &asked("me", "x"), "Hi");
    drop(recording);
    let text = std::fs::read_to_string(dir.join("recording.toml")).unwrap();
    assert!(text.ends_with("upstream = [\"http://crm.example.com:80\"]\n"), "{text}");
    for mode in [Mode::New, Mode::All, Mode::ReplayOrRecord, Mode::ReplayOnly] {
        open(dir, mode).of_service("http://crm.example.com.:80/").unwrap();
        let error = open(dir, mode).of_service(there).unwrap_err();
        assert!(matches!(error, RecordError::OtherService { .. }));
        let text = error.to_string();
        for word in
            ["http://crm.example.com:80", there, "--allow-other-upstream", "another directory"]
        {
            assert!(text.contains(word), "{text}");
        }
    }
    let options = RecordingOptions { other_upstream: true, ..Default::default() };
    let moved = Recording::open_with(dir, Mode::New, options.clone()).unwrap();
    moved.of_service(there).unwrap();
    moved.flush();
    drop(moved);
    open(dir, Mode::New).of_service(there).unwrap();
    open(dir, Mode::New).of_service(here).unwrap();
    // One that does not say it, as an import does not, is taken for this service's.
    std::fs::remove_file(dir.join("recording.toml")).unwrap();
    let recording = open(dir, Mode::New);
    recording.of_service(here).unwrap();
    recording.flush();
    drop(recording);
    assert!(open(dir, Mode::New).of_service(there).is_err());
    // A new recording is only of whom it was recorded.
    let anew = Recording::open_with(dir, Mode::All, options).unwrap();
    anew.of_service(there).unwrap();
    keep(&anew, &asked("me", "x"), "Hi");
    anew.finish().unwrap();
    drop(anew);
    assert!(open(dir, Mode::New).of_service(here).is_err());
    std::fs::write(dir.join("recording.toml"), "upstream = 1\n").unwrap();
    let error = Recording::open(dir, Mode::New, Rules::default()).unwrap_err().to_string();
    assert!(error.contains("recording.toml: line 1: upstream: must be"), "{error}");
}

#[test]
fn all_replaces_the_recording_at_once() {
    let scratch = Folder::new("recording-all");
    let dir = scratch.path().join("crm");
    keep(&open(&dir, Mode::Once), &asked("me", "right"), "Hi").unwrap();
    keep(&open(&dir, Mode::New), &asked("you", "right"), "Old").unwrap();
    std::fs::write(dir.join("README.md"), "about").unwrap();
    let file = dir.join("00001-authenticate-hi-soap11/exchange.toml");
    let described = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, described + "\n[match]\nignore = [\"x\"]\n").unwrap();
    let before = everything(&dir);

    // A session that is killed: nothing happens to what is there.
    let killed = open(&dir, Mode::All);
    keep(&killed, &asked("me", "right"), "Hi").unwrap();
    assert_eq!(everything(&dir), before);
    drop(killed);
    let stage = hidden(scratch.path(), ".crm.unfinished-");
    assert_eq!(names(&stage), ["00001-authenticate-hi-soap11"], "what it left");

    // One that records nothing.
    open(&dir, Mode::All).finish().unwrap();
    assert_eq!(everything(&dir), before);
    assert_eq!(names(&stage).len(), 1, "what the killed one left is nobody else's");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 2, "nothing else is left");

    let recording = open(&dir, Mode::All);
    assert!(is_forward(&recording.decide(&asked("me", "right"))));
    keep(&recording, &asked("me", "right"), "Hi").unwrap();
    keep(&recording, &asked("me", "wrong"), "New").unwrap();
    assert_eq!(everything(&dir), before);
    assert_eq!(recording.finish().unwrap().recorded, 2);
    assert_eq!(names(&dir), ["00001-authenticate-hi-soap11", "00002-authenticate-new-soap11"]);
    let previous = recording.finish().unwrap().previous.unwrap();
    assert_eq!(previous, hidden(scratch.path(), ".crm.previous-"));
    assert_eq!(
        everything(&previous),
        before.replace(dir.to_str().unwrap(), previous.to_str().unwrap())
    );
    assert_eq!(load(&dir).unwrap()[0].policy.ignore, ["x"], "what testers wrote stays");
    assert_eq!(load(&dir).unwrap()[0].redaction.placeholders[0].number, 1);
    assert_eq!(std::fs::read_to_string(dir.join("README.md")).unwrap(), "about");
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
    assert!(error.to_string().contains("main.rs is not part of a recording"), "{error}");
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
    // A broken recording is named.
    std::fs::write(dir.join("00001-authenticate-x-soap11/exchange.toml"), "schema = 9").unwrap();
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
    assert!(text.starts_with("1 exchange is not recorded"), "{text}");
    assert!(text.contains(stage.to_str().unwrap()), "{text}");
    drop(recording);
    assert_eq!(names(&dir), ["00001-authenticate-old-soap11"]);
    assert_eq!(names(stage), ["00001-authenticate-new-soap11"]);
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
    assert_eq!(names(kept), ["00001-authenticate-new-soap11"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_takes_nothing_is_told_at_the_start() {
    let error = Recording::open("/proc/self/fdinfo", Mode::New, Rules::default()).unwrap_err();
    assert!(matches!(error, RecordError::Directory(_)), "{error}");
}

#[test]
fn faults_and_pages_have_names() {
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
        (&call, answered(fault), "00001-authenticate-fault-index-was-outside-the-bounds-of-soap12"),
        (&call, answered(empty), "00002-authenticate-400-soap12"),
        (&call, answered(answer("")), "00003-authenticate-success-soap12"),
        (&page, answered(HttpResponse { status: 200, ..answer("") }), "00004-wsdl-success"),
        (&page, answered(HttpResponse { body: b"<x/>".to_vec(), ..answer("") }), "00005-wsdl"),
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
        kind: TransportErrorKind::Connect(ConnectError {
            cause: ConnectCause::Refused,
            text: "refused right-one".into(),
        }),
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
    let summary = live.transport().recording().finish().unwrap();
    assert_eq!((summary.recorded, summary.unanswered), (1, 1));
    drop(live);
    assert!(!everything(scratch.path()).contains("right-one"));

    let replayed = client(vec![], Mode::ReplayOnly);
    let again = replayed.call(request("me")).await.unwrap();
    assert!(matches!(again.result, Authentication::Authenticated { .. }));
    assert_eq!(again, said);
    let unknown = replayed.call(request("nobody")).await.unwrap_err().to_string();
    assert!(unknown.contains("recording"), "{unknown}");
}
