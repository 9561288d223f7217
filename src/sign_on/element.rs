//! An element of `web.config`, or a document of TOML: values by their names, with their places.

use std::borrow::Cow;

use crate::suggest::meant;
use crate::toml_document::Problem;

/// An attribute, or a key of TOML.
pub(super) struct Attribute<'t> {
    pub(super) name: &'t str,
    pub(super) value: Cow<'t, str>,
    /// Line and column, from 1.
    pub(super) place: (usize, usize),
}

/// An element with its attributes, or a document of TOML.
#[derive(Default)]
pub(super) struct Element<'t> {
    pub(super) name: &'t str,
    pub(super) place: (usize, usize),
    pub(super) attributes: Vec<Attribute<'t>>,
}

impl<'t> Element<'t> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(|attribute| &*attribute.value)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'t>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Something wrong with an attribute, or with the element where it is missing.
    pub(super) fn problem(&self, name: &str, what: impl Into<String>) -> Problem {
        let place = self.attribute(name).map_or(self.place, |attribute| attribute.place);
        let space = if self.name.is_empty() || name.is_empty() { "" } else { " " };
        problem(place, [self.name, space, name].concat(), what)
    }

    /// The value of an attribute that has one of these names.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        names: &[(&'static str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if let Some((_, found)) = names.iter().find(|(known, _)| *known == value) {
            return Ok(Some(*found));
        }
        let known = names.iter().map(|(known, _)| *known);
        let wrong = self.problem(name, "is not a value that .NET knows");
        Err(wrong.hint(meant(value, known).unwrap_or_default()))
    }
}

pub(super) fn problem(place: (usize, usize), key: String, what: impl Into<String>) -> Problem {
    Problem { line: place.0, column: place.1, key, what: what.into(), hint: None }
}
