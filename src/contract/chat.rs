//! The live chat kind: `StartChat` of `IExternalChatProvider`, called right before a chat starts.
//!
//! Inputs `loginUsername`, `emailFrom` (named by the vendor's sample; its parser ignores it),
//! `departmentName`, `cf_…`; outputs `ChatCreation` (`TRUE` or `FALSE`), `departmentName`, `cf_…`.

use std::future::Future;

use super::names::{DEPARTMENT_NAME, EMAIL_FROM, LOGIN_USERNAME};
use super::ticket::Start;
use super::{
    Kind, NOBODY, NameSource, Operation, ProviderResult, SideEffect, Sink, VariableError,
    VariableInfo, Variables, optional,
};

/// The output variable that says whether the chat may start.
const CREATION: &str = "ChatCreation";

/// May this chat start, and where does it go? The provider may deduct a paid chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartChat {
    /// `loginUsername`.
    pub login_username: Option<String>,
    /// `emailFrom`.
    pub email_from: Option<String>,
    /// `departmentName`.
    pub department_name: Option<String>,
    /// `cf_…`: the custom fields by their names.
    pub custom_fields: Variables,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(StartChat);

impl Operation for StartChat {
    const KIND: Kind = Kind::LiveChat;
    const NAME: &'static str = "StartChat";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    const NAME_SOURCE: NameSource = NameSource::Assembly;
    const INPUTS: &'static [VariableInfo] =
        &[optional(LOGIN_USERNAME), optional(EMAIL_FROM), optional(DEPARTMENT_NAME)];
    const CUSTOM_FIELDS: bool = true;
    const OUTPUTS: &'static [&'static str] = &[CREATION, DEPARTMENT_NAME];
    type Result = Start;

    fn probe() -> Self {
        let nobody = || Some(NOBODY.to_owned());
        Self { email_from: nobody(), department_name: nobody(), ..Default::default() }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input(LOGIN_USERNAME, self.login_username.as_deref());
        sink.put_input(EMAIL_FROM, self.email_from.as_deref());
        sink.put_input(DEPARTMENT_NAME, self.department_name.as_deref());
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take(LOGIN_USERNAME),
            email_from: inputs.take(EMAIL_FROM),
            department_name: inputs.take(DEPARTMENT_NAME),
            custom_fields: inputs.take_custom_fields(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Start, sink: &mut S) {
        result.write(CREATION, sink);
    }

    fn read_outputs(outputs: &mut Variables) -> Result<Start, VariableError> {
        Start::read(CREATION, outputs)
    }

    fn without_provider() -> Option<Start> {
        Some(Start::allowed())
    }
}

/// A provider that decides about new chats (`IExternalChatProvider`).
pub trait ChatProvider: Send + Sync {
    /// Decides about a chat that is about to start.
    fn start_chat(
        &self,
        request: StartChat,
    ) -> impl Future<Output = ProviderResult<StartChat>> + Send;
}
