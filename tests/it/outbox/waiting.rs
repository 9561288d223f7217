//! What waits is on disk, and not in memory.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use external_providers::outbox::{Outbox, Pace, Sink, SqliteStore, Store};

use super::memory::FakeSink;
use super::store::event;
use crate::support::Folder;

const FOLDER: &str = "OUTBOX_WAITING_FOLDER";
const EVENTS: usize = 6000;
const KIBIBYTES_EACH: usize = 4;

/// Kibibytes that this process had in memory at most.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// The process whose memory is measured, which is not a test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = SqliteStore::new(folder.join("events.sqlite"));
    let keep = async |from: usize, to: usize| {
        let mut keepers = tokio::task::JoinSet::new();
        for part in 0..50 {
            let store = store.clone();
            keepers.spawn(async move {
                for number in (from..to).filter(|number| number % 50 == part) {
                    let mut event = event(&format!("t{number}"), number);
                    event.variables.push("text", &"x".repeat(KIBIBYTES_EACH << 10));
                    store.append(&event, &["crm".to_owned()], 0).await.unwrap();
                }
            });
        }
        keepers.join_all().await;
    };
    keep(0, 200).await;
    let before = peak();
    keep(200, EVENTS).await;
    let outbox = Outbox::new(Arc::new(store.clone()));
    let sink = Arc::new(FakeSink::new(Duration::ZERO, []));
    let told: Arc<dyn Sink> = Arc::<FakeSink>::clone(&sink);
    let sinks = vec![("crm".to_owned(), told, Pace::default())];
    let _delivering = outbox.deliver(sinks).await.unwrap();
    sink.was_told(500).await;
    store.status().await.unwrap();
    println!("grew by {} kB", peak() - before);
}

#[test]
fn memory_does_not_grow_with_what_waits() {
    let folder = Folder::new("outbox-waiting");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outbox::waiting::child", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let grew = output.split("grew by ").nth(1).and_then(|rest| rest.split(' ').next());
    let grew: usize = grew.unwrap_or_else(|| panic!("{output}")).parse().unwrap();
    assert!(grew < EVENTS * KIBIBYTES_EACH / 3, "{grew} kB for {EVENTS} events");
}
