//! `events status`.

use clap::Args;
use external_providers::outbox::SinkStatus;
use jiff::Timestamp;
use serde_json::json;

use super::render::duration;
use super::{CODES, Events, Source, failed};
use crate::cli::{Failed, OK, print, printable};

/// Show how it stands with each sink: what waits, for how long, and what failed
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    source: Source,

    /// Print JSON: sinks (sink, waiting, oldest, failed, in_doubt, held, stopped, why), and the names of those
    /// in the file for which nothing was kept yet
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &StatusArgs) -> Result<u8, Failed> {
    let (all, unused) = Events::with(&args.source, async |kept| {
        let all = kept.store.status().await.map_err(failed)?;
        let is_unused = |name: &String| !all.iter().any(|one| one.sink == *name);
        let unused: Vec<_> = kept.sinks.into_iter().filter(is_unused).collect();
        Ok((all, unused))
    })?;
    if args.json {
        print(&format!("{:#}\n", json!({ "sinks": all, "unused": unused })))?;
        return Ok(OK);
    }
    let mut text = String::new();
    for one in &all {
        text.push_str(&line(one, Timestamp::now()));
    }
    for name in unused {
        text.push_str(&format!("{name}: nothing was kept for it yet\n"));
    }
    print(&printable(&text)).map(|()| OK)
}

/// A sink, and below it what troubles it.
fn line(status: &SinkStatus, now: Timestamp) -> String {
    let SinkStatus { sink, waiting, failed, in_doubt, held, oldest, stopped, why, .. } = status;
    let age = |since: &Timestamp| now.as_second().saturating_sub(since.as_second()).max(0);
    let oldest = oldest.as_ref().map(|since| format!(", the oldest for {}", duration(age(since))));
    let mut text = format!("{sink}: waiting {waiting}{}", oldest.unwrap_or_default());
    for (count, what) in [(failed, "failed"), (in_doubt, "in doubt"), (held, "held")] {
        if *count > 0 {
            text.push_str(&format!(", {what} {count}"));
        }
    }
    text.push('\n');
    if let Some(stopped) = stopped {
        text.push_str(&format!("  stopped: {stopped}\n"));
    }
    if let Some(why) = why {
        text.push_str(&format!("  the last attempt: {why}\n"));
    }
    text
}
