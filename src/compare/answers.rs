//! How the answers of two services to one call differ, part by part, as the contract reads them.

mod parts;

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Policy;
use super::differences::{Difference, Value, shown_name};
use super::pattern::{BadPattern, Patterns};
use crate::http::HttpResponse;
use crate::secret::Mask;
use parts::Kind;

pub(crate) use parts::Parts;

/// Differences that are told of one call.
const KEPT: usize = 100;
/// Characters of a part's name that are shown.
const NAME: usize = 80;

/// Where two answers differ, to be told from their parts or those of the same answers without secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Kind,
    Part(Option<usize>, Option<usize>),
    OutputOrder,
    FieldOrder,
}

/// What may differ between answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tolerance {
    ignore: Vec<String>,
    patterns: Patterns,
    /// The candidate's namespace, where it is said to be another.
    pub(crate) namespace: Option<String>,
    /// Are the texts redacted, so that the numbers of placeholders say nothing?
    pub(crate) redacted: bool,
}

impl Tolerance {
    pub(crate) fn new(policy: &Policy) -> Result<Self, BadPattern> {
        let patterns = Patterns::new(policy)?;
        Ok(Self { ignore: policy.ignore.clone(), patterns, ..Self::default() })
    }

    /// The rule that ignores a part, by its place among names and then patterns.
    fn rule(&self, names: &[&str], values: [&Value; 2]) -> Option<usize> {
        let matches = |name: &str| {
            values.iter().all(|value| match value {
                Value::Text(text) => self.patterns.matches(name, text) == Some(true),
                Value::Empty => self.patterns.matches(name, "") == Some(true),
                _ => false,
            })
        };
        let pattern = |name: &str| {
            let place = self.patterns.place(name).filter(|_| matches(name))?;
            Some(self.ignore.len() + place)
        };
        names.iter().find_map(|name| self.rule_of_place(name).or_else(|| pattern(name)))
    }

    /// The rule that ignores what a report calls so, whatever its values.
    pub(crate) fn rule_of_place(&self, place: &str) -> Option<usize> {
        self.ignore.iter().position(|known| known == place)
    }

    fn same(&self, old: &Value, candidate: &Value) -> bool {
        let wild = |value: &Value| match value {
            Value::Text(text) => super::canonical::wild(text, &mut Vec::new()).into_owned(),
            _ => String::new(),
        };
        old == candidate
            || self.redacted
                && matches!((old, candidate), (Value::Text(_), Value::Text(_)))
                && wild(old) == wild(candidate)
    }

    /// Where two answers differ, but for what may: at most a hundred places. The rules by which they may
    /// are added to those that hid something.
    pub(crate) fn places(
        &self,
        old: &Parts,
        candidate: &Parts,
        hiding: &mut BTreeSet<usize>,
    ) -> Vec<Place> {
        if old.kind != candidate.kind {
            let rule = self.rule(&["answer"], [&old.summary(), &candidate.summary()]);
            hiding.extend(rule);
            return if rule.is_some() { Vec::new() } else { vec![Place::Kind] };
        }
        if old.kind == Kind::Nothing {
            return Vec::new();
        }
        let by_name: HashMap<&str, usize> =
            candidate.list.iter().enumerate().map(|(at, part)| (part.name.as_str(), at)).collect();
        let known: HashMap<&str, usize> =
            old.list.iter().enumerate().map(|(at, part)| (part.name.as_str(), at)).collect();
        let mut places = Vec::new();
        for (at, part) in old.list.iter().enumerate() {
            let other = by_name.get(part.name.as_str()).copied();
            self.part(old, candidate, (Some(at), other), (&mut places, hiding));
        }
        for (at, part) in candidate.list.iter().enumerate() {
            if !known.contains_key(part.name.as_str()) {
                self.part(old, candidate, (None, Some(at)), (&mut places, hiding));
            }
        }
        for (names, place, lists) in [
            (
                &["order", "order of outputs"][..],
                Place::OutputOrder,
                [&old.outputs, &candidate.outputs],
            ),
            (&["order of fields"], Place::FieldOrder, [&old.fields, &candidate.fields]),
        ] {
            if common(lists[0], lists[1]) != common(lists[1], lists[0]) {
                match self.rule(names, [&Value::Elements; 2]) {
                    Some(rule) => drop(hiding.insert(rule)),
                    None => places.push(place),
                }
            }
        }
        places.truncate(KEPT);
        places
    }

    fn part(
        &self,
        old: &Parts,
        candidate: &Parts,
        (at, other): (Option<usize>, Option<usize>),
        (places, hiding): (&mut Vec<Place>, &mut BTreeSet<usize>),
    ) {
        let Some(part) = at.map(|at| &old.list[at]).or(other.map(|at| &candidate.list[at])) else {
            return;
        };
        let value = |parts: &'_ Parts, at: Option<usize>| {
            at.map_or(Value::Absent, |at| parts.list[at].value.clone())
        };
        let values = [&value(old, at), &value(candidate, other)];
        let is_list = matches!(part.name.as_str(), "OutputVariables" | "CustomFieldDataItems");
        let is_same = self.same(values[0], values[1])
            // The field itself is said to be missing, or the flag that governs it to differ.
            || part.is_property && (at.is_none() || other.is_none())
            || is_list && values.contains(&&Value::Elements)
            || part.name == "namespace" && self.namespace.as_deref().is_some_and(|known| *values[1] == Value::text(known));
        let names = [Some(part.name.as_str()), part.of.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        if !is_same {
            match self.rule(&names, values) {
                Some(rule) => drop(hiding.insert(rule)),
                None => places.push(Place::Part(at, other)),
            }
        }
    }
}

/// The keys of one list that the other has, too, in their order.
fn common<'l>(list: &'l [String], other: &[String]) -> Vec<&'l str> {
    let other: HashSet<&str> = other.iter().map(String::as_str).collect();
    list.iter().map(String::as_str).filter(|key| other.contains(key)).collect()
}

/// How a recorded answer and another differ, both without their secrets.
pub(crate) fn recorded(recorded: &HttpResponse, received: &HttpResponse) -> Vec<Difference> {
    let [recorded, received] = [recorded, received].map(Parts::of_response);
    let tolerance = Tolerance { redacted: true, ..Tolerance::default() };
    let places = tolerance.places(&recorded, &received, &mut BTreeSet::new());
    places.into_iter().filter_map(|place| place.difference(&recorded, &received)).collect()
}

impl Place {
    /// The difference in words; `None` if these parts have no such place.
    pub(crate) fn difference(self, old: &Parts, candidate: &Parts) -> Option<Difference> {
        let order = |name: &str, lists: [&Vec<String>; 2]| {
            let shown = |list: Vec<&str>| {
                Value::text(&list.into_iter().take(20).collect::<Vec<_>>().join(", "))
            };
            (name.to_owned(), shown(common(lists[0], lists[1])), shown(common(lists[1], lists[0])))
        };
        let (place, recorded, received) = match self {
            Self::Kind => {
                let place = format!("{} in place of {}", candidate.kind.words(), old.kind.words());
                (place, old.summary(), candidate.summary())
            }
            Self::Part(at, other) => {
                let of = |parts: &'_ Parts, at: Option<usize>| match at {
                    Some(at) => {
                        parts.list.get(at).map(|part| (Some(part.name.clone()), part.value.clone()))
                    }
                    None => Some((None, Value::Absent)),
                };
                let (name, one) = of(old, at)?;
                let (other_name, other) = of(candidate, other)?;
                (name.or(other_name)?, one, other)
            }
            Self::OutputOrder => order("order of outputs", [&old.outputs, &candidate.outputs]),
            Self::FieldOrder => order("order of fields", [&old.fields, &candidate.fields]),
        };
        let name = shown_name(&place, NAME);
        let shown = |value: Value| value.shown(&Mask::default());
        Some(Difference { place: name, recorded: shown(recorded), received: shown(received) })
    }
}
