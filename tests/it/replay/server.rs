//! The replay server as callers meet it: raw ones, and our own client.

use std::time::{Duration, Instant};

use external_providers::Client;
use external_providers::client::{CallError, TransportErrorKind};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::fixture::Fixture;
use external_providers::http::Outcome;
use external_providers::http1::Limits;
use external_providers::replay::{Impairment, Injection, Replay, ReplayServer};
use external_providers::soap::{FaultCode, NonSoapKind};

use crate::codec::raw::{PATIENCE, Peer, answer, call};
use crate::fixtures::recordings::{LOGIN, fixture, login};

fn start(fixtures: Vec<Fixture>, injections: &[&str]) -> ReplayServer {
    start_with(Limits::default(), fixtures, injections)
}

fn start_with(limits: Limits, fixtures: Vec<Fixture>, injections: &[&str]) -> ReplayServer {
    let mut server = Replay::new(fixtures).unwrap().server().limits(limits);
    for injection in injections {
        server = server.inject(injection.parse::<Injection>().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.start()).unwrap()
}

fn get(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\n{more}\r\n")
}

#[test]
fn recorded_heads_go_out_in_their_case_and_order() {
    let page = b"HTTP/1.1 404 Nope nope\r\nx-b: 1\r\nSERVER: IIS\r\nX-B: 2\r\ndate: then\r\n\
        Content-Length: 6\r\nset-cookie: REDACTED-1\r\n\r\n\xef\xbb\xbf\r\n\xff";
    let server = start(vec![fixture("page", &get("/help.asmx", ""), page)], &[]);
    let mut peer = Peer::connect(server.local_addr());
    for _ in 0..2 {
        peer.send(get("/HELP.asmx", ""));
        assert_eq!(peer.message().unwrap(), page);
    }
    // Two requests at once, the last of which ends the connection.
    peer.send(get("/help.asmx", "") + &get("/help.asmx", "Connection: close\r\n"));
    assert_eq!(peer.message().unwrap(), page);
    let last = String::from_utf8_lossy(&peer.rest()).into_owned();
    assert!(last.contains("\r\nConnection: close\r\n\r\n"), "{last}");

    let mut old = Peer::connect(server.local_addr());
    old.send("GET /help.asmx HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(old.text().contains("\r\nConnection: keep-alive\r\n\r\n"));
    old.send("HEAD /help.asmx HTTP/1.0\r\n\r\n");
    assert!(String::from_utf8_lossy(&old.rest()).starts_with("HTTP/1.1 404"), "not recorded");
}

#[test]
fn a_wsdl_names_the_address_under_which_it_was_asked_for() {
    let wsdl = "<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\"><soap:address \
                xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
                location=\"http://crm.internal/Provider.asmx\" /></definitions>";
    let recorded = fixture(
        "wsdl",
        &get("/Provider.asmx?wsdl", ""),
        &answer("200 OK", "Content-Type: text/xml\r\n", wsdl),
    );
    let server = start(vec![recorded], &[]);
    let mut peer = Peer::connect(server.local_addr());
    peer.send("GET /Provider.asmx?WSDL HTTP/1.1\r\nHost: tester:8080\r\n\r\n");
    let expected = wsdl.replace("crm.internal", "tester:8080");
    assert!(peer.text().ends_with(&format!("\r\n\r\n{expected}")));
    peer.send("GET /Provider.asmx?wsdl HTTP/1.0\r\n\r\n");
    let own = wsdl.replace("crm.internal", &server.local_addr().to_string());
    assert!(String::from_utf8(peer.rest()).unwrap().ends_with(&own));
}

#[test]
fn bodies_come_in_every_framing() {
    let server = start(vec![login()], &[]);
    let whole = call("Authenticate", &LOGIN);
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    let length = format!("Content-Length: {}", body.len());
    let mut peer = Peer::connect(server.local_addr());

    let chunked = head.replace(&length, "Transfer-Encoding: chunked");
    let (first, second) = body.split_at(7);
    peer.send(format!("{chunked}\r\n\r\n7\r\n{first}\r\n"));
    peer.send(format!("{:X};x=y\r\n{second}\r\n0\r\nX-Trailer: 1\r\n\r\n", second.len()));
    assert!(peer.text().contains("Login Successful"));

    peer.send(format!("{head}\r\nExpect: 100-Continue\r\n\r\n"));
    assert_eq!(peer.until(b"\r\n\r\n").unwrap(), b"HTTP/1.1 100 Continue\r\n\r\n");
    peer.send(body);
    assert!(peer.text().contains("Login Successful"));
}

#[test]
fn what_cannot_be_understood_is_refused_and_never_answered() {
    let limits = Limits {
        head: 4 << 10,
        body: 64 << 10,
        head_time: Duration::from_millis(300),
        body_time: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = start_with(limits, vec![login()], &[]);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(8 << 10));
    let large = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 65 << 10);
    for (request, status, says) in [
        ("GET / HTTP/1.1\nHost: h\n\n", 400, "CR LF"),
        ("GET / HTTP/9.9\r\n\r\n", 400, "version"),
        ("GET  / HTTP/1.1\r\n\r\n", 400, "line of an HTTP request"),
        ("\x16\x03\x01 a greeting", 400, "http, not https"),
        ("nonsense\r\n", 400, "line of an HTTP request"),
        ("GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", 400, "Content-Length"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "two lengths"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "both",
        ),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "coding"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "chunk"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "one Host header"),
        ("GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n", 400, "one Host header"),
        (&long, 431, "4096 bytes"),
        (&large, 413, "65536 bytes"),
        ("GET / HTT", 408, "head"),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", 408, "body"),
    ] {
        let mut peer = Peer::connect(server.local_addr());
        peer.send(request);
        let text = String::from_utf8_lossy(&peer.rest()).into_owned();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {text}");
        assert!(text.contains(says) && text.contains("\r\nConnection: close\r\n"), "{text}");
    }
    // Whoever leaves in the middle, or says nothing, disturbs nobody.
    drop(Peer::connect(server.local_addr()));
    Peer::connect(server.local_addr()).send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    let mut peer = Peer::connect(server.local_addr());
    peer.send("\r\n\r\n".to_owned() + &call("Authenticate", &LOGIN));
    assert!(peer.text().contains("Login Successful"), "empty lines before it are passed over");
    assert_eq!(server.unmatched().0, 0);
}

#[test]
fn too_many_connections_are_told_so() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = start_with(limits, vec![login()], &[]);
    let mut first = Peer::connect(server.local_addr());
    first.send(call("Authenticate", &LOGIN));
    first.text();
    let mut second = Peer::connect(server.local_addr());
    assert!(String::from_utf8(second.rest()).unwrap().starts_with("HTTP/1.1 503 "));
}

#[test]
fn a_request_that_is_not_recorded_is_told_what_differs() {
    let server = start(vec![login()], &[]);
    let mut peer = Peer::connect(server.local_addr());
    let variables =
        ["authPW=hunter2-secret", "loginUsername=other", "loginPassword=hunter3-secret"];
    peer.send(call("Authenticate", &variables));
    let text = peer.text();
    assert!(text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{text}");
    assert!(text.contains("<faultcode>soap:Client</faultcode>"), "{text}");
    for part in ["login differs", "loginUsername", "other"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("-secret"), "{text}");

    let twelve = call("Authenticate", &variables)
        .replace("text/xml; charset=utf-8", "application/soap+xml; charset=utf-8");
    peer.send(twelve);
    let text = peer.text();
    assert!(text.contains("<soap:Value>soap:Sender</soap:Value>"), "{text}");

    peer.send(get("/elsewhere?password=hunter2-secret", ""));
    let text = peer.text();
    assert!(text.starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain"), "{text}");
    assert!(text.contains("login") && !text.contains("hunter2"), "{text}");
    let (count, said) = server.unmatched();
    assert_eq!((count, said.len()), (3, 3));
    assert_eq!(server.replay().unused().len(), 1);
}

#[test]
fn a_client_of_a_replay_is_not_sent_to_the_services_wsdl() {
    let request = Authenticate { login_username: "nobody".into(), ..Authenticate::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for recordings in [vec![login()], vec![login(), login()]] {
        let server = start(recordings, &[]);
        let client = Client::new(&format!("http://{}/Provider.asmx", server.local_addr()), "p");
        let error = runtime.block_on(client.unwrap().call(request.clone())).unwrap_err();
        let hint = error.hint().unwrap();
        assert!(
            hint.starts_with("this is a replay, not the service: --show-wire"),
            "{error}: {hint}"
        );
    }
}

#[test]
fn what_holds_no_answer_is_not_replayed() {
    let mut failed = login();
    failed.outcome = Outcome::Failed("could not connect to http://crm:80: refused".to_owned());
    let server = start(vec![failed], &[]);
    let mut peer = Peer::connect(server.local_addr());
    peer.send(call("Authenticate", &LOGIN));
    let text = peer.text();
    assert!(text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{text}");
    assert!(text.contains("there are no recordings to answer POST /Provider.asmx"), "{text}");
    assert!(text.contains("login is of this request, but holds no answer"), "{text}");
    assert_eq!((server.unmatched().0, server.replay().len()), (1, 0));
}

#[test]
fn dropping_the_server_closes_its_port() {
    let server = start(vec![login()], &[]);
    let address = server.local_addr();
    let mut peer = Peer::connect(address);
    peer.send(call("Authenticate", &LOGIN));
    peer.text();
    drop(server);
    assert_eq!(peer.rest(), b"", "idle connections end with it");
    let closed = Instant::now();
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(closed.elapsed() < PATIENCE);
    }
}

/// The login, by our client, at a replay server with trouble.
fn client_meets(injections: &[&str]) -> Result<Authentication, CallError> {
    let server = start(vec![login()], injections);
    let client = Client::builder(&server.url("/Provider.asmx"), "s3cret")
        .timeout(Duration::from_millis(1500))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = client.call(Authenticate {
        login_username: "myusername".into(),
        login_password: "mypassword".into(),
        ..Default::default()
    });
    runtime.block_on(call).map(|answer| answer.result)
}

#[test]
fn our_client_against_a_recording() {
    let result = client_meets(&[]).unwrap();
    assert!(matches!(result, Authentication::Authenticated { .. }), "{result:?}");
    let server = start(vec![login()], &[]);
    let client = Client::new(&server.url("Provider.asmx"), "s3cret").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = client.call(Authenticate { login_username: "other".into(), ..Default::default() });
    match runtime.block_on(call) {
        Err(CallError::Fault(fault)) => {
            assert_eq!(fault.code, FaultCode::Client);
            assert!(fault.reason.contains("login differs"), "{}", fault.reason);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_trouble_is_an_error_of_its_own_to_our_client() {
    let page = |result| match result {
        Err(CallError::NotSoap(answer)) => (answer.status, answer.page.clone()),
        other => panic!("{other:?}"),
    };
    let transport = |result| match result {
        Err(CallError::Transport(error)) => error.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(page(client_meets(&["html500"])), (500, NonSoapKind::Html));
    assert_eq!(page(client_meets(&["Authenticate:page401"])), (401, NonSoapKind::SignIn));
    assert!(matches!(transport(client_meets(&["slow=60s"])), TransportErrorKind::Timeout(_)));
    assert!(matches!(transport(client_meets(&["drip=1/1s"])), TransportErrorKind::Timeout(_)));
    assert!(matches!(transport(client_meets(&["cut=20"])), TransportErrorKind::Broken(_)));
    assert!(matches!(transport(client_meets(&["reset"])), TransportErrorKind::Broken(_)));
    // Harmless to a client that reads as .NET does.
    assert!(client_meets(&["bom"]).is_ok());
    assert!(client_meets(&["slow=10ms", "drip=200/1ms"]).is_ok());
    assert!(client_meets(&["StartTicket:reset"]).is_ok(), "another operation's trouble");
    assert!(matches!(client_meets(&["charset=utf-16"]), Err(CallError::Malformed(_))), "no XML");
}

#[test]
fn each_trouble_as_a_raw_caller_sees_it() {
    let recorded = login();
    let plain = {
        let server = start(vec![recorded.clone()], &[]);
        let mut peer = Peer::connect(server.local_addr());
        peer.send(call("Authenticate", &LOGIN));
        peer.text()
    };
    let (plain_head, plain_body) = plain.split_once("\r\n\r\n").unwrap();
    let meet = |injections: &[&str]| {
        let server = start(vec![recorded.clone()], injections);
        let mut peer = Peer::connect(server.local_addr());
        peer.send(call("Authenticate", &LOGIN));
        let text = String::from_utf8_lossy(&peer.message().unwrap_or_default()).into_owned();
        text.split_once("\r\n\r\n").map(|(h, b)| (h.to_owned(), b.to_owned())).unwrap_or_default()
    };
    let (head, body) = meet(&["bom"]);
    assert!(body == format!("\u{feff}{plain_body}") && head != plain_head);
    let (head, body) = meet(&["charset=windows-1252"]);
    assert_eq!(head, plain_head.replace("charset=utf-8", "charset=windows-1252"));
    assert_eq!(body, plain_body);
    assert_eq!(meet(&["drip=100/1ms"]), (plain_head.to_owned(), plain_body.to_owned()));
    let (head, body) = meet(&["html500"]);
    assert!(head.starts_with("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html"));
    assert!(body.contains("<h1>Server Error</h1>"));
    let (head, _) = meet(&["page401"]);
    assert!(head.starts_with("HTTP/1.1 401 Unauthorized\r\n") && head.contains("NTLM"), "{head}");
    // How long they take is held by a clock that tests set, where answers are delivered.
    assert_eq!(meet(&["slow=1ms"]).1, plain_body);
    assert_eq!(meet(&["pace"]).1, plain_body);

    let raw = |injections: &[&str]| {
        let server = start(vec![recorded.clone()], injections);
        let mut peer = Peer::connect(server.local_addr());
        peer.send(call("Authenticate", &LOGIN));
        (server, peer)
    };
    let (_server, mut peer) = raw(&["cut=10"]);
    assert_eq!(peer.rest(), format!("{plain_head}\r\n\r\n{}", &plain_body[..10]).as_bytes());
    let (_server, mut peer) = raw(&["reset"]);
    assert!(peer.is_reset());
    let (_server, mut peer) = raw(&["cut=0", "reset"]);
    assert!(peer.is_reset());
    let slow = Injection { operation: None, impairment: Impairment::Slow(Duration::from_secs(1)) };
    assert_eq!(slow, "slow=1s".parse().unwrap());
}

#[test]
fn the_callers_own_password_is_put_back_where_the_answer_quotes_it() {
    let mut recorded = login();
    let Outcome::Answered(answered) = &mut recorded.outcome else { panic!() };
    let body = String::from_utf8(answered.response.body.clone()).unwrap();
    let quoted = "<string>DisplayName=REDACTED-2-joe REDACTED-3</string></OutputVariables>";
    answered.response.body = body.replace("</OutputVariables>", quoted).into_bytes();
    answered.response.headers.push("Set-Cookie", "session=REDACTED-4");
    let server = start(vec![recorded], &[]);
    let mut peer = Peer::connect(server.local_addr());
    let variables = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=a&amp;cme"];
    peer.send(call("Authenticate", &variables));
    let text = peer.text();
    assert!(text.contains("<string>DisplayName=a&amp;cme-joe REDACTED-3</string>"), "{text}");
    assert!(text.contains("Set-Cookie: session=REDACTED-4\r\n"), "another session's: {text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
}
