//! `record` as a user meets it: what it says, what it keeps, and no password anywhere.

use std::io::BufReader;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use external_providers::fixture::load;
use external_providers::replay::Replay;

use crate::codec::raw::{Peer, Service, answer, call};
use crate::fixtures::recordings::sample_service;
pub(crate) use crate::support::Running as Recorder;
use crate::support::{Folder, tool};

const PASSWORD: &str = "s3cret";

pub(crate) fn command(arguments: &[&str]) -> Command {
    tool(arguments, PASSWORD)
}

impl Recorder {
    pub(crate) fn start(upstream: SocketAddr, folder: &Folder, more: &[&str]) -> Self {
        let upstream = format!("http://{upstream}");
        let usual =
            ["record", "--upstream", &upstream, "--listen", "127.0.0.1:0", "--out", folder.text()];
        Self::spawn(&mut command(&[&usual, more].concat()), 1)
    }

    /// Nobody reads what it says from now on.
    pub(crate) fn close(&mut self) {
        let mut nothing =
            Command::new("true").stdout(std::process::Stdio::piped()).spawn().unwrap();
        self.stdout = BufReader::new(nothing.stdout.take().unwrap());
        drop(self.process.stderr.take());
        nothing.wait().unwrap();
    }
}

pub(crate) const LOGIN: [&str; 3] =
    ["authPW=s3cret", "loginUsername=myusername", "loginPassword=mypassword"];

pub(crate) fn hides_secrets(text: &[u8]) {
    for secret in ["s3cret", "mypassword", "wrong-one"] {
        let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn what_is_recorded_is_replayed_and_no_password_is_kept() {
    let folder = Folder::to_be("record");
    let service = sample_service();
    let recorder = Recorder::start(service, &folder, &[]);
    let expected = format!("forwarding to http://{service}; mode new: {} holds no", folder.text());
    assert!(recorder.lines[0].contains(&expected), "{}", recorder.lines[0]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    let right = caller.text();
    let wrong = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=wrong-one"];
    caller.send(call("Authenticate", &wrong));
    let refused = caller.text();
    assert!(right.contains("Login Successful") && refused.contains("Login Failure"));
    caller.send(
        "GET /Provider.asmx?WSDL HTTP/1.1\r\nHost: h\r\nAuthorization: Basic czNjcmV0\r\n\r\n",
    );
    assert!(caller.text().contains("<wsdl:definitions"));
    let url = format!("http://{}/Provider.asmx", recorder.address);
    let fault =
        command(&["call", "StartTicket", "diagnostic=fault", "--url", &url, "--soap", "1.2"]);
    assert_eq!({ fault }.output().unwrap().status.code(), Some(6));
    let (code, output, log) = recorder.stop();
    assert_eq!(code, 0, "{log}");
    assert!(output.starts_with("stopped: 4 recorded, 0 replayed"), "{output}");
    let exchanges = log.lines().filter(|line| !line.starts_with("stopping: waiting for"));
    assert_eq!(exchanges.count(), 4, "{log}");
    assert!(log.contains("recorded name=\"00001-authenticate-login-successful-soap11\""), "{log}");
    for text in [&folder.all()[..], output.as_bytes(), log.as_bytes()] {
        hides_secrets(text);
    }
    assert_eq!(load(folder.path()).unwrap().len(), 4);

    // Nobody is let in by a recorder that is started again with the same command.
    let recorder = Recorder::start(service, &folder, &[]);
    assert!(
        recorder.lines[0].contains("what is not among the 4 recordings"),
        "{}",
        recorder.lines[0]
    );
    let mut caller = Peer::connect(recorder.address);
    let other = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=wrong-one-too"];
    caller.send(call("Authenticate", &other) + &call("Authenticate", &LOGIN));
    assert!(caller.text().contains("Login Failure"));
    assert!(caller.text().contains("Login Successful"));
    caller.send(call("Authenticate", &["authPW=not-it", "loginUsername=myusername"]));
    assert!(caller.text().contains("Permission Denied"));
    let (code, output, log) = recorder.stop();
    assert_eq!(code, 0, "{log}");
    assert!(output.starts_with("stopped: 1 recorded, 0 replayed, 2 there already"), "{output}");

    // The service is not needed in a mode that says so, and warns of each answer.
    let recorder = Recorder::start(service, &folder, &["--mode", "replay-only"]);
    assert!(recorder.lines[0].contains("nothing is forwarded"), "{}", recorder.lines[0]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN) + &call("Authenticate", &wrong));
    assert_eq!(caller.text(), right);
    assert_eq!(caller.text(), refused);
    caller.send(call("Authenticate", &["authPW=s3cret", "loginUsername=someone"]));
    assert!(caller.text().contains("<faultcode>soap:Client</faultcode>"));
    let (code, output, log) = recorder.stop();
    assert_eq!(code, 0, "{log}");
    assert!(output.starts_with("stopped: 0 recorded, 2 replayed"), "{output}");
    assert!(log.lines().next().unwrap().contains("WARN"), "{log}");
    assert!(
        log.lines().next().unwrap().contains("logins will be answered from the recording"),
        "{log}"
    );
    let said = "answered from the recording, the service was not asked name=00001-authenticate";
    assert!(log.contains(said), "{log}");
    assert_eq!(log.matches("the service was not asked").count(), 2, "{log}");
    hides_secrets(log.as_bytes());
}

#[test]
fn an_upstream_that_is_down_is_said_and_stands_in_nobodys_way() {
    let folder = Folder::to_be("record");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let recorder = Recorder::start(closed, &folder, &["--timeout", "5"]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    let text = caller.text();
    assert!(text.starts_with("HTTP/1.1 502 Bad Gateway") && text.contains(&closed.to_string()));
    let (code, output, log) = recorder.stop();
    assert_eq!(code, 0, "{log}");
    assert!(output.contains("0 recorded") && output.contains("1 without an answer"), "{output}");
    assert!(log.contains("WARN") && log.contains("could not connect to http://"), "{log}");
    assert_eq!(load(folder.path()).unwrap().len(), 0);
    hides_secrets(&folder.all());
    // The address is corrected.
    let recorder = Recorder::start(sample_service(), &folder, &[]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    assert!(caller.text().contains("Login Successful"));
    assert_eq!(recorder.stop().0, 0);
    assert_eq!(load(folder.path()).unwrap().len(), 1);
}

#[test]
fn what_a_directory_is_not_for_is_refused() {
    let folder = Folder::to_be("record");
    let service = sample_service();
    let recorder = Recorder::start(service, &folder, &["--mode", "once"]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    caller.text();
    assert_eq!(recorder.stop().0, 0);
    let all = folder.all();
    let refused = |upstream: &str, more: &[&str]| {
        let usual = ["record", "--upstream", upstream, "--listen", "127.0.0.1:0"];
        let output =
            command(&[&usual[..], &["--out", folder.text()], more].concat()).output().unwrap();
        assert_eq!(output.stdout, b"");
        assert_eq!(folder.all(), all, "nothing is changed by it");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (origin, other) = (format!("http://{service}"), "http://127.0.0.1:1");
    let (code, text) = refused(&origin, &["--mode", "once"]);
    assert!(code == 3 && text.contains("holds a recording already (1 exchange)"), "{text}");
    assert!(text.contains("--mode new") && text.contains("replay-only"), "{text}");
    for mode in ["new", "spy", "all", "replay-or-record", "replay-only", "none"] {
        let (code, text) = refused(other, &["--mode", mode]);
        assert_eq!(code, 3, "{mode}: {text}");
        for word in [&origin, other, "--allow-other-upstream"] {
            assert!(text.contains(word), "{mode}: {text}");
        }
    }
    let (code, text) = refused(&origin, &["--replace"]);
    assert!(code == 2 && text.contains("--replace is for --mode all"), "{text}");
}

#[test]
fn a_kill_leaves_only_whole_exchanges() {
    let folder = Folder::to_be("record");
    let mut recorder = Recorder::start(sample_service(), &folder, &["--mode", "new"]);
    let address = recorder.address;
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            std::thread::spawn(move || {
                // Until the proxy is gone.
                for n in 0.. {
                    let Ok(stream) = std::net::TcpStream::connect(address) else { return };
                    let mut peer = Peer::new(stream);
                    let user = format!("loginUsername={caller}-{n}");
                    peer.send(call("Authenticate", &["authPW=s3cret", &user, "loginPassword=x"]));
                    if peer.message().is_none() {
                        return;
                    }
                }
            })
        })
        .collect();
    (0..20).for_each(|_| recorder.logs("recorded name="));
    recorder.process.kill().unwrap();
    recorder.process.wait().unwrap();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    // Everything is whole.
    let fixtures = load(folder.path()).unwrap();
    assert!(fixtures.len() >= 15, "{}", fixtures.len());
    assert!(fixtures.iter().all(|fixture| fixture.answer().is_some()));
    // The next recording goes on.
    let moved = ["--mode", "new", "--allow-other-upstream"];
    let recorder = Recorder::start(sample_service(), &folder, &moved);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("GetUserInfo", &["authPW=s3cret"]).replace("Provider", "Extended"));
    caller.text();
    assert_eq!(recorder.stop().0, 0);
    // What was whole and had no name yet is taken over.
    let now = load(folder.path()).unwrap().len();
    assert!((1..=2).contains(&(now - fixtures.len())), "{now} {}", fixtures.len());
    assert_eq!(Replay::load(folder.path()).unwrap().len(), now);
    hides_secrets(&folder.all());
}

#[test]
fn all_replaces_the_recording_in_the_end_and_not_before() {
    let folder = Folder::to_be("record");
    for (number, body) in ["one", "two"].into_iter().enumerate() {
        let service = Service::start(vec![answer("200 OK", "", body)]);
        let modes = ["--mode", "all", "--allow-other-upstream", "--discard-previous"];
        let recorder = Recorder::start(service.address, &folder, &modes);
        let mut caller = Peer::connect(recorder.address);
        caller.send("GET /a.asmx HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(caller.text().ends_with(body));
        let before = load(folder.path()).map_or(0, |fixtures| fixtures.len());
        assert_eq!(before, number, "the old one is there until the end");
        assert_eq!(recorder.stop().0, 0);
        let fixtures = load(folder.path()).unwrap();
        assert_eq!(fixtures.len(), 1);
        assert_eq!(fixtures[0].answer().unwrap().response.body, body.as_bytes());
    }
}

#[test]
fn no_password_is_logged_whatever_is_logged() {
    let folder = Folder::to_be("record");
    let service = sample_service();
    let (upstream, out) = (format!("http://{service}"), folder.text());
    let recording = ["record", "--upstream", &upstream, "--listen", "127.0.0.1:0", "--out", out];
    let replaying = ["serve", "--fixtures", out, "--listen", "127.0.0.1:0"];
    for arguments in [&recording[..], &recording, &replaying] {
        let recorder =
            Recorder::spawn(command(arguments).env("EXTERNAL_PROVIDERS_LOG", "trace"), 1);
        for request in [
            call("Authenticate", &LOGIN),
            // The second time this is not recorded.
            call("Authenticate", &["authPW=s3cret", "loginPassword=mypassword", "x=1"]),
            "GET /x?authPW=s3cret HTTP/1.1\r\nAuthorization: mypassword\r\n\r\n".to_owned(),
            "authPW=s3cret is no HTTP\r\n".to_owned(),
            "POST / HTTP/1.1\r\nContent-Length: s3cret\r\n\r\n".to_owned(),
        ] {
            let mut caller = Peer::connect(recorder.address);
            caller.send(request);
            caller.text();
        }
        if arguments == recording {
            let extra = folder.path().join("00002-authenticate-login-successful-soap11");
            let _ = std::fs::remove_dir_all(extra);
        }
        let (code, output, log) = recorder.stop();
        assert_eq!(code, 0, "{log}");
        hides_secrets(output.as_bytes());
        hides_secrets(log.as_bytes());
    }
}

#[test]
fn keys_of_ones_own_are_kept_out_too() {
    let folder = Folder::to_be("record");
    let service = Service::start(vec![answer("200 OK", "X-Token: tok-4711\r\n", "ok")]);
    let more = ["--redact-key", "licence", "--redact-key", "x-token", "--redact-personal"];
    let recorder = Recorder::start(service.address, &folder, &more);
    let mut caller = Peer::connect(recorder.address);
    caller
        .send(call("StartTicket", &["authPW=s3cret", "licence=lic-4711", "emailFrom=a@b.example"]));
    assert!(service.request().windows(8).any(|w| w == b"lic-4711"), "the service gets it all");
    assert!(caller.text().contains("tok-4711"));
    assert_eq!(recorder.stop().0, 0);
    let all = String::from_utf8_lossy(&folder.all()).into_owned();
    for secret in ["4711", "a@b.example", "s3cret"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let folder = Folder::to_be("record");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = silent.local_addr().unwrap();
    let mut recorder = Recorder::start(upstream, &folder, &[]);
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    let mut service = Peer::new(silent.accept().unwrap().0);
    service.text();
    recorder.signal("TERM");
    recorder.logs("a second Ctrl-C or signal stops now");
    // The first closes the port, as soon as the task that listens hears of it.
    while std::net::TcpStream::connect(recorder.address).is_ok() {
        std::thread::yield_now();
    }
    let (code, output, log) = recorder.stop();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("waiting for 1 call under way (for at most 110 s)"), "{log}");
    assert!(log.contains("a second Ctrl-C or signal stops now"), "{log}");
    assert!(log.contains("what was under way is not recorded"), "{log}");
    assert!(output.starts_with("stopped: 0 recorded"), "{output}");
}

#[test]
fn an_exchange_that_cannot_be_written_is_passed_on_and_fails_the_run() {
    let folder = Folder::to_be("record");
    let recorder = Recorder::start(sample_service(), &folder, &["--mode", "new"]);
    let mut caller = Peer::connect(recorder.address);
    // Where the recording was, there is a file now.
    let _ = std::fs::remove_dir_all(folder.path());
    std::fs::write(folder.path(), "").unwrap();
    caller.send(call("Authenticate", &LOGIN));
    assert!(caller.text().contains("Login Successful"));
    let (code, _, log) = recorder.stop();
    std::fs::remove_file(folder.path()).unwrap();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("NOT RECORDED") && log.contains(folder.text()), "{log}");
    hides_secrets(log.as_bytes());
}

#[test]
fn what_cannot_start_says_why() {
    let folder = Folder::to_be("record");
    let file = Folder::to_be("record");
    std::fs::write(file.path(), "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let out = folder.text();
    let good = ["--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"];
    for (arguments, code, says) in [
        (&["--out", out][..], 2, "--upstream"),
        (&["--upstream", "http://h"], 2, "--out"),
        (&["--upstream", "crm.example.com", "--out", out], 2, "http://host"),
        (&["--upstream", "http://h/Provider.asmx", "--out", out], 2, "has a path"),
        (&["--upstream", "http://u:hunter2@h", "--out", out], 2, "user information"),
        (
            &["--upstream", "http://127.0.0.1:1", "--listen", &taken, "--out", out],
            1,
            "cannot listen",
        ),
        (&[&good[..], &["--out", out, "--mode", "nwe"]].concat(), 2, "new"),
        (&[&good[..], &["--out", out, "--host", "x"]].concat(), 2, "keep"),
        (&[&good[..], &["--out", out, "--timeout", "0"]].concat(), 2, "seconds"),
        (&[&good[..], &["--out", file.text(), "--mode", "new"]].concat(), 1, "is not a directory"),
        (&[&good[..], &["--out", out, "--redact-key", ""]].concat(), 2, "--redact-key"),
        (&[&good[..], &["--out", out, "--root-certificates", "/nowhere"]].concat(), 3, "/nowhere"),
        (&[&good[..], &["--out", out, "--auth-password-file", "/nowhere"]].concat(), 3, "/nowhere"),
    ] {
        let output = command(&[&["record"], arguments].concat()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {text}");
        assert!(text.starts_with("error: ") && text.contains(says), "{arguments:?} {text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(output.stdout, b"");
    }
    std::fs::remove_file(file.path()).unwrap();
}
