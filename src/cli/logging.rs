//! Logs on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Failed, SETTINGS};

/// The variable that says what is logged: a level, or `target=level` pairs.
const VARIABLE: &str = "EXTERNAL_PROVIDERS_LOG";

/// This crate, the library and the tool.
const OURS: &str = "external_providers";
/// The crates below it that log.
const THEIRS: [&str; 2] = ["hyper_util", "async_nats"];

/// Does anything log under this name? A misspelt one would be passed over without a word.
fn is_target(target: &str) -> bool {
    // The map of the library has its rooms, so that no list can fall behind.
    let rooms = include_str!("../lib.rs").lines().filter_map(|line| {
        let (_, name) = line.strip_suffix(';')?.split_once("mod ")?;
        Some(name)
    });
    let mut path = target.split("::");
    match (path.next(), path.next()) {
        (Some(OURS), None) => true,
        (Some(OURS), Some(room)) => rooms.chain(["cli"]).any(|name| name == room),
        (root, _) => root.is_some_and(|root| THEIRS.contains(&root)),
    }
}

/// Starts logging: what the environment asks for, else what the command logs by default.
pub(crate) fn start(by_default: &str) -> Result<(), Failed> {
    let asked = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let filter = asked.as_deref().map_or(Some(by_default), |value| value.to_str());
    let unmeant = || {
        Failed::new(SETTINGS, format!("{VARIABLE} is not a log filter"))
            .hint("use a level (off, error, warn, info, debug, trace) or target=level pairs")
    };
    let text = filter.ok_or_else(unmeant)?;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((target, _)) if !is_target(target) => {
                let message = format!("{VARIABLE}: nothing logs as {target}");
                let theirs = THEIRS.join(", ");
                return Err(Failed::new(SETTINGS, message)
                    .hint(format!("targets are {OURS}, {theirs}, and rooms like {OURS}::host")));
            }
            // A word alone would be a target of which everything is logged: rather a level misspelt.
            None if part.parse::<LevelFilter>().is_err() => return Err(unmeant()),
            _ => {}
        }
    }
    let filter: Targets = text.parse().map_err(|_| unmeant())?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // Where standard error is gone with its terminal, saying so there would be a panic.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}
