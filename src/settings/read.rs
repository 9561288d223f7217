//! From a document to settings: all that is wrong at once.

use std::time::Duration;

use super::keys::{self, Key, OPTIONS, PASSWORDS, SWITCHES, Shape, TABS};
use super::source::{self, Found};
use super::{External, LoginSettings, Name, Provider, Role, Settings, Surroundings};
use crate::client::{BuildError, parse_url};
use crate::contract::Kind;
use crate::nearest::{is_near, nearest};
use crate::secret::Secret;
use crate::soap::SoapVersion;
use crate::table::{Document, Problem, Table};

/// The warning about a password that stands in the settings.
pub(super) const INLINE_PASSWORD: &str = "the password stands in this file";
/// What to do about it.
const ELSEWHERE: &str = "put it elsewhere: password_file, password_env or password_credential";
/// Keys of one table; beyond that it is no settings file, and naming them all would take long.
const MOST_KEYS: usize = 100;

/// Reads a text that is not empty. The error holds the problems, then the warnings.
pub(super) fn settings(
    text: &str,
    around: Surroundings<'_>,
) -> Result<Settings, (Vec<Problem>, Vec<Problem>)> {
    let document = Document::parse(text).map_err(|problem| (vec![problem], Vec::new()))?;
    let root = document.root();
    let (mut settings, mut problems) = (Settings::default(), Vec::new());
    let kinds = TABS.map(|kind| kind.to_string());
    let mut sections = vec![OPTIONS];
    sections.extend(kinds.iter().map(String::as_str));
    finish(&root, &sections, &mut problems);

    let options = root.table(OPTIONS, &mut problems);
    let switches: Vec<_> = SWITCHES.iter().collect();
    let mut options = Section { keys: &switches, table: options, problems: &mut problems };
    for (kind, switch) in TABS.iter().zip(&SWITCHES) {
        settings.tab_mut(*kind).enabled = options.switch(switch.name);
    }
    options.finish();
    if problems.is_empty() && TABS.iter().all(|kind| !settings.tab(*kind).enabled) {
        settings.warnings.push(
            root.problem(OPTIONS, "no provider is enabled")
                .hint("switch one on, for instance ticket = true"),
        );
    }
    for (kind, name) in TABS.iter().zip(&kinds) {
        let keys = keys::keys(*kind);
        let table = root.table(name, &mut problems);
        let section = Section { keys: &keys, table, problems: &mut problems };
        Reading { section, kind: *kind, around, settings: &mut settings }.tab();
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    settings.warnings.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(settings) } else { Err((problems, settings.warnings)) }
}

/// Names unknown keys, unless there are so many that it is another kind of file.
fn finish(table: &Table<'_>, known: &[&str], problems: &mut Vec<Problem>) {
    let count = table.keys().len();
    if count > MOST_KEYS {
        let what = format!("{count} keys are too many");
        problems.push(table.problem("", what).hint("is it the settings file?"));
    } else {
        table.finish(known, problems);
    }
}

/// A section whose values are read as the table of keys says.
struct Section<'d> {
    keys: &'d [&'static Key],
    /// Absent is as good as empty.
    table: Option<Table<'d>>,
    problems: &'d mut Vec<Problem>,
}

impl<'d> Section<'d> {
    fn key(&self, name: &str) -> Option<&'static Key> {
        let key = self.keys.iter().copied().find(|key| key.name == name);
        debug_assert!(key.is_some(), "{name} is not in the table of keys");
        key
    }

    fn has(&self, name: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.has(name))
    }

    /// Something is wrong with a key that is there; of an absent section nothing can be.
    fn wrong(&mut self, name: &str, what: impl Into<String>, hint: Option<String>) {
        if let Some(table) = &self.table {
            let problem = table.problem(name, what);
            self.problems.push(match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
    }

    fn string(&mut self, name: &str) -> Option<&'d str> {
        let text = self.table.as_ref()?.string(name, self.problems)?;
        if text.is_empty() {
            let what = "must not be empty";
            self.wrong(name, what, Some("take the line out if it is not needed".to_owned()));
            return None;
        }
        Some(text)
    }

    /// A string, or the default if there is one.
    fn text(&mut self, name: &str) -> Option<String> {
        let default = self.key(name)?.default;
        self.string(name).or(default).map(str::to_owned)
    }

    fn switch(&mut self, name: &str) -> bool {
        let default = self.key(name).and_then(|key| key.default) == Some("true");
        let table = self.table.as_ref();
        table.and_then(|table| table.bool(name, self.problems)).unwrap_or(default)
    }

    fn choice(&mut self, name: &str) -> &'static str {
        let Some(Key { shape: Shape::Choice(choices), default, .. }) = self.key(name) else {
            return "";
        };
        let default = default.unwrap_or_default();
        let Some(text) = self.string(name) else { return default };
        if let Some(choice) = choices.iter().find(|choice| **choice == text) {
            return choice;
        }
        let quoted: Vec<_> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
        let meant = nearest(text, choices.iter().copied());
        let hint = meant.map(|meant| format!("did you mean \"{meant}\"?"));
        self.wrong(name, format!("must be {}", quoted.join(" or ")), hint);
        default
    }

    fn number(&mut self, name: &str) -> u32 {
        let Some(Key { shape: Shape::Number(from, to), default, .. }) = self.key(name) else {
            return 0;
        };
        let given = match &self.table {
            Some(table) => table.integer(name, *from..=*to, self.problems),
            None => None,
        };
        let default = || default.and_then(|text| text.parse().ok());
        given.and_then(|number| u32::try_from(number).ok()).or_else(default).unwrap_or_default()
    }

    fn time(&mut self, name: &str) -> Duration {
        let Some(Key { shape: Shape::Time(from, to), default, .. }) = self.key(name) else {
            return Duration::ZERO;
        };
        let default = default.and_then(duration).unwrap_or_default();
        let Some(text) = self.string(name) else { return default };
        let range = duration(from).unwrap_or_default()..=duration(to).unwrap_or_default();
        match duration(text) {
            Some(time) if range.contains(&time) => time,
            Some(_) => {
                self.wrong(name, format!("must be from {from} to {to}"), None);
                default
            }
            None => {
                let what = "must be a duration";
                self.wrong(name, what, Some("like \"10s\", \"1m 30s\" or \"500ms\"".to_owned()));
                default
            }
        }
    }

    fn finish(&mut self) {
        let Some(table) = &self.table else { return };
        let mut known: Vec<_> = self.keys.iter().map(|key| key.name).collect();
        if table.path() != OPTIONS && table.has("enabled") {
            let problem = table.problem("enabled", "a provider is not enabled here");
            let hint = format!("in the section [{OPTIONS}]: {} = true", table.path());
            self.problems.push(problem.hint(hint));
            known.push("enabled");
        }
        finish(table, &known, self.problems);
    }
}

/// A duration in people's words that is not negative.
fn duration(text: &str) -> Option<Duration> {
    let time: jiff::SignedDuration = text.parse().ok()?;
    time.try_into().ok()
}

/// A tab that is being read.
struct Reading<'d, 's> {
    section: Section<'d>,
    kind: Kind,
    around: Surroundings<'d>,
    settings: &'s mut Settings,
}

impl Reading<'_, '_> {
    fn tab(mut self) {
        let section = &mut self.section;
        let external = section.choice("provider") == "external";
        let url = self.url("url").unwrap_or_default();
        if self.kind == Kind::Login {
            self.login();
        }
        let section = &mut self.section;
        let before = section.problems.len();
        let mut service = External::new(self.kind, url, "");
        service.namespace = name(section.text("namespace"));
        self.check_discover("namespace", &service.namespace);
        let section = &mut self.section;
        if super::has_operation_key(self.kind) {
            service.operation = name(section.text("operation"));
            self.check_discover("operation", &service.operation);
        }
        let section = &mut self.section;
        if section.choice("soap") == "1.2" {
            service.soap = SoapVersion::V12;
        }
        service.connect_timeout = section.time("connect_timeout");
        service.timeout = section.time("timeout");
        service.max_calls = section.number("max_calls") as usize;
        service.max_wait = section.time("max_wait");
        service.retries = section.number("retries");
        service.breaker_failures = section.number("breaker_failures");
        service.breaker_pause = section.time("breaker_pause");
        service.native_tls = section.switch("native_tls");
        let tab = self.settings.tab_mut(self.kind);
        if external {
            tab.provider = Provider::External;
        }
        let needed = external && tab.enabled;
        if tab.enabled && !external && section.has("url") {
            let what = "has no effect while provider is \"built-in\"";
            self.warn("url", what, "say provider = \"external\"");
        }
        self.password(needed, &mut service);
        self.files(needed, &mut service);
        let usable = self.section.problems.len() == before;
        if needed && usable && !service.url.is_empty() {
            self.try_out(&service);
        }
        self.settings.tab_mut(self.kind).service = service;
        self.section.finish();
    }

    fn warn(&mut self, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        if let Some(table) = &self.section.table {
            self.settings.warnings.push(table.problem(key, what).hint(hint));
        }
    }

    /// A URL of http or https without user information, which no error shows.
    fn url(&mut self, key: &str) -> Option<String> {
        let text = self.section.text(key)?;
        match parse_url(&text) {
            Ok(url) => {
                let local = url.host_str().is_some_and(|host| {
                    host == "localhost"
                        || host
                            .trim_matches(['[', ']'])
                            .parse()
                            .is_ok_and(|address| std::net::IpAddr::is_loopback(&address))
                });
                if url.scheme() == "http" && !local {
                    let what = "http:// lets everybody on the way read the passwords";
                    self.warn(key, what, "use https://");
                }
                Some(text)
            }
            Err(error) => {
                let (what, hint) = match error {
                    BuildError::UserInformation => (
                        "holds a user name or password".to_owned(),
                        "take it out; the web service password has keys of its own",
                    ),
                    BuildError::Scheme(_) => {
                        ("must begin with http:// or https://".to_owned(), "give the whole URL")
                    }
                    BuildError::Url(why) => {
                        (format!("is no URL: {why}"), "it looks like https://host/path")
                    }
                    _ => ("is no URL".to_owned(), "it looks like https://host/path"),
                };
                self.section.wrong(key, what, Some(hint.to_owned()));
                None
            }
        }
    }

    fn check_discover(&mut self, key: &str, value: &Name) {
        let Name::Is(text) = value else { return };
        if is_near(text, "discover") {
            self.section.wrong(
                key,
                "is nearly \"discover\", which has a meaning of its own",
                Some("did you mean \"discover\"?".to_owned()),
            );
        } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            self.section.wrong(key, "must not hold spaces or control characters", None);
        }
    }

    fn login(&mut self) {
        let (forgot_password_url, custom_login_url) =
            (self.url("forgot_password_url"), self.url("custom_login_url"));
        let section = &mut self.section;
        self.settings.login = LoginSettings {
            forgot_password_url,
            custom_login_url,
            default_role: match section.choice("default_role") {
                "anonymous" => Role::Anonymous,
                _ => Role::Registered,
            },
            mark_email_verified: section.switch("mark_email_verified"),
            accept_sign_on_cookies: section.switch("accept_sign_on_cookies"),
        };
    }

    /// The password from its one source, if it is needed, and what else the service must have.
    fn password(&mut self, needed: bool, service: &mut External) {
        let given: Vec<_> = PASSWORDS.into_iter().filter(|key| self.section.has(key)).collect();
        let texts = PASSWORDS.map(|key| self.section.string(key));
        if self.section.has("password") {
            self.warn("password", INLINE_PASSWORD, ELSEWHERE);
        }
        if let [first, others @ ..] = given.as_slice() {
            for other in others {
                let what = format!("is one password too many: there is {first}");
                self.section.wrong(other, what, Some("keep one of them".to_owned()));
            }
        }
        if !needed {
            return;
        }
        if !self.section.has("url") {
            let hint = "an external provider needs it, like https://host/Provider.asmx";
            self.section.wrong("url", "is missing", Some(hint.to_owned()));
        }
        let [key] = given.as_slice() else {
            if given.is_empty() {
                let hint = "give password_file, password_env or password_credential";
                let what = "the web service password is missing";
                self.section.wrong("password_file", what, Some(hint.to_owned()));
            }
            return;
        };
        let Some(text) = texts.into_iter().flatten().next() else { return };
        let found = match *key {
            "password_env" => {
                source::variable(text, self.around).map(|secret| Found { secret, warning: None })
            }
            "password_file" => source::file(text, self.around),
            "password_credential" => source::credential(text, self.around),
            _ => Secret::from_line(text)
                .map(|secret| Found { secret, warning: None })
                .map_err(|error| format!("cannot be the password: {error}")),
        };
        match found {
            Ok(found) => {
                service.password = found.secret;
                if let Some(warning) = found.warning {
                    self.warn(key, warning, "take the permission away: chmod o-r");
                }
            }
            Err(what) => self.section.wrong(key, what, None),
        }
    }

    /// Certificates and proxy.
    fn files(&mut self, needed: bool, service: &mut External) {
        let roots = self.section.text("root_certificates");
        let (proxy, proxy_env) = (self.section.text("proxy"), self.section.text("proxy_env"));
        if proxy.is_some() && proxy_env.is_some() {
            let hint = Some("keep one of them".to_owned());
            self.section.wrong("proxy_env", "is one proxy too many: there is proxy", hint);
        }
        if proxy.as_deref().is_some_and(|url| parse_url(url) == Err(BuildError::UserInformation)) {
            let what = "the proxy's password stands in this file";
            self.warn("proxy", what, "put the URL into the environment: proxy_env");
        }
        service.proxy = proxy.map(Secret::from);
        if service.native_tls && cfg!(not(feature = "native-tls")) {
            let hint = Some("build with --features native-tls".to_owned());
            self.section.wrong("native_tls", "this build has no TLS of the system's", hint);
        }
        if !needed {
            return;
        }
        if let Some(name) = proxy_env {
            match source::variable(&name, self.around) {
                Ok(url) => service.proxy = Some(url),
                Err(what) => self.section.wrong("proxy_env", what, None),
            }
        }
        if let Some(name) = roots {
            let path = self.around.folder.join(name);
            match source::certificates(&path) {
                Ok(pem) => service.root_certificates = pem,
                Err(what) => self.section.wrong("root_certificates", what, None),
            }
        }
    }

    /// Makes a client, only to see that one can be made.
    fn try_out(&mut self, service: &External) {
        let Err(error) = service.client_builder().build() else { return };
        let key = match &error {
            BuildError::Operation(_) => "operation",
            BuildError::Roots(_) => "root_certificates",
            BuildError::Proxy if self.section.has("proxy_env") => "proxy_env",
            BuildError::Proxy => "proxy",
            _ => "url",
        };
        self.section.wrong(key, error.to_string(), None);
    }
}

fn name(text: Option<String>) -> Name {
    match text {
        Some(text) if text == "discover" => Name::Discover,
        text => Name::Is(text.unwrap_or_default()),
    }
}
