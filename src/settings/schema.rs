//! A JSON Schema of the settings file, for editors that complete and check TOML.

use serde_json::{Map, Value, json};

use super::keys::{DEFAULTS, Key, OPTIONS, SWITCHES, Shape, TABS, keys, shared_keys};

/// The schema (JSON Schema 2020-12), made of the table of keys.
pub fn schema() -> Value {
    let mut sections = Map::new();
    let options = section("Which providers are enabled.", SWITCHES);
    sections.insert(OPTIONS.to_owned(), options);
    let shared = section("What holds for every tab that does not say otherwise.", shared_keys());
    sections.insert(DEFAULTS.to_owned(), shared);
    for &kind in TABS {
        let what = format!("The tab of the {kind} provider.");
        sections.insert(kind.to_string(), section(&what, keys(kind)));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of external-providers",
        "type": "object",
        "properties": sections,
        "additionalProperties": false
    })
}

pub(crate) fn section(what: &str, keys: impl IntoIterator<Item = &'static Key>) -> Value {
    let properties: Map<_, _> =
        keys.into_iter().map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "description": what,
        "type": "object",
        "properties": properties,
        "additionalProperties": false
    })
}

fn property(key: &Key) -> Value {
    let mut property = match key.shape {
        Shape::Switch => json!({"type": "boolean"}),
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Choice(choices) => json!({"type": "string", "enum": choices}),
        Shape::Number(from, to) => json!({"type": "integer", "minimum": from, "maximum": to}),
        // Units and what may stand between them are for the program to judge.
        Shape::Time(..) => json!({"type": "string", "pattern": "^[0-9]"}),
        Shape::List => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Table => json!({"type": "object"}),
        Shape::Tables => json!({"type": "array", "items": {"type": "object"}}),
    };
    if let Some(label) = key.label {
        property["title"] = label.into();
    }
    property["description"] = key.doc.into();
    match (key.default, key.shape) {
        (Some(text), Shape::Switch) => property["default"] = (text == "true").into(),
        (Some(text), Shape::Number(..)) => property["default"] = text.parse::<i64>().ok().into(),
        (Some(text), Shape::List) => {
            property["default"] = serde_json::from_str(text).unwrap_or_default()
        }
        (Some(text), _) => property["default"] = text.into(),
        (None, Shape::List | Shape::Table | Shape::Tables) => {}
        (None, _) => property["examples"] = json!([key.example]),
    }
    property
}
