//! `events` at the command line: what it shows, what it changes, and what it refuses.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use external_providers::contract::{EventProvider as _, HandleEvent};
use external_providers::provider_file::Provider;
use serde_json::Value;

use super::events::events;
use crate::support::{Folder, tool};

const FILE: &str = "[events]\nstore = 'e.sqlite'\n\
    [sinks.crm]\nkind = 'webhook'\nurl = 'http://localhost:1/hook'\n\
    [sinks.log]\nkind = 'webhook'\nurl = 'http://localhost:1/log'\nwhen = { eventName = 'TicketCreated' }\n";

/// A file and its provider, which delivers nothing.
fn provider(folder: &Folder) -> Provider {
    Provider::load(folder.file("p.toml", FILE)).unwrap()
}

/// Keeps an event.
async fn keep(provider: &Provider, name: &str, variables: &[(&str, &str)]) {
    let other = variables.iter().copied().collect();
    let event = HandleEvent { event_name: name.to_owned(), other };
    provider.handle_event(event).await.unwrap();
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = events(folder, &[arguments, &["--json"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    serde_json::from_str(&stdout).unwrap()
}

/// Three events; their ids.
async fn three(folder: &Folder) -> Vec<String> {
    let provider = provider(folder);
    keep(&provider, "TicketCreated", &[("ticketNumber", "1-2"), ("loginPasswort", "hunter2")])
        .await;
    keep(&provider, "TicketClosed", &[("ticketNumber", "1-2")]).await;
    keep(&provider, "ChatStarted", &[("chatID", "7"), ("note", "\u{1b}[2J")]).await;
    let list = json(folder, &["list"]);
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    list["events"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn events_are_listed_and_shown() {
    let folder = Folder::new("events-tool");
    let ids = three(&folder).await;
    let (code, text, stderr) = events(&folder, &["list"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(lines[0].starts_with(&format!("{}  20", ids[0])), "{text}");
    assert!(lines[0].ends_with("Z  TicketCreated  ticketNumber=1-2"), "{text}");
    assert_eq!(lines[1..3], ["  crm  waiting", "  log  waiting"]);

    let list = json(&folder, &["list", "--limit", "2"]);
    assert_eq!((list["events"].as_array().unwrap().len(), &list["more"]), (2, &true.into()));
    let list = json(&folder, &["list", "--after", &ids[1]]);
    assert_eq!((list["events"].as_array().unwrap().len(), &list["more"]), (1, &false.into()));
    assert_eq!(list["events"][0]["lane"], "chatID=7");
    let list = json(&folder, &["list", "--sink", "log"]);
    assert_eq!(list["events"].as_array().unwrap().len(), 1);
    let list = json(&folder, &["list", "--event", "TicketClosed", "--state", "waiting"]);
    assert_eq!(list["events"][0]["id"], ids[1].as_str());
    let (_, text, stderr) = events(&folder, &["list", "--limit", "1"]);
    assert_eq!(text.lines().count(), 3);
    assert_eq!(stderr, format!("note: there are more: --after {}, or --limit\n", ids[0]));
    let (code, text, stderr) = events(&folder, &["list", "--state", "failed"]);
    assert_eq!((code, text.as_str(), stderr.as_str()), (0, "", "note: there is no such event\n"));

    let (code, text, _) = events(&folder, &["show", &ids[0]]);
    assert!(code == 0 && text.contains("  ticketNumber  1-2\nsinks:"), "{text}");
    assert!(text.contains("\nsinks:\n  crm  waiting\n  log  waiting\n"), "{text}");
    let shown = json(&folder, &["show", &ids[0]]);
    assert_eq!(shown["variables"][0], serde_json::json!({"key": "ticketNumber", "value": "1-2"}));
    assert!(!shown.to_string().contains("hunter2"));
    let (_, text, _) = events(&folder, &["show", &ids[2]]);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn no_line_is_wider_than_the_terminal_but_ids() {
    let folder = Folder::new("events-tool");
    let ids = three(&folder).await;
    let file = folder.0.join("p.toml");
    let arguments = ["events", "list", "--provider", file.to_str().unwrap()];
    let output = tool(&arguments, "").env("COLUMNS", "50").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    assert!(ids.iter().all(|id| text.lines().any(|line| line == id)), "{text}");
}

#[tokio::test]
async fn deliveries_are_given_up_and_tried_again() {
    let folder = Folder::new("events-tool");
    let ids = three(&folder).await;
    let said = |arguments: &[&str]| {
        let (code, stdout, stderr) = events(&folder, arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        stdout
    };
    assert_eq!(said(&["skip", &ids[0]]), "2 deliveries are given up\n");
    assert_eq!(said(&["skip", &ids[0]]), "no delivery matches\n");
    assert_eq!(json(&folder, &["list", "--state", "skipped"])["events"][0]["id"], ids[0].as_str());
    assert_eq!(said(&["skip", "--all", "--event", "ChatStarted"]), "1 delivery is given up\n");
    assert_eq!(
        said(&["retry", "--all", "--sink", "crm"]),
        "1 delivery will be tried again at once\n"
    );
    assert_eq!(json(&folder, &["retry", &ids[1], "--sink", "crm"])["deliveries"], 1);
    let status = said(&["status"]);
    assert!(status.starts_with("crm: waiting 1, the oldest for "), "{status}");
    assert!(status.ends_with("log: waiting 0\n"), "{status}");
}

#[tokio::test]
async fn what_is_not_meant_is_refused() {
    let folder = Folder::new("events-tool");
    let ids = three(&folder).await;
    for (arguments, code, said) in [
        (&["retry"][..], 2, "required"),
        (&["skip", &ids[0], "--all"], 2, "cannot be used with"),
        (&["skip", "evt_1", &ids[0]], 3, "there is no event \"evt_1\" in the store"),
        (&["show", "evt_1"], 3, "there is no event \"evt_1\" in the store"),
        (&["list", "--sink", "crmm"], 2, "hint: did you mean crm?"),
        (&["list", "--state", "done"], 2, "invalid value 'done'"),
        (&["list", "--limit", "0"], 2, "invalid value '0'"),
    ] {
        let (found, stdout, stderr) = events(&folder, arguments);
        assert_eq!((found, stdout.as_str()), (code, ""), "{arguments:?} {stderr}");
        assert!(stderr.contains(said), "{arguments:?} {stderr}");
    }
    assert_eq!(json(&folder, &["list", "--state", "skipped"])["events"], serde_json::json!([]));
    let (code, stdout, _) = events(&folder, &["show", "evt_1", "--json"]);
    let error: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &error["error"]["kind"]), (3, &"settings".into()));

    folder.file("p.toml", "[events]\n");
    let (code, _, stderr) = events(&folder, &["list"]);
    assert!(code == 3 && stderr.contains("p.toml keeps no events"), "{stderr}");
    folder.file("p.toml", FILE.replace("e.sqlite", "p.toml"));
    let (code, _, stderr) = events(&folder, &["list"]);
    assert!(code == 3 && stderr.contains("is not a store of events"), "{stderr}");
    folder.file("p.toml", FILE.replace("e.sqlite", "other.sqlite"));
    let (code, stdout, stderr) = events(&folder, &["list"]);
    assert!(code == 3 && stderr.contains("other.sqlite is not there"), "{stdout}{stderr}");
    assert!(!folder.0.join("other.sqlite").exists());
}

#[tokio::test]
async fn tail_prints_what_comes_and_what_becomes_of_it() {
    let folder = Folder::new("events-tool");
    let ids = three(&folder).await;
    let provider = provider(&folder);
    let file = folder.0.join("p.toml");
    let arguments = ["events", "tail", "--json", "--provider", file.to_str().unwrap()];
    let mut tail = tool(&arguments, "").spawn().unwrap();
    let stdout = tail.stdout.take().unwrap();
    let (sender, printed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            sender.send(serde_json::from_str::<Value>(&line).unwrap()).unwrap();
        }
    });
    // What comes before it listens is not shown.
    let first = loop {
        keep(&provider, "Later", &[]).await;
        match printed.recv_timeout(Duration::from_millis(500)) {
            Ok(first) => break first,
            Err(error) => assert_eq!(error, RecvTimeoutError::Timeout),
        }
    };
    assert_eq!(
        (&first["event"], &first["deliveries"][0]["state"]),
        (&"Later".into(), &"waiting".into())
    );
    assert!(!ids.iter().any(|id| first["id"] == id.as_str()), "nothing that was there before");
    let id = first["id"].as_str().unwrap();
    assert_eq!(events(&folder, &["skip", id]).0, 0);
    let next = printed.iter().find(|next| next["id"] == id).unwrap();
    assert_eq!(next["deliveries"][0]["state"], "skipped");
    let process = tail.id().to_string();
    std::process::Command::new("kill").args(["-s", "INT", &process]).status().unwrap();
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}
