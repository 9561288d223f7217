//! From a document to settings: all that is wrong at once.

use super::keys::{self, DEFAULTS, OPTIONS, SWITCHES, TABS};
use super::section::{Section, finish};
use super::service::Reading;
use super::{LoginSettings, ProviderSource, Role, Settings, Surroundings, Tab};
use crate::contract::Kind;
use crate::toml_document::{Document, Problem, Table};

/// The warning about a tab that is set up while its switch does not stand in the options.
const NOT_ENABLED: &str = "has no effect, since the provider is not enabled";

/// Reads a text that is not empty, for all kinds or for one. The error holds the problems, then the
/// warnings.
pub(super) fn settings(
    text: &str,
    only: Option<Kind>,
    around: Surroundings<'_>,
) -> Result<Settings, (Vec<Problem>, Vec<Problem>)> {
    let document = Document::parse(text).map_err(|problem| (vec![problem], Vec::new()))?;
    let root = document.root();
    let (mut settings, mut problems) = (Settings::default(), Vec::new());
    let kinds: Vec<_> = TABS.iter().map(Kind::to_string).collect();
    let mut sections = vec![OPTIONS, DEFAULTS];
    sections.extend(kinds.iter().map(String::as_str));
    finish(&root, &sections, &mut problems);

    let switches: Vec<_> = SWITCHES.iter().collect();
    let table = root.table(OPTIONS, &mut problems);
    let mut options =
        Section { name: OPTIONS, keys: &switches, table, defaults: None, problems: &mut problems };
    let mut switched = Vec::new();
    for (kind, switch) in TABS.iter().zip(SWITCHES) {
        settings.tab_mut(*kind).enabled = options.switch(switch.name);
        switched.push(options.has(switch.name));
    }
    options.finish();
    let in_order = problems.is_empty();

    let shared = keys::shared_keys();
    let defaults = root.table(DEFAULTS, &mut problems);
    if let Some(table) = &defaults {
        let known: Vec<_> = shared.iter().map(|key| key.name).collect();
        finish(table, &known, &mut problems);
    }
    for ((kind, name), switched) in TABS.iter().zip(&kinds).zip(switched) {
        let keys = keys::keys(*kind);
        let table = root.table(name, &mut problems);
        let (defaults, problems) = (defaults.as_ref(), &mut problems);
        let section = Section { name, keys: &keys, table, defaults, problems };
        let Settings { login, tabs, warnings, .. } = &mut settings;
        let reading = Reading { section, kind: *kind, around, warnings };
        reading.tab(&mut tabs[*kind as usize], login, switched);
    }
    if in_order {
        warn_of_idleness(&root, defaults.as_ref(), &mut settings);
    }
    if let Some(only) = only {
        for kind in TABS.iter().copied().filter(|kind| *kind != only) {
            let section = kind.to_string();
            let is_its = |p: &mut Problem| p.key.split('.').next() == Some(section.as_str());
            let others: Vec<_> = problems.extract_if(.., is_its).collect();
            settings.tab_mut(kind).enabled &= others.is_empty();
            // What is unwise there is no matter of this kind's; what is wrong there is worth a word.
            settings.warnings.retain_mut(|warning| !is_its(warning));
            settings.warnings.extend(others);
        }
    }
    in_order_once(&mut problems);
    in_order_once(&mut settings.warnings);
    if problems.is_empty() { Ok(settings) } else { Err((problems, settings.warnings)) }
}

/// By their lines; what the defaults have is found wrong for each tab, and said once.
pub(crate) fn in_order_once(problems: &mut Vec<Problem>) {
    problems.sort_by_key(|problem| (problem.line, problem.column));
    let all = std::mem::take(problems);
    for problem in all {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// Warns if no provider is enabled at all, or if the defaults set a service up that nobody asks.
fn warn_of_idleness(root: &Table<'_>, defaults: Option<&Table<'_>>, settings: &mut Settings) {
    let enabled = || TABS.iter().filter(|kind| settings.tab(**kind).enabled);
    let is_set_up = settings.warnings.iter().any(|warning| warning.what == NOT_ENABLED);
    let warning = match defaults.filter(|table| table.has("url")) {
        _ if enabled().next().is_none() && !is_set_up => root
            .problem(OPTIONS, "no provider is enabled")
            .hint("switch one on, for instance ticket = true"),
        Some(table)
            if enabled().next().is_some()
                && enabled().all(|kind| settings.tab(*kind).external().is_none()) =>
        {
            table
                .problem("url", "has no effect while every enabled provider is \"built-in\"")
                .hint("say provider = \"external\", here or in the section of a kind")
        }
        _ => return,
    };
    settings.warnings.push(warning);
}

impl Reading<'_, '_> {
    /// A tab; `switched`: does `[options]` say whether it is enabled?
    fn tab(mut self, tab: &mut Tab, login: &mut LoginSettings, switched: bool) {
        let external = self.section.choice("provider") == "external";
        if self.kind == Kind::Login {
            *login = self.login();
            if !login.remember.is_zero() && !login.accept_sign_on_cookies {
                let what = "has no effect while accept_sign_on_cookies is false";
                self.warn("remember", what, "say accept_sign_on_cookies = true, or take it out");
            }
        }
        if external {
            tab.provider = ProviderSource::External;
        }
        self.slips(switched, tab.enabled, external);
        tab.service = self.service(external && tab.enabled);
        self.section.finish();
    }

    /// What is set up so that it has no effect, or less than the product asks for.
    fn slips(&mut self, switched: bool, enabled: bool, external: bool) {
        let kind = self.kind;
        let section = &self.section;
        if enabled && !external && section.has_own("url") {
            let what = "has no effect while provider is \"built-in\"";
            self.warn("url", what, "say provider = \"external\"");
        } else if !switched && (section.has_own("url") || section.has_own("provider") && external) {
            // Whoever says that it is off knows.
            let hint =
                format!("say {kind} = true in [{OPTIONS}], or {kind} = false if it is to be off");
            let key = if section.has_own("url") { "url" } else { "provider" };
            self.warn(key, NOT_ENABLED, hint);
        } else if enabled && external && kind == Kind::Login {
            for (key, hint) in [
                ("forgot_password_url", "where users recover their passwords"),
                ("default_role", "\"registered\", which is assumed, or \"anonymous\""),
            ] {
                if !self.section.has(key) {
                    self.warn(key, "is missing, and the product asks for it", hint);
                }
            }
        }
    }

    fn login(&mut self) -> LoginSettings {
        let (forgot_password_url, custom_login_url) =
            (self.url("forgot_password_url"), self.url("custom_login_url"));
        let section = &mut self.section;
        LoginSettings {
            forgot_password_url,
            custom_login_url,
            default_role: match section.choice("default_role") {
                "anonymous" => Role::Anonymous,
                _ => Role::Registered,
            },
            mark_email_verified: section.switch("mark_email_verified"),
            accept_sign_on_cookies: section.switch("accept_sign_on_cookies"),
            remember: section.time("remember"),
        }
    }
}
