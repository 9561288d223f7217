//! Is the password asked for and accepted? By calls that change nothing, unless told.

use std::time::{Duration, Instant};

use super::asked::{Said, Unanswered, ask};
use super::subject::Subject;
use crate::client::{Client, Discovery};
use crate::contract::{
    Authenticate, GetSignInCookieInfo, Kind, OPERATIONS, Operation as _, OperationInfo, SideEffect,
};
use crate::report::{Finding, Step};

/// Is the password asked for, and is ours accepted?
pub(super) struct PasswordCheck<'p> {
    pub(super) subject: &'p Subject,
    pub(super) discovery: Option<&'p Discovery>,
    pub(super) client: &'p Client,
    pub(super) wrong: &'p Client,
    pub(super) namespace: &'p str,
    pub(super) allow_changes: bool,
    /// How long all calls may take together.
    pub(super) within: Duration,
}

/// Which operations to ask.
struct Asked {
    operations: Vec<&'static OperationInfo>,
    /// The operation whose password it is, if it is not asked since it changes something.
    instead_of: Option<&'static str>,
}

/// What became of the operations, by their names.
#[derive(Default)]
struct Tally {
    /// Any password is accepted.
    open: Vec<&'static str>,
    /// Ours is accepted, a wrong one is not.
    accepted: Vec<&'static str>,
    /// What was said to ours, where it was a failure.
    accepted_with: Option<String>,
    /// What was said to a login that nobody could make.
    no_login: Option<String>,
    refused: Vec<&'static str>,
    /// A wrong one is refused, and there is none of ours.
    untried: Vec<&'static str>,
    /// Ours and a wrong one are answered alike.
    alike: Vec<(&'static str, String)>,
    failing: Vec<&'static str>,
}

impl PasswordCheck<'_> {
    pub(super) async fn run(&self) -> Step {
        let Asked { operations, instead_of } = match self.operations() {
            Ok(asked) => asked,
            Err(why) => return Step::not_checked("password", why),
        };
        // Until ours was tried, nothing is passed: the step is not checked, or as bad as a finding.
        let mut step = Step::not_checked("password", "");
        let (mut tally, mut absent) = (Tally::default(), None);
        let url = self.subject.shown_url();
        let (started, mut longest) = (Instant::now(), Duration::ZERO);
        for info in operations {
            // The first is asked in any case; the others where there is time for as slow answers.
            if !longest.is_zero() && started.elapsed() + longest > self.within {
                step.details.push(format!("{}: not asked, there is no time left", info.name));
                continue;
            }
            let begun = Instant::now();
            let answers = self.both(info, &mut step).await;
            longest = longest.max(begun.elapsed());
            match answers {
                Ok((wrong, ours)) => judge((info.name, &url), &wrong, ours, &mut step, &mut tally),
                // Of the login kind one operation may be missing.
                Err(Unanswered::UnknownOperation(finding)) => {
                    absent.get_or_insert((info.name, finding));
                }
                Err(Unanswered::Trouble(finding)) => {
                    step.text = format!("{} cannot be called", info.name);
                    step.add(finding);
                    return step;
                }
            }
        }
        if let Some((name, finding)) = absent {
            if tally.is_empty() {
                step.text = format!("{name} cannot be called");
                step.add(finding);
                return step;
            }
            step.details.push(format!("{name}: there is no such operation"));
        }
        self.sum_up(&mut step, &tally, instead_of);
        step
    }

    /// The answers to a wrong password and to ours, if there is one.
    async fn both(
        &self,
        info: &'static OperationInfo,
        step: &mut Step,
    ) -> Result<(Said, Option<Said>), Unanswered> {
        let started = Instant::now();
        let wrong = ask(self.wrong, info, self.namespace).await?;
        if step.milliseconds.is_none() {
            step.milliseconds = Step::new("", "").took(started.elapsed()).milliseconds;
        }
        let ours = match self.subject.password {
            Some(_) => Some(ask(self.client, info, self.namespace).await?),
            None => None,
        };
        Ok((wrong, ours))
    }

    fn sum_up(&self, step: &mut Step, tally: &Tally, instead_of: Option<&'static str>) {
        let Tally { open, accepted, refused, untried, alike, failing, .. } = tally;
        if !open.is_empty() {
            step.text = "any password is accepted".to_owned();
            if self.subject.password.is_some() {
                step.pass("any password is accepted");
            }
        } else if !accepted.is_empty() && !refused.is_empty() {
            step.pass(format!(
                "ours is accepted by {}, and refused by {}",
                accepted.join(" and "),
                refused.join(" and ")
            ));
            step.add(self.per_operation(&step.text));
        } else if !refused.is_empty() {
            step.text = "ours is refused".to_owned();
            step.add(wrong_password(refused, instead_of));
        } else if !accepted.is_empty() {
            step.pass(match (&tally.accepted_with, alike.is_empty() && failing.is_empty()) {
                (Some(message), _) => {
                    format!("ours is accepted ({} answers \"{message}\")", accepted[0])
                }
                (None, true) => "ours is accepted, a wrong one is refused".to_owned(),
                (None, false) => {
                    format!(
                        "ours is accepted by {}, a wrong one is refused",
                        accepted.join(" and ")
                    )
                }
            });
            if let (Some(words), None) = (&tally.no_login, instead_of) {
                step.add(no_login(words, &self.subject.shown_url()));
            }
            if let Some(name) = instead_of {
                step.details.push(format!(
                    "{name} itself was not asked, since it changes something (--allow-changes)"
                ));
            }
        } else if !untried.is_empty() {
            step.text = "there is none of ours to try; a wrong one is refused".to_owned();
        } else if let Some((_, message)) = alike.first() {
            step.text = match self.subject.password {
                Some(_) => format!("ours is answered as a wrong one is: \"{message}\""),
                None => {
                    format!("there is none of ours to try; a wrong one is answered \"{message}\"")
                }
            };
        } else {
            step.text = format!("{} fails", failing.join(" and "));
        }
    }

    /// A provider that compares each operation's password with another.
    fn per_operation(&self, text: &str) -> Finding {
        let finding = Finding::new("password-per-operation", text);
        let remedy = "the service has a password for each operation: set that of each tab's operation in its section; where operations of one kind differ, let the service compare one";
        // Of several kinds each tab has its own.
        match self.subject.kind {
            Some(_) => finding.remedy(remedy),
            None => finding.at_most_warning().remedy(remedy),
        }
    }

    /// The operations to ask: those that only read, of the kind that is looked at; else one that
    /// reads of any other kind, since most services have one password.
    fn operations(&self) -> Result<Asked, String> {
        let there = |info: &&OperationInfo| match self.discovery {
            Some(discovery) => discovery
                .find
                .named(info.name)
                .is_some_and(|found| found.namespace == self.namespace),
            None => self.subject.kind.is_none_or(|kind| kind == info.kind),
        };
        let of_kind =
            |info: &&OperationInfo| self.subject.kind.is_none_or(|kind| kind == info.kind);
        // Looking a cookie up or a form touches less than a login that fails.
        let mut harmless: Vec<&OperationInfo> = OPERATIONS
            .iter()
            .filter(there)
            .filter(|info| info.side_effect == SideEffect::ReadOnly)
            .collect();
        harmless.sort_by_key(|info| info.name == Authenticate::NAME);
        if self.discovery.is_none() && self.subject.kind.is_none() {
            return Err("without a WSDL it is not known which operations there are".to_owned());
        }
        let operations: Vec<_> = harmless.iter().copied().filter(of_kind).collect();
        if !operations.is_empty() {
            return Ok(Asked { operations, instead_of: None });
        }
        let changing = OPERATIONS.iter().filter(there).find(of_kind);
        match (changing, harmless.first()) {
            (Some(info), _) if self.allow_changes => {
                Ok(Asked { operations: vec![info], instead_of: None })
            }
            (changing, Some(other)) => {
                Ok(Asked { operations: vec![other], instead_of: changing.map(|info| info.name) })
            }
            (Some(info), None) => Err(format!(
                "its only operation, {}, changes something: call it with --allow-changes",
                info.name
            )),
            (None, None) => Err("the service has no operation that could be called".to_owned()),
        }
    }
}

impl Tally {
    fn is_empty(&self) -> bool {
        let Self { open, accepted, refused, untried, alike, failing, .. } = self;
        let lists = [open, accepted, refused, untried, failing];
        lists.iter().all(|list| list.is_empty()) && alike.is_empty()
    }
}

/// What an operation's two answers say together.
fn judge(
    (name, url): (&'static str, &str),
    wrong: &Said,
    ours: Option<Said>,
    step: &mut Step,
    tally: &mut Tally,
) {
    match (wrong, &ours) {
        (Said::Yes, _) => {
            add_once(step, Finding::new(
                "any-password",
                format!("{name}: a wrong password is accepted: anybody can call"),
            ).remedy("let the service compare authPW with its own, and answer Success=false, \"Permission Denied\""));
            return tally.open.push(name);
        }
        (Said::Fault(text), None | Some(Said::Fault(_))) => {
            step.add(always_faults(name, text, ours.is_some()));
            return tally.failing.push(name);
        }
        (Said::No(text), None) => {
            step.add(unproven(name, text, url));
            return tally.alike.push((name, text.clone()));
        }
        (Said::No(text), Some(Said::No(same))) if text == same => {
            step.add(unproven(name, text, url));
            return tally.alike.push((name, text.clone()));
        }
        (Said::Denied, _) => step.details.push(format!("{name}: a wrong password is refused")),
        (Said::No(text) | Said::Declined(text), _) => {
            add_once(step, wrong_refusal(&format!("\"{text}\"")));
        }
        (Said::Fault(text), _) => add_once(step, wrong_refusal(&format!("a fault ({text})"))),
    }
    match ours {
        None => tally.untried.push(name),
        Some(Said::Denied) => tally.refused.push(name),
        Some(Said::Fault(text)) => {
            step.add(
                Finding::new("fault", format!("{name} fails with our password: {text}"))
                    .remedy("the provider's own code failed: look at its log"),
            );
            tally.failing.push(name);
        }
        Some(Said::Declined(text)) if *wrong == Said::Declined(text.clone()) => {
            tally.alike.push((name, text));
        }
        Some(Said::Declined(text)) => {
            tally.accepted.push(name);
            tally.accepted_with.get_or_insert(text);
        }
        Some(Said::No(text)) => {
            tally.accepted.push(name);
            if is_login(name) {
                tally.no_login.get_or_insert(text);
            }
        }
        Some(Said::Yes) => tally.accepted.push(name),
    }
}

fn is_login(name: &str) -> bool {
    OperationInfo::named(name).is_some_and(|info| info.kind == Kind::Login)
}

/// What is true of several operations is said once.
fn add_once(step: &mut Step, finding: Finding) {
    if step.findings.iter().all(|known| known.code != finding.code) {
        step.add(finding);
    }
}

fn wrong_refusal(words: &str) -> Finding {
    let text = format!("a wrong password is answered with {words}, not Permission Denied");
    Finding::warning("wrong-refusal", text).remedy(
        "nobody can tell a wrong password from another failure: answer \"Permission Denied\", before anything else is looked at",
    )
}

/// A provider that answers no to everything, whatever the password.
fn unproven(name: &str, words: &str, url: &str) -> Finding {
    let text = format!(
        "{name} answers \"{words}\" to a wrong password, as to a user who does not exist: it proves no password"
    );
    let remedy = match is_login(name) {
        true => format!(
            "call it with a user who exists ({}), with our password and with a wrong one; the service had better answer \"Permission Denied\" to a wrong one",
            example(name, url)
        ),
        false => "let the service answer Success=false, \"Permission Denied\" to a wrong password, before anything else is looked at".to_owned(),
    };
    Finding::warning("password-unproven", text).remedy(remedy)
}

fn example(name: &str, url: &str) -> String {
    let password = if name == GetSignInCookieInfo::NAME { "" } else { " loginPassword=@FILE" };
    format!("external-providers call {name} loginUsername=NAME{password} --url {url}")
}

/// What a login that nobody could make does not tell.
fn no_login(words: &str, url: &str) -> Finding {
    let text = format!(
        "no login was proven: \"{words}\" is due to a user who does not exist, and is what a directory that is down looks like, too"
    );
    let remedy = format!("try a user who exists: {}", example(Authenticate::NAME, url));
    Finding::note("login-unproven", text).remedy(remedy)
}

fn always_faults(name: &str, words: &str, both: bool) -> Finding {
    let text = match both {
        true => format!("{name} fails whatever the password: {words}"),
        false => format!("{name} fails with a wrong password: {words}"),
    };
    Finding::new("always-faults", text).remedy(
        "its code fails before it can say anything about a password: look at the service's log; until it is mended, leave what needs it switched off",
    )
}

fn wrong_password(refused: &[&str], instead_of: Option<&str>) -> Finding {
    let set = "set the password that the service has (and mind spaces and ends of lines in files)";
    let finding = |text: String| Finding::new("wrong-password", text);
    match instead_of {
        None => finding("the web service password is refused".to_owned()).remedy(set),
        Some(name) => finding(format!(
            "the web service password is refused by {}; {name}, for which it is set, was not asked, since it changes something",
            refused.join(" and ")
        ))
        .remedy(format!(
            "{set}; if the service has another for each operation, --allow-changes asks {name} itself"
        )),
    }
}
