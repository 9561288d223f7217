//! `events retry` and `events skip`.

use clap::Args;
use serde_json::json;

use super::show::find;
use super::{CODES, Events, Source, Which, failed};
use crate::cli::{Failed, OK, print};

/// Try deliveries again that failed, are in doubt or held, at once
///
/// Those that wait are due at once, too, and a sink that wanted no more events (it answered 410) is told
/// again. What is in doubt may have arrived: its sink may be told twice.
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Give deliveries up, whatever their state, unless they were made
///
/// They are kept as skipped for as long as delivered ones are; their tickets and chats go on.
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct SkipArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Args)]
struct ChangeArgs {
    /// Of the events with these ids
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,

    /// Of all events, or of those that --sink, --event and --state leave
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    which: Which,

    /// Print one JSON object: deliveries, their number
    #[arg(long)]
    json: bool,
}

pub(super) fn retry(args: &RetryArgs) -> Result<u8, Failed> {
    let count = change(&args.change, true)?;
    said(&args.change, count, "will be tried again at once")
}

pub(super) fn skip(args: &SkipArgs) -> Result<u8, Failed> {
    let count = change(&args.change, false)?;
    said(&args.change, count, if count == 1 { "is given up" } else { "are given up" })
}

fn said(args: &ChangeArgs, count: u64, what: &str) -> Result<u8, Failed> {
    let text = match (args.json, count) {
        (true, _) => format!("{:#}\n", json!({ "deliveries": count })),
        (false, 0) => "no delivery matches\n".to_owned(),
        (false, 1) => format!("1 delivery {what}\n"),
        (false, _) => format!("{count} deliveries {what}\n"),
    };
    print(&text).map(|()| OK)
}

/// How many deliveries were changed.
fn change(args: &ChangeArgs, retry: bool) -> Result<u64, Failed> {
    Events::with(&args.source, async |kept| {
        let filter = args.which.filter(&kept).await?;
        let mut filters = vec![filter.clone()];
        if !args.all {
            // Nothing is changed before all of them are known.
            for id in &args.ids {
                find(&kept, id).await?;
            }
            let of = |id: &String| {
                let mut filter = filter.clone();
                filter.id = Some(id.clone());
                filter
            };
            filters = args.ids.iter().map(of).collect();
        }
        let mut count = 0;
        for filter in filters {
            count += match retry {
                true => kept.store.retry(&filter).await,
                false => kept.store.skip(&filter).await,
            }
            .map_err(failed)?;
        }
        Ok(count)
    })
}
