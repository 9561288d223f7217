//! The recorder through signals, kills, restarts and a disk that is full: no recording is lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use external_providers::fixture::load;

use super::tool::{LOGIN, Recorder, command, hides_secrets};
use crate::codec::raw::{Peer, answer, call};
use crate::fixtures::recordings::sample_service;
use crate::support::{Folder, repository};

const MODES: [&str; 4] = ["new", "once", "all", "replay-or-record"];

/// A directory in a folder that goes away with all that lies beside it.
struct Place(Folder, PathBuf);

impl Place {
    fn new() -> Self {
        let folder = Folder::new("survives");
        let dir = folder.path().join("crm");
        Self(folder, dir)
    }

    fn start(&self, upstream: std::net::SocketAddr, mode: &str) -> Recorder {
        Recorder::spawn(&mut self.command(upstream, mode), 1)
    }

    fn command(&self, upstream: std::net::SocketAddr, mode: &str) -> Command {
        let (origin, out) = (format!("http://{upstream}"), self.1.to_str().unwrap());
        let usual = ["record", "--upstream", &origin, "--listen", "127.0.0.1:0", "--out", out];
        command(&[&usual[..], &["--mode", mode]].concat())
    }

    /// The recording that holds an exchange: the directory, or what is to replace it.
    fn growing(&self) -> Option<PathBuf> {
        let is_whole = |path: &PathBuf| {
            let hidden = path.file_name().unwrap().as_encoded_bytes().starts_with(b".");
            !hidden && path.join("exchange.toml").exists()
        };
        let mut recordings = subdirectories(self.0.path()).into_iter();
        recordings.find(|path| subdirectories(path).iter().any(is_whole))
    }
}

fn subdirectories(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn log_in(recorder: &Recorder) {
    let mut caller = Peer::connect(recorder.address);
    caller.send(call("Authenticate", &LOGIN));
    assert!(caller.text().contains("Login Successful"));
}

#[test]
fn every_signal_in_every_mode_finishes_the_recording() {
    let service = sample_service();
    let mut cases = 0;
    for mode in MODES {
        for name in ["HUP", "TERM", "INT"] {
            // With its terminal gone, it can say nothing, and does all the same.
            for closed in [false, true] {
                let place = Place::new();
                let mut recorder = place.start(service, mode);
                log_in(&recorder);
                if closed {
                    recorder.close();
                }
                recorder.signal(name);
                let what = format!("{mode} {name} {closed}");
                match closed {
                    true => {
                        // Its output cannot be written; 141 is how Unix says that.
                        let code = recorder.process.wait().unwrap().code();
                        assert!(matches!(code, Some(1 | 141)), "{what}: {code:?}");
                    }
                    false => {
                        let (code, output, log) = recorder.ended();
                        assert_eq!(code, 0, "{what}: {log}");
                        assert!(output.starts_with("stopped: 1 recorded"), "{what}: {output}");
                    }
                }
                assert_eq!(load(&place.1).unwrap().len(), 1, "{what}");
                assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 1, "{what}");
                hides_secrets(&place.0.all());
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 24);
}

#[test]
fn every_signal_stops_a_server_in_order() {
    let recording = repository("fixtures/odd");
    for form in [&["--sample"][..], &["--fixtures", recording.to_str().unwrap()]] {
        for name in ["HUP", "TERM", "INT"] {
            let arguments = [&["serve", "--listen", "127.0.0.1:0"], form].concat();
            let server = Recorder::spawn(&mut command(&arguments), 1);
            assert!(server.lines[0].starts_with("listening on"), "{}", server.lines[0]);
            server.signal(name);
            assert_eq!(server.ended().0, 0, "{form:?} {name}");
        }
    }
}

#[test]
fn a_recorder_that_is_to_outlive_its_terminal_does() {
    let place = Place::new();
    let recorder = place.command(sample_service(), "new");
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(recorder.get_program());
    shell.args(recorder.get_args()).env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", "s3cret");
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let recorder = Recorder::spawn(&mut shell, 1);
    let process = recorder.process.id().to_string();
    assert!(Command::new("kill").args(["-s", "HUP", &process]).status().unwrap().success());
    log_in(&recorder);
    let (code, output, log) = recorder.stop();
    assert!(code == 0 && output.starts_with("stopped: 1 recorded"), "{output} {log}");
}

#[test]
fn what_a_killed_recorder_left_is_there_at_the_next_start() {
    let service = sample_service();
    let mut cases = 0;
    for killed in MODES {
        for next in ["new", "all", "replay-or-record", "replay-only", "once"] {
            let place = Place::new();
            let mut recorder = place.start(service, killed);
            log_in(&recorder);
            recorder.logs("recorded name=");
            let grown = place.growing().unwrap();
            recorder.process.kill().unwrap();
            recorder.process.wait().unwrap();
            let what = format!("{killed}, then {next}");
            let list = command(&["fixtures", "list", place.1.to_str().unwrap()]).output().unwrap();
            let said =
                String::from_utf8(list.stdout).unwrap() + &String::from_utf8(list.stderr).unwrap();
            let shown = match killed {
                "all" => format!("note: {} holds 1 exchange of a recording", grown.display()),
                _ => "00001-authenticate-login-successful-soap11".to_owned(),
            };
            assert!(said.contains(&shown), "{what}: {said}");
            if next == "once" {
                let refused = place.command(service, next).output().unwrap();
                assert_eq!(refused.status.code(), Some(3), "{what}");
            } else {
                let recorder = place.start(service, next);
                let (code, _, log) = recorder.stop();
                assert_eq!(code, 0, "{what}: {log}");
            }
            // Whoever only reads leaves it where it is.
            let left = killed == "all" && next == "replay-only";
            let at = if left { &grown } else { &place.1 };
            assert_eq!(load(at).unwrap().len(), 1, "{what}");
            cases += 1;
        }
    }
    assert_eq!(cases, 20);
}

#[test]
fn what_is_not_taken_over_is_named_at_the_next_start() {
    let service = sample_service();
    for next in ["new", "all", "replay-or-record", "replay-only", "once"] {
        let place = Place::new();
        let recorder = place.start(service, "new");
        log_in(&recorder);
        assert_eq!(recorder.stop().0, 0);
        let mut recorder = place.start(service, "all");
        log_in(&recorder);
        let is_stage = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(".crm.unfinished-") && load(path).is_ok_and(|there| there.len() == 1)
        };
        recorder.logs("recorded name=");
        let stage = subdirectories(place.0.path()).into_iter().find(is_stage).unwrap();
        recorder.process.kill().unwrap();
        recorder.process.wait().unwrap();
        // A whole exchange without a name, whose name another one has; mode all refuses its directory.
        let name = "00001-authenticate-login-successful-soap11";
        let twin = place.1.join(".unfinished-1-0");
        std::fs::create_dir(&twin).unwrap();
        for file in std::fs::read_dir(place.1.join(name)).unwrap().map(|file| file.unwrap()) {
            std::fs::copy(file.path(), twin.join(file.file_name())).unwrap();
        }
        let log = match next {
            "once" | "all" => {
                let refused = place.command(service, next).output().unwrap();
                assert_eq!(refused.status.code(), Some(3), "{next}");
                String::from_utf8(refused.stderr).unwrap()
            }
            _ => {
                let (code, _, log) = place.start(service, next).stop();
                assert_eq!(code, 0, "{next}: {log}");
                log
            }
        };
        let dir = place.1.display();
        let stage_is = format!(
            "{} holds 1 exchange of a recording that did not take the place of {dir}",
            stage.display()
        );
        let twin_is = format!("{} is an exchange that was written to its end", twin.display());
        for said in [stage_is, twin_is] {
            assert_eq!(log.matches(&said).count(), 1, "{next}: {log}");
        }
        assert!(twin.exists() && load(&stage).unwrap().len() == 1, "{next}");
    }
}

#[test]
fn a_recorder_killed_again_and_again_loses_nothing_that_was_written() {
    let service = sample_service();
    for mode in ["new", "replay-or-record"] {
        let place = Place::new();
        let mut before = 0;
        for round in 0..10 {
            let mut recorder = place.start(service, mode);
            let mut caller = Peer::connect(recorder.address);
            for n in 0..=round {
                let user = format!("loginUsername={round}-{n}");
                caller.send(call("Authenticate", &["authPW=s3cret", &user, "loginPassword=x"]));
                caller.text();
            }
            recorder.process.kill().unwrap();
            recorder.process.wait().unwrap();
            let now = load(&place.1).unwrap().len();
            assert!(now >= before, "{mode} {round}: {now} after {before}");
            before = now;
        }
        let (code, _, log) = place.start(service, mode).stop();
        assert_eq!(code, 0, "{log}");
        assert!(load(&place.1).unwrap().len() >= before);
    }
}

#[test]
fn a_service_that_is_down_takes_nothing_away() {
    let place = Place::new();
    let service =
        crate::codec::raw::Service::start(vec![answer("200 OK", "Connection: close\r\n", "ok")]);
    let recorder = place.start(service.address, "all");
    let ask = |recorder: &Recorder| {
        let mut caller = Peer::connect(recorder.address);
        caller.send("GET /Provider.asmx HTTP/1.1\r\nHost: h\r\n\r\n");
        caller.text()
    };
    assert!(ask(&recorder).ends_with("ok"));
    assert_eq!(recorder.stop().0, 0);
    let before = load(&place.1).unwrap();
    // It answered once, and nobody listens there any more.
    let recorder = place.start(service.address, "all");
    assert!(ask(&recorder).starts_with("HTTP/1.1 502 "));
    let (code, output, _) = recorder.stop();
    assert!(code == 0 && output.contains("1 without an answer"), "{output}");
    assert_eq!(load(&place.1).unwrap(), before);
    assert_eq!(std::fs::read_dir(place.0.path()).unwrap().count(), 1);
}
