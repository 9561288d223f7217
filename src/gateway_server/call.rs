//! From variables to what the gateway says of them: the document of an answer.

use serde::Serialize;

use super::problem::Problem;
use crate::client::CallError;
use crate::contract::json::Document;
use crate::contract::{
    Answer, Authenticate, Authentication, GetSignInCookieInfo, HandleEvent, Operation,
    OperationInfo, Variables, dispatch,
};
use crate::gateway::{
    Cause, Gateway, GatewayError, LoginOutcome, LoginPage, Refused, RefusedBy, SignedIn,
};
use crate::settings::Role;

/// The outcome where no provider decides, and the help desk has no answer of its own.
pub(super) const NOT_DECIDED: &str = "not-decided";

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum By {
    Provider,
    Settings,
    Nobody,
}

/// The document of an answer, with what the settings add to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Said {
    #[serde(flatten)]
    pub(super) document: Document,
    decided_by: By,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
}

/// A user who is let in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    role: &'static str,
    email_address: Option<String>,
    email_verified: bool,
    display_name: Option<String>,
}

/// Where a visitor goes who is not.
#[derive(Debug, Serialize)]
#[serde(tag = "page", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Next {
    Form { forgot_password_url: Option<String> },
    Redirect { url: String },
}

impl Said {
    fn new(document: Document, decided_by: By) -> Self {
        Self { document, decided_by, user: None, next: None }
    }

    pub(super) fn json(&self) -> String {
        // Strings, booleans and lists with string keys: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Asks the gateway.
pub(super) async fn ask(
    gateway: &Gateway,
    info: &OperationInfo,
    variables: Variables,
) -> Result<Said, Box<Problem>> {
    match info.name {
        Authenticate::NAME => {
            let request = request::<Authenticate>(variables)?;
            settle::<Authenticate, _>(gateway.authenticate(request).await, login::<Authenticate>)
        }
        GetSignInCookieInfo::NAME => {
            let request = request::<GetSignInCookieInfo>(variables)?;
            let outcome = gateway.get_sign_in_cookie_info(request).await;
            settle::<GetSignInCookieInfo, _>(outcome, login::<GetSignInCookieInfo>)
        }
        HandleEvent::NAME => {
            let request = request::<HandleEvent>(variables)?;
            settle::<HandleEvent, _>(gateway.event(request).await, decided::<HandleEvent>)
        }
        _ => {
            let said = dispatch!(info, T => any::<T>(gateway, variables).await);
            said.unwrap_or_else(|| Ok(Said::new(undecided(info.name), By::Nobody)))
        }
    }
}

async fn any<T: Operation + Clone>(
    gateway: &Gateway,
    variables: Variables,
) -> Result<Said, Box<Problem>> {
    let request = request::<T>(variables)?;
    settle::<T, _>(gateway.call(request).await, decided::<T>)
}

fn request<T: Operation>(variables: Variables) -> Result<T, Box<Problem>> {
    T::read_inputs(variables).map_err(|error| Problem::at(String::new(), error.to_string()))
}

/// An answer, or the provider's own failure, which is one, too.
fn settle<T: Operation, R>(
    result: Result<R, GatewayError>,
    say: impl FnOnce(R) -> Said,
) -> Result<Said, Box<Problem>> {
    match result {
        Ok(answer) => Ok(say(answer)),
        Err(GatewayError { cause: Cause::Call(CallError::Failure(failure)), .. })
            if !failure.is_permission_denied() =>
        {
            Ok(Said::new(Document::failure::<T>(&failure), By::Provider))
        }
        Err(error) => Err(Problem::of(&error, T::SIDE_EFFECT)),
    }
}

/// What a provider says, or else the help desk by itself.
fn decided<T: Operation>(answer: Option<Answer<T::Result>>) -> Said {
    let own = |result| Answer { result, message: None, other: Variables::new() };
    match (answer, T::without_provider().map(own)) {
        (Some(answer), _) => Said::new(Document::answer::<T>(&answer), By::Provider),
        (None, Some(answer)) => Said::new(Document::answer::<T>(&answer), By::Nobody),
        (None, None) => Said::new(undecided(T::NAME), By::Nobody),
    }
}

fn undecided(operation: &'static str) -> Document {
    Document {
        operation: operation.into(),
        outcome: NOT_DECIDED.into(),
        message: None,
        message_masked: false,
        outputs: Vec::new(),
        items: None,
        error: None,
    }
}

fn login<T: Operation<Result = Authentication>>(outcome: LoginOutcome) -> Said {
    match outcome {
        LoginOutcome::SignedIn(user) => {
            let SignedIn { role, email_address, email_verified, display_name, message, other } =
                user;
            let result = Authentication::Authenticated {
                email_address: email_address.clone(),
                display_name: display_name.clone(),
            };
            let document = Document::answer::<T>(&Answer { result, message, other });
            let role = match role {
                Role::Registered => "registered",
                Role::Anonymous => "anonymous",
            };
            let user = User { role, email_address, email_verified, display_name };
            Said { user: Some(user), ..Said::new(document, By::Provider) }
        }
        LoginOutcome::Refused(Refused { by, message, next, other }) => {
            let answer = Answer { result: Authentication::Refused, message, other };
            let by = match by {
                RefusedBy::Provider => By::Provider,
                RefusedBy::Settings => By::Settings,
            };
            let next = match next {
                LoginPage::Form { forgot_password_url } => Next::Form { forgot_password_url },
                LoginPage::Redirect { url } => Next::Redirect { url },
            };
            Said { next: Some(next), ..Said::new(Document::answer::<T>(&answer), by) }
        }
        LoginOutcome::NotDecided => Said::new(undecided(T::NAME), By::Nobody),
    }
}
