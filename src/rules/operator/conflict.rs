//! Operators that cannot all hold of one value.

use std::cmp::Ordering::{Equal, Greater, Less};

use super::{Operator, Test};
use crate::rules::text::Text;

/// Why operators cannot all hold of one value.
pub(in crate::rules) fn conflict(operators: &[&Operator]) -> Option<&'static str> {
    let is_empty = |operator: &&Operator| matches!(operator.test, Test::Empty(true));
    let is_switch = |o: &&Operator| matches!(o.test, Test::Empty(_) | Test::Present(_));
    if operators.iter().any(|operator| operator.wanted.is_empty() && !is_switch(operator)) {
        return Some("is compared with an empty list");
    }
    let needs_value = operators.iter().any(|operator| operator.needs_value());
    if needs_value && operators.iter().any(|o| !o.needs_value() && !is_empty(o)) {
        return Some("cannot be absent and have a value");
    }
    let hold_of = |operators: &[&Operator], text: &str| {
        let text = Text::new(text);
        operators.iter().all(|operator| operator.holds(Some(&text)))
    };
    if operators.iter().any(is_empty) {
        let is_possible = !needs_value || hold_of(operators, "");
        return Some("cannot be empty and have a value").filter(|_| !is_possible);
    }
    if let Some(exact) = operators.iter().find(|o| matches!(o.test, Test::Is(_))) {
        // A value may come in another case than the file has it, which some operators look at.
        let looks_at_case = |operator: &&Operator| {
            operator.is_case_sensitive || matches!(operator.test, Test::Matches(_))
        };
        let judges = operators.iter().copied();
        let judges: Vec<&Operator> =
            judges.filter(|o| exact.is_case_sensitive || !looks_at_case(o)).collect();
        let is_possible = exact.wanted.iter().any(|value| hold_of(&judges, value));
        return Some("cannot be several things at a time").filter(|_| !is_possible);
    }
    // Ranges have a number in common if any two of them do.
    let mut limits = operators.iter().enumerate();
    let is_impossible =
        limits.any(|(at, one)| operators[at..].iter().any(|other| !have_common(one, other)));
    Some("cannot be in ranges that exclude each other").filter(|_| is_impossible)
}

/// Is there a number of which both hold? Of others than numbers nobody knows.
fn have_common(one: &Operator, other: &Operator) -> bool {
    let (Some((low, low_holds)), Some((high, high_holds))) = (one.limit(), other.limit()) else {
        return true;
    };
    // Where a number can be, seen from the one limit and from the other.
    let places: &[_] = match low.cmp(&high) {
        Less => {
            &[(Less, Less), (Equal, Less), (Greater, Less), (Greater, Equal), (Greater, Greater)]
        }
        Equal => &[(Less, Less), (Equal, Equal), (Greater, Greater)],
        Greater => return have_common(other, one),
    };
    places.iter().any(|(from_low, from_high)| low_holds(*from_low) && high_holds(*from_high))
}
