//! From a document to settings: all that is wrong at once.

use super::keys::{self, OPTIONS, PASSWORDS, SWITCHES, TABS};
use super::section::{Section, finish};
use super::source::{self, Found};
use super::{External, LoginSettings, Name, Provider, Role, Settings, Surroundings};
use crate::client::{BuildError, is_local, parse_url};
use crate::contract::{Absent, Kind};
use crate::nearest::is_near;
use crate::secret::Secret;
use crate::soap::SoapVersion;
use crate::table::{Document, Problem};

/// The warning about a password that stands in the settings.
pub(super) const INLINE_PASSWORD: &str = "the password stands in this file";
/// What to do about it.
const ELSEWHERE: &str = "put it elsewhere: password_file, password_env or password_credential";

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
        if section.choice("absent") == "omit" {
            service.absent = Absent::Omit;
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
        if needed {
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
                if url.scheme() == "http" && !is_local(&url) {
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

    /// Makes a client, only to see that one can be made; where there is no URL, of the rest.
    fn try_out(&mut self, service: &External) {
        let result = match service.url.as_str() {
            "" => External { url: "https://localhost/".to_owned(), ..service.clone() }
                .client_builder()
                .build(),
            _ => service.client_builder().build(),
        };
        let Err(error) = result else { return };
        let key = match &error {
            BuildError::Operation(_) => "operation",
            BuildError::Roots(_) => "root_certificates",
            BuildError::Proxy if self.section.has("proxy_env") => "proxy_env",
            BuildError::Proxy => "proxy",
            _ => "url",
        };
        // What was said of it already, was said better.
        if !self.section.is_wrong(key) {
            self.section.wrong(key, error.to_string(), None);
        }
    }
}

fn name(text: Option<String>) -> Name {
    match text {
        Some(text) if text == "discover" => Name::Discover,
        text => Name::Is(text.unwrap_or_default()),
    }
}
