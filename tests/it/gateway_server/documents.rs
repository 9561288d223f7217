//! What the gateway says of itself: OpenAPI, schemas, the page.

use std::collections::BTreeSet;

use external_providers::contract::{Kind, NameSource, OPERATIONS, OperationInfo};
use external_providers::gateway_server::{openapi, schema};
use external_providers::host::Settings as Limits;
use serde_json::Value;

use super::{sample, send, serve};
use crate::host::http::{exchange, get};

/// All `$ref` below a value.
fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Does every reference lead somewhere?
fn assert_whole(document: &Value) {
    let mut found = BTreeSet::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_openapi_document_has_every_operation_with_every_status() {
    let address = serve(sample().await).await;
    let served = send(address, get("/openapi.json")).await.json;
    assert_eq!(served, openapi());
    assert_whole(&served);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = served["paths"].as_object().unwrap();
    assert_eq!(paths.len(), OPERATIONS.len() + 4);
    for info in OPERATIONS {
        let operation = &paths[&format!("/v1/{}", info.name)]["post"];
        assert_eq!(operation["operationId"], info.name);
        assert_eq!(operation["security"], serde_json::json!([{"bearer": []}]));
        let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(
            statuses,
            ["200", "400", "401", "405", "408", "413", "415", "500", "502", "503", "504"]
        );
        let examples = &operation["responses"]["200"]["content"]["application/json"]["examples"];
        assert_eq!(examples["yes"]["value"]["operation"], info.name);
        let says = operation["description"].as_str().unwrap().contains("No public source");
        assert_eq!(says, info.name_source == NameSource::Convention);
    }
    for path in ["/", "/openapi.json", "/healthz", "/readyz"] {
        assert_eq!(paths[path]["get"]["security"], serde_json::json!([]), "{path}");
    }
}

#[test]
fn schemas_say_what_each_operation_takes_and_answers() {
    assert_whole(&schema(None));
    for info in OPERATIONS {
        let schema = schema(Some(info));
        assert_whole(&schema);
        let (request, answer) = (
            &schema["$defs"][format!("{}Request", info.name)]["anyOf"][0],
            &schema["$defs"][format!("{}Answer", info.name)],
        );
        let required: Vec<_> =
            info.inputs.iter().filter(|input| input.required).map(|input| input.name).collect();
        assert_eq!(request["required"], serde_json::json!(required), "{}", info.name);
        for input in info.inputs {
            let property = &request["properties"][input.name];
            assert_eq!(property["type"], "string", "{}", input.name);
            let is_password = input.name == "loginPassword";
            assert_eq!(property["format"] == "password", is_password, "{}", input.name);
        }
        assert_eq!(request["patternProperties"].is_object(), info.custom_fields);
        assert_eq!(request["additionalProperties"] == false, !info.open_inputs);
        assert!(answer["properties"]["outcome"]["enum"].as_array().unwrap().len() > 1);
        assert_eq!(answer["properties"]["items"].is_object(), info.kind.has_items());
        assert_eq!(answer["properties"]["user"].is_object(), info.kind == Kind::Login);
    }
}

#[tokio::test]
async fn the_page_shows_each_operation_in_three_languages_and_loads_nothing() {
    let address = serve(sample().await).await;
    let page = exchange(address, get("/")).await;
    let policy = "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-";
    assert!(page.contains(policy), "{page}");
    for OperationInfo { name, .. } in OPERATIONS {
        let url = format!("http://h/v1/{name}");
        assert_eq!(page.matches(&url).count(), 3, "{name}");
        for language in ["curl", "Python", "JavaScript", "An answer"] {
            assert!(page.contains(&format!("aria-label=\"{name}, {language}\"")), "{name}");
        }
    }
    for outside in ["src=", "<script", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let limits = Limits { trust_forwarded: true, ..Limits::default() };
    let behind = super::serve_with(sample().await, limits).await;
    let request =
        "GET / HTTP/1.0\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: desk.example\r\n\r\n";
    let forwarded = exchange(behind, request).await;
    assert!(forwarded.contains("https://desk.example/v1/Authenticate"), "{forwarded}");
    // What a caller calls the host stands in the page, and cannot leave its place.
    let request = "GET / HTTP/1.1\r\nHost: a\"><script>\r\nConnection: close\r\n\r\n";
    let page = exchange(address, request).await;
    assert!(!page.contains("<script>"), "{page}");
}
