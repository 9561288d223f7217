//! Where events are kept, and who is told of them, as a file says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::LoadError;
use super::model::{ProviderFile, StoreSection, Target};
use crate::backends::database::{Database, Effect};
use crate::contract::HandleEvent;
#[cfg(feature = "nats")]
use crate::outbox::NatsSink;
#[cfg(feature = "postgres")]
use crate::outbox::PostgresStore;
#[cfg(feature = "sqlite")]
use crate::outbox::SqliteStore;
use crate::outbox::{
    Event, Limits, Outbox, Pace, Parameter, Sink, SoapSink, SqlSink, Store, StoreError, WebhookSink,
};
use crate::rules::Facts;

/// The store and the sinks of a file in force.
#[derive(Debug)]
pub(super) struct Sinks {
    pub(super) outbox: Outbox,
    pub(super) place: StoreSection,
    /// Where that is.
    address: String,
    /// In the order of the file.
    pub(super) sinks: Vec<(String, Arc<dyn Sink>, Pace)>,
}

impl Sinks {
    /// The store and sinks whose settings are those of an old file stay as they are; `None` without a
    /// store. Nothing is opened or connected yet.
    pub(super) fn new(
        file: &ProviderFile,
        databases: &BTreeMap<String, Database>,
        old: Option<(&ProviderFile, &Self)>,
    ) -> Result<Option<Self>, LoadError> {
        let Some(section) = &file.kinds.events else { return Ok(None) };
        let Some(store) = &section.store else { return Ok(None) };
        let before = old.and_then(|(file, old)| Some((file, file.kinds.events.as_ref()?, old)));
        // A database whose settings changed is another.
        let is_kept = |database: &str| {
            let of = |file: &ProviderFile| file.servers.databases.get(database).cloned();
            before.is_some_and(|(old, ..)| of(old) == of(file))
        };
        let same = before.filter(|(_, before, _)| before.store.as_ref() == Some(store));
        let outbox = match (same, store) {
            (Some((.., old)), StoreSection::File(_)) => old.outbox.clone(),
            (Some((.., old)), StoreSection::Database(name)) if is_kept(name) => old.outbox.clone(),
            _ => Outbox::new(new_store(file, store)?),
        };
        let mut sinks = Vec::new();
        for (name, sink) in &section.sinks {
            let same = before.and_then(|(_, before, old)| {
                let (_, same) = before.sinks.iter().find(|(old, _)| old == name)?;
                let is_same = match &sink.target {
                    Target::Sql { bound, .. } => is_kept(&bound.database),
                    _ => true,
                };
                let (_, old, _) = old.sinks.iter().find(|(old, ..)| old == name)?;
                (is_same && same.target == sink.target).then(|| Arc::clone(old))
            });
            let made = match same {
                Some(same) => same,
                None => new_sink(name, &sink.target, databases)?,
            };
            sinks.push((name.clone(), made, sink.pace.clone()));
        }
        let mut limits = Limits::default();
        (limits.keep, limits.loop_limit) = (section.keep, section.loop_limit);
        outbox.set_limits(limits);
        let address = match store {
            StoreSection::File(path) => path.display().to_string(),
            StoreSection::Database(name) => {
                file.servers.databases.get(name).map(|d| d.address()).unwrap_or_default()
            }
        };
        Ok(Some(Self { outbox, place: store.clone(), address, sinks }))
    }

    /// Fails if events would be kept elsewhere than they were: nobody would deliver what waits there.
    pub(super) fn stay(new: Option<&Self>, old: Option<&Self>) -> Result<(), LoadError> {
        match old.is_some_and(|old| new.is_none_or(|new| new.address != old.address)) {
            true => Err(LoadError::StoreChanged),
            false => Ok(()),
        }
    }

    /// A server that is not there may come later: what else went wrong with the store remains.
    pub(super) fn unless_later(&self, done: Result<(), StoreError>) -> Result<(), StoreError> {
        match (done, &self.place) {
            (Err(error @ StoreError::Open { .. }), StoreSection::Database(_)) => {
                tracing::error!("{error}; events are refused until it is there");
                Ok(())
            }
            (done, _) => done,
        }
    }

    /// Makes sure that events can be kept, where an old file kept none or by other settings.
    pub(super) async fn succeed(new: Option<&Self>, old: Option<&Self>) -> Result<(), LoadError> {
        let is_kept =
            |new: &Self| old.is_some_and(|old| Arc::ptr_eq(new.outbox.store(), old.outbox.store()));
        match new.filter(|new| !is_kept(new)) {
            Some(new) => Ok(new.unless_later(new.outbox.store().open().await)?),
            None => Ok(()),
        }
    }
}

fn new_store(file: &ProviderFile, store: &StoreSection) -> Result<Arc<dyn Store>, LoadError> {
    let settings = match store {
        StoreSection::Database(name) => file.servers.databases.get(name),
        StoreSection::File(_) => None,
    };
    match (store, settings) {
        #[cfg(feature = "sqlite")]
        (StoreSection::File(path), _) => Ok(Arc::new(SqliteStore::new(path))),
        #[cfg(feature = "postgres")]
        (StoreSection::Database(name), Some(settings)) => {
            Ok(Arc::new(PostgresStore::new(name, settings.clone())))
        }
        // No such file is read.
        #[cfg(not(feature = "sqlite"))]
        (StoreSection::File(path), _) => Err(no_database(&path.display().to_string())),
        (StoreSection::Database(name), _) => Err(no_database(name)),
    }
}

fn no_database(name: &str) -> LoadError {
    LoadError::NoDatabase { name: name.to_owned() }
}

fn new_sink(
    name: &str,
    target: &Target,
    databases: &BTreeMap<String, Database>,
) -> Result<Arc<dyn Sink>, LoadError> {
    let unusable = |error| LoadError::Sink { name: name.to_owned(), error };
    Ok(match target {
        Target::Webhook(settings) => {
            Arc::new(WebhookSink::new(name, settings.clone()).map_err(unusable)?)
        }
        Target::Soap { service, idempotent } => {
            Arc::new(SoapSink::new(name, service, *idempotent).map_err(unusable)?)
        }
        Target::Sql { bound, rows, timeout, idempotent } => {
            let database = databases.get(&bound.database).cloned();
            let database = database.ok_or_else(|| no_database(&bound.database))?;
            let effect = Effect::new(name, database, &bound.statement, *rows, *timeout);
            let effect = effect.map_err(LoadError::statement(name))?;
            let parameters = bound.parameters.iter().map(|(parameter, template)| {
                let template = template.clone();
                let value = move |event: &Event| template.render(&facts(event));
                (parameter.clone(), Box::new(value) as Parameter)
            });
            Arc::new(SqlSink::new(name, effect, parameters.collect()).idempotent(*idempotent))
        }
        #[cfg(feature = "nats")]
        Target::Nats(settings) => {
            Arc::new(NatsSink::new(name, settings.clone()).map_err(unusable)?)
        }
    })
}

/// What texts see of an event.
fn facts(event: &Event) -> Facts {
    let (event_name, other) = (event.name.clone(), event.variables.clone());
    let mut facts = Facts::of(&HandleEvent { event_name, other });
    for (name, value) in [("eventId", event.id.clone()), ("eventTime", event.time.to_string())] {
        facts.variables.replace(name, &value);
    }
    facts
}
