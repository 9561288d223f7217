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
    /// What counts, the oldest first.
    sent: Vec<Sent>,
    /// One bind at a time, which may become a failure; first come, first served.
    gate: Arc<Semaphore>,
}

/// A password that was sent, and was wrong for all that is known.
struct Sent {
    at: Instant,
    tag: hmac::Tag,
    /// Did the directory say so? It may count what it leaves unanswered.
    is_answered: bool,
}

impl Default for Record {
    fn default() -> Self {
        Self { sent: Vec::new(), gate: Arc::new(Semaphore::new(1)) }
    }
}

/// What becomes of a password.
pub(super) enum Turn<'t> {
    /// It may be sent.
    Go(Pass<'t>),
    /// It was wrong before.
    Again,
    /// There were too many wrong ones, so many of them without an answer.
    Enough(usize),
}

/// The right to send one password. Dropped without a word, it counts as nothing before the password is
/// sent, and as unanswered from then on: lock-outs must not be reached by time-outs.
pub(super) struct Pass<'t>(Option<Counted<'t>>);

struct Counted<'t> {
    throttle: &'t Throttle,
    dn: &'t str,
    tag: hmac::Tag,
    is_under_way: bool,
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
        record.sent.retain(|sent| now.saturating_duration_since(sent.at) < self.window);
        let is_it = |sent: &Sent| sent.is_answered && sent.tag.as_ref() == tag.as_ref();
        if record.sent.iter().any(is_it) {
            return Turn::Again;
        }
        if record.sent.len() >= self.failures {
            return Turn::Enough(record.sent.iter().filter(|sent| !sent.is_answered).count());
        }
        let is_under_way = false;
        Turn::Go(Pass(Some(Counted { throttle: self, dn, tag, is_under_way, _gate: gate })))
    }

    /// Nothing panics under this lock.
    fn records(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what is over, and then whoever failed longest ago.
fn make_room(records: &mut HashMap<String, Record>, now: Instant, window: Duration) {
    let last = |record: &Record| record.sent.last().map(|sent| sent.at);
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

impl Counted<'_> {
    fn count(&self, at: Instant, is_answered: bool) {
        let (mut records, tag) = (self.throttle.records(), self.tag);
        records.entry(self.dn.to_owned()).or_default().sent.push(Sent { at, tag, is_answered });
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.is_under_way {
            self.count(Instant::now(), false);
        }
    }
}

impl Pass<'_> {
    /// The password is sent now.
    pub(super) fn sent(&mut self) {
        self.is_under_way(true);
    }

    /// An answer came, whatever it says.
    pub(super) fn answered(&mut self) {
        self.is_under_way(false);
    }

    fn is_under_way(&mut self, is_under_way: bool) {
        self.0.iter_mut().for_each(|counted| counted.is_under_way = is_under_way);
    }

    /// The password was wrong.
    pub(super) fn wrong(self) {
        self.wrong_at(Instant::now());
    }

    fn wrong_at(mut self, now: Instant) {
        self.answered();
        self.0.iter().for_each(|counted| counted.count(now, true));
    }

    /// The password was right: directories forget the wrong ones, too.
    pub(super) fn right(mut self) {
        self.answered();
        if let Some(counted) = &self.0
            && let Some(record) = counted.throttle.records().get_mut(counted.dn)
        {
            record.sent.clear();
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
            Turn::Enough(_) => panic!("enough"),
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
        assert!(matches!(turn(&throttle, "uid=x", "right", minute(3)), Turn::Enough(0)));
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
        let other = throttle.turn("uid=x", &other, Duration::ZERO).await;
        assert!(matches!(other, Some(Turn::Enough(0))));
    }

    #[test]
    fn what_the_directory_leaves_unanswered_counts_but_is_not_known_to_be_wrong() {
        let (throttle, now) = (throttle(2), Instant::now());
        let send = |password| {
            let mut pass = go(&throttle, "uid=x", password, now);
            pass.sent();
            pass
        };
        drop(send("a"));
        send("a").right();
        drop(send("a"));
        let mut other = send("b");
        other.answered();
        drop(other);
        drop(send("a"));
        let third = turn(&throttle, "uid=x", "a", Instant::now());
        assert!(matches!(third, Turn::Enough(2)));
        go(&throttle, "uid=x", "a", Instant::now() + WINDOW).right();
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
