//! The host as a server: HTTP as IIS speaks it, limits, timeouts, panics, TLS, its orderly end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::contract::{
    Answer, EventHandled, EventProvider, HandleEvent, ProviderError, ProviderResult,
};
use external_providers::host::{Host, HostError, Server, Service, Settings, TestForm, Tls};
use external_providers::sample;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::fresh;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Settings that can be awaited in a test.
pub(crate) fn quick() -> Settings {
    Settings {
        header_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(400),
        shutdown_timeout: Duration::from_millis(600),
        ..Settings::default()
    }
}

pub(crate) async fn bind(settings: Settings) -> Server {
    let services = sample::diagnostic_services("s3cret", "http://tempuri.org/");
    let host = Host::builder().services(services).settings(settings).build().unwrap();
    host.bind("127.0.0.1:0").await.unwrap()
}

pub(crate) async fn run(settings: Settings) -> SocketAddr {
    let server = bind(settings).await;
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// The same with metrics at another port.
async fn run_measured(settings: Settings) -> (SocketAddr, SocketAddr) {
    let server = bind(settings).await.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    tokio::spawn(server.serve(std::future::pending()));
    (address, metrics)
}

/// Waits until the metrics say this.
async fn until(metrics: SocketAddr, says: &str) {
    let waiting = async { while !exchange(metrics, get("/")).await.contains(says) {} };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never {says}"));
}

/// A SOAP 1.1 message with these variables.
pub(crate) fn message(operation: &str, variables: &[&str]) -> String {
    let strings: String = variables.iter().map(|v| format!("<string>{v}</string>")).collect();
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <{operation} xmlns=\"http://tempuri.org/\"><inputs><InputVariables>{strings}\
         </InputVariables></inputs></{operation}></soap:Body></soap:Envelope>"
    )
}

pub(crate) fn head(target: &str, operation: &str, length: usize, more: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml; \
         charset=utf-8\r\nSOAPAction: \"http://tempuri.org/{operation}\"\r\n{more}Content-Length: \
         {length}\r\n\r\n"
    )
}

pub(crate) fn post(target: &str, operation: &str, variables: &[&str], more: &str) -> String {
    let body = message(operation, variables);
    head(target, operation, body.len(), more) + &body
}

pub(crate) fn echo(more: &str) -> String {
    post("/Provider.asmx", "Authenticate", &["diagnostic=echo", "x=1"], more)
}

pub(crate) fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
}

/// Sends bytes and reads until the host closes.
pub(crate) async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    rest(&mut stream).await
}

pub(crate) async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is as good as a close.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("closed in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One answer from a connection that stays open.
pub(crate) async fn one<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut piece)).await.expect("in time").unwrap();
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
            return text;
        }
    }
}

pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &str,
) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    one(stream).await
}

#[tokio::test]
async fn http_is_what_iis_speaks() {
    let address = run(Settings::default()).await;
    let close = "Connection: close\r\n";
    for target in
        ["/PROVIDER.asmx", "/Provider%2Easmx", "http://h/Provider.asmx", "/provider.asmx?WSDL"]
    {
        let variables = ["diagnostic=echo", "x=1"];
        let answer = exchange(address, post(target, "Authenticate", &variables, close)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{target}: {answer}");
        assert!(answer.contains("<string>x=1</string>"), "{answer}");
        assert!(answer.contains("\r\nX-Aspnet-Version: 4.0.30319\r\n"), "{answer}");
    }
    let body = message("Authenticate", &["diagnostic=echo"]);
    let (first, second) = body.split_at(100);
    let chunked = format!(
        "POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml; charset=utf-8\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n\
         0\r\n\r\n",
        first.len(),
        second.len()
    );
    assert!(exchange(address, chunked).await.contains("echo Authenticate"));
    let old = post("/Provider.asmx", "Authenticate", &["diagnostic=echo"], "")
        .replace("HTTP/1.1", "HTTP/1.0");
    assert!(exchange(address, old).await.contains("echo Authenticate"));
    let pipelined = exchange(address, [echo(""), echo(close)].concat()).await;
    assert_eq!(pipelined.matches("HTTP/1.1 200 OK").count(), 2, "{pipelined}");
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let request = get("/Provider.asmx").replace("GET", method);
        let answer = exchange(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{method}: {answer}");
        assert!(answer.contains("Content-Length: 0") || method == "HEAD", "{answer}");
    }
    for (garbage, status) in [
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03 \r\n\r\n".to_owned(), "400"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (get(&format!("/Provider.asmx?{}", "x".repeat(20_000))), "400"),
        (get("/").replace("Host: h", &format!("X: {}", "y".repeat(9_000))), "400"),
        (get("/").replace("Host: h", &format!("X: {}", "y".repeat(200_000))), "431"),
        (echo("Transfer-Encoding: gzip\r\n"), "400"),
        (echo("Content-Length: 7\r\n"), "400"),
        (get("/nothing"), "404"),
    ] {
        let answer = exchange(address, &garbage).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
    }
}

#[tokio::test]
async fn expect_continue_is_answered_at_once() {
    let address = run(Settings::default()).await;
    let body = message("Authenticate", &["diagnostic=echo"]);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = head("/Provider.asmx", "Authenticate", body.len(), "Expect: 100-continue\r\n");
    // Its answer does not wait for the body, which is sent after it.
    let interim = ask(&mut stream, &request).await;
    assert_eq!(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(ask(&mut stream, &body).await.contains("echo Authenticate"));
    // A body beyond the limit is refused before it is sent.
    let request = head("/Provider.asmx", "Authenticate", 5 << 20, "Expect: 100-continue\r\n");
    let answer = ask(&mut stream, &request).await;
    assert!(answer.contains("---&gt; Maximum request length exceeded."), "{answer}");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}

#[tokio::test]
async fn the_slow_are_cut_off_and_nobody_else() {
    let address = run(quick()).await;
    // Headers that drip.
    let mut drip = TcpStream::connect(address).await.unwrap();
    drip.write_all(b"POST /Provider.asmx HTTP/1.1\r\n").await.unwrap();
    // A body that drips.
    let mut body = TcpStream::connect(address).await.unwrap();
    body.write_all(head("/Provider.asmx", "Authenticate", 500, "").as_bytes()).await.unwrap();
    body.write_all(b"<soap").await.unwrap();
    // Nothing at all.
    let mut idle = TcpStream::connect(address).await.unwrap();
    assert!(exchange(address, echo("Connection: close\r\n")).await.contains("echo Authenticate"));
    let dripped = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if drip.write_all(b"X: y\r\n").await.is_err() {
                return true;
            }
        }
        false
    });
    // Idleness is given twice the time of a body.
    tokio::select! {
        biased;
        answer = rest(&mut body) => assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}"),
        _ = rest(&mut idle) => panic!("an idle connection was closed first"),
    }
    assert_eq!(rest(&mut idle).await, "");
    assert!(dripped.await.unwrap(), "dripping headers were not cut off");
    // A provider may take longer than any of these times.
    let slow = ["diagnostic=slow", "delayMs=900"];
    let request = post("/Provider.asmx", "Authenticate", &slow, "Connection: close\r\n");
    assert!(exchange(address, request).await.contains("slept=900"));
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let (address, metrics) = run_measured(quick()).await;
    let mut deaf = TcpStream::connect(address).await.unwrap();
    let big = ["diagnostic=big", "entries=100000", "size=300"];
    let request = post("/Provider.asmx", "Authenticate", &big, "");
    deaf.write_all(request.as_bytes()).await.unwrap();
    until(metrics, "operation=\"Authenticate\"").await;
    until(metrics, "external_providers_connections 0\n").await;
    // Whoever does read gets all of it.
    let answer =
        exchange(address, request.replace("Host: h", "Host: h\r\nConnection: close")).await;
    assert!(answer.contains("<string>v99999=xxx") && answer.ends_with("</soap:Envelope>"));
}

#[tokio::test]
async fn limits_are_answered_503() {
    let mut settings = quick();
    settings.max_connections = 2;
    settings.idle_timeout = PATIENCE;
    settings.max_requests = 1;
    let (address, metrics) = run_measured(settings).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut second, &echo("")).await.contains("echo Authenticate"));
    let slow = post("/Provider.asmx", "Authenticate", &["diagnostic=slow", "delayMs=1000"], "");
    first.write_all(slow.as_bytes()).await.unwrap();
    until(metrics, "external_providers_requests_in_flight 1\n").await;
    let answer = ask(&mut second, &echo("")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("overloaded"), "{answer}");
    let third = exchange(address, echo("")).await;
    assert!(
        third.starts_with("HTTP/1.1 503 ") && third.contains("too many connections"),
        "{third}"
    );
    assert!(one(&mut first).await.contains("slept=1000"));
    assert!(ask(&mut second, &echo("")).await.contains("echo Authenticate"));
    drop((first, second));
    until(metrics, "external_providers_connections 0\n").await;
    assert!(exchange(address, echo("Connection: close\r\n")).await.contains("echo Authenticate"));
}

/// Panics, throws or declines as its event says.
struct Moody;

impl EventProvider for Moody {
    async fn handle_event(&self, request: HandleEvent) -> ProviderResult<HandleEvent> {
        match request.event_name.as_str() {
            "panic" => panic!("the password is hunter2"),
            "throw" => Err(std::io::Error::other("<disk> full").into()),
            "decline" => Err(ProviderError::failure("Not today")),
            "key" => {
                let mut answer = Answer::new(EventHandled, "m");
                answer.other.push("a=b", "hunter2");
                Ok(answer)
            }
            _ => Ok(Answer::new(EventHandled, "Event Handled")),
        }
    }
}

#[tokio::test]
async fn a_provider_fails_alone() {
    let service = Service::new("/e.asmx", "new").previous_password("old").events(Arc::new(Moody));
    let host = Host::builder().service(service).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (variables, status, text) in [
        (&["authPW=new", "eventName=panic"][..], 500, "---&gt; The provider failed unexpectedly.<"),
        (&["authPW=old", "eventName=throw"], 500, "to process request. ---&gt; &lt;disk&gt; full<"),
        (&["authPW=new", "eventName=decline"], 200, "<Success>false</Success><Message>Not today<"),
        (&["authPW=new", "eventName=key"], 500, "---&gt; HandleEvent: the key"),
        (&["authPW=new", "eventName=x"], 200, "<Success>true</Success><Message>Event Handled<"),
        (&["authPW=new"], 200, "<Success>false</Success><Message>Required Input Missing<"),
        (&["authPW=neW", "eventName=x"], 200, "<Message>Permission Denied</Message><OutputVar"),
        (&["eventName=x"], 200, "<Message>Permission Denied</Message><OutputVariables />"),
        (&["authPW=", "eventName=x"], 200, "<Message>Permission Denied</Message>"),
        (&["authPW"], 500, "Index was outside the bounds of the array."),
    ] {
        let answer = ask(&mut stream, &post("/e.asmx", "HandleEvent", variables, "")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{variables:?}: {answer}");
        assert!(answer.contains(text), "{variables:?}: {answer}");
        assert!(!answer.contains("hunter2"), "{answer}");
    }
}

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_call_is_one_line_without_secrets() {
    let service = Service::new("/e.asmx", "s3cret").events(Moody);
    let services = sample::services("s3cret", "http://tempuri.org/");
    let host = Host::builder().services(services).service(service).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let user = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=mypassword"];
    let wrong = ["authPW=s3crex", "loginUsername=myusername", "loginPassword=mypassword"];
    let panic = post("/e.asmx", "HandleEvent", &["authPW=s3cret", "eventName=panic"], "");
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let _logging = tracing::subscriber::set_default(lines.finish());
    // Another test may be about to log its first line, and so hide such lines from this log.
    let heard = |log: &Log| {
        let written = String::from_utf8(log.0.lock().unwrap().split_off(0)).unwrap();
        written.contains(" INFO ") && written.contains("ERROR ")
    };
    let mut attempts = 0..1000;
    while !heard(&log) {
        assert!(attempts.next().is_some(), "nothing is logged");
        tracing::callsite::rebuild_interest_cache();
        for request in [&post("/Provider.asmx", "Authenticate", &user, ""), &panic] {
            ask(&mut stream, request).await;
        }
    }
    ask(&mut stream, &post("/Provider.asmx", "Authenticate", &user, "")).await;
    ask(&mut stream, &post("/Provider.asmx", "Authenticate", &wrong, "")).await;
    ask(&mut stream, &post("/Provider.asmx", "StartTicket", &user, "")).await;
    ask(&mut stream, &post("/Provider.asmx", "s3cret", &user, "")).await;
    ask(&mut stream, &panic).await;
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = written.lines().collect();
    for (line, expected) in lines.iter().zip([
        "kind=login operation=\"Authenticate\" outcome=\"answered\" status=200",
        "kind=login operation=\"Authenticate\" outcome=\"denied\" status=200",
        "kind=ticket operation=\"StartTicket\" outcome=\"declined\" status=200",
        "outcome=\"refused\" status=500",
        "kind=events operation=\"HandleEvent\" outcome=\"panicked\" status=500",
    ]) {
        assert!(line.contains(expected) && line.contains("caller=127.0.0.1"), "{expected}: {line}");
        assert!(line.contains("duration_us=") && line.contains("request_bytes="), "{line}");
    }
    assert_eq!(lines.len(), 5, "{written}");
    for secret in ["s3cre", "mypassword", "hunter2"] {
        assert!(!written.contains(secret), "{written}");
    }
}

#[tokio::test]
async fn it_ends_in_order() {
    let server = bind(quick()).await.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(server.serve(async move {
        let _ = stopped.await;
    }));
    let mut idle = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut idle, &echo("")).await.contains("echo Authenticate"));
    let mut begun = TcpStream::connect(address).await.unwrap();
    let slow = post("/Provider.asmx", "Authenticate", &["diagnostic=slow", "delayMs=300"], "");
    begun.write_all(slow.as_bytes()).await.unwrap();
    let mut endless = TcpStream::connect(address).await.unwrap();
    let endless_call = ["diagnostic=slow", "delayMs=600000"];
    let request = post("/Provider.asmx", "Authenticate", &endless_call, "");
    endless.write_all(request.as_bytes()).await.unwrap();
    until(metrics, "external_providers_requests_in_flight 2\n").await;
    stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "new connections are refused");
    let answer = rest(&mut begun).await;
    assert!(answer.contains("slept=300") && answer.contains("Connection: close"), "{answer}");
    assert_eq!(rest(&mut endless).await, "");
    timeout(PATIENCE, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn it_says_that_it_stops_before_it_does() {
    let server = bind(Settings { drain: Duration::from_secs(3600), ..quick() }).await;
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(server.serve(async move {
        let _ = stopped.await;
    }));
    assert!(exchange(address, get("/healthz")).await.starts_with("HTTP/1.1 200 "));
    stop.send(()).unwrap();
    let told =
        async { while !exchange(address, get("/healthz")).await.starts_with("HTTP/1.1 503 ") {} };
    timeout(PATIENCE, told).await.unwrap();
    let mut late = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut late, &echo("")).await.contains("echo Authenticate"), "calls go on");
    served.abort();

    let server = bind(Settings { drain: Duration::from_millis(1), ..quick() }).await;
    let address = server.local_addr();
    timeout(PATIENCE, server.serve(std::future::ready(()))).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A certificate for `localhost` with its key, in files.
pub(crate) fn certificate() -> (PathBuf, PathBuf, rcgen::CertifiedKey<rcgen::KeyPair>) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = fresh("host-tls");
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    (certificate, key, certified)
}

#[tokio::test]
async fn tls_comes_from_pem_files() {
    let (certificate, key, certified) = certificate();
    let server = bind(Settings::default()).await.with_tls(Tls::read(&certificate, &key).unwrap());
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let plain = exchange(address, get("/healthz")).await;
    assert!(!plain.contains("200 OK"), "{plain}");
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    assert!(ask(&mut stream, &echo("")).await.contains("echo Authenticate"));
    let description = ask(&mut stream, &get("/Provider.asmx?WSDL")).await;
    assert!(description.contains("location=\"https://h/Provider.asmx\""), "{description}");
    for (certificate, key, what) in
        [(&key, &key, "certificate"), (&certificate, &certificate, "private key")]
    {
        let error = Tls::read(certificate, key).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot use the {what} /")), "{error}");
    }
    let missing = Tls::read(&certificate.with_file_name("none.pem"), &key).unwrap_err();
    assert!(missing.to_string().ends_with("none.pem"), "{missing}");
    std::fs::remove_dir_all(certificate.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn health_and_metrics_are_told() {
    let server = bind(Settings::default()).await.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    tokio::spawn(server.serve(std::future::pending()));
    let health = exchange(address, get("/healthz")).await;
    assert!(health.starts_with("HTTP/1.1 200 OK") && health.ends_with("\r\n\r\nok\n"), "{health}");
    exchange(address, echo("Connection: close\r\n")).await;
    let told = exchange(metrics, get("/metrics")).await;
    for line in [
        "external_providers_calls_total{kind=\"login\",operation=\"Authenticate\",outcome=\"answered\"} 1\n",
        "external_providers_call_seconds_count 1\n",
        "external_providers_requests_in_flight 0\n",
        "external_providers_buffered_bytes 0\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(exchange(address, get("/metrics")).await.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn pages_describe_the_service() {
    let settings = Settings { trust_forwarded: true, ..Settings::default() };
    let address = run(settings).await;
    let help = exchange(address, get("/Provider.asmx")).await;
    assert!(help.contains("<a href=\"Provider.asmx?op=StartTicket\">StartTicket</a>"), "{help}");
    assert!(help.contains("\r\nContent-Security-Policy: default-src 'none';"), "{help}");
    let page = exchange(address, get("/Provider.asmx?op=Authenticate")).await;
    for text in [
        "SOAPAction: \"http://tempuri.org/Authenticate\"",
        "application/soap+xml; charset=utf-8; action=\"http://tempuri.org/Authenticate\"",
        "&lt;string&gt;loginUsername=<i>string</i>&lt;/string&gt;",
        "name=\"loginPassword\" type=\"password\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let changing = exchange(address, get("/Provider.asmx?op=StartTicket")).await;
    assert!(!changing.contains("<form") && changing.contains("changes something"), "{changing}");
    let unknown = exchange(address, get("/Provider.asmx?op=%3Cscript%3E")).await;
    assert!(unknown.contains("&lt;script&gt;") && !unknown.contains("<script"), "{unknown}");
    let rest = exchange(address, get("/Provider.asmx/%3Cb%3E")).await;
    assert!(rest.contains("/&lt;b&gt;&#39;") && !rest.contains("<b>"), "{rest}");
    let forwarded = "Host: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: desk.example.com, p";
    let wsdl = exchange(address, get("/provider.asmx?wsdl").replace("Host: h", forwarded)).await;
    assert!(wsdl.contains("location=\"https://desk.example.com/provider.asmx\""), "{wsdl}");
    let odd = get("/Provider.asmx?disco").replace("Host: h", "Host: a\"><b>");
    let disco = exchange(address, odd).await;
    assert!(disco.contains(&format!("ref=\"http://{address}/Provider.asmx?wsdl\"")), "{disco}");
}

#[tokio::test]
async fn operations_that_only_read_can_be_tried() {
    let address = run(Settings::default()).await;
    let form = |operation: &str, fields: &str| {
        format!(
            "POST /Provider.asmx?op={operation} HTTP/1.1\r\nHost: localhost:80\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: \
             close\r\n\r\n{fields}",
            fields.len()
        )
    };
    let fields = "authPW=s3cret&loginUsername=myusername&loginPassword=mypassword&=";
    let answer = exchange(address, form("Authenticate", fields)).await;
    assert!(answer.contains("<td>Authentication=OK</td>"), "{answer}");
    let denied = exchange(address, form("Authenticate", "authPW=x")).await;
    assert!(denied.contains("<td>Permission Denied</td>"), "{denied}");
    let fault = exchange(address, form("Authenticate", "=%3Cno")).await;
    assert!(fault.contains("Index was outside the bounds of the array."), "{fault}");
    let changing = exchange(address, form("StartTicket", fields)).await;
    assert!(
        changing.contains("Data at the root level is invalid. Line 1, position 1."),
        "{changing}"
    );
    let settings = Settings { test_form: TestForm::Never, ..Settings::default() };
    let never = exchange(run(settings).await, form("Authenticate", fields)).await;
    assert!(never.contains("Data at the root level is invalid. Line 1, position 1."), "{never}");
}

#[tokio::test]
async fn a_host_that_is_not_in_order_does_not_start() {
    let build = |services: Vec<Service>| Host::builder().services(services).build().unwrap_err();
    let service = || Service::new("/e.asmx", "p").events(Moody);
    for (error, text) in [
        (build(vec![]), "the host has no service"),
        (build(vec![Service::new("/e.asmx", "").events(Moody)]), "has no web service password"),
        (build(vec![Service::new("/e.asmx", "p")]), "has no provider"),
        (build(vec![Service::new("e.asmx", "p").events(Moody)]), "is not a valid path"),
        (build(vec![service(), Service::new("/E.ASMX", "p").events(Moody)]), "two services at /E"),
        (build(vec![service().namespace("tempuri")]), "is not an absolute URI"),
        (build(vec![service().namespace("http://a b/")]), "is not an absolute URI"),
        (build(vec![service().events(Moody)]), "two providers of HandleEvent"),
        (build(vec![service().name("a b")]), "cannot be called \"a b\""),
    ] {
        assert!(error.to_string().contains(text), "{error}");
    }
    let address = run(Settings::default()).await;
    let host = Host::builder().service(service()).build().unwrap();
    let error = host.bind(address.to_string()).await.unwrap_err();
    assert!(matches!(error, HostError::Bind { .. }), "{error}");
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
}
