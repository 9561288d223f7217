//! The registration kind: `RegisterUser`. The kind is the product's; all names are conventions of
//! this crate.
//!
//! Inputs `loginUsername`, `loginPassword`, `EmailAddress`, `DisplayName`, `cf_…`; outputs
//! `Registration` (`OK` or `FAIL`), `loginUsername`.

use std::future::Future;

use super::names::{DISPLAY_NAME, EMAIL_ADDRESS, LOGIN_PASSWORD, LOGIN_USERNAME};
use super::variables::either;
use super::{
    Kind, NO_PASSWORD, NOBODY, NameSource, Operation, OperationResult, ProviderResult, SideEffect,
    Sink, VariableError, VariableInfo, Variables, Verdict, optional, required,
};
use crate::secret::Secret;

const REGISTRATION: &str = "Registration";

/// Create this user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegisterUser {
    /// `loginUsername`.
    pub login_username: String,
    /// `loginPassword`: the person's password.
    pub login_password: Secret,
    /// `EmailAddress`.
    pub email_address: Option<String>,
    /// `DisplayName`.
    pub display_name: Option<String>,
    /// `cf_…`: the custom fields by their names.
    pub custom_fields: Variables,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(secret RegisterUser);

impl Operation for RegisterUser {
    const KIND: Kind = Kind::Registration;
    const NAME: &'static str = "RegisterUser";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    const NAME_SOURCE: NameSource = NameSource::Convention;
    const INPUTS: &'static [VariableInfo] = &[
        required(LOGIN_USERNAME),
        required(LOGIN_PASSWORD),
        optional(EMAIL_ADDRESS),
        optional(DISPLAY_NAME),
    ];
    const CUSTOM_FIELDS: bool = true;
    const OUTPUTS: &'static [&'static str] = &[REGISTRATION, LOGIN_USERNAME];
    type Result = Registration;

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
        sink.put_input(EMAIL_ADDRESS, self.email_address.as_deref());
        sink.put_input(DISPLAY_NAME, self.display_name.as_deref());
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.require(LOGIN_USERNAME)?,
            login_password: inputs.require(LOGIN_PASSWORD)?.into(),
            email_address: inputs.take(EMAIL_ADDRESS),
            display_name: inputs.take(DISPLAY_NAME),
            custom_fields: inputs.take_custom_fields(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Registration, sink: &mut S) {
        match result {
            Registration::Registered { login_username } => {
                sink.put(REGISTRATION, "OK");
                sink.put_optional(LOGIN_USERNAME, login_username.as_deref());
            }
            Registration::Refused => sink.put(REGISTRATION, "FAIL"),
        }
    }

    fn read_outputs(outputs: &mut Variables) -> Result<Registration, VariableError> {
        Ok(match either(outputs, REGISTRATION, ["OK", "FAIL"], "OK nor FAIL")? {
            true => Registration::Registered { login_username: outputs.take(LOGIN_USERNAME) },
            false => Registration::Refused,
        })
    }
}

/// Whether the user was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// `Registration=OK`.
    Registered {
        /// `loginUsername`: the name that the user got.
        login_username: Option<String>,
    },
    /// `Registration=FAIL`; the answer's message is the reason.
    Refused,
}

impl OperationResult for Registration {
    const VERDICTS: &'static [&'static str] = &["registered", "refused"];

    fn verdict(&self) -> Verdict {
        match self {
            Self::Registered { .. } => Verdict::Yes("registered"),
            Self::Refused => Verdict::Refused,
        }
    }
}

/// A provider that creates users.
pub trait RegistrationProvider: Send + Sync {
    /// Creates a user.
    fn register_user(
        &self,
        request: RegisterUser,
    ) -> impl Future<Output = ProviderResult<RegisterUser>> + Send;
}
