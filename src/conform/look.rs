//! What a service is looked at by before the cases are carried out: its description, and how it answers
//! plain requests.

use super::kit::{Kit, Probe, Trial, WRONG};
use super::message::{ECHO, Message, PASSWORD, REGISTRATION};
use super::offer::{Offer, offers};
use super::reading::{Reading, outputs};
use super::{Case, Suite};
use crate::contract::{
    Authenticate, Operation as _, OperationInfo, RegisterUser, SideEffect, StartChat, StartTicket,
};
use crate::soap::{Binding, SoapVersion};

/// After so many requests that are not answered no other is sent to see what there is.
const SILENT: usize = 2;

impl Kit {
    /// Looks at as much of the service as the cases need that are selected.
    pub(super) async fn look(&mut self, suite: &Suite, selected: &[&Case]) {
        let needs = |groups: &[u8]| selected.iter().any(|case| groups.contains(&case.number.group));
        self.page = self.exchange(self.page.sent.clone()).await;
        self.described = match &self.page.got {
            Ok(_) => {
                let discovery = suite.subject.builder(self.within).discover().await;
                discovery.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.clone()),
        };
        self.offers = offers(suite, self.described.as_ref().ok());
        if selected.iter().all(|case| case.number.group == 1) {
            return;
        }
        self.try_operations().await;
        if needs(&[3, 8, 10, 14]) || !self.trials.iter().any(tells) {
            self.log_in().await;
        }
        self.choose().await;
        if let Some(probe) = &self.probe
            && probe.soap() == SoapVersion::V11
            && let Ok(message) = self.plain(SoapVersion::V12)
        {
            let second = self.ask(message).await;
            // Only a WSDL tells that SOAP 1.2 is offered; a provider that has none may well speak 1.1 alone.
            if self.described.is_ok() || self.is_plain(&second.reading) {
                self.second = Some(second);
            }
        }
        if needs(&[8]) {
            self.listen().await;
        }
        if needs(&[11]) {
            self.provoke().await;
        }
        if self.allow_changes && needs(&[2, 3, 10, 16, 17, 18, 19, 20]) {
            self.try_changes().await;
        }
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
                if is_soap || silent >= SILENT {
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
            if silent >= SILENT {
                break;
            }
        }
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

    /// Logs the user in, once: where he is refused, he is not asked about again.
    async fn log_in(&mut self) {
        let trial = self.trials.iter().find(|trial| trial.info.name == Authenticate::NAME);
        let ours = trial.and_then(|trial| trial.ours.as_ref());
        let ours = ours.filter(|a| a.reading.result().is_some() && !a.reading.is_denial());
        let user = self.user.as_ref().filter(|user| user.password.is_some());
        let (Some(ours), Some(user)) = (ours, user) else { return };
        let mut message = ours.exchange.sent.clone();
        message.set("loginUsername", &user.name);
        message.set("loginPassword", &PASSWORD.to_string());
        self.login = Some(self.ask(message).await);
    }

    /// Which operation to vary: one whose answer tells the password from a wrong one, if there is any.
    async fn choose(&mut self) {
        let chosen = self.trials.iter().position(tells);
        if chosen.is_none() && self.try_user().await {
            return;
        }
        let first = || self.trials.iter().position(|trial| trial.wrong.reading.result().is_some());
        let Some(trial) = chosen.or_else(first).map(|at| &self.trials[at]) else { return };
        let plain = trial.ours.as_ref().filter(|ours| ours.reading.result().is_some());
        let plain = plain.unwrap_or(&trial.wrong).clone();
        let wrong = trial.wrong.clone();
        let again = self.ask(plain.exchange.sent.clone()).await;
        let wavers = again.reading.gist() != plain.reading.gist();
        let tells = chosen.is_some();
        self.probe = Some(Probe { as_user: false, tells, plain, wrong, wavers });
    }

    /// Of a service that says no to everybody, the answer about the user tells.
    async fn try_user(&mut self) -> bool {
        let Some(plain) = self.login.clone().filter(|login| self.is_yes(login)) else {
            return false;
        };
        let mut message = plain.exchange.sent.clone();
        message.set("authPW", WRONG);
        let wrong = self.ask(message).await;
        let tells = plain.reading.gist() != wrong.reading.gist();
        if tells {
            self.probe = Some(Probe { as_user: true, tells, plain, wrong, wavers: true });
        }
        tells
    }

    /// Asks each operation that changes something, once with a wrong password and once with ours.
    async fn try_changes(&mut self) {
        if self.probe.is_none() && self.has_readers() {
            return;
        }
        for at in 0..self.offers.len() {
            let Offer { info, bindings } = &self.offers[at];
            let (Some(binding), Some(_)) = (bindings.first(), &self.password) else { return };
            if info.side_effect != SideEffect::Mutating {
                continue;
            }
            let Ok(mut message) = self.message(info, binding) else { continue };
            match info.name {
                StartTicket::NAME | StartChat::NAME => message.started_by("loginUsername"),
                RegisterUser::NAME => {
                    message.set("loginUsername", &self.registered);
                    message.set("loginPassword", &REGISTRATION.to_string());
                }
                _ => {}
            }
            let info = *info;
            let mut wrong = message.clone();
            wrong.set("authPW", WRONG);
            let wrong = self.ask(wrong).await;
            let ours = match wrong.reading {
                Reading::Silence(_) => None,
                _ => Some(self.ask(message).await),
            };
            self.trials.push(Trial { info, ours, wrong });
        }
    }

    /// Does the service echo?
    async fn listen(&mut self) {
        let Ok(mut message) = self.plain_of_probe() else { return };
        message.add(ECHO);
        let answered = self.ask(message).await;
        self.echoes = answered
            .reading
            .result()
            .is_some_and(|result| outputs(result).contains(&("diagnostic", "echo")));
    }
}

/// Does its answer tell the password from a wrong one?
fn tells(trial: &Trial) -> bool {
    let ours = trial.ours.as_ref().and_then(|ours| ours.reading.gist());
    ours.is_some() && ours != trial.wrong.reading.gist()
}
