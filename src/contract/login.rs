//! The login kind: `Authenticate` and `GetSignInCookieInfo` of `IExternalLoginProvider`.
//!
//! Inputs `loginUsername`, `loginPassword`; outputs `Authentication` (`OK` or `FAIL`),
//! `EmailAddress`, `DisplayName`.

use std::future::Future;

use super::raw::{Presence, RawCustomFieldData};
use super::variables::either;
use super::{Kind, Operation, ProviderResult, SideEffect, Sink, VariableError, Variables};
use crate::secret::Secret;

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

impl Operation for Authenticate {
    const KIND: Kind = Kind::Login;
    const NAME: &'static str = "Authenticate";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    type Result = Authentication;

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put("loginUsername", &self.login_username);
        sink.put("loginPassword", self.login_password.expose());
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.require("loginUsername")?,
            login_password: inputs.require("loginPassword")?.into(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Authentication, sink: &mut S) {
        result.write(sink);
    }

    fn read_outputs(
        outputs: &mut Variables,
        _: Presence<Vec<Option<RawCustomFieldData>>>,
    ) -> Result<Authentication, VariableError> {
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

impl Operation for GetSignInCookieInfo {
    const KIND: Kind = Kind::Login;
    const NAME: &'static str = "GetSignInCookieInfo";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    type Result = Authentication;

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put("loginUsername", &self.login_username);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self { login_username: inputs.require("loginUsername")?, other: inputs })
    }

    fn write_outputs<S: Sink>(result: &Authentication, sink: &mut S) {
        result.write(sink);
    }

    fn read_outputs(
        outputs: &mut Variables,
        _: Presence<Vec<Option<RawCustomFieldData>>>,
    ) -> Result<Authentication, VariableError> {
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

impl Authentication {
    fn write<S: Sink>(&self, sink: &mut S) {
        match self {
            Self::Authenticated { email_address, display_name } => {
                sink.put("Authentication", "OK");
                sink.put_optional("EmailAddress", email_address.as_deref());
                sink.put_optional("DisplayName", display_name.as_deref());
            }
            Self::Refused => sink.put("Authentication", "FAIL"),
        }
    }

    fn read(outputs: &mut Variables) -> Result<Self, VariableError> {
        Ok(match either(outputs, "Authentication", ["OK", "FAIL"], "OK nor FAIL")? {
            true => Self::Authenticated {
                email_address: outputs.take("EmailAddress"),
                display_name: outputs.take("DisplayName"),
            },
            false => Self::Refused,
        })
    }
}

/// A provider that knows who may log in (`IExternalLoginProvider`).
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
