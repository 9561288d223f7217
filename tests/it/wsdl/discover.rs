//! Discovery over HTTP: what is fetched, what is followed, what is no WSDL.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::Client;
use external_providers::client::{ClientBuilder, DiscoverError, Discovery, TransportErrorKind};
use external_providers::contract::{GetUserInfo, Kind, UserInformation};
use external_providers::doctor::{Options, Outcome, Severity, Subject, check};
use external_providers::soap::{NonSoapKind, SoapVersion};

use crate::doctor::peers::{PASSWORD, distorted, respond, sample_host, serve};
use crate::doctor::services::forward_closed;
use crate::support::repository;

const XML: &str = "Content-Type: text/xml; charset=utf-8\r\n";

fn builder(address: SocketAddr, path: &str) -> ClientBuilder {
    Client::builder(&format!("http://{address}{path}"), PASSWORD).timeout(Duration::from_secs(20))
}

async fn discover(address: SocketAddr, path: &str) -> Result<Discovery, DiscoverError> {
    builder(address, path).discover().await
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(repository(&format!("tests/it/wsdl/reader/{name}"))).unwrap()
}

/// Names as a site gave them.
fn rename(text: String) -> String {
    text.replace("GetUserInfo", "LookupCustomer")
}

fn back(text: String) -> String {
    text.replace("LookupCustomer", "GetUserInfo")
}

#[tokio::test]
async fn a_renamed_operation_in_another_namespace_is_found_and_called() {
    let host = distorted(sample_host("urn:company"), back, rename);
    let discovery = discover(host, "/Extended.asmx").await.unwrap();
    assert_eq!(discovery.find.kinds(), [Kind::UserInformation, Kind::Events, Kind::Registration]);
    let found = discovery.find.named("GetUserInfo").unwrap();
    assert_eq!((found.name.as_str(), found.namespace.as_str()), ("LookupCustomer", "urn:company"));
    assert_eq!((discovery.answer.status, discovery.answer.body.len()), (200, 0));
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let builder = builder(host, "/Extended.asmx").soap_version(version);
        let builder = discovery.apply(Kind::UserInformation, builder).unwrap();
        let client = builder.build().unwrap();
        let email_from = Some("myusername@example.com".to_owned());
        let answer = client.call(GetUserInfo { email_from, ..Default::default() }).await.unwrap();
        assert!(matches!(answer.result, UserInformation::Found { .. }));
    }
    let error = discovery.apply(Kind::Login, builder(host, "/")).unwrap_err();
    assert!(matches!(&error, DiscoverError::Kind { kind: Kind::Login, .. }));
    assert!(error.to_string().contains("LookupCustomer, HandleEvent"), "{error}");
}

#[tokio::test]
async fn imports_are_followed_on_the_services_own_host_alone() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let host = serve(move |request| {
        assert!(request.is_get() && request.body.is_empty());
        assert!(!request.head.contains(PASSWORD));
        seen.lock().unwrap().push(request.target().to_owned());
        let name = match request.target() {
            "/Login.svc?WSDL" => "wcf.wsdl",
            "/Login.svc?wsdl=wsdl0" => "wcf_wsdl0.wsdl",
            "/Login.svc?xsd=xsd0" => "wcf_xsd0.xsd",
            "/Elsewhere.svc?WSDL" => "wcf.wsdl",
            _ => return respond("404 Not Found", "", b""),
        };
        respond("200 OK", XML, &sample(name))
    });
    // The inner machine that the imports name does not exist.
    let discovery = discover(host, "/Login.svc").await.unwrap();
    assert_eq!(discovery.skipped, Vec::<String>::new());
    assert_eq!(discovery.find.found.len(), 2);
    let asked = asked.lock().unwrap().clone();
    let standard = "/Login.svc?xsd=xsd1";
    assert!(asked.len() == 3 && !asked.contains(&standard.to_owned()), "each once: {asked:?}");
    let login = discovery.apply(Kind::Login, builder(host, "/Login.svc")).unwrap();
    assert_eq!(
        login.build().unwrap().binding().action("GetSignInCookieInfo"),
        "urn:company:helpdesk/ILogin/GetSigninCookieInfo"
    );
    // Another path on another host is nothing that we go to.
    let discovery = discover(host, "/Elsewhere.svc").await.unwrap();
    assert!(discovery.skipped[0].contains("inner-machine") && discovery.skipped.len() == 1);
    assert_eq!(discovery.description.missing.len(), 1);
    let error = discovery.apply(Kind::Login, builder(host, "/Elsewhere.svc")).unwrap_err();
    assert!(matches!(error, DiscoverError::Import { kind: Kind::Login, .. }), "{error}");
    assert!(error.to_string().contains("inner-machine"), "{error}");
}

/// The sample's WSDL with more in it: `types` in its schema, `imports` beside it.
fn importing(types: &'static str, answer: fn(&str) -> Vec<u8>) -> SocketAddr {
    let host = distorted(
        sample_host("http://tempuri.org/"),
        |text| text,
        move |text| text.replacen("<s:element ", &format!("{types}<s:element "), 1),
    );
    serve(move |request| match request.target() {
        target if request.is_get() && target != "/Provider.asmx?WSDL" => answer(target),
        _ => forward_closed(host, request),
    })
}

#[tokio::test]
async fn an_import_that_nobody_needs_stops_nothing() {
    let types = "<s:import namespace=\"urn:other\" schemaLocation=\"?xsd=1\" />";
    for (answer, words) in [
        ((|_| respond("404 Not Found", "", b"")) as fn(&str) -> Vec<u8>, "HTTP 404, an empty body"),
        (|_| respond("200 OK", "Content-Type: text/html\r\n", b"<html>Hello"), "an HTML page"),
        (|_| respond("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08"), "gzip"),
        (|_| respond("302 Found", "Location: /x.xsd\r\n", b""), "a redirect"),
        (|_| respond("200 OK", XML, b"<a><b></a>"), "line 1"),
        (|_| b"no HTTP at all\r\n\r\n".to_vec(), "the connection"),
    ] {
        let host = importing(types, answer);
        let discovery = discover(host, "/Provider.asmx").await.unwrap();
        let [skipped] = &discovery.skipped[..] else { panic!("{:?}", discovery.skipped) };
        let url = format!("http://{host}/Provider.asmx");
        assert!(skipped.contains(words) && skipped.starts_with(&url), "{skipped}");
        let login = discovery.apply(Kind::Login, builder(host, "/Provider.asmx"));
        assert!(login.unwrap().build().is_ok());
        let report = check(&Subject::new(url), &Options::default(), |_| ()).await;
        let imports = report.findings().find(|finding| finding.code == "imports").unwrap();
        assert_eq!(imports.severity, Severity::Warning);
        assert!(imports.text.contains(words), "{imports:?}");
        assert!(!report.has_findings(), "{report:#?}");
    }
}

/// Never answers.
fn hang(_: &str) -> Vec<u8> {
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn an_import_that_hangs_is_named_and_takes_half_of_the_time() {
    let unneeded =
        importing("<s:import namespace=\"urn:other\" schemaLocation=\"?xsd=1\" />", hang);
    let patient = builder(unneeded, "/Provider.asmx").timeout(Duration::from_secs(2));
    let discovery = patient.discover().await.unwrap();
    let [skipped] = &discovery.skipped[..] else { panic!("{:?}", discovery.skipped) };
    let hung = format!("http://{unneeded}/Provider.asmx?xsd=1: no answer within ");
    assert!(skipped.starts_with(&hung), "{skipped}");
    let login = discovery.apply(Kind::Login, builder(unneeded, "/Provider.asmx")).unwrap();
    assert!(login.build().is_ok());

    // One that is needed is named where the kind is asked for, and in the doctor's report.
    let whole = serve(|request| {
        let body = "<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'>\
            <d:import namespace='urn:lost' location='/hung.wsdl'/></d:definitions>";
        match request.target() {
            "/P.svc?WSDL" => respond("200 OK", XML, body.as_bytes()),
            "/hung.wsdl" => hang(""),
            _ => respond("404 Not Found", "", b""),
        }
    });
    let patient = builder(whole, "/P.svc").timeout(Duration::from_secs(2));
    let discovery = patient.discover().await.unwrap();
    let error = discovery.apply(Kind::Login, builder(whole, "/P.svc")).unwrap_err();
    assert!(error.to_string().contains("/hung.wsdl: no answer within "), "{error}");
    let subject =
        Subject { kind: Some(Kind::Login), ..Subject::new(format!("http://{whole}/P.svc")) };
    let options = Options { step: Duration::from_secs(2), ..Options::default() };
    let report = check(&subject, &options, |_| ()).await;
    let imports = report.findings().find(|finding| finding.code == "imports").unwrap();
    assert!(imports.text.contains("/hung.wsdl: no answer within "), "{imports:?}");
    assert_eq!(report.step("contract").unwrap().outcome, Outcome::NotChecked, "{report:#?}");
}

#[tokio::test]
async fn what_a_lost_import_would_have_said_is_not_checked() {
    // The types of the inputs are elsewhere, and nowhere to be had.
    let host = distorted(
        sample_host("http://tempuri.org/"),
        |text| text,
        |text| {
            let import = "<s:import namespace=\"urn:lost\" schemaLocation=\"/lost.xsd\" />";
            let text = text.replacen("<s:element ", &format!("{import}<s:element "), 1);
            text.replace(
                "type=\"tns:ExternalLoginProviderInputs\"",
                "type=\"q:ExternalLoginProviderInputs\" xmlns:q=\"urn:lost\"",
            )
        },
    );
    let url = format!("http://{host}/Provider.asmx");
    let subject = Subject { kind: Some(Kind::Login), ..Subject::new(&url) };
    let report = check(&subject, &Options::default(), |_| ()).await;
    let imports = report.findings().find(|finding| finding.code == "imports").unwrap();
    assert!(imports.text.contains("/lost.xsd: HTTP 404"), "{imports:?}");
    let contract = report.step("contract").unwrap();
    assert_eq!(contract.outcome, Outcome::NotChecked, "{report:#?}");
    assert!(contract.text.contains("not checked") && contract.text.contains("Authenticate/inputs"));
    assert!(!report.has_findings(), "{report:#?}");
    // All operations are in a document that cannot be had.
    let whole = serve(|request| {
        let body = "<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'>\
            <d:import namespace='urn:lost' location='/lost.wsdl'/></d:definitions>";
        match request.target() {
            "/P.svc?WSDL" => respond("200 OK", XML, body.as_bytes()),
            _ => respond("403 Forbidden", "", b""),
        }
    });
    let subject =
        Subject { kind: Some(Kind::Login), ..Subject::new(format!("http://{whole}/P.svc")) };
    let report = check(&subject, &Options::default(), |_| ()).await;
    let contract = report.step("contract").unwrap();
    assert_eq!(contract.outcome, Outcome::NotChecked, "{report:#?}");
    let discovery = discover(whole, "/P.svc").await.unwrap();
    let error = discovery.apply(Kind::Login, builder(whole, "/P.svc")).unwrap_err();
    assert!(error.to_string().contains("/lost.wsdl: HTTP 403"), "{error}");
    assert!(error.hint().unwrap().contains("namespace"), "{error}");
}

#[tokio::test]
async fn schemas_of_standards_are_not_fetched() {
    let host = importing(
        "<s:import namespace=\"http://www.w3.org/2001/XMLSchema\" schemaLocation=\"?xsd=xsd\" />\
         <s:import namespace=\"http://schemas.xmlsoap.org/soap/encoding/\" schemaLocation=\"http://schemas.xmlsoap.org/soap/encoding/\" />\
         <s:import namespace=\"http://www.w3.org/2005/08/addressing\" schemaLocation=\"?xsd=wsa\" />",
        |target| panic!("{target} was asked for"),
    );
    let discovery = discover(host, "/Provider.asmx").await.unwrap();
    assert_eq!((discovery.skipped.len(), discovery.description.incomplete), (0, false));
}

#[tokio::test]
async fn where_no_wsdl_is_published_the_remedy_is_the_namespace() {
    for status in ["405 Method Not Allowed", "404 Not Found", "403 Forbidden", "500 Error"] {
        let host = serve(move |_| respond(status, "Content-Type: text/html\r\n", b"<html>no"));
        let error = discover(host, "/Provider.asmx").await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("the WSDL was asked for at http://"), "{shown}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("--namespace") && !hint.contains("POST"), "{hint}");
    }
}

#[tokio::test]
async fn what_is_no_wsdl_is_said_for_what_it_is() {
    let page = |status: &'static str, headers: &'static str, body: &'static str| {
        serve(move |_| respond(status, headers, body.as_bytes()))
    };
    let html = "Content-Type: text/html\r\n";
    for (host, expected, words) in [
        (page("200 OK", html, "<html><h1>Welcome"), NonSoapKind::Html, "HTTP 200, an HTML page"),
        (page("404 Not Found", html, "<html>none"), NonSoapKind::Html, "HTTP 404"),
        (page("401 Unauthorized", html, ""), NonSoapKind::SignIn, "sign in"),
        (page("200 OK", XML, "<html><body>s3cret"), NonSoapKind::Html, "\"***\""),
        (page("200 OK", XML, ""), NonSoapKind::Empty, "an empty body"),
        (page("200 OK", "Content-Type: text/plain\r\n", "hello"), NonSoapKind::Other, "hello"),
        (
            page("302 Found", "Location: /login?a=b\r\n", ""),
            NonSoapKind::Redirect { location: "/login?…".into(), sign_in: true },
            "a redirect to a sign-in page",
        ),
    ] {
        let error = discover(host, "/Provider.asmx").await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        match error {
            DiscoverError::NotWsdl { document, answer } => {
                assert!(document.ends_with("/Provider.asmx?WSDL"), "{document}");
                assert_eq!(answer.page, expected);
            }
            other => panic!("{other:?}"),
        }
    }
    let error = discover(
        page("200 OK", XML, "<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'>\n<b>"),
        "/",
    )
    .await
    .unwrap_err();
    assert!(matches!(&error, DiscoverError::Wsdl(error) if error.line == 2), "{error}");
    let error = discover(page("200 OK", XML, "<a/>"), "/").await.unwrap_err();
    assert!(error.to_string().contains("the root element is {}a"), "{error}");
}

#[tokio::test]
async fn time_and_number_are_bounded() {
    // Each schema asks for the next, without end.
    let host = serve(|request| {
        let n: u32 = request.target().rsplit('=').next().unwrap().parse().unwrap_or(0);
        let import = format!("<x:import schemaLocation='?xsd={}'/>", n + 1);
        let schema =
            format!("<x:schema xmlns:x='http://www.w3.org/2001/XMLSchema'>{import}</x:schema>");
        let body = match n {
            0 => format!(
                "<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'><d:types>{schema}</d:types></d:definitions>"
            ),
            _ => schema,
        };
        respond("200 OK", XML, body.as_bytes())
    });
    let error = discover(host, "/").await.unwrap_err();
    assert!(error.to_string().contains("more than 32 documents"), "{error}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = builder(silent.local_addr().unwrap(), "/").timeout(Duration::from_millis(50));
    let error = builder.discover().await.unwrap_err();
    assert!(matches!(error, DiscoverError::Timeout { .. }), "{error}");
    // What hangs up was asked all the same.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs_up = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = std::io::Read::read(&mut stream.unwrap(), &mut [0; 4096]);
        }
    });
    let error = discover(hangs_up, "/").await.unwrap_err();
    assert!(error.to_string().ends_with("(the request was sent)"), "{error}");
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let error = discover(free, "/").await.unwrap_err();
    assert!(
        matches!(&error, DiscoverError::Transport(e) if matches!(e.kind, TransportErrorKind::Connect(_))),
        "{error}"
    );
}
