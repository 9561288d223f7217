//! What callers get wrong: each mistake with its status, its place and what to do about it.

use external_providers::contract::*;
use external_providers::gateway::Gateway;
use external_providers::gateway_server::{GatewayServer, Tokens};
use external_providers::host::Settings as Limits;
use external_providers::settings::Settings;
use serde_json::Value;

use super::{TOKEN, call, headers, request, sample, send, serve, word};

/// Nothing of a request may be repeated but names.
const PLANTED: &str = "hunter2";

#[tokio::test]
async fn mistakes_in_the_document_have_their_place() {
    let address = serve(sample().await).await;
    let login = |rest: &str| format!(r#"{{"loginUsername": "u", "loginPassword": "hunter2"{rest}"#);
    for (operation, body, pointer, what) in [
        ("Authenticate", "", "", "the body is empty"),
        ("Authenticate", " \n", "", "the body is empty"),
        ("Authenticate", "hunter2", "", "the body is not JSON (line 1, column 1)"),
        ("Authenticate", "{\"loginPassword\": \"hunter2", "", "the body is not JSON"),
        ("Authenticate", &login("} x"), "", "the body is not JSON"),
        ("Authenticate", "[]", "", "the body is not a JSON object"),
        ("Authenticate", "\"hunter2\"", "", "the body is not a JSON object"),
        ("Authenticate", "null", "", "the body is not a JSON object"),
        (
            "Authenticate",
            &login(", \"loginUsername\": \"u\"}"),
            "/loginUsername",
            "member 3 stands twice",
        ),
        (
            "Authenticate",
            r#"{"loginUsername": 7, "loginPassword": "hunter2"}"#,
            "/loginUsername",
            "the value of variable 1 must be a string",
        ),
        (
            "Authenticate",
            r#"{"loginUsername": "u", "loginPassword": null}"#,
            "/loginPassword",
            "must be a string",
        ),
        (
            "Authenticate",
            r#"{"loginUsername": "u", "loginPassword": ["hunter2"]}"#,
            "/loginPassword",
            "must be a string",
        ),
        ("Authenticate", "{}", "", "loginUsername and loginPassword are missing"),
        ("Authenticate", r#"{"loginPassword": "hunter2"}"#, "", "loginUsername is missing"),
        (
            "Authenticate",
            &login(", \"loginUserName\": \"\"}"),
            "/loginUserName",
            "it is not a variable of Authenticate",
        ),
        (
            "Authenticate",
            &login(", \"a/b~c\": \"\"}"),
            "/a~1b~0c",
            "it is not a variable of Authenticate",
        ),
        (
            "Authenticate",
            &login(", \"cf_x\": \"\"}"),
            "/cf_x",
            "it is not a variable of Authenticate",
        ),
        (
            "Authenticate",
            &login(", \"authPW\": \"hunter2\"}"),
            "/authPW",
            "the web service password is not one",
        ),
        ("Authenticate", &login(", \"\": \"\"}"), "/", "a variable has no name"),
        (
            "Authenticate",
            r#"{"loginUsername": "u\u0007", "loginPassword": "hunter2"}"#,
            "/loginUsername",
            "the character U+0007",
        ),
        (
            "Authenticate",
            r#"{"variables": [{"key": "loginUsername", "value": "u"}]}"#,
            "/variables",
            "loginPassword is missing",
        ),
        ("StartTicket", r#"{"cf_": "1"}"#, "/cf_", "it names no custom field"),
        ("StartTicket", r#"{"cf_a=b": "1"}"#, "/cf_a=b", "holds \"=\""),
        (
            "StartTicket",
            r#"{"variables": [{"key": "a", "value": "1"}, {"key": "AuthPW", "value": "hunter2"}]}"#,
            "/variables/1",
            "the web service password is not one",
        ),
        (
            "StartTicket",
            r#"{"variables": [{"key": "a", "value": 1}]}"#,
            "/variables/0/value",
            "must be a string",
        ),
        (
            "StartTicket",
            r#"{"variables": [{"key": "a"}]}"#,
            "/variables/0",
            "must be an object with key and value",
        ),
        (
            "StartTicket",
            r#"{"variables": [], "subject": "s"}"#,
            "/subject",
            "must be the only member",
        ),
        (
            "HandleEvent",
            r#"{"eventName": "x", "authpw": "hunter2"}"#,
            "/authpw",
            "the web service password is not one",
        ),
        ("HandleEvent", r#"{"eventName": "x", "more": {"a": "b"}}"#, "/more", "must be a string"),
    ] {
        let reply = call(address, operation, body).await;
        assert_eq!((reply.status, word(&reply)), (400, "request"), "{body}: {}", reply.json);
        let (said, place) = (&reply.json["detail"], &reply.json["pointer"]);
        assert!(said.as_str().unwrap().contains(what), "{body}: {said}");
        assert_eq!(place, pointer, "{body}");
        // Of what may change something, whether it may be sent again.
        let sent = if operation == "Authenticate" { Value::Null } else { false.into() };
        assert_eq!(reply.json["sent"], sent, "{body}");
        assert_eq!(
            (&reply.json["blame"], &reply.json["operation"]),
            (&"caller".into(), &operation.into())
        );
        assert!(!reply.json.to_string().contains(PLANTED), "{}", reply.json);
    }
    let near = call(address, "Authenticate", &login(", \"loginUserName\": \"\"}")).await;
    assert_eq!(near.json["hint"], "did you mean loginUsername?");
    let body = b"{\"loginUsername\": \"\xff\"}";
    let reply = send(address, request("/v1/Authenticate", &headers(), body)).await;
    assert_eq!((reply.status, &reply.json["detail"]), (400, &"the body is not UTF-8".into()));
    // A mark that some editors and libraries put before it is not a mistake.
    let marked = format!("\u{feff}{}", login("}"));
    assert_eq!(call(address, "Authenticate", &marked).await.status, 200);
    let deep = "[".repeat(10_000);
    assert_eq!(call(address, "Authenticate", &deep).await.status, 400);
}

#[tokio::test]
async fn a_sites_own_variables_go_where_the_contract_lets_them_or_as_a_list() {
    let mut settings = Settings::default();
    for &kind in Kind::ALL {
        settings.enable_built_in(kind);
    }
    let gateway = Gateway::builder(settings)
        .operation(|request: Authenticate| async move {
            let result = Authentication::Refused;
            Ok(Answer { result, message: None, other: request.other })
        })
        .operation(|request: HandleEvent| async move {
            Ok(Answer { result: EventHandled, message: None, other: request.other })
        });
    let address = serve(gateway.build().unwrap()).await;
    let list = r#"{"variables": [
        {"key": "loginUsername", "value": "u"}, {"key": "loginPassword", "value": ""},
        {"key": "own", "value": "1"}, {"key": "own", "value": "2"}]}"#;
    let named = r#"{"eventName": "x", "own": "1", "variables": "2", "cf_x": "="}"#;
    for (operation, body, outputs) in [
        ("Authenticate", list, &[("Authentication", "FAIL"), ("own", "1"), ("own", "2")][..]),
        ("HandleEvent", named, &[("own", "1"), ("variables", "2"), ("cf_x", "=")]),
    ] {
        let reply = call(address, operation, body).await;
        let expected: Vec<Value> = outputs
            .iter()
            .map(|(key, value)| serde_json::json!({"key": key, "value": value}))
            .collect();
        assert_eq!(reply.json["outputs"], Value::from(expected), "{}", reply.json);
    }
}

#[tokio::test]
async fn only_json_of_a_bounded_size_is_taken() {
    let address = serve(sample().await).await;
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    let body = br#"{"eventName": "x"}"#;
    for (kind, status) in [
        ("", 415),
        ("Content-Type: text/json\r\n", 415),
        ("Content-Type: application/x-www-form-urlencoded\r\n", 415),
        ("Content-Type: application/json; charset=iso-8859-1\r\n", 415),
        ("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Type: application/json; charset=\"UTF-8\"\r\n", 200),
        ("Content-Type: Application/JSON\r\n", 200),
    ] {
        let reply =
            send(address, request("/v1/HandleEvent", &format!("{token}{kind}"), body)).await;
        assert_eq!(reply.status, status, "{kind}");
        if status == 415 {
            assert_eq!(word(&reply), "media-type");
        }
    }
    let large = format!(r#"{{"eventName": "{}"}}"#, "x".repeat(5 << 20));
    let reply = call(address, "HandleEvent", &large).await;
    assert_eq!((reply.status, word(&reply)), (413, "too-large"));
    assert_eq!(reply.json["detail"], "the body is larger than 4 MiB");
    // Small ones may need much more memory than they have bytes; what strings hold does not count.
    for (value, status) in
        [("0,".repeat(1 << 16), 413), (format!("\"{}\"", "\\\",[".repeat(1 << 16)), 200)]
    {
        let (from, to) = if status == 413 { ("[", "0]") } else { ("", "") };
        let body = format!(r#"{{"eventName": "x", "own": {from}{value}{to}}}"#);
        let reply = call(address, "HandleEvent", &body).await;
        assert_eq!(reply.status, status, "{}", reply.json["detail"]);
        let detail = "the body holds more than 65536 values";
        assert!(status == 200 || reply.json["detail"] == detail, "{}", reply.json);
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let address = serve(sample().await).await;
    let json = "Content-Type: application/json\r\n";
    let body = br#"{"eventName": "x"}"#;
    for (header, says) in [
        (String::new(), "there is no bearer token"),
        ("Authorization: Basic dTpw\r\n".to_owned(), "there is no bearer token"),
        (format!("Authorization: {TOKEN}\r\n"), "there is no bearer token"),
        ("Authorization: Bearer \r\n".to_owned(), "there is no bearer token"),
        ("Authorization: Bearer hunter2\r\n".to_owned(), "the token is not a valid one"),
        (format!("Authorization: Bearer {TOKEN}x\r\n"), "the token is not a valid one"),
        (format!("Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer x\r\n"), "there is no"),
    ] {
        let reply =
            send(address, request("/v1/HandleEvent", &format!("{json}{header}"), body)).await;
        assert_eq!((reply.status, word(&reply)), (401, "unauthorized"), "{header}");
        assert!(reply.head.contains("\r\nWww-Authenticate: Bearer"), "{}", reply.head);
        assert!(reply.json["detail"].as_str().unwrap().contains(says), "{}", reply.json);
        assert!(!reply.json.to_string().contains(PLANTED), "{}", reply.json);
    }
    let bearer = format!("{json}Authorization: bearer {TOKEN}\r\n");
    assert_eq!(send(address, request("/v1/HandleEvent", &bearer, body)).await.status, 200);
    // A body that is refused unread does not reset the connection before its sender has the answer.
    let large = request("/v1/HandleEvent", json, &vec![b' '; 3 << 20]);
    assert_eq!(send(address, large).await.status, 401);
}

#[tokio::test]
async fn a_token_in_the_url_is_refused_wherever_it_goes() {
    let address = serve(sample().await).await;
    let encoded = TOKEN.replace('-', "%2D");
    for target in [
        format!("/v1/HandleEvent?x={TOKEN}"),
        format!("/v1/HandleEvent?x={encoded}"),
        format!("/v1/HandleEvent/{TOKEN}"),
        format!("/{TOKEN}/v1/HandleEvent"),
        "/v1/HandleEvent?access_token=hunter2".to_owned(),
        "/v1/HandleEvent?a=b&token=hunter2".to_owned(),
        "/openapi.json?api_key=hunter2".to_owned(),
    ] {
        let reply = send(address, request(&target, &headers(), b"{}")).await;
        assert_eq!((reply.status, word(&reply)), (400, "token-in-url"), "{target}");
        let said = reply.json.to_string();
        assert!(!said.contains(PLANTED) && !said.contains(TOKEN), "{said}");
    }
    // As `openssl rand -base64` makes them.
    let token = "ab/cd+ef/gh0123456789A==";
    let tokens = Tokens::new([token]).unwrap();
    let served = GatewayServer::new(sample().await, tokens, Limits::default());
    let server = served.bind("127.0.0.1:0").await.unwrap();
    let other = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let encoded = token.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D");
    for target in ["/v1/HandleEvent?x=", "/v1/HandleEvent?", "/openapi.json?a=b&x=", "/v1/", "/"] {
        for token in [token, &encoded] {
            let reply = send(other, request(&format!("{target}{token}"), "", b"{}")).await;
            assert_eq!((reply.status, word(&reply)), (400, "token-in-url"), "{target}{token}");
        }
    }
    // Who has no token cannot guess thousands at once.
    let guesses = format!("/?{}x={TOKEN}", "x=1&".repeat(100));
    assert_eq!(send(address, request(&guesses, "", b"{}")).await.status, 405);
    let reply = send(address, request("/v1/HandleEvent?x=1", &headers(), b"{}")).await;
    assert_eq!((reply.status, word(&reply)), (400, "request"));
    assert_eq!(reply.json["detail"], "an operation takes no query");
}

#[tokio::test]
async fn addresses_and_methods_are_few() {
    let address = serve(sample().await).await;
    let get = |method: &str, target: &str| {
        format!("{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    };
    for info in OPERATIONS {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let reply = send(address, get(method, &format!("/v1/{}", info.name))).await;
            assert_eq!((reply.status, word(&reply)), (405, "method"), "{method}");
            assert!(reply.head.contains("\r\nAllow: POST\r\n"), "{}", reply.head);
        }
    }
    for target in ["/", "/openapi.json", "/healthz", "/readyz"] {
        let reply = send(address, get("POST", target)).await;
        assert_eq!(reply.status, 405, "{target}");
        assert!(reply.head.contains("\r\nAllow: GET, HEAD\r\n"), "{}", reply.head);
        let reply = send(address, get("HEAD", target)).await;
        assert_eq!((reply.status, reply.json), (200, Value::Null), "{target}");
    }
    for (target, hint) in [
        ("/v1/authenticate", "did you mean /v1/Authenticate?"),
        ("/v1/Autenticate", "did you mean /v1/Authenticate?"),
        ("/v1/", "GET / is a page"),
        ("/v1", "GET / is a page"),
        ("/v2/Authenticate", "GET / is a page"),
        ("/Provider.asmx", "GET / is a page"),
    ] {
        let reply = send(address, request(target, &headers(), b"{}")).await;
        assert_eq!((reply.status, word(&reply)), (404, "not-found"), "{target}");
        assert!(reply.json["hint"].as_str().unwrap().starts_with(hint), "{}", reply.json);
    }
    // Whoever is still sending sees the answer, too.
    let large = request("/v2/Authenticate", "", &vec![b' '; 3 << 20]);
    assert_eq!(send(address, large).await.status, 404);
    let nameless = send(address, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(nameless.status, 400);
}
