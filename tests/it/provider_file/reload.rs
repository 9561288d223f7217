//! A new file takes effect as a whole or not at all, and keeps what is unchanged.

use std::net::TcpListener;

use external_providers::contract::*;
use external_providers::provider_file::{LoadError, Provider};

use super::answers::{DATABASE, customers, old, provider, ticket};
use crate::gateway::kinds::PASSWORD;
use crate::support::Folder;

fn department(answer: Answer<Start>) -> Option<String> {
    match answer.result {
        Start::Allowed { department_name, .. } => department_name,
        Start::Refused => Some("refused".to_owned()),
    }
}

/// Rules that look customers up and forward the rest.
fn file(department: &str, url: &str) -> String {
    format!(
        "{DATABASE}
        [ticket]
        rules = [{{ when = {{ customer.plan = 'Gold' }}, department = '{department}' }}]
        [live_chat]
        otherwise = 'forward'
        [forward]
        url = '{url}'
        password = '{PASSWORD}'
        breaker_failures = 1
        retries = 0
        breaker_pause = '1h'
        "
    )
}

#[cfg(unix)]
#[tokio::test]
async fn connections_and_breakers_of_what_is_unchanged_are_kept() {
    let folder = Folder::new("reload");
    drop(customers(&folder));
    // A port at which nobody listens, and later somebody does.
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/Old.asmx", port.local_addr().unwrap());
    drop(port);
    let provider = provider(&folder, &file("One", &url));
    let ask = async || department(provider.start_ticket(ticket("ann@x", "")).await.unwrap());
    assert_eq!(ask().await.as_deref(), Some("One"));
    assert!(provider.start_chat(StartChat::default()).await.is_err(), "it opens the breaker");

    folder.file("p.toml", file("Two", &url));
    provider.reload().await.unwrap();
    assert_eq!(ask().await.as_deref(), Some("Two"));
    let listener = TcpListener::bind(url.split('/').nth(2).unwrap()).unwrap();
    listener.set_nonblocking(true).unwrap();
    assert!(provider.start_chat(StartChat::default()).await.is_err());
    assert!(listener.accept().is_err(), "the breaker is open still: nobody was called");

    // A connection that is idle holds the file that has no name any more, and must not be believed.
    std::fs::remove_file(folder.0.join("c.sqlite")).unwrap();
    assert!(provider.start_ticket(ticket("ann@x", "")).await.is_err());

    // With other settings it is another database.
    let changed =
        file("Three", &url).replace("file = 'c.sqlite'", "file = 'c.sqlite'\nmax_connections = 2");
    folder.file("p.toml", changed);
    provider.reload().await.unwrap();
    assert!(provider.start_ticket(ticket("ann@x", "")).await.is_err(), "there is no file any more");
}

#[tokio::test]
async fn answers_that_are_kept_outlive_a_reload_and_a_snapshot_knows_nothing_of_it() {
    let folder = Folder::new("reload");
    let connection = customers(&folder);
    let url = "http://127.0.0.1:9/";
    let file = |department| {
        file(department, url).replace("[lookups.customer]", "[lookups.customer]\ncache = '1h'")
    };
    let provider = provider(&folder, &file("One"));
    let ask = async |provider: &Provider| {
        department(provider.start_ticket(ticket("ann@x", "")).await.unwrap())
    };
    assert_eq!(ask(&provider).await.as_deref(), Some("One"));
    connection.execute("update c set plan = 'Silver'", []).unwrap();

    folder.file("p.toml", file("Two"));
    let snapshot = provider.snapshot();
    provider.reload().await.unwrap();
    assert_eq!(ask(&provider).await.as_deref(), Some("Two"), "it is a gold customer still");
    assert_eq!(ask(&snapshot).await.as_deref(), Some("One"));

    // Another statement has other answers.
    folder.file("p.toml", file("Three").replace("select name, plan", "select name, plan as plan"));
    provider.reload().await.unwrap();
    assert_eq!(ask(&provider).await, None);
}

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing() {
    let (folder, (_, url)) = (Folder::new("reload"), old().await);
    let _customers = customers(&folder);
    let provider = provider(&folder, &file("One", &url));
    let good = folder.file("p.toml", file("Two", &url) + "[events]\notherwise = 'forwrad'\n");
    let error = provider.reload().await.unwrap_err();
    assert!(matches!(error, LoadError::File(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("p.toml:") && text.contains("events.otherwise: must be"), "{text}");
    let answer = provider.start_ticket(ticket("ann@x", "")).await.unwrap();
    assert_eq!(department(answer).as_deref(), Some("One"));
    assert_eq!(provider.kinds(), [Kind::Ticket, Kind::LiveChat]);

    std::fs::remove_file(good).unwrap();
    assert!(provider.reload().await.is_err());
    folder.file("p.toml", file("Two", &url) + "[events]\n");
    provider.reload().await.unwrap();
    let answer = provider.start_ticket(ticket("ann@x", "")).await.unwrap();
    assert_eq!(department(answer).as_deref(), Some("Two"));
    assert_eq!(provider.kinds(), [Kind::Ticket, Kind::LiveChat, Kind::Events]);
}
