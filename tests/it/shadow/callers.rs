//! What callers see: the old service, whatever the candidate does.

use std::net::TcpListener;
use std::time::Duration;

use external_providers::shadow::{Candidate, ShadowOptions};

use super::{LOGIN, Rig, Spoiled, groups};
use crate::codec::raw::{Peer, Service, answer, call};
use crate::fixtures::recordings::sample_service;

#[test]
fn every_byte_is_the_old_services() {
    let request =
        b"POST /Provider.asmx?a=%20B&c HTTP/1.1\r\nhOST:   crm.internal  \r\nX-dup: 1\r\n\
        x-DUP:2\r\nX-Latin: \xe9\r\nX-Empty:\r\nSOAPaction: \"urn:x\"\r\nCONTENT-length: 12\r\n\r\n\
        \xef\xbb\xbfa\r\n\r\n\0\xffb\r";
    let answers: Vec<Vec<u8>> = vec![
        b"HTTP/1.1 200 Alles  gut!\r\nserver:IIS\r\nX-B: 1\r\nx-a: 2\r\nX-B:   3 \r\n\
          content-LENGTH: 6\r\nConnection: Keep-Alive\r\n\r\n\xef\xbb\xbf\r\n\xff"
            .to_vec(),
        answer("500 Internal Server Error", "X: y\r\n", ""),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\na\r\n\r\n02\r\nbc\r\n0\r\n\r\n"
            .to_vec(),
        answer("413 Too Large", "Connection: close\r\n", "x"),
    ];
    let service = Service::start(answers.clone());
    let rig = Rig::new(service.address, Candidate::at("http://127.0.0.1:1").unwrap());
    let mut caller = rig.caller();
    for answer in &answers {
        caller.send(request);
        assert_eq!(service.request(), request);
        assert_eq!(caller.message().unwrap(), *answer);
    }
    assert_eq!(caller.rest(), b"", "closed as the service closed");
    let report = rig.finish();
    assert_eq!((report.calls, report.compared), (4, 0), "{report}");
    // The same of calls that are compared, with one that answers as it should and one that does not.
    let envelope = "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body>\
        <GetCustomFieldOptionsResponse xmlns='http://tempuri.org/'><GetCustomFieldOptionsResult>\
        <Success>true</Success></GetCustomFieldOptionsResult></GetCustomFieldOptionsResponse></Body></Envelope>";
    let plain = answer("200 OK", "content-TYPE:  text/xml\r\nX-B: 1\r\nx-b:2\r\n", envelope);
    let other = answer("200 OK", "Content-Type: text/xml\r\n", envelope.replace("true", "false"));
    let request = call("GetCustomFieldOptions", &LOGIN[..2]).replace("Host:", "hOST:  ");
    for (new, different) in [(&plain, 0), (&other, 1)] {
        let service = Service::start(vec![plain.clone()]);
        let candidate = Service::start(vec![new.clone()]);
        let rig = Rig::new(service.address, Candidate::at(&candidate.origin()).unwrap());
        let answered = rig.call(&request);
        assert_eq!(service.request(), request.as_bytes());
        assert_eq!(answered, plain);
        let shown = String::from_utf8(candidate.request()).unwrap();
        assert!(shown.ends_with(request.split_once("\r\n\r\n").unwrap().1), "{shown}");
        let report = rig.finish();
        assert_eq!((report.compared, report.different), (1, different), "{report}");
    }
}

#[test]
fn a_candidate_that_hangs_or_is_dead_costs_callers_nothing() {
    let service = sample_service();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = deaf.local_addr().unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut direct = Peer::connect(service);
    let without_date = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        text.lines().filter(|line| !line.starts_with("Date:")).collect::<Vec<_>>().join("\n")
    };
    direct.send(call("Authenticate", &LOGIN));
    let expected = without_date(&direct.message().unwrap());
    for address in [hanging, dead] {
        let candidate = Candidate::at(&format!("http://{address}")).unwrap();
        let rig = Rig::with(
            service,
            candidate,
            ShadowOptions { queue_calls: 10, concurrency: 2, ..Default::default() },
        );
        let mut caller = rig.caller();
        for _ in 0..30 {
            caller.send(call("Authenticate", &LOGIN));
            assert_eq!(without_date(&caller.message().unwrap()), expected);
        }
        if address == hanging {
            let progress = rig.shadow.progress();
            assert_eq!((progress.compared, progress.waiting, progress.dropped), (0, 10, 20));
            // What waits at the end is not waited for without end.
            let report = rig.finish_within(Duration::from_millis(50));
            assert_eq!((report.calls, report.compared, report.dropped), (30, 0, 30), "{report}");
        } else {
            let report = rig.finish();
            assert_eq!(report.compared + report.dropped, 30);
            let groups = groups(&report);
            assert_eq!(
                groups,
                [("Authenticate: no answer of the candidate".to_owned(), report.compared)]
            );
            assert!(report.groups[0].examples[0].candidate.contains("could not connect"));
        }
    }
}

#[test]
fn what_waits_counts_for_the_next_candidate() {
    let service = sample_service();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = Candidate::at(&format!("http://{}", deaf.local_addr().unwrap())).unwrap();
    let rig = Rig::with(service, hanging, ShadowOptions { concurrency: 1, ..Default::default() });
    (0..3).for_each(|_| drop(rig.call(call("Authenticate", &LOGIN))));
    // The first is asked, and will never be compared.
    let asked = deaf.accept().unwrap();
    let next = Spoiled::start(service, Some);
    rig.shadow.replace(next.candidate());
    assert_eq!((rig.shadow.progress().calls, rig.shadow.progress().waiting), (3, 3));
    drop((asked, deaf));
    let report = rig.finish();
    assert_eq!((report.calls, report.compared, report.dropped), (2, 2, 0), "{report}");
}

#[test]
fn what_is_too_large_for_the_queue_is_dropped_and_counted() {
    let service = sample_service();
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::with(
        service,
        candidate.candidate(),
        ShadowOptions { queue_bytes: 8 << 10, ..Default::default() },
    );
    let long = format!("cf_x={}", "x".repeat(16 << 10));
    let variables = ["authPW=s3cret", "loginUsername=a", "departmentName=b", long.as_str()];
    assert!(rig.call(call("GetCustomFieldOptions", &variables)).starts_with(b"HTTP/1.1 200"));
    rig.call(call("GetCustomFieldOptions", &variables[..3]));
    let report = rig.finish();
    assert_eq!((report.calls, report.compared, report.dropped), (2, 1, 1), "{report}");
}

#[test]
fn large_answers_and_pages_of_the_candidate_are_differences() {
    let service = sample_service();
    let candidate = Spoiled::start(service, |answer| {
        Some(answer.replace("Login Successful", &"x".repeat(17 << 20)))
    });
    let rig = Rig::new(service, candidate.candidate());
    rig.call(call("Authenticate", &LOGIN));
    let report = rig.finish();
    assert_eq!(groups(&report), [("Authenticate: no answer of the candidate".to_owned(), 1)]);
    let said = &report.groups[0].examples[0].candidate;
    assert!(said.contains("is larger than 16 MiB"), "{said}");
}
