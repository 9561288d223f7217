//! The client against peers that misbehave, each in its own way. No peer sleeps: it waits for the
//! client, or forever.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use external_providers::Client;
use external_providers::client::{BuildError, CallError, ClientBuilder, TransportErrorKind};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::http::{ConnectCause, UrlError};
use external_providers::soap::{FaultCode, NonSoapKind, SoapVersion};

use crate::support::Folder;

const PASSWORD: &str = "hunter2&<x>";
const USER_PASSWORD: &str = "correct horse";

fn request() -> Authenticate {
    Authenticate {
        login_username: "u".into(),
        login_password: USER_PASSWORD.into(),
        ..Default::default()
    }
}

/// Reads one request, up to the end of its body.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        assert!(n > 0, "the request ended early: {text}");
    }
}

/// A peer that takes one connection and does as it is told. Gives its URL.
fn peer(act: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/Provider.asmx", listener.local_addr().unwrap());
    std::thread::spawn(move || act(listener.accept().unwrap().0));
    url
}

/// A peer that answers with these bytes.
fn answering(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    peer(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(&answer);
    })
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

async fn call(
    url: &str,
    with: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Authentication, CallError> {
    let builder = with(Client::builder(url, PASSWORD).timeout(Duration::from_secs(20)));
    let result = builder.build().unwrap().call(request()).await;
    if let Err(error) = &result {
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(error));
        for secret in ["hunter2", USER_PASSWORD, "correct+horse", "correct%20horse"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    result.map(|answer| answer.result)
}

fn not_soap(result: Result<Authentication, CallError>) -> (u16, NonSoapKind, String) {
    match result {
        Err(CallError::NotSoap(answer)) => {
            (answer.status, answer.page.clone(), answer.excerpt.clone())
        }
        other => panic!("{other:?}"),
    }
}

fn transport(result: Result<Authentication, CallError>) -> (TransportErrorKind, bool) {
    match result {
        Err(CallError::Transport(error)) => (error.kind, error.sent),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_request_is_that_of_the_dotnet_proxy() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let (seen, receive) = std::sync::mpsc::channel();
        let url = peer(move |mut stream| {
            seen.send(read_request(&mut stream)).unwrap();
        });
        let _ = call(&url, |b| b.soap_version(version)).await;
        let sent = receive.recv().unwrap();
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<_> = head.lines().collect();
        assert_eq!(lines.remove(0), "POST /Provider.asmx HTTP/1.1");
        let expected_type = match version {
            SoapVersion::V11 => "Content-Type: text/xml; charset=utf-8",
            SoapVersion::V12 => {
                "Content-Type: application/soap+xml; charset=utf-8; action=\"http://tempuri.org/Authenticate\""
            }
        };
        assert!(lines.contains(&expected_type), "{head}");
        let has = |name: &str| {
            lines.iter().any(|l| l.to_ascii_lowercase().starts_with(&format!("{name}:")))
        };
        assert_eq!(has("soapaction"), version == SoapVersion::V11, "{head}");
        let hosts: Vec<_> = lines.iter().filter(|line| line.starts_with("Host:")).collect();
        let host = url.trim_start_matches("http://").trim_end_matches("/Provider.asmx");
        assert_eq!(hosts, [&format!("Host: {host}")], "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        for name in ["transfer-encoding", "accept-encoding", "cookie", "referer", "expect"] {
            assert!(!has(name), "{head}");
        }
        assert!(body.contains("<string>authPW=hunter2&amp;&lt;x&gt;</string>"), "{body}");
    }
}

#[tokio::test]
async fn pages_are_told_apart() {
    let html = "Content-Type: text/html\r\n";
    let echo =
        format!("<html><title>Oops</title>authPW=hunter2&amp;&lt;x&gt; {USER_PASSWORD}</html>");
    for (status, expected) in [
        ("200 OK", NonSoapKind::Html),
        ("401 Unauthorized", NonSoapKind::SignIn),
        ("403 Forbidden", NonSoapKind::Html),
        ("404 Not Found", NonSoapKind::Html),
        ("502 Bad Gateway", NonSoapKind::Html),
        ("500 Internal Server Error", NonSoapKind::Html),
    ] {
        let (found, page, excerpt) =
            not_soap(call(&answering(http(status, html, &echo)), |b| b).await);
        assert_eq!((found.to_string(), page), (status[..3].to_owned(), expected));
        assert!(excerpt.starts_with("Oops"), "{excerpt}");
    }
    let moved = "Location: https://sso.example.com/login?next=hunter2\r\n";
    let (_, page, _) = not_soap(call(&answering(http("301 Moved", moved, "")), |b| b).await);
    assert!(matches!(page, NonSoapKind::Redirect { sign_in: true, .. }), "{page:?}");
    let xml = "Content-Type: text/xml; charset=utf-8\r\n";
    let (status, page, _) = not_soap(call(&answering(http("200 OK", xml, "")), |b| b).await);
    assert_eq!((status, page), (200, NonSoapKind::Empty));
    // A page that calls itself XML.
    let (_, page, _) = not_soap(call(&answering(http("200 OK", xml, &echo)), |b| b).await);
    assert_eq!(page, NonSoapKind::Html);
}

#[tokio::test]
async fn faults_and_broken_answers_are_told_apart() {
    let xml = "Content-Type: text/xml; charset=utf-8\r\n";
    let fault = format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>bad {USER_PASSWORD}</faultstring></s:Fault></s:Body></s:Envelope>"
    );
    for status in ["200 OK", "500 Internal Server Error"] {
        match call(&answering(http(status, xml, &fault)), |b| b).await {
            Err(CallError::Fault(found)) => {
                assert_eq!((found.code, found.reason.as_str()), (FaultCode::Server, "bad ***"));
            }
            other => panic!("{other:?}"),
        }
    }
    let result = call(&answering(http("200 OK", xml, "<a><b></a>")), |b| b).await;
    assert!(matches!(result, Err(CallError::Malformed(_))), "{result:?}");
}

#[track_caller]
fn cause_of(kind: &TransportErrorKind) -> ConnectCause {
    match kind {
        TransportErrorKind::Connect(error) => error.cause,
        kind => panic!("{kind:?}"),
    }
}

#[tokio::test]
async fn transport_errors_say_whether_the_request_was_sent() {
    // A name that cannot be.
    let (kind, sent) = transport(call("http://nowhere.invalid/", |b| b).await);
    // Where a machine has no name server, nobody can say that.
    let cause = cause_of(&kind);
    assert!(
        matches!(cause, ConnectCause::UnknownHost | ConnectCause::NoNameServer) && !sent,
        "{kind:?}"
    );
    // Nobody listens: the port was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (kind, sent) = transport(call(&format!("http://{free}/"), |b| b).await);
    assert_eq!((cause_of(&kind), sent), (ConnectCause::Refused, false), "{kind:?}");
    // Hangs up on the spot, after the request, and in the middle of the answer.
    let (_, sent) = transport(call(&peer(|mut s| drop(read_request(&mut s))), |b| b).await);
    assert!(sent);
    let cut = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<a>";
    let (kind, sent) = transport(call(&answering(cut), |b| b).await);
    assert!(matches!(kind, TransportErrorKind::Broken(_)) && sent, "{kind:?}");
    // No HTTP.
    let (kind, sent) = transport(call(&answering("hello\r\n\r\n"), |b| b).await);
    assert!(matches!(kind, TransportErrorKind::Broken(_)) && sent, "{kind:?}");
}

#[tokio::test]
async fn a_peer_that_hangs_is_given_up() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let url = peer(move |mut stream| {
        read_request(&mut stream);
        let _ = held.recv();
    });
    let short = Duration::from_millis(200);
    let (kind, sent) = transport(call(&url, |b| b.timeout(short)).await);
    assert_eq!((kind, sent), (TransportErrorKind::Timeout(short), true));
    drop(release);

    // TLS that never answers: the connection is not there yet, so nothing was sent.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let (kind, sent) = transport(call(&url, |b| b.connect_timeout(short)).await);
    assert!(matches!(kind, TransportErrorKind::ConnectTimeout(_)) && !sent, "{kind:?}");
}

#[tokio::test]
async fn large_answers_are_refused_announced_or_not() {
    let xml = "Content-Type: text/xml\r\n";
    let large = "x".repeat(5000);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{xml}Transfer-Encoding: chunked\r\n\r\n1388\r\n{large}\r\n0\r\n\r\n"
    );
    for answer in [http("200 OK", xml, &large), chunked] {
        let (kind, _) = transport(call(&answering(answer), |b| b.body_limit(4999)).await);
        assert_eq!(kind, TransportErrorKind::TooLarge { limit: 4999 });
    }
}

#[test]
fn settings_that_cannot_be_are_refused_without_showing_them() {
    let build = |url: &str| Client::new(url, PASSWORD).unwrap_err();
    assert!(matches!(build("Provider.asmx"), BuildError::Url(UrlError::Invalid(_))));
    assert!(matches!(build("ftp://host/"), BuildError::Url(UrlError::Scheme(_))));
    let error = build("http://user:hunter2@host/");
    assert_eq!(error, BuildError::Url(UrlError::UserInformation));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let roots = Client::builder("https://host/", PASSWORD).root_certificates("nonsense").build();
    assert!(matches!(roots, Err(BuildError::Roots(_))), "{roots:?}");
    let proxy = Client::builder("https://host/", PASSWORD).proxy("hunter2:x").build();
    assert!(matches!(proxy, Err(BuildError::Url(UrlError::Proxy))), "{proxy:?}");
    for (operation, name) in [("GetUserInfo", "a b"), ("Nothing", "A")] {
        let named = Client::builder("http://host/", PASSWORD).operation_name(operation, name);
        let error = named.build().unwrap_err();
        assert!(matches!(error, BuildError::Operation(_)), "{error}");
        assert!(error.to_string().contains(operation), "{error}");
    }
    let client = Client::builder("http://host/?key=hunter2", PASSWORD);
    let shown = format!("{client:?}");
    assert!(!format!("{shown} {:?}", client.build().unwrap()).contains("hunter2"));
}

#[tokio::test]
async fn a_proxy_is_used_and_its_password_kept() {
    let (seen, receive) = std::sync::mpsc::channel();
    let url = peer(move |mut stream| {
        let asked = read_request(&mut stream);
        let credentials =
            asked.lines().find_map(|l| l.split_once("uthorization: ").map(|(_, c)| c.to_owned()));
        let page = format!("who are you: {}", credentials.clone().unwrap_or_default());
        let _ = stream.write_all(
            http("407 Proxy Authentication Required", "Content-Type: text/plain\r\n", &page)
                .as_bytes(),
        );
        seen.send((asked, credentials)).unwrap();
    });
    let proxy = url.replace("http://", "HTTP://bob:pr%40xypass@");
    let service = "http://service.invalid/Provider.asmx";
    let result = call(service, |b| b.proxy(proxy.as_str())).await;
    let (asked, credentials) = receive.recv().unwrap();
    assert!(asked.starts_with(&format!("POST {service} HTTP/1.1")), "{asked}");
    let credentials = credentials.unwrap();
    let (status, _, excerpt) = not_soap(result);
    assert_eq!((status, excerpt.as_str()), (407, "who are you: Basic ***"));
    assert!(!excerpt.contains(credentials.trim_start_matches("Basic ")));

    // A proxy that is down is named.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = call(service, |b| b.proxy(format!("http://x:proxypass@{free}"))).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains(&free.to_string()) && !text.contains("proxypass"), "{text}");
}

#[tokio::test]
async fn tls_is_checked_against_the_certificates_given() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = Folder::new("client-tls");
    let folder = folder.path();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = external_providers::host::Tls::read(&certificate, &key).unwrap();
    let services = external_providers::sample::services(PASSWORD, "http://tempuri.org/");
    let host = external_providers::Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap().with_tls(tls);
    let port = server.local_addr().port();
    tokio::spawn(server.serve(std::future::pending()));

    let url = format!("https://localhost:{port}/Provider.asmx");
    let trusted = call(&url, |b| b.root_certificates(certified.cert.pem())).await;
    assert_eq!(trusted.unwrap(), Authentication::Refused, "the user is not the sample's");
    let error = call(&url, |b| b).await.unwrap_err();
    assert!(error.to_string().ends_with("(the request was not sent)"), "{error}");
    assert!(error.hint().unwrap().contains("trust it explicitly"), "{error} {:?}", error.hint());
    let other = format!("https://127.0.0.1:{port}/Provider.asmx");
    let error = call(&other, |b| b.root_certificates(certified.cert.pem())).await.unwrap_err();
    assert!(
        error.hint().unwrap().contains("by a name in the certificate"),
        "{error} {:?}",
        error.hint()
    );
}
