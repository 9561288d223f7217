//! What a service is looked at by before the cases are carried out: its description, and how it answers
//! plain requests.

use super::Suite;
use super::judgement::Needs;
use super::kit::{Kit, Probe, Trial, WRONG};
use super::message::{AUTH, ECHO, Message, PASSWORD};
use super::offer::offers;
use super::reading::Reading;
use crate::contract::{Authenticate, Operation as _, OperationInfo, SideEffect};
use crate::soap::{Binding, SoapVersion};

/// After so many requests that are not answered no other is sent to see what there is.
const SILENT: usize = 2;

impl Kit {
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
}
