//! What holds for every command: help, colours, quiet, errors as JSON, pipes, addresses, completions.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Folder, tool};

fn run(arguments: &[&str]) -> (i32, String, String) {
    finish(tool(arguments, "hunter2").env("COLUMNS", "100"))
}

fn finish(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The names of the commands, `fixtures list` among them.
fn commands(above: &[String]) -> Vec<Vec<String>> {
    let mut arguments: Vec<&str> = above.iter().map(String::as_str).collect();
    arguments.push("--help");
    let (code, help, _) = run(&arguments);
    assert_eq!(code, 0, "{above:?}");
    let mut found = vec![above.to_vec()];
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in list.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").and_then(|line| line.split(' ').next()).unwrap();
        if !matches!(name, "" | "help") {
            found.extend(commands(&[above, &[name.to_owned()]].concat()));
        }
    }
    found
}

#[test]
fn no_line_of_any_help_wraps_raggedly() {
    let all = commands(&[]);
    assert!(all.len() > 18, "{all:?}");
    for command in &all {
        for flag in ["--help", "-h"] {
            for width in [60, 80, 100] {
                let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
                arguments.push(flag);
                let (code, help, stderr) =
                    finish(tool(&arguments, "").env("COLUMNS", width.to_string()));
                assert_eq!((code, stderr.as_str()), (0, ""), "{command:?}");
                assert!(help.contains("\nExit codes:\n  0  "), "{command:?}");
                for code in [1, 2, 141] {
                    assert!(help.contains(&format!("\n  {code}  ")), "{command:?} lacks {code}");
                }
                check_lines(&help, width);
            }
        }
    }
}

fn check_lines(help: &str, width: usize) {
    let lines: Vec<&str> = help.lines().collect();
    let length = |line: &str| line.chars().count();
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        // The library lays usage out for no width.
        let is_usage = width < 80 && line.starts_with("Usage: ");
        let is_one_word = line.split_whitespace().count() <= 1 || is_usage;
        assert!(length(line) <= width || is_one_word, "{width}: {line}");
        // Exit codes stand two columns in, and what goes on hangs below its text.
        let code = |line: &str| {
            line.starts_with("  ") && line[2..].starts_with(|c: char| c.is_ascii_digit())
        };
        if code(line) && !next.is_empty() {
            assert!(code(next) || next.starts_with("     "), "{line}\n{next}");
        }
        // A line that goes on was full: its successor's first word had no room.
        let indent = |line: &str| length(line) - length(line.trim_start());
        let goes_on = indent(line) == indent(next)
            && next.trim_start().starts_with(|c: char| c.is_lowercase())
            && !line.ends_with([':', '.'])
            && !line.trim_start().contains("  ")
            && !next.trim_start().contains("  ");
        if goes_on {
            let word = next.split_whitespace().next().unwrap_or_default();
            assert!(length(line) + 1 + length(word) > width, "{width}: {line}\n{next}");
        }
    }
}

#[test]
fn help_is_a_command_too_and_has_colours_where_they_are_wanted() {
    let (code, help, _) = run(&["help", "call"]);
    assert!(code == 0 && help.starts_with("Call an operation"), "{help}");
    assert!(!help.contains('\u{1b}'));
    let (_, coloured, _) = run(&["--color", "always", "call", "--help"]);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    for (color, variables, expected) in [
        ("auto", &[][..], false),
        ("never", &[], false),
        ("always", &[("NO_COLOR", "1"), ("TERM", "dumb")], true),
    ] {
        let mut command = tool(&["call", "Nonsense", "--color", color], "");
        let (code, _, stderr) = finish(command.envs(variables.iter().copied()));
        assert_eq!(
            (code, stderr.contains("\u{1b}[1;31merror:\u{1b}[0m")),
            (2, expected),
            "{stderr}"
        );
        let mut command =
            tool(&["call", "StartTicket", "--color", color, "--url", "nonsense"], "x");
        let (code, _, stderr) = finish(command.envs(variables.iter().copied()));
        assert_eq!(
            (code, stderr.contains("\u{1b}[1;31merror:\u{1b}[0m")),
            (2, expected),
            "{stderr}"
        );
    }
}

#[test]
fn quiet_leaves_errors_and_results() {
    let call = ["call", "StartTicket", "departmentName=Sales", "emailfrom=a@b", "emailFrom=a@b"];
    let (code, stdout, stderr) = run(&call);
    assert!(code == 0 && stderr.starts_with("note: emailfrom is sent as it is"), "{stderr}");
    let (quiet_code, quiet, stderr) = run(&[&call[..], &["--quiet"]].concat());
    assert_eq!((quiet_code, quiet, stderr.as_str()), (code, stdout, ""));
    let (code, _, stderr) = run(&["--quiet", "call", "StartTicket", "--url", "nonsense"]);
    assert!(code == 2 && stderr.starts_with("error: "), "{stderr}");
}

#[test]
fn errors_are_json_where_results_are() {
    let folder = Folder::new("json-errors");
    let bad = folder.file("bad.toml", "[options]\nlogin = 1\nticket = 2\n");
    let bad = bad.to_str().unwrap();
    let empty = folder.0.join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    for (arguments, code, kind, text) in [
        (&["call", "Nonsense", "--json"][..], 2, "usage", "invalid value 'Nonsense'"),
        (&["call", "--json", "--nonsense"], 2, "usage", "unexpected argument '--nonsense'"),
        (&["call", "StartTicket", "x", "--json"], 2, "usage", "variable 1 has no \"=\""),
        (&["call", "StartTicket", "--url", "ftp://h", "--json"], 2, "usage", "must begin with"),
        (
            &["call", "StartTicket", "--settings", bad, "--json"],
            3,
            "settings",
            "bad.toml:2: options.login",
        ),
        (&["check", "--json"], 2, "usage", "there is no service to check"),
        (&["check", "--json", "--settings", bad], 3, "settings", "bad.toml:3: options.ticket"),
        (&["settings", "check", "--json"], 2, "usage", "there is no settings file"),
        (
            &["fixtures", "list", "/nowhere", "--json"],
            3,
            "settings",
            "there is no directory /nowhere",
        ),
        (&["fixtures", "audit", empty, "--json"], 3, "settings", "is empty"),
        (&["serve", "--json"], 2, "usage", "--json"),
        (&["fixtures", "list", "--json=true"], 2, "usage", "unexpected value 'true'"),
    ] {
        let (found, stdout, stderr) = run(arguments);
        assert_eq!(found, code, "{arguments:?} {stderr}");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((&json["outcome"], &json["exit_code"]), (&"error".into(), &code.into()));
        assert_eq!(json["error"]["kind"], kind, "{arguments:?}");
        let said = json["error"]["text"].as_str().unwrap();
        assert!(said.contains(text), "{arguments:?} {said}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
    // A password that stands in the wrong place is in neither.
    let (_, stdout, stderr) = run(&["call", "--json", "--loginPassword=hunter3"]);
    assert!(!format!("{stdout}{stderr}").contains("hunter3"), "{stdout}{stderr}");
    // Who did not ask for JSON gets none.
    assert_eq!(run(&["call", "Nonsense"]).1, "");
}

/// Standard output whose reader is gone.
fn broken_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    OwnedFd::from(writer).into()
}

#[test]
fn a_reader_that_is_gone_is_no_error_and_a_closed_output_is_one() {
    let sample = crate::support::repository("fixtures/sample");
    let sample = sample.to_str().unwrap();
    for arguments in [
        &["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b"][..],
        &["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b", "--json"],
        &["call", "Nonsense", "--json"],
        &["fixtures", "list", sample],
        &["settings", "schema"],
        &["generate", "completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let output = tool(arguments, "x").stdout(broken_pipe()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code();
        if arguments.contains(&"Nonsense") {
            // What went wrong is said where somebody hears it.
            assert!(code == Some(2) && stderr.starts_with("error: "), "{stderr}");
        } else {
            assert_eq!((code, stderr.as_str()), (Some(141), ""), "{arguments:?}");
        }
        if cfg!(target_os = "linux") {
            let mut closed = Command::new("sh");
            closed.args(["-c", "exec \"$0\" \"$@\" >&-", env!("CARGO_BIN_EXE_external-providers")]);
            let (code, _, stderr) = finish(closed.args(arguments).stdin(Stdio::null()));
            let expected = if arguments.contains(&"Nonsense") {
                (2, "invalid value")
            } else {
                (1, "it is closed")
            };
            assert!(code == expected.0 && stderr.contains(expected.1), "{arguments:?} {stderr}");
        }
        // Whoever throws the output away has no error.
        if !arguments.contains(&"Nonsense") {
            let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
            let thrown_away = tool(arguments, "x").stdout(null).status().unwrap();
            assert_eq!(thrown_away.code(), Some(0), "{arguments:?}");
        }
    }
}

#[test]
fn addresses_are_arguments_or_trouble_with_what_to_do() {
    let folder = Folder::new("addresses");
    let out = folder.0.join("rec");
    let out = out.to_str().unwrap();
    let sample = crate::support::repository("fixtures/sample");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for command in [
        &["serve", "--sample"][..],
        &["serve", "--fixtures", sample.to_str().unwrap()],
        &["record", "--upstream", "http://127.0.0.1:1", "--out", out],
    ] {
        for wrong in ["8080", ":8080", "127.0.0.1", "localhost:"] {
            let (code, _, stderr) = run(&[command, &["--listen", wrong]].concat());
            assert!(
                code == 2 && stderr.contains("give ADDRESS:PORT, for example 127.0.0.1:8080"),
                "{stderr}"
            );
        }
        let (code, _, stderr) = run(&[command, &["--listen", &taken]].concat());
        let hint =
            "hint: another program listens there: give another port, or 0 for any that is free";
        assert!(code == 1 && stderr.contains(&format!("cannot listen on {taken}")), "{stderr}");
        assert!(stderr.contains(hint), "{stderr}");
        let (code, _, stderr) = run(&[command, &["--listen", "192.0.2.1:0"]].concat());
        assert!(
            code == 1 && stderr.contains("hint: this machine does not have the address"),
            "{stderr}"
        );
    }
    let (code, _, stderr) = run(&["serve", "--sample", "--metrics", "9090"]);
    assert!(code == 2 && stderr.contains("for example 127.0.0.1:9090"), "{stderr}");
}

#[test]
fn nothing_to_work_on_is_one_mistake_everywhere() {
    let folder = Folder::new("nothing");
    let empty = folder.0.join("empty");
    std::fs::create_dir_all(empty.join("inner")).unwrap();
    let empty = empty.to_str().unwrap();
    let har = folder.file(
        "empty.har",
        r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#,
    );
    let (har, to) = (har.to_str().unwrap(), folder.0.join("to"));
    for arguments in [
        &["list", empty][..],
        &["check", empty],
        &["audit", empty],
        &["export", empty, "--out", "-"],
        &["redact", empty],
        &["diff", empty, empty],
        &["verify", empty, "--url", "http://127.0.0.1:1"],
        &["show", "x", "--dir", empty],
        &["list", "/nowhere"],
        &["diff", "/nowhere", empty],
        &["import", har, "--out", to.to_str().unwrap()],
        &["import", "/nowhere", "--out", to.to_str().unwrap()],
    ] {
        let (code, stdout, stderr) = run(&[&["fixtures"], arguments].concat());
        assert!(code == 3 && stdout.is_empty(), "{arguments:?} {code} {stdout}{stderr}");
    }
    assert!(!to.exists());
    let (code, _, stderr) = run(&["serve", "--fixtures", "/nowhere"]);
    assert!(code == 3 && stderr.contains("/nowhere"), "{stderr}");
    // What is missing is called by the name that was given.
    let (_, _, stderr) = run(&["fixtures", "diff", "/nowhere", "/there", "--dir", "/elsewhere"]);
    assert!(
        stderr.starts_with("error: there is no fixture /nowhere, and no collection"),
        "{stderr}"
    );
}

#[test]
fn a_log_that_nobody_can_mean_is_an_error() {
    for (variable, code) in [
        ("nonsense", 3),
        ("debug,nonsense", 3),
        ("debug", 0),
        ("external_providers=debug", 0),
        ("off,external_providers::host=info,hyper_util::client=trace", 0),
        ("info,async_nats=warn", 0),
        ("external_providers=loud", 3),
        ("external_provider=debug", 3),
        ("info,external_providers::hots=debug", 3),
        ("=debug", 3),
        ("off", 0),
        ("", 0),
    ] {
        let mut command = tool(&["settings", "schema"], "");
        let (found, _, stderr) = finish(command.env("EXTERNAL_PROVIDERS_LOG", variable));
        assert_eq!(found, code, "{variable} {stderr}");
        let hint = match variable {
            "external_provider=debug" | "info,external_providers::hots=debug" | "=debug" => {
                "hint: targets are external_providers, hyper_util"
            }
            _ => "hint: use a level (off, error, warn",
        };
        assert_eq!(stderr.contains(hint), code == 3, "{stderr}");
    }
}

#[test]
fn completions_and_manual_pages_are_made_of_the_command_line() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, stderr) = run(&["generate", "completions", shell]);
        assert!(code == 0 && stderr.is_empty(), "{shell} {stderr}");
        for word in ["external-providers", "--show-wire", "fixtures", "verify"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell} lacks {word}");
        }
    }
    let (code, script, _) = run(&["generate", "completions", "bash"]);
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert!(code == 0 && bash.wait().unwrap().success(), "bash reads it");
    // As bash would complete what is typed so far.
    for (words, expected) in [
        (&["external-providers", "call", "--so"][..], "--soap"),
        (&["external-providers", "record", "--mo"], "--mode"),
        (&["external-providers", "fixtures", "aud"], "audit"),
        (&["external-providers", "fixtures", "audit", "--secret-f"], "--secret-file"),
    ] {
        let typed = words.join(" ");
        let last = words.len() - 1;
        let complete = format!(
            "{script}\nCOMP_WORDS=({typed}); COMP_CWORD={last}\n\
             _external__providers {} {} {}; echo \"${{COMPREPLY[@]}}\"",
            words[0],
            words[last],
            words[last - 1]
        );
        let bash = Command::new("bash").args(["-c", &complete]).output().unwrap();
        let found = String::from_utf8_lossy(&bash.stdout);
        assert_eq!(found.trim(), expected, "{typed}: {}", String::from_utf8_lossy(&bash.stderr));
    }
    let folder = Folder::new("man");
    let dir = folder.0.join("man1");
    let (code, stdout, stderr) = run(&["generate", "man", dir.to_str().unwrap()]);
    assert!(code == 0 && stdout.starts_with("manual pages written to"), "{stderr}");
    for page in
        ["external-providers", "external-providers-call", "external-providers-fixtures-verify"]
    {
        let text = std::fs::read_to_string(dir.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".TH ") && text.contains("Exit codes"), "{page}");
    }
    let (code, _, stderr) = run(&["generate", "man", "/dev/null/x"]);
    assert!(code == 1 && stderr.contains("cannot write into /dev/null/x"), "{stderr}");
    assert!(Path::new(&dir).exists());
}
