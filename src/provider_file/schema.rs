//! A JSON Schema of the provider's file, for editors that complete and check TOML.

use serde_json::{Map, Value, json};

use super::keys::{Count, sections};
use crate::settings::{TABS, forward_keys, keys, schema_section};

/// The schema (JSON Schema 2020-12), made of the tables of keys. What is inside rules, rows and
/// parameters is for the program to judge.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for section in sections() {
        let mut table = schema_section(section.doc, section.keys.iter().copied());
        if section.name == "forward" {
            for &kind in TABS {
                let own = schema_section("What is other for this kind.", forward_keys(keys(kind)));
                table["properties"][kind.to_string()] = own;
            }
        }
        if section.name == "json" {
            for kind in TABS {
                let own = "What is other for this kind.";
                let own = schema_section(own, section.keys.iter().copied());
                table["properties"][kind.to_string()] = own;
            }
        }
        let schema = match section.count {
            Count::One => table,
            Count::Named(_) => json!({
                "description": section.doc, "type": "object", "additionalProperties": table,
            }),
            Count::List => json!({"type": "array", "items": table}),
        };
        properties.insert(section.name.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Provider's file of external-providers",
        "type": "object",
        "properties": properties,
        "additionalProperties": false
    })
}
