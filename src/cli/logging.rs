//! Logs on standard error, off unless asked for.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Failed, SETTINGS};

/// The variable that turns logs on: a level, or `target=level` pairs.
const VARIABLE: &str = "EXTERNAL_PROVIDERS_LOG";

/// Starts logging if the environment asks for it.
pub(crate) fn start() -> Result<(), Failed> {
    let Some(filter) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(());
    };
    let filter: Targets = filter.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failed::new(SETTINGS, format!("{VARIABLE} is no log filter"))
            .hint("use a level (error, warn, info, debug, trace) or target=level pairs")
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}
