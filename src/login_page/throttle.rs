//! Slows down whoever guesses passwords: attempts are counted by user name and by address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// User names that are remembered, and addresses.
const MOST: usize = 10_000;

/// How many attempts are let through. Those with the right password count for nothing; all others count,
/// whatever came of them: while one of several servers is down, its silence would tell the right passwords of
/// the others from wrong ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// So many at once with one user name, however it is written; 0 for any number.
    pub(crate) user: u32,
    /// So many at once from one address; 0 for any number.
    pub(crate) address: u32,
    /// In this time, evenly, whoever has used up all gets all of them back.
    pub(crate) window: Duration,
}

/// What is remembered of attempts. Files that are put in force one after the other share it.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<Records>);

/// When each would have all attempts again. (The generic cell rate algorithm: one time for each, however
/// many attempts there are.)
#[derive(Debug, Default)]
struct Records {
    users: HashMap<String, Instant>,
    addresses: HashMap<IpAddr, Instant>,
}

/// An attempt that was let through, and counts unless the password was right.
#[must_use = "it counts as a wrong password"]
pub(crate) struct Attempt<'t> {
    throttle: &'t Throttle,
    limits: Limits,
    user: String,
    address: Option<IpAddr>,
}

impl Throttle {
    /// Lets an attempt through, or says how long it has to wait.
    pub(crate) fn attempt(
        &self,
        limits: Limits,
        user: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Attempt<'_>, Duration> {
        let (user, address) = (key(user), address.map(network));
        let mut records = self.records();
        let wait_of_user = wait(records.users.get(&user), limits.user, limits.window, now);
        let of_address = address.and_then(|address| records.addresses.get(&address));
        let wait = wait(of_address, limits.address, limits.window, now).max(wait_of_user);
        if !wait.is_zero() {
            return Err(wait);
        }
        count(&mut records.users, user.clone(), limits.user, limits.window, now);
        if let Some(address) = address {
            count(&mut records.addresses, address, limits.address, limits.window, now);
        }
        drop(records);
        Ok(Attempt { throttle: self, limits, user, address })
    }

    /// Nothing panics under this lock.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The password was right: the user has all attempts again, and the address this one.
    pub(crate) fn was_right(self) {
        let mut records = self.throttle.records();
        records.users.remove(&self.user);
        if let Some(until) = self.address.and_then(|address| records.addresses.get_mut(&address)) {
            let step = interval(self.limits.address, self.limits.window);
            // Some clocks begin when the machine does.
            *until = until.checked_sub(step).unwrap_or(*until);
        }
    }
}

/// What ways to write one user's name have in common, with a domain and without: several users may share it,
/// and then the attempts. Letters with accents are letters of their own.
fn key(user: &str) -> String {
    let name = user.rsplit(['\\', '/']).next().unwrap_or_default();
    let name = name.split('@').next().unwrap_or_default();
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    let key: String = letters.flat_map(char::to_lowercase).collect();
    if key.is_empty() { user.to_lowercase() } else { key }
}

/// Who has an address of IPv6 has 64 bits of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !0 << 64).into(),
        address => address,
    }
}

fn interval(most: u32, window: Duration) -> Duration {
    window.checked_div(most).unwrap_or_default()
}

/// How long until another attempt fits into the window.
fn wait(until: Option<&Instant>, most: u32, window: Duration, now: Instant) -> Duration {
    let Some(until) = until.filter(|_| most > 0) else { return Duration::ZERO };
    let after = until.saturating_duration_since(now) + interval(most, window);
    // What division leaves over is not to be waited for.
    after.saturating_sub(window + Duration::from_millis(1))
}

fn count<K: Hash + Eq + Clone>(
    records: &mut HashMap<K, Instant>,
    key: K,
    most: u32,
    window: Duration,
    now: Instant,
) {
    if most == 0 {
        return;
    }
    if records.len() >= MOST && !records.contains_key(&key) {
        // Forgets what is over, and then whoever has most attempts left.
        records.retain(|_, until| *until > now);
        if records.len() >= MOST {
            let least = records.iter().min_by_key(|(_, until)| **until);
            least.map(|(key, _)| key.clone()).map(|key| records.remove(&key));
        }
    }
    let until = records.entry(key).or_insert(now);
    *until = (*until).max(now) + interval(most, window);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { user: 3, address: 5, window: Duration::from_secs(900) };

    fn wrong(throttle: &Throttle, user: &str, address: &str, now: Instant) -> Option<u64> {
        let attempt = throttle.attempt(LIMITS, user, address.parse().ok(), now);
        attempt.err().map(|wait| wait.as_secs())
    }

    #[test]
    fn a_user_name_has_so_many_attempts_and_gets_them_back_evenly() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        for name in ["ann", "Ann", "ANN"] {
            assert_eq!(wrong(&throttle, name, "", start), None, "{name}");
        }
        assert_eq!(wrong(&throttle, "ann", "", start), Some(299));
        assert_eq!(wrong(&throttle, "ann", "", after(200)), Some(99));
        assert_eq!(wrong(&throttle, "bob", "", start), None);
        assert_eq!(wrong(&throttle, "ann", "", after(300)), None, "one of three");
        assert_eq!(wrong(&throttle, "ann", "", after(300)), Some(299));
        for _ in 0..3 {
            assert_eq!(wrong(&throttle, "ann", "", after(3000)), None);
        }
        assert!(wrong(&throttle, "ann", "", after(3000)).is_some());
    }

    #[test]
    fn one_user_is_counted_once_however_the_name_is_written() {
        for name in [
            "ANN",
            "EXAMPLE\\ann",
            "EXAMPLE \u{3000}\\ann",
            "example/Ann",
            "ann@example.com",
            "ann@ example.com",
            "a\u{200b}nn",
            "\u{a0}ann ",
        ] {
            assert_eq!(key(name), "ann", "{name:?}");
        }
        assert_eq!([key("Änn"), key("@"), key("..")], ["änn", "@", ".."]);
        let (throttle, now) = (Throttle::default(), Instant::now());
        for name in ["ann", "example\\ann", "ann@example.com"] {
            assert_eq!(wrong(&throttle, name, "", now), None, "{name}");
        }
        assert!(wrong(&throttle, "EXAMPLE  \\ann", "", now).is_some());
    }

    #[test]
    fn an_address_is_throttled_whatever_the_names_are() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for user in ["a", "b", "c", "d", "e"] {
            assert_eq!(wrong(&throttle, user, "2001:db8::1", now), None, "{user}");
        }
        assert_eq!(wrong(&throttle, "f", "2001:db8::ffff:1", now), Some(179), "the same /64");
        assert_eq!(wrong(&throttle, "f", "2001:db8:0:1::1", now), None, "another");
        assert_eq!(wrong(&throttle, "f", "192.0.2.1", now), None);
        assert_eq!(wrong(&throttle, "f", "::ffff:192.0.2.1", now), None, "the same as before");
        assert!(wrong(&throttle, "f", "192.0.2.2", now).is_some(), "now by the name");
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let attempt = |user| throttle.attempt(LIMITS, user, "192.0.2.1".parse().ok(), now);
        for _ in 0..20 {
            attempt("ann").ok().unwrap().was_right();
        }
        assert!(attempt("ann").is_ok() && attempt("ann").is_ok());
        attempt("ann").ok().unwrap().was_right();
        // Of the address, the two wrong ones still count.
        for user in ["ann", "ann", "ann"] {
            assert!(attempt(user).is_ok());
        }
        assert!(attempt("bob").is_err());
    }

    #[test]
    fn without_limits_nothing_is_remembered_and_with_them_so_much() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let none = Limits { user: 0, address: 0, ..LIMITS };
        for _ in 0..100 {
            assert!(throttle.attempt(none, "ann", "192.0.2.1".parse().ok(), start).is_ok());
        }
        assert!(throttle.records().users.is_empty() && throttle.records().addresses.is_empty());
        for user in 0..MOST + 10 {
            let now = start + Duration::from_micros(user as u64);
            assert_eq!(wrong(&throttle, &user.to_string(), "", now), None);
        }
        let records = throttle.records();
        assert_eq!(records.users.len(), MOST);
        assert!(!records.users.contains_key("0") && records.users.contains_key("10009"));
    }
}
