//! Logs on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Failed, SETTINGS};

/// The variable that says what is logged: a level, or `target=level` pairs.
const VARIABLE: &str = "EXTERNAL_PROVIDERS_LOG";

/// Starts logging: what the environment asks for, else what the command logs by default.
pub(crate) fn start(by_default: &str) -> Result<(), Failed> {
    let asked = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let filter = asked.as_deref().map_or(Some(by_default), |value| value.to_str());
    // A word alone would be a target of which everything is logged: rather a level misspelt.
    let is_meant = |text: &str| {
        let mut parts = text.split(',').filter(|part| !part.is_empty());
        parts.all(|part| part.contains('=') || part.parse::<LevelFilter>().is_ok())
    };
    let filter = filter.filter(|text| is_meant(text));
    let filter: Targets = filter.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failed::new(SETTINGS, format!("{VARIABLE} is not a log filter"))
            .hint("use a level (off, error, warn, info, debug, trace) or target=level pairs")
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // Where standard error is gone with its terminal, saying so there would be a panic.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}
