//! The ticket kind: `StartTicket` of `IExternalTicketProvider`, called right before a ticket starts.
//!
//! Inputs `loginUsername` (from the web), `emailFrom` (from mail), `departmentName`, `subject`,
//! `ticketNumber`, `cf_…`; outputs `TicketCreation` (`TRUE` or `FALSE`), `departmentName`, `cf_…`.

use std::future::Future;

use super::names::{DEPARTMENT_NAME, EMAIL_FROM, LOGIN_USERNAME, TICKET_NUMBER};
use super::variables::either;
use super::{
    Kind, NOBODY, NameSource, Operation, OperationResult, ProviderResult, SideEffect, Sink,
    VariableError, VariableInfo, Variables, Verdict, optional,
};

const SUBJECT: &str = "subject";
/// The output variable that says whether the ticket may start.
const CREATION: &str = "TicketCreation";

/// May this ticket start, and where does it go? The provider may deduct a paid ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartTicket {
    /// `loginUsername`, of a ticket from the web.
    pub login_username: Option<String>,
    /// `emailFrom`, of a ticket from mail.
    pub email_from: Option<String>,
    /// `departmentName`.
    pub department_name: Option<String>,
    /// `subject`.
    pub subject: Option<String>,
    /// `ticketNumber`: the one that is about to be given. It exists before a refusal.
    pub ticket_number: Option<String>,
    /// `cf_…`: the custom fields by their names.
    pub custom_fields: Variables,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

json_request!(StartTicket);

impl Operation for StartTicket {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "StartTicket";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    const NAME_SOURCE: NameSource = NameSource::Assembly;
    const INPUTS: &'static [VariableInfo] = &[
        optional(LOGIN_USERNAME),
        optional(EMAIL_FROM),
        optional(DEPARTMENT_NAME),
        optional(SUBJECT),
        optional(TICKET_NUMBER),
    ];
    const CUSTOM_FIELDS: bool = true;
    const OUTPUTS: &'static [&'static str] = &[CREATION, DEPARTMENT_NAME];
    type Result = Start;

    fn probe() -> Self {
        let nobody = || Some(NOBODY.to_owned());
        Self {
            email_from: nobody(),
            department_name: nobody(),
            subject: nobody(),
            ..Default::default()
        }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input(LOGIN_USERNAME, self.login_username.as_deref());
        sink.put_input(EMAIL_FROM, self.email_from.as_deref());
        sink.put_input(DEPARTMENT_NAME, self.department_name.as_deref());
        sink.put_input(SUBJECT, self.subject.as_deref());
        sink.put_input(TICKET_NUMBER, self.ticket_number.as_deref());
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take(LOGIN_USERNAME),
            email_from: inputs.take(EMAIL_FROM),
            department_name: inputs.take(DEPARTMENT_NAME),
            subject: inputs.take(SUBJECT),
            ticket_number: inputs.take(TICKET_NUMBER),
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

/// Whether a ticket or chat may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It may.
    Allowed {
        /// `departmentName`: the department to move it to; `None` leaves it where it is, and so does
        /// an empty one, which the vendor's list writer makes of null.
        department_name: Option<String>,
        /// `cf_…`: custom fields to set, by the names that they have in the help desk.
        custom_fields: Variables,
    },
    /// It may not; the answer's message is the reason, which the customer is shown.
    Refused,
}

impl OperationResult for Start {
    const VERDICTS: &'static [&'static str] = &["allowed", "refused"];

    fn verdict(&self) -> Verdict {
        match self {
            Self::Allowed { .. } => Verdict::Yes("allowed"),
            Self::Refused => Verdict::Refused,
        }
    }
}

impl Start {
    /// It may start, where and as it is.
    pub fn allowed() -> Self {
        Self::Allowed { department_name: None, custom_fields: Variables::new() }
    }

    /// `creation` is the variable that says whether it may: one name for tickets, another for chats.
    pub(super) fn write<S: Sink>(&self, creation: &'static str, sink: &mut S) {
        match self {
            Self::Allowed { department_name, custom_fields } => {
                sink.put(creation, "TRUE");
                sink.put_optional(DEPARTMENT_NAME, department_name.as_deref());
                sink.put_custom_fields(custom_fields);
            }
            Self::Refused => sink.put(creation, "FALSE"),
        }
    }

    pub(super) fn read(
        creation: &'static str,
        outputs: &mut Variables,
    ) -> Result<Self, VariableError> {
        Ok(match either(outputs, creation, ["TRUE", "FALSE"], "TRUE nor FALSE")? {
            true => Self::Allowed {
                department_name: outputs.take(DEPARTMENT_NAME),
                custom_fields: outputs.take_custom_fields(),
            },
            false => Self::Refused,
        })
    }
}

/// A provider that decides about new tickets (`IExternalTicketProvider`).
pub trait TicketProvider: Send + Sync {
    /// Decides about a ticket that is about to start.
    fn start_ticket(
        &self,
        request: StartTicket,
    ) -> impl Future<Output = ProviderResult<StartTicket>> + Send;
}
