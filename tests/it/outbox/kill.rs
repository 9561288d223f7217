//! A process that is killed at any moment loses no event that it acknowledged. In full:
//! `OUTBOX_KILLS=1000 cargo test --test it outbox::kill`.
#![cfg(unix)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use external_providers::contract::BoxFuture;
use external_providers::outbox::{
    Delivery, Event, Filter, Limits, Outbox, Pace, Sink, SqliteStore, Store,
};
use external_providers::report::Report;

use super::store::{event, number};
use crate::support::Folder;

const FOLDER: &str = "OUTBOX_KILL_FOLDER";
const ROUND: &str = "OUTBOX_KILL_ROUND";
const LANES: usize = 7;
const PARALLEL: usize = 4;

/// Writes down what it is told, at once: what a process wrote outlives it.
#[derive(Debug)]
struct Notes(PathBuf);

/// Adds a line that shows where it is whole: one is read while it is being written, and a kill may cut it.
fn note(path: &Path, line: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(format!("\n{line}.").as_bytes()).unwrap();
}

impl Sink for Notes {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async {
            note(&self.0, &format!("{} {}", event.id, number(event)));
            tokio::task::yield_now().await;
            Delivery::Delivered
        })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        unreachable!("deliveries need no check")
    }
}

fn sinks(folder: &Path) -> Vec<(String, Arc<dyn Sink>, Pace)> {
    let mut pace = Pace::default();
    pace.parallel = PARALLEL;
    vec![("crm".to_owned(), Arc::new(Notes(folder.join("told"))), pace)]
}

/// The process that is killed: not a test by itself. It takes events as fast as it can, several at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let round: usize = std::env::var(ROUND).unwrap().parse().unwrap();
    let outbox = Outbox::new(Arc::new(SqliteStore::new(folder.join("events.sqlite"))));
    let mut limits = Limits::default();
    limits.loop_limit = 0;
    outbox.set_limits(limits);
    let _delivering = outbox.deliver(sinks(&folder)).await.unwrap();
    note(&folder.join("ready"), "");
    let mut takers = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let (outbox, acknowledged) = (outbox.clone(), folder.join("acknowledged"));
        takers.spawn(async move {
            for count in 0..100_000 {
                let number = (round * 100_000 + count) * LANES + lane;
                let event = event(&format!("t{lane}"), number);
                outbox.take(&event, &["crm".to_owned()]).await.unwrap();
                note(&acknowledged, &format!("{} {number}", event.id));
            }
        });
    }
    takers.join_all().await;
}

fn lines(path: &Path) -> Vec<(String, usize)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| {
        let (id, number) = line.split_once(' ').unwrap();
        (id.to_owned(), number.parse().unwrap())
    };
    text.lines().filter_map(|line| line.strip_suffix('.')).map(line).collect()
}

/// One process's life, which ends after some work: as much as that takes on this machine, since a slow one does
/// nothing in any time that would do for a fast one.
fn round(folder: &Path, round: usize) {
    let (ready, acknowledged) = (folder.join("ready"), folder.join("acknowledged"));
    let before = lines(&acknowledged).len();
    let _ = std::fs::remove_file(&ready);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outbox::kill::child", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !ready.exists() || lines(&acknowledged).len() < before + round % 4 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Not the same moment each time.
    let micros = round as u64 * 7919 % 30_011;
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_the_order_is_kept() {
    let rounds = std::env::var("OUTBOX_KILLS").map_or(60, |rounds| rounds.parse().unwrap());
    let folder = Folder::new("outbox-kill");
    (0..rounds).for_each(|number| round(folder.path(), number));
    // The rest is delivered by a process that lives.
    let store: Arc<dyn Store> = Arc::new(SqliteStore::new(folder.path().join("events.sqlite")));
    let outbox = Outbox::new(Arc::clone(&store));
    let delivering = outbox.deliver(sinks(folder.path())).await.unwrap();
    while store.status().await.unwrap().iter().any(|sink| sink.waiting > 0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    delivering.stop().await;

    let acknowledged = lines(&folder.path().join("acknowledged"));
    let told = lines(&folder.path().join("told"));
    let ids: HashSet<&str> = told.iter().map(|(id, _)| id.as_str()).collect();
    let lost = acknowledged.iter().filter(|(id, _)| !ids.contains(id.as_str())).count();
    assert_eq!(lost, 0, "of {}", acknowledged.len());
    assert!(acknowledged.len() > rounds, "{} events", acknowledged.len());
    let kept = store.list(&Filter::default(), usize::MAX).await.unwrap();
    assert_eq!(kept.len(), ids.len(), "what was told was kept");

    // In each lane as they came; only the last that a process told may be told again.
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (id, number) in &told {
        *times.entry(id).or_default() += 1;
        let before = last.insert(number % LANES, *number);
        assert!(before.is_none_or(|before| before <= *number), "{before:?} {number}");
    }
    let twice = told.len() - times.len();
    println!(
        "{rounds} kills: {} acknowledged, {} told, {twice} again",
        acknowledged.len(),
        ids.len()
    );
    assert!(twice <= rounds * PARALLEL, "{twice} are more than were under way");
}
