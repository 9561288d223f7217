//! `record`: a proxy between a caller and a real service, that keeps what they say.

mod limits;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use external_providers::record::{
    HostHeader, Mode, Proxy, RecordError, Recording, RecordingOptions, Retention, Summary,
};
use tokio::runtime::Builder;

use super::forwarding::{Forwarding, refused};
use super::passwords::Passwords;
use super::signals::Signals;
use super::{
    Failed, LOCAL, OK, USAGE, error_chain, listen, output, plural, print, printable, runtime,
};

/// Record what a provider service and its callers say, as a proxy between them
///
/// Point the caller at the address listened on, with the path that it would use at the service. Every
/// exchange goes through byte for byte, faults, pages and errors included, and is kept in a
/// directory of its own below --out; "serve --fixtures DIR" answers from there. Only two things
/// change on the way: the Host header (see --host), and the service's own addresses in a WSDL, schema or
/// discovery document, those of imported documents included, so that its readers call the proxy.
///
/// Passwords are not kept: authPW, loginPassword and all keys whose last words name a secret
/// (newPassword2, userPass, access_token, X-Api-Key), the headers Authorization, Cookie and their like, and every place where their values come again
/// are replaced by REDACTED-1, REDACTED-2, … A compressed message goes through, but is not kept, since
/// no secret in it could be found; that fails the run.
///
/// SIGTERM, SIGINT and SIGHUP finish what was begun (a second one: at once) and print a summary. Each
/// exchange is logged on standard error in one line, without its content; EXTERNAL_PROVIDERS_LOG=off is
/// silent. Directories and files are made for their owner alone (0700, 0600).
#[derive(Args)]
#[command(after_help = "\
Modes:
  new               forward everything, and keep what earlier runs have not recorded: another
                    request, another answer, another password as far as can be said (also: spy)
  once              forward and record everything; refused if DIR holds a recording already
  all               forward and record everything; the new recording replaces DIR at the end, unless
                    it lacks something (see --replace). The old one is kept beside, as
                    .DIR.previous-TIME, until you remove it
  replay-or-record  answer from what DIR holds, forward and record the rest
  replay-only       answer from what DIR holds, refuse the rest (also: none)
The last two answer logins without asking the service: for tests, not for users.

What is recorded: calls, pages and documents of .asmx, .svc and .ashx files, WSDLs, and whatever is
answered with XML. A request without an answer is logged and counted, and answered 502; it is not
recorded. An answer is passed on before it is recorded: no caller waits for the disk.

An exchange that is equal to the last one of the same request (secrets included; dates and numbers of
requests in headers aside) is not written again: \"count\" in its exchange.toml goes up. An answer
that differs is another exchange, and a replay gives it after the earlier one.

What a recorder left that was killed is taken over by the next one, or named, and never removed.

Exit codes:
  0  stopped in order, perhaps with nothing recorded
  1  local trouble: the address cannot be listened on, an exchange could not be written, or was
     under way when a second signal came, or DIR was not replaced
  2  usage: the arguments are wrong
  3  settings: a password, a certificate or a recording is wrong or missing, DIR holds a recording
     (--mode once), or one of another service")]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    forwarding: Forwarding,

    /// The directory of the recording. It says of which service it is (recording.toml)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// What to do with a request; the list is below
    #[arg(long, value_name = "MODE", default_value = "new", hide_possible_values = true,
        value_parser = ["new", "spy", "once", "all", "replay-or-record", "replay-only", "none"])]
    mode: String,

    /// Go on although the recording in DIR is one of another service: that has moved
    #[arg(long)]
    allow_other_upstream: bool,

    /// With --mode all: replace the recording even by one that has gaps, lacks operations, or holds
    /// errors alone of an operation that was answered before
    #[arg(long)]
    replace: bool,

    /// With --mode all: remove the recordings that were replaced, now and earlier, when the new one is
    /// in place and has no gaps
    #[arg(long)]
    discard_previous: bool,

    /// Write exchanges that are equal to the one before them once more, instead of counting them
    #[arg(long)]
    keep_equal: bool,

    /// Record health probes and all else that is beside the service, too
    #[arg(long)]
    everything: bool,

    /// Keep at most so many exchanges; the oldest go first
    #[arg(long, value_name = "NUMBER", default_value_t = Retention::default().exchanges,
        value_parser = limits::exchanges)]
    max_exchanges: usize,

    /// Keep at most so many bytes of them: 4096, 64K, 500M, 2G (K is 1024); the oldest go first.
    /// Default: no limit
    #[arg(long, value_name = "BYTES", value_parser = limits::bytes)]
    max_size: Option<u64>,

    /// Keep none that is older: 2w, 30d (of 24 hours), 12h, 90m (minutes), 45s. Default: no limit
    #[arg(long, value_name = "AGE", value_parser = limits::some_age)]
    max_age: Option<Duration>,

    /// The Host header on its way to the service: kept as it is, or the upstream's. By default it is
    /// kept if the upstream is an IP address or localhost, and becomes the upstream's if it is a name
    #[arg(long, value_name = "keep|upstream", hide_possible_values = true)]
    host: Option<Host>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Host {
    Keep,
    Upstream,
}

pub(crate) fn run(args: &RecordArgs) -> Result<u8, Failed> {
    super::memory::give_back();
    let mode: Mode = args.mode.parse().map_err(|error| Failed::new(USAGE, format!("{error}")))?;
    if mode != Mode::All && (args.replace || args.discard_previous) {
        let option = if args.replace { "--replace" } else { "--discard-previous" };
        return Err(Failed::new(USAGE, format!("{option} is for --mode all")));
    }
    let password = Passwords::default().auth(args.forwarding.auth_password_file.as_deref())?;
    let options = RecordingOptions {
        rules: args.forwarding.rules(),
        retention: Retention {
            exchanges: args.max_exchanges,
            size: args.max_size,
            age: args.max_age,
        },
        keep_equal: args.keep_equal,
        everything: args.everything,
        other_upstream: args.allow_other_upstream,
        replace: args.replace,
        discard_previous: args.discard_previous,
        ..RecordingOptions::default()
    };
    let recording = Recording::open_with(&args.out, mode, options).map_err(|e| refused(&e))?;
    let not_replaced = mode == Mode::All && !recording.is_empty();
    let recording = Arc::new(recording.with_secrets(password));
    let runtime = runtime(Builder::new_multi_thread())?;
    let (in_order, summary) = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let in_order = serve(args, mode, &recording, &mut signals).await?;
        let summary = finish(&recording, &mut signals, in_order).await;
        Ok::<_, Failed>((
            in_order,
            summary.map_err(|error| Failed::new(LOCAL, error_chain(&error)))?,
        ))
    })?;
    runtime.shutdown_background();
    let mut told = told(&summary, args);
    if not_replaced && summary.recorded == 0 {
        told.push_str(&format!(
            "nothing was recorded, so {} was not replaced\n",
            args.out.display()
        ));
    }
    print(&printable(&told))?;
    match summary.failed {
        0 if in_order => Ok(OK),
        0 => Err(Failed::new(LOCAL, "stopped at once: what was under way is not recorded")),
        lost => Err(Failed::new(
            LOCAL,
            format!("{} could not be recorded (see the log)", plural(lost, "exchange")),
        )),
    }
}

/// Says something to whoever stops the recorder, however little is logged.
fn say(text: &str) {
    output::say_line(&printable(text));
}

/// Waits until everything is written; a second signal gives up what is not.
async fn finish(
    recording: &Arc<Recording>,
    signals: &mut Signals,
    may_wait: bool,
) -> Result<Summary, RecordError> {
    if !may_wait {
        recording.abandon();
    }
    let finishing = Arc::clone(recording);
    let mut finished = tokio::task::spawn_blocking(move || finishing.finish());
    loop {
        tokio::select! {
            finished = &mut finished => return finished.unwrap_or(Err(RecordError::Panic)),
            () = signals.next() => {
                let lost = plural(recording.waiting(), "exchange");
                say(&format!("not waiting: {lost} not recorded"));
                recording.abandon();
            }
        }
    }
}

/// Serves until a signal comes. Was all finished that was begun?
async fn serve(
    args: &RecordArgs,
    mode: Mode,
    recording: &Arc<Recording>,
    signals: &mut Signals,
) -> Result<bool, Failed> {
    let builder = Proxy::builder(&args.forwarding.upstream, Arc::clone(recording)).host_header(
        match args.host {
            None => HostHeader::Auto,
            Some(Host::Keep) => HostHeader::Keep,
            Some(Host::Upstream) => HostHeader::Upstream,
        },
    );
    let proxy = args.forwarding.bind(builder).await?;
    let address = proxy.local_addr();
    print(&printable(&format!(
        "listening on http://{}{}, forwarding to {}; mode {mode}: {}\n",
        listen::to_call(address),
        listen::everywhere(address),
        proxy.upstream(),
        meaning(mode, recording.len(), args)
    )))?;
    let under_way = proxy.under_way();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut served = std::pin::pin!(proxy.serve(async {
        let _ = stopped.await;
    }));
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            () = &mut served => return Ok(true),
            () = signals.next() => match stop.take() {
                Some(stop) => {
                    // Dropping the sender tells it.
                    drop(stop);
                    say_what_is_waited_for(under_way(), recording.waiting(), args);
                }
                // Whoever says it twice means it.
                None => return Ok(false),
            },
        }
    }
}

fn say_what_is_waited_for(calls: usize, exchanges: usize, args: &RecordArgs) {
    let mut waited_for = Vec::new();
    if calls > 0 {
        let calls = plural(calls, "call");
        let most = (args.forwarding.connect_timeout + args.forwarding.timeout).as_secs_f64();
        waited_for.push(format!("{calls} under way (for at most {most} s)"));
    }
    if exchanges > 0 {
        waited_for.push(format!("{} to be written", plural(exchanges, "exchange")));
    }
    if !waited_for.is_empty() {
        let waited_for = waited_for.join(" and ");
        say(&format!("stopping: waiting for {waited_for}; a second Ctrl-C or signal stops now"));
    }
}

/// What the mode means for this directory.
fn meaning(mode: Mode, found: usize, args: &RecordArgs) -> String {
    let dir = args.out.display();
    let recordings = plural(found, "recording");
    match (mode, found) {
        (Mode::New, 0) => format!("{dir} holds no recording yet, this session begins one"),
        (Mode::New, _) => {
            format!("what is not among the {recordings} of {dir} is recorded")
        }
        (Mode::Once, _) => format!("{dir} holds no recording yet, all is recorded"),
        (Mode::All, 0) => format!("all is recorded, and put into {dir} at the end"),
        (Mode::All, _) => {
            format!("all is recorded anew, and replaces the {recordings} of {dir} at the end")
        }
        (Mode::ReplayOrRecord, _) => {
            format!("answering from the {recordings} of {dir}, the rest is forwarded and recorded")
        }
        (Mode::ReplayOnly, _) => {
            format!("answering from the {recordings} of {dir}, nothing is forwarded")
        }
    }
}

fn told(summary: &Summary, args: &RecordArgs) -> String {
    let Summary { recorded, replayed, kept, unmatched, failed, .. } = summary;
    let mut text = format!(
        "stopped: {recorded} recorded, {replayed} replayed, {kept} there already, {unmatched} not matched, {failed} lost"
    );
    for (count, what) in [
        (summary.equal, "counted (equal to the one before)"),
        (summary.unanswered, "without an answer (not recorded)"),
        (summary.beside, "passed on (beside the service)"),
        (summary.dropped, "dropped (the oldest, by the limits)"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    text.push_str(&format!("; in {}\n", args.out.display()));
    if let Some(previous) = &summary.previous {
        let previous = previous.display();
        text.push_str(&format!(
            "the recording that was there before is in {previous}: remove it when it is no longer wanted\n"
        ));
    }
    text
}
