//! What all cases share: the way to the service, what it says of itself, and how it answers plain
//! requests.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::judgement::Miss;
use super::message::{AUTH, AUTH_CUT, AUTH_SWAPPED, Message, PASSWORD, REGISTRATION, SECRETS};
use super::offer::Offer;
use super::reading::{Gist, Reading};
use super::wire::{Exchange, Sender};
use super::{Shell, Suite, User};
use crate::client::Discovery;
use crate::contract::{OperationInfo, SideEffect};
use crate::http::HttpResponse;
use crate::http::url::Url;
use crate::record::upstream::Upstream;
use crate::secret::{Mask, Secret};
use crate::soap::{Binding, SoapVersion};

/// What is shorter could stand anywhere by chance.
pub(super) const SHORTEST: usize = 6;

/// A web service password that is not the service's.
pub(super) const WRONG: &str = "not-the-web-service-password";

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

/// The operation whose plain request the cases vary: one that only reads.
pub(super) struct Probe {
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

impl Probe {
    /// The version in which it is asked.
    pub(super) fn soap(&self) -> SoapVersion {
        self.plain.exchange.sent.soap
    }
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
    /// The login of the user who was given, tried once.
    pub(super) login: Option<Answered>,
    /// The name that is registered, which no other run has; much can go wrong in it.
    pub(super) registered: String,
    /// His password, which nobody knows.
    registration: Secret,
    /// Was there no time to look at all of the service?
    pub(super) is_cut: bool,
    /// Answers to requests that a service cannot answer but with a fault.
    pub(super) faults: Vec<Answered>,
    /// The plain request in SOAP 1.2, where the probe is in 1.1 and both are offered.
    pub(super) second: Option<Answered>,
    /// Does the service answer `diagnostic=echo` (wsdl/SAMPLE.md) with what it was given?
    pub(super) echoes: bool,
}

impl Kit {
    pub(super) fn new(suite: &Suite, upstream: Upstream, url: &Url) -> Self {
        let mut shell = suite.shell.clone();
        shell.max_time = suite.answer_timeout;
        let registration = Secret::new(format!("{:016x}{:016x}", random(), random()));
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let page = Message::bare("GET", format!("{}?WSDL", url.path()));
        let mut kit = Self {
            origin: upstream.shown.clone(),
            upstream,
            target,
            within: suite.answer_timeout,
            mask: Mask::default(),
            shell,
            password: suite.subject.password.clone(),
            user: suite.user.clone(),
            allow_changes: suite.allow_changes,
            page: Exchange { sent: page, got: Err(String::new()) },
            described: Err("the WSDL was not asked for".to_owned()),
            offers: Vec::new(),
            trials: Vec::new(),
            probe: None,
            login: None,
            registered: format!("conform a=b & <c> \u{e9}\u{1f600} {:016x}", random()),
            registration,
            is_cut: false,
            faults: Vec::new(),
            second: None,
            echoes: false,
        };
        // What is made of a password may give it away, and a query may be a key.
        let made = SECRETS.map(|mark| kit.secret(mark));
        let long = made.into_iter().filter(|secret| secret.chars().count() >= SHORTEST);
        let query = url.query().filter(|query| query.contains('=')).map(str::to_owned);
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let values = values.filter(|value| value.chars().count() >= SHORTEST);
        let given = [AUTH, PASSWORD].map(|mark| kit.secret(mark));
        let all = long.chain(query).chain(values).chain(given).filter(|secret| !secret.is_empty());
        let all: Vec<Secret> = all.map(Secret::new).collect();
        kit.mask = Mask::new(&all);
        kit
    }

    /// Every answer to a plain request.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Answered> {
        let trials = self.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong]));
        let plain = self.probe.as_ref().map(|probe| &probe.plain);
        trials.chain(&self.second).chain(plain).chain(&self.login)
    }

    /// The plain request in the version that the probe speaks.
    pub(super) fn plain_of_probe(&self) -> Result<Message, Miss> {
        self.plain(self.probe()?.soap())
    }

    /// The operation to vary.
    pub(super) fn probe(&self) -> Result<&Probe, Miss> {
        self.probe.as_ref().ok_or_else(|| Miss::skipped(self.no_probe()))
    }

    pub(super) fn no_probe(&self) -> &'static str {
        match (self.offers.is_empty(), self.has_readers(), self.allow_changes) {
            (true, ..) => "no operation of the contract was found",
            (_, true, _) => "the plain request is not answered (group 2)",
            (_, _, true) => {
                "no operation was found that only reads, and one that changes something is not asked again and again"
            }
            _ => {
                "no operation was found that only reads (--allow-changes asks the others, a few times each)"
            }
        }
    }

    /// Has the service operations that only read?
    pub(super) fn has_readers(&self) -> bool {
        self.offers.iter().any(|offer| offer.info.side_effect == SideEffect::ReadOnly)
    }

    /// The plain request of the probe.
    pub(super) fn plain(&self, soap: SoapVersion) -> Result<Message, Miss> {
        let probe = self.probe()?;
        let operation = probe.plain.exchange.sent.operation;
        let offer = self.offers.iter().find(|offer| offer.info.name == operation);
        let found = offer.and_then(|offer| {
            Some((offer, offer.bindings.iter().find(|binding| binding.version() == soap)?))
        });
        let Some((offer, binding)) = found else {
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
            REGISTRATION => self.registration.expose().to_owned(),
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
            _ => match (one, other) {
                (Reading::Fault(one), Reading::Fault(other)) => one.code == other.code,
                _ => false,
            },
        }
    }
}

/// Another number in each run and each time.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
