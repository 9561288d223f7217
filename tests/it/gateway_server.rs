//! The gateway as an HTTP service that speaks JSON.

mod answers;
mod documents;
mod mistakes;
mod served;
mod tool;

use std::net::SocketAddr;

use external_providers::contract::Kind;
use external_providers::gateway::Gateway;
use external_providers::gateway_server::{GatewayServer, Tokens};
use external_providers::host::Settings as Limits;
use external_providers::settings::{ExternalService, Settings};
use serde_json::Value;

use crate::gateway::kinds::{PASSWORD, path, sample_host};
use crate::host::http::exchange;

const TOKEN: &str = "the-token-of-tests-0123";

/// Settings with all kinds of the sample, at `http://address`.
fn sample_settings(base: &str) -> Settings {
    let mut settings = Settings::default();
    for &kind in Kind::ALL {
        let url = format!("{base}{}", path(kind));
        settings.enable(ExternalService::new(kind, url, PASSWORD));
    }
    settings.login.accept_sign_on_cookies = true;
    settings
}

async fn sample() -> Gateway {
    Gateway::builder(sample_settings(&sample_host().await)).build().unwrap()
}

/// Serves until the end of the test.
async fn serve_with(gateway: Gateway, limits: Limits) -> SocketAddr {
    let tokens = Tokens::new([TOKEN]).unwrap();
    let server = GatewayServer::new(gateway, tokens, limits).bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

async fn serve(gateway: Gateway) -> SocketAddr {
    serve_with(gateway, Limits::default()).await
}

/// A request with these lines between the first and the length.
fn request(target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The headers of a call that is in order.
fn headers() -> String {
    format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n")
}

fn post(operation: &str, body: &str) -> Vec<u8> {
    request(&format!("/v1/{operation}"), &headers(), body.as_bytes())
}

struct Reply {
    status: u16,
    head: String,
    json: Value,
}

/// Sends bytes, and reads the answer.
async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Reply {
    let answer = exchange(address, bytes).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = serde_json::from_str(body).unwrap_or(Value::Null);
    let kind = if status == 200 { "application/json" } else { "application/problem+json" };
    if !json.is_null() {
        assert!(head.contains(&format!("\r\nContent-Type: {kind}\r\n")), "{head}");
    }
    if status != 200 {
        assert_eq!(json["status"], status, "{body}");
        let word = json["type"].as_str().unwrap().strip_prefix("urn:external-providers:problem:");
        assert!(word.is_some() && json["title"].is_string(), "{body}");
        assert!(json["detail"].is_string() && json["blame"].is_string(), "{body}");
    }
    Reply { status, head: head.to_owned(), json }
}

async fn call(address: SocketAddr, operation: &str, body: &str) -> Reply {
    send(address, post(operation, body)).await
}

/// The word for a problem.
fn word(reply: &Reply) -> &str {
    reply.json["type"].as_str().unwrap().rsplit(':').next().unwrap()
}
