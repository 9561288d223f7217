//! One call of an operation with harmless words, and what its answer says of the password.

use super::report::Finding;
use super::trouble;
use crate::client::{CallError, Client, remedy};
use crate::contract::{
    Authenticate, Authentication, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo,
    HandleEvent, Kind, Operation, OperationInfo, RegisterUser, Registration, Secrets, Start,
    StartChat, StartTicket, UserInformation, first_line,
};
use crate::secret::Secret;

/// What an operation answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// It did what it was asked for.
    Yes,
    /// The call succeeded, and the answer is a no (`Authentication=FAIL`). The words of the answer.
    No(String),
    /// `Permission Denied`.
    Denied,
    /// `Success=false` with other words.
    Declined(String),
    /// It failed, in these words.
    Fault(String),
}

/// No answer that says anything: no SOAP, none of the contract's, or an operation that is not there.
pub(super) enum Unanswered {
    UnknownOperation(Finding),
    Trouble(Finding),
}

/// Calls an operation with words that mean nobody; what changes something leaves them in its log.
pub(super) async fn ask(
    client: &Client,
    info: &OperationInfo,
    namespace: &str,
) -> Result<Said, Unanswered> {
    const NOBODY: &str = "external-providers-check";
    let (name, some) = (NOBODY.to_owned(), || Some(NOBODY.to_owned()));
    let login_password = Secret::new("no-such-password");
    let result = match info.kind {
        Kind::Login if info.name == Authenticate::NAME => {
            let request =
                Authenticate { login_username: name, login_password, ..Default::default() };
            call(client, request, refuses).await
        }
        Kind::Login => {
            let request = GetSignInCookieInfo { login_username: name, ..Default::default() };
            call(client, request, refuses).await
        }
        Kind::CustomFields => call(client, GetCustomFieldOptions::default(), |_| false).await,
        Kind::Ticket => {
            let request = StartTicket {
                email_from: some(),
                department_name: some(),
                subject: some(),
                ..Default::default()
            };
            call(client, request, |start| *start == Start::Refused).await
        }
        Kind::LiveChat => {
            let request =
                StartChat { email_from: some(), department_name: some(), ..Default::default() };
            call(client, request, |start| *start == Start::Refused).await
        }
        Kind::UserInformation => {
            let email_from = Some(format!("{NOBODY}@example.invalid"));
            let request = GetUserInfo { email_from, ..Default::default() };
            call(client, request, |info| *info == UserInformation::NotFound).await
        }
        Kind::Events => {
            let request = HandleEvent { event_name: name, ..Default::default() };
            call(client, request, |_| false).await
        }
        Kind::Registration => {
            let request =
                RegisterUser { login_username: name, login_password, ..Default::default() };
            call(client, request, |answer| *answer == Registration::Refused).await
        }
    };
    match result {
        Ok(said) => Ok(said),
        Err(CallError::Failure(failure)) if failure.is_permission_denied() => Ok(Said::Denied),
        Err(CallError::Failure(failure)) => Ok(Said::Declined(
            failure.message.as_deref().map_or("(no message)", first_line).to_owned(),
        )),
        Err(error) => {
            let finding = trouble::call(&error, namespace);
            Err(match error {
                CallError::Fault(fault) if remedy::is_unknown_action(&fault.reason) => {
                    Unanswered::UnknownOperation(finding)
                }
                CallError::Fault(fault) => {
                    return Ok(Said::Fault(first_line(&fault.reason).to_owned()));
                }
                _ => Unanswered::Trouble(finding),
            })
        }
    }
}

fn refuses(answer: &Authentication) -> bool {
    *answer == Authentication::Refused
}

async fn call<O: Operation>(
    client: &Client,
    request: O,
    is_no: impl FnOnce(&O::Result) -> bool,
) -> Result<Said, CallError> {
    let answer = client.call(request).await?;
    Ok(match is_no(&answer.result) {
        // An answer has all words as they came.
        true => Said::No(match &answer.message {
            Some(message) => {
                first_line(&client.mask(&Secrets::default()).apply(message)).to_owned()
            }
            None => "(no message)".to_owned(),
        }),
        false => Said::Yes,
    })
}
