//! Conditions that nothing can make true.

use std::collections::BTreeMap;

use super::Condition;
use crate::rules::name::Name;
use crate::rules::operator::{Operator, conflict};

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
            let of_names = names
                .into_values()
                .find_map(|(label, operators)| Some(format!("{label} {}", conflict(&operators)?)));
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
