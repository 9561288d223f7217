//! `serve --provider`: what a provider's file says, as a service.

use std::net::SocketAddr;
use std::path::Path;

use external_providers::contract::Kind;
use external_providers::host::{Host, Server, Tls};
use external_providers::outbox::StoreError;
use external_providers::provider_file::{HostedService, Provider};
use external_providers::secret::Secret;
use external_providers::soap::DEFAULT_NAMESPACE;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{ServeArgs, refused};
use crate::cli::cores::Cores;
use crate::cli::passwords::{AUTH_PASSWORD, Passwords, warn_of_key};
use crate::cli::signals::{Signal, Signals};
use crate::cli::{Failed, OK, SETTINGS, error_chain, listen, output, print, provider};

pub(super) fn run(file: &Path, args: &ServeArgs) -> Result<u8, Failed> {
    let provider = Provider::new(provider::load(file)?)
        .map_err(|error| Failed::new(SETTINGS, error_chain(&error)))?;
    let service = provider.service();
    let given = Passwords::default().auth(args.auth_password_file.as_deref())?;
    if given.is_none() && service.password.is_none() {
        let message =
            format!("{}: there is no web service password, so anybody could call", file.display());
        return Err(Failed::new(SETTINGS, message)
            .hint(format!("give password_file in [service], or set {AUTH_PASSWORD}")));
    }
    // A file that is loaded later and has none is refused by the host.
    let password = given.unwrap_or_default();
    // A snapshot: rules and path change in one step.
    let host = provider.snapshot().host(password.clone()).settings(args.settings());
    let host = host.build().map_err(|error| refused(&error))?;
    let files = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            warn_of_key(key);
            Some((certificate.clone(), key.clone()))
        }
        _ => service.tls.clone(),
    };
    let tls = files.as_ref().map(|(certificate, key)| Tls::read(certificate, key)).transpose();
    let tls = tls.map_err(|error| refused(&error))?;
    let cores = Cores::start()?;
    let runtimes = cores.runtimes();
    cores.run(async {
        let address = args.listen.as_deref().unwrap_or(&service.listen);
        let server = host.bind(address).await.map_err(|error| refused(&error))?;
        let mut server = server.with_runtimes(runtimes);
        if let Some(what) = provider.loops_to(server.local_addr(), &service.path) {
            let failed = Failed::new(SETTINGS, format!("{}: {what}", file.display()));
            return Err(failed.hint("give the url of the other service, or another listen or path"));
        }
        if let Some(address) = &args.metrics {
            server =
                server.with_metrics(address.as_str()).await.map_err(|error| refused(&error))?;
        }
        if let Some(tls) = &tls {
            server = server.with_tls(tls.clone());
        }
        // Before anybody hears that it is there, and tells it to stop.
        let mut signals = Signals::new()?;
        let delivery = provider.deliver_events().await;
        let delivery = delivery.map_err(|error| no_store(&error))?;
        announce(&server, &provider, files.as_ref().map(|(certificate, _)| certificate.as_path()))?;
        if tls.is_none() && !args.trust_forwarded {
            warn_of_lost_cookies(&service);
        }
        let (address, pinned) = (server.local_addr(), args.tls_certificate.is_some());
        let running = Running { provider, host, tls, password, pinned, address };
        let (tell, told) = oneshot::channel();
        let serving = server.serve(async {
            running.until_told(&mut signals).await;
            let _ = tell.send(());
        });
        let delivering = async {
            let _ = told.await;
            // What has not ended then stays in the store.
            let _ = timeout(args.settings().shutdown_timeout, delivery.stop()).await;
        };
        tokio::join!(serving, delivering);
        Ok(OK)
    })
}

/// Events cannot be kept.
fn no_store(error: &StoreError) -> Failed {
    let failed = Failed::new(SETTINGS, error.to_string());
    match error {
        StoreError::InUse { .. } => {
            failed.hint("stop that host, or give several hosts a database in [events]")
        }
        StoreError::Foreign { .. } => failed.hint("name another in [events]"),
        _ => failed,
    }
}

/// What a reload puts in force.
struct Running {
    provider: Provider,
    host: Host,
    tls: Option<Tls>,
    /// Where the file has none.
    password: Secret,
    /// Do certificate and key come from arguments?
    pinned: bool,
    address: SocketAddr,
}

impl Running {
    /// Reloads at SIGHUP, and ends at the other signals.
    async fn until_told(&self, signals: &mut Signals) {
        while signals.next_signal().await == Signal::Hangup {
            let before = self.provider.service();
            let (has_password, has_tls) = (!self.password.is_empty(), self.tls.is_some());
            let (pinned, listen) = (self.pinned, before.listen.clone());
            let may = move |service: &HostedService| {
                let what = if service.password.is_none() && !has_password {
                    "there is no web service password, so anybody could call"
                } else if !pinned && service.tls.is_some() != has_tls {
                    "TLS is switched on or off, which needs a new start"
                } else if service.listen != listen {
                    "listen has another value, which needs a new start"
                } else {
                    return Ok(());
                };
                Err(what.to_owned())
            };
            // Logged there.
            if self.provider.reload_if(may).await.is_ok() {
                self.serve_as();
            }
        }
    }

    /// Path, namespace, passwords, who may call, certificate: those of the file that was loaded.
    fn serve_as(&self) {
        let service = self.provider.service();
        // Of a file that was loaded, no path and no certificate is refused.
        if let Err(error) = self.host.replace(self.provider.snapshot().host(self.password.clone()))
        {
            tracing::error!(error = error_chain(&error), "the service stays as it was");
        }
        if let Some(what) = self.provider.loops_to(self.address, &service.path) {
            tracing::error!("{what}, which will fail");
        }
        match (&self.tls, &service.tls) {
            _ if self.pinned => {}
            (Some(tls), Some((certificate, key))) => match Tls::read(certificate, key) {
                Ok(read) => tls.replace(&read),
                Err(error) => {
                    tracing::error!(error = error_chain(&error), "the certificate stays as it was");
                }
            },
            // Refused before.
            _ => {}
        }
    }
}

/// Says where it listens, what it answers and how to call it, in one line each.
fn announce(
    server: &Server,
    provider: &Provider,
    certificate: Option<&Path>,
) -> Result<(), Failed> {
    let address = server.local_addr();
    if certificate.is_none() {
        let remedy = "give tls_certificate and tls_key, or listen on 127.0.0.1";
        listen::warn_of_clear_text(address, remedy);
    }
    let service = provider.service();
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", listen::to_call(address), service.path);
    let kinds = provider.kinds();
    let names: Vec<_> = kinds.iter().map(Kind::to_string).collect();
    let mut lines = format!(
        "listening on {url}{}, which answers {}\ncall it: external-providers call {} --url {url}",
        listen::everywhere(address),
        names.join(", "),
        kinds.first().map_or("", |kind| call(*kind)),
    );
    if service.namespace != DEFAULT_NAMESPACE {
        lines.push_str(&format!(" --namespace {}", service.namespace));
    }
    if let Some(certificate) = certificate {
        lines.push_str(&format!(" --root-certificates {}", certificate.display()));
    }
    lines.push('\n');
    if let Some(address) = server.metrics_addr() {
        lines.push_str(&format!("metrics: http://{}/\n", listen::to_call(address)));
    }
    if let Some((path, _)) = &service.login_page {
        lines.push_str(&format!("login page: {scheme}://{}{path}\n", listen::to_call(address)));
    }
    if service.allow.is_some_and(|allow| allow.is_empty()) {
        output::warning("allow is empty: nobody may call");
    }
    print(&lines)
}

/// Browsers throw `Secure` cookies away that come by http.
fn warn_of_lost_cookies(service: &HostedService) {
    if service.login_page.as_ref().is_some_and(|(_, is_secure)| *is_secure) {
        output::warning(
            "the login page's cookie is for https alone, and this is http: give tls_certificate and \
             tls_key, or --trust-forwarded behind a proxy that speaks https",
        );
    }
}

/// An operation of the kind, with what it needs.
fn call(kind: Kind) -> &'static str {
    match kind {
        Kind::Login => "Authenticate loginUsername=NAME loginPassword=-",
        Kind::CustomFields => "GetCustomFieldOptions departmentName=NAME",
        Kind::Ticket => "StartTicket departmentName=NAME subject=TEXT",
        Kind::LiveChat => "StartChat departmentName=NAME",
        Kind::UserInformation => "GetUserInfo emailFrom=ADDRESS",
        Kind::Events => "HandleEvent eventName=NAME",
        Kind::Registration => "RegisterUser loginUsername=NAME loginPassword=-",
        _ => "",
    }
}
