//! What was found so far: bounded, however long it goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Compared, Verdict};
use super::candidate::Candidate;
use super::report::{Example, Group, NotCompared, Report, Times};
use crate::compare::{Difference, Value};

/// Kinds of differences that are told apart.
const GROUPS: usize = 200;
/// Examples of each.
const EXAMPLES: usize = 3;
/// Reasons, with operations, that are told apart.
const REASONS: usize = 100;

/// Counts what calls came to.
pub(super) struct Tally {
    old: String,
    candidate: String,
    started: jiff::Timestamp,
    pub(super) compared: u64,
    pub(super) different: u64,
    not_compared: BTreeMap<(Option<String>, String), u64>,
    groups: Groups,
    times: [Histogram; 2],
}

impl Tally {
    pub(super) fn new(old: &str, candidate: &Candidate) -> Self {
        Self {
            old: old.to_owned(),
            candidate: candidate.to_string(),
            started: jiff::Timestamp::now(),
            compared: 0,
            different: 0,
            not_compared: BTreeMap::new(),
            groups: Groups::default(),
            times: Default::default(),
        }
    }

    pub(super) fn not_compared(&self) -> u64 {
        self.not_compared.values().sum()
    }

    pub(super) fn note(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::NotCompared { operation, reason } => {
                let is_full = self.not_compared.len() >= REASONS;
                let key = (operation, reason);
                let key = match is_full && !self.not_compared.contains_key(&key) {
                    true => (None, "for other reasons".to_owned()),
                    false => key,
                };
                *self.not_compared.entry(key).or_default() += 1;
            }
            Verdict::Compared(compared) => {
                let Compared { operation, old, candidate, differences, .. } = *compared;
                self.compared += 1;
                self.times[0].add(old);
                self.times[1].add(candidate);
                self.different += u64::from(!differences.is_empty());
                for difference in differences {
                    self.groups.add(&operation, difference, None);
                }
            }
        }
    }

    pub(super) fn report(&self, [calls, beside, dropped]: [u64; 3]) -> Report {
        let reason = |((operation, reason), count): (&(Option<String>, String), &u64)| {
            NotCompared { operation: operation.clone(), reason: reason.clone(), count: *count }
        };
        let mut not_compared: Vec<_> = self.not_compared.iter().map(reason).collect();
        not_compared.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        let (groups, ungrouped) = self.groups.sorted();
        Report {
            old: self.old.clone(),
            candidate: self.candidate.clone(),
            started: self.started,
            ended: jiff::Timestamp::now(),
            calls,
            compared: self.compared,
            different: self.different,
            not_compared,
            dropped,
            beside,
            old_times: self.times[0].times(),
            candidate_times: self.times[1].times(),
            groups,
            ungrouped,
        }
    }
}

/// Differences by operation and part.
#[derive(Default)]
pub(super) struct Groups {
    all: BTreeMap<(String, String), Group>,
    ungrouped: u64,
}

impl Groups {
    pub(super) fn add(&mut self, operation: &str, difference: Difference, name: Option<String>) {
        let Difference { place, recorded, received } = difference;
        let key = (operation.to_owned(), place);
        if self.all.len() >= GROUPS && !self.all.contains_key(&key) {
            self.ungrouped += 1;
            return;
        }
        let (operation, part) = key.clone();
        let group =
            self.all.entry(key).or_insert_with(|| Group { operation, part, ..Group::default() });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let shown = |value: Value| value.to_string();
            let (old, candidate) = (shown(recorded), shown(received));
            group.examples.push(Example { at: jiff::Timestamp::now(), old, candidate, name });
        }
    }

    /// All groups, those that are met most often first, and how many differences are in none.
    pub(super) fn sorted(&self) -> (Vec<Group>, u64) {
        let mut groups: Vec<_> = self.all.values().cloned().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        (groups, self.ungrouped)
    }
}

/// Times by their size, with an error of at most 3 %, in a few kilobytes.
pub(super) struct Histogram {
    counts: Vec<u64>,
    all: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; 61 * 16], all: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = match micros {
            0..16 => micros as usize,
            _ => {
                let exponent = 63 - micros.leading_zeros() as usize;
                (exponent - 3) * 16 + (micros >> (exponent - 4)) as usize % 16
            }
        };
        if let Some(count) = self.counts.get_mut(place.min(61 * 16 - 1)) {
            *count += 1;
            self.all += 1;
        }
    }

    /// The time that this part of all does not exceed, in milliseconds.
    fn percentile(&self, part: f64) -> Option<f64> {
        let wanted = (self.all as f64 * part).ceil().max(1.0) as u64;
        let mut so_far = 0;
        let place = self.counts.iter().position(|count| {
            so_far += count;
            so_far >= wanted
        })?;
        let micros = match place {
            0..16 => place as f64,
            _ => {
                let width = 2f64.powi((place / 16) as i32 - 1);
                (16.5 + (place % 16) as f64) * width
            }
        };
        Some(micros / 1000.0)
    }

    pub(super) fn times(&self) -> Times {
        Times { median_ms: self.percentile(0.5), p99_ms: self.percentile(0.99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_three_percent() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.times(), Times::default());
        (1..=1000).for_each(|n| histogram.add(Duration::from_micros(n * 137)));
        for (part, exact) in [(0.5, 68.5), (0.99, 135.63), (1.0, 137.0), (0.001, 0.137)] {
            let found = histogram.percentile(part).unwrap();
            assert!((found / exact - 1.0_f64).abs() < 0.035, "{part}: {found}, not {exact}");
        }
        histogram.add(Duration::MAX);
        histogram.add(Duration::ZERO);
        assert_eq!(histogram.all, 1002);
    }

    #[test]
    fn groups_and_examples_are_bounded() {
        let mut groups = Groups::default();
        let difference = |part: usize| Difference {
            place: format!("output {part}"),
            recorded: Value::Absent,
            received: Value::Empty,
        };
        for part in 0..GROUPS + 5 {
            (0..EXAMPLES + 2).for_each(|_| groups.add("StartChat", difference(part), None));
        }
        let (all, ungrouped) = groups.sorted();
        assert_eq!((all.len(), ungrouped), (GROUPS, 5 * (EXAMPLES as u64 + 2)));
        let sizes = |group: &Group| (group.count, group.examples.len());
        assert!(all.iter().all(|group| sizes(group) == (EXAMPLES as u64 + 2, EXAMPLES)));
    }
}
