//! The host in other HTTP servers: hyper alone, and axum.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Extensions, Request, Response, StatusCode, Version, header};
use axum::routing::get;
use external_providers::host::{AnswerBody, Host, MountedHost, Settings, TestForm};
use external_providers::sample;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::{Service as _, ServiceExt as _};

use super::http::{exchange, message};

/// Serves the mounted host by hyper, as a server of the host itself would be.
pub(super) async fn serve(host: Host) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mounted = host.mounted();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mounted = mounted.clone();
            let service = hyper::service::service_fn(move |request| mounted.clone().call(request));
            tokio::spawn(async move {
                let mut http = hyper::server::conn::http1::Builder::new();
                let http = http.half_close(true).max_buf_size(64 << 10);
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn host(settings: Settings) -> Host {
    let services = sample::services("s3cret", "http://tempuri.org/");
    Host::builder().services(services).settings(settings).build().unwrap()
}

fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(uri).header(header::HOST, "crm.example");
    let request = request.header(header::CONTENT_TYPE, "text/xml; charset=utf-8");
    request.header("SOAPAction", "http://tempuri.org/GetUserInfo").body(body.into()).unwrap()
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, body) = (response.status(), to_bytes(response.into_body(), 1 << 20).await);
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn beside_other_routes_it_answers_below_its_prefix() {
    let host = host(Settings::default());
    let mounted = host.mounted().under("/crm/").https(true);
    let page = get(|| async { "the application's own" });
    let whole = "/crm/{*rest}";
    for router in [
        // A router that takes the prefix away, and one that does not.
        Router::new().route("/", page.clone()).nest_service("/crm", mounted.clone()),
        Router::new().route("/", page.clone()).route_service(whole, mounted.clone()),
    ] {
        let get = |uri| ask(&router, request("GET", uri, ""));
        assert_eq!(get("/").await, (StatusCode::OK, "the application's own".to_owned()));
        assert_eq!(get("/crm/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
        assert_eq!(get("/Extended.asmx").await.0, StatusCode::NOT_FOUND);
        let (status, wsdl) = get("/crm/extended.asmx?WSDL").await;
        assert_eq!(status, StatusCode::OK, "{wsdl}");
        assert!(wsdl.contains("location=\"https://crm.example/crm/extended.asmx\""), "{wsdl}");
        let (_, page) = get("/crm/Extended.asmx?op=GetUserInfo").await;
        assert!(page.contains("POST /crm/Extended.asmx HTTP/1.1"), "{page}");
        let body = message("GetUserInfo", &["authPW=s3cret", "emailFrom=joe@acme.com"]);
        let (status, answer) = ask(&router, request("POST", "/crm/Extended.asmx", body)).await;
        assert!(status == StatusCode::OK && answer.contains("<Success>true"), "{answer}");
    }
    let metrics = host.metrics();
    let counted = "operation=\"GetUserInfo\",outcome=\"answered\"} 2\n";
    assert!(metrics.contains(counted) && metrics.contains("requests_in_flight 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_path_that_only_begins_like_the_prefix_is_another() {
    let mut mounted = host(Settings::default()).mounted().under("/crm");
    let response = mounted.call(request("GET", "/crmx/Extended.asmx?WSDL", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

/// Does the page offer its form, and is what it sends carried out?
async fn tries(mounted: &MountedHost, from: Option<&str>, forwarded: bool) -> (bool, bool) {
    let with_peer = |mut request: Request<Body>| {
        if let Some(from) = from {
            let address: SocketAddr = from.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(address));
        }
        if forwarded {
            request.headers_mut().insert("via", header::HeaderValue::from_static("1.1 proxy"));
        }
        request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("localhost"));
        mounted.clone().oneshot(request)
    };
    let text = async |response: Response<AnswerBody>| {
        let bytes = to_bytes(Body::new(response.into_body()), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let target = "/Extended.asmx?op=GetUserInfo";
    let page = text(with_peer(request("GET", target, "")).await.unwrap()).await;
    let mut form = request("POST", target, "authPW=s3cret&emailFrom=joe%40acme.com");
    let kind = header::HeaderValue::from_static("application/x-www-form-urlencoded");
    form.headers_mut().insert(header::CONTENT_TYPE, kind);
    let answer = text(with_peer(form).await.unwrap()).await;
    (page.contains("<form"), answer.contains("<caption>The answer</caption>"))
}

#[tokio::test]
async fn a_caller_of_whom_nothing_is_known_is_not_local() {
    let peer =
        |extensions: &Extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let local = host(Settings::default()).mounted();
    let known = local.clone().peer(peer);
    let here = Some("127.0.0.1:4000");
    for (mounted, from, forwarded, tried) in [
        (&known, here, false, true),
        (&known, Some("[::ffff:127.0.0.1]:4000"), false, true),
        (&known, here, true, false),
        (&known, Some("192.0.2.1:4000"), false, false),
        (&known, None, false, false),
        // Nobody said where the address stands.
        (&local, here, false, false),
    ] {
        assert_eq!(tries(mounted, from, forwarded).await, (tried, tried), "{from:?} {forwarded}");
    }
    let always = Settings { test_form: TestForm::Always, ..Settings::default() };
    assert_eq!(tries(&host(always).mounted(), None, false).await, (true, true));
}

#[tokio::test]
async fn limits_are_those_of_the_host() {
    let settings = Settings { max_body: 1000, max_requests: 0, ..Settings::default() };
    let router = Router::new().fallback_service(host(settings).mounted());
    let (status, answer) = ask(&router, request("POST", "/Extended.asmx", "x".repeat(1001))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.contains("Maximum request length exceeded."), "{answer}");
    let (status, answer) = ask(&router, request("POST", "/Extended.asmx", "x")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
}

/// HTTP/2 names the host in the address, and has no header for it.
#[tokio::test]
async fn a_request_of_http_2_needs_no_host_header() {
    let router = Router::new().fallback_service(host(Settings::default()).mounted());
    for (version, status) in
        [(Version::HTTP_2, StatusCode::OK), (Version::HTTP_11, StatusCode::BAD_REQUEST)]
    {
        let mut get = request("GET", "http://crm.example/Extended.asmx?WSDL", "");
        get.headers_mut().remove(header::HOST);
        *get.version_mut() = version;
        assert_eq!(ask(&router, get).await.0, status);
    }
}

#[tokio::test]
async fn axum_serves_it_over_a_port() {
    let mounted = host(Settings::default())
        .mounted()
        .peer(|extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
    let router = Router::new().fallback_service(mounted);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let get = format!(
        "GET /Extended.asmx?op=GetUserInfo HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    );
    let page = exchange(address, get).await;
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("<form"), "{page}");
}
