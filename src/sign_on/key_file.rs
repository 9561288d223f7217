//! From a file to a machine key: what its attributes mean, whether they stand in XML or in TOML.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::element::{Attribute, Element, problem};
use super::layout::check;
use super::text::digits;
use super::web_config::{LEGACY_ENCRYPTION, WebConfig};
use super::{Decryption, Forms, KeyError, Layout, Protection, Settings, Validation};
use crate::suggest::meant;
use crate::toml_document::{Document, Problem};
use crate::xml::charset::Charset;

/// All that a key is made of.
const OURS: [&str; 5] =
    ["validationKey", "decryptionKey", "validation", "decryption", "compatibilityMode"];
/// What else may stand there.
const OTHERS: [&str; 4] =
    ["dataProtectorType", "applicationName", "configSource", "configProtectionProvider"];

/// What a file says.
pub(super) struct KeyFile {
    pub(super) settings: Settings,
    pub(super) validation: Zeroizing<Vec<u8>>,
    pub(super) decryption: Zeroizing<Vec<u8>>,
    pub(super) forms: Forms,
    pub(super) warnings: Vec<String>,
}

/// A `web.config`, an element of one, or TOML. Must the keys fit its settings, and these be safe ones?
pub(super) fn read(bytes: &[u8], must_fit: bool) -> Result<KeyFile, Problem> {
    let text = Charset::Declared.decode(bytes).map_err(|error| {
        problem((error.line, error.column), String::new(), error.kind.to_string())
    })?;
    let text = match text {
        Cow::Borrowed(text) => Zeroizing::new(text.to_owned()),
        Cow::Owned(text) => Zeroizing::new(text),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim_start().starts_with('<') {
        return machine_key(WebConfig::read(text)?, must_fit);
    }
    let document = Document::parse(text).map_err(|problem| {
        problem.hint("it is neither a web.config nor TOML, whose values stand in quotes")
    })?;
    let (root, mut problems) = (document.root(), Vec::new());
    root.finish(&OURS, &mut problems);
    let mut element = Element { place: (1, 1), ..Element::default() };
    for name in OURS {
        if let Some(value) = root.string(name, &mut problems) {
            let at = root.problem(name, "");
            let place = (at.line, at.column);
            element.attributes.push(Attribute { name, value: value.into(), place });
        }
    }
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => {
            let config = WebConfig { machine_key: Some(element), ..WebConfig::default() };
            machine_key(config, must_fit)
        }
    }
}

fn machine_key(mut config: WebConfig<'_>, must_fit: bool) -> Result<KeyFile, Problem> {
    let Some(element) = config.machine_key.take() else {
        return Err(config.without_key());
    };
    not_elsewhere(&element)?;
    let mut warnings = Vec::new();
    let layout = layout(&element, &config, &mut warnings)?;
    let holds = |switch: &str| layout == Layout::Legacy || switch != LEGACY_ENCRYPTION;
    let mut old_tickets = config.old_tickets.into_iter().filter(|(switch, _)| holds(switch));
    if let Some((_, problem)) = old_tickets.next().filter(|_| must_fit) {
        return Err(problem);
    }
    let decryption_key = key(&element, "decryptionKey")?;
    let decryption = match element.get("decryption") {
        // Framework45 takes it for AES, whatever the key.
        None | Some("Auto") if layout == Layout::Legacy && decryption_key.len() == 8 => {
            Decryption::Des
        }
        None | Some("Auto") => Decryption::Aes,
        Some(_) => {
            let names = [&Decryption::NAMES[..], &[("Auto", Decryption::Aes)]].concat();
            element.one_of("decryption", &names)?.unwrap_or(Decryption::Aes)
        }
    };
    let validation =
        element.one_of("validation", &Validation::NAMES)?.unwrap_or(Validation::HmacSha256);
    let forms = config.forms.take().unwrap_or_default();
    let protection = match layout {
        Layout::Legacy => forms.one_of("protection", &Protection::NAMES)?,
        Layout::Framework45 => None,
    };
    let protection = protection.unwrap_or(Protection::All);
    let validation_key = key(&element, "validationKey")?;
    let settings = Settings { layout, validation, decryption, protection };
    if must_fit {
        check(settings, &validation_key, &decryption_key)
            .map_err(|error| wrong(&element, &error))?;
    }
    let forms = Forms::of(&forms)?;
    Ok(KeyFile {
        settings,
        validation: validation_key,
        decryption: decryption_key,
        forms,
        warnings,
    })
}

/// Refuses what is kept elsewhere, or done by code of the site's own.
fn not_elsewhere(element: &Element<'_>) -> Result<(), Problem> {
    type Is = fn(&str) -> bool;
    let is_alg: Is = |value| value.starts_with("alg:");
    let alg = "alg: names code of the server's own";
    let refused: [(&str, Is, &str, &str); 5] = [
        ("configSource", |_| true, "the keys stand in another file", "give that file"),
        (
            "configProtectionProvider",
            |_| true,
            "the section is encrypted, and the server alone can decrypt it",
            "aspnet_regiis -pdf decrypts it there; put the <machineKey> with its keys into a file of its own",
        ),
        (
            "dataProtectorType",
            |kind| !kind.trim().is_empty(),
            "code of the site's own makes its tickets",
            "remove it on all sites, and set both keys",
        ),
        ("validation", is_alg, alg, "set HMACSHA256 on all sites"),
        ("decryption", is_alg, alg, "set AES on all sites"),
    ];
    for (name, is_refused, what, hint) in refused {
        if element.get(name).is_some_and(is_refused) {
            return Err(element.problem(name, what).hint(hint));
        }
    }
    let unknown = element.attributes.iter().find(|attribute| {
        let name = attribute.name;
        !OURS.contains(&name) && !OTHERS.contains(&name) && !name.starts_with("lock")
    });
    match unknown.map(|attribute| attribute.name) {
        Some(name) => {
            let wrong = element.problem(name, "there is no such attribute");
            Err(wrong.hint(meant(name, OURS).unwrap_or_default()))
        }
        None => Ok(()),
    }
}

fn layout(
    element: &Element<'_>,
    config: &WebConfig<'_>,
    warnings: &mut Vec<String>,
) -> Result<Layout, Problem> {
    const MODES: [(&str, Layout); 3] = [
        ("Framework20SP1", Layout::Legacy),
        ("Framework20SP2", Layout::Legacy),
        ("Framework45", Layout::Framework45),
    ];
    if let Some(mode) = element.one_of("compatibilityMode", &MODES)? {
        return Ok(mode);
    }
    if let Some(runtime) = &config.http_runtime {
        let write = "write compatibilityMode into <machineKey>";
        if runtime.get("configSource").is_some() {
            let what = "the targetFramework, which decides the layout, stands in another file";
            return Err(runtime.problem("configSource", what).hint(write));
        }
        if let Some(version) = runtime.get("targetFramework") {
            let mut parts = version.trim().split('.').map(str::parse::<u16>);
            let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
                let wrong = runtime.problem("targetFramework", "is not a version, such as 4.8");
                return Err(wrong.hint(write));
            };
            let is_45 = (major, minor) >= (4, 5);
            return Ok(if is_45 { Layout::Framework45 } else { Layout::Legacy });
        }
    }
    warnings.push(
        "neither compatibilityMode nor <httpRuntime targetFramework> says which layout its site writes: taken for \
         Framework20SP1, which holds unless a web.config above says otherwise. `cookie find-mode` tells by a cookie"
            .to_owned(),
    );
    Ok(Layout::Legacy)
}

/// The bytes of a key that stands in the file.
fn key(element: &Element<'_>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let digits_of = if name == "validationKey" { "128" } else { "64" };
    let set = format!(
        "set {digits_of} hexadecimal digits there, the same on all sites; everybody must log in again, once"
    );
    let Some(value) = element.get(name) else {
        let what = "is missing, so that the server generates one, which cannot be had outside";
        return Err(element.problem(name, what).hint(set));
    };
    let mut flags = value.split(',').map(str::trim);
    let digits_or_auto = flags.next().unwrap_or_default();
    let refused = |what: &str, hint: String| Err(element.problem(name, what).hint(hint));
    if digits_or_auto == "AutoGenerate" {
        let what = "AutoGenerate: the key lies in the server's registry, and cannot be had outside";
        return refused(what, set);
    }
    if let Some(flag @ ("IsolateApps" | "IsolateByAppId")) = flags.next() {
        let what =
            "the server mixes the key with a hash of the site's path or ID, which it alone has";
        let hint = format!("remove ,{flag} on all sites; everybody must log in again, once");
        return refused(&format!("{flag}: {what}"), hint);
    }
    digits(name, value).map_err(|error| wrong(element, &error))
}

fn wrong(element: &Element<'_>, error: &KeyError) -> Problem {
    element.problem(error.attribute, error.what.as_str()).hint(error.remedy)
}
