//! What commands ask alike that stand between callers and a service.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use external_providers::record::{Proxy, ProxyBuilder, ProxyError, RecordError, UpstreamError};
use external_providers::redact::Rules;

use super::trust::Trust;
use super::{DAY, Failed, LOCAL, SETTINGS, USAGE, error_chain, listen, seconds};

/// Between which addresses, how long for, and what is masked of what goes by.
#[derive(Args)]
pub(super) struct Forwarding {
    /// The service that is forwarded to, by its scheme, host and port: http://host, https://host:8443. Redirects are not
    /// followed, and the environment's proxy is not used
    #[arg(long, value_name = "ORIGIN")]
    pub(super) upstream: String,

    /// The address to listen on; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080",
        value_parser = listen::address)]
    listen: String,

    /// How long a connection to that service may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds(0.001, DAY),
        allow_hyphen_values = true)]
    pub(super) connect_timeout: Duration,

    /// How long an answer of that service may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "100", value_parser = seconds(0.001, DAY),
        allow_hyphen_values = true)]
    pub(super) timeout: Duration,

    #[command(flatten)]
    pub(super) trust: Trust,

    /// Mask the values of this variable, element or header, too; may be repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    redact_key: Vec<String>,

    /// Mask e-mail addresses, user names and people's names, too
    #[arg(long)]
    redact_personal: bool,

    /// Read that service's web service password from this file (- is standard input), so that it is
    /// masked wherever it stands; else from EXTERNAL_PROVIDERS_AUTH_PASSWORD, if that is set
    #[arg(long, value_name = "FILE")]
    pub(super) auth_password_file: Option<PathBuf>,
}

impl Forwarding {
    /// What is masked beside passwords.
    pub(super) fn rules(&self) -> Rules {
        Rules { keys: self.redact_key.clone(), personal: self.redact_personal }
    }

    /// Opens the proxy's port, and warns if others can read what it is sent.
    pub(super) async fn bind(&self, builder: ProxyBuilder) -> Result<Proxy, Failed> {
        let builder = builder.connect_timeout(self.connect_timeout).timeout(self.timeout);
        let builder = self.trust.read(Some(&self.upstream))?.apply_to_proxy(builder);
        let proxy = builder.bind(self.listen.as_str()).await;
        let proxy = proxy.map_err(|error| not_bound(&error))?;
        let advice = "listen on 127.0.0.1, or only while nobody else is there";
        listen::warn_of_clear_text(proxy.local_addr(), advice);
        Ok(proxy)
    }
}

/// A recording cannot be opened.
pub(super) fn refused(error: &RecordError) -> Failed {
    let code = match error {
        RecordError::Store(_) | RecordError::Directory(_) | RecordError::Thread(_) => LOCAL,
        _ => SETTINGS,
    };
    Failed::new(code, error_chain(error))
}

/// A proxy's port is not to be had.
fn not_bound(error: &ProxyError) -> Failed {
    match error {
        ProxyError::Recording(error) => refused(error),
        ProxyError::Itself(_) | ProxyError::Upstream(UpstreamError::Origin(_)) => {
            Failed::new(USAGE, error_chain(error))
        }
        ProxyError::Upstream(_) => Failed::new(SETTINGS, error_chain(error)),
        _ => listen::failed(error),
    }
}
