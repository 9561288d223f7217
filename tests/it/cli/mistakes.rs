//! What people do wrong at the command line, and what they are told: by the name that they gave.

use std::io::Write as _;
use std::process::Stdio;

use external_providers::sample::DIAGNOSTICS;
use serde_json::Value;

use crate::doctor::peers::{PASSWORD, respond, serve};
use crate::record::tool::Recorder;
use crate::support::{Folder, repository, tool};

/// Exit code, standard output and standard error of the tool with this on its standard input.
pub(super) fn fed(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = tool(arguments, PASSWORD).stdin(Stdio::piped()).spawn().unwrap();
    // Who fails before it reads has closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    fed(arguments, "")
}

fn ticket(result: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
         <StartTicketResponse xmlns='http://tempuri.org/'><StartTicketResult>{result}\
         </StartTicketResult></StartTicketResponse></s:Body></s:Envelope>"
    )
}

#[test]
fn what_came_with_an_answer_that_lacks_something_is_shown() {
    let outputs = "<OutputVariables><string>emailFrom=a@b</string><string>no pair</string>\
        <string>echo=s3cret</string><string>newPassword=hunter2</string></OutputVariables>";
    for (success, outcome, code) in [("true", "error", 5), ("false", "declined", 7)] {
        let body = ticket(&format!("<Success>{success}</Success><Message>so</Message>{outputs}"));
        let peer = serve(move |_| respond("200 OK", "Content-Type: text/xml\r\n", body.as_bytes()));
        let url = format!("http://{peer}/P.asmx");
        let call = ["call", "StartTicket", "--url", &url];
        let (found, stdout, stderr) = run(&call);
        assert_eq!(found, code, "{stderr}");
        let expected = format!(
            "StartTicket: {outcome}\n  Message      so\n  emailFrom    a@b\n  echo         ***\n  newPassword  ***\n"
        );
        assert_eq!(stdout, expected);
        assert!(stderr.starts_with("error: "), "{stderr}");
        let (_, stdout, _) = run(&[&call[..], &["--json"]].concat());
        let report: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&report["outcome"], &report["message"]), (&outcome.into(), &"so".into()));
        assert_eq!(report["outputs"].as_array().unwrap().len(), 3, "{report}");
        assert_eq!(report["outputs"][1]["value"], "s3cret");
        let (_, stdout, _) = run(&[&call[..], &["--json", "--mask"]].concat());
        assert!(!stdout.contains("s3cret") && !stdout.contains("hunter2"), "{stdout}");
    }
}

#[test]
fn secrets_that_cannot_be_read_are_called_what_they_are() {
    let sample = repository("fixtures/sample");
    let sample = sample.to_str().unwrap();
    let url = ["--url", "http://127.0.0.1:1"];
    for (arguments, of) in [
        (&["fixtures", "audit", sample, "--secret-file", "/nowhere"][..], "--secret-file"),
        (&["fixtures", "redact", sample, "--secret-file", "/nowhere"], "--secret-file"),
        (&["serve", "--fixtures", sample, "--secret-file", "1=/nowhere"], "REDACTED-1"),
        (
            &[&["fixtures", "verify", sample, "--secret-file", "1=/nowhere"], &url[..]].concat(),
            "REDACTED-1",
        ),
        (&["serve", "--sample", "--auth-password-file", "/nowhere"], "web service password"),
        (&["call", "StartTicket", "--auth-password-file", "/nowhere"], "web service password"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert_eq!(code, 3, "{arguments:?} {stderr}");
        let begin = "error: cannot read a password (";
        assert!(stderr.starts_with(begin) && stderr.contains(of), "{arguments:?} {stderr}");
        assert_eq!(stderr.contains("web service"), of.starts_with("web"), "{stderr}");
    }
}

#[test]
fn standard_input_is_one_password() {
    let sample = repository("fixtures/sample");
    let sample = sample.to_str().unwrap();
    let login = ["call", "Authenticate", "loginUsername=u", "loginPassword=-"];
    for arguments in [
        &[&login[..], &["--auth-password-file", "-"]].concat()[..],
        &[&login[..], &["newPassword=-"]].concat(),
        &[&login[..], &["--variables", "-"]].concat(),
        &["fixtures", "audit", sample, "--secret-file", "-", "--auth-password-file", "-"],
        &["fixtures", "redact", sample, "--secret-file", "-", "--secret-file", "-"],
        &["serve", "--fixtures", sample, "--secret-file", "1=-", "--secret-file", "2=-"],
    ] {
        let (code, _, stderr) = fed(arguments, "one\ntwo\n");
        let said = "error: only one password, or the variables, can come from standard input\n";
        assert!(code == 2 && stderr.starts_with(said), "{arguments:?} {stderr}");
    }
}

#[test]
fn all_variables_that_are_missing_are_named_at_once() {
    for (arguments, says, hint) in [
        (
            &["Authenticate"][..],
            "Authenticate needs loginUsername and loginPassword",
            "add loginUsername=… and loginPassword=@FILE; Authenticate takes loginUsername, loginPassword",
        ),
        (
            &["RegisterUser", "loginusername=u"],
            "RegisterUser needs loginUsername and loginPassword",
            "did you mean loginUsername (you wrote loginusername)?; add loginPassword=@FILE; RegisterUser takes ",
        ),
    ] {
        let (code, _, stderr) = run(&[&["call"], arguments].concat());
        let expected = format!("error: {says}\nhint: {hint}");
        assert!(code == 2 && stderr.starts_with(&expected), "{stderr}");
    }
    // Which of the others a provider wants is its own affair: it says that it misses one, not which.
    let (code, _, stderr) = run(&["call", "StartTicket"]);
    let hint = "hint: the provider wants more variables than it was given: StartTicket takes loginUsername, ";
    assert!(code == 7 && stderr.contains(hint), "{stderr}");
}

#[test]
fn a_new_collection_takes_the_place_of_none() {
    let folder = Folder::new("redact-out");
    let sample = repository("fixtures/sample");
    let redact = ["fixtures", "redact", sample.to_str().unwrap(), "--out", folder.text()];
    let (code, _, stderr) = run(&redact);
    let said = format!("error: --out: {} is there already\nhint: ", folder.text());
    assert!(code == 3 && stderr.starts_with(&said), "{stderr}");
}

#[test]
fn ages_have_a_unit_and_are_not_nothing() {
    let folder = Folder::to_be("ages");
    let record =
        ["record", "--upstream", "http://127.0.0.1:1", "--out", folder.text(), "--max-age"];
    for wrong in ["5", "1x", "1mo", "", "0s"] {
        let (code, _, stderr) = run(&[&record[..], &[wrong]].concat());
        let says = match wrong {
            "0s" => "an age of nothing would keep nothing",
            _ => "give an age with its unit: 2w, 30d, 12h, 90m or 45s",
        };
        assert!(code == 2 && stderr.contains(says), "{wrong} {stderr}");
    }
    // Those that are named are read: what is wrong then is the address alone.
    for age in ["2w", "30d", "12h", "90m", "45s"] {
        let (code, _, stderr) = run(&[&record[..], &[age, "--listen", "192.0.2.1:0"]].concat());
        assert!(code == 1 && stderr.contains("does not have the address"), "{age} {stderr}");
    }
}

#[test]
fn a_recording_that_is_not_replaced_is_said_to_be_kept() {
    let folder = Folder::new("kept-all");
    let nobody = "127.0.0.1:1".parse().unwrap();
    let (code, stdout, _) = Recorder::start(nobody, &folder, &["--mode", "all"]).stop();
    assert!(code == 0 && !stdout.contains("not replaced"), "nothing was there: {stdout}");
    let one = repository("fixtures/sample/00001-wsdl");
    let to = folder.path().join("00001-wsdl");
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(one).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let (code, stdout, _) = Recorder::start(nobody, &folder, &["--mode", "all"]).stop();
    let said = format!("\nnothing was recorded, so {} was not replaced\n", folder.text());
    assert!(code == 0 && stdout.ends_with(&said), "{code} {stdout}");
    assert!(to.join("exchange.toml").is_file());
}

#[test]
fn a_call_of_one_kind_is_warned_of_that_kind_alone() {
    let folder = Folder::new("one-kind");
    let tab = |kind: &str| {
        format!("[{kind}]\nprovider = 'external'\nurl = 'http://192.0.2.1/'\npassword = 'x'\n")
    };
    let text = format!("[options]\nlogin = true\nticket = true\n{}{}", tab("login"), tab("ticket"));
    let file = folder.file("s.toml", text);
    let check = ["check", "--step-timeout", "0.01", "--settings", file.to_str().unwrap()];
    let (_, _, stderr) = run(&[&check[..], &["--kind", "ticket"]].concat());
    assert!(stderr.contains("ticket.url: http://") && !stderr.contains("login."), "{stderr}");
    let (_, _, stderr) = run(&check);
    assert!(stderr.contains("ticket.url: http://") && stderr.contains("login.url"), "{stderr}");
}

#[test]
fn the_help_of_serve_lists_the_diagnostics() {
    let (_, help, _) = run(&["serve", "--help"]);
    for (mode, answer) in DIAGNOSTICS {
        let first = answer.split(' ').next().unwrap();
        assert!(help.contains(&format!("\n  {mode:13}  {first}")), "{mode} {help}");
    }
}
