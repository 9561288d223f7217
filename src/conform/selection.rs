//! Which cases to run.

use std::str::FromStr;

use super::case::{Case, GROUPS, Number};
use super::cases::all;

/// Which cases to run: `3.9`, `3.3-3.9`, `4`, `4-6`, `login`, and several with commas between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection(Vec<(Number, Number)>);

impl Selection {
    /// Is a case among them? Of no selection, all are.
    pub fn holds(&self, number: Number) -> bool {
        self.0.is_empty() || self.0.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || SelectionError(part.chars().take(40).collect());
            let named = GROUPS.iter().find(|(_, name)| name.eq_ignore_ascii_case(part));
            let (first, last) = match (named, part.split_once('-')) {
                (Some((group, _)), _) => (whole(*group, 0), whole(*group, u8::MAX)),
                (None, Some((first, last))) => {
                    let ends = number(first, 0).zip(number(last, u8::MAX));
                    ends.filter(|(first, last)| first <= last).ok_or_else(wrong)?
                }
                (None, None) => number(part, 0).zip(number(part, u8::MAX)).ok_or_else(wrong)?,
            };
            let holds = |case: &&Case| (first..=last).contains(&case.number);
            if !all().any(|case| holds(&case)) {
                return Err(wrong());
            }
            ranges.push((first, last));
        }
        if ranges.is_empty() {
            return Err(SelectionError(String::new()));
        }
        Ok(Self(ranges))
    }
}

const fn whole(group: u8, place: u8) -> Number {
    Number { group, place }
}

/// A case's number, or the begin or end of a group.
fn number(text: &str, place: u8) -> Option<Number> {
    match text.trim().split_once('.') {
        Some((group, place)) => Some(whole(group.parse().ok()?, place.parse().ok()?)),
        None => Some(whole(text.trim().parse().ok()?, place)),
    }
}

/// Text that selects no case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" selects no case: give numbers (3.9), ranges (3.3-3.9, 4-6) or groups (4, login), with commas between"
)]
pub struct SelectionError(String);
