//! Servers that are killed, stopped and started again under load: failures of the call, never a wrong
//! answer, and no need to start us again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use external_providers::backends::directory::Directory;

use super::Reason::WrongPassword;
use super::{Failure, In, Nobody, Out, Outcome, RIGHT, UMLAUTS, WRONG};
use super::{directory, log_in, openldap, person};
use crate::rig::Rig;

/// Logins without an end, each checked.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    failures: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn new(directory: &Directory) -> Self {
        let (stop, answers, failures) =
            <(Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let tasks = (0..8)
            .map(|number| {
                let directory = directory.clone();
                let (stop, answers, failures) =
                    (Arc::clone(&stop), Arc::clone(&answers), Arc::clone(&failures));
                tokio::spawn(async move {
                    let logins = [
                        ("ok", RIGHT, In),
                        ("nobody", RIGHT, Nobody),
                        ("pwuml", UMLAUTS, In),
                        // Answered from memory, once it is known.
                        ("wrong", WRONG, Out(WrongPassword, false)),
                    ];
                    let (login, password, expected) = &logins[number % logins.len()];
                    while !stop.load(Ordering::Relaxed) {
                        match Outcome::of(&log_in(&directory, login, password).await) {
                            Failure => failures.fetch_add(1, Ordering::Relaxed),
                            outcome => {
                                assert_eq!(outcome, *expected, "{login}");
                                answers.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                        // Failures that come at once leave others their turn.
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        Self { stop, answers, failures, tasks }
    }

    async fn more(&self, counter: &AtomicUsize, count: usize) {
        let goal = counter.load(Ordering::Relaxed) + count;
        while counter.load(Ordering::Relaxed) < goal {
            assert!(!self.tasks.iter().any(|task| task.is_finished()), "a wrong answer");
            tokio::task::yield_now().await;
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_gives_no_wrong_answer_and_comes_back() {
    let mut rig = Rig::start("directory/slapd.sh", &[]);
    let directory = directory(openldap(&rig));
    let load = Load::new(&directory);
    for _ in 0..5 {
        load.more(&load.answers, 20).await;
        rig.kill();
        load.more(&load.failures, 20).await;
        rig.again();
    }
    load.more(&load.answers, 100).await;
    load.end().await;
}

/// While it was away, nobody asked; what was idle has ended, and nobody notices.
#[tokio::test]
async fn connections_that_ended_while_idle_cost_no_login() {
    let mut rig = Rig::start("directory/slapd.sh", &[("SLAPD_GLOBAL", "idletimeout 1")]);
    let directory = directory(openldap(&rig));
    person(&directory, "ok", RIGHT).await;
    while rig.logged("closed (idletimeout)") == 0 {
        tokio::task::yield_now().await;
    }
    person(&directory, "ok", RIGHT).await;
    rig.kill();
    rig.again();
    while !rig.is_listening() {
        tokio::task::yield_now().await;
    }
    person(&directory, "ok", RIGHT).await;
}

/// Logins at a time, all of them accepted.
async fn crowd(directory: &Directory, count: usize) {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let directory = directory.clone();
            tokio::spawn(async move { log_in(&directory, "ok", RIGHT).await })
        })
        .collect();
    for task in tasks {
        let answer = task.await.unwrap();
        assert_eq!(Outcome::of(&answer), In, "{answer:?}");
    }
}

fn two() -> ([Rig; 2], super::DirectorySettings) {
    let rigs = [(); 2].map(|()| Rig::start("directory/slapd.sh", &[]));
    let mut settings = openldap(&rigs[0]);
    settings.servers = rigs.iter().map(|rig| rig.get("url").to_owned()).collect();
    settings.root_certificates =
        rigs.iter().flat_map(|rig| std::fs::read(rig.file("ca.pem")).unwrap()).collect();
    (rigs, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_logins_at_a_time_are_answered_while_one_of_two_servers_hangs() {
    let (rigs, settings) = two();
    let directory = directory(settings);
    person(&directory, "ok", RIGHT).await;
    rigs[0].signal("STOP");
    crowd(&directory, 200).await;
    rigs[0].signal("CONT");
    crowd(&directory, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_logins_at_a_time_are_answered_while_one_of_two_servers_is_gone() {
    let (mut rigs, settings) = two();
    let directory = directory(settings);
    person(&directory, "ok", RIGHT).await;
    rigs[0].kill();
    crowd(&directory, 200).await;
    rigs[0].again();
    rigs[1].kill();
    // Whoever comes while neither answers is not refused.
    loop {
        match Outcome::of(&log_in(&directory, "ok", RIGHT).await) {
            In => break,
            other => assert_eq!(other, Failure),
        }
    }
    crowd(&directory, 200).await;
}

/// Those who wait for a directory that hangs are in nobody's way who asks another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_hangs_holds_up_no_other() {
    let rigs = [(); 2].map(|()| Rig::start("directory/slapd.sh", &[]));
    let [mut hanging, other] = rigs.each_ref().map(openldap);
    // It lasts as long as the test.
    (hanging.timeout, hanging.connect_timeout) =
        (std::time::Duration::from_secs(600), std::time::Duration::from_secs(600));
    let [hanging, other] = [hanging, other].map(directory);
    rigs[0].signal("STOP");
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let hanging = hanging.clone();
            tokio::spawn(async move { log_in(&hanging, "ok", RIGHT).await })
        })
        .collect();
    crowd(&other, 200).await;
    assert_eq!(waiting.iter().filter(|task| task.is_finished()).count(), 0);
    for task in &waiting {
        task.abort();
    }
}
