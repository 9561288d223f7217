//! What was found so far: bounded, however long it goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Compared, Verdict};
use super::candidate::Candidate;
use super::conditions::Conditions;
use super::examples::Examples;
use super::report::{Example, Group, NotCompared, OperationCount, Report, Times, headline};
use crate::compare::Difference;
use crate::contract::{OPERATIONS, OperationInfo};
use crate::fixture::Fixture;

/// Kinds of differences that are told apart.
const GROUPS: usize = 200;
/// Examples of each.
const EXAMPLES: usize = 3;
/// Reasons, with operations, that are told apart.
const REASONS: usize = 100;
/// Operations that are told apart where the contract does not have them.
const UNKNOWN: usize = 50;

/// Counts what calls came to.
pub(super) struct Tally {
    old: String,
    candidate: String,
    conditions: Option<Conditions>,
    started: jiff::Timestamp,
    pub(super) compared: u64,
    pub(super) different: u64,
    not_compared: BTreeMap<(Option<String>, String), u64>,
    operations: BTreeMap<String, OperationCount>,
    groups: Groups,
    times: [Histogram; 2],
}

impl Tally {
    pub(super) fn new(old: &str, candidate: &Candidate, conditions: Conditions) -> Self {
        Self { conditions: Some(conditions), ..Self::named(old, candidate.to_string()) }
    }

    pub(super) fn named(old: &str, candidate: String) -> Self {
        Self {
            old: old.to_owned(),
            candidate,
            conditions: None,
            started: jiff::Timestamp::now(),
            compared: 0,
            different: 0,
            not_compared: BTreeMap::new(),
            operations: BTreeMap::new(),
            groups: Groups::default(),
            times: Default::default(),
        }
    }

    pub(super) fn left_out(&self) -> u64 {
        self.not_compared.values().sum()
    }

    /// Counts a call. Where it differs, examples of it may be kept.
    pub(super) fn note(&mut self, verdict: Verdict, examples: Option<&Examples>) {
        match verdict {
            Verdict::NotCompared { operation, reason } => {
                self.not_compared(operation.as_deref(), reason);
            }
            Verdict::Compared(compared) => {
                if let Some(conditions) = &mut self.conditions {
                    conditions.hid(&compared.hiding);
                }
                let Compared {
                    operation, old, candidate, differences, exchanges, is_answered, ..
                } = *compared;
                self.count(&operation, [old, candidate], (differences.is_empty(), is_answered));
                let keeping = examples.zip(exchanges.as_ref());
                for difference in differences {
                    if let Some(Group { operation, part, examples, .. }) =
                        self.groups.add(&operation, difference, keeping)
                        && let Some(Example { old, candidate, .. }) = examples.first()
                    {
                        tracing::info!(operation, part, old, candidate, "new kind of difference");
                    }
                }
            }
        }
    }

    fn count(
        &mut self,
        operation: &str,
        times: [Duration; 2],
        (is_same, is_answered): (bool, bool),
    ) {
        let count = self.operation(operation);
        count.compared += 1;
        count.different += u64::from(!is_same && is_answered);
        count.unanswered += u64::from(!is_same && !is_answered);
        self.compared += 1;
        self.different += u64::from(!is_same);
        self.times.iter_mut().zip(times).for_each(|(all, time)| all.add(time));
    }

    fn operation(&mut self, name: &str) -> &mut OperationCount {
        let is_known = self.operations.contains_key(name) || OperationInfo::named(name).is_some();
        let is_full = self.operations.len() >= OPERATIONS.len() + UNKNOWN;
        let name = if is_full && !is_known { "others" } else { name };
        let new = || OperationCount { operation: name.to_owned(), ..Default::default() };
        self.operations.entry(name.to_owned()).or_insert_with(new)
    }

    /// The same of an exchange that was recorded, with its times in milliseconds.
    pub(super) fn compared(&mut self, operation: &str, millis: [u64; 2], parts: &[Difference]) {
        self.count(operation, millis.map(Duration::from_millis), (parts.is_empty(), true));
        for part in parts {
            // Of what is not an answer to a call, one page is as another.
            let place = match part.place.starts_with("body line ") {
                true => "page".to_owned(),
                false => part.place.clone(),
            };
            self.groups.add(operation, Difference { place, ..part.clone() }, None);
        }
    }

    pub(super) fn not_compared(&mut self, operation: Option<&str>, reason: String) {
        self.operation(operation.unwrap_or("not known")).not_compared += 1;
        let is_full = self.not_compared.len() >= REASONS;
        let key = (operation.map(str::to_owned), reason);
        let key = match is_full && !self.not_compared.contains_key(&key) {
            true => (None, "for other reasons".to_owned()),
            false => key,
        };
        *self.not_compared.entry(key).or_default() += 1;
    }

    pub(super) fn report(&self, [calls, beside, dropped]: [u64; 3]) -> Report {
        let reason = |((operation, reason), count): (&(Option<String>, String), &u64)| {
            NotCompared { operation: operation.clone(), reason: reason.clone(), count: *count }
        };
        let mut not_compared: Vec<_> = self.not_compared.iter().map(reason).collect();
        not_compared.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        let (groups, ungrouped) = self.groups.sorted();
        let ended = jiff::Timestamp::now();
        let seconds = ended.duration_since(self.started).as_secs();
        let is_compared = |name: &str| self.operations.get(name).is_some_and(|o| o.compared > 0);
        let never = OPERATIONS.iter().map(|info| info.name).filter(|name| !is_compared(name));
        Report {
            headline: headline(seconds, self.compared, groups.len(), ungrouped > 0),
            operations: self.operations.values().cloned().collect(),
            never_compared: never.map(str::to_owned).collect(),
            old: self.old.clone(),
            candidate: self.candidate.clone(),
            conditions: self.conditions.clone(),
            started: self.started,
            ended,
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
    /// Each with its number.
    all: BTreeMap<(String, String), (usize, Group)>,
    ungrouped: u64,
}

impl Groups {
    /// Counts one; the group, if it is new.
    fn add(
        &mut self,
        operation: &str,
        difference: Difference,
        keeping: Option<(&Examples, &[Fixture; 2])>,
    ) -> Option<&Group> {
        let Difference { place, recorded, received } = difference;
        let key = (operation.to_owned(), place);
        let number = self.all.len() + 1;
        if number > GROUPS && !self.all.contains_key(&key) {
            self.ungrouped += 1;
            return None;
        }
        let (operation, part) = key.clone();
        let new = || (number, Group { operation, part, ..Group::default() });
        let (number, group) = self.all.entry(key).or_insert_with(new);
        group.count += 1;
        let (old, candidate) = (recorded.to_string(), received.to_string());
        let is_known = |known: &Example| known.old == old && known.candidate == candidate;
        let example = group.examples.len() + 1;
        if example <= EXAMPLES && !group.examples.iter().any(is_known) {
            let name = keeping.and_then(|(examples, exchanges)| {
                examples.keep((*number, example), (&group.operation, &group.part), exchanges)
            });
            group.examples.push(Example { at: jiff::Timestamp::now(), old, candidate, name });
        }
        (group.count == 1).then_some(group)
    }

    /// All groups, those that are met most often first, and how many differences are in none.
    pub(super) fn sorted(&self) -> (Vec<Group>, u64) {
        let mut groups: Vec<_> = self.all.values().map(|(_, group)| group.clone()).collect();
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
    use crate::compare::Value;

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
        let difference = |part: usize, word: usize| Difference {
            place: format!("output {part}"),
            recorded: Value::Absent,
            received: Value::Text(word.to_string()),
        };
        for part in 0..GROUPS + 5 {
            for word in 0..EXAMPLES + 2 {
                groups.add("StartChat", difference(part, word), None);
            }
        }
        let (all, ungrouped) = groups.sorted();
        assert_eq!((all.len(), ungrouped), (GROUPS, 5 * (EXAMPLES as u64 + 2)));
        let sizes = |group: &Group| (group.count, group.examples.len());
        assert!(all.iter().all(|group| sizes(group) == (EXAMPLES as u64 + 2, EXAMPLES)));
    }
}
