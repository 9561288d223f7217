//! `fixtures redact`: more is masked in a recording that is there.

use std::collections::BTreeMap;
use std::path::Path;

use external_providers::Secret;
use external_providers::contract::Authenticate;
use external_providers::fixture::load;
use external_providers::http::HttpRequest;
use external_providers::inspect::{audit, redact};
use external_providers::record::{Mode, RecordError};
use external_providers::redact::Rules;
use external_providers::replay::Replay;
use external_providers::soap::Binding;

use crate::record::modes::{answer, answered, keep, open};
use crate::record::tool::command;
use crate::support::Folder;

fn asked(user: &str, password: &str) -> HttpRequest {
    let request = Authenticate {
        login_username: user.into(),
        login_password: password.into(),
        ..Default::default()
    };
    let password = Secret::new("s3cret-auth");
    let mut request =
        Binding::default().encode_request("/Provider.asmx", Some(&password), &request).unwrap();
    request.headers.push("Content-Length", request.body.len().to_string());
    request
}

/// A recording of three logins, one of which speaks of another's user.
fn recorded(dir: &Path) {
    let recording = open(dir, Mode::New);
    for (user, message) in [
        ("bob.builder@example.com", "Hi"),
        ("alice", "Bob Builder called"),
        ("alice", "Hello alice"),
    ] {
        keep(&recording, &asked(user, "right-one"), message).unwrap();
    }
    let mut page = answer("Bob Builder called");
    page.headers.push("X-Reference", "customer-4711");
    let mut request = asked("carol", "right-one");
    request.headers.push("X-Customer", "customer-4711");
    let outcome = answered(page);
    recording.keep(&request, Default::default(), outcome, Default::default()).unwrap();
}

/// All files of a collection but the hidden ones.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for fixture in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
        for path in std::fs::read_dir(&fixture).into_iter().flatten().map(|e| e.unwrap().path()) {
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            found.insert(name, String::from_utf8(std::fs::read(path).unwrap()).unwrap());
        }
    }
    found
}

#[test]
fn what_is_masked_is_gone_everywhere_and_the_recording_replays_as_before() {
    let secrets = [Secret::new("Bob Builder"), Secret::new("customer-4711")];
    let personal = Rules { keys: vec!["x-customer".into()], personal: true };
    let plain = Rules::default();
    for (what, rules, known, gone) in [
        ("by example", &plain, &secrets[..], &["Bob Builder", "bob-builder", "4711"][..]),
        ("by key", &Rules { keys: vec!["X-Customer".into()], personal: false }, &[], &["4711"]),
        ("personal", &personal, &[], &["bob.builder", "alice", "carol", "4711"]),
        ("all", &personal, &secrets, &["ob Builder", "bob-builder", "alice", "carol", "4711"]),
    ] {
        for in_place in [true, false] {
            let scratch = Folder::new("again");
            let (dir, out) = (scratch.path().join("crm"), scratch.path().join("out"));
            recorded(&dir);
            std::fs::write(dir.join("README.md"), "about").unwrap();
            let first = load(&dir).unwrap().remove(0);
            std::fs::write(dir.join(&first.name).join("notes.txt"), "by hand").unwrap();
            let untouched = files(&dir);
            let to = (!in_place).then_some(out.as_path());
            let done = redact(&dir, to, rules, known).unwrap();
            assert_eq!(done.exchanges, 4, "{what}");
            assert!(!done.changed.is_empty(), "{what}");
            let at = to.unwrap_or(&dir);
            let all = format!("{:?}", files(at));
            for gone in gone {
                assert!(!all.contains(gone), "{what}: {gone} in {all}");
            }
            match in_place {
                true => assert!(all.contains("by hand"), "{all}"),
                false => assert!(files(&dir) == untouched, "{what}"),
            }
            let audited = audit(at, rules, known).unwrap();
            assert_eq!((audited.findings, audited.exchanges), (vec![], 4), "{what}");
            // Nothing more is to be done.
            let before = files(at);
            assert_eq!(redact(at, None, rules, known).unwrap().changed, [], "{what}");
            assert!(files(at) == before, "{what}");
            for fixture in load(at).unwrap() {
                let length = fixture.request.headers.get("Content-Length").unwrap();
                assert_eq!(length, fixture.request.body.len().to_string());
                let numbers: Vec<_> = fixture.redaction.placeholders.iter().collect();
                assert_eq!((numbers[0].number, numbers[0].key.as_str()), (1, "authPW"));
                assert_eq!((numbers[1].number, numbers[1].key.as_str()), (2, "loginPassword"));
                assert!(numbers[2..].iter().all(|p| p.number > 2), "{numbers:?}");
            }
            let replay = Replay::load(at).unwrap();
            for user in ["bob.builder@example.com", "alice", "alice"] {
                replay.answer(&asked(user, "right-one")).unwrap();
            }
        }
    }
}

#[test]
fn names_do_not_tell_what_is_masked() {
    let scratch = Folder::new("again-names");
    let dir = scratch.path().join("crm");
    recorded(&dir);
    let by_hand = "logins/Hello-Alice-by-hand";
    std::fs::create_dir(dir.join("logins")).unwrap();
    std::fs::rename(dir.join("00003-authenticate-hello-alice-soap11"), dir.join(by_hand)).unwrap();
    let rules = Rules { keys: vec![], personal: true };
    let done = redact(&dir, None, &rules, &[Secret::new("Bob Builder")]).unwrap();
    let renamed: Vec<_> = done.changed.iter().filter_map(|c| c.renamed.as_deref()).collect();
    assert!(renamed.contains(&by_hand), "{renamed:?}");
    let names: Vec<String> = load(&dir).unwrap().into_iter().map(|f| f.name).collect();
    assert_eq!(names.len(), 4);
    for name in &names {
        let name = name.to_ascii_lowercase();
        assert!(!name.contains("alice") && !name.contains("bob"), "{names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("logins/00003-authenticate-hello-redacted-")));
}

#[test]
fn a_recording_under_way_and_a_broken_one_are_left_alone() {
    let scratch = Folder::new("again-busy");
    let dir = scratch.path().join("crm");
    let recording = open(&dir, Mode::New);
    keep(&recording, &asked("me", "x"), "Hi").unwrap();
    if cfg!(unix) {
        let error = redact(&dir, None, &Rules::default(), &[]).unwrap_err();
        assert!(matches!(error, RecordError::Busy(_)), "{error}");
    }
    drop(recording);
    std::fs::remove_file(dir.join("00001-authenticate-hi-soap11/response.xml")).unwrap();
    let error = redact(&dir, None, &Rules::default(), &[]).unwrap_err();
    assert!(matches!(error, RecordError::Load { .. }), "{error}");
}

#[test]
fn the_tool_says_what_it_masked_and_where() {
    let scratch = Folder::new("again-tool");
    let dir = scratch.path().join("crm");
    recorded(&dir);
    let example = scratch.file("example", "customer-4711");
    let (dir, example) = (dir.to_str().unwrap(), example.to_str().unwrap());
    let run = |arguments: &[&str]| {
        let output = command(&[&["fixtures"], arguments].concat()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text, String::from_utf8(output.stderr).unwrap())
    };
    let options = ["--redact-personal", "--secret-file", example];
    assert_eq!(run(&[&["audit", dir], &options[..]].concat()).0, 8);
    let (code, text, _) = run(&[&["redact", dir], &options[..]].concat());
    assert_eq!(code, 0);
    let line = text.lines().find(|line| line.starts_with("00001-")).unwrap();
    assert!(line.contains("exchange.toml, request.xml: REDACTED-3 (loginUsername)"), "{text}");
    assert!(text.contains("(known)") || text.contains("(X-"), "{text}");
    assert!(text.ends_with("4 exchanges: 4 changed\n"), "{text}");
    assert!(!text.contains("4711") && !text.contains("alice"), "{text}");
    assert_eq!(run(&[&["audit", dir], &options[..]].concat()).0, 0);
    let (code, text, _) = run(&[&["redact", dir], &options[..]].concat());
    assert_eq!((code, text.as_str()), (0, "4 exchanges: 0 changed\n"));
    let (code, _, text) = run(&["redact", "/nowhere"]);
    assert!(code == 3 && text.contains("there is no directory /nowhere"), "{text}");
}
