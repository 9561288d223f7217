//! What can only be seen from inside: the clock, a full disk, how the next delivery is found.
#![cfg(test)]

use super::*;
use crate::contract::HandleEvent;
use crate::outbox::Settled;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn event(ticket: &str) -> Event {
    let other = [("ticketNumber", ticket), ("text", &"x".repeat(1000))].into_iter().collect();
    let event = HandleEvent { event_name: "E".to_owned(), other };
    Event::new(&event, &["ticketNumber".to_owned()])
}

fn sinks() -> Vec<String> {
    vec!["crm".to_owned()]
}

/// The next, by the clock of `now`.
async fn claim_at(store: &SqliteStore, now: i64) -> Found {
    let claims = Arc::clone(&store.inner.claims);
    let claim = move |file: &Connection| tables::claim(file, &claims, "crm", now);
    store.worker().await.unwrap().read(claim).await.unwrap()
}

#[tokio::test]
async fn an_event_that_cannot_be_read_holds_up_no_other() {
    let folder = Folder::new("outbox-unreadable");
    let store = SqliteStore::new(folder.0.join("events"));
    let second = event("a");
    for event in [&event("a"), &second] {
        store.append(event, &sinks(), 0).await.unwrap();
    }
    let damage = "update events set variables = '{' where seq = (select min(seq) from events)";
    let worker = store.worker().await.unwrap();
    worker.write(move |file| file.execute(damage, ()).map(drop)).await.unwrap();
    assert!(matches!(store.claim("crm").await.unwrap(), Next::Later(wait) if wait.is_zero()));
    let Next::Claimed(next) = store.claim("crm").await.unwrap() else { panic!("it is due") };
    assert_eq!(next.event.id, second.id);
    assert_eq!(store.status().await.unwrap()[0].failed, 1, "the other is kept");
}

#[tokio::test]
async fn a_clock_that_goes_back_holds_up_nothing() {
    let folder = Folder::new("outbox-clock");
    let store = SqliteStore::new(folder.0.join("events"));
    for ticket in ["a", "b"] {
        store.append(&event(ticket), &sinks(), 0).await.unwrap();
    }
    let (now, hour) = (now(), 3_600_000);
    let again = Settled::Again { after: std::time::Duration::from_secs(3600), why: String::new() };
    let Found::Claimed(held, _) = claim_at(&store, now - 10 * 365 * 24 * hour).await else {
        panic!("what was never tried is due by any clock")
    };
    let (worker, key) = (store.worker().await.unwrap(), held.key);
    worker.write(move |file| tables::settle(file, key, &again, now)).await.unwrap();
    drop(held);
    let Found::Claimed(_fresh, _) = claim_at(&store, now).await else { panic!("the other is due") };
    assert!(matches!(claim_at(&store, now + hour - 1).await, Found::Later(_)));
    assert!(matches!(claim_at(&store, now + hour).await, Found::Claimed(..)));
    // Half a day back, it waits for longer; by more than any pause, it is due.
    let Found::Later(wait) = claim_at(&store, now - 12 * hour).await else { panic!("it waits") };
    assert_eq!(wait.as_secs(), 13 * 3600);
    assert!(matches!(claim_at(&store, now - 24 * hour).await, Found::Claimed(..)));
}

#[tokio::test]
async fn a_full_disk_refuses_events_and_loses_none() {
    let folder = Folder::new("outbox-full");
    let store = SqliteStore::new(folder.0.join("events"));
    let worker = store.worker().await.unwrap();
    let limit = |pages: u32| {
        move |file: &Connection| {
            file.query_row(&format!("pragma max_page_count = {pages}"), (), |_| Ok(()))
        }
    };
    worker.read(limit(40)).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.append(&event("a"), &sinks(), 0).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full"), "{error}");
    let count = store.list(&Filter::default(), 1000).await.unwrap().len();
    assert!(kept > 10 && count == kept, "{kept} {count}");
}

/// For root, every file can be written: so it is opened as one that cannot.
#[test]
fn a_file_that_can_only_be_read_is_refused() {
    let folder = Folder::new("outbox-read-only");
    let path = folder.0.join("events");
    drop(file::open(&path).unwrap());
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let mut read_only = Connection::open_with_flags(&path, flags).unwrap();
    let error = file::check(&mut read_only, &path).unwrap_err();
    assert!(error.to_string().contains("may be read, but not written"), "{error}");
}

/// Many at once, of which some cannot be kept: the others are.
#[tokio::test]
async fn what_fails_takes_nothing_with_it_that_came_at_the_same_time() {
    let folder = Folder::new("outbox-together");
    let store = SqliteStore::new(folder.0.join("events"));
    let first = event("a");
    store.append(&first, &sinks(), 0).await.unwrap();
    let mut appends = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (store, event) =
            (store.clone(), if number % 10 == 0 { first.clone() } else { event("a") });
        appends.spawn(async move { store.append(&event, &sinks(), 0).await.is_ok() });
    }
    let kept = appends.join_all().await.into_iter().filter(|kept| *kept).count();
    assert_eq!(kept, 90);
    assert_eq!(store.list(&Filter::default(), 1000).await.unwrap().len(), 91);
    assert_eq!(store.status().await.unwrap()[0].waiting, 91);
}

/// The time of a statement that searches by an index, and sorts nothing, does not grow with the table.
#[tokio::test]
async fn the_next_delivery_is_found_by_an_index() {
    let folder = Folder::new("outbox-plan");
    let store = SqliteStore::new(folder.0.join("events"));
    let plans = store.read(|file| {
        let plan = |sql: &str| -> rusqlite::Result<String> {
            let mut query = file.prepare(&format!("explain query plan {sql}"))?;
            let count = query.parameter_count();
            let values = rusqlite::params_from_iter(vec![1; count]);
            let lines = query.query_map(values, |row| row.get::<_, String>(3))?;
            Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?.join("; "))
        };
        tables::INDEXED.iter().map(|sql| plan(sql)).collect::<rusqlite::Result<Vec<_>>>()
    });
    for plan in plans.await.unwrap() {
        // Of what is counted, there are not more than the limit.
        let plan = plan.replace("SCAN (subquery", "");
        assert!(
            plan.contains("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP"),
            "{plan}"
        );
    }
}

/// SQLite would prepare a statement again whose plan might depend on its values: several times for
/// each event.
#[tokio::test]
async fn statements_are_prepared_once() {
    let folder = Folder::new("outbox-prepared");
    let store = SqliteStore::new(folder.0.join("events"));
    let prepared = store.read(|file| {
        let again = |sql: &str| -> rusqlite::Result<i32> {
            let mut query = file.prepare(sql)?;
            for value in 1..4 {
                let values = rusqlite::params_from_iter(vec![value; query.parameter_count()]);
                let _ = query.query(values)?.next()?;
            }
            Ok(query.get_status(rusqlite::StatementStatus::RePrepare))
        };
        tables::INDEXED.iter().map(|sql| again(sql)).collect::<rusqlite::Result<Vec<_>>>()
    });
    assert_eq!(prepared.await.unwrap(), [0; tables::INDEXED.len()]);
}
