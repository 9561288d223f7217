//! The live chat kind: `StartChat` of `IExternalChatProvider`, called right before a chat starts.
//!
//! Inputs `loginUsername`, `emailFrom` (named by the vendor's sample; its parser ignores it),
//! `departmentName`, `cf_…`; outputs `ChatCreation` (`TRUE` or `FALSE`), `departmentName`, `cf_…`.

use std::future::Future;

use super::raw::{Presence, RawCustomFieldData};
use super::ticket::Start;
use super::{Kind, Operation, ProviderResult, SideEffect, Sink, VariableError, Variables};

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

impl Operation for StartChat {
    const KIND: Kind = Kind::LiveChat;
    const NAME: &'static str = "StartChat";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    type Result = Start;

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input("loginUsername", self.login_username.as_deref());
        sink.put_input("emailFrom", self.email_from.as_deref());
        sink.put_input("departmentName", self.department_name.as_deref());
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take("loginUsername"),
            email_from: inputs.take("emailFrom"),
            department_name: inputs.take("departmentName"),
            custom_fields: inputs.take_custom_fields(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Start, sink: &mut S) {
        result.write(CREATION, sink);
    }

    fn read_outputs(
        outputs: &mut Variables,
        _: Presence<Vec<Option<RawCustomFieldData>>>,
    ) -> Result<Start, VariableError> {
        Start::read(CREATION, outputs)
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
