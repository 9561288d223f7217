//! Looks at the store of events: whether it can be used, and what waits in it.

use std::time::Duration;

use jiff::Timestamp;

use crate::outbox::{SinkStatus, StoreError};
use crate::provider_file::model::StoreSection;
use crate::provider_file::sinks::Sinks;
use crate::report::{Finding, Report, Step};

/// What waits for longer is worth a look: a sink does not take it.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What to do about deliveries that wait for somebody.
const DECIDE: &str = "see why with external-providers events list, then retry or skip them";

/// The store, then what waits for each sink. One that is not there yet is not made.
pub(super) async fn check(sinks: &Sinks) -> Report {
    let shown = match &sinks.place {
        StoreSection::File(path) => path.display().to_string(),
        StoreSection::Database(name) => format!("database {name}"),
    };
    let mut report = Report::new(Some("events".to_owned()), shown);
    if let StoreSection::File(path) = &sinks.place
        && path.symlink_metadata().is_err()
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut step = Step::new("store", "it is made when the service starts");
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let what = format!("there is no folder {}", folder.display());
            step = step.with(Finding::new("store", what).remedy("make it"));
        }
        report.steps.push(step);
        return report.finish();
    }
    match sinks.outbox.store().status().await {
        Ok(all) => {
            let waiting: u64 = all.iter().map(|sink| sink.waiting).sum();
            report.steps.push(Step::new("store", format!("it can be used; {waiting} wait in it")));
            let is_known =
                |sink: &SinkStatus| sinks.sinks.iter().any(|(name, ..)| *name == sink.sink);
            report.steps.extend(all.iter().map(|sink| waits(sink, is_known(sink))));
        }
        Err(error) => {
            let remedy = match &error {
                StoreError::Foreign { .. } => "name another file, or another database",
                StoreError::Newer { .. } => "use the version that made it, or a newer one",
                _ => "until then, events are refused",
            };
            let finding = Finding::new("store", error.to_string()).remedy(remedy);
            report.steps.push(Step::new("store", "it cannot be used").with(finding));
        }
    }
    report.finish()
}

/// What waits for a sink, and what troubles it.
fn waits(status: &SinkStatus, is_known: bool) -> Step {
    let SinkStatus { sink, waiting, failed, in_doubt, held, oldest, stopped, why, .. } = status;
    let age = oldest.map(|since| Timestamp::now().duration_since(since));
    // A clock that goes back makes nothing older.
    let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
    let oldest = match waiting {
        0 => String::new(),
        _ => format!(", the oldest for {} min", age.as_secs() / 60),
    };
    let mut step = Step::new("waiting", format!("{sink}: {waiting}{oldest}"));
    step.details.extend(why.clone());
    if *waiting > 0 && !is_known {
        let what = format!("{waiting} wait for {sink}, which is not in the file");
        step.add(Finding::new("no-sink", what).remedy("give it back its section, or skip them"));
    }
    if let Some(stopped) = stopped {
        let remedy = "when it is to be told again: external-providers events retry --provider FILE --all --sink";
        let what = format!("{sink} wants no more events: {stopped}");
        step.add(Finding::new("stopped", what).remedy(format!("{remedy} {sink}")));
    } else if age > LONG {
        let what = format!("{sink} has not taken an event for more than an hour");
        step.add(Finding::new("long-wait", what).remedy("see why in the line above"));
    }
    let troubled = [("failed", failed), ("in-doubt", in_doubt), ("held", held)]
        .into_iter()
        .filter(|t| *t.1 > 0);
    for (code, count) in troubled {
        let what = format!("{count} deliveries to {sink}: {}", code.replace('-', " "));
        step.add(Finding::new(code, what).remedy(DECIDE));
    }
    step
}
