//! A server that is killed and started again while events come in and are told.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::contract::BoxFuture;
use external_providers::outbox::{Delivery, Event, Limits, Outbox, Pace, Sink, Store};
use external_providers::report::Report;

use super::store::{event, number};
use super::{database, store};
use crate::rig::Rig;

/// What was told, in order: its lane, its number, its id.
#[derive(Debug, Default)]
struct Told {
    events: Mutex<Vec<(String, usize, String)>>,
    /// Events that are being told.
    now: Mutex<HashSet<String>>,
    /// Those that were told by two at the same time.
    twice: AtomicUsize,
}

impl Sink for Told {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async move {
            if !self.now.lock().unwrap().insert(event.id.clone()) {
                self.twice.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            let lane = event.lane.clone().unwrap();
            self.events.lock().unwrap().push((lane, number(event), event.id.clone()));
            self.now.lock().unwrap().remove(&event.id);
            Delivery::Delivered
        })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        unreachable!("nobody asks")
    }
}

/// `SERVERS_RESTARTS` says how often. Two hosts share the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_no_event() {
    const LANES: usize = 6;
    let restarts = std::env::var("SERVERS_RESTARTS").map_or(3, |count| count.parse().unwrap());
    let mut rig = Rig::start("database/postgres.sh", &[]);
    let settings = database(&rig);
    let (told, stop) = (Arc::new(Told::default()), Arc::new(AtomicBool::new(false)));
    let (kept, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut delivering = Vec::new();
    let hosts = [(); 2].map(|()| Outbox::new(Arc::new(store(&settings)) as Arc<dyn Store>));
    for host in &hosts {
        // The load is not a loop.
        let mut limits = Limits::default();
        limits.loop_limit = 0;
        host.set_limits(limits);
        let sink = Arc::clone(&told) as Arc<dyn Sink>;
        delivering
            .push(host.deliver(vec![("crm".to_owned(), sink, Pace::default())]).await.unwrap());
    }
    // Each lane has somebody who says the next only once the last was taken, as the help desk does.
    let tasks: Vec<_> = (0..LANES)
        .map(|lane| {
            let host = hosts[lane % 2].clone();
            let (kept, refused, stop) =
                (Arc::clone(&kept), Arc::clone(&refused), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut ids = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let event = event(&lane.to_string(), ids.len());
                    match host.take(&event, &["crm".to_owned()]).await {
                        Ok(()) => {
                            ids.push(event.id);
                            kept.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(_) => {
                            refused.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
                (lane, ids)
            })
        })
        .collect();
    let more = async |counter: &AtomicUsize, count: usize| {
        let goal = counter.load(Ordering::Relaxed) + count;
        while counter.load(Ordering::Relaxed) < goal {
            assert!(!tasks.iter().any(|task| task.is_finished()));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    for round in 0..restarts {
        // At another moment each time.
        more(&kept, 30 + round % 7).await;
        rig.kill();
        more(&refused, LANES).await;
        rig.again();
        while !rig.is_listening() {
            if rig.has_ended() {
                rig.again();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    more(&kept, 30).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = HashMap::new();
    for task in tasks {
        let (lane, ids) = task.await.unwrap();
        acknowledged.insert(format!("ticketNumber={lane}"), ids);
    }
    let lost = || {
        let told = told.events.lock().unwrap();
        let told: HashSet<&str> = told.iter().map(|(_, _, id)| id.as_str()).collect();
        acknowledged.values().flatten().filter(|id| !told.contains(id.as_str())).count()
    };
    let waiting = async || hosts[0].store().status().await.map_or(1, |status| status[0].waiting);
    while waiting().await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for delivering in delivering {
        delivering.stop().await;
    }
    assert_eq!(lost(), 0, "acknowledged and lost");
    let events = told.events.lock().unwrap();
    let ids: HashSet<_> = events.iter().map(|(_, _, id)| id).collect();
    let again = events.len() - ids.len();
    println!(
        "{restarts} restarts: {} events acknowledged, {} refused, {again} told again, {} of them while they were \
         being told",
        kept.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
        told.twice.load(Ordering::Relaxed)
    );
    // Of each host, so many are told at the same time.
    assert!(again <= 2 * Pace::default().parallel * restarts, "{again}");
    // What was refused may have been kept all the same; its number comes again, and nothing goes back.
    for lane in acknowledged.keys() {
        let numbers: Vec<usize> =
            events.iter().filter(|(of, ..)| of == lane).map(|(_, number, _)| *number).collect();
        assert!(numbers.is_sorted(), "{lane}: {numbers:?}");
    }
}
