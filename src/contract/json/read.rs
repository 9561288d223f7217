//! Variables from JSON, every mistake with its place.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::contract::Variables;
use crate::secret::quiet::Quiet;

/// The one member of an object that holds a list of variables.
const VARIABLES: &str = "variables";
/// A pointer with a longer key would be more than people read.
const LONGEST_KEY: usize = 256;

/// How variables were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each a member of an object.
    Object,
    /// A list of objects with key and value.
    List,
    /// The same as the only member of an object, `variables`.
    Wrapped,
}

impl Form {
    /// The JSON pointer (RFC 6901) to a variable: to its value in an object, to itself in a list.
    pub(crate) fn pointer(self, index: usize, key: &str) -> String {
        match self {
            Self::Object if key.len() > LONGEST_KEY => String::new(),
            Self::Object => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Self::List => format!("/{index}"),
            Self::Wrapped => format!("/{VARIABLES}/{index}"),
        }
    }
}

/// JSON that is not variables. `Display` shows nothing of it; the pointer has the key.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// Where, as a JSON pointer.
    pub(crate) pointer: String,
    /// What is wrong.
    pub(crate) what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The first member of an object that stands twice, if any does: of such, others read whichever they like.
pub(crate) fn duplicate(json: &Quiet) -> Option<Mistake> {
    let Quiet::Object(members) = json else { return None };
    let mut seen = HashSet::with_capacity(members.len());
    let mut keys = members.iter().map(|(key, _)| key.as_str()).enumerate();
    keys.find(|(_, key)| !seen.insert(*key)).map(|(index, key)| twice(index, key))
}

/// Variables in their order, and how they were written.
///
/// # Errors
///
/// What is not a string where one belongs, or another shape.
pub(crate) fn variables(json: Quiet) -> Result<(Variables, Form), Mistake> {
    match json {
        Quiet::List(list) => Ok((pairs(list, Form::List)?, Form::List)),
        Quiet::Object(mut members) => {
            let is_list = |(key, value): &(String, Quiet)| {
                key == VARIABLES && matches!(value, Quiet::List(_))
            };
            if !members.iter().any(is_list) {
                let mut variables = Variables::new();
                for (index, (key, value)) in members.into_iter().enumerate() {
                    push(&mut variables, Form::Object.pointer(index, &key), &key, value)?;
                }
                return Ok((variables, Form::Object));
            }
            if let Some((key, _)) = members.iter().find(|member| !is_list(member)) {
                let what = "a list of variables must be the only member of its object".to_owned();
                return Err(Mistake { pointer: Form::Object.pointer(0, key), what });
            }
            match (members.pop(), members.is_empty()) {
                (Some((_, Quiet::List(list))), true) => {
                    Ok((pairs(list, Form::Wrapped)?, Form::Wrapped))
                }
                _ => Err(twice(0, VARIABLES)),
            }
        }
        _ => {
            let what = "it must be an object of strings, or a list of objects with key and value";
            Err(Mistake { pointer: String::new(), what: what.to_owned() })
        }
    }
}

fn twice(index: usize, key: &str) -> Mistake {
    let number = index + 1;
    let what = format!("member {number} stands twice; variables that do are written as a list");
    Mistake { pointer: Form::Object.pointer(index, key), what }
}

/// The elements of a list, each with the members key and value, and no others.
fn pairs(list: Vec<Quiet>, form: Form) -> Result<Variables, Mistake> {
    let mut variables = Variables::new();
    for (index, element) in list.into_iter().enumerate() {
        let pointer = form.pointer(index, "");
        let Some((key, value)) = pair(element) else {
            let what = format!("variable {} must be an object with key and value", index + 1);
            return Err(Mistake { pointer, what });
        };
        push(&mut variables, format!("{pointer}/value"), &key, value)?;
    }
    Ok(variables)
}

/// The key and value of an element of a list of variables.
fn pair(element: Quiet) -> Option<(String, Quiet)> {
    let Quiet::Object(members) = element else { return None };
    let [(one, first), (other, second)] = <[_; 2]>::try_from(members).ok()?;
    match (one.as_str(), other.as_str()) {
        ("key", "value") => Some((first.text()?, second)),
        ("value", "key") => Some((second.text()?, first)),
        _ => None,
    }
}

fn push(to: &mut Variables, pointer: String, key: &str, value: Quiet) -> Result<(), Mistake> {
    let number = to.len() + 1;
    let value = value.text().ok_or_else(|| Mistake {
        pointer,
        what: format!("the value of variable {number} must be a string, in quotes"),
    })?;
    to.push(key, &value);
    Ok(())
}

impl<'de> Deserialize<'de> for Variables {
    /// An object of strings, a list of objects with `key` and `value`, or an object whose only member
    /// `variables` is such a list; in their order.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = variables(Quiet::deserialize(deserializer)?);
        read.map(|(variables, _)| variables).map_err(D::Error::custom)
    }
}
