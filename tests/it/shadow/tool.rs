//! `shadow` as a user meets it.

use std::net::SocketAddr;

use super::{LOGIN, Spoiled};
use crate::codec::raw::{Peer, call};
use crate::fixtures::recordings::sample_service;
use crate::record::tool::{command, hides_secrets};
use crate::support::{Folder, Running};

fn start(upstream: SocketAddr, candidate: SocketAddr, more: &[&str]) -> Running {
    let candidate = format!("http://{candidate}");
    start_with(upstream, &[&["--candidate", &candidate], more].concat())
}

pub(super) fn start_with(upstream: SocketAddr, more: &[&str]) -> Running {
    let upstream = format!("http://{upstream}");
    let usual = ["shadow", "--upstream", &upstream, "--listen", "127.0.0.1:0"];
    Running::spawn(&mut command(&[&usual, more].concat()), 1)
}

pub(super) fn log_in(running: &Running) {
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
    for line in [
        "3 calls were compared; no difference\n",
        "compared  different  no answer  not compared\n",
        "       3          0          0             0  Authenticate\n",
        "       0          0          0             1  StartTicket\n",
        "\nDropped: too many calls waited",
    ] {
        assert!(output.contains(line), "{line}{output}");
    }
    let never = output.lines().find(|line| line.starts_with("never compared: ")).unwrap();
    assert!(never.contains("StartTicket") && !never.contains("Authenticate"), "{never}");

    let other = Spoiled::start(service, |answer| Some(answer.replace("My Username", "mypassword")));
    let running = start(service, other.address, &["--until", "3 calls, 0 differences"]);
    log_in(&running);
    let (code, output, log) = running.ended();
    assert_eq!(code, 8, "{output}{log}");
    assert!(output.contains("Authenticate: output DisplayName  (1 times)"), "{output}");
    assert!(log.contains("not reached: 3 calls, 0 differences: 1 differ"), "{log}");
    assert!(output.contains("1 call was compared; 1 kind of difference"), "{output}");
    [&output, &log].iter().for_each(|text| hides_secrets(text.as_bytes()));

    let running = start(service, same.address, &["--until", "3 calls"]);
    log_in(&running);
    let (code, output, log) = running.stop();
    assert_eq!(code, 8, "{output}{log}");
    assert!(log.contains("not reached: 3 calls: it was stopped after 1 call"), "{log}");
}

#[test]
fn callers_may_be_served_beyond_the_end() {
    let service = sample_service();
    let same = Spoiled::start(service, Some);
    let running = start(service, same.address, &["--until", "1 call", "--keep-forwarding"]);
    log_in(&running);
    let mut running = running;
    running.logs("reached: 1 calls; forwarding goes on");
    log_in(&running);
    let (code, output, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    assert!(output.contains("2 calls: 2 compared, 0 different"), "{output}{log}");
    assert_eq!(log.matches("forwarding goes on").count(), 1, "{log}");

    let running = start(service, same.address, &["--until", "1 call"]);
    log_in(&running);
    let (_, _, log) = running.ended();
    assert!(log.contains("callers are refused when the end is reached"), "{log}");
}

#[cfg(unix)]
#[test]
fn the_end_waits_for_what_is_not_compared_until_it_is_told_again() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let more = ["--drain", "3600"];
    let mut running = start(sample_service(), deaf.local_addr().unwrap(), &more);
    log_in(&running);
    running.signal("TERM");
    running.logs("stopping: 1 call to be compared (for at most 3600 s)");
    let (code, output, log) = running.stop();
    assert_eq!(code, 8, "{log}");
    assert!(log.contains("nothing was compared"), "{log}");
    assert!(
        output.contains("1 calls: 0 compared, 0 different, 0 not compared, 1 dropped"),
        "{output}"
    );
}

#[test]
fn reports_and_examples_are_kept_without_a_secret() {
    let service = sample_service();
    // What was answered repeats passwords in every way.
    let other = Spoiled::start(service, |answer| {
        let planted = "mypassword bXlwYXNzd29yZA== my%70assword s3cret <b>&amp;</b>";
        let fields = format!("Login for {planted}</Message>").replace("<b>&amp;</b>", "&lt;b&gt;");
        let secret = "<string>apiToken=t0ken-of-the-candidate</string><string>DisplayName=";
        let answer = answer.replace("Login Successful</Message>", &fields);
        Some(
            answer
                .replace("<string>DisplayName=", secret)
                .replace("Custom Fields Loaded", "planted-field"),
        )
    });
    let (folder, reports) = (Folder::to_be("shadow"), Folder::new("reports"));
    let file = |name: &str| reports.0.join(name).to_str().unwrap().to_owned();
    for (ending, count) in [("html", 1), ("json", 2), ("txt", 3)] {
        let report = file(&format!("report.{ending}"));
        let more = ["--out", folder.text(), "--report", &report];
        let running = start(service, other.address, &more);
        (0..5).for_each(|_| log_in(&running));
        let mut caller = Peer::connect(running.address);
        caller.send(call("GetCustomFieldOptions", &["authPW=s3cret", "cf_Password=planted-field"]));
        caller.text();
        let (code, output, log) = running.stop();
        assert_eq!(code, 8, "{output}{log}");
        assert!(output.contains("Authenticate: Message  (5 times)"), "{output}");
        assert!(output.contains("Authenticate: output apiToken  (5 times)"), "{output}");
        // Once for each kind, however often.
        assert_eq!(log.matches("new kind of difference").count(), 3, "{log}");
        let written = std::fs::read_to_string(&report).unwrap();
        for text in [&output, &log, &written] {
            hides_secrets(text.as_bytes());
            for secret in ["bXlwYXNzd29yZA", "t0ken-of", "planted-field", "my%70"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
        assert!(written.contains("Login for "), "{written}");
        for words in ["6 calls were compared; 3 kinds of difference", "StartTicket"] {
            assert!(written.contains(words), "{words}: {written}");
        }
        let is_page = ending == "html";
        assert!(!is_page || !written.contains("<script") && !written.contains("<b>"), "{written}");
        // Three kinds, two sides of each; examples that say the same are kept once.
        let fixtures = external_providers::fixture::load(folder.path()).unwrap();
        assert_eq!(fixtures.len(), count * 3 * 2);
    }
    let kept = folder.all();
    hides_secrets(&kept);
    let text = String::from_utf8_lossy(&kept);
    assert!(!text.contains("t0ken-of") && !text.contains("planted-field"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file("report.json")).unwrap()).unwrap();
    assert_eq!(
        (&json["calls"], &json["compared"], &json["different"]),
        (&6.into(), &6.into(), &6.into())
    );
    assert_eq!(
        json["operations"][0],
        serde_json::json!({ "operation": "Authenticate", "compared": 5, "different": 5,
            "unanswered": 0, "notCompared": 0 })
    );
    assert!(json["neverCompared"].as_array().unwrap().contains(&"StartTicket".into()));
    let groups = json["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["part"] == "output apiToken").unwrap();
    assert_eq!((&group["operation"], &group["count"]), (&"Authenticate".into(), &5.into()));
    assert_eq!(group["examples"][0]["old"], "absent");
    let name = group["examples"][0]["name"].as_str().unwrap();
    assert!(folder.0.join(name).join("candidate/exchange.toml").is_file(), "{name}");
    assert!(json["oldTimes"]["medianMs"].as_f64().unwrap() > 0.0);

    // A directory with something else is refused, and so is a place that cannot be written.
    reports.file("notes.txt", "mine");
    let origin = format!("http://{service}");
    let usual = ["shadow", "--upstream", &origin, "--candidate", "http://127.0.0.1:1"];
    for (more, code, says) in [
        (["--out", reports.text()], 2, "was not written by a shadow"),
        (["--report", "/nowhere/report.html"], 1, "cannot write /nowhere/report.html"),
        (["--report", "report.pdf"], 2, "must end in .txt, .json or .html"),
    ] {
        let output = command(&[&usual[..], &more].concat()).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{log}");
        assert!(log.contains(says), "{log}");
    }
}

#[test]
fn last_months_recording_judges_tomorrows_service() {
    let service = sample_service();
    let folder = Folder::to_be("record");
    let recorder = Running::start(service, &folder, &[]);
    let mut caller = Peer::connect(recorder.address);
    for user in ["myusername", "someone"] {
        let user = format!("loginUsername={user}");
        caller.send(call("GetSignInCookieInfo", &["authPW=s3cret", &user]));
        caller.text();
    }
    recorder.stop();
    let new = Spoiled::start(service, |answer| {
        Some(answer.replace("Login ", "Log-in ").replace("EmailAddress=my", "EmailAddress=your"))
    });
    let url = format!("http://{}", new.address);
    let reports = Folder::new("reports");
    let report = reports.0.join("report.html");
    let verify = ["fixtures", "verify", folder.text(), "--url", &url];
    let text = command(&[&verify[..], &["--report", report.to_str().unwrap()]].concat());
    let output = { text }.output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let text = String::from_utf8(output.stdout).unwrap();
    let grouped = "GetSignInCookieInfo: Message  (2 times)\n    old        \"Login Successful\"\n    candidate  \"Log-in Successful\"";
    assert!(text.contains(grouped), "{text}");
    assert!(text.contains("GetSignInCookieInfo: output EmailAddress  (1 times)"), "{text}");
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.contains("<h2>GetSignInCookieInfo: Message (2)</h2>"), "{page}");
    let output = command(&[&verify[..], &["--json"]].concat()).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["groups"][0]["part"], "Message");
    assert_eq!(json["groups"][0]["count"], 2);
}

#[test]
fn mistakes_are_told_with_a_hint() {
    let service = sample_service();
    let origin = format!("http://{service}");
    let same = ["shadow", "--upstream", &origin, "--candidate", &origin];
    for (arguments, says) in [
        (&same[..], "the candidate is the old service itself"),
        (&["shadow", "--upstream", "x", "--candidate", &origin], "not an origin"),
        (&["shadow", "--upstream", &origin], "--candidate <URL>|--provider <FILE>"),
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
