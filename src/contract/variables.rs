//! `key=value` strings (wsdl/CONTRACT.md, section 3): the language in which providers really speak.

mod collection;

use std::collections::BTreeMap;
use std::fmt;

use super::raw::{Presence, StringList};
use super::{CUSTOM_FIELD_PREFIX, custom_field_name};
use crate::secret::{MASK, is_secret_key};

/// Variables in their order. Keys are case-sensitive; of duplicates the last counts.
///
/// ```
/// use external_providers::contract::Variables;
///
/// let mut variables = Variables::from([("plan", "gold")]);
/// variables.extend([("seats", "12"), ("plan", "silver")]);
/// assert_eq!(variables.get("plan"), Some("silver"));
/// for (key, value) in &variables {
///     println!("{key} is {value}");
/// }
/// ```
///
/// There is no `variables["plan"]`: what a peer did not send must not end the program.
///
/// Custom fields of a request or answer are kept in the same type, by their names without `cf_`.
/// `Debug` masks the values of keys that carry passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// `key=value` each, as on the wire, so that reading a message copies nothing.
    entries: Vec<String>,
    /// The first key that was added with a `=` in it: no reader could take it apart again.
    unreadable: Option<Box<str>>,
}

/// Splits an entry, which always holds `=`. Keys are short: a loop beats a vectorised search.
pub(super) fn split(entry: &str) -> (&str, &str) {
    let at = entry.bytes().position(|b| b == b'=').unwrap_or(entry.len());
    (&entry[..at], entry.get(at + 1..).unwrap_or_default())
}

/// Does an entry `key=value` have this key?
pub(crate) fn has_key(entry: &str, key: &str) -> bool {
    entry.as_bytes().get(key.len()) == Some(&b'=') && entry.starts_with(key)
}

impl Variables {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable after the others. A key that holds `=` is refused when the variables are
    /// written, since no reader could take it apart again.
    pub fn push(&mut self, key: &str, value: &str) {
        if key.contains('=') {
            self.unreadable.get_or_insert_with(|| key.into());
        }
        self.entries.push([key, "=", value].concat());
    }

    /// Gives the last variable with this key another value, in its place; adds it if there is none.
    pub fn replace(&mut self, key: &str, value: &str) {
        match self.entries.iter_mut().rfind(|entry| has_key(entry, key)) {
            Some(entry) => entry.replace_range(key.len() + 1.., value),
            None => self.push(key, value),
        }
    }

    /// The value of the last variable with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let entry = self.entries.iter().rev().find(|entry| has_key(entry, key))?;
        Some(&entry[key.len() + 1..])
    }

    /// All variables, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        self.entries.iter().map(|entry| split(entry))
    }

    /// How many there are, duplicates included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first key that was added with a `=` in it, if any: such variables cannot be written.
    pub fn unreadable_key(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    /// Takes out every variable with this key and gives the value of the last.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let last = self.entries.iter().rposition(|entry| has_key(entry, key))?;
        let mut value = self.entries.remove(last);
        value.drain(..=key.len());
        if self.entries[..last].iter().any(|entry| has_key(entry, key)) {
            self.entries.retain(|entry| !has_key(entry, key));
        }
        Some(value)
    }

    /// [`take`](Self::take) for a variable that must be there (it may be empty).
    pub fn require(&mut self, key: &'static str) -> Result<String, VariableError> {
        self.take(key).ok_or(VariableError::Missing { key })
    }

    /// Takes out the custom fields (`cf_` in any case; a bare `cf_` is dropped), by their names, each
    /// once. Of duplicates the last counts; of keys that differ in the case of `cf_` the one that
    /// came up last (wsdl/CONTRACT.md, section 3: `cf_x=1`, `CF_x=2`, `cf_x=3` reads as 2).
    pub fn take_custom_fields(&mut self) -> Self {
        let mut fields = Self::new();
        let is_field = |entry: &String| custom_field_name(entry).is_some();
        if self.entries.iter().any(is_field) {
            let taken = std::mem::take(&mut self.entries);
            (fields.entries, self.entries) = taken.into_iter().partition(is_field);
            let prefix = CUSTOM_FIELD_PREFIX.len();
            fields.entries.retain(|entry| entry.as_bytes().get(prefix) != Some(&b'='));
            last_of_each(&mut fields.entries);
            for entry in &mut fields.entries {
                entry.drain(..prefix);
            }
            last_of_each(&mut fields.entries);
        }
        fields
    }

    /// Reads a list as the legacy parser does: each entry is split at its first `=`, and a nil
    /// entry, or one without `=`, is an error. An absent or nil list is an empty one.
    pub fn read(list: Presence<StringList>) -> Result<Self, VariableError> {
        let read = |(index, entry): (usize, Option<String>)| {
            let entry = entry.ok_or(VariableError::Nil { index })?;
            // What is left of the first `=` holds none, so there is nothing to un-double.
            if entry.bytes().any(|b| b == b'=') {
                Ok(entry)
            } else {
                Err(VariableError::NoEquals { index })
            }
        };
        let entries = list.value().unwrap_or_default().0.into_iter().enumerate();
        Ok(Self { entries: entries.map(read).collect::<Result<_, _>>()?, unreadable: None })
    }
}

/// Keeps the last entry of each key, in the place of the first.
fn last_of_each(entries: &mut Vec<String>) {
    if entries.len() < 2 {
        return;
    }
    let mut places = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        places.entry(split(entry).0).or_insert((at, at)).1 = at;
    }
    if places.len() < entries.len() {
        let mut places: Vec<(usize, usize)> = places.into_values().collect();
        places.sort_unstable();
        let last = |(_, last): (usize, usize)| std::mem::take(&mut entries[last]);
        *entries = places.into_iter().map(last).collect();
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value)| (key, if is_secret_key(key) { MASK } else { value });
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

/// What a request says of an input variable that the contract names and that has no value.
///
/// To a provider an absent variable is null and an empty one is `""`, and those that were written
/// after the vendor's sample use what they read without a look (wsdl/CONTRACT.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Absent {
    /// It is sent empty (`subject=`), but for `interactiontype` and `location`, whose absence has a
    /// meaning of its own.
    #[default]
    Empty,
    /// It is left out.
    Omit,
}

/// Takes variables in the order in which they are to be written.
pub trait Sink {
    /// A variable that the contract names.
    fn put(&mut self, key: &'static str, value: &str);

    /// A custom field: `name=value`, without `cf_`.
    fn put_custom_field(&mut self, entry: &str);

    /// A variable that the contract does not name: `key=value`.
    fn put_other(&mut self, entry: &str);

    /// Some variables have a key that cannot be written.
    fn refuse(&mut self, key: &str);

    /// What happens to input variables without a value. By default they are left out.
    fn absent(&self) -> Absent {
        Absent::Omit
    }

    /// An input variable that the contract names: without a value, as [`absent`](Self::absent)
    /// says.
    fn put_input(&mut self, key: &'static str, value: Option<&str>) {
        let empty = (self.absent() == Absent::Empty).then_some("");
        self.put_optional(key, value.or(empty));
    }

    /// A variable that is left out when there is no value.
    fn put_optional(&mut self, key: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Custom fields, by their names without `cf_`.
    fn put_custom_fields(&mut self, fields: &Variables) {
        if let Some(key) = fields.unreadable_key() {
            self.refuse(&[CUSTOM_FIELD_PREFIX, key].concat());
        }
        fields.entries.iter().for_each(|entry| self.put_custom_field(entry));
    }

    /// Variables that the contract does not name.
    fn put_all(&mut self, variables: &Variables) {
        if let Some(key) = variables.unreadable_key() {
            self.refuse(key);
        }
        variables.entries.iter().for_each(|entry| self.put_other(entry));
    }
}

impl Sink for Variables {
    fn put(&mut self, key: &'static str, value: &str) {
        self.push(key, value);
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.entries.push([CUSTOM_FIELD_PREFIX, entry].concat());
    }

    fn put_other(&mut self, entry: &str) {
        self.entries.push(entry.to_owned());
    }

    fn refuse(&mut self, key: &str) {
        self.unreadable.get_or_insert_with(|| key.into());
    }
}

/// Variables that do not say what the contract asks for. Never shows a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// A variable that must be there is not.
    #[error("the variable {key} is missing")]
    Missing {
        /// Its key.
        key: &'static str,
    },
    /// An entry without `=`. The legacy reader throws on it.
    #[error("entry {} has no \"=\"", index + 1)]
    NoEquals {
        /// The entry, from 0.
        index: usize,
    },
    /// A nil entry. The legacy reader throws on it.
    #[error("entry {} is nil", index + 1)]
    Nil {
        /// The entry, from 0.
        index: usize,
    },
    /// A variable with a value that it cannot have.
    #[error("the variable {key} is neither {expected}")]
    Value {
        /// Its key.
        key: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// A custom field item that names no field.
    #[error("custom field item {} has no CustomFieldName", index + 1)]
    NamelessItem {
        /// The item, from 0.
        index: usize,
    },
}

/// Reads a variable that is one of two words, whatever the case (wsdl/CONTRACT.md, section 3).
pub(super) fn either(
    outputs: &mut Variables,
    key: &'static str,
    [yes, no]: [&str; 2],
    expected: &'static str,
) -> Result<bool, VariableError> {
    let value = outputs.require(key)?;
    if value.eq_ignore_ascii_case(yes) {
        Ok(true)
    } else if value.eq_ignore_ascii_case(no) {
        Ok(false)
    } else {
        Err(VariableError::Value { key, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[&str]) -> Result<Variables, VariableError> {
        Variables::read(Presence::Value(entries.iter().copied().collect()))
    }

    #[test]
    fn entries_are_split_at_the_first_equals() {
        let all = read(&["a=b", "k==v=", "=v", "e=", " s =x"]).unwrap();
        let pairs: Vec<_> = all.iter().collect();
        assert_eq!(pairs, [("a", "b"), ("k", "=v="), ("", "v"), ("e", ""), (" s ", "x")]);
    }

    #[test]
    fn the_last_duplicate_counts_and_case_matters() {
        let mut all = read(&["a=1", "A=2", "a=3", "b=4"]).unwrap();
        assert_eq!(all.get("a"), Some("3"));
        assert_eq!(all.take("a").as_deref(), Some("3"));
        assert_eq!(all.iter().collect::<Vec<_>>(), [("A", "2"), ("b", "4")]);
        assert_eq!(all.take("a"), None);
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let mut all = Variables::from([("a", "1"), ("ab", "2")]);
        all.replace("a", "=3");
        all.replace("b", "");
        assert_eq!(all, Variables::from([("a", "=3"), ("ab", "2"), ("b", "")]));
    }

    #[test]
    fn what_the_legacy_reader_throws_on_is_an_error() {
        assert_eq!(read(&["a=1", "nonsense"]), Err(VariableError::NoEquals { index: 1 }));
        let nil = Presence::Value(StringList(vec![None]));
        assert_eq!(Variables::read(nil), Err(VariableError::Nil { index: 0 }));
        for none in [Presence::Absent, Presence::Nil] {
            assert_eq!(Variables::read(none), Ok(Variables::new()));
        }
    }

    #[test]
    fn custom_fields_go_by_their_names() {
        let mut all = read(&["x=1", "cf_Serial=2", "CF_cf_=3", "cf_=4", "Cf=5", "cf_é=6"]).unwrap();
        let fields = all.take_custom_fields();
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("Serial", "2"), ("cf_", "3"), ("é", "6")]);
        assert_eq!(all.iter().collect::<Vec<_>>(), [("x", "1"), ("Cf", "5")]);
    }

    #[test]
    fn of_duplicate_custom_fields_the_last_key_to_come_up_counts() {
        for (entries, expected) in [
            (&["cf_x=1", "CF_x=2", "cf_x=3"][..], &[("x", "2")][..]),
            (&["cf_x=1", "CF_x=2", "cf_x=3", "CF_x=4"], &[("x", "4")]),
            (&["cf_x=1", "cf_x=2"], &[("x", "2")]),
            (&["cF_x=1", "Cf_x=2", "CF_x=3", "cF_x=9"], &[("x", "3")]),
            (&["cf_x=1", "cf_y=2", "cf_X=3", "CF_x=4"], &[("x", "4"), ("y", "2"), ("X", "3")]),
            (&["cf_b=1", "a=0", "cf_a=2", "cf_b=3"], &[("b", "3"), ("a", "2")]),
            (&["CF_=1", "cf_=2", "cf_x="], &[("x", "")]),
        ] {
            let fields = read(entries).unwrap().take_custom_fields();
            assert_eq!(fields.iter().collect::<Vec<_>>(), expected, "{entries:?}");
        }
        // As many as a message may hold.
        let many: Vec<String> = (0..100_000).map(|n| format!("cf_{}={n}", n % 50_000)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let fields = read(&many).unwrap().take_custom_fields();
        assert_eq!((fields.len(), fields.get("49999")), (50_000, Some("99999")));
    }

    #[test]
    fn debug_masks_passwords() {
        let all = Variables::from([("authPW", "hunter2"), ("a", "b")]);
        assert_eq!(format!("{all:?}"), r#"{"authPW": "***", "a": "b"}"#);
    }
}
