//! The server as it runs: limits, slow and idle callers, rotation, readiness, metrics, its orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use external_providers::contract::{Answer, Kind, Start, StartTicket};
use external_providers::gateway::Gateway;
use external_providers::gateway_server::{GatewayServer, Tokens};
use external_providers::host::{Settings as Limits, Tls};
use external_providers::settings::Settings;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::{TOKEN, call, headers, post, request, sample, send, serve_with, word};
use crate::host::http::{PATIENCE, certificate, exchange, get, one, quick, rest};

/// A gateway whose own ticket provider says when it is asked, and answers when it is let.
struct Held {
    asked: Arc<Semaphore>,
    released: Arc<Semaphore>,
    gateway: Gateway,
}

impl Held {
    fn new() -> Self {
        let (asked, released) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let mut settings = Settings::default();
        settings.enable_built_in(Kind::Ticket);
        let both = (Arc::clone(&asked), Arc::clone(&released));
        let gateway = Gateway::builder(settings).operation(move |_: StartTicket| {
            let (asked, released) = (Arc::clone(&both.0), Arc::clone(&both.1));
            async move {
                asked.add_permits(1);
                released.acquire().await.unwrap().forget();
                Ok(Answer::new(Start::allowed(), "late"))
            }
        });
        Self { asked, released, gateway: gateway.build().unwrap() }
    }

    async fn arrived(&self) {
        timeout(PATIENCE, self.asked.acquire()).await.unwrap().unwrap().forget();
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_and_those_within_it_answered() {
    let held = Held::new();
    let limits = Limits { max_requests: 1, ..Limits::default() };
    let address = serve_with(held.gateway.clone(), limits).await;
    let first = tokio::spawn(async move { call(address, "StartTicket", "{}").await });
    held.arrived().await;
    let reply = call(address, "StartTicket", "{}").await;
    assert_eq!((reply.status, word(&reply)), (503, "overloaded"));
    assert!(reply.head.contains("\r\nRetry-After: 1\r\n"), "{}", reply.head);
    held.released.add_permits(1);
    assert_eq!(first.await.unwrap().json["outcome"], "allowed");
}

#[tokio::test]
async fn slow_idle_and_too_many_callers_meet_the_hosts_limits() {
    let address = serve_with(sample().await, quick()).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    let whole = request("/v1/HandleEvent", &headers(), br#"{"eventName": "x"}"#);
    slow.write_all(&whole[..whole.len() - 1]).await.unwrap();
    assert!(one(&mut slow).await.starts_with("HTTP/1.1 408 "), "half a body");
    let mut head = TcpStream::connect(address).await.unwrap();
    head.write_all(b"GET / HT").await.unwrap();
    assert_eq!(rest(&mut head).await, "", "half a head");
    let mut idle = TcpStream::connect(address).await.unwrap();
    assert_eq!(rest(&mut idle).await, "", "nothing at all");

    let limits = Limits { max_connections: 0, ..Limits::default() };
    let reply = send(serve_with(sample().await, limits).await, b"").await;
    assert_eq!((reply.status, word(&reply)), (503, "overloaded"));
}

async fn until_closed(address: SocketAddr) {
    let closed = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, closed).await.unwrap();
}

#[tokio::test]
async fn the_end_finishes_what_began_and_says_that_it_is_not_ready() {
    let held = Held::new();
    let tokens = Tokens::new([TOKEN]).unwrap();
    let served = GatewayServer::new(held.gateway.clone(), tokens, Limits::default());
    let server = served.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let other = served.bind("127.0.0.1:0").await.unwrap();
    let other_address = other.local_addr();
    tokio::spawn(other.serve(std::future::pending()));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.serve(async move { drop(stopped.await) }));

    let first = tokio::spawn(async move { call(address, "StartTicket", "{}").await });
    held.arrived().await;
    assert!(exchange(address, get("/readyz")).await.ends_with("\r\n\r\nready"));
    let mut begun = TcpStream::connect(address).await.unwrap();
    let (line, end) = ("GET /readyz HTTP/1.1\r\nHost: h\r\n", "\r\n");
    begun.write_all(line.as_bytes()).await.unwrap();
    // What it has is not known outside; that a whole answer came on another connection afterwards is.
    assert!(exchange(address, get("/healthz")).await.ends_with("\r\n\r\nok"));
    stop.send(()).unwrap();
    until_closed(address).await;
    // Another port goes on, and one that is opened now does not make this one ready.
    assert!(exchange(other_address, get("/readyz")).await.ends_with("\r\n\r\nready"));
    let _later = served.bind("127.0.0.1:0").await.unwrap();
    begun.write_all(end.as_bytes()).await.unwrap();
    let answer = rest(&mut begun).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("problem:stopping"), "{answer}");
    held.released.add_permits(1);
    assert_eq!(first.await.unwrap().json["outcome"], "allowed");
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn tokens_are_rotated_while_it_runs() {
    let (old, new) = ("the-old-token-of-tests", "the-new-token-of-tests");
    let gateway = Gateway::builder(Settings::default()).build().unwrap();
    let served = GatewayServer::new(gateway, Tokens::new([old]).unwrap(), Limits::default());
    let server = served.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let status = async |token: &str| {
        let headers = headers().replace(TOKEN, token);
        send(address, request("/v1/StartTicket", &headers, b"{}")).await.status
    };
    for (tokens, let_in) in
        [(vec![old], [200, 401]), (vec![new, old], [200, 200]), (vec![new], [401, 200])]
    {
        served.replace_tokens(Tokens::new(tokens).unwrap());
        assert_eq!([status(old).await, status(new).await], let_in);
    }
    assert!(!format!("{served:?}").contains("token-of-tests"), "{served:?}");
}

#[tokio::test]
async fn calls_are_counted_and_a_certificate_is_shown() {
    let tokens = Tokens::new([TOKEN]).unwrap();
    let gateway = sample().await;
    let mut settings = gateway.settings();
    settings.login.remember = Duration::from_secs(3600);
    gateway.replace(settings).unwrap();
    let served = GatewayServer::new(gateway, tokens, Limits::default());
    let server = served.bind("127.0.0.1:0").await.unwrap();
    let server = server.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    tokio::spawn(server.serve(std::future::pending()));
    call(address, "GetUserInfo", r#"{"emailFrom": "x"}"#).await;
    call(address, "GetUserInfo", "{}").await;
    call(address, "GetUserInfo", "[]").await;
    send(address, request("/v1/GetUserInfo", "", b"{}")).await;
    call(address, "GetNothing", "{}").await;
    for _ in 0..2 {
        call(address, "GetSignInCookieInfo", r#"{"loginUsername": "myusername"}"#).await;
    }
    let shown = exchange(metrics, get("/")).await;
    let remembered = "{kind=\"login\",operation=\"GetSignInCookieInfo\",outcome=\"remembered\"}";
    assert!(
        shown.contains(&format!("external_providers_service_calls_total{remembered} ")),
        "{shown}"
    );
    for (labels, count) in [
        ("kind=\"user_information\",operation=\"GetUserInfo\",outcome=\"answered\"", 1),
        ("kind=\"user_information\",operation=\"GetUserInfo\",outcome=\"declined\"", 1),
        ("kind=\"user_information\",operation=\"GetUserInfo\",outcome=\"refused\"", 1),
        ("kind=\"user_information\",operation=\"GetUserInfo\",outcome=\"denied\"", 1),
        ("kind=\"\",operation=\"\",outcome=\"refused\"", 1),
    ] {
        let line = format!("external_providers_calls_total{{{labels}}} {count}\n");
        assert!(shown.contains(&line), "{line}{shown}");
    }
    assert!(served.metrics().contains("external_providers_service_calls_total"), "{shown}");

    let (file, key, certified) = certificate();
    let server = served.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.with_tls(Tls::read(&file, &key).unwrap()).serve(std::future::pending()));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(&post("StartTicket", "{}")).await.unwrap();
    assert!(rest(&mut stream).await.contains("\"operation\":\"StartTicket\""));
}
