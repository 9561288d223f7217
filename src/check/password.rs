//! Is the password asked for and accepted? By calls that change nothing, unless told.

use std::time::Instant;

use super::report::{Finding, Step};
use super::subject::Subject;
use super::trouble;
use crate::client::{CallError, Client, Discovery};
use crate::contract::{
    Answer, Authenticate, Effect, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo,
    HandleEvent, Kind, OPERATIONS, Operation, OperationInfo, RegisterUser, StartChat, StartTicket,
};
use crate::secret::Secret;

/// Is the password asked for, and is ours accepted?
pub(super) struct PasswordCheck<'p> {
    pub(super) subject: &'p Subject,
    pub(super) discovery: Option<&'p Discovery>,
    pub(super) client: &'p Client,
    pub(super) wrong: &'p Client,
    pub(super) namespace: &'p str,
    pub(super) allow_changes: bool,
}

impl PasswordCheck<'_> {
    pub(super) async fn run(&self) -> Step {
        let info = match self.operation() {
            Ok(info) => info,
            Err(why) => return Step::not_checked("password", why),
        };
        let started = Instant::now();
        let refused = call_named(self.wrong, info).await;
        let took = started.elapsed();
        // Until ours was tried, nothing is passed: the step is not checked, or as bad as a finding.
        let mut step = Step::not_checked("password", "").took(took);
        match &refused {
            Err(CallError::Failure(failure)) if failure.is_permission_denied() => {
                step.details.push(format!("{}: a wrong password is refused", info.name));
            }
            Err(CallError::Failure(failure)) => {
                let message = failure.message.as_deref().unwrap_or("(no message)");
                let text =
                    format!("a wrong password is answered with \"{message}\", not Permission Denied");
                step.add(Finding::warning("wrong-refusal", text).remedy(
                    "nobody can tell a wrong password from another failure: answer \"Permission Denied\", before anything else is looked at",
                ));
            }
            Ok(()) => step.add(
                Finding::new("any-password", "a wrong password is accepted: anybody can call").remedy(
                    "let the service compare authPW with its own, and answer Success=false, \"Permission Denied\"",
                ),
            ),
            Err(error) => {
                step.add(trouble::call(error, self.namespace));
                step.text = format!("{} cannot be called", info.name);
                return step;
            }
        }
        if self.subject.password.is_none() {
            step.text = match refused {
                Ok(()) => "any password is accepted".to_owned(),
                Err(_) => "there is none of ours to try; a wrong one is refused".to_owned(),
            };
            return step;
        }
        self.right(info, step, &refused).await
    }

    /// The second call, with the password that is set, and what came of the first.
    async fn right(
        &self,
        info: &OperationInfo,
        mut step: Step,
        wrong: &Result<(), CallError>,
    ) -> Step {
        match call_named(self.client, info).await {
            Ok(()) => step.pass(match wrong {
                Ok(()) => "any password is accepted",
                Err(_) => "ours is accepted, a wrong one is refused",
            }),
            Err(CallError::Failure(failure)) if failure.is_permission_denied() => {
                step.text = "ours is refused".to_owned();
                step.add(
                    Finding::new("wrong-password", "the web service password is refused").remedy(
                        "set the password that the service has (and mind spaces and ends of lines in files)",
                    ),
                );
            }
            Err(CallError::Failure(failure)) => {
                let message = failure.message.as_deref().unwrap_or("(no message)");
                let same = matches!(wrong, Err(CallError::Failure(wrong)) if wrong == &failure);
                match same {
                    true => {
                        step.text = format!("ours is answered as a wrong one is: \"{message}\"")
                    }
                    false => {
                        step.pass(format!(
                            "ours is accepted ({} answers \"{message}\")",
                            info.name
                        ));
                    }
                }
            }
            Err(error) => {
                step.text = format!("{} fails", info.name);
                step.add(trouble::call(&error, self.namespace));
            }
        }
        step
    }

    /// The operation to call: one that only reads, of the kind that is looked at or else of any
    /// that the service has, since the password is the service's.
    fn operation(&self) -> Result<&'static OperationInfo, String> {
        let there = |info: &&OperationInfo| match self.discovery {
            Some(discovery) => discovery.find.named(info.name).is_some(),
            None => self.subject.kind.is_none_or(|kind| kind == info.kind),
        };
        let of_kind =
            |info: &&OperationInfo| self.subject.kind.is_none_or(|kind| kind == info.kind);
        let reads = |info: &&OperationInfo| info.effect == Effect::Reads;
        // Looking a cookie up or a form touches less than a login that fails.
        let harmless = || {
            let mut all: Vec<&OperationInfo> =
                OPERATIONS.iter().filter(there).filter(reads).collect();
            all.sort_by_key(|info| info.name == Authenticate::NAME);
            all
        };
        if self.discovery.is_none() && self.subject.kind.is_none() {
            return Err("without a WSDL it is not known which operations there are".to_owned());
        }
        if let Some(info) = harmless().into_iter().find(of_kind) {
            return Ok(info);
        }
        let same_namespace = |info: &&&OperationInfo| {
            let found = self.discovery.and_then(|discovery| discovery.find.named(info.name));
            found.is_some_and(|found| found.namespace == self.namespace)
        };
        if let Some(info) = harmless().iter().find(same_namespace) {
            return Ok(info);
        }
        let changing = OPERATIONS.iter().filter(there).find(of_kind);
        match changing {
            Some(info) if self.allow_changes => Ok(info),
            Some(info) => Err(format!(
                "its only operation, {}, changes something: call it with --allow-changes",
                info.name
            )),
            None => Err("the service has no operation that could be called".to_owned()),
        }
    }
}

async fn call_named(client: &Client, info: &OperationInfo) -> Result<(), CallError> {
    /// Nobody is called so; what changes something says in its log where it came from.
    const NOBODY: &str = "external-providers-check";
    let some = || Some(NOBODY.to_owned());
    match info.kind {
        Kind::Login if info.name == Authenticate::NAME => {
            let login_password = Secret::new("no-such-password");
            let login_username = NOBODY.to_owned();
            call(client, Authenticate { login_username, login_password, ..Default::default() })
                .await
        }
        Kind::Login => {
            let login_username = NOBODY.to_owned();
            call(client, GetSignInCookieInfo { login_username, ..Default::default() }).await
        }
        Kind::CustomFields => call(client, GetCustomFieldOptions::default()).await,
        Kind::Ticket => {
            let request = StartTicket {
                email_from: some(),
                department_name: some(),
                subject: some(),
                ..Default::default()
            };
            call(client, request).await
        }
        Kind::LiveChat => {
            let request =
                StartChat { email_from: some(), department_name: some(), ..Default::default() };
            call(client, request).await
        }
        Kind::UserInformation => {
            let email_from = Some(format!("{NOBODY}@example.invalid"));
            call(client, GetUserInfo { email_from, ..Default::default() }).await
        }
        Kind::Events => {
            call(client, HandleEvent { event_name: NOBODY.to_owned(), ..Default::default() }).await
        }
        Kind::Registration => {
            let login_password = Secret::new("no-such-password");
            let login_username = NOBODY.to_owned();
            call(client, RegisterUser { login_username, login_password, ..Default::default() })
                .await
        }
    }
}

async fn call<O: Operation>(client: &Client, request: O) -> Result<(), CallError> {
    client.call(request).await.map(|_: Answer<O::Result>| ())
}
