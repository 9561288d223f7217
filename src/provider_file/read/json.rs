//! `[json]`, and its tables for kinds.

use std::collections::BTreeMap;

use super::Reading;
use crate::client::BuildError;
use crate::contract::Kind;
use crate::http::UrlError;
use crate::json_provider::{Format, JsonProviderSettings};
use crate::provider_file::keys;
use crate::provider_file::model::{Kinds, Otherwise};
use crate::settings::section::{Section, finish};
use crate::settings::source::{self, client_certificate, fingerprint, roots, secret};
use crate::settings::{Surroundings, TABS};
use crate::toml_document::{Problem, Table};

impl Reading<'_> {
    /// The endpoints of the kinds that are answered in JSON.
    pub(super) fn json(
        &mut self,
        root: &Table<'_>,
        kinds: &Kinds,
    ) -> BTreeMap<Kind, JsonProviderSettings> {
        let wanted: Vec<Kind> = kinds.left_to(Otherwise::Json).collect();
        let (problems, warnings) = (&mut self.problems, &mut self.warnings);
        let mut endpoints = BTreeMap::new();
        let Some(table) = root.table("json", problems) else {
            for kind in wanted {
                let section = root.table(&kind.to_string(), problems);
                let problem = section.map(|s| s.problem("provider", "there is no [json]"));
                let hint = "[json] says where the endpoint is: url, token_file";
                problems.extend(problem.map(|problem| problem.hint(hint)));
            }
            return endpoints;
        };
        if wanted.is_empty() {
            let what = "has no effect, since no kind says provider = \"json\"";
            warnings.push(table.problem("url", what));
        }
        let names: Vec<String> = TABS.iter().map(Kind::to_string).collect();
        let keys = keys::keys("json");
        let known = keys.iter().map(|key| key.name).chain(names.iter().map(String::as_str));
        finish(&table, &known.collect::<Vec<_>>(), problems);
        for (kind, name) in TABS.iter().copied().zip(&names) {
            let own = table.table(name, problems);
            if !wanted.contains(&kind) {
                let hint = format!("say provider = \"json\" in [{kind}]");
                let what = "has no effect, since the kind is not answered in JSON";
                warnings.extend(own.map(|own| own.problem("", what).hint(hint)));
                continue;
            }
            let name = format!("json.{name}");
            let defaults = Some(&table);
            let mut section = Section { name: &name, keys, table: own, defaults, problems };
            let settings = endpoint(&mut section, kind, self.around, warnings);
            section.finish();
            endpoints.insert(kind, settings);
        }
        endpoints
    }
}

fn endpoint(
    section: &mut Section<'_>,
    kind: Kind,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> JsonProviderSettings {
    let mut settings = JsonProviderSettings::new(section.text("url").unwrap_or_default());
    let site_id = section.text("site_id");
    if section.choice("format") == "vendor-login" {
        if kind != Kind::Login {
            let hint = "put format = \"vendor-login\" into [json.login]".to_owned();
            section.wrong("format", format!("has no {kind}: it is for logins"), Some(hint));
        }
        if site_id.is_none() {
            section.wrong("site_id", "is missing", Some("vendor-login names the site".to_owned()));
        }
        settings.format = Format::VendorLogin { site_id: site_id.unwrap_or_default() };
    } else if site_id.is_some() {
        let hint = "take it out, or say format = \"vendor-login\"".to_owned();
        section.wrong("site_id", "is for format = \"vendor-login\"", Some(hint));
    }
    settings.token = secret(section, "token", true, around, warnings);
    settings.secret = secret(section, "secret", true, around, warnings);
    settings.root_certificates = roots(section, around);
    settings.trust_fingerprint = fingerprint(section);
    settings.client_certificate = client_certificate(section, around, warnings);
    settings.connect_timeout = section.time("connect_timeout");
    settings.timeout = section.time("timeout");
    settings.max_calls = section.number("max_calls") as usize;
    settings.max_wait = section.time("max_wait");
    settings.breaker_failures = section.number("breaker_failures");
    settings.breaker_pause = section.time("breaker_pause");
    if !section.has("url") {
        let hint = "like https://crm.example.com/providers/{operation}".to_owned();
        section.wrong("url", "is missing", Some(hint));
        return settings;
    }
    let parsed = |_: &str| match settings.url_of("Operation") {
        Ok(url) => Ok(url),
        Err(BuildError::Url(error)) => Err(error),
        Err(error) => Err(UrlError::Invalid(error.to_string())),
    };
    if source::url(section, "url", parsed, warnings).is_some()
        && let Err(error) = settings.check()
    {
        section.wrong(error.key(), error.to_string(), None);
    }
    settings
}
