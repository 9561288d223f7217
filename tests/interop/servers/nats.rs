//! Events to NATS: published once, whatever happens to the server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use external_providers::contract::HandleEvent;
use external_providers::outbox::{
    Delivery, Event, Filter, Limits, NatsSettings, NatsSink, Outbox, Pace, Sink, SqliteStore, Store,
};
use external_providers::report::Outcome;
use futures_util::StreamExt as _;

use crate::rig::Rig;

const PASSWORD: &str = "Passw0rd-1";

fn event(name: &str, number: u32) -> Event {
    let json = serde_json::json!({
        "event": name,
        "id": format!("evt_{number}"),
        "time": "2026-11-26T09:15:42.125Z",
        "variables": [{"key": "ticketNumber", "value": number.to_string()}],
    });
    serde_json::from_value(json).unwrap()
}

fn settings(rig: &Rig, scheme: &str, subject: &str) -> NatsSettings {
    let server = format!("{scheme}://{}:{}", rig.get("host"), rig.get("port"));
    let mut settings = NatsSettings::new(vec![server], subject);
    settings.user = Some("helpdesk".to_owned());
    settings.password = Some(PASSWORD.into());
    settings.timeout = Duration::from_secs(5);
    settings
}

fn sink(settings: &NatsSettings) -> NatsSink {
    NatsSink::new("bus", settings.clone()).unwrap()
}

/// Whoever reads the events.
async fn reader(rig: &Rig) -> jetstream::Context {
    let options =
        async_nats::ConnectOptions::with_user_and_password("helpdesk".into(), PASSWORD.into());
    let server = format!("{}:{}", rig.get("host"), rig.get("port"));
    jetstream::new(options.connect(server).await.unwrap())
}

async fn stream(reader: &jetstream::Context, name: &str) -> stream::Stream {
    let subjects = vec![format!("{name}.>")];
    let config = stream::Config { name: name.to_owned(), subjects, ..Default::default() };
    reader.create_stream(config).await.unwrap()
}

/// All that is in a stream: subjects, ids, and messages.
async fn all(stream: &mut stream::Stream) -> Vec<(String, String, Event)> {
    let count = usize::try_from(stream.info().await.unwrap().state.messages).unwrap();
    let ack_policy = jetstream::consumer::AckPolicy::None;
    let config = jetstream::consumer::pull::Config { ack_policy, ..Default::default() };
    let consumer = stream.create_consumer(config);
    let messages = consumer.await.unwrap().messages().await.unwrap();
    let read = messages.take(count).map(|message| {
        let message = message.unwrap();
        let id = message.headers.as_ref().unwrap().get("Nats-Msg-Id").unwrap().to_string();
        (message.subject.to_string(), id, serde_json::from_slice(&message.payload).unwrap())
    });
    read.collect().await
}

fn refused(delivery: Delivery) -> String {
    match delivery {
        Delivery::Refused { why, after: None } => {
            assert!(!why.contains(PASSWORD), "{why}");
            why
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_is_published_once() {
    let rig = Rig::shared("nats");
    let reader = reader(&rig).await;
    let sink = sink(&settings(&rig, "nats", "once.{eventName}"));
    let why = refused(sink.deliver(&event("TicketCreated", 1)).await);
    assert!(why.starts_with("once.TicketCreated: no stream found"), "{why}");
    assert!(why.contains("nats stream add EVENTS --subjects 'once.*'"), "{why}");
    let report = sink.check().await;
    assert!(report.findings().any(|finding| finding.code == "no-stream"), "{report:?}");

    let mut stream = stream(&reader, "once").await;
    let sent = [event("TicketCreated", 1), event("a.b >", 2)];
    for event in sent.iter().chain(&sent) {
        assert_eq!(sink.deliver(event).await, Delivery::Delivered);
    }
    let expected = [("once.TicketCreated", "evt_1"), ("once.a_b__", "evt_2")];
    let expected: Vec<_> = expected
        .into_iter()
        .zip(sent)
        .map(|((subject, id), event)| (subject.to_owned(), id.to_owned(), event))
        .collect();
    assert_eq!(all(&mut stream).await, expected);
    let report = sink.check().await;
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    assert_eq!(report.step("stream").unwrap().text, "once takes once.*");

    // A core publish would be lost here, and nobody would know.
    let large = "x".repeat(2 << 20);
    let why = refused(sink.deliver(&event(&large, 3)).await);
    assert!(why.contains("max_payload"), "{why}");
}

#[tokio::test]
async fn servers_that_are_not_what_they_should_be_are_told_apart() {
    let rig = Rig::shared("nats");
    let mut wrong = settings(&rig, "nats", "wrong.x");
    wrong.password = Some("another".into());
    let why = refused(sink(&wrong).deliver(&event("TicketCreated", 1)).await);
    assert!(why.contains("authorization violation") && why.contains("check user"), "{why}");

    let tls = Rig::start("nats.sh", &[("NATS_TLS", "1")]);
    for scheme in ["tls", "nats"] {
        let mut untrusting = settings(&tls, scheme, "tls.x");
        let why = refused(sink(&untrusting).deliver(&event("TicketCreated", 1)).await);
        assert!(why.contains("root_certificates"), "{scheme}: {why}");
        untrusting.root_certificates = std::fs::read(tls.file("ca.pem")).unwrap();
        let why = refused(sink(&untrusting).deliver(&event("TicketCreated", 1)).await);
        assert!(why.contains("no stream found"), "{scheme}: it is trusted: {why}");
    }
    // Nothing goes in the clear where it must not.
    let why =
        refused(sink(&settings(&rig, "tls", "tls.x")).deliver(&event("TicketCreated", 1)).await);
    assert!(why.contains("could not connect"), "{why}");
}

#[tokio::test]
async fn a_server_that_hangs_holds_nobody_up_and_what_it_got_is_there_once() {
    let rig = Rig::start("nats.sh", &[]);
    let mut stream = stream(&reader(&rig).await, "hang").await;
    let mut settings = settings(&rig, "nats", "hang.x");
    settings.timeout = Duration::from_millis(300);
    let sink = sink(&settings);
    assert_eq!(sink.deliver(&event("TicketCreated", 1)).await, Delivery::Delivered);
    rig.signal("STOP");
    let why = refused(sink.deliver(&event("TicketCreated", 2)).await);
    assert!(why.contains("didn't receive ack in time"), "{why}");
    rig.signal("CONT");
    while sink.deliver(&event("TicketCreated", 2)).await != Delivery::Delivered {}
    let ids: Vec<_> = all(&mut stream).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids, ["evt_1", "evt_2"], "it took the second when it went on, and knew it again");
}

/// As a help desk has them come: whatever was taken is in the stream in the end.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_taken_is_lost_when_the_server_is_killed_20_times() {
    let mut rig = Rig::start("nats.sh", &[]);
    drop(stream(&reader(&rig).await, "kill").await);
    let mut settings = settings(&rig, "nats", "kill.{eventName}");
    settings.timeout = Duration::from_secs(2);
    let store = Arc::new(SqliteStore::new(rig.file("events.sqlite")));
    let outbox = Outbox::new(Arc::clone(&store) as Arc<dyn Store>);
    let sinks = ["bus".to_owned()];
    let mut limits = Limits::default();
    limits.loop_limit = 0;
    outbox.set_limits(limits);
    let bus =
        || vec![("bus".to_owned(), Arc::new(sink(&settings)) as Arc<dyn Sink>, Pace::default())];
    let delivering = outbox.deliver(bus()).await.unwrap();
    let status = async || store.status().await.unwrap().into_iter().next().unwrap();
    let (mut taken, mut refused) = (BTreeSet::new(), 0);
    for round in 0..=20 {
        if round > 0 {
            // What comes now is under way, or waits, when it is killed.
            take(&outbox, &sinks, &mut taken).await;
            rig.kill();
            take(&outbox, &sinks, &mut taken).await;
            while status().await.why.is_none() {
                tokio::task::yield_now().await;
            }
            refused += status().await.waiting;
            rig.again();
            while !rig.is_listening() {
                tokio::task::yield_now().await;
            }
            // Nobody here waits for the rest that a sink is given that is down.
            delivering.replace(bus()).await;
        } else {
            take(&outbox, &sinks, &mut taken).await;
        }
        while status().await.waiting > 0 {
            // Nor for the pauses.
            store.retry(&Filter::default()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    delivering.stop().await;
    let mut stream = reader(&rig).await.get_stream("kill").await.unwrap();
    let there = all(&mut stream).await;
    let ids: BTreeSet<_> = there.iter().map(|(_, id, _)| id.clone()).collect();
    println!(
        "{} taken, {refused} waited for the server, {} in the stream",
        taken.len(),
        there.len()
    );
    assert_eq!(ids, taken);
    assert_eq!(there.len(), taken.len(), "the stream knew those again that came twice");
    for ticket in (0..TICKETS).map(|ticket| ticket.to_string()) {
        let of = there.iter().map(|(_, _, event)| &event.variables);
        let of = of.filter(|variables| variables.get("ticketNumber") == Some(&ticket));
        let numbers = of.map(|variables| variables.get("number").unwrap().parse::<u32>().unwrap());
        assert!(numbers.is_sorted(), "ticket {ticket} in order");
    }
}

const TICKETS: usize = 7;

/// Some events of some tickets.
async fn take(outbox: &Outbox, sinks: &[String], taken: &mut BTreeSet<String>) {
    for _ in 0..20 {
        let number = taken.len();
        let ticket = (number % TICKETS).to_string();
        let other = [("ticketNumber", ticket), ("number", number.to_string())];
        let other = other.into_iter().collect();
        let happened = HandleEvent { event_name: "TicketChanged".to_owned(), other };
        let event = Event::new(&happened, &["ticketNumber".to_owned()]);
        outbox.take(&event, sinks).await.unwrap();
        taken.insert(event.id);
    }
}
