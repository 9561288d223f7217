//! A provider to try clients on: one user, one answer to each request, no clock, no state.
//!
//! The user is `myusername` with the password `mypassword`. [`services`] puts the kinds whose names
//! are proven at `/Provider.asmx`, those of this crate's own naming at `/Extended.asmx`.

#[cfg(feature = "sample-diagnostics")]
mod diagnostics;

use std::sync::Arc;

#[cfg(feature = "sample-diagnostics")]
pub use diagnostics::DIAGNOSTICS;

use crate::contract::raw::{Presence, RawCustomFieldData, RawResult, StringList};
use crate::contract::{
    Answer, Authenticate, Authentication, ChatProvider, CustomFieldChange, CustomFieldOptions,
    CustomFieldProvider, EventHandled, EventProvider, Failure, GetCustomFieldOptions,
    GetSignInCookieInfo, GetUserInfo, HandleEvent, Kind, LoginProvider, Operation, ProviderError,
    ProviderResult, RegisterUser, Registration, RegistrationProvider, Start, StartChat,
    StartTicket, TicketProvider, UserInformation, UserInformationProvider, Variables,
};
use crate::host::{RawAnswer, RawCall, RawError, RawProvider, Service};
use crate::secret::Secret;

const PROVEN: &str = "/Provider.asmx";
const EXTENDED: &str = "/Extended.asmx";
const USER: &str = "myusername";
const USER_PASSWORD: &str = "mypassword";
const USER_EMAIL: &str = "myusername@example.com";
const USER_DISPLAY: &str = "My Username";

/// The sample's two services.
pub fn services(password: impl Into<Secret>, namespace: impl Into<String>) -> [Service; 2] {
    with(password.into(), namespace.into(), Arc::new(Raw))
}

/// The sample's two services, where a variable `diagnostic=…` makes any operation answer whatever is
/// asked for, without a look at the password: only for tests.
#[cfg(feature = "sample-diagnostics")]
pub fn diagnostic_services(
    password: impl Into<Secret>,
    namespace: impl Into<String>,
) -> [Service; 2] {
    with(password.into(), namespace.into(), Arc::new(diagnostics::Diagnostics))
}

fn with(password: Secret, namespace: String, raw: Arc<dyn RawProvider>) -> [Service; 2] {
    let sample = Arc::new(Sample);
    let service = |path: &str| {
        Service::new(path, password.clone()).namespace(namespace.as_str()).raw(Arc::clone(&raw))
    };
    [
        service(PROVEN)
            .login(Arc::clone(&sample))
            .custom_fields(Arc::clone(&sample))
            .ticket(Arc::clone(&sample))
            .live_chat(Arc::clone(&sample)),
        service(EXTENDED)
            .user_information(Arc::clone(&sample))
            .events(Arc::clone(&sample))
            .registration(sample),
    ]
}

/// The path of the service that has a kind.
pub fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::Login | Kind::CustomFields | Kind::Ticket | Kind::LiveChat => PROVEN,
        Kind::UserInformation | Kind::Events | Kind::Registration => EXTENDED,
    }
}

/// The sample provider.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample;

/// Empty is as good as missing to a required input.
fn required(inputs: &[&str]) -> Result<(), ProviderError> {
    if inputs.iter().any(|input| input.is_empty()) {
        return Err(ProviderError::failure(Failure::REQUIRED_INPUT_MISSING));
    }
    Ok(())
}

fn sign_in(known: bool) -> Answer<Authentication> {
    if !known {
        return Answer::new(Authentication::Refused, "Login Failure");
    }
    let user = Authentication::Authenticated {
        email_address: Some(USER_EMAIL.to_owned()),
        display_name: Some(USER_DISPLAY.to_owned()),
    };
    Answer::new(user, "Login Successful")
}

impl LoginProvider for Sample {
    async fn authenticate(&self, request: Authenticate) -> ProviderResult<Authenticate> {
        required(&[&request.login_username, request.login_password.expose()])?;
        let right = Secret::from(USER_PASSWORD).matches(request.login_password.expose());
        Ok(sign_in(right && request.login_username == USER))
    }

    async fn get_sign_in_cookie_info(
        &self,
        request: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        required(&[&request.login_username])?;
        Ok(sign_in(request.login_username == USER))
    }
}

fn list_field(name: &str, required: bool, options: &[&str]) -> CustomFieldChange {
    CustomFieldChange {
        name: name.to_owned(),
        visible: Some(true),
        required: Some(required),
        options: Some(options.iter().map(|&option| option.to_owned()).collect()),
        display_with_information_lookup: false,
    }
}

impl CustomFieldProvider for Sample {
    async fn get_custom_field_options(
        &self,
        request: GetCustomFieldOptions,
    ) -> ProviderResult<GetCustomFieldOptions> {
        let department = request.department_name.as_deref();
        let ticket = request.interaction_type.as_deref() == Some("TICKET");
        let mut items = Vec::new();
        if department == Some("Sales Department") {
            let options = ["SmallBox", "BigBox", "Box & Sons <special>"];
            items.push(list_field("Product", ticket, &options));
        }
        if department == Some("Support Department") {
            items.push(match request.login_username.as_deref() {
                Some(USER) => list_field("Server", true, &["web01", "web02", "db01 (server down)"]),
                _ => list_field("Server", true, &["unknown"]),
            });
        }
        items.push(CustomFieldChange {
            name: "Notes".to_owned(),
            visible: Some(request.location.as_deref() != Some("PRE")),
            ..CustomFieldChange::default()
        });
        let result = CustomFieldOptions {
            can_start_tickets: Some(true),
            can_start_chats: Some(department != Some("Tickets Only")),
            items,
        };
        Ok(Answer::new(result, "Custom Fields Loaded"))
    }
}

/// `part` is in lower case.
fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

/// Web tickets carry `loginUsername`, mailed ones `emailFrom`: one of them is enough.
fn start(
    allowed: &str,
    refused: &str,
    [department, user, email]: [&Option<String>; 3],
    subject: Option<&str>,
    fields: &Variables,
) -> Result<Answer<Start>, ProviderError> {
    let [department, user, email] =
        [department, user, email].map(|value| value.as_deref().unwrap_or_default());
    required(&[department, if user.is_empty() { email } else { user }])?;
    if email.to_lowercase().starts_with("outoftickets") {
        return Ok(Answer::new(Start::Refused, refused));
    }
    let moved = |department: &str, custom_fields| Start::Allowed {
        department_name: Some(department.to_owned()),
        custom_fields,
    };
    let start = if fields.iter().any(|(_, value)| contains(value, "server down")) {
        moved("Emergency Department", Variables::from([("Priority", "Critical")]))
    } else if subject.is_some_and(|subject| contains(subject, "urgent")) {
        moved("Urgent Department", Variables::new())
    } else {
        Start::allowed()
    };
    Ok(Answer::new(start, allowed))
}

impl TicketProvider for Sample {
    async fn start_ticket(&self, request: StartTicket) -> ProviderResult<StartTicket> {
        start(
            "Ticket Allowed",
            "Out of tickets",
            [&request.department_name, &request.login_username, &request.email_from],
            request.subject.as_deref(),
            &request.custom_fields,
        )
    }
}

impl ChatProvider for Sample {
    async fn start_chat(&self, request: StartChat) -> ProviderResult<StartChat> {
        start(
            "Chat Allowed",
            "Out of chats",
            [&request.department_name, &request.login_username, &request.email_from],
            request.other.get("subject"),
            &request.custom_fields,
        )
    }
}

impl UserInformationProvider for Sample {
    async fn get_user_info(&self, request: GetUserInfo) -> ProviderResult<GetUserInfo> {
        let email = request.email_from.as_deref().unwrap_or_default();
        required(&[email])?;
        if email != USER_EMAIL {
            return Ok(Answer::new(UserInformation::NotFound, "User Not Found"));
        }
        let rows = Variables::from([("DisplayName", USER_DISPLAY), ("Plan", "Gold")]);
        Ok(Answer::new(UserInformation::Found { rows }, "User Found"))
    }
}

impl EventProvider for Sample {
    async fn handle_event(&self, request: HandleEvent) -> ProviderResult<HandleEvent> {
        required(&[&request.event_name])?;
        let mut answer = Answer::new(EventHandled, "Event Handled");
        answer.other.push("eventName", &request.event_name);
        Ok(answer)
    }
}

impl RegistrationProvider for Sample {
    async fn register_user(&self, request: RegisterUser) -> ProviderResult<RegisterUser> {
        required(&[&request.login_username, request.login_password.expose()])?;
        if request.login_username == USER {
            return Ok(Answer::new(Registration::Refused, "User Exists"));
        }
        let login_username = Some(request.login_username);
        Ok(Answer::new(Registration::Registered { login_username }, "User Registered"))
    }
}

/// Answers what the typed layer cannot say.
struct Raw;

impl RawProvider for Raw {
    fn call<'a>(&'a self, call: RawCall<'a>) -> RawAnswer<'a> {
        if call.operation.name == GetCustomFieldOptions::NAME && wants_serial_number(&call) {
            return RawAnswer::Answered(Box::pin(serial_number(call)));
        }
        RawAnswer::Passed(call)
    }
}

/// The value of the last entry `key=value`.
fn value<'e>(entries: &'e [Option<String>], key: &str) -> Option<&'e str> {
    let value = |entry: &'e String| entry.strip_prefix(key)?.strip_prefix('=');
    entries.iter().rev().flatten().find_map(value)
}

/// `Serial Number` has list options that are empty and do not change, which no typed item says.
fn wants_serial_number(call: &RawCall<'_>) -> bool {
    let value = |key| value(call.entries(), key);
    value("departmentName") == Some("Support Department") && value("location") != Some("PRE")
}

async fn serial_number(call: RawCall<'_>) -> Result<Presence<RawResult>, RawError> {
    let request = GetCustomFieldOptions::read_inputs(call.admit()?).map_err(ProviderError::from)?;
    let ticket = request.interaction_type.as_deref() == Some("TICKET");
    let answer = Sample.get_custom_field_options(request).await?;
    let mut outputs = Variables::new();
    GetCustomFieldOptions::write_outputs(&answer.result, &mut outputs);
    let outputs = outputs.iter().map(|(key, value)| format!("{key}={value}"));
    let mut items: Vec<_> =
        answer.result.items.into_iter().map(|item| Some(RawCustomFieldData::from(item))).collect();
    let serial_number = RawCustomFieldData {
        custom_field_name: Presence::Value("Serial Number".to_owned()),
        change_visible: true,
        new_visible_value: ticket,
        change_required: true,
        list_options: Presence::Value(StringList::default()),
        display_with_information_lookup: true,
        ..RawCustomFieldData::default()
    };
    items.insert(1, Some(serial_number));
    Ok(Presence::Value(RawResult {
        success: true,
        message: answer.message.into(),
        output_variables: Presence::Value(outputs.collect()),
        custom_field_data_items: Presence::Value(items),
    }))
}
