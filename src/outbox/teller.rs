//! Tells one sink: claims what is due, delivers, settles.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::schedule::{fitting, pause};
use super::{Claim, Claimed, Delivery, DeliveryLock, Event, Next, Pace, Settled, Sink, Store};
use crate::breaker::Breaker;
use crate::metrics::DELIVERIES;

/// How often a store is asked for what others put there.
const POLL: Duration = Duration::from_secs(1);
/// Failures in a row after which a sink as a whole rests, and how long until one delivery tries it.
const FAILURES: u32 = 5;
const REST: Duration = Duration::from_secs(30);
/// Pauses after failures of the store.
const SHORTEST_TROUBLE: Duration = Duration::from_millis(200);
const LONGEST_TROUBLE: Duration = Duration::from_secs(30);
/// The longest time for which a sink as a whole is left alone when it asks for that.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);
/// How long it is tried, when all stops, to say what became of a delivery.
const LAST_TRIES: Duration = Duration::from_secs(10);

/// How long whoever tells a sink goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It does.
    No,
    /// Another has taken its place: what is under way ends.
    Replaced,
    /// The program ends: what is under way has not much time left.
    Ending,
}

pub(super) struct Teller {
    name: String,
    sink: Arc<dyn Sink>,
    pace: Pace,
    store: Arc<dyn Store>,
    breaker: Breaker,
    /// Until when the sink asked to be left alone.
    rest: Mutex<Option<Instant>>,
    /// Has the breaker opened, and nothing been delivered since?
    is_down: AtomicBool,
    /// Until the last delivery under way has ended.
    _lock: Arc<DeliveryLock>,
}

/// Waits that double.
struct Trouble(Duration);

impl Trouble {
    fn none() -> Self {
        Self(SHORTEST_TROUBLE)
    }

    fn next(&mut self) -> Duration {
        let longer = (self.0 * 2).min(LONGEST_TROUBLE);
        std::mem::replace(&mut self.0, longer)
    }
}

impl Teller {
    pub(super) fn new(
        name: String,
        sink: Arc<dyn Sink>,
        pace: Pace,
        store: Arc<dyn Store>,
        lock: Arc<DeliveryLock>,
    ) -> Self {
        let (breaker, is_down) = (Breaker::new(FAILURES, REST), AtomicBool::new(false));
        let rest = Mutex::default();
        Self { name, sink, pace, store, breaker, rest, is_down, _lock: lock }
    }

    /// Until it is to stop, and what is under way has ended.
    pub(super) async fn run(self, wake: Arc<Notify>, mut stop: watch::Receiver<Stop>) {
        let (teller, mut flights, mut trouble) = (Arc::new(self), JoinSet::new(), Trouble::none());
        let is_stopping = stop.clone();
        let mut stopped = pin!(stop.wait_for(|stop| *stop != Stop::No));
        loop {
            while flights.try_join_next().is_some() {}
            let wait = tokio::select! {
                biased;
                _ = &mut stopped => break,
                wait = teller.claim(&mut flights, &is_stopping, &mut trouble) => wait,
            };
            let ended = tokio::select! {
                biased;
                _ = &mut stopped => break,
                Some(ended) = flights.join_next(), if !flights.is_empty() => ended.err(),
                () = wake.notified() => None,
                () = sleep(wait.unwrap_or(POLL)), if wait.is_some() || flights.is_empty() => None,
            };
            if let Some(error) = ended {
                // What it was about is due again.
                tracing::error!(sink = teller.name, %error, "telling an event ended early");
                sleep(trouble.next()).await;
            }
        }
        while flights.join_next().await.is_some() {}
    }

    /// Lets a delivery begin, if one may; how long until it is worth asking again, or until one ends.
    async fn claim(
        self: &Arc<Self>,
        flights: &mut JoinSet<()>,
        is_stopping: &watch::Receiver<Stop>,
        trouble: &mut Trouble,
    ) -> Option<Duration> {
        if flights.len() >= self.pace.parallel.max(1) {
            return None;
        }
        if let Some(refusal) = self.breaker.refuses(Instant::now().into_std()) {
            return (!refusal.left.is_zero()).then_some(refusal.left);
        }
        if let Some(left) = self.resting() {
            return Some(left);
        }
        let next = self.store.claim(&self.name).await;
        let next = next.inspect(|_| *trouble = Trouble::none());
        match next {
            Ok(Next::Claimed(claimed)) => {
                flights.spawn(Arc::clone(self).tell(claimed, is_stopping.clone()));
                Some(Duration::ZERO)
            }
            Ok(Next::Later(wait)) => Some(wait.min(POLL)),
            Ok(Next::Nothing) => Some(POLL),
            Err(error) => {
                let wait = trouble.next();
                tracing::error!(sink = self.name, %error, ?wait, "no event can be taken from the store");
                Some(wait)
            }
        }
    }

    /// How long the sink is still to be left alone.
    fn resting(&self) -> Option<Duration> {
        let until = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    async fn tell(self: Arc<Self>, claimed: Claimed, is_stopping: watch::Receiver<Stop>) {
        let Claimed { event, attempts, first_attempt, mut claim } = claimed;
        let Ok(permit) = self.breaker.admit(Instant::now().into_std()) else { return };
        if !self.sink.may_repeat()
            && let Err(error) = claim.begin().await
        {
            tracing::error!(sink = self.name, event = event.id, %error, "the store failed");
            sleep(LONGEST_TROUBLE / 10).await;
            return;
        }
        let delivery = self.attempt(&event).await;
        let why = match &delivery {
            Delivery::Delivered | Delivery::Rejected { .. } | Delivery::Gone { .. } => None,
            Delivery::Refused { why, .. } | Delivery::InDoubt { why } => Some(why),
        };
        match why {
            None => permit.answered(),
            Some(why) => {
                if permit.failed(Instant::now().into_std(), why)
                    && !self.is_down.swap(true, Relaxed)
                {
                    tracing::warn!(
                        sink = self.name,
                        why,
                        "it seems to be down, and is tried now and then"
                    );
                }
            }
        }
        if let Delivery::Refused { after: Some(after), .. } = &delivery {
            let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
            *rest = Some(Instant::now() + (*after).min(LONGEST_REST));
        }
        let settled = self.settled(&event, delivery, attempts + 1, first_attempt);
        self.settle(&event, &mut *claim, &settled, is_stopping).await;
    }

    /// Tells the sink, whatever it does.
    async fn attempt(&self, event: &Event) -> Delivery {
        let panicked = || {
            let why = "the sink panicked".to_owned();
            match self.sink.may_repeat() {
                true => Delivery::Refused { why, after: None },
                false => Delivery::InDoubt { why },
            }
        };
        let future = catch_unwind(AssertUnwindSafe(|| self.sink.deliver(event)));
        let Ok(mut future) = future else { return panicked() };
        let guarded =
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(poll) => poll.map(Some),
                Err(_) => std::task::Poll::Ready(None),
            });
        guarded.await.unwrap_or_else(panicked)
    }

    /// What follows from an attempt, counted and logged.
    fn settled(
        &self,
        event: &Event,
        delivery: Delivery,
        attempts: u32,
        first_attempt: Option<Timestamp>,
    ) -> Settled {
        let (sink, id) = (self.name.as_str(), event.id.as_str());
        let count = |outcome| DELIVERIES.count(&[sink, outcome]);
        match delivery {
            Delivery::Delivered => {
                count("delivered");
                if self.is_down.swap(false, Relaxed) {
                    tracing::info!(sink, event = id, "it is up again");
                } else if attempts > 1 {
                    tracing::info!(sink, event = id, attempts, "delivered");
                }
                Settled::Delivered
            }
            Delivery::Rejected { why } => self.refused(event, (why, None), attempts, first_attempt),
            Delivery::Refused { why, after } => {
                self.refused(event, (why, after), attempts, first_attempt)
            }
            Delivery::InDoubt { why } => {
                count("in-doubt");
                let known = "perhaps delivered: not tried again, and kept";
                tracing::error!(sink, event = id, attempts, why, "{known}");
                Settled::InDoubt { why }
            }
            Delivery::Gone { why } => {
                count("stopped");
                tracing::error!(
                    sink,
                    event = id,
                    attempts,
                    why,
                    "it wants no more events: stopped"
                );
                Settled::Stopped { why }
            }
        }
    }

    /// It is tried again, unless it was for long enough.
    fn refused(
        &self,
        event: &Event,
        (why, after): (String, Option<Duration>),
        attempts: u32,
        first_attempt: Option<Timestamp>,
    ) -> Settled {
        let (sink, id) = (self.name.as_str(), event.id.as_str());
        let count = |outcome| DELIVERIES.count(&[sink, outcome]);
        let tried = first_attempt.map(|first| Timestamp::now().duration_since(first));
        let tried = tried.and_then(|tried| Duration::try_from(tried).ok()).unwrap_or_default();
        let give_up_after = self.pace.give_up_after;
        // A host that was off, or a clock that leapt, has not tried it for all that time.
        if tried >= give_up_after && attempts >= fitting(give_up_after) / 2 {
            count("failed");
            tracing::error!(sink, event = id, attempts, why, "not delivered: given up, and kept");
            return Settled::Failed { why };
        }
        count("refused");
        let after = pause(attempts, after);
        tracing::warn!(sink, event = id, attempts, again = ?after, why, "not delivered");
        Settled::Again { after, why }
    }

    /// Says what became of it until the store knows: the sink would be told twice.
    async fn settle(
        &self,
        event: &Event,
        claim: &mut dyn Claim,
        settled: &Settled,
        mut is_stopping: watch::Receiver<Stop>,
    ) {
        let mut trouble = Trouble::none();
        let mut last = pin!(async {
            let _ = is_stopping.wait_for(|stop| *stop == Stop::Ending).await;
            sleep(LAST_TRIES).await;
        });
        while let Err(error) = claim.settle(settled).await {
            let (sink, id, wait) = (self.name.as_str(), event.id.as_str(), trouble.next());
            tracing::error!(sink, event = id, %error, ?wait, "the store does not take what became of it");
            tokio::select! {
                biased;
                () = &mut last => {
                    tracing::error!(sink, event = id, ?settled, "stopped before the store knew");
                    return;
                }
                () = sleep(wait) => {}
            }
        }
    }
}
