//! What requests and answers have in common when they are read.

use super::error::Problem;
use super::{Limits, SoapVersion};
use crate::contract::raw::{Presence, StringList};
use crate::xml::{Reader, XSD, XSI, XmlError};

/// A problem, and the path of the element below the one that the caller was reading.
pub(super) struct Located {
    pub(super) path: String,
    pub(super) problem: Problem,
}

impl Located {
    pub(super) fn new(path: impl Into<String>, problem: Problem) -> Self {
        Self { path: path.into(), problem }
    }

    /// The same from one element further out.
    pub(super) fn inside(mut self, element: &str) -> Self {
        // The XML error has a place of its own, and may be anywhere.
        if !matches!(self.problem, Problem::Xml(_)) {
            let slash = if self.path.is_empty() { "" } else { "/" };
            self.path = [element, slash, &self.path].concat();
        }
        self
    }
}

impl From<XmlError> for Located {
    fn from(error: XmlError) -> Self {
        Self::new("", error.into())
    }
}

/// An element that nobody reads.
pub(super) struct Other {
    pub(super) namespace: String,
    pub(super) local: String,
}

impl Other {
    /// Takes note of the current element: the first, or rather one that has the right name in another
    /// namespace.
    pub(super) fn note(noted: &mut Option<Self>, r: &Reader<'_>, is_like: impl Fn(&str) -> bool) {
        if noted.as_ref().is_none_or(|noted| !is_like(&noted.local) && is_like(r.local())) {
            *noted =
                Some(Self { namespace: r.namespace().to_owned(), local: r.local().to_owned() });
        }
    }

    /// What is wrong where an element is missing.
    pub(super) fn problem(noted: Option<Self>, expected: &str) -> Problem {
        match noted {
            Some(Self { namespace, local }) => {
                Problem::Instead { namespace, local, expected: expected.to_owned() }
            }
            None => Problem::Missing,
        }
    }
}

/// Reads a `Header`: the name of the first entry that must be understood, since none is known
/// (wsdl/ASMX.md, section 4: even one for another actor).
pub(super) fn read_header(
    r: &mut Reader<'_>,
    version: SoapVersion,
) -> Result<Option<String>, XmlError> {
    let mut refused = None;
    while r.child()? {
        let must = r.attribute(version.envelope(), "mustUnderstand");
        if refused.is_none() && must.is_some_and(|value| matches!(value.trim(), "1" | "true")) {
            refused = Some(r.local().to_owned());
        }
        r.skip()?;
    }
    Ok(refused)
}

/// Is the current element nil? (XML Schema part 1, section 2.6.2.) ASMX takes anything but `true`
/// and `1` for false.
pub(super) fn is_nil(r: &Reader<'_>) -> bool {
    r.attribute(XSI, "nil").is_some_and(|value| matches!(value.trim(), "true" | "1"))
}

/// Checks the current element's `xsi:type` against the type that the contract gives it. ASMX
/// accepts any simple type for a string, and refuses types that it does not know.
pub(super) fn check_type(r: &Reader<'_>, namespace: &str, expected: &str) -> Result<(), Problem> {
    let Some(name) = r.attribute(XSI, "type") else { return Ok(()) };
    let known = match r.resolve(&name) {
        Some((XSD, _)) => expected.is_empty(),
        Some((found, local)) => found == namespace && local == expected,
        None => false,
    };
    if known { Ok(()) } else { Err(Problem::Type { name: name.into_owned() }) }
}

/// Does the `xsi:type` of a list and its members count?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// It must be the contract's.
    Checked,
    /// Whatever it is, a list is a list and a string is a string.
    Ignored,
}

/// An `ArrayOfString`, appended to what an earlier element of the same name held (wsdl/ASMX.md,
/// section 4). The current element is consumed.
pub(super) fn read_list(
    r: &mut Reader<'_>,
    namespace: &str,
    types: Types,
    limits: &Limits,
    list: &mut Presence<StringList>,
) -> Result<(), Located> {
    if types == Types::Checked {
        check_type(r, namespace, "ArrayOfString").map_err(|problem| Located::new("", problem))?;
    }
    if is_nil(r) {
        r.skip()?;
        if matches!(list, Presence::Absent) {
            *list = Presence::Nil;
        }
        return Ok(());
    }
    if !matches!(list, Presence::Value(_)) {
        *list = Presence::Value(StringList::default());
    }
    let Presence::Value(StringList(entries)) = list else { return Ok(()) };
    while r.child()? {
        if !r.is(namespace, "string") {
            r.skip()?;
            continue;
        }
        if entries.len() >= limits.variables {
            return Err(Located::new("", Problem::TooMany { limit: limits.variables }));
        }
        if r.has_attributes() {
            if types == Types::Checked {
                check_type(r, namespace, "").map_err(|problem| {
                    Located::new(format!("string[{}]", entries.len() + 1), problem)
                })?;
            }
            if is_nil(r) {
                r.skip()?;
                entries.push(None);
                continue;
            }
        }
        entries.push(Some(r.text()?.into_owned()));
    }
    Ok(())
}

/// A `string` that may be nil. The current element is consumed.
pub(super) fn read_string(r: &mut Reader<'_>) -> Result<Presence<String>, Located> {
    if is_nil(r) {
        r.skip()?;
        return Ok(Presence::Nil);
    }
    Ok(Presence::Value(r.text()?.into_owned()))
}

/// An `xsd:boolean` (XML Schema part 2, section 3.2.2). The current element is consumed.
pub(super) fn read_bool(r: &mut Reader<'_>) -> Result<bool, Located> {
    if is_nil(r) {
        return Err(Located::new("", Problem::Nil));
    }
    let text = r.text()?;
    let word = |text: &str| match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    // There hardly ever is white space around it.
    word(&text)
        .or_else(|| word(text.trim_matches([' ', '\t', '\r', '\n'])))
        .ok_or_else(|| Located::new("", Problem::Boolean))
}
