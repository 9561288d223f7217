//! What a `web.config` says of tickets, wherever it stands in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::element::{Attribute, Element, problem};
use crate::toml_document::Problem;
use crate::xml::{Limits, Reader, XmlError, XmlErrorKind};

/// Takes the outer signature off; it says nothing of Framework45.
pub(super) const LEGACY_ENCRYPTION: &str = "aspnet:UseLegacyEncryption";

/// The elements that were found.
#[derive(Default)]
pub(super) struct WebConfig<'t> {
    pub(super) machine_key: Option<Element<'t>>,
    pub(super) http_runtime: Option<Element<'t>>,
    pub(super) forms: Option<Element<'t>>,
    /// The switches of `<appSettings>` that are on, by which tickets are made as they were before 2010 or 2011.
    pub(super) old_tickets: BTreeMap<&'static str, Problem>,
    /// The first `<location>` that was passed over.
    pub(super) location: Option<(usize, usize)>,
}

/// Ends reading.
enum Stop {
    Xml(XmlError),
    Problem(Problem),
}

impl From<XmlError> for Stop {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl<'t> WebConfig<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, Problem> {
        let mut config = Self::default();
        // Deep enough for any section that is passed over.
        let limits = Limits { depth: 100, attributes: 100, namespaces: 100 };
        let read = Reader::new(text.trim_start(), limits)
            .map_err(Stop::from)
            .and_then(|mut reader| config.document(&mut reader));
        // The reader's places are those of what follows leading lines.
        let before = text[..text.len() - text.trim_start().len()].matches('\n').count();
        let shifted = |mut problem: Problem| {
            problem.line += before;
            problem
        };
        match read {
            Ok(()) => Ok(config),
            Err(Stop::Problem(problem)) => Err(shifted(problem)),
            Err(Stop::Xml(error)) => {
                let what = match error.kind {
                    XmlErrorKind::Doctype => "a DOCTYPE is not allowed".to_owned(),
                    kind => kind.to_string(),
                };
                Err(shifted(problem((error.line, error.column), String::new(), what)))
            }
        }
    }

    fn document(&mut self, reader: &mut Reader<'t>) -> Result<(), Stop> {
        reader.root()?;
        match reader.local() {
            "configuration" => {
                self.sections(reader)?;
            }
            "system.web" | "machineKey" => self.section(reader)?,
            _ => {
                let what = "it is neither a web.config nor a <machineKey> element";
                return Err(Stop::Problem(problem(reader.position(), String::new(), what)));
            }
        }
        Ok(reader.finish()?)
    }

    /// What stands in `<configuration>`, or in a `<location>` that is the site itself.
    fn sections(&mut self, reader: &mut Reader<'t>) -> Result<(), Stop> {
        while reader.child()? {
            match reader.local() {
                "location" => {
                    let path = reader.attribute("", "path").unwrap_or_default();
                    if matches!(path.trim(), "" | "." | "./" | "/") {
                        self.sections(reader)?;
                    } else {
                        self.location.get_or_insert(reader.position());
                        reader.skip()?;
                    }
                }
                "appSettings" => {
                    while reader.child()? {
                        self.app_setting(reader);
                        reader.skip()?;
                    }
                }
                _ => self.section(reader)?,
            }
        }
        Ok(())
    }

    fn section(&mut self, reader: &mut Reader<'t>) -> Result<(), Stop> {
        let slot = match reader.local() {
            "system.web" | "authentication" => {
                while reader.child()? {
                    self.section(reader)?;
                }
                return Ok(());
            }
            "machineKey" => &mut self.machine_key,
            "httpRuntime" => &mut self.http_runtime,
            "forms" => &mut self.forms,
            _ => return Ok(reader.skip()?),
        };
        let found = element(reader);
        if let Some(first) = slot {
            let what = format!("stands twice, first in line {}", first.place.0);
            return Err(Stop::Problem(found.problem("", what).hint("keep the one that holds")));
        }
        *slot = Some(found);
        Ok(reader.skip()?)
    }

    /// Of a switch, the last element counts that names it, in any case.
    fn app_setting(&mut self, reader: &Reader<'t>) {
        const SWITCHES: [(&str, &str); 2] = [
            (
                LEGACY_ENCRYPTION,
                "tickets are made as before September 2010, when anybody could decrypt them by trial (MS10-070)",
            ),
            (
                "aspnet:UseLegacyFormsAuthenticationTicketCompatibility",
                "tickets are made as before December 2011, when one user could pass for another (MS11-100)",
            ),
        ];
        if reader.local() == "clear" {
            return self.old_tickets.clear();
        }
        let key = reader.attribute("", "key").unwrap_or_default();
        for (switch, what) in
            SWITCHES.into_iter().filter(|(name, _)| key.eq_ignore_ascii_case(name))
        {
            self.old_tickets.remove(switch);
            let value = reader.attribute("", "value").unwrap_or_default();
            if reader.local() == "add" && value.trim().eq_ignore_ascii_case("true") {
                let problem = problem(reader.position(), format!("appSettings {switch}"), what);
                let hint = "remove it on all sites; everybody must log in again, once";
                self.old_tickets.insert(switch, problem.hint(hint));
            }
        }
    }

    /// What to say where no key was found.
    pub(super) fn without_key(&self) -> Problem {
        let missing = "there is no <machineKey>, so that the server generates the keys, which cannot be had \
                       outside";
        let hint = match self.location {
            Some((line, _)) => format!(
                "the <location> in line {line} is not looked into, since it is not the whole site; write a \
                 <machineKey> with both keys into <system.web>"
            ),
            None => "write one with both keys into <system.web>, the same on all sites; one may stand in a \
                     web.config above, or in machine.config"
                .to_owned(),
        };
        problem((1, 1), String::new(), missing).hint(hint)
    }
}

fn element<'t>(reader: &Reader<'t>) -> Element<'t> {
    let attributes = reader
        .plain_attributes()
        .map(|(name, value, place)| Attribute { name, value, place })
        .collect();
    Element { name: reader.local(), place: reader.position(), attributes }
}

/// What `<forms>` says of the cookie, with .NET's defaults: they are those of whoever makes one for its
/// site, too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forms {
    /// The name of the cookie. Default `.ASPXAUTH`. It is a token, as HTTP has it.
    pub name: String,
    /// Its path. Default `/`. It begins with a slash and holds no semicolon and no control character.
    pub path: String,
    /// Its domain, where one is written; the two sites must share it. Letters, digits, dots and hyphens.
    pub domain: Option<String>,
    /// How long a ticket lasts: `timeout`, in minutes. Default 30 minutes.
    pub lifetime: Duration,
    /// Does the site take the cookie over HTTPS alone (`requireSSL`)? Default: no.
    pub require_ssl: bool,
    /// Does the site take tickets in addresses alone (`cookieless="UseUri"`)? Default: no.
    pub uses_uri: bool,
    /// Is there a `<forms>`? Without one, nobody knows what another file says.
    pub is_written: bool,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            name: ".ASPXAUTH".to_owned(),
            path: "/".to_owned(),
            domain: None,
            lifetime: Duration::from_secs(30 * 60),
            require_ssl: false,
            uses_uri: false,
            is_written: false,
        }
    }
}

impl Forms {
    pub(super) fn of(element: &Element<'_>) -> Result<Self, Problem> {
        let mut forms = Self {
            require_ssl: element.get("requireSSL").is_some_and(|v| v.eq_ignore_ascii_case("true")),
            uses_uri: element.get("cookieless") == Some("UseUri"),
            is_written: !element.name.is_empty(),
            ..Self::default()
        };
        let text = |name, is_right: fn(&str) -> bool, what: &str, to: &mut String| match element
            .get(name)
        {
            Some(value) if !is_right(value) => Err(element.problem(name, what)),
            value => {
                if let Some(value) = value {
                    value.clone_into(to);
                }
                Ok(())
            }
        };
        text("name", is_cookie_name, "is not the name of a cookie", &mut forms.name)?;
        text("path", is_cookie_path, "is not the path of a cookie", &mut forms.path)?;
        let mut domain = String::new();
        let is_domain =
            |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        text("domain", is_domain, "is not the domain of a cookie", &mut domain)?;
        forms.domain = Some(domain).filter(|domain| !domain.is_empty());
        if let Some(minutes) = element.get("timeout") {
            let minutes = minutes.trim().parse::<u32>().ok().filter(|minutes| *minutes > 0);
            let wrong = || element.problem("timeout", "is not a whole number of minutes");
            forms.lifetime = Duration::from_secs(60 * u64::from(minutes.ok_or_else(wrong)?));
        }
        Ok(forms)
    }
}

/// A token (RFC 6265, section 4.1.1): nothing that ends a name, or a header.
pub(crate) fn is_cookie_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_token)
}

/// Nothing that ends an attribute (RFC 6265, section 4.1.1), and not a path that browsers take for none.
pub(crate) fn is_cookie_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= 1024
        && !path.contains(|c: char| c == ';' || c.is_control())
}
