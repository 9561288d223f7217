//! An endpoint at work, and all that can go wrong with one.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use external_providers::client::{ClientCertificate, TransportErrorKind};
use external_providers::contract::*;
use external_providers::host::{Host, Service};
use external_providers::json_provider::{
    Format, JsonCallError, JsonProvider, JsonProviderError, JsonProviderSettings,
};
use external_providers::tls::TlsCause;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::peer::{Endpoint, JSON, closed, header};
use crate::client::library::InProcess;
use crate::doctor::peers::{respond, serve, serve_tls};
use crate::tls::client_certificate::Authority;

const ALLOWED: &str = r#"{"outcome": "allowed"}"#;

fn login() -> Authenticate {
    let (login_username, login_password) = ("joe".into(), "hunter2-of-joe".into());
    Authenticate { login_username, login_password, ..Default::default() }
}

#[tokio::test]
async fn a_call_is_one_post_that_says_who_asks_for_what() {
    let endpoint =
        Endpoint::new(r#"{"outcome": "allowed", "outputs": {"departmentName": "Sales"}}"#);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let provider = JsonProvider::new(JsonProviderSettings {
        token: Some("the-token".into()),
        secret: Some(secret.into()),
        url: format!("{}?operation={{operation}}&key=k", endpoint.url()),
        ..endpoint.settings()
    });
    let provider = provider.unwrap();
    let request = StartTicket { subject: Some("help".into()), ..Default::default() };
    let answer = provider.call(request).await.unwrap();
    let Start::Allowed { department_name, .. } = answer.result else { panic!("{answer:?}") };
    assert_eq!(department_name.as_deref(), Some("Sales"));
    let [(head, body)] = <[_; 1]>::try_from(endpoint.asked()).unwrap();
    assert!(
        head.starts_with("POST /providers/StartTicket?operation=StartTicket&key=k HTTP/1.1\r\n"),
        "{head}"
    );
    let host = endpoint.address.to_string();
    for (name, value) in [
        ("host", host.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("external-providers-operation", "StartTicket"),
        ("authorization", "Bearer the-token"),
    ] {
        assert_eq!(header(&head, name), Some(value), "{head}");
    }
    assert_eq!(body, r#"{"subject":"help"}"#);
    // The signature, computed as its specification says.
    let (id, time) = (header(&head, "webhook-id"), header(&head, "webhook-timestamp"));
    let (id, time) = (id.unwrap(), time.unwrap());
    let unique = id.strip_prefix("call_StartTicket_").unwrap_or_else(|| panic!("{id}"));
    assert_eq!(unique.len(), 32, "{id}");
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let signature = ring::hmac::sign(&key, format!("{id}.{time}.{body}").as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(signature));
    assert_eq!(header(&head, "webhook-signature"), Some(expected.as_str()));
    // Nothing that prints the provider shows what is secret.
    let shown = format!("{provider:?} {:?}", provider.settings());
    for secret in ["the-token", "MfKQ9", "key=k"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn it_is_a_provider_like_others() {
    let endpoint = Endpoint::new(
        r#"{"outcome": "authenticated", "message": "hello", "outputs": {"EmailAddress": "joe@x"}}"#,
    );
    let provider = endpoint.provider();
    let service = Service::new("/Provider.asmx", "s3cret");
    let service = service.login(provider.clone()).ticket(provider.clone()).events(provider);
    let host = Host::builder().service(service).build().unwrap();
    let client = external_providers::Client::new("http://localhost/Provider.asmx", "s3cret");
    let client = client.unwrap().over(|_| InProcess(host));
    let answer = client.call(login()).await.unwrap();
    let email_address = Some("joe@x".to_owned());
    let expected = Authentication::Authenticated { email_address, display_name: None };
    assert_eq!((answer.result, answer.message.as_deref()), (expected, Some("hello")));
    assert_eq!(
        endpoint.asked_once(),
        r#"{"loginUsername":"joe","loginPassword":"hunter2-of-joe"}"#
    );
    endpoint.says("200 OK", JSON, r#"{"outcome": "declined", "message": "closed on Sundays"}"#);
    let error = client.call(StartTicket::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the provider declined: closed on Sundays");
    // Whatever else goes wrong is an exception of the provider's.
    endpoint.says("500 Internal Server Error", "", "");
    let error = client.call(HandleEvent::default()).await.unwrap_err().to_string();
    assert!(error.contains("the endpoint gave no answer in JSON: HTTP 500"), "{error}");
}

#[tokio::test]
async fn what_is_not_an_answer_is_told_apart_and_shows_no_secret() {
    let endpoint = Endpoint::new(ALLOWED);
    let provider = JsonProvider::new(JsonProviderSettings {
        token: Some("planted-token".into()),
        secret: Some("planted-secret".into()),
        ..endpoint.settings()
    });
    let provider = provider.unwrap();
    let html = "Content-Type: text/html\r\n";
    let page = "<html><h1>Oops planted-token</h1> hunter2-of-joe and planted-secret</html>";
    let gzip = [JSON, "Content-Encoding: gzip\r\n"].concat();
    let login_page = "Location: https://sso.example.com/login?back=planted-token\r\n";
    for (status, headers, body, words, hint) in [
        ("500 Oops", html, page, "HTTP 500, an HTML page, text/html: \"Oops ***", "its log"),
        ("200 OK", html, page, "HTTP 200, an HTML page", "leads to a page"),
        ("200 OK", "", ALLOWED, "HTTP 200, neither XML nor HTML", "Content-Type: application/json"),
        ("200 OK", "Content-Type: text/plain\r\n", ALLOWED, "text/plain", "Content-Type"),
        ("200 OK", JSON, "", "HTTP 200, an empty body", "{\"outcome\": …}"),
        ("202 Accepted", JSON, ALLOWED, "HTTP 202", "and status 200"),
        ("204 No Content", "", "", "HTTP 204, an empty body", "{\"outcome\": …}"),
        ("200 OK", &gzip, "xx", "a compressed body (gzip)", "compression"),
        ("302 Found", "Location: /elsewhere\r\n", "", "a redirect to /elsewhere", "not followed"),
        ("302 Found", login_page, "", "redirect to a sign-in page (https://sso", "exempt"),
        (
            "400 Bad Request",
            JSON,
            "{\"detail\": \"planted-token\"}",
            "\"{\"detail\": \"***\"}\"",
            "outcome refused",
        ),
        ("401 Unauthorized", JSON, "{}", "HTTP 401, a demand to sign in", "the token"),
        ("403 Forbidden", JSON, "{}", "HTTP 403", "forbidden"),
        ("404 Not Found", JSON, "{}", "HTTP 404", "{operation}"),
        ("405 Method Not Allowed", "", "", "HTTP 405", "POST"),
        ("413 Too Large", "", "", "HTTP 413", "limit for requests"),
        ("415 Unsupported", "", "", "HTTP 415", "must take application/json"),
        ("429 Too Many", "", "", "HTTP 429", "max_calls"),
        ("503 Unavailable", html, page, "HTTP 503", "is it running?"),
        (
            "200 OK",
            JSON,
            "{\"planted-token\": 1, \"outcome\": \"authenticated\"}",
            "***: is not a known member",
            "must answer like",
        ),
        ("200 OK", JSON, "{\"outcome\": \"authenticated\"", "not JSON: EOF", "must answer like"),
    ] {
        endpoint.says(status, headers, body);
        let error = provider.call(login()).await.unwrap_err();
        assert!(error.sent(), "{error}");
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().is_some_and(|h| h.contains(hint)), "{error}: {:?}", error.hint());
        for secret in ["planted-token", "planted-secret", "hunter2-of-joe"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    assert_eq!(endpoint.asked().len(), 21, "nothing is sent twice");
    // A name that is too long to be shown is masked before it is cut.
    let token = "planted-".repeat(20);
    let members = format!("{{\"outcome\": \"authenticated\", \"{token}\": 1}}");
    endpoint.says("200 OK", JSON, members);
    let settings = JsonProviderSettings { token: Some(token.into()), ..endpoint.settings() };
    let error = JsonProvider::new(settings).unwrap().call(login()).await.unwrap_err();
    assert!(error.to_string().ends_with(": ***: is not a known member"), "{error}");
    // Other types that end in +json are JSON.
    endpoint.says("201 Created", "Content-Type: application/hal+json; charset=utf-8\r\n", ALLOWED);
    provider.call(StartTicket::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_too_large_and_too_slow_ends() {
    let endpoint = Endpoint::new(ALLOWED);
    let large = format!("{{\"outcome\": \"allowed\", \"message\": \"{}\"}}", "x".repeat(5_000_000));
    endpoint.says("200 OK", JSON, &large);
    let error = endpoint.provider().call(StartTicket::default()).await.unwrap_err();
    assert!(error.to_string().contains("is larger than 4 MiB"), "{error}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let timeout = Duration::from_secs(1);
    let provider = JsonProvider::new(JsonProviderSettings {
        timeout,
        max_calls: 1,
        max_wait: Duration::from_millis(1),
        ..JsonProviderSettings::new(&url)
    });
    let provider = provider.unwrap();
    // Two at a time are one too many.
    let (one, two) =
        tokio::join!(provider.call(StartTicket::default()), provider.call(StartTicket::default()));
    let (one, two) = (one.unwrap_err(), two.unwrap_err());
    let JsonCallError::Transport(error) = &one else { panic!("{one}") };
    assert_eq!(error.kind, TransportErrorKind::Timeout(timeout));
    assert!(one.sent() && one.hint().is_some());
    assert!(matches!(two, JsonCallError::Busy { max_calls: 1, .. }), "{two}");
    assert!(!two.sent() && two.hint().unwrap().contains("max_calls"));
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_left_alone() {
    let (port, address) = closed();
    let with = |breaker_failures, breaker_pause| {
        JsonProvider::new(JsonProviderSettings {
            breaker_failures,
            breaker_pause,
            ..JsonProviderSettings::new(format!("http://{address}/"))
        })
        .unwrap()
    };
    let hour = Duration::from_secs(3600);
    let provider = with(3, hour);
    let call = async || provider.call(StartTicket::default()).await;
    // What was not sent is tried once more: two failures, then the third.
    for _ in 0..2 {
        let error = call().await.unwrap_err();
        let JsonCallError::Transport(transport) = &error else { panic!("{error}") };
        assert!(matches!(transport.kind, TransportErrorKind::Connect(_)) && !error.sent());
    }
    let error = call().await.unwrap_err();
    let JsonCallError::Open { because, retry_in } = &error else { panic!("{error}") };
    assert!(because.contains("could not connect") && !error.sent(), "{because}");
    assert!(*retry_in <= hour);
    // Once it answers again, so do calls.
    let provider = with(1, Duration::from_millis(10));
    let call = async || provider.call(StartTicket::default()).await;
    call().await.unwrap_err();
    let listener = port.listen(1).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n{}") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        stream.write_all(&respond("200 OK", JSON, ALLOWED.as_bytes())).await.unwrap();
    });
    while let Err(error) = call().await {
        let JsonCallError::Open { retry_in, .. } = error else { panic!("{error}") };
        tokio::time::sleep(retry_in).await;
    }
}

#[tokio::test]
async fn what_may_have_arrived_is_not_sent_again() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    // It reads the request, and says nothing that is HTTP.
    let address = serve(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        b"bye\r\n".to_vec()
    });
    let provider = JsonProvider::new(JsonProviderSettings::new(format!("http://{address}/")));
    let error = provider.unwrap().call(GetUserInfo::default()).await.unwrap_err();
    assert!(matches!(&error, JsonCallError::Transport(t) if t.sent), "{error}");
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn servers_that_want_a_certificate_get_it() {
    let authority = Authority::new("The company");
    let answer = |_: &_| respond("200 OK", JSON, ALLOWED.as_bytes());
    let address = serve_tls(authority.demanding(), answer);
    let settings = JsonProviderSettings {
        root_certificates: authority.pem().into_bytes(),
        ..JsonProviderSettings::new(format!("https://localhost:{}/", address.port()))
    };
    let call =
        async |settings| JsonProvider::new(settings).unwrap().call(StartTicket::default()).await;
    let error = call(settings.clone()).await.unwrap_err();
    let JsonCallError::Transport(transport) = &error else { panic!("{error}") };
    let TransportErrorKind::Tls(tls) = &transport.kind else { panic!("{error}") };
    assert_eq!(tls.cause, TlsCause::ClientCertificate);
    let (certificate, key) = authority.signed("caller");
    let certificate = ClientCertificate::new(certificate.as_bytes(), key.as_bytes()).unwrap();
    call(JsonProviderSettings { client_certificate: Some(certificate), ..settings }).await.unwrap();
}

#[tokio::test]
async fn the_vendors_own_login_is_spoken() {
    let endpoint = Endpoint::new("");
    let format = Format::VendorLogin { site_id: "main \"1\"".into() };
    let settings = JsonProviderSettings { format, ..endpoint.settings() };
    let provider = JsonProvider::new(settings).unwrap();
    endpoint.says(
        "200 OK",
        JSON,
        r#"{"login_successful": true, "reason": "", "username": "Joe", "email_address": "joe@x", "is_site_administrator": false}"#,
    );
    let answer = provider.call(login()).await.unwrap();
    let expected = Authentication::Authenticated {
        email_address: Some("joe@x".into()),
        display_name: Some("Joe".into()),
    };
    assert_eq!(answer.result, expected);
    let body = r#"{"site_id":"main \"1\"","username":"joe","password":"hunter2-of-joe"}"#;
    assert_eq!(endpoint.asked_once(), body);
    endpoint.says("200 OK", JSON, r#"{"login_successful": false, "reason": "locked"}"#);
    let answer = provider.call(login()).await.unwrap();
    assert_eq!(answer, Answer::new(Authentication::Refused, "locked"));
    for (text, expected) in [
        ("{}", "login_successful: is missing"),
        (r#"{"login_successful": "true"}"#, "login_successful: a string, not true or false"),
        (
            r#"{"login_successful": true, "email_address": 5}"#,
            "email_address: a number, not a string or null",
        ),
    ] {
        endpoint.says("200 OK", JSON, text);
        let error = provider.call(login()).await.unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    endpoint.asked();
    // Visits with a cookie are common, and no mistake.
    let answer = provider.call(GetSignInCookieInfo::default()).await.unwrap();
    assert_eq!((answer.result, answer.message), (Authentication::Refused, None));
    let error = provider.call(StartTicket::default()).await.unwrap_err();
    assert!(error.to_string().contains("vendor-login has no StartTicket"), "{error}");
    assert!(!error.sent() && endpoint.asked().is_empty());
}

#[test]
fn settings_that_nobody_can_be_called_with_are_refused() {
    let error = |edit: fn(&mut JsonProviderSettings)| -> JsonProviderError {
        let mut settings = JsonProviderSettings::new("https://h.example/{operation}");
        edit(&mut settings);
        let error = JsonProvider::new(settings).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        error
    };
    for (edit, words) in [
        ((|s| s.url = "ftp://h/".into()) as fn(&mut JsonProviderSettings), "http:// or https://"),
        (|s| s.url = "https://u:hunter2@h/".into(), "user name or password"),
        (|s| s.url = "https://h/{op}".into(), "{op} has no meaning there"),
        (|s| s.url = "https://h/{operation".into(), "{operation has no meaning there"),
        (|s| s.url = "https://h/}".into(), "} has no meaning there"),
        (|s| s.url = "https://{operation}.h/".into(), "in the path or query"),
        (|s| s.token = Some("hunter2 x".into()), "a header cannot carry"),
        (|s| s.token = Some("hunter2\n".into()), "a header cannot carry"),
        (|s| s.token = Some("".into()), "the token is empty"),
        (|s| s.secret = Some("whsec_hunter2!".into()), "does not go on in Base64"),
        (|s| s.secret = Some(" ".into()), "the secret is empty"),
        (|s| s.root_certificates = b"hunter2".to_vec(), "the root certificates"),
    ] {
        let error = error(edit).to_string();
        assert!(error.contains(words), "{error}");
    }
}
