//! Requests and answers as JSON Schemas (2020-12), made from the catalogue.

use serde_json::{Map, Value, json};

use super::call::NOT_DECIDED;
use super::problem::{ALL, TYPES};
use crate::contract::{OPERATIONS, Operation, OperationInfo, OperationResult, dispatch};
use crate::secret::is_secret_key;

/// What all operations share.
const SHARED: &str = include_str!("schema.json");

/// Schemas of the requests and answers of an operation of the contract, or of all; the definitions are
/// named after the operation (`StartTicketRequest`, `StartTicketAnswer`).
pub fn schema(operation: Option<&OperationInfo>) -> Value {
    let wanted = |info: &OperationInfo| operation.is_none_or(|o| o.name == info.name);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": operation.map_or("external providers", |info| info.name),
        "$defs": definitions("#/$defs/", wanted),
    })
}

/// All definitions, which refer to each other below `at`.
pub(super) fn definitions(at: &str, wanted: impl Fn(&OperationInfo) -> bool) -> Map<String, Value> {
    // It is this crate's own: tests read it.
    let mut all: Map<String, Value> = serde_json::from_str(SHARED).unwrap_or_default();
    let any = all.remove("Answer").unwrap_or_default();
    let (text, name) = {
        let variable = &all["InputVariable"]["properties"];
        (variable["value"].clone(), variable["key"].clone())
    };
    let types: Vec<_> = ALL.iter().map(|trouble| format!("{TYPES}{}", trouble.word)).collect();
    all["Problem"]["properties"]["type"]["enum"] = types.into();
    for info in OPERATIONS.iter().filter(|info| wanted(info)) {
        all.insert(format!("{}Request", info.name), request(info, at, &text, &name));
        all.insert(format!("{}Answer", info.name), answer(info, at, any.clone()));
    }
    all
}

/// An object of the variables by their names, or a list of them as its only member.
fn request(info: &OperationInfo, at: &str, text: &Value, name: &Value) -> Value {
    let mut properties = Map::new();
    for input in info.inputs {
        let mut property = text.clone();
        if is_secret_key(input.name) {
            property["format"] = "password".into();
            property["writeOnly"] = true.into();
        }
        properties.insert(input.name.to_owned(), property);
    }
    let required = info.inputs.iter().filter(|input| input.required).map(|input| input.name);
    let required: Vec<_> = required.collect();
    let mut by_name = json!({
        "title": "variables by their names",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if info.open_inputs {
        by_name["propertyNames"] = name.clone();
        by_name["additionalProperties"] = text.clone();
    } else if info.custom_fields {
        let rest = name["pattern"].as_str().unwrap_or_default().trim_start_matches('^');
        by_name["patternProperties"] = json!({format!("^[cC][fF]_{rest}"): text});
    }
    let has = |name: &&str| {
        let key = json!({"key": {"const": name}});
        json!({"contains": {"type": "object", "properties": key, "required": ["key"]}})
    };
    let mut list = json!({"type": "array", "items": {"$ref": format!("{at}InputVariable")}});
    if !required.is_empty() {
        list["allOf"] = required.iter().map(has).collect();
    }
    let by_list = json!({
        "title": "variables as a list, where one stands twice or is a site's own",
        "type": "object",
        "properties": {"variables": list},
        "required": ["variables"],
        "additionalProperties": false,
    });
    json!({"anyOf": [by_name, by_list]})
}

/// The words of an operation's verdicts, if they are known.
fn verdicts<T: Operation>() -> Vec<&'static str> {
    let mut words = T::Result::VERDICTS.to_vec();
    if !words.is_empty() {
        words.push("declined");
        words.extend(T::without_provider().is_none().then_some(NOT_DECIDED));
    }
    words
}

/// Members may be added, so that others are allowed.
fn answer(info: &OperationInfo, at: &str, mut schema: Value) -> Value {
    let words = dispatch!(info, T => verdicts::<T>()).unwrap_or_default();
    let properties = &mut schema["properties"];
    properties["operation"] = json!({"const": info.name});
    properties["outputs"]["items"] = json!({"$ref": format!("{at}OutputVariable")});
    if info.kind.has_items() {
        let item = format!("{at}CustomFieldItem");
        properties["items"] = json!({"type": "array", "items": {"$ref": item}});
    }
    if words.contains(&"authenticated") {
        properties["user"] = json!({"$ref": format!("{at}User")});
        properties["next"] = json!({"$ref": format!("{at}Next")});
    }
    if !words.is_empty() {
        properties["outcome"]["enum"] = words.into();
    }
    schema
}
