//! The command: what it prints, its exit codes, and lines that work when a shell runs them.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};

use external_providers::conform::{Selection, cases};
use external_providers::xml::Reader;
use serde_json::Value;

use super::glass::spoiled;
use super::{NAMESPACE, echoing};
use crate::doctor::peers::PASSWORD;
use crate::support::{Folder, tool};

fn conform(arguments: &[&str]) -> Output {
    tool(&[&["conform"], arguments].concat(), PASSWORD).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn url(host: SocketAddr) -> String {
    format!("http://{host}/Provider.asmx")
}

/// Without Success the help desk can read nothing, and a stack is only unseemly.
fn broken() -> SocketAddr {
    spoiled(echoing(NAMESPACE), |request, answer| {
        if !request.is_get() {
            answer.replace("<Success>", "<Success >");
            answer.replace("<Success >true", "<Success>TRUE");
            answer.replace("<Success >false", "<Success>FALSE");
        }
    })
}

#[test]
fn the_list_has_a_line_for_each_case() {
    let listed = stdout(&conform(&["--list"]));
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), cases().count());
    for (line, case) in lines.iter().zip(cases()) {
        assert!(line.starts_with(&format!("{} ", case.number)), "{line}");
        assert!(line.contains(case.says) && line.contains(case.law), "{line}");
    }
    let mut numbers: Vec<_> = cases().map(|case| case.number).collect();
    let all = numbers.len();
    numbers.dedup();
    assert!(numbers.is_sorted() && numbers.len() == all, "each number once, in order");
    let some = stdout(&conform(&["--list", "--only", "3.3-3.5, 10, login,1.1"]));
    let expected = |number: &str| {
        ["3.3", "3.4", "3.5", "1.1"].contains(&number)
            || number.starts_with("10.")
            || number.starts_with("14.")
    };
    let expected: Vec<String> =
        cases().map(|case| case.number.to_string()).filter(|number| expected(number)).collect();
    let listed: Vec<&str> = some.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(listed, expected);
    for wrong in ["99", "3.99", "nothing", "", "4-2", "a.b"] {
        let output = conform(&["--list", "--only", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

/// What looks like the number of a case.
fn case_numbers(text: &str) -> Vec<&str> {
    let parts =
        text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|part| part.trim_matches('.'));
    parts.filter(|part| part.split('.').count() == 2).collect()
}

#[test]
fn numbers_in_help_and_readme_and_errors_are_those_of_cases() {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("### Test a provider of your own").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let error = "99".parse::<Selection>().unwrap_err().to_string();
    let all: Vec<String> = cases().map(|case| case.number.to_string()).collect();
    for text in [section, &stdout(&conform(&["--help"])), &error] {
        let numbers = case_numbers(text);
        assert!(!numbers.is_empty(), "{text}");
        for number in numbers {
            assert!(all.iter().any(|case| case == number), "{number} is not a case: {text}");
        }
    }
}

#[test]
fn exit_codes_say_what_came_of_it() {
    let folder = Folder::new("conform");
    let password = folder.file("user", "mypassword\n");
    let user = ["--user", "myusername", "--password", &format!("@{}", password.display())]
        .map(str::to_owned);
    let user: Vec<&str> = user.iter().map(String::as_str).collect();
    let right = url(echoing(NAMESPACE));
    let output = conform(&[&["--url", &right, "--strict"], &user[..]].concat());
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("no must failed") && text.contains("14 login"), "{text}");
    let broken = url(broken());
    let output = conform(&["--url", &broken]);
    assert_eq!(output.status.code(), Some(9));
    let text = stdout(&output);
    let words = "3.1 must: An answer can be read as the contract has it";
    assert!(text.contains(words) && text.contains("to see it again:\n    printf '"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
    // A should alone is none that fails the run.
    let stacks = spoiled(echoing(NAMESPACE), |_, answer| {
        answer.replace("</faultstring>", "\n at P.A()</faultstring>");
    });
    let stacks = url(stacks);
    assert_eq!(conform(&["--url", &stacks]).status.code(), Some(0));
    assert_eq!(conform(&["--url", &stacks, "--strict"]).status.code(), Some(9));
    // What was not judged is not in order: a ticket changes something.
    let output = conform(&["--url", &right, "--only", "ticket"]);
    assert_eq!(output.status.code(), Some(9));
    assert!(stdout(&output).contains("\nnothing was judged, in "), "{}", stdout(&output));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = conform(&["--url", &url(closed), "--json"]);
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Connection refused"), "{said}");
    for wrong in [
        &["--url", "nonsense"][..],
        &["--url", &right, "--password", "@x"],
        &["--url", &right, "--user", "a", "--password", "secret-word"],
        &["--url", &right, "--operation", "Nothing=A"],
        &[],
    ] {
        let output = conform(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!String::from_utf8(output.stderr).unwrap().contains("secret-word"));
    }
    let missing = conform(&["--url", &right, "--user", "a", "--password", "@/nowhere/at/all"]);
    assert_eq!(missing.status.code(), Some(3));
}

/// How many cases, failures, errors and skipped ones a report in JUnit has.
fn junit_counts(xml: &str) -> [usize; 4] {
    let mut reader = Reader::new(xml, Default::default()).unwrap();
    reader.root().unwrap();
    assert!(reader.child().unwrap() && reader.local() == "testsuite");
    let total = reader.attribute("", "tests").unwrap().into_owned();
    let [mut tests, mut failures, mut errors, mut skipped] = [0; 4];
    while reader.child().unwrap() {
        tests += 1;
        while reader.child().unwrap() {
            match reader.local() {
                "failure" => failures += 1,
                "error" => errors += 1,
                "skipped" => skipped += 1,
                other => panic!("{other}"),
            }
            reader.skip().unwrap();
        }
    }
    assert_eq!(total, tests.to_string());
    [tests, failures, errors, skipped]
}

#[test]
fn junit_is_red_where_the_exit_code_is() {
    let folder = Folder::new("conform-red");
    let junit = folder.0.join("report.xml");
    let stacks = spoiled(echoing(NAMESPACE), |_, answer| {
        answer.replace("</faultstring>", "\n at P.A()</faultstring>");
    });
    let stacks = url(stacks);
    for (more, counts) in [
        (&["--only", "11.6"][..], [1, 0, 0, 1]),
        (&["--only", "11.6", "--strict"], [1, 1, 0, 0]),
        (&["--only", "3.12,11.6"], [2, 0, 0, 1]),
        (&["--only", "ticket"], [2, 0, 2, 0]),
    ] {
        let file = ["--url", &stacks, "--junit", junit.to_str().unwrap()];
        let output = conform(&[&file[..], more].concat());
        let xml = std::fs::read_to_string(&junit).unwrap();
        assert_eq!(junit_counts(&xml), counts, "{more:?}: {xml}");
        let is_red = counts[1] + counts[2] > 0;
        assert_eq!(output.status.code(), Some(if is_red { 9 } else { 0 }), "{more:?}");
        assert!(more.contains(&"ticket") || xml.contains("at P.A()"), "it says what is wrong");
    }
}

/// The signal is what a terminal sends for Ctrl-C.
#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_reports_what_was_done() {
    let (asked, is_asked) = std::sync::mpsc::channel();
    let slow = spoiled(echoing(NAMESPACE), move |request, _| {
        // 13.6, of whose like some are before and some after it.
        if request.head.starts_with("POST") && request.head.contains("\r\ncontent-type:") {
            asked.send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
    });
    let folder = Folder::new("conform-stopped");
    let junit = folder.0.join("report.xml");
    let arguments = ["conform", "--url", &url(slow), "--only", "1-3,13", "--junit"];
    let mut command = tool(&[&arguments[..], &[junit.to_str().unwrap()]].concat(), PASSWORD);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    is_asked.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    let stop = ["-INT", &running.id().to_string()].map(str::to_owned);
    assert!(Command::new("kill").args(stop).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    let said = stdout(&output);
    assert!(said.contains("not run: the run was stopped: ") && said.contains("13.6"), "{said}");
    let [tests, failures, errors, skipped] = junit_counts(&std::fs::read_to_string(junit).unwrap());
    assert_eq!(failures, 0);
    assert!(errors == 2 && skipped > 2 && tests > errors + skipped, "13.6 and 13.7: {said}");
}

#[test]
fn results_are_json_and_junit() {
    let folder = Folder::new("conform-junit");
    let junit = folder.0.join("report.xml");
    let output = conform(&["--url", &url(broken()), "--json", "--junit", junit.to_str().unwrap()]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["ok"], false);
    let listed = json["cases"].as_array().unwrap();
    assert_eq!(listed.len(), cases().count());
    let count = |outcome: &str| listed.iter().filter(|case| case["outcome"] == outcome).count();
    for (counted, outcome) in
        [("passed", "passed"), ("failed", "failed"), ("skipped", "skipped"), ("not_run", "not-run")]
    {
        assert_eq!(json["counts"][counted], count(outcome), "{outcome}");
    }
    let case = listed.iter().find(|case| case["number"] == "3.1").unwrap();
    assert_eq!((&case["level"], &case["outcome"]), (&"must".into(), &"failed".into()));
    assert_eq!(case["law"], "wsdl/CONTRACT.md, section 2");
    for part in ["text", "sent", "got", "again"] {
        assert!(case[part].as_str().is_some_and(|text| !text.is_empty()), "{part}");
    }
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(!xml.contains(PASSWORD) && !stdout(&output).contains(PASSWORD));
    let [tests, failures, errors, skipped] = junit_counts(&xml);
    assert_eq!(tests, listed.len());
    assert_eq!(json["counts"]["failed_must"], failures);
    assert_eq!(json["counts"]["not_judged_must"], errors);
    let open = count("failed") + count("skipped") + count("not-run");
    assert_eq!(failures + errors + skipped, open);
}

/// What a shell prints that runs a line of the report.
fn again(report: &Value, number: &str, folder: &Folder) -> String {
    let cases = report["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["number"] == number).unwrap();
    assert_eq!(case["outcome"], "failed", "{case:#}");
    let line = case["again"].as_str().unwrap();
    assert!(!line.contains("p&w<") && !line.contains("mypassword"), "{line}");
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder.path())
        .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", "p&w<'\"$x")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// curl and a POSIX shell are what the lines need; so does this test.
#[test]
fn lines_show_the_failure_again_when_a_shell_runs_them() {
    const ODD: &str = "p&w<'\"$x";
    let services = external_providers::sample::diagnostic_services(ODD, NAMESPACE);
    let host = external_providers::host::Host::builder().services(services).build().unwrap();
    let host = crate::doctor::peers::run(host, None);
    let service = spoiled(host, |request, answer| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let head = request.head.to_ascii_lowercase();
        // Each of these is wrong in its own words.
        let wrong = [
            (head.contains("utf-16"), "no UTF-16"),
            (head.contains("iso-8859-1"), "no Latin 1"),
            (head.contains("transfer-encoding: chunked"), "no chunks"),
            (!head.contains("content-type:") && !request.is_get(), "no type"),
            (head.starts_with("post") && head.contains(" http/1.0"), "no HTTP/1.0"),
            (body.contains("cf_Conform=1"), "no fields"),
            (body.contains("<![CDATA["), "no CDATA"),
            (body.contains("&#1;"), "no control"),
            (request.body.len() > 3_000_000 && request.body.len() < 4_300_000, "no megabyte"),
            (body.contains("loginPassword=mypassword"), "no login"),
            (body.contains("auth&#80;"), "no references"),
            (body.contains('\u{feff}') && !request.is_get(), "no mark"),
        ];
        if let Some((_, words)) = wrong.iter().find(|(is, _)| *is) {
            answer.status = "418 Teapot".to_owned();
            answer.body = words.as_bytes().to_vec();
        }
    });
    let folder = Folder::new("conform-lines");
    folder.file("the user's", "mypassword\n");
    let output = tool(
        &[
            "conform",
            "--url",
            &url(service),
            "--json",
            "--user",
            "myusername",
            "--password",
            "@the user's",
        ],
        ODD,
    )
    .current_dir(folder.path())
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(9));
    let said = stdout(&output);
    assert!(
        !said.contains(ODD) && !said.contains("p&amp;w") && !said.contains("mypassword"),
        "{said}"
    );
    let report: Value = serde_json::from_str(&said).unwrap();
    for (number, words) in [
        ("5.3", "no Latin 1"),
        ("5.4", "no UTF-16"),
        ("5.5", "no mark"),
        ("5.9", "no type"),
        ("8.8", "no references"),
        ("8.9", "no CDATA"),
        ("8.11", "no control"),
        ("9.9", "no fields"),
        ("12.3", "no megabyte"),
        ("13.5", "no HTTP/1.0"),
        ("13.8", "no chunks"),
        ("14.1", "no login"),
    ] {
        let shown = again(&report, number, &folder);
        assert!(shown.contains(words), "{number}: {shown}");
    }
}

#[test]
fn lines_ask_twice_and_at_the_same_time() {
    let kept = std::sync::atomic::AtomicUsize::new(0);
    let host = echoing(NAMESPACE);
    let once = spoiled(host, move |request, answer| {
        let body = String::from_utf8_lossy(&request.body);
        if request.head.to_ascii_lowercase().contains("connection: close") || request.is_get() {
            return;
        }
        if body.contains("authPW=s3cret")
            && kept.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0
        {
            answer.status = "503 Once".to_owned();
        }
    });
    let output = conform(&["--url", &url(once), "--json", "--only", "13.1"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = report["cases"][0]["again"].as_str().unwrap();
    let output = Command::new("sh")
        .args(["-c", line])
        .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(shown.matches("503 Once").count() >= 2, "{shown}");
}
