//! From a document to settings: all that is wrong at once.

use super::keys::{self, DEFAULTS, OPTIONS, PASSWORDS, SWITCHES, TABS};
use super::section::{Section, finish};
use super::source::{self, Found};
use super::{
    ExternalService, LoginSettings, Name, ProviderSource, Role, Settings, Surroundings,
    default_operation, has_operation_key,
};
use crate::contract::{Absent, Kind};
use crate::http::UrlError;
use crate::http::url::{is_local, proxy_url, service_url};
use crate::secret::Secret;
use crate::soap::{Binding, DEFAULT_NAMESPACE};
use crate::suggest::is_near;
use crate::tls::FingerprintError;
use crate::toml_document::{Document, Problem, Table};

/// The warning about a password that stands in the settings.
pub(super) const INLINE_PASSWORD: &str = "the password stands in this file";
/// The warning about a tab that is set up while its switch does not stand in the options.
const NOT_ENABLED: &str = "has no effect, since the provider is not enabled";
/// What to do about it.
const ELSEWHERE: &str = "put it elsewhere: password_file, password_env or password_credential";

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
        let section = Section {
            name,
            keys: &keys,
            table,
            defaults: defaults.as_ref(),
            problems: &mut problems,
        };
        Reading { section, kind: *kind, switched, around, settings: &mut settings }.tab();
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
fn in_order_once(problems: &mut Vec<Problem>) {
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

/// A tab that is being read.
struct Reading<'d, 's> {
    section: Section<'d>,
    kind: Kind,
    /// Does `[options]` say whether it is enabled?
    switched: bool,
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
        let mut service = ExternalService::new(self.kind, url, "");
        service.namespace = name(section.text("namespace"));
        self.check_discover("namespace", &service.namespace);
        let section = &mut self.section;
        if has_operation_key(self.kind) {
            service.operation = name(section.text("operation"));
            self.check_discover("operation", &service.operation);
        }
        let section = &mut self.section;
        service.soap = section.choice("soap").parse().unwrap_or_default();
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
            tab.provider = ProviderSource::External;
        }
        let needed = external && tab.enabled;
        let enabled = tab.enabled;
        self.slips(enabled, external);
        self.password(needed, &mut service);
        self.files(needed, &mut service);
        if needed {
            self.unusable(&service);
        }
        self.settings.tab_mut(self.kind).service = service;
        self.section.finish();
    }

    fn warn(&mut self, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        let problem = self.section.problem(key, what).map(|problem| problem.hint(hint));
        self.settings.warnings.extend(problem);
    }

    /// What is set up so that it has no effect, or less than the product asks for.
    fn slips(&mut self, enabled: bool, external: bool) {
        let kind = self.kind;
        let section = &self.section;
        if enabled && !external && section.has_own("url") {
            let what = "has no effect while provider is \"built-in\"";
            self.warn("url", what, "say provider = \"external\"");
        } else if !self.switched
            && (section.has_own("url") || section.has_own("provider") && external)
        {
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

    /// A URL of http or https without user information, which no error shows.
    fn url(&mut self, key: &str) -> Option<String> {
        let text = self.section.text(key)?;
        match service_url(&text) {
            Ok(url) => {
                if url.scheme() == "http" && !is_local(&url) {
                    let what = "http:// lets everybody on the way read the passwords";
                    self.warn(key, what, "use https://");
                }
                Some(text)
            }
            Err(error) => {
                let (what, hint) = match error {
                    UrlError::UserInformation => (
                        "holds a user name or password".to_owned(),
                        "take it out; the web service password has keys of its own",
                    ),
                    UrlError::Scheme(_) => {
                        ("must begin with http:// or https://".to_owned(), "give the whole URL")
                    }
                    UrlError::Invalid(why) => {
                        (format!("is not a URL: {why}"), "it looks like https://host/path")
                    }
                    _ => ("is not a URL".to_owned(), "it looks like https://host/path"),
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
    fn password(&mut self, needed: bool, service: &mut ExternalService) {
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
    fn files(&mut self, needed: bool, service: &mut ExternalService) {
        let roots = self.section.text("root_certificates");
        let (proxy, proxy_env) = (self.section.text("proxy"), self.section.text("proxy_env"));
        if proxy.is_some() && proxy_env.is_some() {
            let hint = Some("keep one of them".to_owned());
            self.section.wrong("proxy_env", "is one proxy too many: there is proxy", hint);
        }
        if proxy.as_deref().is_some_and(|url| service_url(url) == Err(UrlError::UserInformation)) {
            let what = "the proxy's password stands in this file";
            self.warn("proxy", what, "put the URL into the environment: proxy_env");
        }
        service.proxy = proxy.map(Secret::from);
        match self.section.text("trust_fingerprint").map(|text| text.parse()).transpose() {
            Ok(fingerprint) => service.trust_fingerprint = fingerprint,
            Err(FingerprintError::Sha1) => {
                let what = "this is a SHA-1 fingerprint (Windows: thumbprint)";
                self.section.wrong("trust_fingerprint", what, fingerprint_hint());
            }
            Err(_) => {
                let what = "a SHA-256 fingerprint has 64 hexadecimal digits";
                self.section.wrong("trust_fingerprint", what, fingerprint_hint());
            }
        }
        if service.native_tls && service.trust_fingerprint.is_some() {
            let what = "the system's TLS cannot trust by a fingerprint";
            let hint = Some("keep trust_fingerprint or native_tls".to_owned());
            self.section.wrong("trust_fingerprint", what, hint);
        }
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
                Ok(read) => service.root_certificates = read,
                Err((what, hint)) => self.section.wrong("root_certificates", what, hint),
            }
        }
    }

    /// What no client could be made of; certificates were read already.
    fn unusable(&mut self, service: &ExternalService) {
        let proxy = service.proxy.as_ref().map_or(Ok(()), |proxy| proxy_url(proxy).map(drop));
        let key = if self.section.has("proxy_env") { "proxy_env" } else { "proxy" };
        let proxy = (key, proxy.map_err(|error| error.to_string()));
        let binding = Binding::new(DEFAULT_NAMESPACE, service.soap);
        let name = service.operation_name().map_or(Ok(()), |name| {
            binding.with_operation_name(default_operation(service.kind), name).map(drop)
        });
        for (key, result) in [proxy, ("operation", name.map_err(|error| error.to_string()))] {
            // What was said of it already, was said better.
            if let (Err(what), false) = (result, self.section.is_wrong(key)) {
                self.section.wrong(key, what, None);
            }
        }
    }
}

/// Where the fingerprint is to be had.
fn fingerprint_hint() -> Option<String> {
    let hint = "check shows the one that is needed, as does openssl x509 -in FILE -noout -fingerprint -sha256";
    Some(hint.to_owned())
}

fn name(text: Option<String>) -> Name {
    match text {
        Some(text) if text == "discover" => Name::Discover,
        text => Name::Is(text.unwrap_or_default()),
    }
}
