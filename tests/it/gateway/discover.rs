//! `discover`: services whose namespace and operations have other names than ours, untouched.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use external_providers::client::DiscoverError;
use external_providers::contract::*;
use external_providers::gateway::{
    Blame, Cause, Gateway, GatewayError, RegistrationOutcome, ServiceError,
};
use external_providers::http::{Headers, HttpRequest};
use external_providers::settings::{ExternalService, Name, Settings};
use external_providers::{Host, sample};

use tokio::sync::oneshot;

use super::kinds::PASSWORD;
use crate::support::repository;

const NAMESPACE: &str = "urn:company:crm";
/// The kinds, the contract's names and the company's.
const NAMES: [(Kind, &str, &str); 3] = [
    (Kind::UserInformation, "GetUserInfo", "LookupCustomer"),
    (Kind::Events, "HandleEvent", "OnEvent"),
    (Kind::Registration, "RegisterUser", "CreateAccount"),
];

/// A service of the company's: `/KIND.asmx`, each with its WSDL. It counts how often that is read,
/// does not have it the first `failing` times, and keeps a reader waiting that is held.
struct Company {
    base: String,
    read: Arc<AtomicUsize>,
    failing: Arc<AtomicUsize>,
    /// Holds the next reader.
    hold: std::sync::mpsc::Sender<Hold>,
}

/// Says that a reader came, and keeps it until the other end is dropped.
struct Hold(oneshot::Sender<()>, std::sync::mpsc::Receiver<()>);

impl Company {
    fn start(failing: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let read = Arc::new(AtomicUsize::new(0));
        let failing = Arc::new(AtomicUsize::new(failing));
        let (counter, fail) = (Arc::clone(&read), Arc::clone(&failing));
        let (hold, holds) = std::sync::mpsc::channel::<Hold>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let host = Host::builder().services(sample::services(PASSWORD, NAMESPACE));
            let host = host.build().unwrap();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (head, body) = request(&mut stream);
                let (status, body) = if head.starts_with("GET") {
                    let kind = head.split(['/', '.']).nth(1).unwrap();
                    let fails =
                        counter.fetch_add(1, Ordering::SeqCst) < fail.load(Ordering::SeqCst);
                    if let Ok(Hold(came, go)) = holds.try_recv() {
                        came.send(()).unwrap();
                        let _ = go.recv();
                    }
                    match fails {
                        true => ("503 Service Unavailable", "down".to_owned()),
                        false => ("200 OK", wsdl(kind)),
                    }
                } else {
                    let (head, body) = (renamed(&head, false), renamed(&body, false));
                    let mut headers = Headers::new();
                    for line in head.lines().skip(1) {
                        if let Some((name, value)) = line.split_once(": ") {
                            headers.push(name.to_owned(), value.to_owned());
                        }
                    }
                    let request = HttpRequest {
                        method: "POST".into(),
                        target: "/Extended.asmx".into(),
                        headers,
                        body: body.into_bytes(),
                    };
                    let answer = runtime.block_on(host.answer(&request)).unwrap();
                    let status = if answer.status == 200 { "200 OK" } else { "500 Fault" };
                    (status, renamed(&String::from_utf8(answer.body).unwrap(), true))
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: text/xml; charset=utf-8\r\n\
                     Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { base, read, failing, hold }
    }

    fn service(&self, kind: Kind) -> ExternalService {
        let mut service =
            ExternalService::new(kind, format!("{}/{kind}.asmx", self.base), PASSWORD);
        (service.namespace, service.operation) = (Name::Discover, Name::Discover);
        service.retries = 0;
        service
    }

    fn reads(&self) -> usize {
        self.read.swap(0, Ordering::SeqCst)
    }
}

fn request(stream: &mut TcpStream) -> (String, String) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        assert!(n > 0, "{text}");
    }
}

/// From our names to the company's, or back.
fn renamed(text: &str, to_theirs: bool) -> String {
    NAMES.iter().fold(text.to_owned(), |text, (_, ours, theirs)| match to_theirs {
        true => text.replace(ours, theirs),
        false => text.replace(theirs, ours),
    })
}

fn wsdl(kind: &str) -> String {
    let text = std::fs::read_to_string(repository(&format!("wsdl/{kind}.wsdl"))).unwrap();
    renamed(&text, true)
        .replace("http://tempuri.org/", NAMESPACE)
        .replace(&format!("soapAction=\"{NAMESPACE}"), &format!("soapAction=\"{NAMESPACE}/"))
}

fn providers(services: impl IntoIterator<Item = ExternalService>) -> Gateway {
    let mut settings = Settings::default();
    services.into_iter().for_each(|service| settings.enable(service));
    Gateway::builder(settings).build().unwrap()
}

async fn lookup(providers: &Gateway) -> Result<Answer<UserInformation>, GatewayError> {
    let email_from = Some("myusername@example.com".to_owned());
    providers.get_user_info(GetUserInfo { email_from, ..Default::default() }).await
}

#[tokio::test]
async fn other_names_are_found_by_the_types() {
    let company = Company::start(0);
    let providers = providers(NAMES.map(|(kind, ..)| company.service(kind)));
    for _ in 0..2 {
        assert_eq!(lookup(&providers).await.unwrap().message.as_deref(), Some("User Found"));
        let event = HandleEvent { event_name: "x".into(), ..Default::default() };
        let answer = providers.handle_event(event).await.unwrap();
        assert_eq!(answer.message.as_deref(), Some("Event Handled"));
        let user = RegisterUser {
            login_username: "new".into(),
            login_password: "new".into(),
            ..Default::default()
        };
        match providers.register_user(user).await.unwrap() {
            RegistrationOutcome::Decided(answer) => {
                assert_eq!(answer.message.as_deref(), Some("User Registered"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(company.reads(), 3, "once for each kind");
    // Other settings are a reason to look again.
    providers.replace(providers.settings()).unwrap();
    lookup(&providers).await.unwrap();
    assert_eq!(company.reads(), 1);
    // If the WSDL cannot be had then, what was known still holds.
    company.failing.store(usize::MAX, Ordering::SeqCst);
    providers.replace(providers.settings()).unwrap();
    lookup(&providers).await.unwrap();
    lookup(&providers).await.unwrap();
    assert_eq!(company.reads(), 1);
}

#[tokio::test]
async fn one_call_discovers_and_the_others_wait_for_it() {
    let company = Company::start(0);
    let providers = providers([company.service(Kind::UserInformation)]);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let providers = providers.clone();
            tokio::spawn(async move { lookup(&providers).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(company.reads(), 1);
}

#[tokio::test]
async fn what_is_being_discovered_at_a_reload_is_discovered_anew() {
    let company = Company::start(0);
    let providers = providers([company.service(Kind::UserInformation)]);
    let (came, reader) = oneshot::channel();
    let (go, going) = std::sync::mpsc::channel();
    company.hold.send(Hold(came, going)).unwrap();
    let call = {
        let providers = providers.clone();
        tokio::spawn(async move { lookup(&providers).await })
    };
    reader.await.unwrap();
    providers.replace(providers.settings()).unwrap();
    drop(go);
    call.await.unwrap().unwrap();
    assert_eq!(company.reads(), 1);
    for reads in [1, 0] {
        lookup(&providers).await.unwrap();
        assert_eq!(company.reads(), reads);
    }
}

#[tokio::test]
async fn a_failed_discovery_is_shared_and_tried_again_by_the_next_call() {
    let company = Company::start(2);
    let providers = providers([company.service(Kind::UserInformation)]);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let providers = providers.clone();
            tokio::spawn(async move { lookup(&providers).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(!error.sent());
        match &error.cause {
            Cause::Service(service) => assert!(
                matches!(**service, ServiceError::Discover(DiscoverError::NotWsdl { .. })),
                "{service:?}"
            ),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(company.reads(), 1, "both asked at the same time");
    company.failing.store(0, Ordering::SeqCst);
    lookup(&providers).await.unwrap();
}

#[tokio::test]
async fn what_the_settings_name_outranks_the_wsdl() {
    let company = Company::start(0);
    let mut service = company.service(Kind::UserInformation);
    service.operation = Name::Is("LookupCustomer".into());
    lookup(&providers([service.clone()])).await.unwrap();
    service.namespace = Name::Is(NAMESPACE.into());
    service.operation = Name::Discover;
    lookup(&providers([service.clone()])).await.unwrap();
    assert_eq!(company.reads(), 2);
    service.operation = Name::Is("LookupCustomer".into());
    lookup(&providers([service.clone()])).await.unwrap();
    assert_eq!(company.reads(), 0, "there was nothing left to discover");

    service.namespace = Name::Discover;
    service.operation = Name::Is("LookUpCustomers".into());
    let error = lookup(&providers([service.clone()])).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Settings);
    let text = std::error::Error::source(&error).unwrap().to_string();
    let expected = "the service has no operation LookUpCustomers: it has LookupCustomer";
    assert_eq!(text, expected);
    // A service of another kind.
    let mut service = company.service(Kind::Ticket);
    service.url = format!("{}/events.asmx", company.base);
    let error = providers([service]).start_ticket(StartTicket::default()).await.unwrap_err();
    assert_eq!((error.blame(), error.sent()), (Blame::Settings, false));
}

#[tokio::test]
async fn a_service_that_is_down_opens_the_breaker_before_it_is_discovered() {
    let company = Company::start(usize::MAX);
    let mut service = company.service(Kind::UserInformation);
    service.breaker_failures = 2;
    let providers = providers([service]);
    for _ in 0..2 {
        let error = lookup(&providers).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Service(_)), "{error:?}");
    }
    let error = lookup(&providers).await.unwrap_err();
    let Cause::Open { because, .. } = &error.cause else { panic!("{error:?}") };
    assert!(
        because.starts_with("the service cannot be discovered: the WSDL was asked for at http://"),
        "{because}"
    );
    assert!(because.contains("HTTP 503"), "the cause is told: {because}");
    assert_eq!(company.reads(), 2);
}
