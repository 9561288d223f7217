//! Events in an SQLite file.

use std::sync::Arc;

use external_providers::outbox::{Filter, Settled, SqliteStore, State, Store, StoreError};
use rusqlite::Connection;

use super::store::{claim, event, keep, keeps_its_promises, settle, state, status};
use crate::support::Folder;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_every_store_must() {
    let folder = Folder::new("outbox-promises");
    let count = std::cell::Cell::new(0);
    keeps_its_promises(async || {
        count.set(count.get() + 1);
        let path = folder.path().join(format!("{}.sqlite", count.get()));
        Arc::new(SqliteStore::new(path)) as Arc<dyn Store>
    })
    .await;
}

async fn refusal(path: std::path::PathBuf) -> StoreError {
    let name = path.display().to_string();
    let error = SqliteStore::new(path).open().await.expect_err("it cannot be opened");
    assert!(error.to_string().contains(&name), "{error}");
    error
}

#[tokio::test]
async fn what_is_not_a_store_is_left_as_it_is_and_said() {
    let folder = Folder::new("outbox-foreign");
    let at = |name: &str| folder.path().join(name);
    let open = async |path| match refusal(path).await {
        StoreError::Open { why, .. } => why,
        error => panic!("{error:?}"),
    };
    assert!(open(at("no/store")).await.contains("does not exist"));
    assert_eq!(open(folder.path().to_owned()).await, "it is not a regular file");
    std::fs::write(at("text"), "Dear diary, today I wrote down some words. ".repeat(99)).unwrap();
    assert!(open(at("text/store")).await.contains("is not a folder"));
    assert!(matches!(refusal(at("text")).await, StoreError::Foreign { .. }));

    let other = Connection::open(at("other")).unwrap();
    other.execute_batch("create table notes (text)").unwrap();
    drop(other);
    let before = std::fs::read(at("other")).unwrap();
    let error = refusal(at("other")).await;
    assert!(error.to_string().contains("of another program"), "{error}");
    assert_eq!(std::fs::read(at("other")).unwrap(), before);

    SqliteStore::new(at("newer")).open().await.unwrap();
    let newer = Connection::open(at("newer")).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    drop(newer);
    assert!(matches!(refusal(at("newer")).await, StoreError::Newer { version: 7, .. }));
    assert!(!at("text-wal").exists() && !at("other-wal").exists());
}

/// The first call opens it; one that failed does not stay.
#[tokio::test]
async fn it_is_made_when_it_is_used_for_its_owner_alone() {
    let folder = Folder::to_be("outbox-made");
    let path = folder.path().join("events.sqlite");
    let store = SqliteStore::new(&path);
    store.status().await.expect_err("the folder is not there");
    std::fs::create_dir(folder.path()).unwrap();
    keep(&store, &event("a", 0), &["crm"]).await;
    let _lock = store.begin_delivering().await.unwrap();
    #[cfg(unix)]
    for file in ["events.sqlite", "events.sqlite-wal", "events.sqlite-shm", "events.sqlite-lock"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn one_delivers_while_others_keep_list_retry_and_skip() {
    let folder = Folder::new("outbox-two");
    let path = folder.path().join("events.sqlite");
    let (host, other) = (SqliteStore::new(&path), SqliteStore::new(&path));
    let lock = host.begin_delivering().await.unwrap();
    let error = other.begin_delivering().await.unwrap_err();
    assert!(matches!(&error, StoreError::InUse { .. }), "{error}");

    keep(&other, &event("a", 0), &["crm"]).await;
    keep(&other, &event("b", 1), &["crm"]).await;
    settle(claim(&host, 0).await, Settled::Failed { why: "no".to_owned() }).await;
    assert_eq!(other.retry(&state(State::Failed)).await.unwrap(), 1);
    let first = claim(&host, 0).await;
    assert_eq!(other.skip(&Filter::default()).await.unwrap(), 2);
    settle(first, Settled::Again { after: std::time::Duration::ZERO, why: "no".to_owned() }).await;
    assert_eq!(other.list(&state(State::Skipped), 9).await.unwrap().len(), 2);
    assert_eq!(status(&host).await.waiting, 0);

    drop(lock);
    other.begin_delivering().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_make_it_at_the_same_time() {
    let folder = Folder::new("outbox-made-by-many");
    for round in 0..10 {
        let path = folder.path().join(format!("{round}.sqlite"));
        let mut makers = tokio::task::JoinSet::new();
        for number in 0..8 {
            let store = SqliteStore::new(&path);
            makers.spawn(async move { keep(&store, &event("a", number), &["crm"]).await });
        }
        makers.join_all().await;
        let kept = SqliteStore::new(&path).list(&Filter::default(), 99).await.unwrap();
        assert_eq!(kept.len(), 8);
    }
}

#[tokio::test]
async fn what_was_kept_and_claimed_is_there_for_the_next_process() {
    let folder = Folder::new("outbox-again");
    let path = folder.path().join("events.sqlite");
    let before = SqliteStore::new(&path);
    keep(&before, &event("a", 0), &["crm"]).await;
    keep(&before, &event("a", 1), &["crm"]).await;
    let _claimed = claim(&before, 0).await;
    // The other still has its claim, as a process that hangs would.
    let after = SqliteStore::new(&path);
    settle(claim(&after, 0).await, Settled::Stopped { why: "gone".to_owned() }).await;
    let third = SqliteStore::new(&path);
    assert_eq!(status(&third).await.stopped.as_deref(), Some("gone"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_goes_away_takes_no_events_with_it() {
    let folder = Folder::new("outbox-moved");
    let path = folder.path().join("events.sqlite");
    let store = SqliteStore::new(&path);
    keep(&store, &event("a", 0), &["crm"]).await;
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    let error = store.append(&event("a", 1), &["crm".to_owned()], 0).await.unwrap_err();
    assert!(error.to_string().contains("moved"), "{error}");
    std::fs::rename(folder.path().join("elsewhere"), &path).unwrap();
    keep(&store, &event("a", 1), &["crm"]).await;
}

#[tokio::test]
async fn a_damaged_file_is_said() {
    let folder = Folder::new("outbox-damaged");
    let path = folder.path().join("events.sqlite");
    let store = SqliteStore::new(&path);
    for number in 0..50 {
        keep(&store, &event("", number), &["crm"]).await;
    }
    let file = Connection::open(&path).unwrap();
    file.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(())).unwrap();
    drop((store, file));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    let damaged = folder.file("damaged.sqlite", bytes);
    let store = SqliteStore::new(damaged);
    let error = store.append(&event("", 50), &["crm".to_owned()], 0).await.unwrap_err();
    assert!(error.to_string().contains("malformed"), "{error}");
    store.list(&Filter::default(), 1).await.expect_err("nothing can be read");
}
