//! The user information kind, for agents: `GetUserInfo`. The kind is the product's; the names are
//! conventions of this crate.
//!
//! Inputs `loginUsername`, `emailFrom`, `departmentName`, `ticketNumber`; outputs `UserFound`
//! (`TRUE` or `FALSE`), then rows to show, in order.

use std::future::Future;

use super::raw::{Presence, RawCustomFieldData};
use super::variables::either;
use super::{Kind, Operation, ProviderResult, SideEffect, Sink, VariableError, Variables};

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

impl Operation for GetUserInfo {
    const KIND: Kind = Kind::UserInformation;
    const NAME: &'static str = "GetUserInfo";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    type Result = UserInformation;

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input("loginUsername", self.login_username.as_deref());
        sink.put_input("emailFrom", self.email_from.as_deref());
        sink.put_input("departmentName", self.department_name.as_deref());
        sink.put_input("ticketNumber", self.ticket_number.as_deref());
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take("loginUsername"),
            email_from: inputs.take("emailFrom"),
            department_name: inputs.take("departmentName"),
            ticket_number: inputs.take("ticketNumber"),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &UserInformation, sink: &mut S) {
        match result {
            UserInformation::Found { rows } => {
                sink.put("UserFound", "TRUE");
                sink.put_all(rows);
            }
            UserInformation::NotFound => sink.put("UserFound", "FALSE"),
        }
    }

    fn read_outputs(
        outputs: &mut Variables,
        _: Presence<Vec<Option<RawCustomFieldData>>>,
    ) -> Result<UserInformation, VariableError> {
        Ok(match either(outputs, "UserFound", ["TRUE", "FALSE"], "TRUE nor FALSE")? {
            true => UserInformation::Found { rows: std::mem::take(outputs) },
            false => UserInformation::NotFound,
        })
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

/// A provider that knows about customers (`IExternalUserInfoProvider`).
pub trait UserInformationProvider: Send + Sync {
    /// Looks up a customer.
    fn get_user_info(
        &self,
        request: GetUserInfo,
    ) -> impl Future<Output = ProviderResult<GetUserInfo>> + Send;
}
