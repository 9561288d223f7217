//! `shadow` as a user meets it.

use std::net::SocketAddr;

use super::{LOGIN, Spoiled};
use crate::codec::raw::{Peer, call};
use crate::fixtures::recordings::sample_service;
use crate::record::tool::{command, hides_secrets};
use crate::support::Running;

fn start(upstream: SocketAddr, candidate: SocketAddr, more: &[&str]) -> Running {
    let (upstream, candidate) = (format!("http://{upstream}"), format!("http://{candidate}"));
    let usual =
        ["shadow", "--upstream", &upstream, "--candidate", &candidate, "--listen", "127.0.0.1:0"];
    Running::spawn(&mut command(&[&usual, more].concat()), 1)
}

fn log_in(running: &Running) {
    let mut caller = Peer::connect(running.address);
    caller.send(call("Authenticate", &LOGIN));
    assert!(caller.text().contains("Login Successful"));
}

#[test]
fn an_end_is_reached_or_out_of_reach() {
    let service = sample_service();
    let same = Spoiled::start(service, Some);
    let running = start(service, same.address, &["--until", "3 calls, 0 differences"]);
    let said = format!("forwarding to http://{service}, comparing with http://{}/", same.address);
    assert!(running.lines[0].contains(&said), "{}", running.lines[0]);
    // Beside those that are compared, others do not count.
    let mut caller = Peer::connect(running.address);
    caller.send(call("StartTicket", &LOGIN));
    caller.text();
    (0..3).for_each(|_| log_in(&running));
    let (code, output, log) = running.ended();
    assert_eq!(code, 0, "{output}{log}");
    assert!(
        output.contains("4 calls: 3 compared, 0 different, 1 not compared, 0 dropped"),
        "{output}"
    );
    assert!(log.contains("reached: 3 calls, 0 differences"), "{log}");

    let other = Spoiled::start(service, |answer| Some(answer.replace("My Username", "mypassword")));
    let running = start(service, other.address, &["--until", "3 calls, 0 differences"]);
    log_in(&running);
    let (code, output, log) = running.ended();
    assert_eq!(code, 8, "{output}{log}");
    assert!(output.contains("Authenticate: output DisplayName  (1 times)"), "{output}");
    assert!(log.contains("not reached: 3 calls, 0 differences: 1 differ"), "{log}");
    [&output, &log].iter().for_each(|text| hides_secrets(text.as_bytes()));

    let running = start(service, same.address, &["--until", "3 calls"]);
    log_in(&running);
    let (code, output, log) = running.stop();
    assert_eq!(code, 8, "{output}{log}");
    assert!(log.contains("not reached: 3 calls: it was stopped after 1 calls"), "{log}");
}

#[test]
fn mistakes_are_told_with_a_hint() {
    let service = sample_service();
    let origin = format!("http://{service}");
    let same = ["shadow", "--upstream", &origin, "--candidate", &origin];
    for (arguments, says) in [
        (&same[..], "the candidate is the old service itself"),
        (&["shadow", "--upstream", "x", "--candidate", &origin], "not an origin"),
        (
            &["shadow", "--upstream", &origin, "--candidate", "127.0.0.1:1"],
            "did you forget http://?",
        ),
        (&[&same[..], &["--until", "many"]].concat(), "it looks like"),
        (
            &["shadow", "--upstream", &origin, "--candidate", "http://a", "--ignore", "A=("],
            "the pattern for A",
        ),
        (
            &[
                "shadow",
                "--upstream",
                "http://127.0.0.1:1",
                "--candidate",
                "http://localhost:18462",
                "--listen",
                "127.0.0.1:18462",
            ],
            "give the new service's own URL",
        ),
    ] {
        let output = command(arguments).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {log}");
        assert!(log.contains(says), "{arguments:?}: {log}");
    }
}
