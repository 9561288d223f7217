//! Reads `xs:schema`.

use super::error::At;
use super::read::{Documents, Import};
use super::scan::Scan;
use super::schema::{Field, Type, TypeRef, is_standard};
use crate::xml::XSD;

/// What a schema says about all of its elements.
#[derive(Clone, Copy)]
struct Defaults<'d> {
    namespace: &'d str,
    qualified: bool,
}

/// What a group says about all of its members.
#[derive(Clone, Copy)]
struct Group {
    optional: bool,
    repeated: bool,
}

impl Documents {
    /// The current element is `xs:schema`; it is consumed. `namespace` is that of the including
    /// schema, which one without a target namespace takes on (XML Schema part 1, section 4.2.1).
    pub(super) fn read_schema(
        &mut self,
        s: &mut Scan<'_>,
        namespace: Option<&str>,
        wanted: &mut Vec<Import>,
    ) -> Result<(), At> {
        let target = s.attribute("targetNamespace");
        let target = target.as_deref().or(namespace).unwrap_or_default().to_owned();
        let qualified = s.attribute("elementFormDefault").is_some_and(|form| form == "qualified");
        let defaults = Defaults { namespace: &target, qualified };
        while s.child()? {
            if s.r.namespace() != XSD {
                s.r.skip()?;
                continue;
            }
            match s.r.local() {
                local @ ("include" | "redefine" | "import") => {
                    let inside = if local == "import" {
                        s.attribute("namespace").unwrap_or_default()
                    } else {
                        target.clone()
                    };
                    let wanted_here = local != "import" || !is_standard(&inside);
                    if let Some(location) = s.attribute("schemaLocation").filter(|_| wanted_here) {
                        self.count(s)?;
                        s.keep(&inside);
                        wanted.push(Import { location, namespace: inside, line: s.line() });
                    }
                    s.r.skip()?;
                }
                "element" => {
                    let field = self.field(s, defaults, true)?;
                    self.schema.elements.entry(field.name.clone()).or_insert(field);
                }
                "complexType" | "simpleType" => {
                    let name = s.defined(&target)?;
                    let found = self.any_type(s, defaults)?;
                    self.schema.types.entry(name).or_insert(found);
                }
                _ => s.r.skip()?,
            }
        }
        Ok(())
    }

    /// An `xs:element`, which is consumed.
    fn field(&mut self, s: &mut Scan<'_>, d: Defaults<'_>, global: bool) -> Result<Field, At> {
        self.count(s)?;
        let min = match s.attribute("minOccurs") {
            Some(value) => s.number("minOccurs", &value)?,
            None => 1,
        };
        let max = match s.attribute("maxOccurs") {
            Some(value) if value == "unbounded" => None,
            Some(value) => Some(s.number("maxOccurs", &value)?),
            None => Some(1),
        };
        let nillable = matches!(s.attribute("nillable").as_deref(), Some("true" | "1"));
        if let Some(name) = s.attribute("ref") {
            let name = s.qname(&name)?;
            s.r.skip()?;
            let kind = TypeRef::Element(name.clone());
            return Ok(Field { name, kind, min, max, nillable });
        }
        let qualified = match s.attribute("form") {
            Some(form) => form == "qualified",
            None => d.qualified || global,
        };
        let namespace = if qualified { d.namespace } else { "" };
        let name = s.defined(namespace)?;
        let named = s.attribute("type").map(|name| s.qname(&name)).transpose()?;
        let mut kind = named.map_or(TypeRef::Any, TypeRef::Named);
        while s.child()? {
            match (s.r.namespace(), s.r.local()) {
                (XSD, "complexType" | "simpleType") if kind == TypeRef::Any => {
                    kind = TypeRef::Inline(Box::new(self.any_type(s, d)?));
                }
                _ => s.r.skip()?,
            }
        }
        Ok(Field { name, kind, min, max, nillable })
    }

    /// A `complexType` or `simpleType`, or what extends or restricts another inside one.
    fn any_type(&mut self, s: &mut Scan<'_>, d: Defaults<'_>) -> Result<Type, At> {
        self.count(s)?;
        let simple = s.r.local() == "simpleType";
        let mut found = Type { simple, ordered: true, ..Type::default() };
        self.content(s, d, &mut found)?;
        Ok(found)
    }

    fn content(&mut self, s: &mut Scan<'_>, d: Defaults<'_>, found: &mut Type) -> Result<(), At> {
        while s.child()? {
            if s.r.namespace() != XSD {
                s.r.skip()?;
                continue;
            }
            let once = Group { optional: false, repeated: false };
            match s.r.local() {
                local @ ("sequence" | "choice" | "all") => {
                    found.ordered &= local == "sequence";
                    self.group(s, d, once, found)?;
                }
                "complexContent" => self.content(s, d, found)?,
                "simpleContent" => {
                    found.simple = true;
                    self.content(s, d, found)?;
                }
                local @ ("extension" | "restriction") => {
                    found.extends = local == "extension" && !found.simple;
                    found.base = s.attribute("base").map(|name| s.qname(&name)).transpose()?;
                    self.content(s, d, found)?;
                }
                _ => s.r.skip()?,
            }
        }
        Ok(())
    }

    /// A `sequence`, `choice` or `all`; the nesting ends where the reader's limit of depth does.
    fn group(
        &mut self,
        s: &mut Scan<'_>,
        d: Defaults<'_>,
        outer: Group,
        found: &mut Type,
    ) -> Result<(), At> {
        let group = Group {
            optional: outer.optional
                || s.r.local() == "choice"
                || s.attribute("minOccurs").is_some_and(|min| min == "0"),
            repeated: outer.repeated
                || s.attribute("maxOccurs").is_some_and(|max| max != "1" && max != "0"),
        };
        while s.child()? {
            match (s.r.namespace(), s.r.local()) {
                (XSD, "element") => {
                    let mut field = self.field(s, d, false)?;
                    if group.optional {
                        field.min = 0;
                    }
                    if group.repeated {
                        field.max = None;
                    }
                    found.fields.push(field);
                }
                (XSD, "sequence" | "choice" | "all") => self.group(s, d, group, found)?,
                _ => s.r.skip()?,
            }
        }
        Ok(())
    }
}
