//! `events show`.

use clap::Args;
use external_providers::contract::may_be_secret;
use external_providers::outbox::{Filter, Kept};
use external_providers::secret::MASK;
use jiff::Timestamp;

use super::render::{as_json, delivery, head, widest};
use super::{CODES, Events, Source, failed};
use crate::cli::{Failed, OK, SETTINGS, print, printable};

/// Show an event with its variables and what became of it
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct ShowArgs {
    /// The event's id, as `events list` shows it
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    source: Source,

    /// Print one JSON object: id, event, time, lane, variables (key, value), deliveries (sink, state,
    /// attempts, due, why)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ShowArgs) -> Result<u8, Failed> {
    let kept = Events::with(&args.source, async |kept| find(&kept, &args.id).await)?;
    if args.json {
        print(&format!("{:#}\n", as_json(&kept)))?;
        return Ok(OK);
    }
    let mut text = format!("{}\n{}\n", kept.event.id, head(&kept));
    let keys = kept.event.variables.iter().map(|(key, _)| key.chars().count());
    let keys = keys.max().unwrap_or(0);
    for (key, value) in kept.event.variables.iter() {
        let value = if may_be_secret(key) { MASK } else { value };
        text.push_str(&format!("  {key:keys$}  {value}\n"));
    }
    text.push_str("sinks:\n");
    let sinks = widest(kept.deliveries.iter());
    for one in &kept.deliveries {
        text.push_str(&format!("  {}\n", delivery(one, sinks, Timestamp::now())));
    }
    print(&printable(&text)).map(|()| OK)
}

/// The event with an id.
pub(super) async fn find(kept: &Events, id: &str) -> Result<Kept, Failed> {
    let mut filter = Filter::default();
    filter.id = Some(id.to_owned());
    let found = kept.store.list(&filter, 1).await.map_err(failed)?;
    found.into_iter().next().ok_or_else(|| {
        Failed::new(SETTINGS, format!("there is no event {id:?} in the store"))
            .hint("`external-providers events list` shows ids")
    })
}
