//! The login kind: `Authenticate` and `GetSignInCookieInfo` of `IExternalLoginProvider`.
//!
//! Inputs `loginUsername`, `loginPassword`; outputs `Authentication` (`OK` or `FAIL`),
//! `EmailAddress`, `DisplayName`.

use std::future::Future;

use super::names::{DISPLAY_NAME, EMAIL_ADDRESS, LOGIN_PASSWORD, LOGIN_USERNAME};
use super::variables::either;
use super::{
    Kind, NO_PASSWORD, NOBODY, NameSource, Operation, OperationResult, ProviderResult, SideEffect,
    Sink, VariableError, VariableInfo, Variables, Verdict, required,
};
use crate::secret::Secret;

const AUTHENTICATION: &str = "Authentication";

/// May this user log in with this password?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authenticate {
    /// `loginUsername`.
    pub login_username: String,
    /// `loginPassword`: the person's password.
    pub login_password: Secret,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(secret Authenticate);

impl Operation for Authenticate {
    const KIND: Kind = Kind::Login;
    const NAME: &'static str = "Authenticate";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    const NAME_SOURCE: NameSource = NameSource::Assembly;
    const INPUTS: &'static [VariableInfo] = &[required(LOGIN_USERNAME), required(LOGIN_PASSWORD)];
    const OUTPUTS: &'static [&'static str] = Authentication::OUTPUTS;
    type Result = Authentication;

    fn probe() -> Self {
        Self {
            login_username: NOBODY.to_owned(),
            login_password: NO_PASSWORD.into(),
            ..Default::default()
        }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put(LOGIN_USERNAME, &self.login_username);
        sink.put(LOGIN_PASSWORD, self.login_password.expose());
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.require(LOGIN_USERNAME)?,
            login_password: inputs.require(LOGIN_PASSWORD)?.into(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Authentication, sink: &mut S) {
        result.write(sink);
    }

    fn read_outputs(outputs: &mut Variables) -> Result<Authentication, VariableError> {
        Authentication::read(outputs)
    }
}

/// Who is this user, whom a sign-in cookie has already proved? (So there is no password.)
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetSignInCookieInfo {
    /// `loginUsername`.
    pub login_username: String,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(GetSignInCookieInfo);

impl Operation for GetSignInCookieInfo {
    const KIND: Kind = Kind::Login;
    const NAME: &'static str = "GetSignInCookieInfo";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    const NAME_SOURCE: NameSource = NameSource::Assembly;
    const INPUTS: &'static [VariableInfo] = &[required(LOGIN_USERNAME)];
    const OUTPUTS: &'static [&'static str] = Authentication::OUTPUTS;
    /// A service without sign-on cookies has no use for it.
    const OPTIONAL: bool = true;
    type Result = Authentication;

    fn probe() -> Self {
        Self { login_username: NOBODY.to_owned(), ..Default::default() }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put(LOGIN_USERNAME, &self.login_username);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self { login_username: inputs.require(LOGIN_USERNAME)?, other: inputs })
    }

    fn write_outputs<S: Sink>(result: &Authentication, sink: &mut S) {
        result.write(sink);
    }

    fn read_outputs(outputs: &mut Variables) -> Result<Authentication, VariableError> {
        Authentication::read(outputs)
    }
}

/// What a login provider says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// `Authentication=OK`.
    Authenticated {
        /// `EmailAddress`; empty where the vendor's list writer wrote null, as is `DisplayName`.
        email_address: Option<String>,
        /// `DisplayName`.
        display_name: Option<String>,
    },
    /// `Authentication=FAIL`: unknown user or wrong password.
    Refused,
}

impl OperationResult for Authentication {
    const VERDICTS: &'static [&'static str] = &["authenticated", "refused"];

    fn verdict(&self) -> Verdict {
        match self {
            Self::Authenticated { .. } => Verdict::Yes("authenticated"),
            Self::Refused => Verdict::Refused,
        }
    }
}

impl Authentication {
    const OUTPUTS: &[&str] = &[AUTHENTICATION, EMAIL_ADDRESS, DISPLAY_NAME];

    fn write<S: Sink>(&self, sink: &mut S) {
        match self {
            Self::Authenticated { email_address, display_name } => {
                sink.put(AUTHENTICATION, "OK");
                sink.put_optional(EMAIL_ADDRESS, email_address.as_deref());
                sink.put_optional(DISPLAY_NAME, display_name.as_deref());
            }
            Self::Refused => sink.put(AUTHENTICATION, "FAIL"),
        }
    }

    fn read(outputs: &mut Variables) -> Result<Self, VariableError> {
        Ok(match either(outputs, AUTHENTICATION, ["OK", "FAIL"], "OK nor FAIL")? {
            true => Self::Authenticated {
                email_address: outputs.take(EMAIL_ADDRESS),
                display_name: outputs.take(DISPLAY_NAME),
            },
            false => Self::Refused,
        })
    }
}

/// A provider that knows who may log in (`IExternalLoginProvider`).
///
/// One that knows passwords alone is a function from [`Authenticate`] to its answer, which a host's
/// service and a gateway take by their method `operation`: its WSDL has no `GetSignInCookieInfo`, which
/// may be missing (wsdl/CONTRACT.md, section 1), and a call of it is answered as any unknown action.
pub trait LoginProvider: Send + Sync {
    /// Checks a user's name and password.
    fn authenticate(
        &self,
        request: Authenticate,
    ) -> impl Future<Output = ProviderResult<Authenticate>> + Send;

    /// Looks up a user whom a cookie has already proved.
    fn get_sign_in_cookie_info(
        &self,
        request: GetSignInCookieInfo,
    ) -> impl Future<Output = ProviderResult<GetSignInCookieInfo>> + Send;
}
