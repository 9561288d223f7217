//! Replays of what several sessions recorded: each numbers its secrets anew.

use external_providers::contract::{StartTicket, Variables};
use external_providers::http::HttpRequest;
use external_providers::record::Mode;
use external_providers::replay::Replay;
use external_providers::soap::Binding;

use crate::record::modes::{answer, answered, asked, keep, names, open};
use crate::support::Folder;

/// The message of the answer; nothing where there is none.
fn said(replay: &Replay, request: &HttpRequest) -> Option<String> {
    let body = replay.find(request).ok()?.response().body;
    let body = String::from_utf8(body).unwrap();
    let (_, rest) = body.split_once("<Message>")?;
    Some(rest.split_once("</Message>")?.0.to_owned())
}

fn ticket(auth: &str) -> HttpRequest {
    let request = StartTicket {
        login_username: Some("me".into()),
        other: Variables::from([("note", "x")]),
        ..Default::default()
    };
    Binding::default().encode_request("/Provider.asmx", Some(&auth.into()), &request).unwrap()
}

#[test]
fn the_web_service_password_of_one_session_is_that_of_the_next() {
    let scratch = Folder::new("sessions-auth");
    keep(&open(scratch.path(), Mode::New), &asked("me", "mine"), "Welcome").unwrap();
    let second = open(scratch.path(), Mode::New);
    let right = "s3cret-auth";
    keep(&second, &ticket(right), "Allowed").unwrap();
    drop(second);
    for wrong in ["wrong-auth", "REDACTED-3", "****", ""] {
        let replay = Replay::load(scratch.path()).unwrap();
        assert_eq!(said(&replay, &asked("me", "mine")).as_deref(), Some("Welcome"));
        assert_eq!(said(&replay, &ticket(wrong)), None, "{wrong}");
        assert_eq!(said(&replay, &ticket(right)).as_deref(), Some("Allowed"), "{wrong}");
        assert_eq!(said(&replay, &ticket(wrong)), None, "{wrong}");
    }
}

#[test]
fn another_directory_does_not_accept_what_one_has_not() {
    let scratch = Folder::new("sessions-scopes");
    for folder in ["a", "b"] {
        keep(&open(&scratch.path().join(folder), Mode::New), &asked("me", "mine"), folder).unwrap();
    }
    let replay = Replay::load(scratch.path()).unwrap();
    assert_eq!(said(&replay, &asked("me", "mine")).as_deref(), Some("a"));
    for wrong in ["wrong", "wrong", "other", "REDACTED-2"] {
        assert_eq!(said(&replay, &asked("me", wrong)), None, "{wrong}");
    }
    assert_eq!(said(&replay, &asked("me", "mine")).as_deref(), Some("b"), "the next of its equals");
}

#[test]
fn equal_requests_of_several_sessions_are_answered_in_their_order() {
    let scratch = Folder::new("sessions-order");
    for message in ["One", "Two", "Three"] {
        keep(&open(scratch.path(), Mode::New), &asked("me", "mine"), message).unwrap();
    }
    let replay = Replay::load(scratch.path()).unwrap();
    let all = [(); 5].map(|()| said(&replay, &asked("me", "mine")).unwrap());
    assert_eq!(all, ["One", "Two", "Three", "Three", "Three"]);
    assert_eq!(replay.unused().len(), 0);
}

#[test]
fn a_secret_that_was_given_is_held_against_the_numbers_of_other_sessions() {
    let scratch = Folder::new("sessions-given");
    for message in ["One", "Two"] {
        keep(&open(scratch.path(), Mode::New), &asked("me", "mine"), message).unwrap();
    }
    let replay = Replay::load(scratch.path()).unwrap().with_secret(None, 2, &"mine".into());
    assert_eq!(said(&replay, &asked("me", "wrong")), None);
    assert_eq!(said(&replay, &asked("me", "mine")).as_deref(), Some("One"));
    assert_eq!(said(&replay, &asked("me", "mine")).as_deref(), Some("Two"));
}

#[test]
fn what_somebody_sends_like_a_placeholder_is_a_secret_like_any_other() {
    for sent in ["REDACTED-2", "REDACTED-1", "REDACTED-2147483648", "REDACTED-4294967295", "****"] {
        let scratch = Folder::new("sessions-placeholders");
        let session = open(scratch.path(), Mode::New);
        keep(&session, &asked("me", "mine"), "Welcome").unwrap();
        let body = String::from_utf8(answer("No").body).unwrap();
        let refusal = external_providers::http::HttpResponse {
            body: body.replace("Authentication=OK", "Authentication=FAIL").into_bytes(),
            ..answer("No")
        };
        let took = std::time::Duration::ZERO;
        let version = external_providers::http::HttpVersion::Http11;
        session.keep(&asked("me", sent), version, answered(refusal), took).unwrap().unwrap();
        keep(&session, &asked("you", "yours"), "Hello").unwrap();
        drop(session);
        assert_eq!(names(scratch.path()).len(), 3, "{sent}");
        let replay = Replay::load(scratch.path()).unwrap();
        for _ in 0..2 {
            for (user, password, message) in
                [("me", "mine", "Welcome"), ("me", sent, "No"), ("you", "yours", "Hello")]
            {
                let found = said(&replay, &asked(user, password));
                assert_eq!(found.as_deref(), Some(message), "{sent}: {user}");
            }
            for other in ["*", "****", "REDACTED-2", "REDACTED-4", "x"] {
                let found = said(&replay, &asked("me", other));
                assert_ne!(found.as_deref(), Some("Welcome"), "{sent}: {other}");
            }
        }
    }
}
