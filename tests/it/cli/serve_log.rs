//! The log of `serve`: nothing of it is lost at the end, and nobody waits for whoever reads it.

use std::io::{BufRead as _, BufReader, Read as _};

use crate::codec::raw::{Peer, call};
use crate::support::{Running, tool};

const PASSWORD: &str = "s3cret-of-the-service";

fn serving(arguments: &[&str]) -> Running {
    let all = [&["serve", "--sample", "--listen", "127.0.0.1:0"], arguments].concat();
    Running::spawn(&mut tool(&all, PASSWORD), 2)
}

/// A call whose line says its number, and is as long as one can be.
fn numbered(number: usize, long: usize) -> String {
    let variables = [&format!("authPW={PASSWORD}"), "emailFrom=x"];
    let forwarded = format!("X-Forwarded-For: call-{number}-{}\r\n", "x".repeat(long));
    call("GetUserInfo", &variables).replacen("\r\n", &format!("\r\n{forwarded}"), 1).replacen(
        "/Provider.asmx",
        "/Extended.asmx",
        1,
    )
}

fn answered(peer: &mut Peer, number: usize, long: usize) {
    peer.send(numbered(number, long));
    assert!(peer.text().starts_with("HTTP/1.1 200 "));
}

/// The numbers of the calls in a log.
fn numbers(log: &str) -> Vec<usize> {
    let number = |line: &str| line.split_once("call-")?.1.split('-').next()?.parse().ok();
    log.lines().filter_map(number).collect()
}

#[test]
fn every_line_is_there_after_every_signal_in_its_order() {
    for signal in ["TERM", "INT", "HUP"] {
        let mut serving = serving(&["--trust-forwarded"]);
        let mut peer = Peer::connect(serving.address);
        (0..300).for_each(|number| answered(&mut peer, number, 0));
        serving.signal(signal);
        serving.logs("call-299-");
        let (code, _, log) = serving.ended();
        assert_eq!((code, numbers(&log)), (0, (0..300).collect()), "{signal}");
        assert!(log.ends_with('\n'));
    }
}

/// Calls with long lines until the pipe and all buffers before it must be full.
fn fill(peer: &mut Peer) -> usize {
    let calls = (6 << 20) / 6000;
    (0..calls).for_each(|number| answered(peer, number, 6000));
    calls
}

#[test]
fn a_log_that_nobody_reads_keeps_no_call_waiting_and_says_what_is_missing() {
    let mut serving = serving(&["--trust-forwarded"]);
    let mut peer = Peer::connect(serving.address);
    let calls = fill(&mut peer);
    // Somebody reads again.
    let mut reader = BufReader::new(serving.process.stderr.take().unwrap());
    let mut log = String::new();
    let lost: usize = loop {
        let begin = log.len();
        assert_ne!(reader.read_line(&mut log).unwrap(), 0, "nothing is said to be lost");
        let line = log[begin..].trim_end();
        if line.contains(" ERROR external_providers::cli: log lines were lost here") {
            break line.rsplit_once(" lines=").unwrap().1.parse().unwrap();
        }
    };
    answered(&mut peer, calls, 0);
    serving.signal("TERM");
    reader.read_to_string(&mut log).unwrap();
    assert_eq!(serving.process.wait().unwrap().code(), Some(0));
    let found = numbers(&log);
    let first: Vec<usize> = (0..calls - lost).chain([calls]).collect();
    assert!(lost > 0 && found == first, "{lost} of {calls}, {found:?}");
}

#[test]
fn a_log_that_nobody_reads_does_not_keep_it_from_ending() {
    let mut serving = serving(&["--trust-forwarded"]);
    fill(&mut Peer::connect(serving.address));
    serving.signal("TERM");
    assert_eq!(serving.process.wait().unwrap().code(), Some(0));
}
