//! Recordings that tests replay.

use std::net::SocketAddr;
use std::time::Duration;

use external_providers::compare::Policy;
use external_providers::fixture::{Fixture, Redaction};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::sample;
use external_providers::soap::SoapVersion;

use crate::raw::{Peer, call};

/// The variables of a recorded login.
pub(crate) const LOGIN: [&str; 3] =
    ["authPW=REDACTED-1", "loginUsername=myusername", "loginPassword=REDACTED-2"];

/// A fixture from a request and an answer as they were on the wire.
pub(crate) fn fixture(name: &str, request: &str, answer: &[u8]) -> Fixture {
    let (first, headers, body) = split(request.as_bytes());
    let mut words = first.split(' ');
    let request = HttpRequest {
        method: words.next().unwrap().to_owned().into(),
        target: words.next().unwrap().to_owned(),
        headers,
        body,
    };
    let (first, headers, body) = split(answer);
    let mut words = first.splitn(3, ' ');
    let version = match words.next() {
        Some("HTTP/1.0") => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    };
    let status = words.next().unwrap().parse().unwrap();
    let reason = words.next().unwrap_or_default().to_owned();
    let is_soap = request.headers.get("soapaction").is_some();
    Fixture {
        name: name.to_owned(),
        sequence: 1,
        recorded: "2026-11-24T21:00:00Z".parse().unwrap(),
        took: Duration::from_millis(1),
        count: 1,
        operation: is_soap.then(|| "Authenticate".to_owned()),
        soap: is_soap.then_some(SoapVersion::V11),
        request,
        request_version: HttpVersion::Http11,
        outcome: Outcome::Answered(Answered {
            response: HttpResponse { status, headers, body },
            reason,
            version,
        }),
        redaction: Redaction::default(),
        policy: Policy::default(),
    }
}

fn split(bytes: &[u8]) -> (String, Headers, Vec<u8>) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let mut headers = Headers::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.push(name.to_owned(), value.trim().to_owned());
    }
    (first, headers, bytes[end + 4..].to_vec())
}

/// The sample provider with the password `s3cret`, at a port of its own until the tests end.
pub(crate) fn sample_service() -> SocketAddr {
    let (tell, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let services = sample::diagnostic_services("s3cret", "http://tempuri.org/");
            let host = external_providers::Host::builder().services(services).build().unwrap();
            let server = host.bind("127.0.0.1:0").await.unwrap();
            tell.send(server.local_addr()).unwrap();
            server.serve(std::future::pending()).await;
        });
    });
    address.recv().unwrap()
}

/// What the sample provider says to the login.
pub(crate) fn login() -> Fixture {
    let mut peer = Peer::connect(sample_service());
    let variables = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=mypassword"];
    peer.send(call("Authenticate", &variables));
    fixture("login", &call("Authenticate", &LOGIN), &peer.message().unwrap())
}
