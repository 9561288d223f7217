//! `key=value` strings (contract, section 3): the language in which providers really speak.

use std::fmt;

use super::CUSTOM_FIELD_PREFIX;
use super::raw::{Presence, StringList};
use crate::secret::{MASK, is_secret_key};

/// Variables in their order. Keys are case-sensitive; of duplicates the last counts.
///
/// Custom fields of a request or answer are kept in the same type, by their names without `cf_`.
/// `Debug` masks the values of keys that carry passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<Variable>);

#[derive(Clone, PartialEq, Eq)]
struct Variable {
    /// `key=value`, so that reading a variable costs no copy.
    text: String,
    key_len: usize,
}

impl Variable {
    fn key(&self) -> &str {
        &self.text[..self.key_len]
    }

    fn value(&self) -> &str {
        &self.text[self.key_len + 1..]
    }

    fn into_value(mut self) -> String {
        self.text.drain(..=self.key_len);
        self.text
    }
}

impl Variables {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable after the others. A key that holds `=` is refused when it is written, since
    /// no reader could take it apart again.
    pub fn push(&mut self, key: &str, value: &str) {
        let mut text = String::with_capacity(key.len() + 1 + value.len());
        text.push_str(key);
        text.push('=');
        text.push_str(value);
        self.0.push(Variable { text, key_len: key.len() });
    }

    /// The value of the last variable with this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|v| v.key() == key).map(Variable::value)
    }

    /// All variables, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        self.0.iter().map(|v| (v.key(), v.value()))
    }

    /// How many there are, duplicates included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out every variable with this key and gives the value of the last.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let last = self.0.iter().rposition(|v| v.key() == key)?;
        let value = self.0.remove(last).into_value();
        if self.0[..last].iter().any(|v| v.key() == key) {
            self.0.retain(|v| v.key() != key);
        }
        Some(value)
    }

    /// [`take`](Self::take) for a variable that must be there (it may be empty).
    pub fn require(&mut self, key: &'static str) -> Result<String, VariableError> {
        self.take(key).ok_or(VariableError::Missing { key })
    }

    /// Takes out the custom fields (`cf_` in any case; a bare `cf_` is dropped), by their names.
    pub fn take_custom_fields(&mut self) -> Self {
        if !self.0.iter().any(is_custom_field) {
            return Self::new();
        }
        let (mut fields, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(is_custom_field);
        self.0 = rest;
        let prefix = CUSTOM_FIELD_PREFIX.len();
        fields.retain(|v| v.key_len > prefix);
        for field in &mut fields {
            field.text.drain(..prefix);
            field.key_len -= prefix;
        }
        Self(fields)
    }

    /// Reads a list as the legacy parser does: each entry is split at its first `=`, and a nil
    /// entry, or one without `=`, is an error. An absent or nil list is an empty one.
    pub fn read(list: Presence<StringList>) -> Result<Self, VariableError> {
        let entries = list.value().unwrap_or_default().0;
        let read = |(index, entry): (usize, Option<String>)| {
            let text = entry.ok_or(VariableError::Nil { index })?;
            // Keys are short: a loop beats a vectorised search. What is left of the first `=` holds
            // none, so there is nothing to un-double.
            let key_len =
                text.bytes().position(|b| b == b'=').ok_or(VariableError::NoEquals { index })?;
            Ok(Variable { text, key_len })
        };
        entries.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

fn is_custom_field(v: &Variable) -> bool {
    let prefix = CUSTOM_FIELD_PREFIX.len();
    v.key_len >= prefix
        && v.text.as_bytes()[..prefix].eq_ignore_ascii_case(CUSTOM_FIELD_PREFIX.as_bytes())
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let mut all = Self::new();
        for (key, value) in variables {
            all.push(key.as_ref(), value.as_ref());
        }
        all
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> From<[(K, V); N]> for Variables {
    fn from(variables: [(K, V); N]) -> Self {
        variables.into_iter().collect()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value)| (key, if is_secret_key(key) { MASK } else { value });
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

/// Takes variables in the order in which they are to be written.
pub trait Sink {
    /// A variable.
    fn put(&mut self, key: &str, value: &str) {
        self.put_prefixed("", key, value);
    }

    /// A variable whose key has a prefix.
    fn put_prefixed(&mut self, prefix: &'static str, key: &str, value: &str);

    /// A variable that is left out when there is no value.
    fn put_optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Custom fields, by their names without `cf_`.
    fn put_custom_fields(&mut self, fields: &Variables) {
        for (name, value) in fields.iter() {
            self.put_prefixed(CUSTOM_FIELD_PREFIX, name, value);
        }
    }

    /// Variables that the contract does not name.
    fn put_all(&mut self, variables: &Variables) {
        for (key, value) in variables.iter() {
            self.put(key, value);
        }
    }
}

impl Sink for Variables {
    fn put_prefixed(&mut self, prefix: &'static str, key: &str, value: &str) {
        if prefix.is_empty() {
            self.push(key, value);
        } else {
            self.push(&format!("{prefix}{key}"), value);
        }
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

/// Reads a variable that is one of two words, whatever the case (contract, section 3).
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
    fn debug_masks_passwords() {
        let all = Variables::from([("authPW", "hunter2"), ("a", "b")]);
        assert_eq!(format!("{all:?}"), r#"{"authPW": "***", "a": "b"}"#);
    }
}
