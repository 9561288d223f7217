//! A store in memory whose time is the runtime's, which tests let pass as they like, and a sink that
//! answers as it is told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::contract::BoxFuture;
use external_providers::outbox::{
    Appended, Claim, Claimed, Delivery, DeliveryLock, Event, Filter, Kept, Next, Settled, Sink,
    SinkStatus, State, Store, StoreError,
};
use external_providers::report::Report;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::store::number;

#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryStore(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rows: Mutex<Vec<Row>>,
    /// Calls that fail before others succeed.
    failing: Mutex<(usize, usize)>,
    claims: AtomicUsize,
    purged_before: Mutex<Option<Timestamp>>,
    is_locked: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Row {
    event: Event,
    sink: String,
    state: State,
    due: Instant,
    attempts: u32,
    first_attempt: Option<Instant>,
    is_claimed: bool,
    is_begun: bool,
}

impl MemoryStore {
    /// The next claims, and the next attempts to settle, fail.
    pub(crate) fn fail(&self, claims: usize, settles: usize) {
        *self.0.failing.lock().unwrap() = (claims, settles);
    }

    /// The states of the deliveries to a sink.
    pub(crate) fn states(&self, sink: &str) -> Vec<State> {
        self.rows(|row| (row.sink == sink).then_some(row.state))
    }

    pub(crate) fn begun(&self) -> usize {
        self.rows(|row| row.is_begun.then_some(())).len()
    }

    pub(crate) fn tried(&self) -> usize {
        self.rows(|row| (row.attempts > 0).then_some(())).len()
    }

    fn rows<T>(&self, of: impl Fn(&Row) -> Option<T>) -> Vec<T> {
        self.0.rows.lock().unwrap().iter().filter_map(of).collect()
    }

    /// How often something was asked for.
    pub(crate) fn claims(&self) -> usize {
        self.0.claims.load(SeqCst)
    }

    pub(crate) fn purged_before(&self) -> Option<Timestamp> {
        *self.0.purged_before.lock().unwrap()
    }

    fn failure(&self, of: impl Fn(&mut (usize, usize)) -> &mut usize) -> Result<(), StoreError> {
        let mut failing = self.0.failing.lock().unwrap();
        let left = of(&mut failing);
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        Err(StoreError::Failed { store: "memory".to_owned(), why: "the disk is full".to_owned() })
    }
}

#[derive(Debug)]
struct Lock(Arc<AtomicBool>);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

#[derive(Debug)]
struct MemoryClaim {
    store: MemoryStore,
    at: usize,
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        self.store.0.rows.lock().unwrap()[self.at].is_claimed = false;
    }
}

impl Claim for MemoryClaim {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.0.rows.lock().unwrap()[self.at].is_begun = true;
        Box::pin(async { Ok(()) })
    }

    fn settle<'s>(&'s mut self, settled: &'s Settled) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            self.store.failure(|(_, settles)| settles)?;
            let mut rows = self.store.0.rows.lock().unwrap();
            let row = &mut rows[self.at];
            row.attempts += 1;
            row.first_attempt.get_or_insert_with(Instant::now);
            row.is_begun = false;
            match settled {
                Settled::Delivered => row.state = State::Delivered,
                Settled::Again { after, .. } => row.due = Instant::now() + *after,
                Settled::Failed { .. } => row.state = State::Failed,
                Settled::InDoubt { .. } => row.state = State::InDoubt,
                // Nothing is claimed any more, by a state that nobody asks for here.
                Settled::Stopped { .. } => row.state = State::Held,
            }
            Ok(())
        })
    }
}

impl Store for MemoryStore {
    fn open(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn begin_delivering(&self) -> BoxFuture<'_, Result<DeliveryLock, StoreError>> {
        let before = self.0.is_locked.swap(true, SeqCst);
        Box::pin(async move {
            match before {
                false => Ok(Box::new(Lock(Arc::clone(&self.0.is_locked))) as DeliveryLock),
                true => Err(StoreError::InUse { store: "memory".to_owned() }),
            }
        })
    }

    fn append<'s>(
        &'s self,
        event: &'s Event,
        sinks: &'s [String],
        loop_limit: u32,
    ) -> BoxFuture<'s, Result<Appended, StoreError>> {
        let mut rows = self.0.rows.lock().unwrap();
        let alike = rows.iter().filter(|row| row.event.lane == event.lane).count() as u32;
        let is_loop = loop_limit > 0 && alike >= loop_limit;
        rows.extend(sinks.iter().map(|sink| Row {
            event: event.clone(),
            sink: sink.clone(),
            state: if is_loop { State::Held } else { State::Waiting },
            due: Instant::now(),
            attempts: 0,
            first_attempt: None,
            is_claimed: false,
            is_begun: false,
        }));
        Box::pin(async move { Ok(if is_loop { Appended::Held } else { Appended::Waiting }) })
    }

    fn claim<'s>(&'s self, sink: &'s str) -> BoxFuture<'s, Result<Next, StoreError>> {
        Box::pin(async move {
            self.0.claims.fetch_add(1, SeqCst);
            self.failure(|(claims, _)| claims)?;
            let (mut rows, now) = (self.0.rows.lock().unwrap(), Instant::now());
            let (mut lanes, mut later) = (std::collections::HashSet::new(), None);
            for (at, row) in rows.iter_mut().enumerate() {
                if row.sink != sink || row.state != State::Waiting {
                    continue;
                }
                let is_first = row.event.lane.clone().is_none_or(|lane| lanes.insert(lane));
                if !is_first || row.is_claimed {
                    continue;
                }
                if row.due > now {
                    let wait = row.due - now;
                    later = Some(later.map_or(wait, |other: Duration| other.min(wait)));
                    continue;
                }
                row.is_claimed = true;
                return Ok(Next::Claimed(Claimed {
                    event: row.event.clone(),
                    attempts: row.attempts,
                    first_attempt: row.first_attempt.map(|first| Timestamp::now() - (now - first)),
                    claim: Box::new(MemoryClaim { store: self.clone(), at }),
                }));
            }
            Ok(later.map_or(Next::Nothing, Next::Later))
        })
    }

    fn list<'s>(&'s self, _: &'s Filter, _: usize) -> BoxFuture<'s, Result<Vec<Kept>, StoreError>> {
        unreachable!("deliveries need no list")
    }

    fn retry<'s>(&'s self, _: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        unreachable!("deliveries retry by themselves")
    }

    fn skip<'s>(&'s self, _: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        unreachable!("deliveries are not skipped")
    }

    fn status(&self) -> BoxFuture<'_, Result<Vec<SinkStatus>, StoreError>> {
        unreachable!("deliveries need no status")
    }

    fn purge(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        *self.0.purged_before.lock().unwrap() = Some(before);
        Box::pin(async { Ok(0) })
    }
}

/// What a sink was told, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) number: usize,
    pub(crate) at: Instant,
}

/// Answers as it is told; the last answer stays.
pub(crate) struct FakeSink {
    answers: Mutex<VecDeque<Delivery>>,
    told: watch::Sender<Vec<Told>>,
    takes: Duration,
    pub(crate) may_repeat: bool,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl fmt::Debug for FakeSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeSink")
    }
}

pub(crate) fn refused() -> Delivery {
    Delivery::Refused { why: "500".to_owned(), after: None }
}

impl FakeSink {
    pub(crate) fn new(takes: Duration, answers: impl IntoIterator<Item = Delivery>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            told: watch::Sender::default(),
            takes,
            may_repeat: true,
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        }
    }

    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Delivery>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    pub(crate) fn numbers(&self) -> Vec<usize> {
        self.told().iter().map(|told| told.number).collect()
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.most_under_way.load(SeqCst)
    }

    /// Waits until it was told so often; returns what it was told.
    pub(crate) async fn was_told(&self, times: usize) -> Vec<Told> {
        let mut told = self.told.subscribe();
        let until = told.wait_for(|told| told.len() >= times);
        // Where time passes by itself, a wrong program would let it pass for ever.
        let days = Duration::from_secs(20 * 24 * 3600);
        tokio::time::timeout(days, until).await.expect("it was told").unwrap().clone()
    }
}

struct UnderWay<'s>(&'s AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Sink for FakeSink {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async {
            let now = self.under_way.fetch_add(1, SeqCst) + 1;
            let _under_way = UnderWay(&self.under_way);
            self.most_under_way.fetch_max(now, SeqCst);
            let answer = {
                let mut answers = self.answers.lock().unwrap();
                match answers.len() {
                    0 => Delivery::Delivered,
                    1 => answers[0].clone(),
                    _ => answers.pop_front().unwrap(),
                }
            };
            self.told.send_modify(|told| {
                told.push(Told { number: number(event), at: Instant::now() });
            });
            tokio::time::sleep(self.takes).await;
            assert_ne!(answer, panics(), "as it was told");
            answer
        })
    }

    fn may_repeat(&self) -> bool {
        self.may_repeat
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        unreachable!("deliveries need no check")
    }
}

/// Not an answer.
pub(crate) fn panics() -> Delivery {
    Delivery::InDoubt { why: "panics".to_owned() }
}
