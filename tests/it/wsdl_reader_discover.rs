//! Discovery over HTTP: what is fetched, what is followed, what is no WSDL.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::Client;
use external_providers::client::{ClientBuilder, DiscoverError, Discovery, TransportErrorKind};
use external_providers::contract::{GetUserInfo, Kind, UserInformation};
use external_providers::soap::{Page, SoapVersion};

use crate::check_peers::{PASSWORD, distorted, respond, sample_host, serve};
use crate::support::repository;

const XML: &str = "Content-Type: text/xml; charset=utf-8\r\n";

fn builder(address: SocketAddr, path: &str) -> ClientBuilder {
    Client::builder(&format!("http://{address}{path}"), PASSWORD).timeout(Duration::from_secs(20))
}

async fn discover(address: SocketAddr, path: &str) -> Result<Discovery, DiscoverError> {
    builder(address, path).discover().await
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(repository(&format!("tests/it/wsdl_reader/{name}"))).unwrap()
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
            "/Login.svc?xsd=xsd1" => "wcf_xsd1.xsd",
            "/Elsewhere.svc?WSDL" => "wcf.wsdl",
            _ => return respond("404 Not Found", "", b""),
        };
        respond("200 OK", XML, &sample(name))
    });
    // The inner machine that the imports name does not exist.
    let discovery = discover(host, "/Login.svc").await.unwrap();
    assert_eq!(discovery.skipped, Vec::<String>::new());
    assert_eq!(discovery.find.found.len(), 2);
    assert_eq!(asked.lock().unwrap().len(), 4, "each once");
    let builder = discovery.apply(Kind::Login, builder(host, "/Login.svc")).unwrap();
    assert_eq!(
        builder.build().unwrap().binding().action("GetSignInCookieInfo"),
        "urn:company:helpdesk/ILogin/GetSigninCookieInfo"
    );
    // Another path on another host is nothing that we go to.
    let discovery = discover(host, "/Elsewhere.svc").await.unwrap();
    assert!(discovery.skipped[0].contains("inner-machine") && discovery.skipped.len() == 1);
    assert_eq!(discovery.description.missing.len(), 1);
}

#[tokio::test]
async fn what_is_no_wsdl_is_said_for_what_it_is() {
    let page = |status: &'static str, headers: &'static str, body: &'static str| {
        serve(move |_| respond(status, headers, body.as_bytes()))
    };
    let html = "Content-Type: text/html\r\n";
    for (host, expected, words) in [
        (page("200 OK", html, "<html><h1>Welcome"), Page::Html, "HTTP 200, an HTML page"),
        (page("404 Not Found", html, "<html>none"), Page::Html, "HTTP 404"),
        (page("401 Unauthorized", html, ""), Page::SignIn, "sign in"),
        (page("200 OK", XML, "<html><body>s3cret"), Page::Html, "\"***\""),
        (page("200 OK", XML, ""), Page::Empty, "an empty body"),
        (page("200 OK", "Content-Type: text/plain\r\n", "hello"), Page::Other, "hello"),
        (
            page("302 Found", "Location: /login?a=b\r\n", ""),
            Page::Redirect { location: "/login?…".into(), sign_in: true },
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
