//! The registration kind: `RegisterUser`. The kind is the product's; all names are conventions of
//! this crate.
//!
//! Inputs `loginUsername`, `loginPassword`, `EmailAddress`, `DisplayName`, `cf_…`; outputs
//! `Registration` (`OK` or `FAIL`), `loginUsername`.

use std::future::Future;

use super::raw::{Presence, RawCustomFieldData};
use super::variables::either;
use super::{Kind, Operation, ProviderResult, SideEffect, Sink, VariableError, Variables};
use crate::secret::Secret;

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

impl Operation for RegisterUser {
    const KIND: Kind = Kind::Registration;
    const NAME: &'static str = "RegisterUser";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    type Result = Registration;

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put("loginUsername", &self.login_username);
        sink.put("loginPassword", self.login_password.expose());
        sink.put_input("EmailAddress", self.email_address.as_deref());
        sink.put_input("DisplayName", self.display_name.as_deref());
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.require("loginUsername")?,
            login_password: inputs.require("loginPassword")?.into(),
            email_address: inputs.take("EmailAddress"),
            display_name: inputs.take("DisplayName"),
            custom_fields: inputs.take_custom_fields(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Registration, sink: &mut S) {
        match result {
            Registration::Registered { login_username } => {
                sink.put("Registration", "OK");
                sink.put_optional("loginUsername", login_username.as_deref());
            }
            Registration::Refused => sink.put("Registration", "FAIL"),
        }
    }

    fn read_outputs(
        outputs: &mut Variables,
        _: Presence<Vec<Option<RawCustomFieldData>>>,
    ) -> Result<Registration, VariableError> {
        Ok(match either(outputs, "Registration", ["OK", "FAIL"], "OK nor FAIL")? {
            true => Registration::Registered { login_username: outputs.take("loginUsername") },
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

/// A provider that creates users.
pub trait RegistrationProvider: Send + Sync {
    /// Creates a user.
    fn register_user(
        &self,
        request: RegisterUser,
    ) -> impl Future<Output = ProviderResult<RegisterUser>> + Send;
}
