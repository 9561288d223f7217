//! The doctor: each trouble, started here, gets its name and its remedy.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use external_providers::contract::{
    Answer, EventHandled, EventProvider, HandleEvent, Kind, ProviderResult,
};
use external_providers::doctor::{Finding, Options, Outcome, Report, Severity, Subject, check};
use external_providers::host::{Host, Service};
use external_providers::soap::SoapVersion;

use super::peers::{
    Certificate, Expect, PASSWORD, distorted, respond, run, sample_host, serve, serve_expecting,
    tls_host,
};
use crate::support::Folder;

const NAMESPACE: &str = "http://tempuri.org/";
const HTML: &str = "Content-Type: text/html\r\n";
const XML: &str = "Content-Type: text/xml; charset=utf-8\r\n";

fn subject(address: SocketAddr, path: &str) -> Subject {
    Subject { password: Some(PASSWORD.into()), ..Subject::new(format!("http://{address}{path}")) }
}

async fn look(subject: &Subject) -> Report {
    let report = check(subject, &Options::default(), |_| ()).await;
    let shown = format!("{report:?}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    report
}

/// The finding of this name, which must be there.
fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    report.findings().find(|f| f.code == code).unwrap_or_else(|| panic!("no {code}: {report:#?}"))
}

/// Looks, and wants this trouble as a finding, with these words and a remedy with those.
async fn expect(subject: &Subject, code: &str, words: &str, remedy: &str) -> Report {
    let report = look(subject).await;
    let found = finding(&report, code);
    assert_eq!(found.severity, Severity::Finding, "{found:?}");
    assert!(found.text.contains(words), "{found:?}");
    assert!(found.remedy.as_deref().unwrap_or_default().contains(remedy), "{found:?}");
    assert!(report.has_findings());
    report
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings().map(|finding| finding.code).collect()
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    report.steps.iter().map(|step| (step.name, step.outcome)).collect()
}

fn same(text: String) -> String {
    text
}

#[tokio::test]
async fn all_is_well_with_our_own_host() {
    let host = sample_host(NAMESPACE);
    for (path, kind) in [
        ("/Provider.asmx", None),
        ("/Provider.asmx", Some(Kind::Login)),
        ("/Provider.asmx", Some(Kind::CustomFields)),
        ("/Provider.asmx", Some(Kind::Ticket)),
        ("/Extended.asmx", Some(Kind::UserInformation)),
        ("/Extended.asmx", Some(Kind::Events)),
    ] {
        for soap in [SoapVersion::V11, SoapVersion::V12] {
            let namespace = Some(NAMESPACE.to_owned());
            let subject = Subject { kind, soap, namespace, ..subject(host, path) };
            let report = look(&subject).await;
            let ok = |name| (name, Outcome::Ok);
            assert_eq!(
                outcomes(&report),
                [
                    ok("resolve"),
                    ok("connect"),
                    ("tls", Outcome::NotChecked),
                    ok("wsdl"),
                    ok("contract"),
                    ok("soap"),
                    ok("password"),
                    ok("times"),
                    ok("clock"),
                    ok("http"),
                ],
                "{report:#?}"
            );
            // Of logins all that can be said without a user is that.
            let login = path == "/Provider.asmx" && kind.is_none_or(|kind| kind == Kind::Login);
            assert_eq!(codes(&report), vec!["login-unproven"; usize::from(login)], "{report:#?}");
            assert!(report.findings().all(|finding| finding.severity == Severity::Note));
            assert_eq!(report.outcome, Outcome::Ok);
            let password = &report.step("password").unwrap().text;
            assert_eq!(password, "ours is accepted, a wrong one is refused");
            assert!(report.step("times").unwrap().milliseconds.unwrap() > 0.0);
        }
    }
}

#[tokio::test]
async fn the_namespace_is_another() {
    let host = sample_host("urn:company");
    let namespace = Some(NAMESPACE.to_owned());
    let set = Subject { namespace, kind: Some(Kind::Login), ..subject(host, "/Provider.asmx") };
    let report = expect(
        &set,
        "namespace",
        "the namespace is urn:company, and http://tempuri.org/ is set",
        "namespace = \"urn:company\"",
    )
    .await;
    assert_eq!(report.findings().filter(|f| f.code == "namespace").count(), 1, "said once");
    // One mistake does not hide the rest.
    assert_eq!(report.step("password").unwrap().outcome, Outcome::Ok);
    let open = Subject { namespace: None, ..set.clone() };
    assert_eq!(codes(&look(&open).await), ["login-unproven"]);
    // Without a WSDL the service's own words tell.
    let dumb = distorted(host, same, same);
    let dumb = serve(move |request| match request.is_get() {
        true => respond("403 Forbidden", HTML, b"no documentation"),
        false => forward(dumb, request),
    });
    let report = expect(
        &Subject { url: format!("http://{dumb}/Provider.asmx"), ..set },
        "soap-action",
        "SOAPAction",
        "\"discover\"",
    )
    .await;
    assert!(finding(&report, "no-wsdl").text.contains("HTTP 403"));
    assert_eq!(report.step("contract").unwrap().outcome, Outcome::NotChecked);
    // What does not describe itself works all the same, where nothing is to be discovered.
    let hidden = serve(move |request| match request.is_get() {
        true => respond("403 Forbidden", HTML, b"no documentation"),
        false => forward_closed(host, request),
    });
    let url = format!("http://{hidden}/Provider.asmx");
    let set = Subject { url, namespace: Some("urn:company".into()), ..open };
    assert_eq!(look(&set).await.outcome, Outcome::Warning);
    let discovering = Subject { namespace: None, ..set };
    assert_eq!(finding(&look(&discovering).await, "forbidden").severity, Severity::Finding);
}

/// Passes a request on as it is.
fn forward(to: SocketAddr, request: &super::peers::Request) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(to).unwrap();
    stream.write_all(request.head.as_bytes()).unwrap();
    stream.write_all(b"\r\n\r\n").unwrap();
    stream.write_all(&request.body).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn renamed() -> SocketAddr {
    distorted(
        sample_host(NAMESPACE),
        |text| text.replace("LookupCustomer", "GetUserInfo"),
        |text| text.replace("GetUserInfo", "LookupCustomer"),
    )
}

#[tokio::test]
async fn an_operation_is_renamed() {
    let subject =
        Subject { kind: Some(Kind::UserInformation), ..subject(renamed(), "/Extended.asmx") };
    let set = Subject {
        operation: Some("GetUserInfo".into()),
        namespace: Some(NAMESPACE.into()),
        ..subject.clone()
    };
    let report = expect(
        &set,
        "operation-name",
        "GetUserInfo is called LookupCustomer there",
        "operation = \"LookupCustomer\" (or \"discover\")",
    )
    .await;
    assert_eq!(report.step("password").unwrap().outcome, Outcome::Ok);
    // Told to discover, it is nothing to complain of; of a URL alone it is said.
    let report = look(&subject).await;
    assert!(!report.has_findings() && report.outcome == Outcome::Ok, "{report:#?}");
    let report = look(&Subject { kind: None, ..subject }).await;
    assert_eq!(finding(&report, "operation-name").severity, Severity::Warning);
}

#[tokio::test]
async fn names_and_actions_that_no_setting_tells_are_findings() {
    let namespace = Some(NAMESPACE.to_owned());
    let cased = distorted(
        sample_host(NAMESPACE),
        |text| text.replace("GetSigninCookieInfo", "GetSignInCookieInfo"),
        |text| text.replace("GetSignInCookieInfo", "GetSigninCookieInfo"),
    );
    let login = Subject { kind: Some(Kind::Login), namespace, ..subject(cased, "/Provider.asmx") };
    let words = "GetSignInCookieInfo is called GetSigninCookieInfo there";
    expect(&login, "operation-name", words, "namespace = \"discover\"").await;
    let told = Subject { namespace: None, ..login.clone() };
    assert_eq!(look(&told).await.outcome, Outcome::Ok);

    // As WCF names actions.
    let (plain, wcf) = ("tempuri.org/Authenticate\"", "tempuri.org/ILogin/Authenticate\"");
    let acting = distorted(
        sample_host(NAMESPACE),
        move |text| text.replace(plain, "tempuri.org/Unknown\"").replace(wcf, plain),
        move |text| text.replace(plain, wcf),
    );
    let url = format!("http://{acting}/Provider.asmx");
    let report = expect(
        &Subject { url: url.clone(), ..login },
        "soap-action",
        "http://tempuri.org/ILogin/Authenticate",
        "tells the client the action",
    )
    .await;
    assert_eq!(report.step("password").unwrap().outcome, Outcome::Ok);
    assert!(!look(&Subject { url, ..told }).await.has_findings());
}

#[tokio::test]
async fn a_proxy_is_gone_through_and_said_so() {
    let host = sample_host(NAMESPACE);
    let proxy = serve(move |request| {
        assert!(request.head.contains(" http://behind.invalid/Provider.asmx"), "{}", request.head);
        let head = request.head.replacen("http://behind.invalid", "", 1);
        forward_closed(host, &super::peers::Request { head, ..request.clone() })
    });
    let subject = Subject {
        proxy: Some(format!("http://user:hunter2x@{proxy}").into()),
        password: Some(PASSWORD.into()),
        ..Subject::new("http://behind.invalid/Provider.asmx")
    };
    let report = look(&subject).await;
    assert!(!report.has_findings(), "{report:#?}");
    assert_eq!(report.step("password").unwrap().outcome, Outcome::Ok);
    for step in ["resolve", "connect", "tls", "http"] {
        assert_eq!(report.step(step).unwrap().outcome, Outcome::NotChecked);
        assert!(report.step(step).unwrap().text.contains("proxy"));
    }
    assert!(!format!("{report:?} {subject:?}").contains("hunter2x"));
    // A proxy that says what it was told.
    let page = b"<html>user hunter2x is not known here";
    let refusing = serve(move |_| respond("407 Proxy Authentication Required", HTML, page));
    let proxy = Some(format!("http://user:hunter%32x@{refusing}").into());
    let report = look(&Subject { proxy, ..subject.clone() }).await;
    assert!(finding(&report, "proxy-credentials").text.contains("is not known here"));
    assert!(!format!("{report:?}").contains("hunter2x"), "{report:#?}");
}

#[tokio::test]
async fn a_field_is_missing_in_the_result_type() {
    let outputs = "<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"OutputVariables\" type=\"tns:ArrayOfString\" />";
    let host = distorted(sample_host(NAMESPACE), same, move |text| text.replace(outputs, ""));
    expect(
        &Subject { kind: Some(Kind::Login), ..subject(host, "/Provider.asmx") },
        "difference",
        "AuthenticateResponse/AuthenticateResult: has no OutputVariables (breaking",
        "the vendor's types",
    )
    .await;
}

#[tokio::test]
async fn passwords_are_put_to_the_test() {
    let host = sample_host(NAMESPACE);
    let wrong = Subject { password: Some("hunter2x".into()), ..subject(host, "/Provider.asmx") };
    let report = expect(&wrong, "wrong-password", "refused", "set the password").await;
    assert!(!format!("{report:?}").contains("hunter2x"));
    let none = Subject { password: None, ..wrong };
    let report = look(&none).await;
    assert_eq!(report.findings().count(), 0);
    let password = report.step("password").unwrap();
    assert_eq!(password.outcome, Outcome::NotChecked, "what was not tried is not passed");
    assert_eq!(password.text, "there is none of ours to try; a wrong one is refused");

    // A service that accepts any password.
    let careless = distorted(
        host,
        |text| match text.find("authPW=") {
            Some(at) => {
                let end = at + text[at..].find('<').unwrap();
                format!("{}authPW={PASSWORD}{}", &text[..at], &text[end..])
            }
            None => text,
        },
        same,
    );
    expect(
        &subject(careless, "/Provider.asmx"),
        "any-password",
        "anybody can call",
        "compare authPW",
    )
    .await;

    let other = distorted(host, same, |text| text.replace("Permission Denied", "Nope"));
    let report = look(&subject(other, "/Provider.asmx")).await;
    assert!(finding(&report, "wrong-refusal").text.contains("\"Nope\""));
    assert_eq!(report.outcome, Outcome::Warning);
    let password = report.step("password").unwrap();
    assert!(password.text.starts_with("ours is accepted"), "{password:?}");
    // Ours is wrong, too, and nobody says so.
    let wrong = Subject { password: Some("hunter2x".into()), ..subject(other, "/Provider.asmx") };
    let report = look(&wrong).await;
    let password = report.step("password").unwrap();
    assert_eq!(password.outcome, Outcome::Warning);
    assert_eq!(password.text, "ours is answered as a wrong one is: \"Nope\"");
}

#[tokio::test]
async fn a_slow_service_has_its_times_taken_while_there_is_time() {
    let host = sample_host(NAMESPACE);
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let answers = Arc::clone(&left);
    let slow = serve(move |request| {
        if !request.is_get() && answers.fetch_sub(1, Ordering::Relaxed) == 0 {
            hang();
        }
        forward_closed(host, request)
    });
    let options = Options { step: Duration::from_secs(3), round_trips: 100, ..Options::default() };
    let from_then_on = |step: &'static str| {
        if step == "times" {
            left.store(3, Ordering::Relaxed);
        }
    };
    let report = check(&subject(slow, "/Provider.asmx"), &options, from_then_on).await;
    let times = report.step("times").unwrap();
    assert!(times.text.starts_with("3 round trips: "), "{times:?}");
    assert_eq!(times.outcome, Outcome::Ok, "{report:#?}");
}

/// Until the process ends.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn pages_instead_of_soap() {
    let page = |status: &'static str, headers: &'static str, body: &'static str| {
        serve(move |_| respond(status, headers, body.as_bytes()))
    };
    for (host, code, words, remedy) in [
        (page("200 OK", HTML, "<html>Welcome"), "html-page", "Welcome", "ending in .asmx"),
        (page("500 Error", HTML, "<html>Oops"), "html-page", "Oops", "event log"),
        (
            page("301 Moved", "Location: http://elsewhere.example/P.asmx\r\n", ""),
            "redirect",
            "elsewhere.example/P.asmx",
            "set the URL",
        ),
        (
            page("302 Found", "Location: https://sso.example/login?x=1\r\n", ""),
            "sign-in",
            "sso.example/login",
            "exempt",
        ),
        (
            page("200 OK", HTML, "<form><input type='password'></form>"),
            "sign-in",
            "sign in",
            "exempt",
        ),
        (page("401 Unauthorized", HTML, ""), "web-server-401", "401", "anonymous"),
        (page("404 Not Found", HTML, "<html>none"), "not-found", "404", "path"),
        (page("405 Method Not Allowed", HTML, ""), "method-not-allowed", "405", "path"),
        (page("501 Not Implemented", HTML, "<html>POST"), "method-not-allowed", "501", "path"),
        (page("411 Length Required", HTML, ""), "length-required", "411", "Content-Length"),
        (page("415 Unsupported", HTML, ""), "media-type", "415", "other one"),
        (page("502 Bad Gateway", HTML, "<html>nginx"), "gateway", "nginx", "running"),
        (page("200 OK", XML, ""), "empty-answer", "empty", "log"),
    ] {
        let report = expect(&subject(host, "/Provider.asmx"), code, words, remedy).await;
        for step in ["contract", "password", "times", "http"] {
            assert_eq!(report.step(step).unwrap().outcome, Outcome::NotChecked, "{code} {step}");
        }
    }
}

#[tokio::test]
async fn another_service_answers() {
    let host = distorted(sample_host(NAMESPACE), same, |text| {
        text.replace("ExternalLogin", "Weather")
            .replace("External", "Other")
            .replace("Authenticate", "GetWeather")
            .replace("GetSignInCookieInfo", "GetCities")
            .replace("GetCustomFieldOptions", "GetA")
            .replace("StartTicket", "GetB")
            .replace("StartChat", "GetC")
    });
    let url = subject(host, "/Provider.asmx");
    expect(&url, "other-service", "its operations are GetWeather, GetCities", "check the URL")
        .await;
    let ticket = Subject { kind: Some(Kind::Ticket), ..url };
    expect(&ticket, "other-service", "it has no operation of ticket", "check the URL").await;
    let right = subject(sample_host(NAMESPACE), "/Extended.asmx");
    let wrong_kind = Subject { kind: Some(Kind::Login), ..right };
    expect(
        &wrong_kind,
        "other-service",
        "no operation of login",
        "this one implements user_information",
    )
    .await;
}

#[tokio::test]
async fn habits_of_servers_are_named() {
    let host = sample_host(NAMESPACE);
    // A byte order mark before everything.
    let mark = distorted(host, same, |text| format!("\u{feff}{text}"));
    let report = look(&subject(mark, "/Provider.asmx")).await;
    assert_eq!(report.findings().filter(|f| f.code == "bom").count(), 3, "{report:#?}");
    assert!(!report.has_findings());

    // Compression that nobody asked for.
    let packed = serve(move |request| {
        let answer = forward_closed(host, request);
        if request.is_get() {
            return answer;
        }
        let text = String::from_utf8(answer).unwrap();
        text.replacen("Cache-Control", "Content-Encoding: gzip\r\nCache-Control", 1).into_bytes()
    });
    expect(&subject(packed, "/Provider.asmx"), "compression", "gzip", "switch compression off")
        .await;

    // Chunked requests refused, Expect not honoured, a clock that stands still.
    let odd = serve_expecting(Expect::Refuse, move |request| {
        let lower = request.head.to_ascii_lowercase();
        if lower.contains("chunked") {
            return respond("411 Length Required", HTML, b"");
        }
        let text = String::from_utf8(forward_closed(host, request)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<&str> =
            head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:")).collect();
        lines.push("Date: Tue, 15 Nov 1994 08:12:31 GMT");
        format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
    });
    let report = look(&subject(odd, "/Provider.asmx")).await;
    assert!(finding(&report, "chunked").text.contains("HTTP 411"));
    assert_eq!(finding(&report, "chunked").severity, Severity::Note);
    assert!(finding(&report, "expect").text.contains("417"));
    assert!(finding(&report, "clock").text.contains("behind ours"));
    assert_eq!(report.outcome, Outcome::Warning);
}

/// Passes a request on, and lets the answer end with the connection.
pub(crate) fn forward_closed(to: SocketAddr, request: &super::peers::Request) -> Vec<u8> {
    let head: Vec<&str> = request
        .head
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .chain(["Connection: close"])
        .collect();
    let request = super::peers::Request { head: head.join("\r\n"), ..request.clone() };
    forward(to, &request)
}

#[tokio::test]
async fn expect_that_is_answered_late_is_measured() {
    let host = sample_host(NAMESPACE);
    // It waits for the body before it says anything, as some proxies do.
    let waiting = serve_expecting(Expect::Wait, move |request| forward_closed(host, request));
    let options = Options { step: Duration::from_secs(1), ..Options::default() };
    let report = check(&subject(waiting, "/Provider.asmx"), &options, |_| ()).await;
    let found = finding(&report, "expect");
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.remedy.as_ref().unwrap().contains("350 ms"), "{found:?}");
    let breaking = serve_expecting(Expect::Break, move |request| forward_closed(host, request));
    let report = look(&subject(breaking, "/Provider.asmx")).await;
    let found = finding(&report, "expect");
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.text.contains("breaks the connection"), "{found:?}");
}

fn https(address: SocketAddr, name: &str) -> Subject {
    let url = format!("https://{name}:{}/Provider.asmx", address.port());
    Subject { password: Some(PASSWORD.into()), ..Subject::new(url) }
}

fn trusting(subject: Subject, certificate: &Certificate) -> Subject {
    Subject { root_certificates: certificate.pem.clone().into_bytes(), ..subject }
}

#[tokio::test]
async fn certificates_are_explained() {
    let certificate = Certificate::new("localhost", |_| ());
    let url = https(tls_host(certificate.tls()), "localhost");
    let report =
        expect(&url, "certificate-self-signed", "nobody vouches", "trust it explicitly").await;
    let details = report.step("tls").unwrap().details.join("; ");
    assert!(details.contains("certificate of CN=localhost"), "{details}");
    assert!(details.contains("for localhost"), "{details}");
    assert!(report.step("tls").unwrap().text.starts_with("TLS 1.3, TLS13_"));
    assert_eq!(report.step("wsdl").unwrap().outcome, Outcome::NotChecked);

    let report = look(&trusting(url, &certificate)).await;
    assert_eq!(codes(&report), ["login-unproven"], "{report:#?}");
    assert_eq!(report.step("http").unwrap().outcome, Outcome::Ok);

    let expired = Certificate::new("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let url = trusting(https(tls_host(expired.tls()), "localhost"), &expired);
    expect(&url, "certificate-expired", "expired at 2002-01-01", "renew").await;

    let other = Certificate::new("elsewhere.example", |_| ());
    let url = trusting(https(tls_host(other.tls()), "localhost"), &other);
    let name = "not for localhost; it is for elsewhere.example";
    expect(&url, "certificate-name", name, "by a name in the certificate").await;
}

/// A process that ends with the test, however that ends.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn tls_of_another_age_is_recognised() {
    use std::io::BufRead as _;
    let folder = Folder::new("check");
    let (key, pem) = (folder.0.join("key.pem"), folder.0.join("cert.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"])
        .args(["-days", "1", "-keyout", key.to_str().unwrap(), "-out", pem.to_str().unwrap()])
        .stderr(std::process::Stdio::null())
        .status()
        .expect("openssl is installed");
    assert!(made.success());
    for (version, code, words) in [
        (["-tls1", "ALL:@SECLEVEL=0"], "old-tls", "nothing newer than TLS 1.0 (TLS_"),
        (["-tls1_1", "ALL:@SECLEVEL=0"], "old-tls", "nothing newer than TLS 1.1 (TLS_"),
        (["-tls1_2", "AES128-SHA"], "old-cipher", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ] {
        let server = std::process::Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "10"])
            .args(["-key", key.to_str().unwrap(), "-cert", pem.to_str().unwrap()])
            .args([version[0], "-cipher", version[1]])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Stopped(server);
        // "ACCEPT 127.0.0.1:PORT" says where it listens.
        let mut lines = std::io::BufReader::new(server.0.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .find_map(|line| {
                line.unwrap().strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.parse().ok()
            })
            .expect("the port");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let report = expect(&https(address, "127.0.0.1"), code, words, "native-tls").await;
        assert_eq!(report.step("wsdl").unwrap().outcome, Outcome::NotChecked);
    }
    // Plain HTTP on the port.
    let plain = https(sample_host(NAMESPACE), "127.0.0.1");
    expect(&plain, "no-tls", "it answers \"HTTP/1.1 400", "http://").await;
}

#[tokio::test]
async fn a_port_that_hangs_costs_no_more_than_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap();
    let options = Options { step: Duration::from_millis(300), ..Options::default() };
    let report = check(&subject(silent, "/Provider.asmx"), &options, |_| ()).await;
    let found = finding(&report, "timeout");
    assert_eq!(found.severity, Severity::Finding);
    assert!(found.remedy.as_ref().unwrap().contains("hanging"), "{found:?}");
    // The description comes, but no call is answered.
    let host = sample_host(NAMESPACE);
    let hanging = serve(move |request| match request.is_get() {
        true => forward_closed(host, request),
        false => hang(),
    });
    let patient = Options { step: Duration::from_secs(2), ..Options::default() };
    let report = check(&subject(hanging, "/Provider.asmx"), &patient, |_| ()).await;
    assert_eq!(report.step("contract").unwrap().outcome, Outcome::Ok);
    assert_eq!(report.step("soap").unwrap().outcome, Outcome::Finding);
    assert!(finding(&report, "timeout").remedy.as_ref().unwrap().contains("hanging"));
    let report = check(&https(silent, "127.0.0.1"), &options, |_| ()).await;
    assert!(finding(&report, "tls-timeout").text.contains("handshake"));
    // All together are bounded, too, and what was not come to is no pass.
    let options = Options { total: Duration::from_millis(100), ..options };
    let report = check(&subject(silent, "/Provider.asmx"), &options, |_| ()).await;
    assert!(report.has_findings());
    assert_eq!(report.step("soap").unwrap().outcome, Outcome::NotChecked);
    assert_eq!(finding(&report, "time-up").severity, Severity::Warning);
}

#[tokio::test]
async fn nobody_is_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = expect(&subject(free, "/P.asmx"), "refused", "refused", "nothing listens").await;
    assert_eq!(report.steps.len(), 10, "every step is told of");
    // To all hosts at once there is no connection.
    let everybody = Subject::new("http://255.255.255.255:9/P.asmx");
    expect(&everybody, "unreachable", "no connection", "routes").await;
    let unknown = Subject::new("http://nowhere.invalid/Provider.asmx");
    expect(&unknown, "unknown-host", "nowhere.invalid", "spelling").await;
    for (url, words) in [
        ("nonsense", "URL is not valid"),
        ("ftp://host/", "http:// or https://"),
        ("http://user:hunter2@host/", "user name or password"),
        ("user:hunter2@host/P.asmx", "http:// or https://"),
    ] {
        let subject = Subject::new(url);
        let report = expect(&subject, "settings", words, "correct").await;
        assert!(!format!("{report:?} {subject:?}").contains("hunter2"));
    }
    let roots = Subject { root_certificates: b"x".to_vec(), ..Subject::new("https://localhost/") };
    expect(&roots, "settings", "root certificates", "correct").await;
}

/// Counts what changes.
struct Counter(Arc<AtomicUsize>);

impl EventProvider for Counter {
    async fn handle_event(&self, request: HandleEvent) -> ProviderResult<HandleEvent> {
        assert_eq!(request.event_name, "external-providers-check");
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Answer::new(EventHandled, "handled"))
    }
}

#[tokio::test]
async fn nothing_is_changed_unless_told() {
    let count = Arc::new(AtomicUsize::new(0));
    let service = Service::new("/Events.asmx", PASSWORD).events(Counter(Arc::clone(&count)));
    let host = run(Host::builder().service(service).build().unwrap(), None);
    let subject = Subject { kind: Some(Kind::Events), ..subject(host, "/Events.asmx") };
    let report = look(&subject).await;
    let step = report.step("password").unwrap();
    assert_eq!(step.outcome, Outcome::NotChecked);
    assert!(step.text.contains("HandleEvent, changes something"), "{step:?}");
    assert!(step.text.contains("--allow-changes"), "{step:?}");
    assert_eq!((count.load(Ordering::SeqCst), report.outcome), (0, Outcome::Ok));
    let options = Options { allow_changes: true, ..Options::default() };
    let report = check(&subject, &options, |_| ()).await;
    assert_eq!(report.step("password").unwrap().outcome, Outcome::Ok);
    assert_eq!(count.load(Ordering::SeqCst), 1, "the wrong password changed nothing");
}

#[tokio::test]
async fn other_hosts_are_warned_of_clear_text() {
    let mut subject = Subject::new("http://nowhere.invalid/Provider.asmx");
    let report = look(&subject).await;
    assert!(finding(&report, "clear-text").remedy.as_ref().unwrap().contains("https"));
    subject.url = "https://nowhere.invalid/".into();
    assert!(look(&subject).await.findings().all(|f| f.code != "clear-text"));
}
