//! Conditions over names, as deep as the file has them.

mod contradiction;
mod read;

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Facts;
use super::decimal::Decimal;
use super::name::{CurrentRow, Name, Value};
use super::operator::Operator;
use super::scope::shown;
use super::text::Text;
pub(super) use contradiction::contradiction;
pub(super) use read::Reader;

/// Something that is true of a call or not.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// All operators hold of the value of a name; of groups, of one and the same of them.
    Name {
        name: Name,
        at: usize,
        label: String,
        operators: Vec<Operator>,
    },
}

/// The values of the names in conditions, each looked up once in a call.
pub(super) struct Values<'f> {
    facts: &'f Facts,
    at: Option<CurrentRow<'f>>,
    seen: Vec<OnceCell<Seen<'f>>>,
}

enum Seen<'f> {
    Absent,
    Null,
    Texts(Vec<Text<'f>>),
}

impl<'f> Values<'f> {
    /// Of so many names.
    pub(super) fn new(facts: &'f Facts, names: usize, at: Option<CurrentRow<'f>>) -> Self {
        Self { facts, at, seen: std::iter::repeat_with(OnceCell::new).take(names).collect() }
    }

    fn of(&self, at: usize, name: &Name) -> &Seen<'f> {
        let look = || match name.value(self.facts, self.at) {
            Value::Text(text) => Seen::Texts(vec![Text::new(text)]),
            Value::Null => Seen::Null,
            Value::Absent if *name == Name::Groups && !self.facts.groups.is_empty() => {
                Seen::Texts(self.facts.groups.iter().map(Text::new).collect())
            }
            Value::Absent => Seen::Absent,
        };
        self.seen[at].get_or_init(look)
    }
}

impl Seen<'_> {
    fn satisfies(&self, operators: &[Operator]) -> bool {
        match self {
            Self::Absent | Self::Null => operators.iter().all(|operator| operator.holds(None)),
            Self::Texts(texts) => {
                texts.iter().any(|text| operators.iter().all(|o| o.holds(Some(text))))
            }
        }
    }

    /// The value as it may be shown.
    fn show(&self, operators: &[Operator]) -> String {
        const MOST: usize = 10;
        match self {
            Self::Absent => "absent".to_owned(),
            Self::Null => "NULL".to_owned(),
            Self::Texts(texts) => {
                let mut list: Vec<Cow<'_, str>> =
                    texts.iter().take(MOST).map(|text| shown(&text.raw).into()).collect();
                if texts.len() > MOST {
                    list.push(format!("and {} more", texts.len() - MOST).into());
                }
                let is_number = |text: &Text<'_>| Decimal::parse(&text.raw).is_some();
                if operators.iter().any(Operator::is_numeric) && !texts.iter().any(is_number) {
                    list.push("which is not a number".into());
                }
                list.join(", ")
            }
        }
    }
}

impl Condition {
    /// Does it hold? Looks no further than it must.
    pub(super) fn holds(&self, values: &Values<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|condition| condition.holds(values)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(values)),
            Self::Not(condition) => !condition.holds(values),
            Self::Name { name, at, operators, .. } => values.of(*at, name).satisfies(operators),
        }
    }

    /// The same with a line for every part of it, each as deep as it lies.
    pub(super) fn explain(&self, values: &Values<'_>, depth: usize, to: &mut Vec<String>) -> bool {
        let mut parts = |word: &str, parts: &[Self], holds: fn(&[bool]) -> bool| {
            let line = to.len();
            to.push(String::new());
            let parts: Vec<bool> = parts.iter().map(|p| p.explain(values, depth + 1, to)).collect();
            let holds = holds(&parts);
            to[line] = format!("{:1$}{word}: {holds}", "", depth * 2);
            holds
        };
        match self {
            Self::All(all) => parts("all", all, |parts| parts.iter().all(|holds| *holds)),
            Self::Any(any) => parts("any", any, |parts| parts.iter().any(|holds| *holds)),
            Self::Not(not) => {
                parts("not", std::slice::from_ref(not), |parts| !parts.iter().all(|holds| *holds))
            }
            Self::Name { name, at, label, operators } => {
                let seen = values.of(*at, name);
                let holds = seen.satisfies(operators);
                let asked: Vec<String> = operators.iter().map(Operator::to_string).collect();
                let (asked, seen) = (asked.join(" and "), seen.show(operators));
                to.push(format!("{:1$}{label} {asked}: {holds} ({seen})", "", depth * 2));
                holds
            }
        }
    }
}
