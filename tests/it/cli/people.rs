//! What people meet at the command line beside answers: variables from elsewhere, names that are
//! discovered, services side by side, tables that fit.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::mistakes::fed;
use crate::doctor::peers::{PASSWORD, respond, sample_host, serve};
use crate::support::{Folder, repository, tool};

fn finish(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    finish(&mut tool(arguments, PASSWORD))
}

#[test]
fn variables_come_as_json_from_standard_input_or_a_file() {
    let folder = Folder::new("variables");
    for json in [
        r#"{"loginUsername": "myusername", "loginPassword": "mypassword"}"#,
        "\u{feff}{\"loginPassword\": \"mypassword\",\n\"loginUsername\": \"myusername\"}",
        r#"[{"key": "loginUsername", "value": "myusername"}, {"value": "mypassword", "key": "loginPassword"}]"#,
        // Of equal keys the last counts, as on the wire.
        r#"{"loginPassword": "x", "loginUsername": "myusername", "loginPassword": "mypassword"}"#,
    ] {
        let (code, stdout, stderr) = fed(&["call", "Authenticate", "--variables", "-"], json);
        assert!(code == 0 && stdout.starts_with("Authenticate: authenticated"), "{json} {stderr}");
        let file = folder.file("variables.json", json);
        let (code, _, stderr) =
            run(&["call", "Authenticate", "--variables", file.to_str().unwrap()]);
        assert_eq!(code, 0, "{json} {stderr}");
        // Arguments follow, so that they count.
        let arguments = ["call", "Authenticate", "--variables", "-", "loginPassword=no"];
        assert_eq!(fed(&arguments, json).0, 7);
    }
    for (json, says) in [
        ("", "it is not JSON (line 1, column 0)"),
        ("{\"loginPassword\": \"hunter2", "it is not JSON (line 1"),
        ("\"hunter2\"", "it must be an object of strings, or a list of objects with key and value"),
        ("[\"hunter2\"]", "variable 1 must be an object with key and value"),
        ("[{\"key\": \"hunter2\"}]", "variable 1 must be an object with key and value"),
        (
            "[{\"key\": \"a\", \"value\": \"hunter2\", \"hunter2\": 1}]",
            "variable 1 must be an object with",
        ),
        ("{\"hunter2\": {\"hunter2\": 1}}", "the value of variable 1 must be a string"),
        ("{\"a\": \"hunter2\", \"b\": 1}", "the value of variable 2 must be a string"),
        ("{\"\": \"hunter2\"}", "variable 1 has an empty key"),
        ("{\"AuthPW\": \"hunter2\"}", "the web service password is not one of the variables"),
    ] {
        let (code, stdout, stderr) = fed(&["call", "Authenticate", "--variables", "-"], json);
        let begin = "error: cannot read variables from standard input: ";
        assert!(code == 3 && stderr.starts_with(&format!("{begin}{says}")), "{json} {stderr}");
        assert!(!format!("{stdout}{stderr}").contains("hunter2"), "{stderr}");
    }
    let twice = ["call", "Authenticate", "--variables", "-", "--auth-password-file", "-"];
    let (code, _, stderr) = fed(&twice, "x\n");
    assert!(code == 2 && stderr.contains("can come from standard input"), "{stderr}");
    let (code, _, stderr) = run(&["call", "Authenticate", "--variables", "/nowhere"]);
    assert!(code == 3 && stderr.contains("cannot read variables from /nowhere"), "{stderr}");
}

#[test]
fn the_word_discover_means_the_same_everywhere() {
    let host = sample_host("urn:company");
    let url = format!("http://{host}/Provider.asmx");
    let ticket = ["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b", "--url", &url];
    assert_eq!(run(&ticket).0, 6, "the namespace is another");
    for soap in ["1.1", "1.2"] {
        let discover = ["--namespace", "discover", "--soap", soap];
        let (code, stdout, stderr) = run(&[&ticket[..], &discover].concat());
        assert!(code == 0 && stdout.starts_with("StartTicket: allowed"), "{stderr}");
    }
    let (code, stdout, _) = run(&["check", "--url", &url, "--namespace", "discover"]);
    assert!(code == 0 && stdout.ends_with("all well; not checked: tls\n"), "{stdout}");
    // Without a service there is the sample, which is discovered like any other.
    let sample = ["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b"];
    let (code, _, stderr) = run(&[&sample[..], &["--namespace", "discover"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let peer = serve(|_| respond("404 Not Found", "", b""));
    let nowhere = format!("http://{peer}/Provider.asmx");
    let ticket = [&ticket[..5], &[nowhere.as_str(), "--namespace", "discover"]].concat();
    let (code, _, stderr) = run(&ticket);
    assert!(code == 5 && stderr.contains("HTTP 404"), "{stderr}");

    for command in [&["call", "StartTicket"][..], &["check", "--url", &url]] {
        for (wrong, says) in [
            ("", "a namespace is not empty"),
            ("a b", "holds no spaces"),
            ("a\u{7}b", "holds no spaces"),
            ("Discover", "did you mean discover?"),
        ] {
            let (code, _, stderr) = run(&[command, &["--namespace", wrong]].concat());
            assert!(code == 2 && stderr.contains(says), "{wrong:?} {stderr}");
        }
    }
}

/// A settings file with a login and a ticket provider.
fn two_services(folder: &Folder, login: &str, ticket: &str) -> String {
    let tab = |kind: &str, url: &str| {
        format!("[{kind}]\nprovider = 'external'\nurl = '{url}'\npassword_file = 'password'\n")
    };
    folder.file("password", PASSWORD);
    let text = format!(
        "[options]\nlogin = true\nticket = true\n{}\
         forgot_password_url = 'https://h/'\ndefault_role = 'registered'\n{}",
        tab("login", login),
        tab("ticket", ticket)
    );
    folder.file("s.toml", text).to_str().unwrap().to_owned()
}

#[test]
fn services_are_checked_side_by_side_and_reported_in_order() {
    let folder = Folder::new("side-by-side");
    // Each of the two answers nothing until somebody has called the other.
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let urls =
        listeners.each_ref().map(|listener| format!("http://{}/", listener.local_addr().unwrap()));
    let (sender, receiver) = mpsc::channel();
    let [first, second] = listeners;
    let waiting = std::thread::spawn(move || {
        let connection = first.accept().unwrap();
        let met = receiver.recv_timeout(Duration::from_secs(60)).is_ok();
        drop((connection, first));
        met
    });
    std::thread::spawn(move || {
        let connection = second.accept().unwrap();
        sender.send(()).unwrap();
        drop((connection, second));
    });
    let file = two_services(&folder, &urls[0], &urls[1]);
    let times = ["--step-timeout", "100", "--timeout", "100"];
    let (code, stdout, _) = run(&[&["check", "--settings", &file], &times[..]].concat());
    assert_eq!(code, 9, "{stdout}");
    assert!(waiting.join().unwrap(), "the second was called while the first had no answer");
    let (login, ticket) = (stdout.find("login  http"), stdout.find("ticket  http"));
    assert!(login == Some(0) && ticket > login, "{stdout}");

    // Several kinds of one server, too.
    let host = sample_host("http://tempuri.org/");
    let url = format!("http://{host}/Provider.asmx");
    let (code, stdout, stderr) = run(&["check", "--settings", &two_services(&folder, &url, &url)]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.starts_with("login  http") && stdout.contains("\nticket  http"), "{stdout}");
}

#[test]
fn a_step_that_takes_long_is_named_where_there_is_no_terminal() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let arguments = ["check", "--url", &url, "--step-timeout", "1000", "--timeout", "1000"];
    let mut child = tool(&arguments, PASSWORD).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "checking the service: wsdl …\n");
    let arguments = ["check", "--url", &url, "--step-timeout", "3", "--timeout", "4", "--quiet"];
    let (code, _, stderr) = run(&arguments);
    assert_eq!((code, stderr.as_str()), (9, ""));
}

#[test]
fn one_cause_is_found_once() {
    let page = b"<html><body>Runtime error in the application.</body></html>";
    let peer = serve(|_| respond("500 Internal Server Error", "Content-Type: text/html\r\n", page));
    let (code, stdout, _) = run(&["check", "--url", &format!("http://{peer}/P.asmx"), "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let findings: Vec<&Value> = report["checks"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|step| step["findings"].as_array().unwrap())
        .collect();
    let with = |words: &str| {
        findings.iter().filter(|f| f["text"].as_str().unwrap().contains(words)).count()
    };
    assert_eq!(code, 9);
    assert_eq!((with("Runtime error"), with("the same as in step wsdl")), (1, 1), "{stdout}");
}

#[test]
fn a_table_of_fixtures_fits_the_terminal() {
    let sample = repository("fixtures/sample");
    let list = |columns: &str| {
        let mut command = tool(&["fixtures", "list", sample.to_str().unwrap()], "");
        finish(command.env("COLUMNS", columns)).1
    };
    let (wide, narrow) = (list("1000"), list("80"));
    assert!(wide.lines().any(|line| line.chars().count() > 80), "{wide}");
    let names: Vec<&str> = wide.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let lines: Vec<&str> = narrow.lines().collect();
    assert_eq!(lines.iter().copied().step_by(2).collect::<Vec<_>>(), names, "names are whole");
    for line in lines.iter().skip(1).step_by(2) {
        assert!(line.starts_with("  ") && line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_address_of_all_interfaces_is_called_at_loopback_and_warned_of() {
    let mut command = tool(&["serve", "--sample", "--listen", "0.0.0.0:0"], PASSWORD);
    let mut child = command.env("EXTERNAL_PROVIDERS_LOG", "off").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("listening on http://127.0.0.1:"), "{first}");
    assert!(first.ends_with(", and at every other address of this machine"), "{first}");
    let second = lines.next().unwrap().unwrap();
    let command = second.split_once(": external-providers ").unwrap().1;
    let arguments: Vec<&str> = command.split(' ').collect();
    let (code, stdout, stderr) = run(&arguments);
    assert!(code == 0 && stdout.starts_with("Authenticate: authenticated"), "{stderr}");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let warning = "warning: other machines reach 0.0.0.0:";
    assert!(stderr.starts_with(warning) && stderr.contains("in plain http"), "{stderr}");
}

#[test]
fn a_failed_call_has_the_doctors_remedy_and_names_the_next_step() {
    let html = "Content-Type: text/html\r\n";
    let xml = "Content-Type: text/xml\r\n";
    let fault = |reason: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>\
             <faultcode>s:Server</faultcode><faultstring>{reason}</faultstring></s:Fault></s:Body></s:Envelope>"
        )
    };
    let null = fault("Object reference not set to an instance of an object.");
    let mono = fault("Server did not recognize the value of HTTP Header {0}: {1}.");
    for (status, headers, body, words) in [
        ("500 Internal Server Error", html, "<html>Oops</html>", "event log"),
        ("200 OK", html, "<html>Welcome</html>", "the URL leads to a page"),
        ("200 OK", xml, "", "it answered nothing"),
        ("200 OK", "Content-Type: application/json\r\n", "{}", "what answers there is not a SOAP"),
        ("404 Not Found", html, "<html></html>", "nothing is there"),
        ("405 Method Not Allowed", html, "x", "the handler of .asmx files"),
        ("413 Too Large", html, "x", "limit for requests"),
        ("503 Service Unavailable", html, "x", "a proxy could not reach the service"),
        ("500 Error", xml, &null, "to the last slash"),
        ("500 Error", xml, &mono, "does not know the action"),
    ] {
        let body = body.to_owned();
        let peer = serve(move |_| respond(status, headers, body.as_bytes()));
        let url = format!("http://{peer}/P.asmx");
        let call = ["call", "StartTicket", "--url", &url, "--json"];
        let (_, stdout, stderr) = run(&call);
        let report: Value = serde_json::from_str(&stdout).unwrap();
        let hint = report["error"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(words), "{status} {stdout}");
        let next = format!(
            "hint: \"external-providers check --url {url} --kind ticket\" looks closer, and \
             --show-wire shows what came\n"
        );
        assert!(stderr.ends_with(&next), "{stderr}");
        if !words.contains("action") && !words.contains("slash") {
            let (_, stdout, _) = run(&["check", "--url", &url]);
            assert!(stdout.contains(&format!("remedy: {hint}")), "{hint} {stdout}");
        }
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}/P.asmx?key=hunter2");
    let (code, _, stderr) = run(&["call", "StartTicket", "--url", &url]);
    assert!(code == 4 && stderr.contains("hint: nothing listens there"), "{stderr}");
    assert!(stderr.ends_with("--kind ticket\" looks closer\n"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    let host = sample_host("http://tempuri.org/");
    let url = format!("http://{host}/Provider.asmx");
    let ticket = ["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b", "--url", &url];
    let (code, _, stderr) = run(&[&ticket[..], &["--namespace", "urn:x"]].concat());
    assert!(code == 6 && stderr.contains("or set it to \"discover\""), "{stderr}");
    let (code, _, stderr) = finish(&mut tool(&ticket, "wrong"));
    assert!(code == 7 && stderr.ends_with("hint: the web service password is wrong\n"), "{stderr}");
}

#[test]
fn verify_says_that_the_password_is_wrong() {
    let host = sample_host("http://tempuri.org/");
    let sample = repository("fixtures/sample");
    let url = format!("http://{host}");
    let verify = ["fixtures", "verify", sample.to_str().unwrap(), "--url", &url];
    let words =
        "most of what differs is answered \"Permission Denied\": the web service password is wrong";
    let (code, stdout, _) = finish(&mut tool(&verify, "wrong"));
    assert!(code == 8 && stdout.contains(words), "{code} {stdout}");
    let (_, stdout, _) = run(&verify);
    assert!(!stdout.contains(words), "{stdout}");
}
