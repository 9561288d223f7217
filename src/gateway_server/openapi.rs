//! The OpenAPI 3.1 document, made from the catalogue.

use serde_json::{Map, Value, json};

use super::problem::{
    self, ALL, BREAKER, BUSY, INTERNAL, MEDIA_TYPE, NETWORK, OVERLOADED, PROVIDER, Problem,
    REQUEST, SETTINGS, SLOW, STOPPING, TIME_OUT, TOKEN_IN_URL, TOO_LARGE, Trouble, UNAUTHORIZED,
};
use super::{examples, schema};
use crate::contract::{NameSource, OPERATIONS, OperationInfo, SideEffect};

const SCHEMAS: &str = "#/components/schemas/";

const DESCRIPTION: &str = "Asks the external providers of a help desk, as the settings of the gateway \
    say.\n\nWhat a provider says is answered with status 200, be it yes, no or `declined` (its own \
    `Success=false`); members may be added to answers. Everything else is a problem document (RFC \
    9457) with the blame and, where one is known, a hint. Besides the responses that are listed, \
    any other path is answered 404, and any other method 405.";

/// What each operation may be answered instead.
const CALL: [Trouble; 15] = [
    REQUEST,
    TOKEN_IN_URL,
    UNAUTHORIZED,
    problem::METHOD,
    SLOW,
    TOO_LARGE,
    MEDIA_TYPE,
    INTERNAL,
    SETTINGS,
    PROVIDER,
    NETWORK,
    BREAKER,
    BUSY,
    OVERLOADED,
    TIME_OUT,
];

/// The document that `GET /openapi.json` answers: OpenAPI 3.1.
pub fn openapi() -> Value {
    let mut paths = Map::new();
    for info in OPERATIONS {
        paths.insert(format!("/v1/{}", info.name), json!({"post": operation(info)}));
    }
    let html = json!({"text/html": {"schema": {"type": "string"}}});
    let json = json!({"application/json": {"schema": {"type": "object"}}});
    let text = || json!({"text/plain": {"schema": {"type": "string"}}});
    let probe = "For load balancers and monitors.";
    for (path, id, summary, content, troubles) in [
        ("/", "page", "A page with an example of each operation", html, &[TOKEN_IN_URL][..]),
        ("/openapi.json", "openapi", "This document", json, &[TOKEN_IN_URL]),
        ("/healthz", "healthz", "Is the process up?", text(), &[TOKEN_IN_URL]),
        ("/readyz", "readyz", "Does it take calls?", text(), &[TOKEN_IN_URL, STOPPING]),
    ] {
        let mut get = json!({
            "operationId": id,
            "summary": summary,
            "security": [],
            "responses": responses(json!({"description": summary, "content": content}), troubles),
        });
        if path.ends_with('z') {
            get["description"] = probe.into();
        }
        paths.insert(path.to_owned(), json!({"get": get}));
    }
    let license = env!("CARGO_PKG_LICENSE");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "External providers",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": license, "identifier": license},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schema::definitions(SCHEMAS, |_| true),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of the gateway's token file. Never in the URL.",
                },
            },
        },
    })
}

fn operation(info: &OperationInfo) -> Value {
    let name = info.name;
    let mut description = match info.side_effect {
        SideEffect::ReadOnly => "It reads only: it may be sent again.".to_owned(),
        SideEffect::Mutating => {
            "It may change something at the provider: send it again only after a \
            problem whose member sent is false."
                .to_owned()
        }
    };
    if info.name_source == NameSource::Convention {
        description.push_str(
            " No public source says what its names are: a service may have others, which the settings \
             or its WSDL know.",
        );
    }
    let reference = |what: &str| json!({"$ref": format!("{SCHEMAS}{name}{what}")});
    let mut content = json!({"schema": reference("Answer")});
    if let Some(answer) = examples::answer(info) {
        content["examples"] = json!({"yes": {"value": answer}});
    }
    let object: Value = serde_json::from_str(&examples::request(info)).unwrap_or_default();
    json!({
        "operationId": name,
        "summary": format!("{name}, of the {} provider", info.kind),
        "description": description,
        "tags": [info.kind.to_string()],
        "security": [{"bearer": []}],
        "requestBody": {
            "required": true,
            "content": {"application/json": {
                "schema": reference("Request"),
                "examples": {"names": {"value": object}, "list": {"value": examples::list(info)}},
            }},
        },
        "responses": responses(
            json!({"description": "What was decided", "content": {"application/json": content}}),
            &CALL,
        ),
    })
}

/// Status 200, and the problems, by their status.
fn responses(ok: Value, troubles: &[Trouble]) -> Value {
    let mut all = Map::from_iter([("200".to_owned(), ok)]);
    for Trouble { status, .. } in troubles {
        let same: Vec<_> =
            ALL.iter().filter(|t| t.status == *status && troubles.contains(t)).collect();
        let titles: Vec<_> = same.iter().map(|trouble| trouble.title).collect();
        let example = |trouble: &&Trouble| {
            let problem = Problem::new(**trouble, "…");
            (trouble.word.to_owned(), json!({"value": problem}))
        };
        let mut response = json!({
            "description": titles.join("; or: "),
            "content": {"application/problem+json": {
                "schema": {"$ref": format!("{SCHEMAS}Problem")},
                "examples": same.iter().map(example).collect::<Map<_, _>>(),
            }},
        });
        let header = |what: &str| json!({"description": what, "schema": {"type": "string"}});
        match status {
            401 => {
                response["headers"] = json!({"WWW-Authenticate": header("Bearer")});
            }
            503 => {
                response["headers"] =
                    json!({"Retry-After": header("Seconds until it is worth it.")});
            }
            _ => {}
        }
        all.insert(status.to_string(), response);
    }
    all.into()
}
