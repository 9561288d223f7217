//! `serve`: a provider service, for clients to be tried on.

mod fixtures;
mod provider;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use external_providers::host::{HostError, Server, Settings, Tls};
use external_providers::soap::DEFAULT_NAMESPACE;
use external_providers::{Host, sample};

use self::fixtures::ReplayArgs;
pub(crate) use self::fixtures::age;

use super::cores::Cores;
use super::passwords::{AUTH_PASSWORD, Passwords, warn_of_key};
use super::signals::Signals;
use super::{DAY, Failed, LOCAL, OK, SETTINGS, USAGE, error_chain, listen, memory, print, seconds};

/// Host a provider service that answers as ASP.NET does, or as was recorded
///
/// With --sample, the web service password is read from EXTERNAL_PROVIDERS_AUTH_PASSWORD unless
/// --auth-password-file is given; without one the host refuses to start. With --fixtures no password
/// is needed: the first value that comes for a placeholder is bound to it, any other one gets a recorded
/// refusal or no match; EXTERNAL_PROVIDERS_AUTH_PASSWORD is not read. With --provider, the password is
/// the file's, and these where it has none. Each call is logged on
/// standard error in one line; EXTERNAL_PROVIDERS_LOG=off is silent. Lines are written within 10 ms, by a
/// thread that no call waits for: of a log that is not taken in time, lines beyond 4 MB are dropped, and
/// their number is logged. There is a thread for each core that the process may use, and a connection stays
/// on one of them. SIGTERM, SIGINT and
/// SIGHUP finish what was begun; with --provider, SIGHUP reads the file again.
#[derive(Args)]
#[command(group(ArgGroup::new("answers").required(true).args(["sample", "fixtures", "provider"])))]
#[command(override_usage = USAGE_LINE, after_help = help())]
pub(crate) struct ServeArgs {
    /// Serve the sample provider: /Provider.asmx (login, custom fields, ticket, live chat) and
    /// /Extended.asmx (user information, events, registration); its user is myusername with the
    /// password mypassword
    #[arg(long)]
    sample: bool,

    #[command(flatten)]
    replay: ReplayArgs,

    /// Answer as this provider's file says: logins from directories, look-ups from databases, rules, and
    /// the old service for the rest; with a login page, if it has one. Path, namespace, passwords and certificate are the file's; SIGHUP
    /// reads it again, and takes it as a whole or not at all
    #[arg(long, value_name = "FILE")]
    provider: Option<PathBuf>,

    /// The address to listen on; port 0 is any that is free. Default: that of the provider's file, or
    /// 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen::address)]
    listen: Option<String>,

    /// The target namespace of the services
    #[arg(long, default_value = DEFAULT_NAMESPACE, conflicts_with_all = ["fixtures", "provider"])]
    namespace: String,

    /// Let a variable diagnostic=MODE make any operation answer what it says, without a look at the
    /// password: for tests only. The list of modes is below
    #[arg(long, conflicts_with_all = ["fixtures", "provider"])]
    diagnostics: bool,

    /// Read the web service password from this file (- is standard input). Default: with --sample it is
    /// read from EXTERNAL_PROVIDERS_AUTH_PASSWORD. With --fixtures it is bound to each placeholder of an
    /// authPW that the recorded service did not refuse
    #[arg(long, value_name = "FILE")]
    auth_password_file: Option<PathBuf>,

    /// Speak TLS with the certificate (chain) in this PEM file. Default: plain http
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "fixtures")]
    tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Answer with Prometheus metrics at this address. Default: nowhere
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "fixtures",
        value_parser = listen::address)]
    metrics: Option<String>,

    /// Believe X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-For: only behind a proxy that
    /// replaces them
    #[arg(long, conflicts_with = "fixtures")]
    trust_forwarded: bool,

    /// For so many seconds after SIGTERM, answer calls as before and /healthz with 503: a load balancer
    /// has time to send callers elsewhere, and no call fails
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds(0.0, DAY),
        conflicts_with = "fixtures")]
    drain: Duration,
}

impl ServeArgs {
    fn settings(&self) -> Settings {
        let Self { trust_forwarded, drain, .. } = *self;
        Settings { trust_forwarded, drain, ..Settings::default() }
    }
}

/// The library's own would be longer than a line.
const USAGE_LINE: &str = "external-providers serve [OPTIONS] <--sample|--fixtures|--provider>";

/// Where to listen if nothing says so.
const LISTEN: &str = "127.0.0.1:8080";

/// What stands below the options: kinds of trouble, the sample's diagnostics, exit codes.
fn help() -> String {
    let modes = sample::DIAGNOSTICS.map(|(mode, answer)| format!("  {mode:13}  {answer}\n"));
    format!(
        "{TROUBLE}\nDiagnostics (--sample --diagnostics), as a variable diagnostic=MODE; any other mode is a \
         fault:\n{}\n{EXIT_CODES}",
        modes.concat()
    )
}

const TROUBLE: &str = "\
Trouble for --inject (OPERATION: before it is for the answers to that operation alone):
  slow=2s         the answer begins after this time
  pace            the answer begins after the time that it took when it was recorded
  drip=16/100ms   its body comes so many bytes at a time, this long apart
  cut=100         the connection is closed after so many bytes of the body
  reset           the connection is reset (RST) in place of an answer
  html500         the answer is an HTML error page, status 500
  page401         the answer is an HTML sign-in page, status 401
  bom             a UTF-8 byte order mark stands before the body
  charset=utf-16  the content type names this charset, the body stays as it is
";

const EXIT_CODES: &str = "\
Exit codes:
  0  stopped in order
  1  local trouble (the address cannot be listened on)
  2  usage: the arguments are wrong
  3  settings: a password, a certificate, a key or a recording is wrong or missing
  8  not as recorded: recordings were not asked for (--fail-on-unused), or requests came that are not
     recorded (--fail-on-unmatched)";

pub(crate) fn run(args: &ServeArgs) -> Result<u8, Failed> {
    memory::give_back();
    let listen = args.listen.as_deref().unwrap_or(LISTEN);
    if let Some(dir) = &args.replay.fixtures {
        let password = args.auth_password_file.as_deref();
        return fixtures::run(dir, listen, password, &args.replay);
    }
    if let Some(file) = &args.provider {
        return provider::run(file, args);
    }
    let Some(password) = Passwords::default().auth(args.auth_password_file.as_deref())? else {
        return Err(Failed::new(
            SETTINGS,
            "there is no web service password, so anybody could call",
        )
        .hint(format!(
            "set {AUTH_PASSWORD}, or use --auth-password-file FILE (- for standard input)"
        )));
    };
    let settings = args.settings();
    let services = match args.diagnostics {
        true => sample::diagnostic_services(password, &args.namespace),
        false => sample::services(password, &args.namespace),
    };
    let host = Host::builder()
        .services(services)
        .settings(settings)
        .build()
        .map_err(|error| refused(&error))?;
    let tls = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            warn_of_key(key);
            Some(Tls::read(certificate, key).map_err(|error| refused(&error))?)
        }
        _ => None,
    };
    let cores = Cores::start()?;
    let runtimes = cores.runtimes();
    cores.run(async {
        let server = host.bind(listen).await.map_err(|error| refused(&error))?;
        let mut server = server.with_runtimes(runtimes);
        if let Some(address) = &args.metrics {
            server =
                server.with_metrics(address.as_str()).await.map_err(|error| refused(&error))?;
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        if let Some(tls) = tls {
            server = server.with_tls(tls);
        }
        // Before anybody hears that it is there, and tells it to stop.
        let mut signals = Signals::new()?;
        announce(&server, scheme, args)?;
        server.serve(async move { signals.next().await }).await;
        Ok(OK)
    })
}

fn refused(error: &HostError) -> Failed {
    let code = match error {
        HostError::Bind { .. } => return listen::failed(error),
        HostError::Thread { .. } => LOCAL,
        HostError::Namespace { .. } => USAGE,
        _ => SETTINGS,
    };
    Failed::new(code, error_chain(error))
}

/// Says where it listens and how to call it, in one line each.
fn announce(server: &Server, scheme: &str, args: &ServeArgs) -> Result<(), Failed> {
    let address = server.local_addr();
    if args.tls_certificate.is_none() {
        let remedy = "give --tls-certificate and --tls-key, or listen on 127.0.0.1";
        listen::warn_of_clear_text(address, remedy);
    }
    let base = format!("{scheme}://{}", listen::to_call(address));
    let mut lines = format!(
        "listening on {base}/Provider.asmx and {base}/Extended.asmx{}\n\
         call it: external-providers call Authenticate loginUsername=myusername loginPassword=mypassword --url {base}/Provider.asmx",
        listen::everywhere(address)
    );
    if args.namespace != DEFAULT_NAMESPACE {
        lines.push_str(&format!(" --namespace {}", args.namespace));
    }
    if let Some(certificate) = &args.tls_certificate {
        lines.push_str(&format!(" --root-certificates {}", certificate.display()));
    }
    lines.push('\n');
    if let Some(address) = server.metrics_addr() {
        lines.push_str(&format!("metrics: http://{}/\n", listen::to_call(address)));
    }
    print(&lines)
}
