//! `events list`.

use clap::Args;
use external_providers::outbox::Kept;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::render::{as_json, cut, delivery, head, widest};
use super::{CODES, Events, Source, Which, failed};
use crate::cli::{Failed, OK, output, print, printable};

/// List events, the oldest first
///
/// Of each event: its id, when it came, its name, the ticket or chat that it is about, and a line for each
/// sink: how its delivery stands, attempts, when the next one is, and why the last one failed.
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct ListArgs {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    which: Which,

    /// So many events at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,

    /// Those that came after the event with this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,

    /// Print JSON: events (id, event, time, lane, variables, deliveries, each with sink, state, attempts,
    /// due and why), and whether there are more
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ListArgs) -> Result<u8, Failed> {
    let limit = args.limit as usize;
    let mut events = Events::with(&args.source, async |kept| {
        let mut filter = args.which.filter(&kept).await?;
        filter.after = args.after.clone();
        kept.store.list(&filter, limit + 1).await.map_err(failed)
    })?;
    let more = events.len() > limit;
    events.truncate(limit);
    if args.json {
        let list: Vec<Value> = events.iter().map(as_json).collect();
        print(&format!("{:#}\n", json!({ "events": list, "more": more })))?;
        return Ok(OK);
    }
    print(&printable(&text(&events, output::columns(), Timestamp::now())))?;
    match events.last() {
        None => output::note("there is no such event"),
        Some(last) if more => {
            output::note(&format!("there are more: --after {}, or --limit", last.event.id));
        }
        Some(_) => {}
    }
    Ok(OK)
}

/// Two or more lines for each event. Where an id and what follows it are too wide, it has a line of its
/// own; all other lines are cut.
pub(super) fn text(events: &[Kept], columns: Option<usize>, now: Timestamp) -> String {
    let width = columns.unwrap_or(usize::MAX);
    let sinks = widest(events.iter().flat_map(|kept| &kept.deliveries));
    let heads = events.iter().map(|kept| (kept.event.id.as_str(), head(kept)));
    let is_wide = |(id, head): (&str, String)| id.len() + 2 + head.chars().count() > width;
    let gap = if heads.clone().any(is_wide) { "\n  " } else { "  " };
    let mut text = String::new();
    for (kept, (id, head)) in events.iter().zip(heads) {
        text.push_str(&format!("{id}{gap}{}\n", cut(&head, width.saturating_sub(2))));
        for one in &kept.deliveries {
            text.push_str(&format!(
                "{}\n",
                cut(&format!("  {}", delivery(one, sinks, now)), width)
            ));
        }
    }
    text
}
