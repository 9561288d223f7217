//! What each operation answers: as providers say, as the product does without them, and when they fail.

use std::sync::Arc;
use std::time::Duration;

use external_providers::contract::json::Document;
use external_providers::contract::*;
use external_providers::gateway::Gateway;
use external_providers::gateway_server::openapi;
use external_providers::host::Service;
use external_providers::settings::{ExternalService, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::{call, sample, serve, word};
use crate::gateway::kinds::{PASSWORD, serve as serve_soap};

/// The examples of requests in the OpenAPI document.
fn examples(operation: &str) -> Vec<String> {
    let openapi = openapi();
    let body = &openapi["paths"][format!("/v1/{operation}")]["post"]["requestBody"];
    let examples = body["content"]["application/json"]["examples"].as_object().unwrap();
    examples.values().map(|example| example["value"].to_string()).collect()
}

#[tokio::test]
async fn every_operation_answers_the_examples_of_its_document_alike() {
    let address = serve(sample().await).await;
    for info in OPERATIONS {
        let mut answers = Vec::new();
        for example in examples(info.name) {
            let reply = call(address, info.name, &example).await;
            assert_eq!(reply.status, 200, "{}: {}", info.name, reply.json);
            assert_eq!(reply.json["operation"], info.name);
            assert_eq!(reply.json["decidedBy"], "provider");
            let document: Document = serde_json::from_value(reply.json.clone()).unwrap();
            let read = dispatch!(info, T => document.into_answer::<T>().unwrap().map(drop));
            assert_eq!(read, Some(Ok(())), "{}", reply.json);
            answers.push(reply.json);
        }
        assert!(answers.len() == 2 && answers[0] == answers[1], "{answers:?}");
    }
}

#[tokio::test]
async fn logins_say_what_the_settings_add() {
    let gateway = sample().await;
    let mut settings = gateway.settings();
    settings.login.mark_email_verified = true;
    settings.login.forgot_password_url = Some("https://crm.example.com/forgot".into());
    gateway.replace(settings.clone()).unwrap();
    let address = serve(gateway.clone()).await;
    let right = r#"{"loginUsername": "myusername", "loginPassword": "mypassword"}"#;
    assert_eq!(
        call(address, "Authenticate", right).await.json,
        json!({
            "operation": "Authenticate", "outcome": "authenticated", "message": "Login Successful",
            "outputs": [
                {"key": "Authentication", "value": "OK"},
                {"key": "EmailAddress", "value": "myusername@example.com"},
                {"key": "DisplayName", "value": "My Username"},
            ],
            "error": null, "decidedBy": "provider",
            "user": {
                "role": "registered", "emailAddress": "myusername@example.com",
                "emailVerified": true, "displayName": "My Username",
            },
        })
    );
    let wrong = r#"{"loginUsername": "myusername", "loginPassword": "x"}"#;
    let reply = call(address, "Authenticate", wrong).await;
    assert_eq!((reply.status, &reply.json["outcome"]), (200, &json!("refused")));
    let form = json!({"page": "form", "forgotPasswordUrl": "https://crm.example.com/forgot"});
    assert_eq!(reply.json["next"], form);

    settings.login.custom_login_url = Some("https://crm.example.com/login".into());
    settings.login.accept_sign_on_cookies = false;
    gateway.replace(settings).unwrap();
    let reply = call(address, "GetSignInCookieInfo", r#"{"loginUsername": "myusername"}"#).await;
    assert_eq!(reply.json["outcome"], "refused");
    assert_eq!(reply.json["decidedBy"], "settings");
    let redirect = json!({"page": "redirect", "url": "https://crm.example.com/login"});
    assert_eq!(reply.json["next"], redirect);
}

#[tokio::test]
async fn without_a_provider_it_answers_as_the_product_does() {
    let address = serve(Gateway::builder(Settings::default()).build().unwrap()).await;
    for info in OPERATIONS {
        let reply = call(address, info.name, &examples(info.name)[0]).await;
        assert_eq!((reply.status, &reply.json["decidedBy"]), (200, &json!("nobody")));
        let own = dispatch!(info, T => T::without_provider().map(|result| {
            let answer = Answer { result, message: None, other: Variables::new() };
            serde_json::to_value(Document::answer::<T>(&answer)).unwrap()
        }));
        match own.flatten() {
            Some(own) => assert_eq!(reply.json["outputs"], own["outputs"], "{}", info.name),
            None => assert_eq!(reply.json["outcome"], "not-decided", "{}", info.name),
        }
    }
    let undecided: Vec<_> = ["Authenticate", "GetSignInCookieInfo", "RegisterUser"].into();
    for info in OPERATIONS {
        let is = dispatch!(info, T => T::without_provider().is_none());
        assert_eq!(is, Some(undecided.contains(&info.name)), "{}", info.name);
    }
}

#[tokio::test]
async fn what_a_provider_declines_is_an_answer_and_a_wrong_password_of_ours_is_not() {
    let gateway = sample().await;
    let address = serve(gateway.clone()).await;
    let reply = call(address, "StartTicket", r#"{"subject": "help"}"#).await;
    assert_eq!((reply.status, &reply.json["outcome"]), (200, &json!("declined")));
    assert_eq!(reply.json["message"], "Required Input Missing");
    assert_eq!(reply.json["error"]["kind"], "declined");

    let mut settings = gateway.settings();
    settings.tab_mut(Kind::Ticket).service.password = "another".into();
    gateway.replace(settings).unwrap();
    let reply = call(address, "StartTicket", r#"{"subject": "help"}"#).await;
    assert_eq!((reply.status, word(&reply)), (500, "settings"));
    assert_eq!(reply.json["hint"], "the web service password is wrong");
    assert_eq!(reply.json["operation"], "StartTicket");
    assert!(!reply.json.to_string().contains("another"), "{}", reply.json);
}

/// A gateway whose ticket and login provider is at this URL, without retries.
fn at(url: &str, change: impl Fn(&mut ExternalService)) -> Gateway {
    let mut settings = Settings::default();
    for kind in [Kind::Ticket, Kind::Login] {
        let mut service = ExternalService::new(kind, url, PASSWORD);
        (service.retries, service.breaker_failures) = (0, 0);
        change(&mut service);
        settings.enable(service);
    }
    Gateway::builder(settings).build().unwrap()
}

const LOGIN: &str = r#"{"loginUsername": "u", "loginPassword": "hunter2"}"#;

#[tokio::test]
async fn a_service_that_is_down_silent_or_wrong_is_told_apart() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = (format!("http://{}/", silent.local_addr().unwrap()), silent);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let other = serve_soap([Service::new("/Other.asmx", PASSWORD)
        .operation(|_: HandleEvent| async { Ok(Answer::new(EventHandled, "")) })])
    .await;
    let hasty = |service: &mut ExternalService| service.timeout = Duration::from_millis(50);
    for (gateway, status, kind, blame, sent) in [
        (at(&silent.0, hasty), 504, "time-out", "network", true),
        (at(&format!("http://{closed}/"), |_| {}), 502, "network", "network", false),
        (at(&format!("{other}/Other.asmx"), |_| {}), 502, "provider", "provider", true),
        (at(&format!("{other}/nothing"), |_| {}), 502, "provider", "provider", true),
    ] {
        let address = serve(gateway).await;
        let reply = call(address, "StartTicket", "{}").await;
        assert_eq!((reply.status, word(&reply)), (status, kind), "{}", reply.json);
        assert_eq!((&reply.json["blame"], &reply.json["sent"]), (&json!(blame), &json!(sent)));
        assert_eq!(reply.json["operation"], "StartTicket");
        let reply = call(address, "Authenticate", LOGIN).await;
        assert_eq!((reply.status, &reply.json["sent"]), (status, &Value::Null), "it only reads");
        assert!(!reply.json.to_string().contains("hunter2"), "{}", reply.json);
    }
}

#[tokio::test]
async fn breaker_and_limit_say_when_to_come_again() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let open = at(&format!("http://{closed}/"), |service| {
        (service.breaker_failures, service.breaker_pause) = (1, Duration::from_secs(30));
    });
    let address = serve(open).await;
    assert_eq!(call(address, "Authenticate", LOGIN).await.status, 502);
    let reply = call(address, "Authenticate", LOGIN).await;
    assert_eq!((reply.status, word(&reply)), (503, "breaker"));
    assert!(reply.head.contains("\r\nRetry-After: 30\r\n"), "{}", reply.head);

    let (asked, released) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let held = {
        let (asked, released) = (Arc::clone(&asked), Arc::clone(&released));
        Service::new("/Held.asmx", PASSWORD).operation(move |_: StartTicket| {
            let (asked, released) = (Arc::clone(&asked), Arc::clone(&released));
            async move {
                asked.add_permits(1);
                released.acquire().await.unwrap().forget();
                Ok(Answer::new(Start::allowed(), "late"))
            }
        })
    };
    let base = serve_soap([held]).await;
    let address = serve(at(&format!("{base}/Held.asmx"), |service| {
        (service.max_calls, service.max_wait) = (1, Duration::ZERO);
    }))
    .await;
    let first = tokio::spawn(async move { call(address, "StartTicket", "{}").await });
    asked.acquire().await.unwrap().forget();
    let reply = call(address, "StartTicket", "{}").await;
    assert_eq!((reply.status, word(&reply)), (503, "busy"));
    assert_eq!((&reply.json["blame"], &reply.json["sent"]), (&json!("load"), &json!(false)));
    assert!(reply.head.contains("\r\nRetry-After: 1\r\n"), "{}", reply.head);
    released.add_permits(1);
    assert_eq!(first.await.unwrap().json["outcome"], "allowed");
}

#[tokio::test]
async fn the_applications_own_provider_may_fail_and_even_panic() {
    let mut settings = Settings::default();
    settings.enable_built_in(Kind::Login);
    settings.enable_built_in(Kind::Ticket);
    let gateway =
        Gateway::builder(settings).operation(|_: StartTicket| async { panic!("hunter2") });
    let gateway = gateway.operation(|request: Authenticate| async move {
        match request.login_username.as_str() {
            "panic" => panic!("hunter2"),
            "broken" => Err("disk on fire".into()),
            _ => Ok(Answer::new(Authentication::Refused, "no")),
        }
    });
    let address = serve(gateway.build().unwrap()).await;
    for (user, status, kind) in [("panic", 500, "internal"), ("broken", 502, "provider")] {
        let body = LOGIN.replace("\"u\"", &format!("\"{user}\""));
        let reply = call(address, "Authenticate", &body).await;
        assert_eq!((reply.status, word(&reply)), (status, kind), "{}", reply.json);
        assert!(!reply.json.to_string().contains("hunter2"), "{}", reply.json);
    }
    let reply = call(address, "StartTicket", "{}").await;
    assert_eq!((reply.status, &reply.json["sent"]), (500, &json!(true)), "{}", reply.json);
    let reply = call(address, "Authenticate", LOGIN).await;
    assert_eq!((&reply.json["outcome"], &reply.json["message"]), (&json!("refused"), &json!("no")));
}
