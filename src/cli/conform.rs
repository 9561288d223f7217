//! `conform`: tests a provider, written in any language, against the contract.

mod cases;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use external_providers::Client;
use external_providers::conform::{
    CaseReport, GROUPS, Level, Outcome, Report, RunError, Selection, Suite, User,
};
use external_providers::contract::{OPERATIONS, OperationInfo};
use external_providers::doctor::Subject;
use tokio::runtime::Builder;

use super::fixtures::junit;
use super::help::fill;
use super::output::{self, Paint};
use super::passwords::{AUTH_PASSWORD, Passwords};
use super::signals::Signals;
use super::trust::{Shown, Trust};
use super::{
    DISCOVER, FINDINGS, Failed, OK, SETTINGS, TRANSPORT, USAGE, print, printable, runtime, seconds,
    unbuilt,
};

/// Test a provider, written in any language, against the contract
///
/// Numbered cases, each a sentence of the contract: what a help desk needs (must), and what ASMX does
/// besides (should). The provider is looked at from the outside, by what it answers. Operations and
/// namespace are read in its WSDL. Of a case that fails, what was sent and what came is shown, and a line
/// for a shell that shows it again.
///
/// Nothing is changed at the service unless --allow-changes is given: of its operations only those that
/// read are called, about a user who does not exist. With --user, he logs in, and is then refused twice
/// (with a wrong and with an empty password), which counts where accounts are locked out; where he is not
/// let in, nothing more is asked about him. A service that answers a wrong web service password as the
/// right one is judged by his login, with which he then logs in about 70 times.
///
/// The web service password is read from EXTERNAL_PROVIDERS_AUTH_PASSWORD unless --auth-password-file is
/// given. Without one, most cases are skipped; that it is missing is an error (exit code 3) unless
/// --without-password is given.
///
/// What cannot be judged is skipped, and what there is no time for is not run: both are counted apart, and
/// never as passed. A must that was not run counts against the service, and so does it where 2.1 (a plain
/// request is answered) or 10.1 (the password is accepted) could not be judged, or nothing at all: give a
/// user, more time or --allow-changes, or leave the cases out (--only).
///
/// A run sends about 130 requests, the largest of 5 MB, and logs in about 15 times, mostly as nobody. After
/// Ctrl-C what was done so far is printed and written, and the rest is not run.
///
/// In JUnit a must that fails is a failure, and what had to be judged and was not an error; a should that
/// fails is a failure with --strict, and otherwise skipped, with what is wrong as its message. So there are
/// failures or errors just where the exit code is 9.
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: ok (as the exit code), url, milliseconds, counts (passed, failed, failed_must,
skipped, not_run, not_judged_must), oddities (code, severity, text, remedy) and cases. A case has number, group, level (must,
should), says, law, outcome (passed, failed, skipped, not-run), text (what is wrong, or why not), sent, got,
again (a line for a shell; these three or null), milliseconds. Members may be added; none is removed.

Exit codes:
  0  no must failed, and all were judged that had to be
  1  local trouble (output or the JUnit file cannot be written)
  2  usage: the arguments are wrong
  3  settings: a file or a password is wrong or missing
  4  transport: there is no connection to the service
  9  findings: a must failed or was not judged, or nothing was judged; with
     --strict also where a should failed or was not run")]
pub(crate) struct ConformArgs {
    /// The service, for instance http://host/Provider.asmx
    #[arg(long, required_unless_present = "list")]
    url: Option<String>,

    /// A user who exists there, for whom logins are tested
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// His password: - reads it from standard input, @FILE from a file
    #[arg(long, value_name = "-|@FILE", requires = "user", allow_hyphen_values = true)]
    password: Option<String>,

    /// Read the web service password from this file (- is standard input). Default: it is read from
    /// EXTERNAL_PROVIDERS_AUTH_PASSWORD
    #[arg(long, value_name = "FILE")]
    auth_password_file: Option<PathBuf>,

    /// Test what can be tested without the web service password
    #[arg(long, conflicts_with = "auth_password_file")]
    without_password: bool,

    /// The service's namespace; without it, or with "discover", the WSDL's is used
    #[arg(long, value_parser = super::namespace)]
    namespace: Option<String>,

    /// An operation that the service has, and what it is called there, if not as in the contract:
    /// GetUserInfo=LookupCustomer. Once for each; of a service without a WSDL all that it has
    #[arg(long = "operation", value_name = "NAME[=WIRE]", value_parser = operation)]
    operations: Vec<(String, String)>,

    /// Which cases to run: numbers (3.9), ranges (3.3-3.9, 4-6), groups (4, login), with commas between
    #[arg(long, value_name = "CASES")]
    only: Option<Selection>,

    /// List the cases, one a line: number, level, group, sentence, law. Nothing is run
    #[arg(long)]
    list: bool,

    /// Also call operations that change something, about nobody: StartTicket three times, StartChat,
    /// HandleEvent and RegisterUser twice, one of each with a wrong web service password. The service may
    /// keep what it makes of them. And log in with SQL and with the wildcard of directories
    #[arg(long)]
    allow_changes: bool,

    /// Fail (exit code 9) also if a should fails, or if there was no time for a case
    #[arg(long)]
    strict: bool,

    /// How long all may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(0.1, 3600.0))]
    timeout: Duration,

    /// How long an answer may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds(0.01, 3600.0))]
    answer_timeout: Duration,

    #[command(flatten)]
    trust: Trust,

    #[command(flatten)]
    shown: Shown,

    /// Write the results to this file as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn operation(text: &str) -> Result<(String, String), String> {
    let (name, wire) = text.split_once('=').unwrap_or((text, text));
    match OperationInfo::named(name) {
        Some(_) if !wire.is_empty() => Ok((name.to_owned(), wire.to_owned())),
        _ => {
            let names: Vec<&str> = OPERATIONS.iter().map(|info| info.name).collect();
            Err(format!("give NAME or NAME=WIRE, with a NAME of {}", names.join(", ")))
        }
    }
}

pub(crate) fn run(args: &ConformArgs) -> Result<u8, Failed> {
    if args.list {
        return list(args);
    }
    let Some(url) = &args.url else { return Err(Failed::new(USAGE, "give --url URL")) };
    let suite = suite(args, url)?;
    let runtime = runtime(Builder::new_current_thread())?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new()?;
        Ok(suite.run_until(signals.next()).await)
    })?;
    // A name look-up cannot be cancelled, and must not hold up the end.
    runtime.shutdown_background();
    let report = result.map_err(|error| match error {
        RunError::Build(error) => unbuilt(&error, url),
        RunError::Unreachable(why) => Failed::new(TRANSPORT, why),
        error => Failed::new(SETTINGS, error.to_string()),
    })?;
    if let Some(file) = &args.junit {
        junit::write(
            file,
            &format!("external-providers conform {}", report.url),
            &cases::of(&report, args.strict),
        )?;
    }
    let open = report.count(Outcome::Failed, None) + report.count(Outcome::NotRun, None);
    let is_ok = report.is_conformant() && (!args.strict || open == 0);
    match args.json {
        true => print(&(json(&report, is_ok) + "\n"))?,
        false => print(&text(&report, Paint::stdout(), output::columns()))?,
    }
    Ok(if is_ok { OK } else { FINDINGS })
}

fn list(args: &ConformArgs) -> Result<u8, Failed> {
    let only = args.only.clone().unwrap_or_default();
    let mut text = String::new();
    for case in external_providers::conform::cases().filter(|case| only.holds(case.number)) {
        let number = case.number.to_string();
        let group = GROUPS.iter().find(|(group, _)| *group == case.number.group);
        let group = group.map_or("", |(_, name)| name);
        text.push_str(&format!(
            "{number:6} {:6} {group:16} {} ({})\n",
            case.level.to_string(),
            case.says,
            case.law
        ));
    }
    print(&text).map(|()| OK)
}

fn suite(args: &ConformArgs, url: &str) -> Result<Suite, Failed> {
    Client::new(url, "").map_err(|error| unbuilt(&error, url))?;
    let given = args.password.as_deref().map(|given| match given.strip_prefix('@') {
        Some(file) if !file.is_empty() => Ok(PathBuf::from(file)),
        None if given == "-" => Ok(PathBuf::from("-")),
        // It may be the password itself, so it is not repeated.
        _ => Err(Failed::new(
            USAGE,
            "--password takes - (standard input) or @FILE, and not the password itself",
        )),
    });
    let file = given.transpose()?;
    let files = args.auth_password_file.iter().chain(&file).map(PathBuf::as_path);
    let mut passwords = Passwords::of(files)?;
    let mut subject = Subject::new(url);
    subject.namespace = args.namespace.clone().filter(|namespace| namespace != DISCOVER);
    if !args.without_password {
        subject.password = passwords.auth(args.auth_password_file.as_deref())?;
        if subject.password.is_none() {
            let why = format!(
                "no web service password: set {AUTH_PASSWORD} or give --auth-password-file; --without-password tests what can be tested without"
            );
            return Err(Failed::new(SETTINGS, why));
        }
    }
    let trusted = args.trust.read(Some(url))?;
    subject.root_certificates = trusted.roots;
    subject.trust_fingerprint = trusted.fingerprint;
    subject.native_tls = trusted.native_tls;
    subject.client_certificate = args.shown.read()?;
    let mut suite = Suite::new(subject);
    suite.user = match &args.user {
        Some(name) => {
            let password = file.as_deref().map(|file| passwords.read(file, "user's password"));
            Some(User { name: name.clone(), password: password.transpose()? })
        }
        None => None,
    };
    suite.operations = args.operations.clone();
    suite.only = args.only.clone().unwrap_or_default();
    suite.allow_changes = args.allow_changes;
    suite.timeout = args.timeout;
    suite.answer_timeout = args.answer_timeout;
    let regular = |file: &Option<PathBuf>| file.clone().filter(|file| file != Path::new("-"));
    if let Some(file) = regular(&args.auth_password_file) {
        suite.shell.auth = in_file(&file);
    }
    if let Some(file) = regular(&file) {
        suite.shell.password = in_file(&file);
    }
    suite.shell.curl = [args.trust.curl(), args.shown.curl()].concat();
    Ok(suite)
}

/// The line of a file, as a word of the shell.
fn in_file(file: &Path) -> String {
    format!("\"$(cat -- '{}')\"", file.display().to_string().replace('\'', "'\\''"))
}

fn json(report: &Report, is_ok: bool) -> String {
    let count = |outcome| report.count(outcome, None);
    let object = serde_json::json!({
        "ok": is_ok,
        "url": report.url,
        "milliseconds": report.milliseconds,
        "counts": {
            "passed": count(Outcome::Passed),
            "failed": count(Outcome::Failed),
            "failed_must": report.count(Outcome::Failed, Some(Level::Must)),
            "skipped": count(Outcome::Skipped),
            "not_run": count(Outcome::NotRun),
            "not_judged_must": report.not_judged().count(),
        },
        "oddities": report.oddities,
        "cases": report.cases,
    });
    serde_json::to_string_pretty(&object).unwrap_or_default()
}

/// The report for people: failures with all there is to say, then what was skipped, then a table.
fn text(report: &Report, paint: Paint, columns: Option<usize>) -> String {
    let width = columns.unwrap_or(usize::MAX).max(60);
    let mut text = format!("{}\n", paint.paint("1", &printable(&report.url)));
    for case in report.cases.iter().filter(|case| case.outcome == Outcome::Failed) {
        let code = if case.level == Level::Must { "1;31" } else { "33" };
        let head = format!("{} {}", case.number, case.level);
        let line = fill(&format!("{head}: {}", case.says), 2, width);
        text.push_str(&format!("\n{}\n", paint.paint(code, &line)));
        text.push_str(&format!("  {}\n", paint.paint("2", case.law)));
        let why = printable(case.text.as_deref().unwrap_or_default());
        text.push_str(&format!("  {}\n", fill(&why, 2, width - 2)));
        for (name, part) in [("sent", &case.sent), ("got", &case.got)] {
            if let Some(part) = part {
                text.push_str(&format!("  {name}:\n{}", indented(part)));
            }
        }
        if let Some(again) = &case.again {
            // As it is, so that it can be copied.
            text.push_str(&format!("  to see it again:\n    {again}\n"));
        }
    }
    for oddity in &report.oddities {
        let line = format!("odd ({}): {}", oddity.code, printable(&oddity.text));
        text.push_str(&format!("\n{}\n", fill(&line, 2, width)));
        if let Some(remedy) = &oddity.remedy {
            text.push_str(&format!("  {}\n", fill(&format!("remedy: {remedy}"), 4, width - 2)));
        }
    }
    text.push_str(&left_out(report, width));
    text.push_str(&table(report));
    text
}

fn indented(part: &str) -> String {
    printable(part).lines().map(|line| format!("    {line}\n")).collect()
}

/// What was not judged, by the reason.
fn left_out(report: &Report, width: usize) -> String {
    let mut reasons: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for case in &report.cases {
        let word = match case.outcome {
            Outcome::Skipped => "skipped",
            Outcome::NotRun => "not run",
            Outcome::Passed | Outcome::Failed => continue,
        };
        let why = case.text.as_deref().unwrap_or_default();
        match reasons.iter_mut().find(|(known, reason, _)| (*known, *reason) == (word, why)) {
            Some((.., numbers)) => numbers.push(case.number.to_string()),
            None => reasons.push((word, why, vec![case.number.to_string()])),
        }
    }
    let line = |(word, why, numbers): &(&str, &str, Vec<String>)| {
        fill(&format!("{word}: {}: {}", printable(why), numbers.join(", ")), 2, width) + "\n"
    };
    let lines: String = reasons.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "\n{:>2} {:17} {:>6} {:>6} {:>7} {:>7} {:>7}\n",
        "", "", "passed", "failed", "of must", "skipped", "not run"
    );
    let row = |number: &str, name: &str, is: &dyn Fn(&CaseReport) -> bool| {
        let count = |outcome: Outcome, level: Option<Level>| {
            let is = |c: &&CaseReport| {
                is(c) && c.outcome == outcome && level.is_none_or(|l| l == c.level)
            };
            report.cases.iter().filter(is).count()
        };
        format!(
            "{number:>2} {name:17} {:>6} {:>6} {:>7} {:>7} {:>7}\n",
            count(Outcome::Passed, None),
            count(Outcome::Failed, None),
            count(Outcome::Failed, Some(Level::Must)),
            count(Outcome::Skipped, None),
            count(Outcome::NotRun, None),
        )
    };
    for (number, name) in GROUPS {
        if report.cases.iter().any(|case| case.number.group == *number) {
            text.push_str(&row(&number.to_string(), name, &|case| case.number.group == *number));
        }
    }
    text.push_str(&row("", "all", &|_| true));
    let mut verdict = match report.count(Outcome::Failed, Some(Level::Must)) {
        0 => "no must failed".to_owned(),
        failed => format!("{failed} must failed"),
    };
    let open: Vec<String> = report.not_judged().map(|case| case.number.to_string()).collect();
    if !report.is_judged() {
        verdict = "nothing was judged".to_owned();
    }
    if !open.is_empty() {
        verdict += &format!(", {} must not judged ({})", open.len(), open.join(", "));
    }
    text.push_str(&format!("{verdict}, in {:.1} s\n", report.milliseconds as f64 / 1e3));
    text
}
