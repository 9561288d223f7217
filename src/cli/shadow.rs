//! `shadow`: the old service answers, and a candidate is compared with it.

mod progress;
mod reload;
pub(super) mod report_file;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use external_providers::compare::Policy;
use external_providers::record::Proxy;
use external_providers::shadow::{
    Candidate, CandidateError, Progress, Report, Shadow, ShadowError, ShadowOptions, Until,
    UntilState,
};
use external_providers::tls::Fingerprint;
use external_providers::{Client, Secret};
use progress::ProgressLine;
use reload::reload;
use tokio::runtime::Builder;

use super::forwarding::Forwarding;
use super::passwords::Passwords;
use super::signals::{Signal, Signals};
use super::{
    DAY, DIFFERS, Failed, LOCAL, OK, USAGE, certificates, error_chain, listen, output, plural,
    print, printable, runtime, seconds,
};

/// Ask a new service what an old one is asked, and report what it answers otherwise
///
/// Point the caller at the address listened on, with the path that it uses at the old service. The old
/// service answers every call, byte for byte, as through "record". The candidate is asked the same
/// afterwards, and no caller waits for it: a candidate that hangs or is dead changes nothing.
///
/// What is compared: Success, Message (absent, empty and nil are different), each output, each property of
/// each field that is to change, faults, status and media type, pages, and no answer. Of outputs that
/// stand twice the last counts. The order of outputs says nothing to the help desk, and is a difference
/// of its own ("order of outputs"). WSDLs and help pages are passed on and not compared.
///
/// Nothing changes by it: operations that may change something, and those that the contract does not
/// know (the old service's WSDL is read for other names), are not shown to the candidate unless
/// --allow-changes names them. A login is shown to it only after the old service let the user in, and
/// said so (Authentication=OK): a wrong password would count twice towards a lock-out. Calls with HTTP
/// credentials that the old service refuses are not shown, and no credentials are without
/// --candidate-credentials.
///
/// SIGTERM and SIGINT end it (SIGHUP, too, without --provider), with the report on standard output.
/// Passwords stand in no report and no log.
#[derive(Args)]
#[command(group = ArgGroup::new("new service").required(true).args(["candidate", "provider"]))]
#[command(override_usage = "external-providers shadow [OPTIONS] --upstream <ORIGIN>
       <--candidate <URL>|--provider <FILE>>")]
#[command(after_help = "\
Exit codes:
  0  stopped in order, and nothing of what was compared differs; with --until, that was reached
  1  local trouble: the address cannot be listened on, a report cannot be written
  2  usage: the arguments are wrong, or the candidate is the old service or this one
  3  settings: a password or a certificate is wrong or missing
  8  answers differ, or none were compared; with --until, it cannot be reached, or was not when a
     signal came")]
pub(crate) struct ShadowArgs {
    #[command(flatten)]
    forwarding: Forwarding,

    /// The service that is to take its place: an origin (http://host), which is asked at the paths of the
    /// calls, or the service's whole URL (http://host/Provider.asmx)
    #[arg(long, value_name = "URL")]
    candidate: Option<String>,

    /// A provider's file that is to take its place. Nothing is changed: its statements with an effect are
    /// not run, and answers that depend on them are not compared; no sink is told, where it forwards stands
    /// what the old service has just answered, and an endpoint is not asked about what may change something.
    /// Its path and who may call are not compared; its web service password is, with that of callers. SIGHUP
    /// loads it again, and begins the report anew
    #[arg(long, value_name = "FILE", conflicts_with_all = ["candidate", "allow_changes",
        "candidate_credentials",
        "candidate_namespace", "candidate_auth_password_file", "candidate_trust_fingerprint",
        "candidate_root_certificates"])]
    provider: Option<PathBuf>,

    /// Write the report to this file, too, every minute and at the end: .txt, .json, or .html, which is one
    /// page without scripts, to be sent to a colleague. One in which nothing was compared does not take the
    /// place of another. When SIGHUP begins it anew, the one so far is kept beside, with its time in its name
    #[arg(long, value_name = "FILE", value_parser = report_file::path)]
    report: Option<PathBuf>,

    /// Keep examples of each kind of difference as fixtures, both sides without secrets, in a directory of
    /// their own below this one, which may hold nothing else. Default: none are kept, and the report has
    /// masked excerpts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// End when so many calls were compared and no more of them differ: "1000 calls, 0 differences". Callers
    /// are refused from then on, so point them at the old service again, or see --keep-forwarding
    #[arg(long, value_name = "END")]
    until: Option<Until>,

    /// With --until: go on forwarding and comparing after that, until a signal comes
    #[arg(long, requires = "until")]
    keep_forwarding: bool,

    /// Do not compare a variable, a field or another part, by its name or as the report names it
    /// (EmailAddress, Message, order); with =REGEX, where both values match it as a whole. May be repeated
    #[arg(long, value_name = "NAME[=REGEX]")]
    ignore: Vec<String>,

    /// Show this operation to the candidate although it may change something there: each call then
    /// happens twice. May be repeated
    #[arg(long, value_name = "OPERATION")]
    allow_changes: Vec<String>,

    /// The candidate's namespace, where it is not the one that callers use
    #[arg(long, value_name = "NAMESPACE", value_parser = super::namespace)]
    candidate_namespace: Option<String>,

    /// Read the candidate's web service password from this file (- is standard input). Default: it is the
    /// one that callers send
    #[arg(long, value_name = "FILE")]
    candidate_auth_password_file: Option<PathBuf>,

    /// Pass the headers on to the candidate, too, with which callers sign in at the old service
    /// (Authorization, Cookie and their like)
    #[arg(long)]
    candidate_credentials: bool,

    /// How long an answer of the candidate may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds(0.001, DAY),
        allow_hyphen_values = true)]
    candidate_timeout: Duration,

    /// Trust the certificates in this file (PEM or DER) at the candidate, beside the system's
    #[arg(long, value_name = "FILE")]
    candidate_root_certificates: Option<PathBuf>,

    /// Trust the candidate with exactly this certificate and no other
    #[arg(long, value_name = "SHA256")]
    candidate_trust_fingerprint: Option<Fingerprint>,

    /// How many calls the candidate is asked at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,

    /// How many calls may wait for the candidate; more are dropped, and counted
    #[arg(long, value_name = "NUMBER", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    queue: u32,

    /// How long to wait at the end for calls that are not compared yet, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds(0.0, DAY),
        allow_hyphen_values = true)]
    drain: Duration,
}

pub(crate) fn run(args: &ShadowArgs) -> Result<u8, Failed> {
    super::memory::give_back();
    let files = [&args.forwarding.auth_password_file, &args.candidate_auth_password_file];
    let mut passwords = Passwords::of(files.into_iter().filter_map(Option::as_deref))?;
    let old_password = passwords.auth(args.forwarding.auth_password_file.as_deref())?;
    let own = args.candidate_auth_password_file.as_deref();
    let own =
        own.map(|file| passwords.read(file, "the candidate's web service password")).transpose()?;
    let shadow = shadow(args, old_password, own)?;
    // A place that cannot be written is better told now than after hours.
    args.report.as_deref().map(|file| report_file::write(file, &shadow.report())).transpose()?;
    let runtime = runtime(Builder::new_multi_thread())?;
    let report = runtime.block_on(serve(args, shadow))?;
    runtime.shutdown_background();
    print(&printable(&report.to_string()))?;
    if let Some(file) = &args.report {
        report_file::finish(file, &report)?;
    }
    Ok(code(args, &report))
}

fn code(args: &ShadowArgs, report: &Report) -> u8 {
    let Some(until) = &args.until else {
        if report.compared == 0 {
            output::warning("nothing was compared: the report below says nothing of the candidate");
        }
        return if report.different == 0 && report.compared > 0 { OK } else { DIFFERS };
    };
    // What was compared after the end counts, too.
    let holds = until.differences.is_none_or(|most| report.different <= most);
    match holds && report.compared >= until.calls {
        true => {
            output::note(&format!("reached: {until}"));
            OK
        }
        false => {
            let why = match holds {
                true => format!("it was stopped after {}", plural(report.compared, "call")),
                false => format!("{} differ", report.different),
            };
            output::error(&format!("not reached: {until}: {why}"));
            DIFFERS
        }
    }
}

fn shadow(args: &ShadowArgs, old: Option<Secret>, own: Option<Secret>) -> Result<Shadow, Failed> {
    let mut ignore = Policy::default();
    for rule in &args.ignore {
        match rule.split_once('=') {
            Some((name, pattern)) => ignore.patterns.push((name.to_owned(), pattern.to_owned())),
            None => ignore.ignore.push(rule.clone()),
        }
    }
    let trusted = args.forwarding.trust.read(Some(&args.forwarding.upstream))?;
    let options = ShadowOptions {
        allow_changes: args.allow_changes.clone(),
        ignore,
        rules: args.forwarding.rules(),
        secrets: old.into_iter().collect(),
        concurrency: usize::from(args.concurrency),
        queue_calls: args.queue as usize,
        examples: args.out.clone(),
        until: args.until,
        old_client: Box::new(move |url| {
            let client = Client::builder(url, Secret::default()).timeout(Duration::from_secs(10));
            trusted.clone().apply(client)
        }),
        ..ShadowOptions::default()
    };
    let candidate = candidate(args, own)?;
    Shadow::start(&args.forwarding.upstream, candidate, options).map_err(|error| match error {
        ShadowError::Foreign(_) => {
            Failed::new(USAGE, error.to_string()).hint("give --out a directory of its own")
        }
        ShadowError::Pattern(_) => Failed::new(USAGE, error.to_string()),
        ShadowError::Itself(_) => Failed::new(USAGE, error.to_string())
            .hint("give the new service's URL, with its path where it is on the same server"),
        _ => Failed::new(LOCAL, error_chain(&error)),
    })
}

fn candidate(args: &ShadowArgs, password: Option<Secret>) -> Result<Candidate, Failed> {
    let Some(url) = &args.candidate else {
        let file = args.provider.as_deref().unwrap_or(Path::new(""));
        return Ok(Candidate::file(super::provider::provider(file)?));
    };
    let mut client = Client::builder(url, Secret::default())
        .timeout(args.candidate_timeout)
        .connect_timeout(args.forwarding.connect_timeout.min(args.candidate_timeout));
    if let Some(file) = &args.candidate_root_certificates {
        client = client.root_certificates(certificates(file)?);
    }
    if let Some(fingerprint) = args.candidate_trust_fingerprint {
        client = client.trust_fingerprint(fingerprint);
    }
    let mut candidate = Candidate::over(url, &client).map_err(|error| match error {
        CandidateError::Build(error) => super::unbuilt(&error, url),
        error => Failed::new(USAGE, error_chain(&error)),
    })?;
    if let Some(namespace) = &args.candidate_namespace {
        candidate = candidate.with_namespace(namespace);
    }
    if let Some(password) = password {
        candidate = candidate.with_password(password);
    }
    Ok(if args.candidate_credentials { candidate.with_credentials() } else { candidate })
}

/// Waits for what is not compared yet, but not without end, nor when another signal comes.
async fn drain(args: &ShadowArgs, shadow: &Shadow, signals: &mut Signals) {
    let mut enough = std::pin::pin!(tokio::time::sleep(args.drain));
    let mut is_told = false;
    loop {
        let changed = shadow.changes();
        let waiting = shadow.progress().waiting;
        if waiting == 0 {
            return;
        }
        if !std::mem::replace(&mut is_told, true) {
            let (calls, most) = (plural(waiting, "call"), args.drain.as_secs_f64());
            output::note(&format!(
                "stopping: {calls} to be compared (for at most {most} s); a second Ctrl-C or signal stops now"
            ));
        }
        tokio::select! {
            () = changed => {}
            () = &mut enough => return,
            () = signals.next() => return,
        }
    }
}

/// Serves until it has seen enough, or is told to stop.
async fn serve(args: &ShadowArgs, shadow: Shadow) -> Result<Report, Failed> {
    let mut signals = Signals::new()?;
    let builder = Proxy::forwarder(&args.forwarding.upstream).observer(shadow.observer());
    let proxy = args.forwarding.bind(builder).await?;
    let address = proxy.local_addr();
    if shadow.asks(address) {
        let message = format!("the candidate is {address}, which is listened on here");
        return Err(Failed::new(USAGE, message).hint("give the new service's own URL"));
    }
    print(&printable(&format!(
        "listening on http://{}{}, forwarding to {}, comparing with {}\n",
        listen::to_call(address),
        listen::everywhere(address),
        proxy.upstream(),
        shadow.report().candidate,
    )))?;
    if args.until.is_some() && !args.keep_forwarding {
        output::warning("callers are refused when the end is reached (see --keep-forwarding)");
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut served = std::pin::pin!(proxy.serve(async {
        let _ = stopped.await;
    }));
    let (mut stop, mut is_open) = (Some(stop), true);
    let mut line = ProgressLine::new();
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    // A call that only went by must not use up the minute in which the first comparison is to be saved.
    let judged =
        |Progress { compared, not_compared, dropped, .. }| (compared, not_compared, dropped);
    let mut saved = (0, 0, 0);
    minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let changed = shadow.changes();
        if let Some(until) = args.until.as_ref().filter(|_| is_open && stop.is_some()) {
            let state = until.state(&shadow.progress());
            is_open = state == UntilState::Open;
            match args.keep_forwarding {
                _ if is_open => {}
                false => stop = None,
                true => output::note(&format!(
                    "{}: {until}; forwarding goes on",
                    if state == UntilState::Reached { "reached" } else { "out of reach" }
                )),
            }
        }
        tokio::select! {
            () = &mut served => break,
            () = changed, if stop.is_some() => {}
            _ = minute.tick(), if judged(shadow.progress()) != saved => {
                saved = judged(shadow.progress());
                report_file::save(args.report.as_deref(), &shadow.report());
            }
            () = line.due() => line.show(&shadow.report()),
            signal = signals.next_signal() => match stop.take() {
                Some(going_on) if signal == Signal::Hangup && args.provider.is_some() => {
                    stop = Some(going_on);
                    reload(args, &shadow);
                }
                Some(stop) => drop(stop),
                // Whoever says it twice means it.
                None => break,
            },
        }
    }
    line.end();
    drain(args, &shadow, &mut signals).await;
    Ok(shadow.finish(Duration::from_millis(100)).await)
}
