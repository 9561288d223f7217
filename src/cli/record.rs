//! `record`: a proxy between a caller and a real service, that keeps what they say.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use external_providers::fixture::{
    HostHeader, Mode, Proxy, ProxyError, RecordError, Recording, Rules, Summary, UpstreamError,
};

use super::call::seconds;
use super::passwords::Passwords;
use super::signals::Signals;
use super::{Failed, LOCAL, OK, SETTINGS, USAGE, chain, print, printable};

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
/// SIGTERM and SIGINT finish what was begun (said twice: at once) and print a summary. Each exchange
/// is logged on standard error in one line, without its content; EXTERNAL_PROVIDERS_LOG=off is
/// silent.
#[derive(Args)]
#[command(after_help = "\
Modes:
  none  replay only: nothing goes to the service, what is not recorded is refused
  once  record if DIR holds no recording yet, else replay only
  new   replay what is recorded, record what is not
  all   record everything; the new recording replaces DIR when it is finished
  spy   always ask the service, record what is not there yet

Exit codes:
  0  stopped in order
  1  local trouble: the address cannot be listened on, an exchange could not be written, or was
     under way when a second signal came
  2  usage: the arguments are wrong
  3  settings: a password, a certificate or a recording is wrong or missing")]
pub(crate) struct RecordArgs {
    /// The service's scheme, host and port: http://host, https://host:8443. Redirects are not
    /// followed, and the environment's proxy is not used
    #[arg(long, value_name = "ORIGIN")]
    upstream: String,

    /// The address to listen on; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,

    /// The directory of the recording
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// What to do with a request; the list is below
    #[arg(long, value_name = "MODE", default_value = "once",
        value_parser = ["none", "once", "new", "all", "spy"], hide_possible_values = true)]
    mode: String,

    /// The Host header on its way to the service: kept as it is, or the upstream's. By default it is
    /// kept if the upstream is an IP address or localhost, and becomes the upstream's if it is a name
    #[arg(long, value_name = "keep|upstream", hide_possible_values = true)]
    host: Option<Host>,

    /// How long a connection to the service may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds,
        allow_hyphen_values = true)]
    connect_timeout: Duration,

    /// How long an answer of the service may take
    #[arg(long, value_name = "SECONDS", default_value = "100", value_parser = seconds,
        allow_hyphen_values = true)]
    timeout: Duration,

    /// Trust the certificates in this PEM file, beside the system's
    #[arg(long, value_name = "FILE")]
    root_certificates: Option<PathBuf>,

    /// Keep the values of this variable, element or header out of the recording, too; may be repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    redact_key: Vec<String>,

    /// Keep e-mail addresses, user names and people's names out of the recording, too
    #[arg(long)]
    redact_personal: bool,

    /// Read the web service password from this file (- is standard input), so that it is kept out of
    /// the recording wherever it stands; else from EXTERNAL_PROVIDERS_AUTH_PASSWORD, if that is set
    #[arg(long, value_name = "FILE")]
    auth_password_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Host {
    Keep,
    Upstream,
}

pub(crate) fn run(args: &RecordArgs) -> Result<u8, Failed> {
    super::memory::give_back();
    let mode: Mode = args.mode.parse().map_err(|error| Failed::new(USAGE, format!("{error}")))?;
    let password = Passwords::default().auth(args.auth_password_file.as_deref())?;
    let rules = Rules { keys: args.redact_key.clone(), personal: args.redact_personal };
    let recording = Recording::open(&args.out, mode, rules)
        .map_err(|error| {
            let code = match &error {
                RecordError::Store(_) | RecordError::Directory(_) => LOCAL,
                _ => SETTINGS,
            };
            Failed::new(code, chain(&error))
        })?
        .with_secrets(password);
    let recording = Arc::new(recording);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::new(LOCAL, format!("no runtime: {error}")))?;
    let in_order = runtime.block_on(serve(args, mode, &recording))?;
    runtime.shutdown_background();
    let summary = recording.finish().map_err(|error| Failed::new(LOCAL, chain(&error)))?;
    print(&printable(&told(&summary, args)))?;
    match summary.failed {
        0 if in_order => Ok(OK),
        0 => Err(Failed::new(LOCAL, "stopped at once: what was under way is not recorded")),
        lost => {
            Err(Failed::new(LOCAL, format!("{lost} exchanges could not be recorded (see the log)")))
        }
    }
}

/// Serves until a signal comes. Was all finished that was begun?
async fn serve(args: &RecordArgs, mode: Mode, recording: &Arc<Recording>) -> Result<bool, Failed> {
    let mut signals = Signals::new()?;
    let mut builder = Proxy::builder(&args.upstream, Arc::clone(recording))
        .connect_timeout(args.connect_timeout)
        .timeout(args.timeout)
        .host_header(match args.host {
            None => HostHeader::Auto,
            Some(Host::Keep) => HostHeader::Keep,
            Some(Host::Upstream) => HostHeader::Upstream,
        });
    if let Some(file) = &args.root_certificates {
        builder = builder.root_certificates(super::certificates(file)?);
    }
    let proxy = builder.bind(args.listen.as_str()).await.map_err(|error| {
        let code = match &error {
            ProxyError::Itself(_) | ProxyError::Upstream(UpstreamError::Origin(_)) => USAGE,
            ProxyError::Upstream(_) => SETTINGS,
            _ => LOCAL,
        };
        Failed::new(code, chain(&error))
    })?;
    print(&printable(&format!(
        "listening on http://{}, forwarding to {}; mode {mode}: {}\n",
        proxy.local_addr(),
        proxy.upstream(),
        meaning(mode, recording.len(), args)
    )))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut served = std::pin::pin!(proxy.serve(async {
        let _ = stopped.await;
    }));
    let mut stop = Some(stop);
    loop {
        tokio::select! {
            _ = &mut served => return Ok(true),
            () = signals.next() => match stop.take() {
                // Dropping the sender tells it.
                Some(stop) => drop(stop),
                // Whoever says it twice means it.
                None => return Ok(false),
            },
        }
    }
}

/// What the mode means for this directory.
fn meaning(mode: Mode, recordings: usize, args: &RecordArgs) -> String {
    let dir = args.out.display();
    match (mode, recordings) {
        (Mode::None, _) => {
            format!("replaying the {recordings} recordings of {dir}, nothing is forwarded")
        }
        (Mode::Once, 0) => format!("{dir} holds no recording, all is recorded"),
        (Mode::Once, _) => format!(
            "{dir} holds {recordings} recordings already, they are replayed and nothing is forwarded (--mode new or all records)"
        ),
        (Mode::New, _) => format!(
            "{dir} holds {recordings} recordings, they are replayed, and what is not among them is recorded"
        ),
        (Mode::All, 0) => format!("all is recorded, and put into {dir} at the end"),
        (Mode::All, _) => format!(
            "all is recorded anew, and replaces the {recordings} recordings of {dir} at the end"
        ),
        (Mode::Spy, _) => format!(
            "all is forwarded, and what is not among the {recordings} recordings of {dir} is recorded"
        ),
    }
}

fn told(summary: &Summary, args: &RecordArgs) -> String {
    let Summary { recorded, replayed, kept, unmatched, failed, .. } = summary;
    format!(
        "stopped: {recorded} recorded, {replayed} replayed, {kept} there already, {unmatched} not matched, {failed} lost; in {}\n",
        args.out.display()
    )
}
