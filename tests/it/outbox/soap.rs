//! The old events provider as a sink: what is told again, and what is in doubt.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::contract::{
    Answer, EventHandled, EventProvider, Failure, HandleEvent, Kind, ProviderError, ProviderResult,
};
use external_providers::host::{Host, Service};
use external_providers::outbox::{Delivery, Sink, SoapSink};
use external_providers::report::Outcome;
use external_providers::settings::ExternalService;

use super::{event, told};
use crate::doctor::peers::{PASSWORD, respond, run, serve};

/// Does with an event what its name says, and remembers it.
#[derive(Clone, Default)]
struct Old(Arc<Mutex<Vec<HandleEvent>>>);

impl EventProvider for Old {
    async fn handle_event(&self, request: HandleEvent) -> ProviderResult<HandleEvent> {
        let name = request.event_name.clone();
        self.0.lock().unwrap().push(request);
        match name.as_str() {
            "Declined" => Err(ProviderError::failure("not today")),
            "Thrown" => Err(ProviderError::from(std::io::Error::other("the disk is full"))),
            _ => Ok(Answer::new(EventHandled, "thanks")),
        }
    }
}

fn service(address: std::net::SocketAddr) -> ExternalService {
    let url = format!("http://{address}/Provider.asmx");
    let mut service = ExternalService::new(Kind::Events, url, PASSWORD);
    service.retries = 0;
    service
}

fn deliver(service: &ExternalService, idempotent: bool, name: &str) -> Delivery {
    let mut event = event();
    event.name = name.to_owned();
    told(&SoapSink::new("old", service, idempotent).unwrap(), &event).0
}

fn refused(delivery: Delivery) -> String {
    match delivery {
        Delivery::Refused { why, .. } | Delivery::Rejected { why } => why,
        other => panic!("{other:?}"),
    }
}

fn in_doubt(delivery: Delivery) -> String {
    match delivery {
        Delivery::InDoubt { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_service_gets_the_event_as_it_came() {
    let old = Old::default();
    let provider = Service::new("/Provider.asmx", PASSWORD).events(old.clone());
    let address = run(Host::builder().services([provider]).build().unwrap(), None);
    let idempotent = SoapSink::new("old", &service(address), true).unwrap();
    let sink = SoapSink::new("old", &service(address), false).unwrap();
    assert!(idempotent.may_repeat() && !sink.may_repeat());
    let (delivery, report, logs) = told(&sink, &event());
    assert!(logs.contains("call answered"), "{logs}");
    assert_eq!((delivery, report.outcome), (Delivery::Delivered, Outcome::Ok));
    let seen = old.0.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].event_name.as_str(), &seen[0].other),
        ("TicketCreated", &event().variables)
    );

    let service = service(address);
    assert!(refused(deliver(&service, false, "Declined")).contains("not today"));
    assert!(in_doubt(deliver(&service, false, "Thrown")).contains("the disk is full"));
    assert!(refused(deliver(&service, true, "Thrown")).contains("the disk is full"));
    let mut stranger = service.clone();
    stranger.password = "wrong".into();
    let why = refused(deliver(&stranger, false, "TicketCreated"));
    assert!(why.contains(Failure::PERMISSION_DENIED) && why.contains("password is wrong"), "{why}");
    let mut other = service;
    other.namespace = external_providers::settings::Name::Is("urn:other".to_owned());
    let why = refused(deliver(&other, false, "TicketCreated"));
    assert!(why.contains("does not know the action"), "{why}");
}

#[test]
fn only_what_did_not_arrive_is_told_again() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut down = service(free);
    assert!(refused(deliver(&down, false, "TicketCreated")).contains("nothing listens there"));

    // The second event meets an open breaker, which says for how long.
    down.breaker_failures = 1;
    let sink = SoapSink::new("old", &down, false).unwrap();
    told(&sink, &event());
    let open = told(&sink, &event()).0;
    let Delivery::Refused { why, after: Some(after) } = open else { panic!("{open:?}") };
    assert!(why.contains("left alone") && after <= down.breaker_pause, "{why}");

    for (status, arrived) in [
        ("404 Not Found", false),
        ("401 Unauthorized", false),
        ("302 Found", false),
        ("503 Service Unavailable", false),
        ("200 OK", true),
        ("500 Internal Server Error", true),
        ("502 Bad Gateway", true),
        ("504 Gateway Timeout", true),
    ] {
        let address = serve(move |_| respond(status, "", b"<html>a page</html>"));
        let why = match deliver(&service(address), false, "TicketCreated") {
            Delivery::InDoubt { why } if arrived => why,
            delivery if !arrived => refused(delivery),
            other => panic!("{status}: {other:?}"),
        };
        assert!(why.contains(&status[..3]), "{why}");
        refused(deliver(&service(address), true, "TicketCreated"));
    }

    // It reads, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut hangs = service(silent.local_addr().unwrap());
    hangs.timeout = Duration::from_millis(200);
    let why = in_doubt(deliver(&hangs, false, "TicketCreated"));
    assert!(why.contains("the request was sent"), "{why}");
}

#[test]
fn a_service_must_be_one_for_events_that_can_be_called() {
    let login = ExternalService::new(Kind::Login, "http://x/Provider.asmx", PASSWORD);
    assert!(SoapSink::new("old", &login, false).unwrap_err().why.contains("not one for events"));
    let nobody = ExternalService::new(Kind::Events, "ftp://me:hunter2@x", PASSWORD);
    let error = SoapSink::new("old", &nobody, false).unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
}
