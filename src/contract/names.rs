//! The names of variables that several operations have. One that only one operation has stands in
//! that operation's file.

pub(super) const LOGIN_USERNAME: &str = "loginUsername";
pub(super) const LOGIN_PASSWORD: &str = "loginPassword";
pub(super) const EMAIL_ADDRESS: &str = "EmailAddress";
pub(super) const DISPLAY_NAME: &str = "DisplayName";
pub(super) const EMAIL_FROM: &str = "emailFrom";
pub(super) const DEPARTMENT_NAME: &str = "departmentName";
pub(super) const TICKET_NUMBER: &str = "ticketNumber";
