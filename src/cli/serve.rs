//! `serve`: a provider service, for clients to be tried on.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use external_providers::host::{HostError, Server, Settings, Tls};
use external_providers::soap::DEFAULT_NAMESPACE;
use external_providers::{Host, sample};
use tokio::signal::unix::{SignalKind, signal};

use super::passwords::{AUTH_PASSWORD, Passwords};
use super::{Failed, LOCAL, OK, SETTINGS, USAGE, chain};

/// Host a provider service that answers as ASP.NET does
///
/// The web service password is read from EXTERNAL_PROVIDERS_AUTH_PASSWORD unless
/// --auth-password-file is given; without one the host refuses to start. Each call is logged on
/// standard error in one line; EXTERNAL_PROVIDERS_LOG=off is silent. SIGTERM and SIGINT finish what
/// was begun.
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  stopped in order
  1  local trouble (the address cannot be listened on)
  2  usage: the arguments are wrong
  3  settings: a password, a certificate or a key is wrong or missing")]
pub(crate) struct ServeArgs {
    /// Serve the sample provider: /Provider.asmx (login, custom fields, ticket, live chat) and
    /// /Extended.asmx (user information, events, registration); its user is myusername with the
    /// password mypassword
    #[arg(long, required = true)]
    sample: bool,

    /// The address to listen on; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,

    /// The target namespace of the services
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,

    /// Let a variable diagnostic=… make any operation answer what it says, without a look at the
    /// password: for tests only
    #[arg(long)]
    diagnostics: bool,

    /// Read the web service password from this file; - is standard input
    #[arg(long, value_name = "FILE")]
    auth_password_file: Option<PathBuf>,

    /// Speak TLS with the certificate (chain) in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Answer with Prometheus metrics at this address
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<String>,

    /// Believe X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-For: only behind a proxy that
    /// replaces them
    #[arg(long)]
    trust_forwarded: bool,
}

pub(crate) fn run(args: &ServeArgs) -> Result<u8, Failed> {
    let Some(password) = Passwords::default().auth(args.auth_password_file.as_deref())? else {
        return Err(Failed::new(
            SETTINGS,
            "there is no web service password, so anybody could call",
        )
        .hint(format!(
            "set {AUTH_PASSWORD}, or use --auth-password-file FILE (- for standard input)"
        )));
    };
    let mut settings = Settings::default();
    settings.trust_forwarded = args.trust_forwarded;
    let host = Host::builder()
        .services(sample::services(password, &args.namespace, args.diagnostics))
        .settings(settings)
        .build()
        .map_err(|error| refused(&error))?;
    let tls = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(Tls::read(certificate, key).map_err(|error| refused(&error))?)
        }
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::new(LOCAL, format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let mut server = host.bind(args.listen.as_str()).await.map_err(|error| refused(&error))?;
        if let Some(address) = &args.metrics {
            server =
                server.with_metrics(address.as_str()).await.map_err(|error| refused(&error))?;
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        if let Some(tls) = tls {
            server = server.with_tls(tls);
        }
        announce(&server, scheme)?;
        let failed = |error: std::io::Error| Failed::new(LOCAL, format!("no signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        server
            .serve(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await;
        Ok(OK)
    })
}

fn refused(error: &HostError) -> Failed {
    let code = match error {
        HostError::Bind { .. } | HostError::Thread { .. } => LOCAL,
        HostError::Namespace { .. } => USAGE,
        _ => SETTINGS,
    };
    Failed::new(code, chain(error))
}

/// Says where it listens and how to call it, in one line each.
fn announce(server: &Server, scheme: &str) -> Result<(), Failed> {
    let base = format!("{scheme}://{}", server.local_addr());
    let mut lines = format!(
        "listening on {base}/Provider.asmx and {base}/Extended.asmx\n\
         call it: external-providers call Authenticate loginUsername=myusername loginPassword=mypassword --url {base}/Provider.asmx\n"
    );
    if let Some(address) = server.metrics_addr() {
        lines.push_str(&format!("metrics: http://{address}/\n"));
    }
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(lines.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failed::new(LOCAL, format!("the address cannot be printed: {error}")))
}
