//! Keeps wrong passwords from a directory that would lock the account after a few of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::{hmac, rand::SystemRandom};
use tokio::sync::Notify;
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
    freed: Notify,
}

#[derive(Default)]
struct Record {
    /// When which passwords were wrong, the oldest first.
    wrong: Vec<(Instant, hmac::Tag)>,
    /// A bind is under way, which may become a failure.
    busy: bool,
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
pub(super) struct Pass<'t> {
    throttle: &'t Throttle,
    dn: String,
    tag: Option<hmac::Tag>,
}

impl Throttle {
    /// `None` where the system has no random numbers.
    pub(super) fn new(failures: u32, window: Duration) -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let failures = failures as usize;
        Some(Self { failures, window, key, records: Mutex::default(), freed: Notify::new() })
    }

    /// Waits until no other password of this user is under way; `None` if that takes too long.
    pub(super) async fn turn(
        &self,
        dn: &str,
        password: &Secret,
        within: Duration,
    ) -> Option<Turn<'_>> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(turn) = self.try_turn(dn, password, Instant::now()) {
                return Some(turn);
            }
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            timeout(left, freed).await.ok()?;
        }
    }

    fn try_turn(&self, dn: &str, password: &Secret, now: Instant) -> Option<Turn<'_>> {
        let mut pass = Pass { throttle: self, dn: dn.to_owned(), tag: None };
        if self.failures == 0 {
            return Some(Turn::Go(pass));
        }
        let text = zeroize::Zeroizing::new([dn, "\0", password.expose()].concat());
        let tag = hmac::sign(&self.key, text.as_bytes());
        let mut records = self.records();
        if !records.contains_key(dn) && records.len() >= MOST {
            make_room(&mut records, now, self.window);
        }
        let record = records.entry(dn.to_owned()).or_default();
        record.wrong.retain(|(at, _)| now.saturating_duration_since(*at) < self.window);
        if record.wrong.iter().any(|(_, wrong)| wrong.as_ref() == tag.as_ref()) {
            return Some(Turn::Again);
        }
        if record.wrong.len() >= self.failures {
            return Some(Turn::Enough);
        }
        if std::mem::replace(&mut record.busy, true) {
            return None;
        }
        pass.tag = Some(tag);
        Some(Turn::Go(pass))
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
        record.busy || last(record).is_some_and(|at| now.saturating_duration_since(at) < window)
    });
    if records.len() >= MOST {
        let idle = records.iter().filter(|(_, record)| !record.busy);
        let oldest = idle.min_by_key(|(_, record)| last(record)).map(|(dn, _)| dn.clone());
        oldest.map(|dn| records.remove(&dn));
    }
}

impl Pass<'_> {
    /// The password was wrong.
    pub(super) fn wrong(mut self) {
        self.wrong_at(Instant::now());
    }

    fn wrong_at(&mut self, now: Instant) {
        if let Some(tag) = self.tag.take() {
            self.end(|record| record.wrong.push((now, tag)));
        }
    }

    /// The password was right: directories forget the wrong ones, too.
    pub(super) fn right(mut self) {
        if self.tag.take().is_some() {
            self.end(|record| record.wrong.clear());
        }
    }

    fn end(&self, change: impl FnOnce(&mut Record)) {
        let mut records = self.throttle.records();
        if let Some(record) = records.get_mut(&self.dn) {
            change(record);
            record.busy = false;
            if record.wrong.is_empty() {
                records.remove(&self.dn);
            }
        }
        self.throttle.freed.notify_waiters();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.tag.take().is_some() {
            self.end(|_| {});
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

    fn go<'t>(throttle: &'t Throttle, dn: &str, password: &str, now: Instant) -> Pass<'t> {
        match throttle.try_turn(dn, &password.into(), now) {
            Some(Turn::Go(pass)) => pass,
            Some(Turn::Again) => panic!("{password} again"),
            Some(Turn::Enough) => panic!("enough"),
            None => panic!("busy"),
        }
    }

    #[test]
    fn wrong_passwords_are_sent_once_and_only_so_many_within_the_window() {
        let (throttle, start) = (throttle(3), Instant::now());
        let minute = |count: u32| start + Duration::from_secs(60) * count;
        for (at, password) in ["a", "b", "c"].into_iter().enumerate() {
            go(&throttle, "uid=x", password, start).wrong_at(minute(at as u32));
            let again = throttle.try_turn("uid=x", &password.into(), minute(at as u32));
            assert!(matches!(again, Some(Turn::Again)));
        }
        let turn = |password: &str, now| throttle.try_turn("uid=x", &password.into(), now);
        assert!(matches!(turn("right", minute(3)), Some(Turn::Enough)));
        assert!(matches!(turn("a", minute(3)), Some(Turn::Again)));
        go(&throttle, "uid=y", "a", start).right();
        go(&throttle, "uid=x", "right", minute(15)).right();
        go(&throttle, "uid=x", "a", minute(15)).right();
        assert!(throttle.records().is_empty());
    }

    #[test]
    fn one_password_at_a_time_and_one_given_up_counts_nothing() {
        let (throttle, now) = (throttle(2), Instant::now());
        let first = go(&throttle, "uid=x", "a", now);
        assert!(throttle.try_turn("uid=x", &"b".into(), now).is_none());
        drop(go(&throttle, "uid=y", "b", now));
        drop(first);
        go(&throttle, "uid=x", "a", now).right();
        let none = Throttle::new(0, WINDOW).unwrap();
        let both = (go(&none, "uid=x", "a", now), go(&none, "uid=x", "a", now));
        both.0.wrong();
        go(&none, "uid=x", "a", now).wrong();
        assert!(none.records().is_empty());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_what_became_of_the_same_password() {
        let throttle = throttle(3);
        let first = go(&throttle, "uid=x", "a", Instant::now());
        let password = "a".into();
        let second = throttle.turn("uid=x", &password, Duration::from_secs(60));
        let (turn, ()) = tokio::join!(second, async { first.wrong() });
        assert!(matches!(turn, Some(Turn::Again)));
        let held = go(&throttle, "uid=x", "b", Instant::now());
        assert!(throttle.turn("uid=x", &password, Duration::ZERO).await.is_some());
        assert!(throttle.turn("uid=x", &"c".into(), Duration::ZERO).await.is_none());
        drop(held);
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
