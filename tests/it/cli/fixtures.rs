//! `fixtures` as a tester meets it: what it prints, its exit codes, and no password anywhere.

use std::path::Path;

use external_providers::fixture::{Fixture, store};
use serde_json::Value;

use crate::fixtures::replay::recording;
use crate::fixtures::verify::host;
use crate::support::{Folder, captures, repository, tool};

/// Some of the recordings of the C# service.
fn some(name: &str, fixtures: &[&str]) -> Folder {
    let dir = Folder::new(name);
    for fixture in recorded().into_iter().filter(|f| fixtures.contains(&&*f.name)) {
        store(&dir.0, &fixture).unwrap();
    }
    dir
}

fn edit(dir: &Folder, file: &str, from: &str, to: &str) {
    let path = dir.0.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} holds no {from}: {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn recorded() -> Vec<Fixture> {
    recording(&captures("op"))
}

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn fixtures(arguments: &[&str]) -> Run {
    fixtures_in(Path::new("."), arguments)
}

fn fixtures_in(dir: &Path, arguments: &[&str]) -> Run {
    let mut command = tool(&[&["fixtures"], arguments].concat(), "s3cret");
    let output = command.current_dir(dir).output().unwrap();
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for secret in ["s3cret", "mypassword"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{arguments:?}");
    }
    run
}

#[test]
fn collections_are_listed_and_broken_fixtures_named() {
    let names = ["op-authenticate-ok-11", "op-authenticate-fault-12", "op-ticket-urgent-11"];
    let dir = some("list", &names);
    let run = fixtures(&["list", dir.text()]);
    assert_eq!((run.code, &*run.stderr), (0, ""), "{}", run.stdout);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", run.stdout);
    let head: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(head, ["NAME", "OPERATION", "SOAP", "OUTCOME", "SEQUENCE", "AGE"]);
    let row = lines.iter().find(|line| line.starts_with("op-authenticate-ok-11 ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[1..6], ["Authenticate", "1.1", "200", "Login", "Successful"]);

    let fault = lines.iter().find(|line| line.starts_with("op-authenticate-fault-12 ")).unwrap();
    assert!(fault.contains("  500 fault: "), "{fault}");

    edit(&dir, "op-ticket-urgent-11/exchange.toml", "sequence = ", "sequense = ");
    let run = fixtures(&["list", dir.text(), "--json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, json["fixtures"].as_array().unwrap().len()), (3, 2));
    let errors = json["errors"].as_array().unwrap();
    let unknown = |error: &&Value| error["reason"].as_str().unwrap().starts_with("sequense: ");
    let error = errors.iter().find(unknown).unwrap();
    assert!(error["file"].as_str().unwrap().ends_with("op-ticket-urgent-11/exchange.toml"));
    assert!(error["line"].as_u64().unwrap() > 1, "{error}");
    let run = fixtures(&["list", dir.text()]);
    assert!(run.stderr.starts_with("error: ") && run.stderr.contains("did you mean sequence?"));
}

#[test]
fn exchanges_are_shown_with_placeholders() {
    let dir = some("show", &["op-authenticate-ok-11"]);
    let run = fixtures(&["show", "op-authenticate-ok-11", "--dir", dir.text()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for line in [
        "operation  Authenticate (SOAP 1.1)\n",
        "stands for a value of authPW\n",
        "stands for a value of loginPassword\n",
        "POST /Provider.asmx HTTP/1.1\n",
        "          <string>loginUsername=myusername</string>\n",
        "          <string>loginPassword=REDACTED-",
        "HTTP/1.1 200 OK\n",
        "        <Message>Login Successful</Message>\n",
    ] {
        assert!(run.stdout.contains(line), "{line} in {}", run.stdout);
    }
    assert!(!run.stdout.contains('\u{1b}'), "no colours but on a terminal");
    let path = dir.0.join("op-authenticate-ok-11");
    let by_path = fixtures(&["show", path.to_str().unwrap(), "--raw", "--response"]);
    let body = std::fs::read_to_string(path.join("response.xml")).unwrap();
    assert!(by_path.stdout.starts_with("HTTP/1.1 200 OK\r\n"), "{}", by_path.stdout);
    assert!(by_path.stdout.ends_with(&format!("\r\n\r\n{body}")));

    let missing = fixtures(&["show", "op-authenticate-ok-12", "--dir", dir.text()]);
    assert_eq!(missing.code, 3);
    assert!(
        missing.stderr.contains("hint: did you mean op-authenticate-ok-11?"),
        "{}",
        missing.stderr
    );
    // Where nothing is said, the collection is "fixtures".
    let parent = Folder::new("show-default");
    assert_eq!(fixtures_in(&parent.0, &["list"]).code, 3);
    let copy = Folder(parent.0.join("fixtures"));
    recorded().iter().take(1).for_each(|fixture| drop(store(&copy.0, fixture).unwrap()));
    assert_eq!(fixtures_in(&parent.0, &["list"]).code, 0);
}

#[test]
fn exchanges_and_collections_are_compared() {
    let names = ["op-authenticate-ok-11", "op-authenticate-badlogin-11", "op-cookie-ok-11"];
    let (one, other) = (some("diff-a", &names), some("diff-b", &names));
    let dir = ["--dir", one.text()];
    let same = fixtures(&[&["diff", names[0], names[0]], &dir[..]].concat());
    assert_eq!((same.code, &*same.stdout), (0, ""));
    let run = fixtures(&[&["diff", names[0], names[1]], &dir[..]].concat());
    assert_eq!(run.code, 8);
    let expected = "answer: Envelope/Body/AuthenticateResponse/AuthenticateResult/Message: A \"Login Successful\", B \"Login Failure\"";
    assert!(run.stdout.contains(expected), "{}", run.stdout);

    let same = fixtures(&["diff", one.text(), other.text()]);
    assert_eq!((same.code, &*same.stdout), (0, "3 the same, 0 changed, 0 removed, 0 added\n"));
    edit(&other, "op-cookie-ok-11/response.xml", "Login Successful", "Welcome");
    std::fs::remove_dir_all(other.0.join(names[1])).unwrap();
    let fixture = recorded().into_iter().find(|f| f.name == "op-cfo-ok-none-11").unwrap();
    store(&other.0, &fixture).unwrap();
    let run = fixtures(&["diff", one.text(), other.text()]);
    assert_eq!(run.code, 8);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "removed op-authenticate-badlogin-11");
    assert_eq!(lines[1], "added   op-cfo-ok-none-11");
    assert_eq!(lines[2], "changed op-cookie-ok-11");
    assert!(lines[3].ends_with("/Message: A \"Login Successful\", B \"Welcome\""), "{}", lines[3]);
    assert_eq!(lines[4], "1 the same, 1 changed, 1 removed, 1 added");
    let json = fixtures(&["diff", one.text(), other.text(), "--json"]).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["changed"][0]["response"]["list"][0]["received"]["text"], "Welcome");
}

#[test]
fn the_contract_is_checked() {
    let dir = some("check", &["op-authenticate-ok-11", "op-authenticate-missing-11"]);
    let run = fixtures(&["check", dir.text()]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(run.stdout.ends_with("2 exchanges: 0 errors, 1 note\n"), "{}", run.stdout);
    edit(&dir, "op-authenticate-ok-11/response.xml", "Authentication=OK", "Authentication=MAYBE");
    edit(&dir, "op-authenticate-ok-11/request.xml", "loginUsername=", "loginUsernme=");
    let report = dir.0.join("report.xml");
    let run =
        fixtures(&["check", dir.text(), "--errors-only", "--junit", report.to_str().unwrap()]);
    assert_eq!(run.code, 8);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "op-authenticate-ok-11: error: request: does not read as Authenticate: the variable loginUsername is missing",
            "op-authenticate-ok-11: error: response: the answer to Authenticate is malformed at Envelope/Body/AuthenticateResponse/AuthenticateResult/OutputVariables: the variable Authentication is neither OK nor FAIL",
            "2 exchanges: 2 errors, 0 notes",
        ]
    );
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    let json: Value =
        serde_json::from_str(&fixtures(&["check", dir.text(), "--json"]).stdout).unwrap();
    let found =
        json["fixtures"].as_array().unwrap().iter().flat_map(|f| f["findings"].as_array().unwrap());
    let notes: Vec<&Value> = found.filter(|finding| finding["severity"] == "note").collect();
    assert!(notes.iter().any(|note| note["text"] == "the contract does not name the variable \"loginUsernme\" (did you mean loginUsername?)"), "{notes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_service_is_verified() {
    let names = [
        "op-authenticate-ok-11",
        "op-authenticate-badlogin-11",
        "op-cookie-ok-11",
        "op-ticket-urgent-11",
    ];
    let dir = some("verify", &names);
    let url = format!("http://{}", host("s3cret").await);
    let verify = |more: &[&str]| fixtures(&[&["verify", dir.text(), "--url", &url], more].concat());
    let run = verify(&[]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    let number = run
        .stdout
        .lines()
        .find_map(|line| {
            line.strip_prefix("unverified op-authenticate-ok-11: the secret is not known: ")
        })
        .and_then(|rest| rest.strip_suffix(" (loginPassword)"))
        .unwrap_or_else(|| panic!("{}", run.stdout))
        .to_owned();
    assert!(
        run.stdout.contains("2 the same, 0 different, 0 failed, 1 not verified, 1 left out\nleft out 1: StartTicket may change something\n"),
        "{}",
        run.stdout
    );
    assert_eq!(verify(&["--allow-unverified"]).code, 0);

    let secret = dir.0.join("user-password");
    std::fs::write(&secret, "mypassword\n").unwrap();
    let given = format!("{number}={}", secret.display());
    let run = verify(&["--secret-file", &given, "--include-changes"]);
    assert_eq!(
        (run.code, &*run.stdout),
        (0, "4 the same, 0 different, 0 failed, 0 not verified, 0 left out\n")
    );
    let wrong = verify(&["--secret-file", "mypassword"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);

    edit(&dir, "op-cookie-ok-11/response.xml", "Login Successful", "Welcome");
    let report = dir.0.join("report.xml");
    let run = verify(&["--json", "--junit", report.to_str().unwrap()]);
    assert_eq!(run.code, 8);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    let result = |name: &str| {
        json["results"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap().clone()
    };
    let cookie = result("op-cookie-ok-11");
    assert_eq!(cookie["verdict"], "different");
    assert_eq!(cookie["differences"]["list"][0]["received"]["text"], "Login Successful");
    assert_eq!(result("op-authenticate-badlogin-11")["verdict"], "same");
    assert_eq!(result("op-ticket-urgent-11")["verdict"], "left-out");
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(xml.contains("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\""), "{xml}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let run = fixtures(&["verify", dir.text(), "--url", &url]);
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(run.stdout.contains("failed     op-cookie-ok-11: could not connect"), "{}", run.stdout);
}

#[test]
fn the_format_is_in_the_help() {
    let help = fixtures(&["--help"]).stdout;
    for key in [
        "schema",
        "operation",
        "soap",
        "sequence",
        "recorded",
        "took_us",
        "method",
        "target",
        "http",
        "headers",
        "body",
        "body_base64",
        "status",
        "reason",
        "[failure]",
        "text",
        "[redaction]",
        "keys",
        "personal",
        "placeholders",
        "[match]",
        "ignore",
        "[match.patterns]",
    ] {
        assert!(help.contains(key), "{key}");
    }
}

#[test]
fn secrets_are_found_by_file_and_line() {
    let dir = some("audit", &["op-authenticate-ok-11", "op-cookie-ok-11"]);
    let run = fixtures(&["audit", dir.text()]);
    assert_eq!((run.code, &*run.stdout), (0, "2 exchanges: 0 findings\n"), "{}", run.stderr);
    let file = "op-authenticate-ok-11/request.xml";
    let text = std::fs::read_to_string(dir.0.join(file)).unwrap();
    let password = &text[text.find("loginPassword=").unwrap()..];
    let password = password[..password.find('<').unwrap()].to_owned();
    edit(&dir, file, &password, "loginPassword=hunter2");
    std::fs::write(dir.0.join("notes.txt"), "first\nuse s3cret there\n").unwrap();
    let report = dir.0.join("report.xml");
    let run = fixtures(&["audit", dir.text(), "--junit", report.to_str().unwrap()]);
    assert_eq!(run.code, 8);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    let place = format!("{file}:1: a value of loginPassword that is not a placeholder\n");
    assert!(run.stdout.contains(&place), "{}", run.stdout);
    assert!(run.stdout.contains("notes.txt:2: a known secret\n"), "{}", run.stdout);
    assert!(std::fs::read_to_string(report).unwrap().contains("failures=\"2\""));
    let json: Value =
        serde_json::from_str(&fixtures(&["audit", dir.text(), "--json"]).stdout).unwrap();
    assert_eq!((&json["exchanges"], json["findings"].as_array().unwrap().len()), (&2.into(), 2));
    assert_eq!(fixtures(&["audit", "/nowhere"]).code, 3);
}

#[test]
fn the_captured_operations_are_in_order() {
    let captured = repository("fixtures/asmx/op");
    let captured = captured.to_str().unwrap();
    assert_eq!(fixtures(&["list", captured]).stdout.matches("op-").count(), 58);
    assert_eq!(fixtures(&["check", captured]).code, 0);
    assert_eq!(fixtures(&["audit", captured]).code, 0);
}

#[test]
fn har_files_go_out_and_come_back() {
    let dir = some("har", &["op-authenticate-ok-11", "op-cookie-ok-11"]);
    let (file, again) = (dir.0.join("all.har"), dir.0.join("again"));
    let (file, again) = (file.to_str().unwrap(), again.to_str().unwrap());
    let run = fixtures(&["export", dir.text(), "--out", file]);
    assert_eq!((run.code, run.stdout), (0, format!("2 exchanges exported to {file}\n")));
    let run = fixtures(&["import", file, "--out", again]);
    assert_eq!(
        (run.code, run.stdout),
        (0, format!("2 exchanges imported into {again}\n")),
        "{}",
        run.stderr
    );
    let names: Value = serde_json::from_str(&fixtures(&["list", again, "--json"]).stdout).unwrap();
    assert_eq!(names["fixtures"][0]["name"], "op-authenticate-ok-11");
    // What is there is not imported again, unless told; another answer is.
    let run = fixtures(&["import", file, "--out", again]);
    assert_eq!(
        (run.code, run.stdout),
        (0, format!("0 exchanges imported into {again}, 2 there already\n"))
    );
    let one = std::fs::read_to_string(file).unwrap().replacen("Login Successful", "Welcome", 1);
    std::fs::write(file, one).unwrap();
    let run = fixtures(&["import", file, "--out", again]);
    assert_eq!(
        (run.code, run.stdout),
        (0, format!("1 exchange imported into {again}, 1 there already\n"))
    );
    let run = fixtures(&["import", file, "--out", again, "--keep-equal"]);
    assert_eq!((run.code, run.stdout), (0, format!("2 exchanges imported into {again}\n")));
    let list = fixtures(&["list", again]).stdout;
    assert!(list.contains("op-authenticate-ok-11-3 "), "{list}");
    std::fs::write(file, "{\"log\": {\"entries\": [{\"request\": 1}]}}").unwrap();
    let run = fixtures(&["import", file, "--out", again]);
    assert_eq!((run.code, run.stderr.contains("entry 1: ")), (3, true), "{}", run.stderr);
    std::fs::write(file, "{\"log\": \"mypassword\"}").unwrap();
    let run = fixtures(&["import", file, "--out", again]);
    assert_eq!((run.code, run.stderr.contains("is not HAR")), (3, true), "{}", run.stderr);
}
