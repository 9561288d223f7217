//! What a recording keeps through kills, restarts, replacements and limits.

use std::path::Path;
use std::time::Duration;

use external_providers::fixture::{load, store};
use external_providers::http::{HttpResponse, HttpVersion, Outcome};
use external_providers::record::{
    LeftoverKind, Mode, RecordError, Recording, RecordingOptions, Retention, leftovers,
};
use external_providers::redact::Rules;

use super::modes::{answer, answered, asked, hidden, keep, names, open};
use crate::support::Folder;

#[test]
fn whole_exchanges_of_a_killed_session_are_taken_over_and_halves_are_named() {
    let scratch = Folder::new("kept-kill");
    let dir = scratch.path().join("crm");
    keep(&open(&dir, Mode::New), &asked("me", "x"), "Hi").unwrap();
    let name = "00001-authenticate-hi-soap11";
    // Killed between the last byte and the name; before the last byte; before the first.
    std::fs::rename(dir.join(name), dir.join(".unfinished-7-0")).unwrap();
    std::fs::create_dir(dir.join(".unfinished-7-1")).unwrap();
    std::fs::write(dir.join(".unfinished-7-1/request.xml"), "<half").unwrap();
    std::fs::create_dir(dir.join(".unfinished-7-2")).unwrap();
    // What was to be removed.
    std::fs::create_dir_all(dir.join(".dropped-7-0/exchange")).unwrap();
    let left = leftovers(&dir);
    assert_eq!(left.iter().map(|l| l.kind).collect::<Vec<_>>(), [LeftoverKind::Half; 3]);
    let session = open(&dir, Mode::New);
    assert_eq!(session.len(), 1);
    assert_eq!(keep(&session, &asked("me", "x"), "Hi"), None, "it is there");
    assert!(leftovers(&dir).is_empty(), "those of a session under way are nobody's business");
    drop(session);
    assert_eq!(names(&dir), [name]);
    assert!(!dir.join(".unfinished-7-2").exists() && !dir.join(".dropped-7-0").exists());
    let left = leftovers(&dir);
    assert_eq!(left.len(), 1);
    assert!(left[0].to_string().contains(".unfinished-7-1 is an exchange that was not written"));
    assert_eq!(std::fs::read(left[0].path.join("request.xml")).unwrap(), b"<half");
}

#[test]
fn a_new_recording_that_was_cut_short_is_taken_over_where_there_is_none_and_else_named() {
    for (there, mode, taken_over) in [
        (false, Mode::New, true),
        (false, Mode::All, true),
        (false, Mode::ReplayOrRecord, true),
        (true, Mode::New, false),
        (true, Mode::All, false),
        (true, Mode::ReplayOrRecord, false),
        (true, Mode::ReplayOnly, false),
    ] {
        let scratch = Folder::new("kept-stage");
        let dir = scratch.path().join("crm");
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("README.md"), "about").unwrap();
        if there {
            keep(&open(&dir, Mode::New), &asked("me", "x"), "Old").unwrap();
        }
        let killed = open(&dir, Mode::All);
        killed.of_service("http://crm.example.com").unwrap();
        keep(&killed, &asked("me", "x"), "New").unwrap();
        keep(&killed, &asked("me", "x"), "Newer").unwrap();
        drop(killed);
        let stage = hidden(scratch.path(), ".crm.unfinished-");
        let next = open(&dir, mode);
        let what = format!("{there} {mode}");
        assert_eq!(next.len(), if taken_over { 2 } else { 1 }, "{what}");
        drop(next);
        assert_eq!(stage.exists(), !taken_over, "{what}");
        let left = leftovers(&dir);
        match taken_over {
            true => {
                assert!(left.is_empty() && dir.join("recording.toml").exists(), "{left:?}");
                assert_eq!(names(&dir)[1], "00002-authenticate-newer-soap11");
            }
            false => {
                assert_eq!((left[0].kind, left[0].exchanges), (LeftoverKind::Unfinished, 2));
                assert!(left[0].to_string().contains("holds 2 exchanges"), "{}", left[0]);
                assert_eq!(names(&stage).len(), 2);
            }
        }
        assert_eq!(std::fs::read(dir.join("README.md")).unwrap(), b"about");
    }
}

#[test]
fn what_cannot_be_read_is_kept_beside_too() {
    let scratch = Folder::new("kept-unreadable");
    let dir = scratch.path().join("crm");
    keep(&open(&dir, Mode::New), &asked("me", "x"), "Old").unwrap();
    let file = dir.join("00001-authenticate-old-soap11/exchange.toml");
    std::fs::write(&file, "schema = 'x'").unwrap();
    let session = open(&dir, Mode::All);
    keep(&session, &asked("me", "x"), "New").unwrap();
    let previous = session.finish().unwrap().previous.unwrap();
    let kept = previous.join("00001-authenticate-old-soap11/exchange.toml");
    assert_eq!(std::fs::read(kept).unwrap(), b"schema = 'x'");
    assert_eq!(names(&dir), ["00001-authenticate-new-soap11"]);
}

/// A response with this status.
fn status(status: u16) -> Outcome {
    answered(HttpResponse { status, ..answer("Boom") })
}

#[test]
fn a_recording_is_not_replaced_by_a_worse_one() {
    let (good, bad) = (|| answered(answer("Hi")), || status(500));
    let down = || Outcome::Failed("down".into());
    let cookie = |user: &str| {
        let mut request = asked(user, "x");
        let body = String::from_utf8(request.body).unwrap();
        request.body = body.replace("Authenticate", "GetSignInCookieInfo").into_bytes();
        request.headers = Default::default();
        request.headers.push("Content-Type", "text/xml; charset=utf-8");
        request.headers.push("SOAPAction", "\"http://tempuri.org/GetSignInCookieInfo\"");
        request
    };
    let login = || asked("me", "x");
    let cases = [
        ("the same", vec![(login(), good()), (cookie("me"), good())], None),
        ("more", vec![(login(), good()), (cookie("me"), good()), (login(), bad())], None),
        ("an operation less", vec![(login(), good())], Some("it holds no GetSignInCookieInfo")),
        (
            "errors alone of one",
            vec![(login(), good()), (cookie("me"), bad())],
            Some("it holds nothing but errors of GetSignInCookieInfo"),
        ),
        (
            "errors alone",
            vec![(login(), bad()), (cookie("me"), bad())],
            Some("nothing but errors of Authenticate, GetSignInCookieInfo"),
        ),
        (
            "down for a while",
            vec![(login(), good()), (cookie("me"), good()), (login(), down())],
            Some("1 of its requests were not answered"),
        ),
        ("nothing", vec![], None),
        ("down all the time", vec![(login(), down())], None),
    ];
    for (what, exchanges, lost) in cases {
        for replace in [false, true] {
            let scratch = Folder::new("kept-worse");
            let dir = scratch.path().join("crm");
            let old = open(&dir, Mode::Once);
            keep(&old, &login(), "Old").unwrap();
            keep(&old, &cookie("me"), "Old").unwrap();
            drop(old);
            let before = names(&dir);
            let options = RecordingOptions { replace, ..Default::default() };
            let new = Recording::open_with(&dir, Mode::All, options).unwrap();
            for (request, outcome) in &exchanges {
                new.pass(request.clone(), HttpVersion::Http11, outcome.clone(), Duration::ZERO);
            }
            let finished = new.finish();
            drop(new);
            match lost.filter(|_| !replace) {
                Some(why) => {
                    let error = finished.unwrap_err();
                    let RecordError::Worse { kept, .. } = &error else { panic!("{what}: {error}") };
                    let text = error.to_string();
                    assert!(text.contains(why) && text.contains("--replace"), "{what}: {text}");
                    assert_eq!(names(&dir), before, "{what}");
                    assert!(!names(kept).is_empty());
                    assert_eq!(&leftovers(&dir)[0].path, kept, "{what}: named from then on");
                }
                None => {
                    let summary = finished.unwrap();
                    assert_eq!(summary.previous.is_some(), summary.recorded > 0, "{what}");
                    let old = summary.previous.map_or_else(|| names(&dir), |old| names(&old));
                    assert_eq!(old, before, "{what}: the old one is there in any case");
                }
            }
        }
    }
}

/// What is lost, how, and what is said of it.
type Loss<'s> = (&'s str, &'s dyn Fn(&Recording), &'s str);

#[test]
fn an_exchange_lost_for_whatever_reason_is_a_gap() {
    let pass = |recording: &Recording, response: HttpResponse| {
        let request = asked("me", "x");
        recording.pass(request, HttpVersion::Http11, answered(response), Duration::ZERO);
    };
    let with_body = |size| HttpResponse { body: vec![b'x'; size], ..answer("") };
    let compressed = |recording: &Recording| {
        let mut packed = answer("x");
        packed.headers.push("Content-Encoding", "gzip");
        pass(recording, packed);
    };
    let too_large = |recording: &Recording| {
        pass(recording, with_body(external_providers::fixture::BODY_LIMIT + 1));
    };
    // Each fills the queue alone, and the redaction of the first takes its time.
    let no_room = |recording: &Recording| {
        (0..50).for_each(|_| pass(recording, answer(&"x ".repeat(200_000))));
    };
    let too_late = |recording: &Recording| {
        recording.abandon();
        pass(recording, answer("x"));
    };
    let cases: [Loss<'_>; 5] = [
        ("compressed", &compressed, "1 exchange is not"),
        ("too large", &too_large, "1 exchange is not"),
        ("no room", &no_room, "not recorded, so that"),
        ("too late", &too_late, "1 exchange is not"),
        ("given up", &Recording::abandon, "what was under way at the end is not"),
    ];
    for (what, lose, said) in cases {
        for replace in [false, true] {
            let scratch = Folder::new("kept-gaps");
            let dir = scratch.path().join("crm");
            for message in ["Older", "Old"] {
                let recording = open(&dir, Mode::All);
                keep(&recording, &asked("me", "x"), message).unwrap();
                recording.finish().unwrap();
            }
            let older = hidden(scratch.path(), ".crm.previous-");
            let queue = if what == "no room" { 1 } else { RecordingOptions::default().queue };
            let options = RecordingOptions {
                replace,
                discard_previous: true,
                queue,
                ..RecordingOptions::default()
            };
            let new = Recording::open_with(&dir, Mode::All, options).unwrap();
            keep(&new, &asked("me", "x"), "New").unwrap();
            lose(&new);
            let finished = new.finish();
            drop(new);
            let old = ["00001-authenticate-old-soap11"];
            match replace {
                false => {
                    let error = finished.unwrap_err();
                    let text = error.to_string();
                    assert!(matches!(error, RecordError::Incomplete { .. }), "{what}: {text}");
                    assert!(text.contains(said) && text.contains("--replace"), "{what}: {text}");
                    assert_eq!(names(&dir), old, "{what}");
                }
                true => {
                    let previous = finished.unwrap().previous.expect(what);
                    assert_eq!(names(&previous), old, "{what}: never removed for one with gaps");
                    assert_eq!(names(&dir)[0], "00001-authenticate-new-soap11", "{what}");
                }
            }
            assert!(older.exists(), "{what}");
        }
    }
}

#[test]
fn what_was_replaced_is_kept_until_told() {
    let scratch = Folder::new("kept-previous");
    let dir = scratch.path().join("crm");
    for (message, previous) in [("One", 0), ("Two", 1), ("Three", 2)] {
        let recording = open(&dir, Mode::All);
        keep(&recording, &asked("me", "x"), message).unwrap();
        recording.finish().unwrap();
        drop(recording);
        let left = leftovers(&dir);
        assert_eq!(left.len(), previous);
        assert!(left.iter().all(|l| l.kind == LeftoverKind::Previous && l.exchanges == 1));
    }
    assert!(leftovers(&dir)[0].to_string().contains("remove it when it is no longer wanted"));
    let options = RecordingOptions { discard_previous: true, ..Default::default() };
    let recording = Recording::open_with(&dir, Mode::All, options).unwrap();
    keep(&recording, &asked("me", "x"), "Four").unwrap();
    recording.finish().unwrap();
    assert!(leftovers(&dir).is_empty());
    assert_eq!(names(&dir), ["00001-authenticate-four-soap11"]);
}

#[test]
fn the_oldest_exchanges_go_first() {
    let limited = |dir: &Path, retention: Retention| {
        let options = RecordingOptions { retention, ..Default::default() };
        Recording::open_with(dir, Mode::New, options).unwrap()
    };
    let users = |dir: &Path| -> Vec<String> {
        load(dir).unwrap().iter().map(|f| f.name[..5].to_owned()).collect()
    };
    let scratch = Folder::new("kept-number");
    let three = Retention { exchanges: 3, ..Default::default() };
    let recording = limited(scratch.path(), three.clone());
    for user in ["1", "2", "3", "4", "5"] {
        keep(&recording, &asked(user, "x"), "Hi").unwrap();
    }
    keep(&recording, &asked("5", "x"), "Hi").unwrap();
    assert_eq!(users(scratch.path()), ["00003", "00004", "00005"]);
    keep(&recording, &asked("1", "x"), "Hi").unwrap();
    assert_eq!(recording.finish().unwrap().dropped, 3);
    drop(recording);
    assert_eq!(users(scratch.path()), ["00004", "00005", "00006"], "numbers go on");
    // Those of earlier sessions count, too, and what was dropped is recorded again.
    let recording = limited(scratch.path(), Retention { exchanges: 2, ..Default::default() });
    assert_eq!(recording.finish().unwrap().dropped, 1);
    drop(recording);
    let recording = limited(scratch.path(), three);
    assert!(keep(&recording, &asked("4", "x"), "Hi").is_some());
    assert!(keep(&recording, &asked("5", "x"), "Hi").is_none());
    drop(recording);

    let size = |path: &Path| -> u64 {
        let files = std::fs::read_dir(path).unwrap().map(|e| e.unwrap());
        files.map(|file| file.metadata().unwrap().len()).sum()
    };
    let scratch = Folder::new("kept-size");
    keep(&open(scratch.path(), Mode::New), &asked("1", "x"), "Hi").unwrap();
    let one = size(&scratch.path().join("00001-authenticate-hi-soap11"));
    let size = Some(one * 2 + one / 2);
    let recording = limited(scratch.path(), Retention { size, ..Default::default() });
    for user in ["2", "3"] {
        keep(&recording, &asked(user, "x"), "Hi").unwrap();
    }
    drop(recording);
    assert_eq!(users(scratch.path()), ["00002", "00003"]);

    let scratch = Folder::new("kept-age");
    keep(&open(scratch.path(), Mode::New), &asked("1", "x"), "Hi").unwrap();
    keep(&open(scratch.path(), Mode::New), &asked("2", "x"), "Hi").unwrap();
    let mut old = load(scratch.path()).unwrap().remove(0);
    std::fs::remove_dir_all(scratch.path().join(&old.name)).unwrap();
    old.recorded = "2020-01-01T00:00:00Z".parse().unwrap();
    store(scratch.path(), &old).unwrap();
    let age = Some(Duration::from_secs(86_400));
    drop(limited(scratch.path(), Retention { age, ..Default::default() }));
    assert_eq!(users(scratch.path()), ["00002"]);
}

#[test]
fn what_does_not_fit_into_the_queue_is_lost_and_nobody_waits() {
    let scratch = Folder::new("kept-queue");
    let dir = scratch.path().join("crm");
    let options = RecordingOptions { queue: 1, ..Default::default() };
    let recording = Recording::open_with(&dir, Mode::New, options).unwrap();
    // Each takes the whole queue, and the redaction of the first takes its time.
    let long = "x ".repeat(200_000);
    for _ in 0..50 {
        let outcome = answered(answer(&long));
        recording.pass(asked("me", "right-one"), HttpVersion::Http11, outcome, Duration::ZERO);
    }
    let summary = recording.finish().unwrap();
    assert!(summary.failed > 0 && summary.recorded == 1, "{summary:?}");
    assert_eq!(summary.failed + summary.equal, 49);
    recording.pass(asked("me", "x"), HttpVersion::Http11, answered(answer("x")), Duration::ZERO);
    assert_eq!(recording.finish().unwrap().failed, summary.failed + 1, "it is over");
}

#[test]
fn what_has_no_name_yet_is_taken_over_with_its_recording() {
    for next in [Mode::New, Mode::All] {
        let scratch = Folder::new("kept-batch-kill");
        let dir = scratch.path().join("crm");
        let killed = open(&dir, Mode::All);
        keep(&killed, &asked("me", "x"), "Hi").unwrap();
        let name = keep(&killed, &asked("me", "x"), "Hi again").unwrap();
        drop(killed);
        let stage = hidden(scratch.path(), ".crm.unfinished-");
        std::fs::rename(stage.join(&name), stage.join(".unfinished-7-0")).unwrap();
        assert_eq!(open(&dir, next).len(), 2);
        assert_eq!(names(&dir)[1], name);
    }
}

#[cfg(unix)]
#[test]
fn a_recording_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Folder::new("kept-private");
    let dir = scratch.path().join("made/crm");
    let recording = open(&dir, Mode::New);
    recording.of_service("http://crm.example.com").unwrap();
    keep(&recording, &asked("me", "x"), "Hi").unwrap();
    keep(&recording, &asked("me", "x"), "Hi").unwrap();
    drop(recording);
    let mut waiting = vec![dir.parent().unwrap().to_owned()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let data = std::fs::metadata(&path).unwrap();
        let expected = if data.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(data.permissions().mode() & 0o777, expected, "{}", path.display());
        seen += 1;
        if data.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    assert_eq!(seen, 8);
    // A directory that is there keeps its mode, also when it is replaced.
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o750)).unwrap();
    let recording = Recording::open(&dir, Mode::All, Rules::default()).unwrap();
    keep(&recording, &asked("me", "x"), "Hi").unwrap();
    recording.finish().unwrap();
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o750);
}
