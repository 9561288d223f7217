//! The steps, one after the other.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::client::danger::ServerCertVerifier;

use super::calls::{self, Probe};
use super::describe;
use super::http::Habits;
use super::password::PasswordCheck;
use super::sign_on::SignOn;
use super::subject::{Options, Subject};
use crate::client::{BuildError, Client, Discovery};
use crate::contract::raw::Presence;
use crate::http::url::{Url, authority, is_local};
use crate::http::{HttpRequest, HttpResponse};
use crate::reach::tls::{self, Look};
use crate::report::{Finding, Outcome, Report, Step, network};
use crate::secret::Secret;
use crate::soap::{Binding, DEFAULT_NAMESPACE, SoapVersion};
use crate::tls::verifier;

/// All steps about a service, in order.
const STEPS: [&str; 10] =
    ["resolve", "connect", "tls", "wsdl", "contract", "soap", "password", "times", "clock", "http"];

/// A check under way.
struct Run<'r> {
    subject: &'r Subject,
    options: &'r Options,
    progress: &'r (dyn Fn(&'static str) + Sync),
    until: Instant,
    report: Report,
}

/// Looks at a service. `progress` is told the name of each step as it begins.
///
/// Never fails: what cannot be looked at is a step that was not checked.
pub async fn check(
    subject: &Subject,
    options: &Options,
    progress: impl Fn(&'static str) + Sync,
) -> Report {
    let kind = subject.kind.map(|kind| kind.to_string());
    let mut run = Run {
        subject,
        options,
        progress: &progress,
        until: Instant::now() + crate::bounded::wait(options.total),
        report: Report::new(kind, subject.shown_url()),
    };
    if let Err(error) = run.steps().await {
        let finding = Finding::new("settings", error.to_string()).remedy("correct the settings");
        run.report.steps.push(Step::new("settings", "no client can be made of them").with(finding));
    }
    run.rest("the steps before did not get so far");
    run.report.finish()
}

impl Run<'_> {
    async fn steps(&mut self) -> Result<(), BuildError> {
        let url = self.subject.parsed_url()?;
        // Mistakes in the other settings show before anything is connected to.
        let client = self.subject.builder(self.options.step).build()?;
        self.in_the_clear(&url);
        self.report.steps.extend(self.subject.sign_on.as_ref().map(SignOn::cookie));
        let reached = if self.subject.proxy.is_some() {
            for step in ["resolve", "connect", "tls"] {
                self.skip(step, "the proxy does it");
            }
            Reached { address: None, verifier: None }
        } else {
            match self.reach(&url).await? {
                Some(reached) => reached,
                None => return Ok(()),
            }
        };
        let discovery = self.describe().await;
        self.calls(client, discovery.as_ref(), &url, reached).await
    }

    /// A password that anybody on the way can read.
    fn in_the_clear(&mut self, url: &Url) {
        if url.scheme() == "http" && !is_local(url) {
            let finding = Finding::warning(
                "clear-text",
                "http: passwords travel in the clear, the web service's and people's own",
            );
            self.report.steps.push(
                Step::new("settings", "the connection is not encrypted")
                    .with(finding.remedy("let the service have https, and set the URL so")),
            );
        }
    }

    /// How long the next step may take: `None` when the time for all is used up.
    fn within(&self) -> Option<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| left.min(self.options.step))
    }

    fn skip(&mut self, step: &'static str, why: &str) {
        self.report.steps.push(Step::not_checked(step, why));
    }

    /// Marks what was not come to.
    fn rest(&mut self, why: &str) {
        let sign_on = self.subject.sign_on.iter().map(|_| "sign-on");
        for step in STEPS.into_iter().chain(sign_on) {
            if self.report.step(step).is_none() {
                self.skip(step, why);
            }
        }
    }

    /// Runs a step within its limit.
    async fn timed<T>(&mut self, name: &'static str, step: impl Future<Output = T>) -> Option<T> {
        (self.progress)(name);
        let Some(within) = self.within() else {
            let text = format!("the time for all steps ({:?}) is used up", self.options.total);
            let finding = Finding::warning("time-up", text).remedy("give it more (--timeout)");
            let mut step = Step::not_checked(name, "there is no time left");
            step.findings.push(finding);
            self.report.steps.push(step);
            return None;
        };
        // Steps keep their own limits and say more then; this one is for whatever is left.
        match tokio::time::timeout(within + Duration::from_millis(250), step).await {
            Ok(result) => Some(result),
            Err(_) => {
                let text = format!("it was not finished within {within:?}");
                let finding = Finding::new("timeout", text)
                    .remedy("is the service hanging? Or give the step more time (--step-timeout)");
                self.report.steps.push(Step::new(name, "no answer in time").with(finding));
                None
            }
        }
    }

    /// Name, connection, TLS. `None` when there is no way through.
    async fn reach(&mut self, url: &Url) -> Result<Option<Reached>, BuildError> {
        let (host, port) = (
            url.host_str().unwrap_or_default().to_owned(),
            url.port_or_known_default().unwrap_or(0),
        );
        let within = self.within().unwrap_or_default();
        let Some((step, addresses)) =
            self.timed("resolve", network::resolve(&host, port, within)).await
        else {
            return Ok(None);
        };
        self.report.steps.push(step);
        if addresses.is_empty() {
            return Ok(None);
        }
        let within = self.within().unwrap_or_default().min(self.subject.connect_timeout);
        let connect = network::connect(&addresses, within);
        let Some((step, open)) = self.timed("connect", connect).await else { return Ok(None) };
        self.report.steps.push(step);
        let Some(address) = open.first().copied() else { return Ok(None) };
        if url.scheme() == "http" {
            self.skip("tls", "the URL is http");
            return Ok(Some(Reached { address: Some(address), verifier: None }));
        }
        let Subject { root_certificates, trust_fingerprint, .. } = self.subject;
        let verifier =
            verifier(&host, root_certificates, *trust_fingerprint).map_err(BuildError::from)?;
        let look = Look {
            address,
            host: &host,
            verifier: Arc::clone(&verifier),
            certificate: self.subject.client_certificate.as_ref(),
            // The handshake may be tried twice.
            within: self.within().unwrap_or_default() / 2,
            native: self.subject.native_tls,
            in_file: self.subject.in_file,
        };
        let Some((step, through)) = self.timed("tls", tls::look(&look)).await else {
            return Ok(None);
        };
        self.report.steps.push(step);
        if !through {
            self.rest("there is no TLS connection");
            return Ok(None);
        }
        Ok(Some(Reached { address: Some(address), verifier: Some(verifier) }))
    }

    async fn describe(&mut self) -> Option<Discovery> {
        let subject = self.subject;
        let within = self.within().unwrap_or_default();
        let started = Instant::now();
        let discover = async { subject.builder(within).discover().await };
        let result = self.timed("wsdl", discover).await?;
        self.report.steps.push(describe::wsdl(subject, &result).took(started.elapsed()));
        match result {
            Ok(discovery) => {
                (self.progress)("contract");
                self.report.steps.push(describe::contract(subject, &discovery));
                Some(discovery)
            }
            Err(_) => {
                self.skip("contract", "there is no WSDL");
                None
            }
        }
    }

    /// All that is asked in SOAP.
    async fn calls(
        &mut self,
        plain: Client,
        discovery: Option<&Discovery>,
        url: &Url,
        reached: Reached,
    ) -> Result<(), BuildError> {
        let (subject, options) = (self.subject, self.options);
        let namespace = namespace(subject, discovery);
        let Some(probes) = self.probes(&plain, discovery, &namespace).await? else {
            return Ok(());
        };
        let (step, version) = calls::soap(subject, &probes, &namespace);
        let text = step.text.clone();
        self.report.steps.push(step);
        let Some(version) = version else {
            self.rest(&text);
            return Ok(());
        };
        // One mistake should not hide the next: the version that is spoken is gone on with.
        let subject = &Subject { soap: version, ..subject.clone() };
        if discovery.is_none() && (subject.kind.is_none() || subject.namespace.is_some()) {
            self.undescribed();
        }
        if let (Some(discovery), Some(within)) = (discovery, self.within())
            && let Some(contract) = self
                .report
                .steps
                .iter_mut()
                .find(|step| step.name == "contract" && step.has("soap-action"))
            && calls::ignores_actions(subject, discovery, &namespace, &plain, within).await?
        {
            contract.acquit("soap-action", "harmless: the service does not mind");
        }
        let wrong = Secret::new(format!("wrong-{:x}", std::process::id()));
        let (client, wrong) = (
            client(subject, self.within(), discovery, &namespace, None)?.sharing(&plain),
            client(subject, self.within(), discovery, &namespace, Some(wrong))?.sharing(&plain),
        );
        let check = PasswordCheck {
            subject,
            discovery,
            client: &client,
            wrong: &wrong,
            namespace: &namespace,
            allow_changes: options.allow_changes,
            within: self.within().unwrap_or_default(),
        };
        let step = self.timed("password", check.run()).await;
        self.report.steps.extend(step);
        if let Some(sign_on) = &subject.sign_on {
            let asked = sign_on.user(&client, &namespace, subject.password.is_some());
            let step = self.timed("sign-on", asked).await;
            self.report.steps.extend(step);
        }
        let within = self.within().unwrap_or_default();
        let times = calls::times(&plain, &namespace, subject.soap, options.round_trips, within);
        let step = self.timed("times", times).await;
        self.report.steps.extend(step);
        (self.progress)("clock");
        self.report.steps.push(calls::clock(dated(&probes)));
        let binding = Binding::new(namespace, version);
        let request =
            binding.encode_raw_request(plain.target(), "ExternalProvidersCheck", &Presence::Absent);
        // Connections that are kept would let a server wait that serves one at a time.
        drop((plain, client, wrong));
        self.habits(request.ok(), url, reached).await;
        Ok(())
    }

    /// Asks in both versions, one after the other: some servers serve one connection at a time. `None`
    /// when there was no time.
    async fn probes(
        &mut self,
        plain: &Client,
        discovery: Option<&Discovery>,
        namespace: &str,
    ) -> Result<Option<Vec<Probe>>, BuildError> {
        let subject = self.subject;
        let mut probes = Vec::new();
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let asked = calls::probe(plain, namespace, version);
            let Some(mut probe) = self.timed("soap", asked).await else { return Ok(None) };
            if probe.is_undecided(subject, namespace)
                && let Some(operation) = calls::reading(subject, discovery, namespace)
            {
                let subject = &Subject { soap: version, ..subject.clone() };
                let client =
                    client(subject, self.within(), discovery, namespace, None)?.sharing(plain);
                let asked = calls::probe_reading(&client, operation);
                let Some(again) = self.timed("soap", asked).await else { return Ok(None) };
                probe = again;
            }
            probes.push(probe);
        }
        Ok(Some(probes))
    }

    /// A service that does not describe itself, but works: many are set up so on purpose.
    fn undescribed(&mut self) {
        let Some(step) = self.report.steps.iter_mut().find(|step| step.name == "wsdl") else {
            return;
        };
        for finding in &mut step.findings {
            *finding = Finding::warning("no-wsdl", format!("SOAP is spoken, but: {}", finding.text))
                .remedy("it works all the same; to have it compared with the contract and discovered, publish its ?WSDL");
        }
        step.outcome = Outcome::Warning;
    }

    async fn habits(&mut self, request: Option<HttpRequest>, url: &Url, reached: Reached) {
        let Some(address) = reached.address else {
            self.skip("http", "the proxy stands between");
            return;
        };
        if self.subject.native_tls && url.scheme() == "https" {
            self.skip("http", "only rustls is spoken here");
            return;
        }
        let Some(request) = request else {
            self.skip("http", "no request can be written");
            return;
        };
        let host = url.host_str().unwrap_or_default();
        let habits = Habits {
            address,
            host,
            authority: &authority(url),
            verifier: reached.verifier,
            certificate: self.subject.client_certificate.as_ref(),
            request,
            // Two questions.
            within: self.within().unwrap_or_default() / 2,
        };
        let step = self.timed("http", habits.look()).await;
        self.report.steps.extend(step);
    }
}

/// How the service is reached past its client.
struct Reached {
    address: Option<SocketAddr>,
    verifier: Option<Arc<dyn ServerCertVerifier>>,
}

/// The answer whose `Date` counts, and when it came.
fn dated(probes: &[Probe]) -> Option<(&HttpResponse, Timestamp)> {
    let answers = probes.iter().filter_map(|probe| Some((probe.result.as_ref().ok()?, probe.at)));
    answers.into_iter().find(|(response, _)| response.headers.get("Date").is_some())
}

/// The namespace to speak in: what is there counts more than what is set, so that one mistake does
/// not hide the next.
fn namespace(subject: &Subject, discovery: Option<&Discovery>) -> String {
    let found = discovery.and_then(|discovery| {
        let mut of_kind = discovery
            .find
            .found
            .iter()
            .filter(|found| subject.kind.is_none_or(|kind| kind == found.operation.kind));
        of_kind.next().or(discovery.find.found.first())
    });
    let there = found.map(|found| found.namespace.clone());
    there.or_else(|| subject.namespace.clone()).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())
}

/// A client that calls operations as the service has them.
fn client(
    subject: &Subject,
    within: Option<Duration>,
    discovery: Option<&Discovery>,
    namespace: &str,
    password: Option<Secret>,
) -> Result<Client, BuildError> {
    let subject = match password {
        Some(password) => &Subject { password: Some(password), ..subject.clone() },
        None => subject,
    };
    // Two calls are made in one step.
    let mut builder = subject.builder(within.unwrap_or_default() / 2);
    for found in discovery.iter().flat_map(|discovery| &discovery.find.found) {
        if found.namespace == namespace {
            builder = builder.found(found);
        }
    }
    builder.build()
}
