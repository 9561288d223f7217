//! When a delivery that failed is tried again.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::store::LONGEST_PAUSE;

/// Seconds after the first attempt, the second, and so on; the last is repeated.
const PAUSES: [u32; 8] = [5, 30, 2 * 60, 10 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600];

/// The pause after so many attempts, up to a fifth more or less, so that those that failed together are
/// not tried together; at least what the sink asked for, at most a day.
pub(super) fn pause(attempts: u32, asked: Option<Duration>) -> Duration {
    let mut random = [0; 2];
    // Without it, they are tried together.
    let _ = SystemRandom::new().fill(&mut random);
    spread(attempts, asked, f64::from(u16::from_ne_bytes(random)) / f64::from(u16::MAX))
}

/// How many attempts fit into a time.
pub(super) fn fitting(time: Duration) -> u32 {
    let mut left = time.as_secs();
    let pauses = PAUSES.into_iter().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
    let fits = |pause: &u64| {
        let fits = *pause <= left;
        left = left.saturating_sub(*pause);
        fits
    };
    pauses.map(u64::from).take_while(fits).take(10_000).count() as u32
}

fn spread(attempts: u32, asked: Option<Duration>, random: f64) -> Duration {
    let at = (attempts.max(1) - 1).min(PAUSES.len() as u32 - 1);
    let seconds = f64::from(PAUSES[at as usize]) * (0.8 + 0.4 * random);
    Duration::from_secs_f64(seconds).max(asked.unwrap_or_default()).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_hours_and_are_spread() {
        let pauses = |random| (1..=10).map(move |n| spread(n, None, random).as_secs());
        let middle = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 36_000, 36_000];
        assert!(pauses(0.5).eq(middle));
        assert!(pauses(0.0).eq(middle.map(|seconds| seconds * 4 / 5)));
        assert!(pauses(1.0).eq(middle.map(|seconds| seconds * 6 / 5)));
        assert!((0..100).map(|_| pause(4, None)).any(|one| one != pause(4, None)));
    }

    #[test]
    fn eighteen_attempts_fit_into_five_days() {
        let seconds = [0, 4, 5, 34, 35, 5 * 24 * 3600];
        let fitting = seconds.map(|seconds| fitting(Duration::from_secs(seconds)));
        assert_eq!(fitting, [0, 0, 1, 1, 2, 18]);
        assert_eq!(super::fitting(Duration::MAX), 10_000);
    }

    #[test]
    fn what_the_sink_asks_for_is_waited_for_up_to_a_day() {
        let asked = |seconds| spread(2, Some(Duration::from_secs(seconds)), 0.5).as_secs();
        assert_eq!([0, 29, 31, 86_400, u64::MAX].map(asked), [30, 30, 31, 86_400, 86_400]);
    }
}
