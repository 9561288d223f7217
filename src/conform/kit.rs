//! What all cases share: the way to the service, what it says of itself, and how it answers plain
//! requests.

use std::time::Duration;

use super::judgement::{Miss, Needs};
use super::message::{AUTH, AUTH_CUT, AUTH_SWAPPED, ECHO, Message, PASSWORD};
use super::offer::{Offer, offers};
use super::reading::{Gist, Reading};
use super::wire::{Exchange, Sender};
use super::{Shell, Suite, User};
use crate::client::Discovery;
use crate::contract::{Authenticate, Operation as _, OperationInfo, SideEffect};
use crate::http::HttpResponse;
use crate::record::upstream::Upstream;
use crate::secret::{Mask, Secret};
use crate::soap::{Binding, SoapVersion};

/// A web service password that is not the service's.
pub(super) const WRONG: &str = "not-the-web-service-password";

/// After so many requests that are not answered no other is sent to see what there is.
const SILENT: usize = 2;

/// An answer that was read.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) exchange: Exchange,
    pub(super) reading: Reading,
}

/// How an operation that only reads answers about nobody.
pub(super) struct Trial {
    pub(super) info: &'static OperationInfo,
    /// With the web service password, if one was given.
    pub(super) ours: Option<Answered>,
    /// With a wrong one.
    pub(super) wrong: Answered,
}

/// The operation whose plain request the cases vary.
pub(super) struct Probe {
    pub(super) offer: usize,
    pub(super) soap: SoapVersion,
    /// Is it asked about the user who was given, since nobody is answered alike?
    pub(super) as_user: bool,
    /// Is a wrong password answered otherwise? Then answers show what was read.
    pub(super) tells: bool,
    /// The answer to the plain request.
    pub(super) plain: Answered,
    /// The answer to a wrong password.
    pub(super) wrong: Answered,
    /// Do messages differ from answer to answer?
    pub(super) wavers: bool,
}

/// All of it.
pub(super) struct Kit {
    pub(super) upstream: Upstream,
    pub(super) origin: String,
    pub(super) target: String,
    pub(super) within: Duration,
    pub(super) mask: Mask,
    pub(super) shell: Shell,
    pub(super) password: Option<Secret>,
    pub(super) user: Option<User>,
    pub(super) allow_changes: bool,
    /// The description as it came, and as it was read.
    pub(super) page: Exchange,
    pub(super) described: Result<Discovery, String>,
    pub(super) offers: Vec<Offer>,
    pub(super) trials: Vec<Trial>,
    pub(super) probe: Option<Probe>,
    /// The login of the user who was given.
    pub(super) login: Option<Answered>,
    /// Answers to requests that a service cannot answer but with a fault.
    pub(super) faults: Vec<Answered>,
    /// The plain request in SOAP 1.2, where the probe is in 1.1 and both are offered.
    pub(super) second: Option<Answered>,
    /// Were plain requests cut short, since the time for them was used up?
    pub(super) is_cut: bool,
    /// Does the service answer `diagnostic=echo` (wsdl/SAMPLE.md) with what it was given?
    pub(super) echoes: bool,
}

impl Kit {
    pub(super) fn new(suite: &Suite, upstream: Upstream, url: &crate::http::url::Url) -> Self {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut shell = suite.shell.clone();
        shell.max_time = suite.answer_timeout;
        shell.query = !query.is_empty();
        let secrets =
            [&suite.subject.password, &suite.user.as_ref().and_then(|u| u.password.clone())];
        let mask = Mask::new(secrets.into_iter().flatten());
        let page = Message::bare("GET", format!("{}?WSDL", url.path()));
        Self {
            origin: upstream.shown.clone(),
            upstream,
            target: format!("{}{query}", url.path()),
            within: suite.answer_timeout,
            mask,
            shell,
            password: suite.subject.password.clone(),
            user: suite.user.clone(),
            allow_changes: suite.allow_changes,
            page: Exchange { sent: page, got: Err(String::new()), took: Duration::ZERO },
            described: Err("the WSDL was not asked for".to_owned()),
            offers: Vec::new(),
            trials: Vec::new(),
            probe: None,
            login: None,
            faults: Vec::new(),
            second: None,
            is_cut: true,
            echoes: false,
        }
    }

    /// Looks at the service: its description, then plain requests.
    pub(super) async fn look(&mut self, suite: &Suite) {
        self.page = self.exchange(self.page.sent.clone()).await;
        self.described = match &self.page.got {
            Ok(_) => {
                let discovery = suite.subject.builder(self.within).discover().await;
                discovery.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.clone()),
        };
        self.offers = offers(suite, self.described.as_ref().ok());
        self.try_operations().await;
        self.choose().await;
        if let Some(probe) = &self.probe
            && probe.soap == SoapVersion::V11
            && let Ok(message) = self.plain(SoapVersion::V12)
        {
            self.second = Some(self.ask(message).await);
        }
        self.listen().await;
        if let Ok((_, message)) = self.request(Authenticate::NAME, Needs::Password) {
            self.login = Some(self.ask(message).await);
        }
        self.provoke().await;
    }

    /// Every answer to a plain request.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Answered> {
        let trials = self.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong]));
        let plain = self.probe.as_ref().map(|probe| &probe.plain);
        trials.chain(&self.second).chain(plain).chain(&self.login)
    }

    /// A variable that has no value, no inputs at all, an operation that no service has.
    async fn provoke(&mut self) {
        let Ok(plain) = self.plain_of_probe() else { return };
        let (mut variable, mut inputs, mut unknown) = (plain.clone(), plain.clone(), plain);
        variable.add("<string>conform</string>");
        inputs.element("inputs", "");
        unknown.ask_for_nothing();
        for message in [variable, inputs, unknown] {
            let answered = self.ask(message).await;
            self.faults.push(answered);
        }
    }

    /// Calls the operations that only read, with ours and with a wrong password.
    async fn try_operations(&mut self) {
        let (mut silent, mut missing) = (usize::from(self.page.got.is_err()), Vec::new());
        let mut candidates: Vec<usize> = (0..self.offers.len())
            .filter(|at| self.offers[*at].info.side_effect == SideEffect::ReadOnly)
            .collect();
        // Looking a cookie or a form up touches less than a login that fails.
        candidates.sort_by_key(|at| self.offers[*at].info.name == Authenticate::NAME);
        if candidates.is_empty() && self.allow_changes {
            candidates = (0..self.offers.len()).collect();
        }
        for at in candidates {
            let mut trial: Option<Trial> = None;
            for binding in &self.offers[at].bindings {
                // The first version in which something is said will do.
                let tried = self.try_operation(self.offers[at].info, binding).await;
                let Some(tried) = tried else { continue };
                silent += usize::from(matches!(tried.wrong.reading, Reading::Silence(_)));
                let is_soap = matches!(tried.wrong.reading, Reading::Result(_) | Reading::Fault(_));
                if trial.is_none() || is_soap {
                    trial = Some(tried);
                }
                if is_soap || silent == SILENT {
                    break;
                }
            }
            let Some(trial) = trial else { continue };
            // Without a WSDL it is not known which operations there are.
            let is_missing = self.described.is_err()
                && matches!(&trial.wrong.reading, Reading::Fault(fault)
                    if crate::client::remedy::is_unknown_action(&fault.reason));
            match is_missing {
                true => missing.push(trial.info.name),
                false => self.trials.push(trial),
            }
            // The others would hang as well, and eat up the time.
            if silent == SILENT {
                break;
            }
        }
        self.is_cut = false;
        self.offers.retain(|offer| !missing.contains(&offer.info.name));
    }

    async fn try_operation(
        &self,
        info: &'static OperationInfo,
        binding: &Binding,
    ) -> Option<Trial> {
        let message = |wrong| Message::plain(&self.target, info, binding, wrong).ok();
        let wrong = self.ask(message(Some(WRONG))?).await;
        let ours = match (&self.password, &wrong.reading) {
            (None, _) | (_, Reading::Silence(_)) => None,
            _ => Some(self.ask(message(None)?).await),
        };
        Some(Trial { info, ours, wrong })
    }

    /// Which operation to vary: one whose answer tells the password from a wrong one, if there is any.
    async fn choose(&mut self) {
        let tells = |trial: &Trial| {
            let ours = trial.ours.as_ref().and_then(|ours| ours.reading.gist());
            ours.is_some() && ours != trial.wrong.reading.gist()
        };
        let chosen = self.trials.iter().position(tells);
        if chosen.is_none() && self.try_user().await {
            return;
        }
        let first = || self.trials.iter().position(|trial| trial.wrong.reading.result().is_some());
        let Some(trial) = chosen.or_else(first).map(|at| &self.trials[at]) else { return };
        let plain = trial.ours.as_ref().filter(|ours| ours.reading.result().is_some());
        let plain = plain.unwrap_or(&trial.wrong).clone();
        let Some(offer) = self.offers.iter().position(|o| o.info.name == trial.info.name) else {
            return;
        };
        let (soap, wrong) = (plain.exchange.sent.soap, trial.wrong.clone());
        let again = self.ask(plain.exchange.sent.clone()).await;
        let wavers = again.reading.gist() != plain.reading.gist();
        let tells = chosen.is_some();
        self.probe = Some(Probe { offer, soap, as_user: false, tells, plain, wrong, wavers });
    }

    /// Of a service that says no to everybody, the answer about the user tells.
    async fn try_user(&mut self) -> bool {
        let offer = self.offers.iter().position(|o| o.info.name == Authenticate::NAME);
        let (Some(offer), Some(_), Some(user)) = (offer, &self.password, &self.user) else {
            return false;
        };
        let Some(trial) = self.trials.iter().find(|t| t.info.name == Authenticate::NAME) else {
            return false;
        };
        let mut message = trial.wrong.exchange.sent.clone();
        message.set("loginUsername", &user.name);
        message.set("loginPassword", &PASSWORD.to_string());
        let wrong = self.ask(message.clone()).await;
        message.set("authPW", &AUTH.to_string());
        let plain = self.ask(message).await;
        if plain.reading.gist().is_none() || plain.reading.gist() == wrong.reading.gist() {
            return false;
        }
        let soap = plain.exchange.sent.soap;
        self.probe =
            Some(Probe { offer, soap, as_user: true, tells: true, plain, wrong, wavers: true });
        true
    }

    /// Does the service echo?
    async fn listen(&mut self) {
        let Ok(mut message) = self.plain_of_probe() else { return };
        message.add(ECHO);
        let answered = self.ask(message).await;
        self.echoes = answered.reading.result().is_some_and(|result| {
            super::reading::outputs(result).contains(&("diagnostic", "echo"))
        });
    }

    /// The plain request in the version that the probe speaks.
    pub(super) fn plain_of_probe(&self) -> Result<Message, Miss> {
        let probe = self.probe()?;
        self.plain(probe.soap)
    }

    /// The operation to vary.
    pub(super) fn probe(&self) -> Result<&Probe, Miss> {
        self.probe.as_ref().ok_or_else(|| Miss::skipped(self.no_probe()))
    }

    pub(super) fn no_probe(&self) -> &'static str {
        match (self.offers.is_empty(), self.trials.is_empty(), self.allow_changes) {
            (true, ..) => "no operation of the contract was found",
            (_, true, false) => {
                "no operation was found that only reads (--allow-changes calls the others)"
            }
            _ => "the plain request is not answered (group 2)",
        }
    }

    /// The plain request of the probe.
    pub(super) fn plain(&self, soap: SoapVersion) -> Result<Message, Miss> {
        let probe = self.probe()?;
        let offer = &self.offers[probe.offer];
        let Some(binding) = offer.bindings.iter().find(|binding| binding.version() == soap) else {
            return Err(Miss::skipped(format!("the WSDL offers no SOAP {soap}")));
        };
        let mut message = self.message(offer.info, binding)?;
        if let (true, Some(user)) = (probe.as_user, &self.user) {
            message.set("loginUsername", &user.name);
            message.set("loginPassword", &PASSWORD.to_string());
        }
        Ok(message)
    }

    /// An operation's request about nobody, with our password if there is one.
    pub(super) fn message(
        &self,
        info: &'static OperationInfo,
        binding: &Binding,
    ) -> Result<Message, Miss> {
        let wrong = self.password.is_none().then_some(WRONG);
        let message = Message::plain(&self.target, info, binding, wrong);
        message.map_err(|error| Miss::skipped(error.to_string()))
    }

    /// Sends a message.
    pub(super) async fn exchange(&self, message: Message) -> Exchange {
        let body = message.bytes(|mark| self.secret(mark));
        let sender = Sender { upstream: &self.upstream, within: self.within };
        sender.exchange(message, &body).await
    }

    /// Sends a message, and reads the answer.
    pub(super) async fn ask(&self, message: Message) -> Answered {
        let exchange = self.exchange(message).await;
        let reading = self.read(&exchange);
        Answered { exchange, reading }
    }

    pub(super) fn read(&self, exchange: &Exchange) -> Reading {
        match &exchange.got {
            Ok(got) => self.read_response(&exchange.sent, &got.response),
            Err(error) => Reading::Silence(error.clone()),
        }
    }

    fn read_response(&self, sent: &Message, response: &HttpResponse) -> Reading {
        let binding = self.binding(sent.operation, sent.soap).cloned().unwrap_or_default();
        Reading::of(&binding, sent.operation, response, &self.mask)
    }

    /// How an operation is called in a version, or in another.
    pub(super) fn binding(&self, operation: &str, soap: SoapVersion) -> Option<&Binding> {
        let offer = self.offers.iter().find(|offer| offer.info.name == operation)?;
        let exact = offer.bindings.iter().find(|binding| binding.version() == soap);
        exact.or(offer.bindings.first())
    }

    pub(super) fn secret(&self, mark: char) -> String {
        let auth = self.password.as_ref().map(Secret::expose).unwrap_or_default();
        let swap = |c: char| match c.is_ascii_uppercase() {
            true => c.to_ascii_lowercase(),
            false => c.to_ascii_uppercase(),
        };
        match mark {
            AUTH_SWAPPED => auth.chars().map(swap).collect(),
            AUTH_CUT => auth.chars().take(auth.chars().count().saturating_sub(1)).collect(),
            PASSWORD => {
                let user = self.user.as_ref().and_then(|user| user.password.as_ref());
                user.map(Secret::expose).unwrap_or_default().to_owned()
            }
            _ => auth.to_owned(),
        }
    }

    /// Is the answer the plain one?
    pub(super) fn is_plain(&self, reading: &Reading) -> bool {
        let Some(probe) = &self.probe else { return false };
        self.is_like(&probe.plain.reading, reading)
    }

    /// Do two answers say the same?
    pub(super) fn is_like(&self, one: &Reading, other: &Reading) -> bool {
        let wavers = self.probe.as_ref().is_some_and(|probe| probe.wavers);
        match (one.gist(), other.gist()) {
            (Some(one), Some(other)) if wavers => one.is_nearly(&other),
            (Some(one), Some(other)) => Gist::eq(&one, &other),
            _ => false,
        }
    }
}
