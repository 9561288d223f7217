//! Servers that drop connections, are killed and started again under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use external_providers::backends::database::{Cause, DatabaseKind, Effect, LookUpSettings};
use external_providers::explanation::Explanation;

use super::{SERVERS, administrator, ask, database, look_up, once, patient};
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_dropped_while_idle_cost_no_call() {
    for (kind, _, script) in SERVERS {
        let rig = Rig::start(script, &[]);
        let database = database(kind, &rig);
        let customer =
            Arc::new(look_up(&database, patient("select name from customers where id = :id")));
        for round in 0..10 {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let customer = Arc::clone(&customer);
                    tokio::spawn(async move { ask(&customer, "1").await })
                })
                .collect();
            for task in tasks {
                let rows = task.await.unwrap().unwrap_or_else(|e| panic!("{kind}, {round}: {e}"));
                assert_eq!(rows.first("name"), Some(Some("Ann Example")));
            }
            // An effect, too: nothing but its beginning goes to a connection that may be gone.
            let count = Effect::new(
                "count",
                database.clone(),
                "update counter set n = n + 1",
                1,
                Duration::from_secs(60),
            );
            let done = count.unwrap().run(&|_| None, &Explanation::default()).await;
            assert!(done.unwrap_or_else(|error| panic!("{kind}, {round}: {error}")));
            drop_connections(kind, &rig);
        }
        let count = once(&database, "select n from counter", "").await.unwrap();
        assert_eq!(count.first("n"), Some(Some("10")), "{kind}");
    }
}

fn drop_connections(kind: DatabaseKind, rig: &Rig) {
    let statement = match kind {
        DatabaseKind::Postgres => {
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = 'helpdesk'"
        }
        _ => "kill user helpdesk",
    };
    administrator(kind, rig, statement);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_gives_no_wrong_answer_and_comes_back() {
    for (kind, _, script) in SERVERS {
        let mut rig = Rig::start(script, &[]);
        let database = database(kind, &rig);
        let stop = Arc::new(AtomicBool::new(false));
        let counts: Arc<[AtomicU64; 4]> = Arc::default();
        let [answers, failures, ..] = &*counts;
        let tasks: Vec<_> = (0..6)
            .map(|number| {
                let (stop, counts, database) =
                    (Arc::clone(&stop), Arc::clone(&counts), database.clone());
                tokio::spawn(async move {
                    let [answers, failures, done, in_doubt] = &*counts;
                    let mut settings =
                        LookUpSettings::new("select name, plan from customers where id = :id");
                    settings.timeout = Duration::from_secs(2);
                    let customer = look_up(&database, settings);
                    let count = Effect::new(
                        "count",
                        database,
                        "update counter set n = n + 1",
                        1,
                        Duration::from_secs(2),
                    )
                    .unwrap();
                    while !stop.load(Ordering::Relaxed) {
                        let failed = if number == 0 {
                            match count.run(&|_| None, &Explanation::default()).await {
                                Ok(is_done) => {
                                    assert!(is_done, "{kind}: the row is there");
                                    done.fetch_add(1, Ordering::Relaxed);
                                    false
                                }
                                Err(error) => {
                                    let doubt = matches!(error.cause, Cause::InDoubt(_));
                                    in_doubt.fetch_add(u64::from(doubt), Ordering::Relaxed);
                                    true
                                }
                            }
                        } else {
                            match ask(&customer, "1").await {
                                Ok(rows) => {
                                    assert_eq!(rows.rows.len(), 1, "{kind}");
                                    assert_eq!(rows.first("plan"), Some(Some("Gold")), "{kind}");
                                    false
                                }
                                Err(_) => true,
                            }
                        };
                        let counter = if failed { failures } else { answers };
                        counter.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        let more = async |counter: &AtomicU64, count: u64| {
            let goal = counter.load(Ordering::Relaxed) + count;
            while counter.load(Ordering::Relaxed) < goal {
                assert!(!tasks.iter().any(|task| task.is_finished()), "{kind}: a wrong answer");
                tokio::task::yield_now().await;
            }
        };
        for _ in 0..3 {
            more(answers, 50).await;
            rig.kill();
            more(failures, 20).await;
            // PostgreSQL's children take a moment to see that they are alone; until then it does not start.
            rig.again();
            while !rig.is_listening() {
                if rig.has_ended() {
                    rig.again();
                }
                tokio::task::yield_now().await;
            }
        }
        more(answers, 100).await;
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        // Each effect that was said to be done is done once; those in doubt once or never.
        let [_, _, done, in_doubt] = &*counts;
        let (done, in_doubt) = (done.load(Ordering::Relaxed), in_doubt.load(Ordering::Relaxed));
        let count = once(&database, "select n from counter", "").await.unwrap();
        let count: u64 = count.first("n").flatten().unwrap().parse().unwrap();
        assert!((done..=done + in_doubt).contains(&count), "{kind}: {count}, {done} + {in_doubt}");
        assert!(done > 0, "{kind}");
    }
}

/// A server that hangs holds its own calls up, until their time is over, and no others'.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_a_failure_in_time() {
    let (kind, _, script) = SERVERS[1];
    let rig = Rig::start(script, &[]);
    let hanging = database(kind, &rig);
    let mut settings = LookUpSettings::new("select name from customers where id = :id");
    settings.timeout = Duration::from_millis(300);
    let customer = look_up(&hanging, settings);
    ask(&customer, "1").await.unwrap();
    rig.signal("STOP");
    for _ in 0..10 {
        assert!(ask(&customer, "1").await.is_err());
    }
    let other = database(DatabaseKind::Postgres, &Rig::shared("postgres"));
    once(&other, "select 1 as n", "").await.unwrap();
    rig.signal("CONT");
    while ask(&customer, "1").await.is_err() {}
}
