//! What waits for the candidate: bounded in calls and bytes, since no caller is made to wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::call::{Call, Judge, Verdict};
use super::candidate::Candidate;
use super::examples::Examples;
use super::rewrite::MARK;
use super::tally::Tally;
use crate::http::{Answered, HttpRequest, HttpVersion, Outcome};
use crate::record::Observer;

pub(super) struct Shared {
    pub(super) judge: Judge,
    pub(super) state: Mutex<State>,
    pub(super) counts: Counts,
    pub(super) queue_bytes: usize,
    pub(super) examples: Option<Examples>,
    pub(super) changed: watch::Sender<()>,
}

pub(super) struct State {
    pub(super) candidate: Arc<Candidate>,
    pub(super) tally: Tally,
}

/// What is counted on the caller's way, where nobody may be waited for.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) calls: AtomicU64,
    pub(super) beside: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) waiting: AtomicUsize,
    pub(super) bytes: AtomicUsize,
}

/// Hands over what the proxy forwards.
pub(super) struct Watcher {
    pub(super) shared: Arc<Shared>,
    /// How many calls may wait.
    pub(super) depth: usize,
    pub(super) calls: Mutex<Option<mpsc::Sender<Call>>>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, size: usize) {
        self.counts.waiting.fetch_sub(1, Relaxed);
        self.counts.bytes.fetch_sub(size, Relaxed);
        self.changed.send_replace(());
    }
}

impl Watcher {
    pub(super) fn close(&self) {
        drop(self.lock().take());
    }

    /// While this is held, no call is counted.
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<mpsc::Sender<Call>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watcher {
    fn observe(
        &self,
        request: &HttpRequest,
        version: HttpVersion,
        answer: Result<&Answered, &str>,
        took: Duration,
    ) {
        let (counts, calls) = (&self.shared.counts, self.lock());
        if request.method != "POST" {
            counts.beside.fetch_add(1, Relaxed);
            return;
        }
        counts.calls.fetch_add(1, Relaxed);
        if request.headers.get(MARK).is_some() {
            drop(calls);
            // Else each would make another one, without end.
            self.shared.state().tally.note(Verdict::of_a_shadow(), None);
            return;
        }
        let size = Call::size(request, answer);
        let fits =
            |bytes: usize| bytes.checked_add(size).filter(|all| *all <= self.shared.queue_bytes);
        let has_room = calls.is_some()
            && counts.waiting.load(Relaxed) < self.depth
            && counts.bytes.fetch_update(Relaxed, Relaxed, fits).is_ok();
        let Some(sender) = calls.as_ref().filter(|_| has_room).cloned() else {
            counts.dropped.fetch_add(1, Relaxed);
            return;
        };
        counts.waiting.fetch_add(1, Relaxed);
        drop(calls);
        let outcome =
            answer.cloned().map_or_else(|why| Outcome::Failed(why.to_owned()), Outcome::Answered);
        let call = Call { request: request.clone(), version, outcome, took, size };
        // The thread takes them until this side closes.
        if sender.try_send(call).is_err() {
            counts.dropped.fetch_add(1, Relaxed);
            self.shared.done(size);
        }
    }
}

/// Asks the candidate about what comes, so many calls at a time.
pub(super) async fn work(shared: Arc<Shared>, mut calls: mpsc::Receiver<Call>, concurrency: usize) {
    let mut under_way = JoinSet::new();
    let stopped = shared.judge.stopped();
    let all = async {
        while let Some(call) = calls.recv().await {
            if under_way.len() == concurrency {
                under_way.join_next().await;
            }
            under_way.spawn(judge(Arc::clone(&shared), call));
        }
        while under_way.join_next().await.is_some() {}
    };
    tokio::select! {
        () = all => {}
        () = stopped => {}
    }
}

async fn judge(shared: Arc<Shared>, call: Call) {
    let candidate = Arc::clone(&shared.state().candidate);
    let size = call.size;
    // A bug in one comparison must not end the others.
    let judging = tokio::spawn({
        let (shared, candidate) = (Arc::clone(&shared), Arc::clone(&candidate));
        async move { shared.judge.judge(&call, &candidate).await }
    });
    let verdict = judging.await.unwrap_or_else(|_| Verdict::bug());
    let mut state = shared.state();
    match Arc::ptr_eq(&state.candidate, &candidate) {
        true => state.tally.note(verdict, shared.examples.as_ref()),
        // Of another candidate, nobody wants to know.
        false => drop(shared.counts.calls.fetch_sub(1, Relaxed)),
    }
    shared.done(size);
}
