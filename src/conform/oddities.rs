//! Ways in which real providers are odd: named, and not held against the password
//! (wsdl/CONTRACT.md, section 3).

use super::kit::{Kit, Trial};
use super::reading::Reading;
use crate::contract::{Authenticate, Operation as _, Verdict};
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
    let failing = names(&|trial| fails(trial));
    if !failing.is_empty() {
        let text = format!("{failing} answers with a fault, whatever the password");
        found.push(
            Finding::note("always-faults", text)
                .remedy("its code fails before it can say anything: look at the service's log"),
        );
    }
    let login = kit.trials.iter().find(|trial| trial.info.name == Authenticate::NAME);
    if let (None, Some(trial)) = (&kit.user, login)
        && kit.says(trial).is_some_and(|verdict| matches!(verdict, Some(Verdict::Refused)))
    {
        let text = "no login was proven: a directory that is down is answered as a wrong password is (Authentication=FAIL)";
        found
            .push(Finding::note("login-unproven", text).remedy("give a user (--user, --password)"));
    }
    let stack = kit.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong]));
    let is_long =
        |reading: &Reading| matches!(reading, Reading::Fault(fault) if has_stack(&fault.reason));
    if stack.into_iter().any(|answered| is_long(&answered.reading)) {
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

impl Kit {
    /// What the answer to a wrong password comes down to; `None` where it cannot be read.
    pub(super) fn says(&self, trial: &Trial) -> Option<Option<Verdict>> {
        let answered = trial.ours.as_ref().unwrap_or(&trial.wrong);
        self.verdict(trial, answered)
    }

    pub(super) fn verdict(
        &self,
        trial: &Trial,
        answered: &super::kit::Answered,
    ) -> Option<Option<Verdict>> {
        let got = answered.exchange.got.as_ref().ok()?;
        let binding = self.binding(trial.info.name, answered.exchange.sent.soap)?;
        super::reading::verdict(trial.info, binding, &got.response, &self.mask).ok()
    }

    /// Is ours answered otherwise than a wrong one, and not refused?
    pub(super) fn accepts(&self, trial: &Trial) -> bool {
        let Some(ours) = &trial.ours else { return false };
        ours.reading.result().is_some()
            && !ours.reading.is_denial()
            && !self.is_like(&ours.reading, &trial.wrong.reading)
    }

    /// Does it say no to a wrong password as to the right one?
    pub(super) fn is_unproven(&self, trial: &Trial) -> bool {
        let no = |verdict| matches!(verdict, Some(Some(Verdict::Refused | Verdict::No(_))));
        let alike =
            trial.ours.as_ref().is_none_or(|o| self.is_like(&o.reading, &trial.wrong.reading));
        alike && no(self.verdict(trial, &trial.wrong))
    }
}
