//! A web service as a section says: where it is, its password, how it is called.

use super::keys::{Key, LOGIN, PASSWORDS, TABS, keys, shared_keys};
use super::section::{Section, finish};
use super::source::{self, client_certificate, fingerprint, roots, secret};
use super::{ExternalService, Name, Settings, Surroundings, default_operation, has_operation_key};
use crate::contract::{Absent, Kind};
use crate::http::UrlError;
use crate::http::url::{proxy_url, service_url};
use crate::secret::Secret;
use crate::soap::{Binding, DEFAULT_NAMESPACE};
use crate::suggest::is_near;
use crate::toml_document::{Problem, Table};

/// The services that are forwarded to: a section as `[defaults]`, in which tables of the kinds may
/// stand. Of the kinds that are `wanted`, url and password must be there; they are enabled and
/// external in the settings.
pub(crate) fn forward(
    table: &Table<'_>,
    wanted: &[Kind],
    around: Surroundings<'_>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Settings {
    let mut settings = Settings::default();
    let kinds: Vec<_> = TABS.iter().map(Kind::to_string).collect();
    let shared = forward_keys(shared_keys());
    let known = shared.iter().map(|key| key.name).chain(kinds.iter().map(String::as_str));
    finish(table, &known.collect::<Vec<_>>(), problems);
    for (kind, name) in TABS.iter().copied().zip(&kinds) {
        let name = format!("{}.{name}", table.path());
        let own = table.table(&kind.to_string(), problems);
        let is_wanted = wanted.contains(&kind);
        if let Some(own) = own.as_ref().filter(|_| !is_wanted) {
            let hint = format!("say otherwise = \"forward\" in [{kind}]");
            let what = "has no effect, since the kind is not forwarded";
            warnings.push(own.problem("", what).hint(hint));
        }
        let keys = forward_keys(keys(kind));
        let defaults = Some(table);
        let section = Section { name: &name, keys: &keys, table: own, defaults, problems };
        let mut reading = Reading { section, kind, around, warnings };
        let service = reading.service(is_wanted);
        reading.section.finish();
        if is_wanted {
            settings.enable(service);
        }
    }
    settings
}

/// A service that must be there, of a section by itself.
pub(crate) fn service(
    section: Section<'_>,
    kind: Kind,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> ExternalService {
    Reading { section, kind, around, warnings }.service(true)
}

/// The keys of a service that is forwarded to: it is external, and no page of the product's is
/// behind it.
pub(crate) fn forward_keys(keys: Vec<&'static Key>) -> Vec<&'static Key> {
    let is_page = |key: &Key| key.name == "provider" || LOGIN.iter().any(|k| k.name == key.name);
    keys.into_iter().filter(|key| !is_page(key)).collect()
}

/// A section about a service that is being read.
pub(super) struct Reading<'d, 's> {
    pub(super) section: Section<'d>,
    pub(super) kind: Kind,
    pub(super) around: Surroundings<'d>,
    pub(super) warnings: &'s mut Vec<Problem>,
}

impl Reading<'_, '_> {
    /// The service. If it is `needed`, what it cannot do without must be there, and its password and
    /// certificates are read.
    pub(super) fn service(&mut self, needed: bool) -> ExternalService {
        let url = self.url("url").unwrap_or_default();
        let mut service = ExternalService::new(self.kind, url, "");
        service.namespace = name(self.section.text("namespace"));
        self.check_discover("namespace", &service.namespace);
        if has_operation_key(self.kind) {
            service.operation = name(self.section.text("operation"));
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
        self.password(needed, &mut service);
        self.files(needed, &mut service);
        if needed {
            self.unusable(&service);
        }
        service
    }

    pub(super) fn warn(&mut self, key: &str, what: impl Into<String>, hint: impl Into<String>) {
        let problem = self.section.problem(key, what).map(|problem| problem.hint(hint));
        self.warnings.extend(problem);
    }

    /// A URL of http or https without user information, which no error shows.
    pub(super) fn url(&mut self, key: &str) -> Option<String> {
        source::url(&mut self.section, key, service_url, self.warnings)
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

    /// The password, and what else the service must have.
    fn password(&mut self, needed: bool, service: &mut ExternalService) {
        let found = secret(&mut self.section, "password", needed, self.around, self.warnings);
        service.password = found.unwrap_or_default();
        if needed && !self.section.has("url") {
            let hint = "an external provider needs it, like https://host/Provider.asmx";
            self.section.wrong("url", "is missing", Some(hint.to_owned()));
        }
        if needed && !PASSWORDS.iter().any(|key| self.section.has(key)) {
            let hint = "give password_file, password_env or password_credential";
            let what = "the web service password is missing";
            self.section.wrong("password_file", what, Some(hint.to_owned()));
        }
    }

    /// Certificates and proxy.
    fn files(&mut self, needed: bool, service: &mut ExternalService) {
        for file in ["root_certificates", "client_certificate", "client_key"] {
            self.section.string(file);
        }
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
        service.trust_fingerprint = fingerprint(&mut self.section);
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
        service.root_certificates = roots(&mut self.section, self.around);
        service.client_certificate =
            client_certificate(&mut self.section, self.around, self.warnings);
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

fn name(text: Option<String>) -> Name {
    match text {
        Some(text) if text == "discover" => Name::Discover,
        text => Name::Is(text.unwrap_or_default()),
    }
}
