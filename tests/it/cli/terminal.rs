//! Passwords that are typed on a terminal.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _, Write as _};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::tool;

/// Types an answer to each of these questions; exit code, and what was printed by the tool and by the
/// terminal.
fn typed(arguments: &[&str], questions: &[(&str, &[u8])]) -> (Option<i32>, String, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave: File = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut master = File::from(master);
    let mut command = tool(arguments, "of-the-service");
    let mut child = command.stdin(Stdio::from(slave.try_clone().unwrap())).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let mut byte = [0];
    for (question, answer) in questions {
        // Once it asks, nothing is echoed any more.
        while !said.ends_with(question) && stderr.read(&mut byte).unwrap() > 0 {
            said.push(char::from(byte[0]));
        }
        assert!(said.ends_with(question), "{said}");
        master.write_all(answer).unwrap();
    }
    stderr.read_to_string(&mut said).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let code = child.wait().unwrap().code();
    assert!(tcgetattr(&slave).unwrap().local_modes.contains(LocalModes::ECHO), "echo is back");
    // Ends what the terminal shows.
    (&slave).write_all(b"|").unwrap();
    let mut echoed = String::new();
    while !echoed.ends_with('|') {
        master.read_exact(&mut byte).unwrap();
        echoed.push(char::from(byte[0]));
    }
    (code, said + &out, echoed)
}

const LOGIN: [&str; 4] = ["call", "Authenticate", "loginUsername=myusername", "loginPassword=-"];

#[test]
fn a_terminal_is_asked_and_does_not_echo() {
    let (code, said, echoed) = typed(&LOGIN, &[("loginPassword: ", b"mypassword\n")]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Authenticate: authenticated"), "{said}");
    assert!(!said.contains("mypassword") && !echoed.contains("mypassword"), "{echoed}");
    let both = [&LOGIN[..], &["--auth-password-file", "-"]].concat();
    let questions: [(&str, &[u8]); 2] =
        [("web service password: ", b"s3cret\n"), ("loginPassword: ", b"wr\x7f\x7fmypassword\r")];
    let (code, said, echoed) = typed(&both, &questions);
    assert_eq!(code, Some(0), "{said}");
    assert!(!echoed.contains("s3cret") && !echoed.contains("password"), "{echoed}");
}

#[test]
fn nothing_typed_is_an_error_and_ctrl_c_leaves_the_terminal_as_it_was() {
    let (code, said, _) = typed(&LOGIN, &[("loginPassword: ", b"\n")]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("from the terminal: the password is empty"), "{said}");
    let (code, said, echoed) = typed(&LOGIN, &[("loginPassword: ", b"myp\x03")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("interrupted") && !echoed.contains("myp"), "{said} {echoed}");
}

#[test]
fn a_pipe_is_read_as_ever() {
    let mut command = tool(&LOGIN, "of-the-service");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("from standard input: the password is empty"), "{said}");
}
