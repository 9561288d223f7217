//! The client in a stack of tower's layers, and whether it still knows what was sent.

use std::error::Error;
use std::future::{Ready, pending, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use external_providers::Client;
use external_providers::client::{
    CallError, StackBody, StackTransport, TransportError, TransportErrorKind,
};
use external_providers::contract::{Authenticate, GetUserInfo, UserInformation};
use external_providers::host::Host;
use external_providers::http::{ConnectCause, Transport};
use external_providers::sample;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

type BoxError = Box<dyn Error + Send + Sync>;

fn host() -> Host {
    let services = sample::services("s3cret", "http://tempuri.org/");
    Host::builder().services(services).build().unwrap()
}

fn client(url: &str) -> Client {
    Client::new(url, "s3cret").unwrap()
}

/// A client over a service in this process.
fn over<S>(stack: S) -> Client<StackTransport<S>>
where
    StackTransport<S>: Transport,
{
    client("http://a.test/Extended.asmx").over(|_| StackTransport::new("http://a.test", stack))
}

async fn fails<T: Transport>(client: &Client<T>) -> TransportError {
    match client.call(GetUserInfo::default()).await {
        Err(CallError::Transport(error)) => error,
        other => panic!("{other:?}"),
    }
}

async fn finds<T: Transport>(client: &Client<T>) {
    let request =
        GetUserInfo { email_from: Some("myusername@example.com".into()), ..GetUserInfo::default() };
    let answer = client.call(request).await.unwrap();
    assert!(matches!(answer.result, UserInformation::Found { .. }), "{answer:?}");
}

#[tokio::test]
async fn layers_stand_around_its_own_transport() {
    let server = host().bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", server.local_addr());
    tokio::spawn(server.serve(std::future::pending()));
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let layered = client(&format!("{origin}/Extended.asmx")).layered(|http| {
        ServiceBuilder::new()
            // One that cannot be shared by threads.
            .boxed_clone()
            .concurrency_limit(1)
            .timeout(Duration::from_secs(60))
            .map_request(move |request| {
                counted.fetch_add(1, Ordering::Relaxed);
                request
            })
            .service(http)
    });
    assert_eq!(layered.transport().origin(), Some(origin));
    finds(&layered).await;
    finds(&layered.clone()).await;
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_router_in_this_process_answers_it() {
    let client = over(Router::new().fallback_service(host().mounted()));
    finds(&client).await;
    let small = client.clone().over(|stack| stack.body_limit(100));
    let error = fails(&small).await;
    assert_eq!((error.kind, error.sent), (TransportErrorKind::TooLarge { limit: 100 }, true));
    // Nothing but a call's own answer is one.
    let elsewhere = client.clone().over(|_| {
        StackTransport::new("http://a.test", Router::new().nest_service("/x", host().mounted()))
    });
    let error = elsewhere.call(GetUserInfo::default()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSoap(_)), "{error}");
}

#[tokio::test]
async fn what_its_own_transport_says_comes_through() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let layered = client(&format!("http://{port}/Extended.asmx"))
        .layered(|http| ServiceBuilder::new().timeout(Duration::from_secs(60)).service(http));
    let error = fails(&layered).await;
    assert_eq!(error.service, format!("http://{port}/Extended.asmx"));
    let TransportErrorKind::Connect(cause) = &error.kind else { panic!("{error}") };
    assert_eq!((cause.cause, error.sent), (ConnectCause::Refused, false));
}

/// A layer that gives up when it is told to.
#[derive(Clone)]
struct Until<S>(S, Arc<Notify>);

impl<S: Service<Request<StackBody>> + Clone + Send + 'static> Service<Request<StackBody>>
    for Until<S>
where
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = std::pin::Pin<
        Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send + 'static>,
    >;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<StackBody>) -> Self::Future {
        let Self(inner, enough) = self.clone();
        Box::pin(async move {
            tokio::select! {
                answer = inner.oneshot(request) => answer.map_err(Into::into),
                () = enough.notified() => Err("enough".into()),
            }
        })
    }
}

#[tokio::test]
async fn what_a_layer_gives_up_was_sent_if_the_service_has_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/Extended.asmx", listener.local_addr().unwrap());
    let enough = Arc::new(Notify::new());
    let layered = client(&url).layered(|http| Until(http, Arc::clone(&enough)));
    let heard = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        while !all.ends_with(b"Envelope>") {
            assert_ne!(stream.read_buf(&mut all).await.unwrap(), 0);
        }
        enough.notify_one();
        stream
    };
    let (error, _stream) = tokio::join!(fails(&layered), heard);
    assert_eq!((&error.kind, error.sent), (&TransportErrorKind::Layer("enough".into()), true));
    let said = "no answer from http://127.0.0.1";
    assert!(error.to_string().starts_with(said), "{error}");
    // Told before: nothing is sent.
    enough.notify_one();
    let full = client(&url).layered(|_| Until(service_fn(never), Arc::clone(&enough)));
    let error = fails(&full).await;
    assert_eq!((&error.kind, error.sent), (&TransportErrorKind::Layer("enough".into()), false));
}

async fn never(_: Request<StackBody>) -> Result<Response<Body>, BoxError> {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_tells_what_was_sent() {
    for sent in [false, true] {
        let stack = service_fn(move |request: Request<StackBody>| async move {
            if sent {
                to_bytes(Body::new(request.into_body()), usize::MAX).await?;
            }
            pending::<Result<Response<Body>, BoxError>>().await
        });
        let limit = Duration::from_secs(5);
        let error = fails(&over(ServiceBuilder::new().timeout(limit).service(stack))).await;
        let kind = TransportErrorKind::Layer("request timed out".into());
        assert_eq!((error.kind, error.sent), (kind, sent));
    }
}

/// Tries everything twice.
#[derive(Clone)]
struct Twice(bool);

impl<R, E> tower::retry::Policy<Request<StackBody>, R, E> for Twice {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<StackBody>,
        result: &mut Result<R, E>,
    ) -> Option<Self::Future> {
        (result.is_err() && std::mem::take(&mut self.0)).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<StackBody>) -> Option<Request<StackBody>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn what_was_sent_once_was_sent() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let stack = service_fn(move |request: Request<StackBody>| {
        let first = counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        async move {
            if first {
                let body = to_bytes(Body::new(request.into_body()), usize::MAX).await.unwrap();
                assert!(body.ends_with(b"Envelope>"));
            }
            Err::<Response<Body>, _>(refused())
        }
    });
    let error = fails(&over(ServiceBuilder::new().retry(Twice(true)).service(stack))).await;
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    assert!(error.sent && matches!(error.kind, TransportErrorKind::Layer(_)), "{error}");
    // Where no try got so far, the system's word counts.
    let stack = service_fn(async |_: Request<StackBody>| Err::<Response<Body>, _>(refused()));
    let error = fails(&over(ServiceBuilder::new().retry(Twice(true)).service(stack))).await;
    let TransportErrorKind::Connect(cause) = &error.kind else { panic!("{error}") };
    assert_eq!((cause.cause, error.sent), (ConnectCause::Refused, false));
}

#[tokio::test]
async fn nothing_that_passes_through_shows_a_password() {
    let stack = service_fn(async |request: Request<StackBody>| {
        Err::<Response<Body>, BoxError>(format!("{request:?}").into())
    });
    let login = Authenticate { login_password: "hunter2".into(), ..Authenticate::default() };
    let error = over(stack).call(login).await.unwrap_err().to_string();
    assert!(!error.contains("hunter2") && !error.contains("s3cret"), "{error}");
    assert!(error.contains("bytes"), "{error}");
}
