//! `events`: what is kept for the sinks of a provider's file, and what becomes of it.

mod change;
mod list;
mod render;
mod show;
mod status;
mod tail;

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use external_providers::outbox::{Filter, State, Store, StoreError};
use external_providers::provider_file::Provider;
use external_providers::suggest::nearest;
use tokio::runtime::Builder;

use super::{Failed, SETTINGS, USAGE, error_chain, provider, runtime};

/// The exit codes of all of them.
const CODES: &str = "\
Exit codes:
  0  done
  1  local trouble (the store cannot be read or written, output cannot be written)
  2  usage: the arguments are wrong
  3  settings: something in the file is wrong, it keeps no events, its store is missing or another
     program's, or there is no such event";

/// Show events that are kept for sinks, and decide about those that failed
///
/// Events that `external-providers serve --provider FILE` took are kept in the store that the file's
/// [events] names until every sink has them, and for a time after that. These commands work while a host
/// delivers from the same store.
#[derive(Args)]
#[command(after_help = CODES)]
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Retry(change::RetryArgs),
    Skip(change::SkipArgs),
    Tail(tail::TailArgs),
    Status(status::StatusArgs),
}

/// Whose events.
#[derive(Args)]
struct Source {
    /// The provider's file, which says where events are kept
    #[arg(long, value_name = "FILE")]
    provider: PathBuf,
}

/// Which of them.
#[derive(Args)]
struct Which {
    /// To this sink
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,

    /// Of events with this name
    #[arg(long, value_name = "NAME")]
    event: Option<String>,

    /// In this state
    #[arg(long, value_name = "STATE",
        value_parser = PossibleValuesParser::new(STATES.map(|(word, _)| word)))]
    state: Option<String>,
}

/// The states of a delivery, by their names.
const STATES: [(&str, State); 6] = [
    ("waiting", State::Waiting),
    ("delivered", State::Delivered),
    ("failed", State::Failed),
    ("in-doubt", State::InDoubt),
    ("skipped", State::Skipped),
    ("held", State::Held),
];

fn word(state: State) -> &'static str {
    STATES.iter().find(|(_, of)| *of == state).map_or("", |(word, _)| word)
}

impl Which {
    /// The filter; of a sink that nobody has heard of, that it was misspelt.
    async fn filter(&self, kept: &Events) -> Result<Filter, Failed> {
        let mut filter = Filter::default();
        if let Some(sink) = &self.sink {
            let mut known = kept.sinks.clone();
            // Something may be kept for one that is not in the file any more.
            known.extend(kept.store.status().await.map_err(failed)?.into_iter().map(|s| s.sink));
            if !known.contains(sink) {
                let hint = match nearest(sink, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("known are {}", known.join(", ")),
                };
                return Err(Failed::new(USAGE, format!("there is no sink {sink:?}")).hint(hint));
            }
        }
        filter.sink = self.sink.clone();
        filter.name = self.event.clone();
        let state = |(word, _): &&(&str, State)| Some(*word) == self.state.as_deref();
        filter.state = STATES.iter().find(state).map(|(_, state)| *state);
        Ok(filter)
    }
}

/// The store of a file, and the names of its sinks.
struct Events {
    store: Arc<dyn Store>,
    sinks: Vec<String>,
}

impl Events {
    fn of(source: &Source) -> Result<Self, Failed> {
        let shown = source.provider.display();
        let provider = Provider::new(provider::load(&source.provider)?)
            .map_err(|error| Failed::new(SETTINGS, format!("{shown}: {}", error_chain(&error))))?;
        let store = provider.event_store().ok_or_else(|| {
            Failed::new(SETTINGS, format!("{shown} keeps no events"))
                .hint("it needs [events] with a store or a database, and a [sinks.NAME]")
        })?;
        // To look for events makes no store.
        if let Some(file) = provider.event_store_file().filter(|file| !file.exists()) {
            return Err(Failed::new(
                SETTINGS,
                format!("the store {} is not there", file.display()),
            )
            .hint("external-providers serve --provider FILE makes it when it starts"));
        }
        Ok(Self { store, sinks: provider.event_sinks() })
    }

    /// Does this with the store.
    fn with<T>(
        source: &Source,
        work: impl AsyncFnOnce(Self) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let kept = Self::of(source)?;
        let runtime = runtime(Builder::new_current_thread())?;
        let done = runtime.block_on(work(kept));
        // A name look-up cannot be cancelled, and must not hold up the end.
        runtime.shutdown_background();
        done
    }
}

/// What the store says, with the exit code that fits.
fn failed(error: StoreError) -> Failed {
    let code = match error {
        StoreError::Failed { .. } => super::LOCAL,
        _ => SETTINGS,
    };
    Failed::new(code, error.to_string())
}

pub(crate) fn run(args: &EventsArgs) -> Result<u8, Failed> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Retry(args) => change::retry(args),
        Command::Skip(args) => change::skip(args),
        Command::Tail(args) => tail::run(args),
        Command::Status(args) => status::run(args),
    }
}
