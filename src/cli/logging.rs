//! Logs on standard error, and all else that is said there while a command serves.

mod line;
mod writer;

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::writer::Writer;
use super::{Failed, LOCAL, SETTINGS};

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

/// Of a command that serves: no call waits for whoever reads its log.
static WRITER: OnceLock<Writer> = OnceLock::new();

/// How long a reader of standard error may take nothing at the end of the process.
const AT_THE_END: Duration = Duration::from_secs(1);
/// And after a panic, which may be the end.
const AFTER_PANIC: Duration = Duration::from_millis(50);

/// Standard error, in the order in which it is written to.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match WRITER.get() {
            Some(writer) => writer.write(bytes),
            // Where it cannot be written, there is nowhere left to say so.
            None => drop(io::stderr().lock().write_all(bytes)),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says that something went terribly wrong, which may end the process.
pub(super) fn panicked(text: &str) {
    // Cannot fail.
    let _ = Stderr.write_all(text.as_bytes());
    flush(AFTER_PANIC);
}

fn flush(patience: Duration) {
    if let Some(writer) = WRITER.get() {
        writer.flush(patience);
    }
}

/// Sees to it that the process does not end before what it said is written.
pub(super) struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        flush(AT_THE_END);
    }
}

/// Starts logging: what the environment asks for, else what the command logs by default. The log of one
/// that serves is written by a thread: what ends the process without a word (SIGKILL) loses its last 10 ms,
/// and what nobody has taken.
pub(crate) fn start(by_default: &str, serves: bool) -> Result<(), Failed> {
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
    if serves {
        let writer = Writer::start(io::stderr())
            .map_err(|error| Failed::new(LOCAL, format!("no thread for the log: {error}")))?;
        // It is started once.
        let _ = WRITER.set(writer);
    }
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Stderr)
        .with_timer(line::Time)
        .fmt_fields(line::Fields)
        .with_ansi(false)
        // Where standard error is gone with its terminal, saying so there would be a panic.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}
