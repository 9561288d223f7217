//! What all cases share: the way to the service, what it says of itself, and how it answers plain
//! requests.

use std::time::Duration;

use super::judgement::Miss;
use super::message::{AUTH_CUT, AUTH_SWAPPED, Message, PASSWORD};
use super::offer::Offer;
use super::reading::{Gist, Reading};
use super::wire::{Exchange, Sender};
use super::{Shell, Suite, User};
use crate::client::Discovery;
use crate::contract::OperationInfo;
use crate::http::HttpResponse;
use crate::record::upstream::Upstream;
use crate::secret::{Mask, Secret};
use crate::soap::{Binding, SoapVersion};

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

    /// Every answer to a plain request.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Answered> {
        let trials = self.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong]));
        let plain = self.probe.as_ref().map(|probe| &probe.plain);
        trials.chain(&self.second).chain(plain).chain(&self.login)
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
