//! What keeping an event costs beside a bare `insert … commit` with the same pragmas, as a ratio inside
//! one run, in alternating rounds.
//!
//! `cargo bench --bench outbox` keeps events of some 2 kB one after the other: through `Outbox::take`, and
//! through rusqlite in a table with an id and the event's JSON, aside, as a program with tokio does it, on a
//! thread where it may block, and on the thread that waits for it.
//! `OUTBOX_WAITING=1000000 cargo bench --bench outbox` fills a store with so many and measures what
//! the next one costs, with an empty store beside it: among all that wait, behind a lane of them, and when
//! all are due later; and the memory of this process.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use external_providers::contract::HandleEvent;
use external_providers::outbox::{Event, Next, Outbox, Settled, SqliteStore, Store};
use rusqlite::Connection;

const ROUNDS: usize = 41;
const EVENTS: usize = 200;

fn event(ticket: usize) -> Event {
    let text = "Some words that a customer wrote. ".repeat(55);
    let other = [("ticketNumber", ticket.to_string()), ("body", text)];
    let event = HandleEvent { event_name: "TicketCreated".to_owned(), other: other.into() };
    Event::new(&event, &["ticketNumber".to_owned()])
}

fn folder() -> PathBuf {
    let base = std::env::var_os("OUTBOX_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = base.join(format!("outbox-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn sinks() -> Vec<String> {
    vec!["crm".to_owned()]
}

fn of_sorted(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part) as usize]
}

/// Microseconds.
fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

/// A bare table of events with our pragmas.
fn bare(path: PathBuf) -> Connection {
    let bare = Connection::open(path).unwrap();
    bare.execute_batch("create table events (id text primary key, event text not null)").unwrap();
    bare.query_row("pragma journal_mode = wal", (), |_| Ok(())).unwrap();
    bare.execute_batch("pragma synchronous = full").unwrap();
    bare
}

fn insert(bare: &Connection, event: &Event) {
    let mut insert = bare.prepare_cached("insert into events values (?1, ?2)").unwrap();
    insert.execute((&event.id, event.json())).unwrap();
}

async fn take(folder: &Path) {
    let outbox = Outbox::new(Arc::new(SqliteStore::new(folder.join("events.sqlite"))));
    let blocking = bare(folder.join("blocking.sqlite"));
    let aside = Arc::new(Mutex::new(bare(folder.join("aside.sqlite"))));
    let names = ["take", "insert … commit, aside", "insert … commit, blocking"];
    let mut times: [Vec<f64>; 3] = Default::default();
    let mut ratios: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        let events: Vec<Event> = (0..EVENTS).map(|number| event(round * EVENTS + number)).collect();
        let mut own: [Vec<f64>; 3] = Default::default();
        for event in events {
            let start = Instant::now();
            outbox.take(&event, &sinks()).await.unwrap();
            own[0].push(since(start));
            let (aside, copy, start) = (Arc::clone(&aside), event.clone(), Instant::now());
            let inserting =
                tokio::task::spawn_blocking(move || insert(&aside.lock().unwrap(), &copy));
            inserting.await.unwrap();
            own[1].push(since(start));
            let start = Instant::now();
            insert(&blocking, &event);
            own[2].push(since(start));
        }
        // The first one warms up.
        if round > 0 {
            let middles = own.each_mut().map(|times| of_sorted(times, 0.5));
            for (at, times_of) in own.into_iter().enumerate() {
                ratios[at].push(middles[0] / middles[at]);
                times[at].extend(times_of);
            }
        }
    }
    for (at, name) in names.into_iter().enumerate() {
        let [middle, p99] = [0.5, 0.99].map(|part| of_sorted(&mut times[at], part));
        let ratio = of_sorted(&mut ratios[at], 0.5);
        println!("{name}: median {middle:.0} µs, p99 {p99:.0} µs; take beside it {ratio:.2}");
    }
}

/// Kibibytes of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Fills a store, with so many tickets.
async fn filled(path: PathBuf, events: usize, tickets: usize) -> SqliteStore {
    let store = SqliteStore::new(path);
    let mut keepers = tokio::task::JoinSet::new();
    for part in 0..100 {
        let store = store.clone();
        keepers.spawn(async move {
            for number in (0..events).filter(|number| number % 100 == part) {
                let mut event = event(number % tickets);
                event.variables.take("body");
                store.append(&event, &sinks(), 0).await.unwrap();
            }
        });
    }
    keepers.join_all().await;
    store
}

/// Microseconds to claim and to settle one.
async fn next(store: &SqliteStore, settled: &Settled) -> (f64, f64) {
    let (mut claims, mut settles) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let start = Instant::now();
        let Next::Claimed(mut claimed) = store.claim("crm").await.unwrap() else { break };
        claims.push(since(start));
        let start = Instant::now();
        claimed.claim.settle(settled).await.unwrap();
        settles.push(since(start));
    }
    (of_sorted(&mut claims, 0.5), of_sorted(&mut settles, 0.5))
}

async fn waiting(folder: &Path, events: usize) {
    let later = Settled::Again { after: Duration::from_secs(3600), why: "down".to_owned() };
    for (name, tickets) in [("each its own lane", usize::MAX), ("ten lanes", 10)] {
        for events in [1000, events] {
            let store = filled(folder.join(format!("{name} {events}")), events, tickets).await;
            let before = resident();
            let (claim, settle) = next(&store, &Settled::Delivered).await;
            println!(
                "{events} wait, {name}: claim {claim:.0} µs, settle {settle:.0} µs, {before} kB"
            );
            if tickets == 10 {
                next_of_blocked(&store, &later).await;
            }
            let start = Instant::now();
            store.status().await.unwrap();
            println!("  status {:.0} µs", since(start));
            let start = Instant::now();
            store.retry(&Default::default()).await.unwrap();
            println!("  retry of all {:.1} s, {} kB", start.elapsed().as_secs_f64(), resident());
        }
    }
}

/// Every lane is blocked by its first.
async fn next_of_blocked(store: &SqliteStore, later: &Settled) {
    while let Next::Claimed(mut claimed) = store.claim("crm").await.unwrap() {
        claimed.claim.settle(later).await.unwrap();
    }
    let start = Instant::now();
    for _ in 0..500 {
        assert!(matches!(store.claim("crm").await.unwrap(), Next::Later(_)));
    }
    println!("  behind blocked heads: claim {:.0} µs", since(start) / 500.0);
}

fn main() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let folder = folder();
    runtime.block_on(async {
        match std::env::var("OUTBOX_WAITING") {
            Ok(events) => waiting(&folder, events.parse().unwrap()).await,
            Err(_) => take(&folder).await,
        }
    });
    std::fs::remove_dir_all(folder).unwrap();
}
