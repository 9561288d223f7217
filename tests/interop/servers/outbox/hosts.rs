//! Several hosts with one store.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::outbox::{Filter, Settled, Store};

use super::store::{event, keep, next, number, status};
use super::{database, store};
use crate::rig::Rig;

/// Three hosts that keep and deliver, and somebody who tries again and skips meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_hosts_have_a_delivery_or_a_lane_at_the_same_time() {
    const LANES: usize = 7;
    const EVENTS: usize = 40;
    let settings = database(&Rig::shared("postgres"));
    let hosts: Vec<_> = (0..3).map(|_| Arc::new(store(&settings))).collect();
    // Lanes that are being told, and what was told of each.
    let told: Arc<Mutex<(HashSet<usize>, HashMap<usize, Vec<usize>>)>> = Arc::default();
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let host = Arc::clone(&hosts[lane % 3]);
        tasks.spawn(async move {
            for number in 0..EVENTS {
                keep(&*host, &event(&lane.to_string(), number * LANES + lane), &["crm"]).await;
            }
        });
    }
    for worker in 0..9 {
        let (host, told) = (Arc::clone(&hosts[worker % 3]), Arc::clone(&told));
        tasks.spawn(async move {
            let count = || told.lock().unwrap().1.values().map(Vec::len).sum::<usize>();
            while count() < LANES * EVENTS {
                let Some(mut claimed) = next(&*host).await else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                };
                let number = number(&claimed.event);
                let lane = number % LANES;
                assert!(told.lock().unwrap().0.insert(lane), "lane {lane} is with two");
                tokio::task::yield_now().await;
                // Every fifth is refused at first.
                let settled = match number % 5 == 0 && claimed.attempts == 0 {
                    true => {
                        Settled::Again { after: Duration::from_millis(5), why: "no".to_owned() }
                    }
                    false => Settled::Delivered,
                };
                {
                    let mut told = told.lock().unwrap();
                    told.0.remove(&lane);
                    if settled == Settled::Delivered {
                        told.1.entry(lane).or_default().push(number / LANES);
                    }
                }
                claimed.claim.settle(&settled).await.unwrap();
            }
        });
    }
    {
        let (host, told) = (Arc::clone(&hosts[0]), Arc::clone(&told));
        tasks.spawn(async move {
            let count = || told.lock().unwrap().1.values().map(Vec::len).sum::<usize>();
            while count() < LANES * EVENTS {
                host.retry(&Filter::default()).await.unwrap();
                host.status().await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    for (lane, numbers) in &told.lock().unwrap().1 {
        assert_eq!(*numbers, (0..EVENTS).collect::<Vec<_>>(), "lane {lane}");
    }
    assert_eq!(status(&*hosts[1]).await.waiting, 0);
}
