//! `events tail`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use external_providers::outbox::{Filter, Kept, State, StoreError};
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use super::list::text;
use super::render::as_json;
use super::{CODES, Events, Source, Which, failed};
use crate::cli::signals::Signals;
use crate::cli::{Failed, OK, output, print, printable};

/// How often the store is asked.
const PAUSE: Duration = Duration::from_millis(500);
/// Events that are read at a time.
const PAGE: usize = 200;
/// Events whose ends are waited for.
const FOLLOWED: usize = 200;

/// Print events as they come, and again when something became of them, until Ctrl-C
///
/// Each is shown as `events list` does, with the deliveries that are new or changed.
#[derive(Args)]
#[command(after_help = CODES)]
pub(super) struct TailArgs {
    #[command(flatten)]
    source: Source,

    /// To this sink
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,

    /// Events with this name
    #[arg(long, value_name = "NAME")]
    event: Option<String>,

    /// Print a JSON object on a line of its own each time, as `events list --json` has them, with all
    /// deliveries
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TailArgs) -> Result<u8, Failed> {
    Events::with(&args.source, async |kept| {
        let (sink, event) = (args.sink.clone(), args.event.clone());
        let filter = Which { sink, event, state: None }.filter(&kept).await?;
        let mut tail = Tail::new(kept, filter, args.json);
        tail.kept.store.open().await.map_err(failed)?;
        let mut signals = Signals::new()?;
        let mut poll = interval(PAUSE);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looked = async {
                poll.tick().await;
                tail.look().await
            };
            tokio::select! {
                biased;
                () = signals.next() => return Ok(OK),
                looked = looked => looked?,
            }
        }
    })
}

struct Tail {
    kept: Events,
    filter: Filter,
    json: bool,
    /// What was read last, or the time when this began, as ids have it.
    after: String,
    /// What was printed of events of which more is to be expected, by their ids.
    open: BTreeMap<String, Kept>,
    /// What was said last of a store that could not be read.
    trouble: Option<StoreError>,
}

impl Tail {
    fn new(kept: Events, filter: Filter, json: bool) -> Self {
        let now = Timestamp::now().as_millisecond();
        let after = format!("evt_{:08x}-{:04x}", now >> 16, now & 0xffff);
        Self { kept, filter, json, after, open: BTreeMap::new(), trouble: None }
    }

    /// Prints what is new. A store that cannot be read may be there again later.
    async fn look(&mut self) -> Result<(), Failed> {
        match self.news().await {
            Ok(news) => {
                self.trouble = None;
                self.print(&news)
            }
            Err(error) => {
                if self.trouble.as_ref() != Some(&error) {
                    output::warning(&error.to_string());
                }
                self.trouble = Some(error);
                Ok(())
            }
        }
    }

    /// Events that came, and those to which something happened.
    async fn news(&mut self) -> Result<Vec<Kept>, StoreError> {
        let (mut news, mut gone) = (Vec::new(), Vec::new());
        for (id, before) in &self.open {
            let mut filter = self.filter.clone();
            filter.id = Some(id.clone());
            match self.kept.store.list(&filter, 1).await?.pop() {
                Some(now) if now != *before => news.push(now),
                Some(_) => {}
                None => gone.push(id.clone()),
            }
        }
        self.open.retain(|id, _| !gone.contains(id));
        let mut filter = self.filter.clone();
        filter.after = Some(self.after.clone());
        let came = self.kept.store.list(&filter, PAGE).await?;
        if let Some(last) = came.last() {
            self.after.clone_from(&last.event.id);
        }
        news.extend(came);
        Ok(news)
    }

    fn print(&mut self, news: &[Kept]) -> Result<(), Failed> {
        for kept in news {
            let before = self.open.remove(&kept.event.id);
            if self.json {
                print(&format!("{}\n", as_json(kept)))?;
            } else {
                let mut shown = kept.clone();
                let before = before.iter().flat_map(|before| &before.deliveries);
                shown.deliveries.retain(|delivery| !before.clone().any(|old| old == delivery));
                print(&printable(&text(&[shown], output::columns(), Timestamp::now())))?;
            }
            if kept.deliveries.iter().any(|delivery| delivery.state == State::Waiting) {
                self.open.insert(kept.event.id.clone(), kept.clone());
            }
        }
        while self.open.len() > FOLLOWED
            && let Some((id, _)) = self.open.pop_first()
        {
            output::note(&format!("{id} still waits: `external-providers events show` shows it"));
        }
        Ok(())
    }
}
