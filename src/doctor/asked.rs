//! One call of an operation with harmless words, and what its answer says of the password.

use super::diagnoses;
use crate::client::{CallError, Client, remedy};
use crate::contract::{
    Operation, OperationInfo, OperationResult as _, Secrets, Verdict, dispatch, first_line,
};
use crate::report::Finding;

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

/// Calls an operation with its [`probe`](Operation::probe).
pub(super) async fn ask(
    client: &Client,
    info: &OperationInfo,
    namespace: &str,
) -> Result<Said, Unanswered> {
    let result = dispatch!(info, T => call::<T>(client).await);
    match result
        .unwrap_or_else(|| Ok(Said::Declined("not an operation of the contract".to_owned())))
    {
        Ok(said) => Ok(said),
        Err(CallError::Failure(failure)) if failure.is_permission_denied() => Ok(Said::Denied),
        Err(CallError::Failure(failure)) => Ok(Said::Declined(
            failure.message.as_deref().map_or("(no message)", first_line).to_owned(),
        )),
        Err(error) => {
            let finding = diagnoses::call(&error, namespace);
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

async fn call<T: Operation>(client: &Client) -> Result<Said, CallError> {
    let answer = client.call(T::probe()).await?;
    Ok(match answer.result.verdict() {
        Verdict::Yes(_) => Said::Yes,
        // An answer has all words as they came.
        Verdict::No(_) | Verdict::Refused => Said::No(match &answer.message {
            Some(message) => {
                first_line(&client.mask(&Secrets::default()).apply(message)).to_owned()
            }
            None => "(no message)".to_owned(),
        }),
    })
}
