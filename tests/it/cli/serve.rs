//! `serve` as a user meets it: what it says, how it ends, what it refuses.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::support::{Running, tool};

const PASSWORD: &str = "s3cret-of-the-service";

fn command(arguments: &[&str]) -> Command {
    tool(&[&["serve"], arguments].concat(), PASSWORD)
}

fn serving(arguments: &[&str], lines: usize) -> Running {
    let all = [&["--sample", "--listen", "127.0.0.1:0"], arguments].concat();
    Running::spawn(&mut command(&all), lines)
}

fn call(arguments: &[&str]) -> String {
    let output = tool(&[&["call"], arguments].concat(), PASSWORD).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn it_says_where_it_listens_logs_each_call_and_ends_in_order() {
    let serving = serving(&["--metrics", "127.0.0.1:0"], 3);
    let base = format!("http://{}", serving.address);
    let (provider, extended) = (format!("{base}/Provider.asmx"), format!("{base}/Extended.asmx"));
    assert_eq!(serving.lines[0], format!("listening on {provider} and {extended}"));
    assert!(serving.lines[1].ends_with(&format!("--url {provider}")), "{}", serving.lines[1]);
    // The line that says how to call it is a call that works.
    let words: Vec<_> = serving.lines[1].split(' ').skip(4).collect();
    assert!(call(&words).starts_with("Authenticate: authenticated"));
    let wrong = ["GetUserInfo", "emailFrom=x", "--namespace", "urn:wrong", "--url", &extended];
    assert!(call(&wrong).contains("did not recognize"), "another namespace");

    let address = serving.lines[2].strip_prefix("metrics: http://").unwrap().trim_end_matches('/');
    let mut metrics = TcpStream::connect(address).unwrap();
    metrics.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    metrics.read_to_string(&mut text).unwrap();
    assert!(text.contains("operation=\"Authenticate\""), "{text}");

    let (code, _, log) = serving.stop();
    assert_eq!(code, 0);
    let line = log.lines().find(|l| l.contains("operation=\"Authenticate\"")).unwrap();
    for part in ["kind=login", "outcome=\"answered\"", "status=200", "caller=127.0.0.1"] {
        assert!(line.contains(part), "{line}");
    }
    for secret in [PASSWORD, "mypassword"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn diagnostics_are_there_only_when_asked_for() {
    let request = ["HandleEvent", "eventName=x", "diagnostic=fault", "--url"];
    for (arguments, fault) in [(&[][..], false), (&["--diagnostics"][..], true)] {
        let serving = serving(arguments, 2);
        let url = format!("http://{}/Extended.asmx", serving.address);
        let text = call(&[&request[..], &[&url]].concat());
        assert_eq!(text.contains("deliberate failure"), fault, "{text}");
        assert_eq!(serving.stop().0, 0);
    }
}

#[test]
fn another_namespace_is_served() {
    let serving = serving(&["--namespace", "urn:example:providers"], 2);
    let url = format!("http://{}/Provider.asmx", serving.address);
    let arguments =
        ["GetCustomFieldOptions", "--namespace", "urn:example:providers", "--url", &url];
    assert!(call(&arguments).starts_with("GetCustomFieldOptions: options"));
    assert_eq!(serving.stop().0, 0);
}

#[test]
fn what_cannot_start_says_why_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let files = ["--tls-certificate", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"];
    for (arguments, code, says) in [
        (&["--sample", "--listen", &taken][..], 1, "cannot listen on"),
        (&["--sample", "--listen", "nonsense"], 2, "give ADDRESS:PORT"),
        (&["--sample", "--namespace", "not a uri"], 2, "not an absolute URI"),
        (&[&["--sample"][..], &files].concat(), 3, "/nowhere/cert.pem"),
        (&["--sample", "--auth-password-file", "/nowhere"], 3, "/nowhere"),
        (&["--sample", "--tls-key", "x"], 2, "--tls-certificate"),
        (&[], 2, "--sample"),
    ] {
        let output = command(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {text}");
        assert!(text.starts_with("error: ") && text.contains(says), "{arguments:?} {text}");
        assert_eq!(output.stdout, b"");
    }
    let mut bare = command(&["--sample"]);
    let output = bare.env_remove("EXTERNAL_PROVIDERS_AUTH_PASSWORD").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no web service password"));
}

/// A process may have few files open until it asks for more, and each caller takes one.
#[cfg(unix)]
#[test]
fn many_idle_callers_keep_nobody_out() {
    let tool = env!("CARGO_BIN_EXE_external-providers");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -S -n 100; exec \"$@\"", "sh", tool])
        .args(["serve", "--sample", "--listen", "127.0.0.1:0"])
        .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let serving = Running::spawn(&mut limited, 2);
    let idle: Vec<_> = (0..200).map(|_| TcpStream::connect(serving.address).unwrap()).collect();
    let url = format!("http://{}/Provider.asmx", serving.address);
    let login = ["Authenticate", "loginUsername=myusername", "loginPassword=mypassword"];
    let text = call(&[&login[..], &["--timeout", "20", "--url", &url]].concat());
    assert!(text.starts_with("Authenticate: authenticated"), "{text}");
    drop(idle);
    assert_eq!(serving.stop().0, 0);
}

/// Whoever reads them, or puts others there, needs no other way in.
#[cfg(unix)]
#[test]
fn secrets_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = crate::support::Folder::new("serve-readable");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = folder.file("certificate.pem", certified.cert.pem());
    let key = folder.file("key.pem", certified.signing_key.serialize_pem());
    let password = folder.file("password", PASSWORD);
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (certificate, key, password) = (text(&certificate), text(&key), text(&password));
    let arguments =
        ["--auth-password-file", &password, "--tls-certificate", &certificate, "--tls-key", &key];
    for (mode, warned) in [(0o644, true), (0o602, true), (0o640, false)] {
        for file in [&key, &password] {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let (_, _, log) = serving(&arguments, 2).stop();
        for file in [&key, &password] {
            let said = log.contains(&format!("warning: {file}: every user of this machine can "));
            assert_eq!(said, warned, "{mode:o}: {log}");
        }
    }
}
