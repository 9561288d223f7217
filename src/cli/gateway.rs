//! `gateway`: the providers of a settings file for callers that speak JSON.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use external_providers::contract::{Kind, OPERATIONS};
use external_providers::gateway::Gateway;
use external_providers::gateway_server::{GatewayServer, TokenError, Tokens, schema};
use external_providers::host::{HostError, Server, Settings, Tls};

use super::cores::Cores;
use super::passwords::warn_of_key;
use super::signals::{Signal, Signals};
use super::{
    DAY, Failed, LOCAL, OK, SETTINGS, USAGE, error_chain, listen, memory, print, seconds, settings,
};

/// Serve the providers of a settings file to callers that speak JSON
///
/// Each operation is POST /v1/OPERATION, with the variables as a JSON object and a bearer token; GET / is
/// a page with examples, GET /openapi.json says it all, GET /healthz and /readyz are for load balancers. Each call is
/// logged on standard error in one line; EXTERNAL_PROVIDERS_LOG=off is silent. SIGTERM and SIGINT finish what
/// was begun; SIGHUP reads the settings, the tokens and the certificate again, each as a whole or not at all.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Exit codes:
  0  stopped in order
  1  local trouble (the address cannot be listened on)
  2  usage: the arguments are wrong
  3  settings: the settings file, a token, a certificate or a key is wrong or missing"
)]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    command: Option<Command>,

    /// The settings file: where each provider is, and how it is called. Without one, that of
    /// EXTERNAL_PROVIDERS_SETTINGS
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// The address to listen on; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080",
        value_parser = listen::address)]
    listen: String,

    /// The bearer tokens that are let in, one a line: one, or two while one takes the place of the other. At
    /// least 16 characters each; "openssl rand -hex 32" makes one
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Answer with Prometheus metrics at this address. Default: nowhere
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen::address)]
    metrics: Option<String>,

    /// Speak TLS with the certificate (chain) in this PEM file. Default: plain http
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Believe X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-For: only behind a proxy that
    /// replaces them
    #[arg(long)]
    trust_forwarded: bool,

    /// For so many seconds after SIGTERM, answer calls as before and /readyz with 503: a load balancer
    /// has time to send callers elsewhere, and no call fails
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds(0.0, DAY))]
    drain: Duration,
}

#[derive(Subcommand)]
enum Command {
    Schema(SchemaArgs),
}

/// Print JSON Schemas of requests and answers
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  done
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong")]
struct SchemaArgs {
    /// Of this operation alone. Default: of all
    #[arg(value_name = "OPERATION", ignore_case = true,
        value_parser = PossibleValuesParser::new(OPERATIONS.iter().map(|o| o.name)))]
    operation: Option<String>,
}

pub(crate) fn run(args: &GatewayArgs) -> Result<u8, Failed> {
    if let Some(Command::Schema(SchemaArgs { operation })) = &args.command {
        let named = |name: &String| OPERATIONS.iter().find(|o| o.name.eq_ignore_ascii_case(name));
        let schema = schema(operation.as_ref().and_then(named));
        return print(&format!("{schema:#}\n")).map(|()| OK);
    }
    memory::give_back();
    let file = settings::needed(args.settings.as_deref())?;
    let Some(token_file) = args.token_file.as_deref() else {
        let failed = Failed::new(USAGE, "there is no token, so anybody could call");
        return Err(failed.hint("give --token-file FILE; openssl rand -hex 32 makes a token"));
    };
    let gateway = Gateway::builder(settings::load(&file, None)?).build();
    let gateway = gateway.map_err(|error| Failed::new(SETTINGS, error_chain(&error)))?;
    let tokens = Tokens::read(token_file).map_err(|error| no_token(token_file, &error))?;
    let files = args.tls_certificate.as_deref().zip(args.tls_key.as_deref());
    args.tls_key.iter().for_each(|key| warn_of_key(key));
    let tls = files.map(|(certificate, key)| Tls::read(certificate, key)).transpose();
    let tls = tls.map_err(|error| refused(&error))?;
    let GatewayArgs { trust_forwarded, drain, .. } = *args;
    let limits = Settings { trust_forwarded, drain, ..Settings::default() };
    let running = Running {
        server: GatewayServer::new(gateway.clone(), tokens, limits),
        gateway,
        token_file,
        files,
        tls,
    };
    let cores = Cores::start()?;
    let runtimes = cores.runtimes();
    cores.run(async {
        let bound = running.server.bind(args.listen.as_str()).await;
        let server = bound.map_err(|error| refused(&error))?;
        let mut server = server.with_runtimes(runtimes);
        if let Some(address) = &args.metrics {
            server =
                server.with_metrics(address.as_str()).await.map_err(|error| refused(&error))?;
        }
        if let Some(tls) = &running.tls {
            server = server.with_tls(tls.clone());
        }
        // Before anybody hears that it is there, and tells it to stop.
        let mut signals = Signals::new()?;
        announce(&server, &running)?;
        server.serve(running.until_told(&mut signals)).await;
        Ok(OK)
    })
}

fn no_token(file: &Path, error: &TokenError) -> Failed {
    let failed =
        Failed::new(SETTINGS, format!("cannot use the tokens in {}: {error}", file.display()));
    match error {
        TokenError::Short { .. } => failed.hint("openssl rand -hex 32 makes one"),
        _ => failed,
    }
}

fn refused(error: &HostError) -> Failed {
    match error {
        HostError::Bind { .. } => listen::failed(error),
        HostError::Thread { .. } => Failed::new(LOCAL, error_chain(error)),
        _ => Failed::new(SETTINGS, error_chain(error)),
    }
}

/// What a reload puts in force.
struct Running<'a> {
    server: GatewayServer,
    gateway: Gateway,
    token_file: &'a Path,
    /// Certificate and key.
    files: Option<(&'a Path, &'a Path)>,
    tls: Option<Tls>,
}

impl Running<'_> {
    /// Reloads at SIGHUP, and ends at the other signals.
    async fn until_told(&self, signals: &mut Signals) {
        while signals.next_signal().await == Signal::Hangup {
            // Logged there.
            drop(self.gateway.reload().await);
            match Tokens::read(self.token_file) {
                Ok(tokens) => {
                    self.server.replace_tokens(tokens);
                    tracing::info!("tokens reloaded");
                }
                Err(error) => {
                    tracing::error!(%error, "tokens not reloaded: the old ones stay in force")
                }
            }
            let Some(((certificate, key), tls)) = self.files.zip(self.tls.as_ref()) else {
                continue;
            };
            match Tls::read(certificate, key) {
                Ok(read) => {
                    tls.replace(&read);
                    tracing::info!("certificate reloaded");
                }
                Err(error) => {
                    tracing::error!(error = error_chain(&error), "the certificate stays as it was");
                }
            }
        }
    }
}

/// Says where it listens, what it asks whom, and how to call it, in one line each.
fn announce(server: &Server, running: &Running<'_>) -> Result<(), Failed> {
    let address = server.local_addr();
    if running.tls.is_none() {
        let remedy = "give --tls-certificate and --tls-key, or listen on 127.0.0.1";
        listen::warn_of_clear_text(address, remedy);
    }
    let settings = running.gateway.settings();
    let external = |kind: &&Kind| settings.tab(**kind).external().is_some();
    let asked: Vec<_> = Kind::ALL.iter().filter(external).map(Kind::to_string).collect();
    let asks = match asked.is_empty() {
        true => "which asks nobody: no provider is enabled and external".to_owned(),
        false => format!("which asks {}", asked.join(", ")),
    };
    let scheme = if running.tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", listen::to_call(address));
    let mut lines = format!(
        "listening on {base}/{}, {asks}\nhow to call it: GET {base}/, and {base}/openapi.json\n",
        listen::everywhere(address)
    );
    if let Some(address) = server.metrics_addr() {
        lines.push_str(&format!("metrics: http://{}/\n", listen::to_call(address)));
    }
    print(&lines)
}
