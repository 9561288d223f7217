//! `check`: the doctor: what ails a configured service, and what to do about it.

mod side_by_side;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use external_providers::Client;
use external_providers::contract::{Absent, Kind};
use external_providers::doctor::{Options, Report, SignOn, Subject};
use external_providers::settings::TABS;
use external_providers::sign_on::MachineKey;
use external_providers::soap::SoapVersion;
use serde::Serialize;

pub(super) use self::table::{summary, table};
use tokio::runtime::Builder;

use super::output::{self, Paint};
use super::passwords::{AUTH_PASSWORD, Passwords};
use super::trust::{Shown, Trust};
use super::{
    DISCOVER, FINDINGS, Failed, OK, SETTINGS, USAGE, print, runtime, seconds, settings, unbuilt,
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
///
/// Services are looked at side by side, and reported in the order of the settings. On a terminal,
/// standard error shows the steps under way; elsewhere, a step that takes more than two seconds is
/// named there in a line.
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: ok (no findings), checks (kind, url, outcome, steps). A step has name
(settings, cookie, resolve, connect, tls, wsdl, contract, soap, password, sign-on, times, clock, http), outcome
(ok, warning, finding, not-checked), text, milliseconds (or null), details, findings. A finding has
code (a stable word: namespace, old-tls, …), severity (note, warning, finding), text, remedy (or
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
        "trust_fingerprint", "native_tls", "client_certificate"])]
    pub(super) settings: Option<PathBuf>,

    /// Look at this service, for instance http://host/Provider.asmx
    #[arg(long)]
    url: Option<String>,

    /// The kind that the service is to implement, or the one tab of the settings to look at: login,
    /// registration, custom_fields, ticket, live_chat, user_information or events. Default: all
    #[arg(long)]
    kind: Option<Kind>,

    /// The namespace that callers are set to; without it, or with "discover", the WSDL's is used
    #[arg(long, conflicts_with = "settings", value_parser = super::namespace)]
    namespace: Option<String>,

    /// The SOAP version that callers are set to
    #[arg(long, value_name = "VERSION", default_value = "1.1", conflicts_with = "settings",
        value_parser = variables::soap_version())]
    soap: SoapVersion,

    /// What becomes of a known variable without a value: empty sends it so (subject=), omit leaves it out
    #[arg(long, value_name = "HOW", default_value = "empty", value_parser = variables::absent(),
        conflicts_with = "settings")]
    absent: Absent,

    /// Read the web service password from this file (- is standard input). Default: it is read from
    /// EXTERNAL_PROVIDERS_AUTH_PASSWORD
    #[arg(long, value_name = "FILE", conflicts_with = "settings")]
    auth_password_file: Option<PathBuf>,

    #[command(flatten)]
    trust: Trust,

    #[command(flatten)]
    shown: Shown,

    /// Also make a login cookie for --user with the machineKey of this file (a web.config, say), read it
    /// again, and ask the login service about the user as the help desk does (GetSignInCookieInfo)
    #[arg(long, value_name = "FILE", requires = "user")]
    cookie_key: Option<PathBuf>,

    /// The user to make it for
    #[arg(long, value_name = "NAME", requires = "cookie_key")]
    user: Option<String>,

    /// How long each step may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds(0.01, HOUR))]
    step_timeout: Duration,

    /// How long all steps about one service may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "90", value_parser = seconds(0.01, HOUR))]
    timeout: Duration,

    /// How many round trips are timed, from 1 to 100
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

/// The longest that a check may take, in seconds.
const HOUR: f64 = 3600.0;

/// What `--json` prints.
#[derive(Serialize)]
struct Checks<'c> {
    ok: bool,
    checks: &'c [Report],
}

pub(crate) fn run(args: &CheckArgs) -> Result<u8, Failed> {
    let (mut subjects, takes_cookies) = subjects(args)?;
    sign_on(args, &mut subjects, !takes_cookies)?;
    let options = Options {
        step: args.step_timeout,
        total: args.timeout,
        allow_changes: args.allow_changes,
        round_trips: usize::from(args.round_trips),
    };
    let runtime = runtime(Builder::new_current_thread())?;
    let reports =
        runtime.block_on(side_by_side::look(subjects, &options, |report| match args.json {
            true => Ok(()),
            false => print(&table(report, Paint::stdout(), output::columns())),
        }))?;
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

/// Gives the login service a user to be asked about.
fn sign_on(args: &CheckArgs, subjects: &mut [Subject], is_off: bool) -> Result<(), Failed> {
    let (Some(file), Some(user)) = (&args.cookie_key, &args.user) else { return Ok(()) };
    let key = MachineKey::load(file).map_err(|error| Failed::new(SETTINGS, error.to_string()))?;
    let is_login = |subject: &&mut Subject| subject.kind.is_none_or(|kind| kind == Kind::Login);
    let Some(subject) = subjects.iter_mut().find(is_login) else {
        return Err(Failed::new(USAGE, "--cookie-key is for logins, and none is looked at")
            .hint("enable the login with an external provider, or leave --kind out"));
    };
    subject.sign_on = Some(SignOn { key, user: user.clone(), is_off });
    Ok(())
}

/// What is looked at, and whether the help desk takes cookies of other sites, as far as is known.
fn subjects(args: &CheckArgs) -> Result<(Vec<Subject>, bool), Failed> {
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
        return Ok((subjects, settings.login.accept_sign_on_cookies));
    }
    let Some(url) = &args.url else {
        return Err(Failed::new(USAGE, "there is no service to check")
            .hint(format!("give --settings FILE or --url URL, or set {}", settings::VARIABLE)));
    };
    Client::new(url, "").map_err(|error| unbuilt(&error, url))?;
    let mut subject = Subject::new(url.as_str());
    subject.kind = args.kind;
    subject.namespace = args.namespace.clone().filter(|namespace| namespace != DISCOVER);
    subject.soap = args.soap;
    subject.absent = args.absent;
    subject.password = Passwords::default().auth(args.auth_password_file.as_deref())?;
    let trusted = args.trust.read(Some(url))?;
    subject.root_certificates = trusted.roots;
    subject.trust_fingerprint = trusted.fingerprint;
    subject.native_tls = trusted.native_tls;
    subject.client_certificate = args.shown.read()?;
    if subject.password.is_none() {
        let note = format!(
            "without a password ({AUTH_PASSWORD}, --auth-password-file) it is not checked whether it is accepted"
        );
        output::note(&note);
    }
    Ok((vec![subject], true))
}
