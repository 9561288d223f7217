//! The custom fields kind: `GetCustomFieldOptions` of `IExternalCustomFieldProvider`, called when a
//! ticket or chat form is shown.
//!
//! Inputs `loginUsername`, `departmentName`, `location`, `interactiontype`, `cf_…`; outputs
//! `CanStartTickets`, `CanStartChats` (`True` or `False`), and the custom field items.

use std::fmt;
use std::future::Future;

use super::names::{DEPARTMENT_NAME, LOGIN_USERNAME};
use super::raw::{Presence, RawCustomFieldData, StringList};
use super::variables::either;
use super::{
    Kind, NameSource, Operation, OperationResult, ProviderResult, SideEffect, Sink, VariableError,
    VariableInfo, Variables, Verdict, optional,
};

const LOCATION: &str = "location";
const INTERACTION_TYPE: &str = "interactiontype";
const CAN_START_TICKETS: &str = "CanStartTickets";
const CAN_START_CHATS: &str = "CanStartChats";

/// Which fields does this form show, and how?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetCustomFieldOptions {
    /// `loginUsername`.
    pub login_username: Option<String>,
    /// `departmentName`.
    pub department_name: Option<String>,
    /// `location`; what it means, [`page`](Self::page) says. It is not sent where it is empty, which
    /// means the same as its absence.
    pub location: Option<String>,
    /// `interactiontype`; what it means, [`interaction`](Self::interaction) says. Empty, it means a chat,
    /// and is sent as `CHAT`.
    pub interaction_type: Option<String>,
    /// `cf_…`: the custom fields by their names.
    pub custom_fields: Variables,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

/// A page of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Page one, after the department is chosen (`PRE`).
    One,
    /// Page two, after the search page (`REGULAR`, anything else, or absent).
    Two,
}

/// What the form starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    /// A ticket.
    Ticket,
    /// A live chat.
    Chat,
}

impl GetCustomFieldOptions {
    /// Page one if `location` is `PRE` (whatever the case), else page two (wsdl/CONTRACT.md,
    /// section 3).
    pub fn page(&self) -> Page {
        match self.location.as_deref() {
            Some(location) if location.eq_ignore_ascii_case("PRE") => Page::One,
            _ => Page::Two,
        }
    }

    /// A ticket if `interactiontype` is absent or `TICKET` (whatever the case), else a chat
    /// (wsdl/CONTRACT.md, section 3).
    pub fn interaction(&self) -> Interaction {
        match self.interaction_type.as_deref() {
            Some(kind) if !kind.eq_ignore_ascii_case("TICKET") => Interaction::Chat,
            _ => Interaction::Ticket,
        }
    }
}

json_request!(GetCustomFieldOptions);

impl Operation for GetCustomFieldOptions {
    const KIND: Kind = Kind::CustomFields;
    const NAME: &'static str = "GetCustomFieldOptions";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    const NAME_SOURCE: NameSource = NameSource::Assembly;
    const INPUTS: &'static [VariableInfo] = &[
        optional(LOGIN_USERNAME),
        optional(DEPARTMENT_NAME),
        optional(LOCATION),
        optional(INTERACTION_TYPE),
    ];
    const CUSTOM_FIELDS: bool = true;
    const OUTPUTS: &'static [&'static str] = &[CAN_START_TICKETS, CAN_START_CHATS];
    type Result = CustomFieldOptions;

    fn probe() -> Self {
        Self::default()
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_input(LOGIN_USERNAME, self.login_username.as_deref());
        sink.put_input(DEPARTMENT_NAME, self.department_name.as_deref());
        // Absent, these two have meanings of their own, and empty they are never sent
        // (wsdl/CONTRACT.md, section 3): to the reader, an empty place is as good as none, and an
        // empty interaction is a chat.
        sink.put_optional(LOCATION, self.location.as_deref().filter(|place| !place.is_empty()));
        let interaction = match self.interaction_type.as_deref() {
            Some("") => Some("CHAT"),
            kind => kind,
        };
        sink.put_optional(INTERACTION_TYPE, interaction);
        sink.put_custom_fields(&self.custom_fields);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            login_username: inputs.take(LOGIN_USERNAME),
            department_name: inputs.take(DEPARTMENT_NAME),
            location: inputs.take(LOCATION),
            interaction_type: inputs.take(INTERACTION_TYPE),
            custom_fields: inputs.take_custom_fields(),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &CustomFieldOptions, sink: &mut S) {
        let word = |may: bool| if may { "True" } else { "False" };
        sink.put_optional(CAN_START_TICKETS, result.can_start_tickets.map(word));
        sink.put_optional(CAN_START_CHATS, result.can_start_chats.map(word));
    }

    fn read_outputs(outputs: &mut Variables) -> Result<CustomFieldOptions, VariableError> {
        let mut permission = |key| match outputs.get(key) {
            Some(_) => either(outputs, key, ["True", "False"], "True nor False").map(Some),
            None => Ok(None),
        };
        Ok(CustomFieldOptions {
            can_start_tickets: permission(CAN_START_TICKETS)?,
            can_start_chats: permission(CAN_START_CHATS)?,
            items: Vec::new(),
        })
    }

    fn without_provider() -> Option<CustomFieldOptions> {
        Some(CustomFieldOptions::default())
    }
}

/// How a form changes, and what the user may start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomFieldOptions {
    /// `CanStartTickets`; `None` says nothing about it. Where it is false, the help desk shows the
    /// answer's message to the customer.
    pub can_start_tickets: Option<bool>,
    /// `CanStartChats`; as `can_start_tickets`.
    pub can_start_chats: Option<bool>,
    /// What changes, in order. (Nil items of an answer are left out; the raw layer has them.)
    pub items: Vec<CustomFieldChange>,
}

impl OperationResult for CustomFieldOptions {
    const VERDICTS: &'static [&'static str] = &["options"];

    fn verdict(&self) -> Verdict {
        Verdict::Yes("options")
    }

    fn items(&self) -> Option<&[CustomFieldChange]> {
        Some(&self.items)
    }

    fn read_items(&mut self, items: Vec<Option<RawCustomFieldData>>) -> Result<(), VariableError> {
        self.items.reserve_exact(items.len());
        for (index, item) in items.into_iter().enumerate() {
            if let Some(item) = item {
                self.items.push(CustomFieldChange::read(index, item)?);
            }
        }
        Ok(())
    }
}

/// What changes about one custom field. `None` leaves a property as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
pub struct CustomFieldChange {
    /// `CustomFieldName`, of a field that exists in the help desk.
    pub name: String,
    /// `ChangeVisible` and `NewVisibleValue`.
    pub visible: Option<bool>,
    /// `ChangeRequired` and `NewRequiredValue`.
    pub required: Option<bool>,
    /// `ChangeListOptions` and `ListOptions`: what a list offers from now on. (Nil options of an
    /// answer are left out; the raw layer has them.)
    pub options: Option<Vec<String>>,
    /// `DisplayWithInformationLookup`: true where the value that is chosen in this field shows or
    /// hides others.
    #[cfg_attr(feature = "serde", serde(default))]
    pub display_with_information_lookup: bool,
}

impl CustomFieldChange {
    fn read(index: usize, item: RawCustomFieldData) -> Result<Self, VariableError> {
        let options = item
            .list_options
            .value()
            .map(|list| list.0.into_iter().flatten().collect())
            .unwrap_or_default();
        Ok(Self {
            name: item.custom_field_name.value().ok_or(VariableError::NamelessItem { index })?,
            visible: item.change_visible.then_some(item.new_visible_value),
            required: item.change_required.then_some(item.new_required_value),
            options: item.change_list_options.then_some(options),
            display_with_information_lookup: item.display_with_information_lookup,
        })
    }
}

impl fmt::Display for CustomFieldChange {
    /// In words, only what changes: `visible, required, options: web01 | web02`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: Option<bool>, yes, no| value.map(|value| if value { yes } else { no });
        let mut words: Vec<String> = Vec::new();
        words.extend(word(self.visible, "visible", "hidden").map(str::to_owned));
        words.extend(word(self.required, "required", "optional").map(str::to_owned));
        words.extend(self.options.as_ref().map(|o| format!("options: {}", o.join(" | "))));
        if self.display_with_information_lookup {
            words.push("shown with the information look-up".to_owned());
        }
        f.write_str(&if words.is_empty() { "unchanged".to_owned() } else { words.join(", ") })
    }
}

impl From<CustomFieldChange> for RawCustomFieldData {
    fn from(change: CustomFieldChange) -> Self {
        Self {
            custom_field_name: Presence::Value(change.name),
            change_visible: change.visible.is_some(),
            new_visible_value: change.visible.unwrap_or_default(),
            change_required: change.required.is_some(),
            new_required_value: change.required.unwrap_or_default(),
            change_list_options: change.options.is_some(),
            list_options: change.options.map(StringList::from_iter).into(),
            display_with_information_lookup: change.display_with_information_lookup,
        }
    }
}

/// A provider that decides about custom fields (`IExternalCustomFieldProvider`). This is not the time
/// to store values: a ticket or chat that starts is.
pub trait CustomFieldProvider: Send + Sync {
    /// Decides which fields a form shows.
    fn get_custom_field_options(
        &self,
        request: GetCustomFieldOptions,
    ) -> impl Future<Output = ProviderResult<GetCustomFieldOptions>> + Send;
}
