//! Looks at every server of a file, step by step.

mod store;

use std::future::Future;
use std::pin::Pin;

use super::ProviderFile;
use super::current::Current;
use super::join::join_all;
use super::model::Target;
use crate::backends::database::LookUp;
use crate::contract::Kind;
use crate::doctor::{self, Options, Report, Subject};
use crate::http::url::is_local;
use crate::json_provider::JsonProviderSettings;
use crate::reach::{self, Way};
use crate::report::{Finding, Step};
use crate::settings::{ExternalService, SettingsError, TABS};

type Looking<'c> = Pin<Box<dyn Future<Output = Report> + Send + 'c>>;

impl Current {
    /// The certificate that callers meet, and the login page, if there are any.
    pub(super) fn check_service(&self) -> Vec<Report> {
        self.check_certificate().into_iter().chain(self.check_login_page()).collect()
    }

    fn check_certificate(&self) -> Option<Report> {
        let service = &self.file.service;
        let (certificate, _) = service.tls.as_ref()?;
        let mut report = Report::new(Some("service".to_owned()), service.listen.clone());
        report.steps.push(doctor::own_certificate(certificate));
        Some(report.finish())
    }

    /// A report for the service's own certificate, each directory, each database with what is asked of
    /// it, the store of events, each sink, each old service, and each endpoint, in this order; `user` is
    /// one whom the directories should know. Nothing is changed anywhere.
    pub(super) async fn check<'c>(&'c self, user: Option<&'c str>) -> Vec<Report> {
        let mut looking: Vec<Looking<'c>> = Vec::new();
        for (name, _) in &self.file.servers.directories {
            if let Some(directory) = self.directories.get(name) {
                looking.push(Box::pin(directory.check(user)));
            }
        }
        for name in self.databases.keys() {
            looking.push(Box::pin(self.check_database(name)));
        }
        let forwarded = TABS.iter().filter_map(|kind| self.file.forward.tab(*kind).external());
        let mut subjects: Vec<Subject> = forwarded.map(Subject::from).collect();
        if let Some(sinks) = &self.sinks {
            looking.push(Box::pin(store::check(sinks)));
            for (name, sink, _) in &sinks.sinks {
                match self.events_provider(name) {
                    Some(service) => subjects.push(Subject::from(service)),
                    None => looking.push(sink.check()),
                }
            }
        }
        for subject in subjects {
            looking.push(Box::pin(async move {
                doctor::check(&subject, &Options::default(), |_| ()).await
            }));
        }
        let endpoints = self.file.json.iter().enumerate();
        // One that several kinds share is looked at once.
        let first = |(at, (kind, settings)): (usize, (&Kind, &'c JsonProviderSettings))| {
            let before = self.file.json.values().take(at).any(|other| other == settings);
            (!before).then_some((*kind, settings))
        };
        for (kind, settings) in endpoints.filter_map(first) {
            looking.push(Box::pin(check_endpoint(kind, settings)));
        }
        let mut reports = self.check_service();
        reports.extend(join_all(looking).await);
        reports
    }

    /// How the help desk must be set, to understand the page's cookie. That the file was read says that it
    /// can be made.
    fn check_login_page(&self) -> Option<Report> {
        let page = self.file.login_page.as_ref()?;
        let mut report = Report::new(Some("login_page".to_owned()), page.path.clone());
        let settings = page.machine_key.settings();
        report.steps.push(Step::new(
            "machine-key",
            format!(
                "the help desk must have compatibilityMode=\"{}\" validation=\"{}\" decryption=\"{}\"",
                settings.layout.name(),
                settings.validation.name(),
                settings.decryption.name()
            ),
        ));
        let cookie = &page.cookie;
        let mut step = Step::new(
            "cookie",
            match &cookie.domain {
                Some(domain) => {
                    format!("{}, for {domain}: this page must be at a host of it", cookie.name)
                }
                None => {
                    let host = page.return_to.default().host_str().unwrap_or_default();
                    format!("{}, without a domain: this page must be at {host}, too", cookie.name)
                }
            },
        );
        if cookie.secure && self.file.service.tls.is_none() {
            let text = "it is for https alone, and [service] has no certificate: browsers throw it away, \
                        unless they come through a proxy that speaks https";
            let remedy = "give tls_certificate and tls_key, or such a proxy, and start with --trust-forwarded";
            step.add(Finding::warning("clear-text", text).remedy(remedy));
        }
        let forms = page.machine_key.forms();
        // Of keys alone, nobody knows what the help desk says of the cookie.
        if forms.is_written && forms.name != cookie.name {
            let text = format!("the help desk looks for {}", forms.name);
            step.add(Finding::warning("cookie-name", text).remedy("take cookie_name out"));
        }
        report.steps.push(step);
        let addresses: Vec<_> = page.return_to.iter().map(ToString::to_string).collect();
        report.steps.push(Step::new("return", addresses.join(", ")));
        Some(report.finish())
    }

    /// The web service that a sink is.
    fn events_provider(&self, sink: &str) -> Option<&ExternalService> {
        let mut sinks = self.file.kinds.events.iter().flat_map(|events| &events.sinks);
        match &sinks.find(|(name, _)| name == sink)?.1.target {
            Target::Soap { service, .. } => Some(service),
            _ => None,
        }
    }

    /// What is wrong with the file now that the databases say which columns there are. Look-ups that
    /// cannot be prepared are left as they are.
    pub(super) async fn check_columns(&self) -> Result<(), SettingsError> {
        let Some(path) = self.file.file() else { return Ok(()) };
        let all = join_all(self.lookups.values().map(LookUp::columns)).await;
        let names = self.lookups.keys().cloned();
        let columns = names.zip(all).filter_map(|(name, columns)| Some((name, columns.ok()?)));
        ProviderFile::load_knowing(path, columns.collect()).map(drop)
    }

    /// The database, then each statement, if it is there to prepare them.
    async fn check_database(&self, name: &str) -> Report {
        let Some(database) = self.databases.get(name) else {
            return Report::new(None, name.to_owned()).finish();
        };
        let mut report = database.check().await;
        let servers = &self.file.servers;
        let is_reached = !report.has_findings();
        for (lookup, section) in &servers.lookups {
            if section.bound.database == name
                && let Some(lookup) = self.lookups.get(lookup)
            {
                report.steps.push(match is_reached {
                    true => lookup.check().await,
                    false => not_reached("look-up", lookup.name()),
                });
            }
        }
        for (effect, section) in &servers.effects {
            if section.bound.database == name
                && let Some(effect) = self.effects.get(effect)
            {
                report.steps.push(match is_reached {
                    true => effect.check().await,
                    false => not_reached("effect", effect.name()),
                });
            }
        }
        let registration = self.file.kinds.registration.as_ref().and_then(|r| r.insert.as_ref());
        if registration.is_some_and(|(bound, _)| bound.database == name)
            && let Some(registration) = self.registration.as_ref().filter(|_| is_reached)
        {
            report.steps.push(registration.effect().check().await);
        }
        report.finish()
    }
}

/// Whether an endpoint can be reached. It is asked nothing: it may be one that acts on all it is asked.
async fn check_endpoint(kind: Kind, settings: &JsonProviderSettings) -> Report {
    let mut report = Report::new(Some(kind.to_string()), settings.shown_url().to_owned());
    // The file was read with it.
    let Ok(url) = settings.url_of("Operation") else { return report.finish() };
    if url.scheme() == "http" && !is_local(&url) {
        let text = "http: passwords of people and the token travel in the clear";
        let finding = Finding::warning("clear-text", text).remedy("set the URL to https");
        let step = Step::new("settings", "the connection is not encrypted");
        report.steps.push(step.with(finding));
    }
    let way = Way {
        url: &url,
        root_certificates: &settings.root_certificates,
        trust_fingerprint: settings.trust_fingerprint,
        client_certificate: settings.client_certificate.as_ref(),
        within: settings.connect_timeout,
    };
    report.steps.extend(reach::steps(&way).await.0);
    report.finish()
}

fn not_reached(step: &'static str, name: &str) -> crate::report::Step {
    crate::report::Step::not_checked(step, format!("{name}: the database cannot be asked"))
}
