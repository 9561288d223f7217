//! Keeps wrong passwords from a directory that would lock the account after a few of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::{hmac, rand::SystemRandom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::secret::Secret;

/// Users that are remembered.
const MOST: usize = 10_000;

/// Counts wrong passwords by DN, since a directory finds one account under many spellings.
pub(super) struct Throttle {
    /// So many within the window are sent; 0 for any number.
    failures: usize,
    window: Duration,
    /// Of this process alone: what is remembered says nothing elsewhere.
    key: hmac::Key,
    records: Mutex<HashMap<String, Record>>,
}

struct Record {
    /// When which passwords were wrong, the oldest first.
    wrong: Vec<(Instant, hmac::Tag)>,
    /// One bind at a time, which may become a failure; first come, first served.
    gate: Arc<Semaphore>,
}

impl Default for Record {
    fn default() -> Self {
        Self { wrong: Vec::new(), gate: Arc::new(Semaphore::new(1)) }
    }
}

/// What becomes of a password.
pub(super) enum Turn<'t> {
    /// It may be sent.
    Go(Pass<'t>),
    /// It was wrong before.
    Again,
    /// There were too many wrong ones.
    Enough,
}

/// The right to send one password. Dropped without a word, it counts as nothing.
pub(super) struct Pass<'t>(Option<Counted<'t>>);

struct Counted<'t> {
    throttle: &'t Throttle,
    dn: &'t str,
    tag: hmac::Tag,
    _gate: OwnedSemaphorePermit,
}

impl Throttle {
    /// `None` where the system has no random numbers.
    pub(super) fn new(failures: u32, window: Duration) -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self { failures: failures as usize, window, key, records: Mutex::default() })
    }

    /// Waits until no other password of this user is under way; `None` if that takes too long.
    pub(super) async fn turn<'t>(
        &'t self,
        dn: &'t str,
        password: &Secret,
        within: Duration,
    ) -> Option<Turn<'t>> {
        if self.failures == 0 {
            return Some(Turn::Go(Pass(None)));
        }
        let gate = timeout(within, self.gate(dn, Instant::now()).acquire_owned()).await;
        Some(self.judge(dn, password, gate.ok()?.ok()?, Instant::now()))
    }

    fn gate(&self, dn: &str, now: Instant) -> Arc<Semaphore> {
        let mut records = self.records();
        if !records.contains_key(dn) && records.len() >= MOST {
            make_room(&mut records, now, self.window);
        }
        Arc::clone(&records.entry(dn.to_owned()).or_default().gate)
    }

    fn judge<'t>(
        &'t self,
        dn: &'t str,
        password: &Secret,
        gate: OwnedSemaphorePermit,
        now: Instant,
    ) -> Turn<'t> {
        let text = zeroize::Zeroizing::new([dn, "\0", password.expose()].concat());
        let tag = hmac::sign(&self.key, text.as_bytes());
        let mut records = self.records();
        let record = records.entry(dn.to_owned()).or_default();
        record.wrong.retain(|(at, _)| now.saturating_duration_since(*at) < self.window);
        if record.wrong.iter().any(|(_, wrong)| wrong.as_ref() == tag.as_ref()) {
            return Turn::Again;
        }
        if record.wrong.len() >= self.failures {
            return Turn::Enough;
        }
        Turn::Go(Pass(Some(Counted { throttle: self, dn, tag, _gate: gate })))
    }

    /// Nothing panics under this lock.
    fn records(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is over, and then whoever failed longest ago.
fn make_room(records: &mut HashMap<String, Record>, now: Instant, window: Duration) {
    let last = |record: &Record| record.wrong.last().map(|(at, _)| *at);
    records.retain(|_, record| {
        let recent = last(record).is_some_and(|at| now.saturating_duration_since(at) < window);
        recent || record.is_awaited()
    });
    if records.len() >= MOST {
        let idle = records.iter().filter(|(_, record)| !record.is_awaited());
        let oldest = idle.min_by_key(|(_, record)| last(record)).map(|(dn, _)| dn.clone());
        oldest.map(|dn| records.remove(&dn));
    }
}

impl Record {
    /// Is a bind under way, or does somebody wait for one?
    fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.gate) > 1
    }
}

impl Pass<'_> {
    /// The password was wrong.
    pub(super) fn wrong(self) {
        self.wrong_at(Instant::now());
    }

    fn wrong_at(self, now: Instant) {
        if let Some(Counted { throttle, dn, tag, _gate }) = self.0 {
            throttle.records().entry(dn.to_owned()).or_default().wrong.push((now, tag));
        }
    }

    /// The password was right: directories forget the wrong ones, too.
    pub(super) fn right(self) {
        if let Some(counted) = &self.0
            && let Some(record) = counted.throttle.records().get_mut(counted.dn)
        {
            record.wrong.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(900);

    fn throttle(failures: u32) -> Throttle {
        Throttle::new(failures, WINDOW).unwrap()
    }

    fn turn<'t>(throttle: &'t Throttle, dn: &'t str, password: &str, now: Instant) -> Turn<'t> {
        let gate = throttle.gate(dn, now).try_acquire_owned().unwrap();
        throttle.judge(dn, &password.into(), gate, now)
    }

    fn go<'t>(throttle: &'t Throttle, dn: &'t str, password: &str, now: Instant) -> Pass<'t> {
        match turn(throttle, dn, password, now) {
            Turn::Go(pass) => pass,
            Turn::Again => panic!("{password} again"),
            Turn::Enough => panic!("enough"),
        }
    }

    #[test]
    fn wrong_passwords_are_sent_once_and_only_so_many_within_the_window() {
        let (throttle, start) = (throttle(3), Instant::now());
        let minute = |count: u32| start + Duration::from_secs(60) * count;
        for (at, password) in ["a", "b", "c"].into_iter().enumerate() {
            go(&throttle, "uid=x", password, start).wrong_at(minute(at as u32));
            let again = turn(&throttle, "uid=x", password, minute(at as u32));
            assert!(matches!(again, Turn::Again));
        }
        assert!(matches!(turn(&throttle, "uid=x", "right", minute(3)), Turn::Enough));
        assert!(matches!(turn(&throttle, "uid=x", "a", minute(3)), Turn::Again));
        go(&throttle, "uid=y", "a", start).right();
        go(&throttle, "uid=x", "right", minute(15)).right();
        go(&throttle, "uid=x", "a", minute(15)).right();
    }

    #[tokio::test]
    async fn one_password_at_a_time_and_one_given_up_counts_nothing() {
        let throttle = throttle(1);
        let first = go(&throttle, "uid=x", "a", Instant::now());
        let other = "b".into();
        assert!(throttle.turn("uid=x", &other, Duration::ZERO).await.is_none());
        assert!(throttle.turn("uid=y", &other, Duration::ZERO).await.is_some());
        drop(first);
        go(&throttle, "uid=x", "a", Instant::now()).right();

        let first = go(&throttle, "uid=x", "a", Instant::now());
        let password = "a".into();
        let second = throttle.turn("uid=x", &password, Duration::from_secs(60));
        let (turn, ()) = tokio::join!(second, async { first.wrong() });
        assert!(matches!(turn, Some(Turn::Again)), "it waited for the same password");
        assert!(matches!(throttle.turn("uid=x", &other, Duration::ZERO).await, Some(Turn::Enough)));
    }

    #[tokio::test]
    async fn without_a_limit_nothing_waits_or_is_remembered() {
        let (throttle, password) = (throttle(0), "a".into());
        let first = throttle.turn("uid=x", &password, Duration::ZERO).await;
        let second = throttle.turn("uid=x", &password, Duration::ZERO).await;
        for turn in [first, second] {
            match turn {
                Some(Turn::Go(pass)) => pass.wrong(),
                _ => panic!("it has to wait"),
            }
        }
        assert!(throttle.records().is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, start) = (throttle(3), Instant::now());
        for user in 0..MOST + 10 {
            let now = start + Duration::from_micros(user as u64);
            go(&throttle, &format!("uid={user}"), "a", now).wrong_at(now);
        }
        let records = throttle.records();
        assert_eq!(records.len(), MOST);
        assert!(!records.contains_key("uid=0") && records.contains_key("uid=10009"));
    }
}
