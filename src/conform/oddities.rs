//! Ways in which real providers are odd: named, and not held against the password
//! (wsdl/CONTRACT.md, section 3).

use super::kit::{Answered, Kit, Trial};
use super::reading::{Reading, outputs, verdict};
use crate::contract::{Authenticate, Operation as _, OperationInfo, SideEffect, Verdict};
use crate::report::Finding;

/// The oddities of a service.
pub(super) fn of(kit: &Kit) -> Vec<Finding> {
    let mut found = Vec::new();
    let names = |is: &dyn Fn(&&Trial) -> bool| {
        let names: Vec<&str> = kit.trials.iter().filter(is).map(|trial| trial.info.name).collect();
        names.join(" and ")
    };
    let alike = names(&|trial| kit.is_unproven(trial));
    if !alike.is_empty() {
        let text = format!(
            "{alike} answers no to a wrong web service password in the same words as to the right one: it proves no password"
        );
        found.push(Finding::note("password-unproven", text).remedy(
            "answer Success=false, \"Permission Denied\" to a wrong password; for now give a user (--user, --password)",
        ));
    }
    let (accepting, refusing) =
        (names(&|trial| kit.accepts(trial)), names(&|trial| refuses(trial)));
    if !accepting.is_empty() && !refusing.is_empty() {
        let text = format!("the password is accepted by {accepting}, and refused by {refusing}");
        found.push(
            Finding::note("password-per-operation", text)
                .remedy("the service has a password for each operation: run the kit with each"),
        );
    }
    let failing = names(&|trial| fails(trial) || breaks(trial));
    if !failing.is_empty() {
        let text = format!("{failing} answers a plain request with a fault");
        found.push(
            Finding::note("always-faults", text)
                .remedy("its code fails before it can say anything: look at the service's log"),
        );
    }
    let nobody = kit.trials.iter().find(|trial| trial.info.name == Authenticate::NAME);
    let nobody = nobody.map(|trial| trial.ours.as_ref().unwrap_or(&trial.wrong));
    if let Some(login) = kit.login.as_ref().or(nobody).filter(|login| kit.is_no(login)) {
        let who =
            if kit.login.is_some() { "the user is refused" } else { "only nobody was refused" };
        let words = login.reading.words(&kit.mask);
        let text = format!(
            "no login was proven, {who} ({words}): a directory that is down is answered as a wrong password is"
        );
        let remedy = "give a user who exists (--user, --password); if he was given, look at his password and at the directory";
        found.push(Finding::note("login-unproven", text).remedy(remedy));
    }
    let is_long =
        |reading: &Reading| matches!(reading, Reading::Fault(fault) if has_stack(&fault.reason));
    if kit.answers().chain(&kit.faults).any(|answered| is_long(&answered.reading)) {
        let text = "faults carry exception type and stack over many lines (customErrors Off)";
        found.push(
            Finding::note("custom-errors-off", text).remedy(
                "set customErrors to RemoteOnly or On: what is in a stack is not for callers",
            ),
        );
    }
    found
}

/// Does a fault's reason hold more than a line?
pub(super) fn has_stack(reason: &str) -> bool {
    reason.trim().contains('\n')
}

fn refuses(trial: &Trial) -> bool {
    trial.ours.as_ref().is_some_and(|ours| ours.reading.is_denial())
}

/// Whatever the password, a fault is the answer.
pub(super) fn fails(trial: &Trial) -> bool {
    let is_fault = |reading: &Reading| matches!(reading, Reading::Fault(_));
    is_fault(&trial.wrong.reading) && trial.ours.as_ref().is_none_or(|ours| is_fault(&ours.reading))
}

/// The right password is answered with a fault.
fn breaks(trial: &Trial) -> bool {
    matches!(&trial.ours, Some(ours) if matches!(ours.reading, Reading::Fault(_)))
}

impl Kit {
    /// What an answer comes down to; `None` where it cannot be read, or is of another operation.
    fn verdict(&self, Answered { exchange, reading }: &Answered) -> Option<Verdict> {
        let (got, result) = (exchange.got.as_ref().ok()?, reading.result()?);
        let info = OperationInfo::named(exchange.sent.operation)?;
        let binding = self.binding(info.name, exchange.sent.soap)?;
        let verdict = verdict(info, binding, &got.response, &self.mask).ok()??;
        // Options may hold anything: one that says no to all says so here, too.
        let is_own = |(key, _): (&str, &str)| info.outputs.contains(&key);
        let has_items =
            result.custom_field_data_items.as_ref().value().is_some_and(|i| !i.is_empty());
        let is_said =
            info.outputs.is_empty() || has_items || outputs(result).into_iter().any(is_own);
        Some(if is_said { verdict } else { Verdict::Refused })
    }

    /// Does an answer let somebody in, or do what was asked?
    pub(super) fn is_yes(&self, answered: &Answered) -> bool {
        matches!(self.verdict(answered), Some(Verdict::Yes(_)))
    }

    /// Does it say no, though the call succeeded?
    fn is_no(&self, answered: &Answered) -> bool {
        matches!(self.verdict(answered), Some(Verdict::Refused | Verdict::No(_)))
    }

    /// Is ours answered otherwise than a wrong one, and not refused?
    pub(super) fn accepts(&self, trial: &Trial) -> bool {
        let Some(ours) = &trial.ours else { return false };
        ours.reading.result().is_some()
            && !ours.reading.is_denial()
            && !self.is_like(&ours.reading, &trial.wrong.reading)
    }

    /// Is the web service password that was given refused by all that answer to it?
    pub(super) fn is_refused(&self) -> bool {
        let only_reads = |trial: &&Trial| trial.info.side_effect == SideEffect::ReadOnly;
        let judged = || self.trials.iter().filter(only_reads);
        judged().any(refuses) && !judged().any(|trial| self.accepts(trial))
    }

    /// Does it say no to a wrong password as to the right one?
    pub(super) fn is_unproven(&self, trial: &Trial) -> bool {
        let alike = |ours: &Answered| self.is_like(&ours.reading, &trial.wrong.reading);
        trial.ours.as_ref().is_none_or(alike) && self.is_no(&trial.wrong)
    }
}
