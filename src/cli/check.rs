//! `check`: the doctor: what ails a configured service, and what to do about it.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use external_providers::Client;
use external_providers::check::{Gravity, Options, Outcome, Report, Step, Subject, check};
use external_providers::contract::{Absent, Kind};
use external_providers::settings::TABS;
use external_providers::soap::SoapVersion;
use serde::Serialize;

use super::output::{self, Paint, is_dumb, is_quiet};
use super::passwords::{AUTH_PASSWORD, Passwords};
use super::trust::Trust;
use super::{
    FINDINGS, Failed, LOCAL, OK, SETTINGS, USAGE, plural, print, printable, settings, unbuilt,
    variables,
};

/// Find out what ails a provider service, and what to do about it
///
/// Looks at each enabled external provider of a settings file, or at the one URL, step by step:
/// name, connection, TLS, the WSDL and how it differs from the contract, SOAP in both versions,
/// whether a wrong password is refused and ours accepted (by each operation that reads), round-trip times, the clock, and the web
/// server's habits. Each trouble is named with its remedy. What cannot be looked at says why, and
/// never counts as passed.
///
/// Nothing is changed at the service: of its operations only those that read are called, with a
/// user that does not exist. --allow-changes lets the others be called where a kind has no other.
///
/// With --url, the web service password is read from EXTERNAL_PROVIDERS_AUTH_PASSWORD unless
/// --auth-password-file is given; without one, it is not checked whether it is accepted.
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: ok (no findings), checks (kind, url, outcome, steps). A step has name
(settings, resolve, connect, tls, wsdl, contract, soap, password, times, clock, http), outcome
(ok, warning, finding, not-checked), text, milliseconds (or null), details, findings. A finding has
code (a stable word: namespace, old-tls, …), gravity (note, warning, finding), text, remedy (or
null). Members may be added; none is removed.

Exit codes:
  0  all well, perhaps with warnings
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: a file or a password is wrong or missing
  9  findings: something does not work")]
pub(crate) struct CheckArgs {
    /// Look at every enabled external provider of this settings file; without --settings and --url,
    /// of the file that EXTERNAL_PROVIDERS_SETTINGS names. With --kind, mistakes in the sections of
    /// other kinds are warnings
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "root_certificates",
        "trust_fingerprint", "native_tls"])]
    pub(super) settings: Option<PathBuf>,

    /// Look at this service, for instance http://host/Provider.asmx
    #[arg(long)]
    url: Option<String>,

    /// The kind that the service is to implement, or the one tab of the settings to look at
    #[arg(long, value_parser = parse_kind)]
    kind: Option<Kind>,

    /// The namespace that callers are set to; without it, the WSDL's is used
    #[arg(long, conflicts_with = "settings")]
    namespace: Option<String>,

    /// The SOAP version that callers are set to
    #[arg(long, value_name = "VERSION", default_value = "1.1", value_parser = ["1.1", "1.2"],
        conflicts_with = "settings")]
    soap: String,

    /// What is sent of a known variable without a value: it, empty, or nothing
    #[arg(long, value_name = "HOW", default_value = "empty", value_parser = variables::absent(),
        conflicts_with = "settings")]
    absent: Absent,

    /// Read the web service password from this file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "settings")]
    auth_password_file: Option<PathBuf>,

    #[command(flatten)]
    trust: Trust,

    /// How long each step may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    step_timeout: Duration,

    /// How long all steps about one service may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "90", value_parser = seconds)]
    timeout: Duration,

    /// How many round trips are timed
    #[arg(long, value_name = "NUMBER", default_value = "5",
        value_parser = clap::value_parser!(u8).range(1..=100))]
    round_trips: u8,

    /// Also call operations that change something at the service (tickets, chats, events,
    /// registration), where the kind has no other
    #[arg(long)]
    allow_changes: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    let named = TABS.into_iter().find(|kind| kind.to_string() == text);
    named.ok_or_else(|| format!("it is one of {}", TABS.map(|kind| kind.to_string()).join(", ")))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.01..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "give a number of seconds from 0.01 to 3600".to_owned())
}

/// What `--json` prints.
#[derive(Serialize)]
struct Checks<'c> {
    ok: bool,
    checks: &'c [Report],
}

pub(crate) fn run(args: &CheckArgs) -> Result<u8, Failed> {
    let subjects = subjects(args)?;
    let options = Options {
        step: args.step_timeout,
        total: args.timeout,
        allow_changes: args.allow_changes,
        round_trips: usize::from(args.round_trips),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::new(LOCAL, format!("no runtime: {error}")))?;
    let shows = std::io::stderr().is_terminal() && !is_dumb() && !is_quiet();
    let mut reports = Vec::new();
    for subject in &subjects {
        let name = subject.kind.map_or_else(|| "the service".to_owned(), |kind| kind.to_string());
        let progress = |step: &'static str| {
            if shows {
                // Nobody is served by an end because progress cannot be shown.
                let _ = write!(std::io::stderr(), "\r\x1b[Kchecking {name}: {step} …");
            }
        };
        let report = runtime.block_on(check(subject, &options, progress));
        if shows {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        if !args.json {
            print(&table(&report, Paint::stdout()))?;
        }
        reports.push(report);
    }
    // A name look-up cannot be cancelled, and must not hold up the end.
    runtime.shutdown_background();
    let ok = !reports.iter().any(Report::has_findings);
    if args.json {
        let checks = Checks { ok, checks: &reports };
        // Strings and numbers with string keys: this cannot fail.
        print(&(serde_json::to_string_pretty(&checks).unwrap_or_default() + "\n"))?;
    } else {
        print(&summary(&reports))?;
    }
    Ok(if ok { OK } else { FINDINGS })
}

fn subjects(args: &CheckArgs) -> Result<Vec<Subject>, Failed> {
    let wanted = |found: Kind| args.kind.is_none_or(|kind| kind == found);
    if let Some(file) = &args.settings {
        let settings = settings::load(file, args.kind)?;
        let tabs = TABS.iter().filter(|kind| wanted(**kind));
        let subjects: Vec<Subject> =
            tabs.filter_map(|kind| settings.tab(*kind).external()).map(Subject::from).collect();
        if subjects.is_empty() {
            let message = match args.kind {
                Some(kind) => format!("{kind} is not enabled with an external provider"),
                None => "no kind is enabled with an external provider".to_owned(),
            };
            return Err(Failed::new(SETTINGS, format!("{}: {message}", file.display())).hint(
                "switch it on in [options], and set provider = \"external\" in its section",
            ));
        }
        return Ok(subjects);
    }
    let Some(url) = &args.url else {
        return Err(Failed::new(USAGE, "there is no service to check")
            .hint(format!("give --settings FILE or --url URL, or set {}", settings::VARIABLE)));
    };
    Client::new(url, "").map_err(|error| unbuilt(&error, url))?;
    let mut subject = Subject::new(url.as_str());
    subject.kind = args.kind;
    subject.namespace.clone_from(&args.namespace);
    subject.soap = if args.soap == "1.2" { SoapVersion::V12 } else { SoapVersion::V11 };
    subject.absent = args.absent;
    subject.password = Passwords::default().auth(args.auth_password_file.as_deref())?;
    let trusted = args.trust.read(Some(url))?;
    subject.root_certificates = trusted.roots;
    subject.trust_fingerprint = trusted.fingerprint;
    subject.native_tls = trusted.native_tls;
    if subject.password.is_none() {
        let note = format!(
            "without a password ({AUTH_PASSWORD}, --auth-password-file) it is not checked whether it is accepted"
        );
        output::note(&note);
    }
    Ok(vec![subject])
}

/// A report for people.
fn table(report: &Report, paint: Paint) -> String {
    let paint = |code: &str, text: &str| paint.paint(code, text);
    let kind = report.kind.as_deref().unwrap_or("service");
    let mut text = format!("{}  {}\n", paint("1", kind), printable(&report.url));
    for step in &report.steps {
        let (word, code) = match step.outcome {
            Outcome::Ok => ("ok", "32"),
            Outcome::Warning => ("warning", "33"),
            Outcome::Finding => ("FINDING", "1;31"),
            Outcome::NotChecked => ("-", "2"),
        };
        let word = paint(code, &format!("{word:8}"));
        text.push_str(&format!("  {word} {:9} {}\n", step.name, line(step)));
        for detail in &step.details {
            text.push_str(&format!("{:20} {}\n", "", paint("2", &printable(detail))));
        }
        for finding in &step.findings {
            let code = match finding.gravity {
                Gravity::Note => "2",
                Gravity::Warning => "33",
                Gravity::Finding => "31",
            };
            let gravity = match finding.gravity {
                Gravity::Note => "note",
                Gravity::Warning => "warning",
                Gravity::Finding => "finding",
            };
            let said = format!("{gravity} ({}): {}", finding.code, printable(&finding.text));
            text.push_str(&format!("{:20} {}\n", "", paint(code, &said)));
            if let Some(remedy) = &finding.remedy {
                text.push_str(&format!("{:20}   remedy: {}\n", "", printable(remedy)));
            }
        }
    }
    text.push('\n');
    text
}

fn line(step: &Step) -> String {
    let text = printable(&step.text);
    match (step.outcome, step.milliseconds) {
        (Outcome::NotChecked, _) => format!("not checked: {text}"),
        (_, Some(ms)) => format!("{text} ({ms:.1} ms)"),
        (_, None) => text,
    }
}

fn summary(reports: &[Report]) -> String {
    let count = |gravity| {
        let all = reports.iter().flat_map(Report::findings);
        all.filter(|finding| finding.gravity == gravity).count()
    };
    let steps = reports.iter().flat_map(|report| &report.steps);
    let mut skipped: Vec<&str> = Vec::new();
    for step in steps.filter(|step| step.outcome == Outcome::NotChecked) {
        if !skipped.contains(&step.name) {
            skipped.push(step.name);
        }
    }
    let (findings, warnings) = (count(Gravity::Finding), count(Gravity::Warning));
    let begin = match (findings, warnings) {
        (0, 0) => "all well".to_owned(),
        (0, warnings) => format!("no findings, {}", plural(warnings, "warning")),
        (findings, warnings) => {
            format!("{}, {}", plural(findings, "finding"), plural(warnings, "warning"))
        }
    };
    match skipped.as_slice() {
        [] => format!("{begin}\n"),
        skipped => format!("{begin}; not checked: {}\n", skipped.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: &str = "1 finding, 0 warnings; not checked: resolve, connect, tls, wsdl, \
        contract, soap, password, times, clock, http\n";

    #[test]
    fn outcomes_have_colours_where_there_are_any() {
        let subject = Subject::new("nonsense");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let report = runtime.block_on(check(&subject, &Options::default(), |_| ()));
        let plain = table(&report, Paint::always(false));
        assert!(plain.contains("  FINDING  settings  ") && !plain.contains('\x1b'), "{plain}");
        let painted = table(&report, Paint::always(true));
        assert!(painted.contains("\x1b[1;31mFINDING \x1b[0m settings"), "{painted}");
        assert!(painted.contains("\x1b[2m-       \x1b[0m resolve"), "{painted}");
        let stripped = ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[1;31m", "\x1b[0m"]
            .iter()
            .fold(painted, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
        assert_eq!(summary(&[report]), SUMMARY);
    }
}
