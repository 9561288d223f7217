//! A database: one statement for each event.

use std::collections::BTreeMap;
use std::fmt;

use super::{Delivery, Sink, with_hint};
use crate::backends::database::{Cause, Effect, counted};
use crate::contract::BoxFuture;
use crate::explanation::Explanation;
use crate::outbox::Event;
use crate::report::Report;

/// The parameter by which a database knows an event again.
const EVENT_ID: &str = "eventId";

/// What makes the value of a parameter from an event; none is NULL.
pub type Parameter = Box<dyn Fn(&Event) -> Option<String> + Send + Sync>;

/// Runs one statement for each event.
///
/// Its parameters are those given, then `:eventName`, `:eventId`, `:eventTime` (`2026-11-26T09:15:42.125Z`),
/// then the event's variables by their names; what the event lacks is NULL.
///
/// An event may come twice. The statement knows it again by a column for `:eventId` with a unique index:
/// what that refuses counts as delivered. So a table that the statement fills should have no other unique
/// index that an event could run into. Where a statement has no `:eventId`, a unique index that refuses it
/// is a failure. If another number of rows than the expected one would change, none does, and the event is
/// refused.
pub struct SqlSink {
    name: String,
    effect: Effect,
    parameters: BTreeMap<String, Parameter>,
    idempotent: bool,
}

impl fmt::Debug for SqlSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlSink").field(&self.name).field(&self.effect).finish()
    }
}

impl SqlSink {
    /// A statement by the name of its sink, with the parameters that are not the event's own.
    pub fn new(name: &str, effect: Effect, parameters: BTreeMap<String, Parameter>) -> Self {
        Self { name: name.to_owned(), effect, parameters, idempotent: false }
    }

    /// May the statement run twice for an event? Then it does where a connection broke, or the time was
    /// over, while the server was committing. Default no: such a delivery is in doubt.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    fn value(&self, event: &Event, parameter: &str) -> Option<String> {
        if let Some(value) = self.parameters.get(parameter) {
            return value(event);
        }
        match parameter {
            "eventName" => Some(event.name.clone()),
            EVENT_ID => Some(event.id.clone()),
            "eventTime" => Some(event.time.to_string()),
            variable => event.variables.get(variable).map(str::to_owned),
        }
    }

    fn judged(&self, cause: &Cause, what: String) -> Delivery {
        let knows_again = self.effect.parameters().iter().any(|name| name == EVENT_ID);
        match cause {
            // Else it may be another index that refuses, and the event would be lost.
            Cause::Duplicate(_) if knows_again && self.idempotent => Delivery::Delivered,
            Cause::Duplicate(_) => {
                let hint = "if that is this event, from an earlier try, skip it; to have it known again, let the statement store :eventId in a column with a unique index, and say idempotent = true";
                Delivery::Rejected { why: with_hint(what, Some(hint)) }
            }
            Cause::Statement(_) => Delivery::Rejected { why: with_hint(what, cause.remedy()) },
            Cause::InDoubt(_) if !self.idempotent => {
                Delivery::InDoubt { why: with_hint(what, cause.remedy()) }
            }
            Cause::InDoubt(_) => Delivery::Refused { why: what, after: None },
            _ => Delivery::Refused { why: with_hint(what, cause.remedy()), after: None },
        }
    }
}

impl Sink for SqlSink {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async move {
            let explanation = Explanation::default();
            let value = |parameter: &str| self.value(event, parameter);
            let changing = self.effect.change_rows(&value, &explanation);
            match changing.await {
                Ok(rows) if rows == self.effect.rows() => Delivery::Delivered,
                Ok(rows) => {
                    let (rows, due) = (counted(rows), self.effect.rows());
                    let why = format!("{rows} would have changed, not {due}: nothing was changed");
                    Delivery::Rejected { why }
                }
                Err(error) => self.judged(&error.cause, crate::error_chain::error_chain(&error)),
            }
        })
    }

    fn may_repeat(&self) -> bool {
        self.idempotent
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async move {
            let mut report =
                Report::new(Some(self.name.clone()), self.effect.database().settings().address());
            report.steps.push(self.effect.check().await);
            report.finish()
        })
    }
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backends::database::{Database, DatabaseKind, DatabaseSettings};

    #[test]
    fn what_may_have_happened_is_in_doubt_unless_it_may_happen_twice() {
        let settings = DatabaseSettings {
            file: "unused.sqlite".into(),
            ..DatabaseSettings::new(DatabaseKind::Sqlite)
        };
        let database = Database::new("crm", settings).unwrap();
        let statement = "update t set a = :a where b = :eventId";
        let effect = Effect::new("e", database, statement, 1, Duration::from_secs(1)).unwrap();
        let sink = SqlSink::new("crm", effect, BTreeMap::new());
        let cause = Cause::InDoubt("lost".to_owned());
        let doubt = sink.judged(&cause, "lost".to_owned());
        assert!(matches!(doubt, Delivery::InDoubt { why } if why.starts_with("lost; ")));
        assert!(!sink.may_repeat());
        let sink = sink.idempotent(true);
        assert!(sink.may_repeat());
        let again = Delivery::Refused { why: "lost".to_owned(), after: None };
        assert_eq!(sink.judged(&cause, "lost".to_owned()), again);
    }
}
