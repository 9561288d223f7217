//! The user information kind, for agents: `GetUserInfo`. The kind is the product's; the names are
//! conventions of this crate.
//!
//! Inputs `loginUsername`, `emailFrom`, `departmentName`, `ticketNumber`; outputs `UserFound`
//! (`TRUE` or `FALSE`), then rows to show, in order.

use std::future::Future;

use super::names::{DEPARTMENT_NAME, EMAIL_FROM, LOGIN_USERNAME, TICKET_NUMBER};
use super::variables::either;
use super::{
    Kind, NOBODY, NameSource, Operation, OperationResult, ProviderResult, SideEffect, Sink,
    VariableError, VariableInfo, Variables, Verdict, optional,
};

const USER_FOUND: &str = "UserFound";

/// What should an agent know about this customer?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetUserInfo {
    /// `loginUsername`.
    pub login_username: Option<String>,
    /// `emailFrom`.
    pub email_from: Option<String>,
    /// `departmentName`.
    pub department_name: Option<String>,
    /// `ticketNumber`.
    pub ticket_number: Option<String>,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(GetUserInfo);

impl Operation for GetUserInfo {
    const KIND: Kind = Kind::UserInformation;
    const NAME: &'static str = "GetUserInfo";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    const NAME_SOURCE: NameSource = NameSource::Convention;
    const INPUTS: &'static [VariableInfo] = &[
        optional(LOGIN_USERNAME),
        optional(EMAIL_FROM),
        optional(DEPARTMENT_NAME),
        optional(TICKET_NUMBER),
    ];
    const OUTPUTS: &'static [&'static str] = &[USER_FOUND];
    /// The rows.
    const OPEN_OUTPUTS: bool = true;
    type Result = UserInformation;

    fn probe() -> Self {
        Self { email_from: Some(format!("{NOBODY}@example.invalid")), ..Default::default() }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input(LOGIN_USERNAME, self.login_username.as_deref());
        sink.put_input(EMAIL_FROM, self.email_from.as_deref());
        sink.put_input(DEPARTMENT_NAME, self.department_name.as_deref());
        sink.put_input(TICKET_NUMBER, self.ticket_number.as_deref());
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take(LOGIN_USERNAME),
            email_from: inputs.take(EMAIL_FROM),
            department_name: inputs.take(DEPARTMENT_NAME),
            ticket_number: inputs.take(TICKET_NUMBER),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &UserInformation, sink: &mut S) {
        match result {
            UserInformation::Found { rows } => {
                sink.put(USER_FOUND, "TRUE");
                sink.put_all(rows);
            }
            UserInformation::NotFound => sink.put(USER_FOUND, "FALSE"),
        }
    }

    fn read_outputs(outputs: &mut Variables) -> Result<UserInformation, VariableError> {
        Ok(match either(outputs, USER_FOUND, ["TRUE", "FALSE"], "TRUE nor FALSE")? {
            true => UserInformation::Found { rows: std::mem::take(outputs) },
            false => UserInformation::NotFound,
        })
    }

    fn without_provider() -> Option<UserInformation> {
        Some(UserInformation::NotFound)
    }
}

/// What is known about a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserInformation {
    /// `UserFound=TRUE`.
    Found {
        /// Names and values to show, in order.
        rows: Variables,
    },
    /// `UserFound=FALSE`.
    NotFound,
}

impl OperationResult for UserInformation {
    const VERDICTS: &'static [&'static str] = &["found", "not-found"];

    fn verdict(&self) -> Verdict {
        match self {
            Self::Found { .. } => Verdict::Yes("found"),
            Self::NotFound => Verdict::No("not-found"),
        }
    }
}

/// A provider that knows about customers (`IExternalUserInfoProvider`).
pub trait UserInformationProvider: Send + Sync {
    /// Looks up a customer.
    fn get_user_info(
        &self,
        request: GetUserInfo,
    ) -> impl Future<Output = ProviderResult<GetUserInfo>> + Send;
}
