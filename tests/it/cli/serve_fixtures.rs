//! `serve --fixtures` as a user meets it.

use std::process::Command;

use external_providers::fixture::store;
use external_providers::redact::Placeholder;

use crate::codec::raw::{Peer, answer, call};
use crate::fixtures::recordings::{LOGIN, fixture, login};
use crate::support::{Folder, Running, tool};

fn command(arguments: &[&str]) -> Command {
    let mut command = tool(&[&["serve"], arguments].concat(), "");
    command.env_remove("EXTERNAL_PROVIDERS_AUTH_PASSWORD");
    command
}

/// Two recordings: the login and a page.
fn recordings() -> Folder {
    let folder = Folder::to_be("serve-fixtures");
    store(folder.path(), &login()).unwrap();
    let page = answer("404 Not Found", "Content-Type: text/html\r\n", "<p>no</p>");
    store(folder.path(), &fixture("page", "GET /old HTTP/1.1\r\nHost: h\r\n\r\n", &page)).unwrap();
    folder
}

fn replaying(folder: &Folder, arguments: &[&str], lines: usize) -> Running {
    let all = [&["--fixtures", folder.text(), "--listen", "127.0.0.1:0"], arguments].concat();
    Running::spawn(&mut command(&all), lines)
}

const VARIABLES: [&str; 3] =
    ["authPW=hunter2-secret", "loginUsername=myusername", "loginPassword=hunter3-secret"];

#[test]
fn it_needs_no_password_and_says_what_it_replays() {
    let folder = recordings();
    let serving = replaying(&folder, &[], 3);
    let base = format!("http://{}", serving.address);
    let first = format!("listening on {base} with the 2 recordings of {}", folder.text());
    assert_eq!(serving.lines[0], first);
    assert_eq!(serving.lines[1], format!("     1  {base}/Provider.asmx"));
    assert_eq!(serving.lines[2], format!("     1  {base}/old"));
    let mut peer = Peer::connect(serving.address);
    peer.send(call("Authenticate", &VARIABLES));
    assert!(peer.text().contains("Login Successful"));
    peer.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(peer.text().starts_with("HTTP/1.1 404 "));
    let (code, output, log) = serving.stop();
    assert_eq!(code, 0, "{log}");
    assert_eq!(output, "stopped: 1 of 2 recordings were asked for; 1 request was not recorded\n");
    assert!(log.contains("replayed name=login status=200"), "{log}");
    assert!(log.contains("WARN") && log.contains("not matched: "), "{log}");
    assert!(!log.contains("hunter") && !log.contains("-secret"), "{log}");
}

#[test]
fn unused_recordings_and_unknown_requests_can_fail_a_run() {
    let folder = recordings();
    for (arguments, asked, code, says) in [
        (
            &["--fail-on-unused"][..],
            "/old",
            8,
            "never asked for: login\nerror: 1 recording was never",
        ),
        (&["--fail-on-unmatched"], "/new", 8, "error: 1 request was not recorded"),
        (&["--fail-on-unmatched"], "/old", 0, ""),
    ] {
        let serving = replaying(&folder, arguments, 3);
        let mut peer = Peer::connect(serving.address);
        peer.send(format!("GET {asked} HTTP/1.1\r\nHost: h\r\n\r\n"));
        peer.text();
        let (exit, _, log) = serving.stop();
        assert_eq!(exit, code, "{arguments:?}: {log}");
        assert!(log.contains(says), "{arguments:?}: {log}");
        // What is said at the end stands behind what was logged.
        let last = log.lines().last().unwrap();
        assert_eq!(last.starts_with("error: "), code == 8, "{arguments:?}: {log}");
    }
    let serving = replaying(&folder, &["--fail-on-unused", "--fail-on-unmatched"], 3);
    let mut peer = Peer::connect(serving.address);
    peer.send("GET /old HTTP/1.1\r\nHost: h\r\n\r\n".to_owned() + &call("Authenticate", &LOGIN));
    peer.text();
    peer.text();
    assert_eq!(serving.stop().0, 0);
}

#[test]
fn old_recordings_are_warned_of_and_trouble_is_announced() {
    let folder = recordings();
    let arguments = ["--max-age", "0h", "--inject", "authenticate:html500", "--inject", "slow=1ms"];
    let serving = replaying(&folder, &arguments, 5);
    assert_eq!(serving.lines[3..], ["trouble: authenticate:html500", "trouble: slow=1ms"]);
    let mut peer = Peer::connect(serving.address);
    peer.send(call("Authenticate", &LOGIN));
    assert!(peer.text().starts_with("HTTP/1.1 500 "));
    let (code, _, log) = serving.stop();
    assert_eq!(code, 0);
    let old = log.lines().filter(|line| line.contains("an old recording")).count();
    assert_eq!(old, 2, "{log}");
    let serving = replaying(&folder, &["--max-age", "3000w"], 3);
    assert!(!serving.stop().2.contains("an old recording"));
}

#[test]
fn broken_recordings_stop_the_start_unless_they_are_to_be_left_out() {
    let folder = recordings();
    let broken = folder.path().join("page/exchange.toml");
    let text = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(&broken, text.replace("schema = 1", "schema = 1\nnonsense = 2")).unwrap();
    let output = command(&["--fixtures", folder.text()]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    for part in ["page/exchange.toml", "line 3", "nonsense", "--lenient"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let serving = replaying(&folder, &["--lenient"], 2);
    let mut peer = Peer::connect(serving.address);
    peer.send(call("Authenticate", &LOGIN));
    assert!(peer.text().contains("Login Successful"));
    let (code, _, log) = serving.stop();
    assert_eq!(code, 0);
    assert!(log.contains("left out: ") && log.contains("nonsense"), "{log}");
}

#[test]
fn what_cannot_start_says_why() {
    let folder = recordings();
    let dir = folder.text();
    let empty = Folder::to_be("serve-fixtures");
    std::fs::create_dir(empty.path()).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, code, says) in [
        (&["--fixtures", "/nowhere/at/all"][..], 3, "/nowhere/at/all"),
        (&["--fixtures", empty.text()], 3, "holds no recordings"),
        (&["--fixtures", dir, "--listen", &taken], 1, "cannot listen on"),
        (&["--fixtures", dir, "--sample"], 2, "cannot be used with"),
        (&["--fixtures", dir, "--diagnostics"], 2, "cannot be used with"),
        (&["--fixtures", dir, "--namespace", "urn:x"], 2, "cannot be used with"),
        (&["--sample", "--fail-on-unused"], 2, "--fixtures"),
        (&["--fixtures", dir, "--inject", "charste=x"], 2, "did you mean charset?"),
        (&["--fixtures", dir, "--inject", "Authentcate:bom"], 2, "did you mean Authenticate?"),
        (&["--fixtures", dir, "--max-age", "soon"], 2, "30d"),
        (&[], 2, "--fixtures"),
    ] {
        let output = command(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {text}");
        assert!(text.starts_with("error: ") && text.contains(says), "{arguments:?} {text}");
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn passwords_that_are_given_are_the_right_ones() {
    let folder = Folder::to_be("serve-fixtures-given");
    let mut recorded = login();
    let placeholder = |(number, key): (u32, &str)| Placeholder { number, key: key.to_owned() };
    recorded.redaction.placeholders = [(1, "authPW"), (2, "loginPassword")].map(placeholder).into();
    store(folder.path(), &recorded).unwrap();
    let secrets = Folder::new("serve-fixtures-secrets");
    let auth = secrets.file("auth", "s3cret-auth\n");
    let login = secrets.file("login", "acme<1\n");
    let number = format!("REDACTED-2={}", login.display());
    let arguments = ["--auth-password-file", auth.to_str().unwrap(), "--secret-file", &number];
    let serving = replaying(&folder, &arguments, 2);
    let mut peer = Peer::connect(serving.address);
    for (auth, login, welcome) in [
        ("first", "acme&lt;1", false),
        ("s3cret-auth", "first", false),
        ("s3cret-auth", "acme&lt;1", true),
    ] {
        let (auth, login) = (format!("authPW={auth}"), format!("loginPassword={login}"));
        peer.send(call("Authenticate", &[&auth, "loginUsername=myusername", &login]));
        let text = peer.text();
        assert_eq!(text.contains("Login Successful"), welcome, "{auth} {login}: {text}");
        assert!(
            welcome || text.contains("another value than the one that stands for it"),
            "{text}"
        );
    }
    serving.stop();
    let number = format!("9={}", login.display());
    let run = command(&["--fixtures", folder.text(), "--secret-file", &number]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("no recording holds REDACTED-9"), "{said}");
}
