//! Values to show: of requests and answers, by the names of their variables.

use serde_json::{Value, json};

use crate::contract::json::Document;
use crate::contract::{Answer, Operation, OperationInfo, Variables, dispatch};

/// A value of a variable, if one is known.
fn value(name: &str) -> &'static str {
    match name {
        "loginUsername" => "myusername",
        "loginPassword" => "mypassword",
        "emailFrom" | "EmailAddress" => "myusername@example.com",
        "DisplayName" => "My Username",
        "departmentName" => "Sales Department",
        "subject" => "It burns",
        "ticketNumber" => "042-1F3A9C77-0B2E",
        "location" => "REGULAR",
        "interactiontype" => "TICKET",
        "eventName" => "TicketCreated",
        "Authentication" | "Registration" => "OK",
        "CanStartTickets" | "CanStartChats" => "True",
        "TicketCreation" | "ChatCreation" | "UserFound" => "TRUE",
        _ => "…",
    }
}

/// The variables of a request: what is required, and of what is not the first few.
fn variables(info: &OperationInfo) -> Vec<(&'static str, &'static str)> {
    let mut names: Vec<_> = info.inputs.iter().filter(|input| input.required).collect();
    if names.is_empty() {
        names.extend(info.inputs.iter().take(4));
    }
    let mut all: Vec<_> = names.iter().map(|input| (input.name, value(input.name))).collect();
    if info.custom_fields {
        all.push(("cf_Serial", "123"));
    }
    if info.open_inputs {
        all.push(("ticketNumber", value("ticketNumber")));
    }
    all
}

/// A request as an object, its members in the order of the contract: JSON, and Python.
pub(super) fn request(info: &OperationInfo) -> String {
    let member = |(key, value): (&str, &str)| format!("{}: {}", json!(key), json!(value));
    let members: Vec<_> = variables(info).into_iter().map(member).collect();
    format!("{{{}}}", members.join(", "))
}

/// The same as a list.
pub(super) fn list(info: &OperationInfo) -> Value {
    let pair = |(key, value)| json!({"key": key, "value": value});
    json!({"variables": variables(info).into_iter().map(pair).collect::<Vec<_>>()})
}

/// An answer that says yes, as the operation's names have it.
pub(super) fn answer(info: &OperationInfo) -> Option<Value> {
    let document = dispatch!(info, T => of::<T>()).flatten()?;
    let mut said = serde_json::to_value(&document).ok()?;
    said["decidedBy"] = "provider".into();
    if document.outcome == "authenticated" {
        said["user"] = json!({
            "role": "registered",
            "emailAddress": value("EmailAddress"),
            "emailVerified": false,
            "displayName": value("DisplayName"),
        });
    }
    Some(said)
}

fn of<T: Operation>() -> Option<Document> {
    let mut outputs: Variables = T::OUTPUTS.iter().map(|name| (*name, value(name))).collect();
    let result = T::read_outputs(&mut outputs).ok()?;
    Some(Document::answer::<T>(&Answer { result, message: None, other: outputs }))
}
