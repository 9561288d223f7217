//! What a report says of itself, and what becomes of it, whatever becomes of the process.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use external_providers::Secret;
use external_providers::compare::Policy;
use external_providers::shadow::ShadowOptions;

use super::tool::{log_in, start_with};
use super::{LOGIN, Rig, Spoiled};
use crate::codec::raw::{Peer, call};
use crate::fixtures::recordings::sample_service;
use crate::support::{Folder, Running};

/// Waits until a report with these words is saved, as the first comparison is at once.
#[cfg(unix)]
fn saved(file: &Path, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let report = fs::read_to_string(file).unwrap();
        if report.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "{words:?} is not saved: {report}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
#[test]
fn a_report_outlives_its_process_and_is_not_replaced_by_nothing() {
    let service = sample_service();
    let same = Spoiled::start(service, Some);
    let candidate = format!("http://{}", same.address);
    let folder = Folder::new("reports");
    for ending in ["txt", "json", "html"] {
        let file = folder.0.join(format!("report.{ending}"));
        let start = || {
            let more = ["--candidate", &candidate, "--report", file.to_str().unwrap()];
            start_with(service, &more)
        };
        let read = || fs::read_to_string(&file).unwrap();
        let running = start();
        assert!(read().contains("Nothing was compared"), "{}", read());
        log_in(&running);
        saved(&file, "1 call was compared; no difference");
        running.signal("KILL");
        running.ended();
        let before = read();
        let (_, _, log) = start().stop();
        assert!(log.contains(&format!("report.{ending} is kept as it was")), "{log}");
        assert_eq!(read(), before);
        let running = start();
        (0..2).for_each(|_| log_in(&running));
        let (_, _, log) = running.stop();
        assert!(read().contains("2 calls were compared; no difference"), "{}{log}", read());
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
}

#[cfg(unix)]
#[test]
fn the_report_of_a_file_that_is_replaced_is_kept() {
    let service = sample_service();
    let folder = Folder::new("shadow");
    let file = folder.file("p.toml", "[ticket]\nrefused = 'no'\n");
    let reports = Folder::new("reports");
    let report = reports.0.join("report.json");
    let provider = ["--provider", file.to_str().unwrap()];
    let ask = |running: &mut Running| {
        let mut caller = Peer::connect(running.address);
        caller.send(call(
            "StartTicket",
            &["authPW=s3cret", "emailFrom=ann@x", "departmentName=Sales"],
        ));
        caller.text();
        running.logs("new kind of difference");
    };
    let mut running =
        start_with(service, &[&provider[..], &["--report", report.to_str().unwrap()]].concat());
    ask(&mut running);
    saved(&report, "1 call was compared; ");
    running.signal("HUP");
    running.logs("the report begins anew");
    running.signal("HUP");
    running.logs("the report begins anew");
    let (_, output, log) = running.stop();
    assert!(output.contains("Nothing was compared"), "{output}{log}");
    let beside: Vec<_> = fs::read_dir(&reports.0).unwrap().map(|found| found.unwrap()).collect();
    assert_eq!(beside.len(), 2, "{beside:?}");
    for found in beside {
        let name = found.file_name().into_string().unwrap();
        assert!(name.starts_with("report") && name.ends_with(".json"), "{name}");
        let text = fs::read_to_string(found.path()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["compared"], 1, "{name}: {text}");
    }

    // Without a file, it is printed.
    let mut running = start_with(service, &provider);
    ask(&mut running);
    running.signal("HUP");
    running.logs("the report begins anew");
    let (_, output, log) = running.stop();
    assert!(output.contains("1 call was compared; "), "{output}{log}");
    assert!(output.contains("Nothing was compared"), "{output}{log}");
}

#[test]
fn a_report_says_on_what_conditions_it_stands() {
    let service = sample_service();
    let other = Spoiled::start(service, |answer| {
        Some(answer.replace("=myusername@", "=other@").replace("Login Successful", "Welcome"))
    });
    let ignore = Policy {
        ignore: vec!["EmailAddress".to_owned(), "Success".to_owned()],
        patterns: vec![("Message".to_owned(), "Login Successful|Welcome|s3cret".to_owned())],
        ..Policy::default()
    };
    let options = ShadowOptions {
        ignore,
        secrets: vec![Secret::new("s3cret")],
        allow_changes: vec!["StartTicket".to_owned()],
        until: Some("2 calls".parse().unwrap()),
        ..Default::default()
    };
    let rig = Rig::with(service, other.candidate(), options);
    (0..2).for_each(|_| drop(rig.call(call("Authenticate", &LOGIN))));
    let report = rig.finish();
    assert_eq!((report.compared, report.different), (2, 0), "{report}");
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    let hidden: Vec<_> = json["conditions"]["ignore"].as_array().unwrap().iter().collect();
    assert_eq!(hidden[0], &serde_json::json!({ "rule": "EmailAddress", "hidden": 2 }));
    assert_eq!(
        (hidden.len(), &hidden[1]["hidden"], &hidden[2]["hidden"]),
        (3, &0.into(), &2.into())
    );
    assert_eq!(json["conditions"]["until"], "2 calls");
    for line in [
        "until: 2 calls",
        "shown although they may change something: StartTicket",
        "ignored: EmailAddress (hid a difference in 2 calls)",
        "ignored: Success (never applied)",
        "ignored: Message=Login Successful|Welcome|",
        "names and addresses of people: as they are",
    ] {
        assert!(report.to_string().contains(line), "{line}: {report}");
        assert!(report.html().contains(line), "{line}: {}", report.html());
    }
    for text in [report.to_string(), report.html(), report.json()] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}
