//! Conditions that nothing can make true.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::BTreeMap;

use super::Condition;
use crate::rules::name::Name;
use crate::rules::operator::Operator;
use crate::rules::text::Text;

/// Why a condition can never be true, as far as that can be told from it alone.
pub(in crate::rules) fn contradiction(condition: &Condition) -> Option<String> {
    match condition {
        Condition::Not(_) => None,
        Condition::Any(any) => {
            let all: Option<Vec<_>> = any.iter().map(contradiction).collect();
            all?.into_iter().next()
        }
        Condition::All(_) | Condition::Name { .. } => {
            let (mut names, mut parts) = (Names::new(), Vec::new());
            flatten(condition, &mut names, &mut parts);
            let of_names = names.into_values().find_map(|(label, operators)| {
                Some(format!("{label} {}", of_operators(&operators)?))
            });
            of_names.or_else(|| parts.into_iter().find_map(contradiction))
        }
    }
}

type Names<'c> = BTreeMap<(usize, usize), (&'c str, Vec<&'c Operator>)>;

/// What must hold of each name, and the parts that are not of one name.
fn flatten<'c>(condition: &'c Condition, names: &mut Names<'c>, parts: &mut Vec<&'c Condition>) {
    match condition {
        Condition::All(all) => all.iter().for_each(|part| flatten(part, names, parts)),
        Condition::Name { name, at, label, operators } => {
            // Of groups each condition may hold of another one.
            let apart = if *name == Name::Groups { names.len() + 1 } else { 0 };
            let (_, all) = names.entry((*at, apart)).or_insert((label.as_str(), Vec::new()));
            all.extend(operators);
        }
        other => parts.push(other),
    }
}

/// Why operators cannot all hold of one value.
fn of_operators(operators: &[&Operator]) -> Option<String> {
    let says = |why: &str| Some(why.to_owned());
    if operators.iter().any(|operator| operator.asks_for_nothing()) {
        return says("is compared with an empty list");
    }
    let needs_value = operators.iter().any(|operator| operator.needs_value());
    let wants_empty = operators.iter().any(|operator| operator.wants_empty());
    if needs_value && operators.iter().any(|o| !o.needs_value() && !o.wants_empty()) {
        return says("cannot be absent and have a value");
    }
    let hold_of = |operators: &[&Operator], text: &str| {
        let text = Text::new(text);
        operators.iter().all(|operator| operator.holds(Some(&text)))
    };
    if wants_empty {
        let is_possible = !needs_value || hold_of(operators, "");
        return says("cannot be empty and have a value").filter(|_| !is_possible);
    }
    if let Some((exact, values)) = operators.iter().find_map(|o| Some((o, o.values()?))) {
        // A value may come in another case than the file has it, which some operators look at.
        let judges = |operator: &&Operator| exact.looks_at_case() || !operator.looks_at_case();
        let judges: Vec<&Operator> = operators.iter().copied().filter(judges).collect();
        let is_possible = values.iter().any(|value| hold_of(&judges, value));
        return says("cannot be several things at a time").filter(|_| !is_possible);
    }
    // Ranges have a number in common if any two of them do.
    let mut limits = operators.iter().enumerate();
    let is_impossible =
        limits.any(|(at, one)| operators[at..].iter().any(|other| !have_common(one, other)));
    says("cannot be in ranges that exclude each other").filter(|_| is_impossible)
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
