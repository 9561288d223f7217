//! NATS that is not there, or not NATS. What NATS does is in `tests/interop/servers/nats.rs`.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use external_providers::outbox::{Delivery, NatsSettings, NatsSink};
use external_providers::report::Outcome;

use super::{event, told};

const PASSWORD: &str = "correct horse battery";

fn refused(servers: &[String]) -> String {
    let mut settings = NatsSettings::new(servers.to_vec(), "events.{eventName}");
    settings.user = Some("helpdesk".to_owned());
    settings.password = Some(PASSWORD.into());
    settings.connect_timeout = Duration::from_millis(200);
    let sink = NatsSink::new("bus", settings).unwrap();
    let (delivery, report, logs) = told(&sink, &event());
    assert_eq!(report.outcome, Outcome::Finding, "{report:?}");
    assert!(logs.contains("connect"), "{logs}");
    // The library logs what a server says as it is.
    let logs: String = logs.lines().filter(|line| !line.contains("Who knows")).collect();
    let all = format!("{sink:?} {delivery:?} {report:?} {logs}");
    assert!(!all.contains(PASSWORD), "{all}");
    match delivery {
        Delivery::Refused { why, after: None } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn servers_that_do_not_answer_are_refusals_that_end_in_time() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let why = refused(&[format!("nats://{free}")]);
    assert!(why.starts_with(&format!("could not connect to nats://{free}: ")), "{why}");
    assert!(why.contains("refused") && why.contains("does NATS run there"), "{why}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("nats://{}", silent.local_addr().unwrap());
    let why = refused(&[format!("nats://{free}"), silent.clone()]);
    assert!(why.contains("timed out"), "{why}");

    // Its user and password would be sent to whoever says this, and it says nothing more.
    let odd = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("nats://{}", odd.local_addr().unwrap());
    std::thread::spawn(move || {
        let streams: Vec<_> = odd.incoming().map(|stream| stream.map(|mut stream| {
            let _ = stream.write_all(b"INFO {\"server_id\":\"x\",\"max_payload\":1000,\"headers\":true}\r\n-ERR 'Who knows the correct horse battery?'\r\n");
            stream
        })).collect();
        drop(streams);
    });
    let why = refused(&[address]);
    assert!(why.contains("could not connect"), "{why}");

    let why = refused(&["nats://nobody.invalid:4222".to_owned()]);
    assert!(why.contains("check the host name"), "{why}");
}
