//! Texts with names in them, `Sorry, {customer.name}.`

use super::name::{CurrentRow, Name, Value};
use super::scope::shown;
use super::{Facts, NameError, Scope};

/// A text in which names in braces stand for their values: `{subject}`, `{field.Server}`,
/// `{customer.name}`. `{{` is a brace. What comes in by a value is text, whatever it holds.
///
/// ```
/// use external_providers::contract::StartTicket;
/// use external_providers::rules::{Facts, Scope, Template};
///
/// let template = Template::parse("{subject} {{1}", &Scope::default())?;
/// let ticket = StartTicket { subject: Some("{emailFrom}".to_owned()), ..Default::default() };
/// assert_eq!(template.render(&Facts::of(&ticket)).as_deref(), Some("{emailFrom} {1}"));
/// assert_eq!(template.render(&Facts::of(&StartTicket::default())), None);
/// # Ok::<(), external_providers::rules::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(Name),
}

impl Template {
    /// Takes a text apart and looks up every name in it.
    pub fn parse(text: &str, scope: &Scope) -> Result<Self, NameError> {
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                literal.push('{');
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err(NameError {
                    what: format!("{} is not closed", shown(&rest[before.len()..])),
                    hint: Some("a brace that is not a name is written {{".to_owned()),
                });
            };
            let name = scope.name(name)?;
            if name == Name::Groups {
                let what = "groups are several, and stand in conditions alone".to_owned();
                return Err(NameError { what, hint: None });
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Name(name));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text; `None` where a name in it is absent or NULL.
    pub fn render(&self, facts: &Facts) -> Option<String> {
        self.render_at(facts, None)
    }

    /// The text, with nothing in the place of names that are absent or NULL: for people.
    pub fn render_text(&self, facts: &Facts) -> String {
        self.parts.iter().fold(String::new(), |mut text, part| {
            part.render(facts, None, &mut text);
            text
        })
    }

    /// The text as it stands, if there is no name in it.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The look-ups that it needs.
    pub fn lookups(&self) -> impl Iterator<Item = &str> {
        self.names().filter_map(Name::lookup)
    }

    /// The columns that it names, each with its look-up before it.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names().filter_map(|name| match name {
            Name::Column { lookup, column } => Some((lookup.as_str(), column.as_str())),
            _ => None,
        })
    }

    /// The first variable that it names and requests of the scope do not have.
    pub(crate) fn unknown_in(&self, scope: &Scope) -> Option<&str> {
        self.names()
            .find_map(|name| match name {
                Name::Variable(variable) => Some(variable).filter(|name| scope.name(name).is_err()),
                _ => None,
            })
            .map(String::as_str)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Name(name) => Some(name),
        })
    }

    pub(super) fn render_at(&self, facts: &Facts, at: Option<CurrentRow<'_>>) -> Option<String> {
        let mut text = String::new();
        self.parts.iter().all(|part| part.render(facts, at, &mut text)).then_some(text)
    }
}

impl Part {
    /// Adds the part, if it has a value.
    fn render(&self, facts: &Facts, at: Option<CurrentRow<'_>>, to: &mut String) -> bool {
        match self {
            Self::Text(text) => to.push_str(text),
            Self::Name(name) => match name.value(facts, at) {
                Value::Text(value) => to.push_str(&value),
                Value::Absent | Value::Null => return false,
            },
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Kind, StartTicket};
    use crate::rules::Rows;

    fn scope() -> Scope {
        let columns = Some(vec!["name".to_owned(), "plan".to_owned()]);
        let lookups = [("customer".to_owned(), columns), ("free".to_owned(), None)];
        Scope { kind: Some(Kind::Ticket), lookups: lookups.into(), ..Default::default() }
    }

    #[test]
    fn values_stand_where_their_names_do() {
        let request = StartTicket {
            subject: Some("{field.A}{{".to_owned()),
            custom_fields: [("A", "x"), ("Serial No", "")].into(),
            ..Default::default()
        };
        let mut facts = Facts::of(&request);
        facts.lookups.insert(
            "customer".to_owned(),
            Rows {
                columns: vec!["NAME".to_owned(), "plan".to_owned()],
                rows: vec![vec![Some("Ann".to_owned()), None], vec![None, None]],
            },
        );
        for (template, text, for_people) in [
            ("", Some(""), ""),
            ("a}b{{c}", Some("a}b{c}"), "a}b{c}"),
            ("{{{subject}}", Some("{{field.A}{{}"), "{{field.A}{{}"),
            ("{field.Serial No}|{field.A}", Some("|x"), "|x"),
            ("Dear {customer.name}", Some("Dear Ann"), "Dear Ann"),
            ("Dear {customer.plan}.", None, "Dear ."),
            ("{emailFrom}!", None, "!"),
            ("{customer.rows} {kind} {interaction}", Some("2 ticket ticket"), "2 ticket ticket"),
            ("{free.x}", None, ""),
        ] {
            let parsed = Template::parse(template, &scope()).unwrap();
            assert_eq!(parsed.render(&facts).as_deref(), text, "{template}");
            assert_eq!(parsed.render_text(&facts), for_people, "{template}");
        }
    }

    #[test]
    fn names_that_mean_nothing_are_found() {
        for (template, what, hint) in [
            ("{subjct}", "there is no \"subjct\" here", "did you mean subject?"),
            ("{customr.name}", "there is no look-up \"customr\"", "did you mean customer?"),
            ("{customer.nam}", "the look-up customer has no column \"nam\"", "did you mean name?"),
            ("{location}", "there is no \"location\" here", "it is known of custom_fields"),
            ("{page}", "there is no \"page\" here", "it is known of custom_fields"),
            ("{loginPassword}", "passwords are not shown to rules", ""),
            ("{field.Password}", "passwords are not shown to rules", ""),
            ("{field.}", "is not the name of a custom field", ""),
            ("{groups}", "nobody knows the groups of users here", ""),
            ("{a", "\"{a\" is not closed", "a brace that is not a name is written {{"),
            ("{customer}", "there is no \"customer\" here", "did you mean customer?"),
        ] {
            let error = Template::parse(template, &scope()).unwrap_err();
            let found = (error.what.as_str(), error.hint.as_deref().unwrap_or_default());
            assert_eq!(found, (what, hint), "{template}");
        }
    }
}
