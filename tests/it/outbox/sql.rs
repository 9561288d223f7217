//! A database that is told of events.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use external_providers::backends::database::{Database, DatabaseKind, DatabaseSettings, Effect};
use external_providers::outbox::{Delivery, Parameter, SqlSink};
use external_providers::report::Outcome;
use rusqlite::Connection;

use super::{event, told};
use crate::support::Folder;

const TABLE: &str = "create table events (id text primary key, name text, time text, ticket text unique, said text)";
const INSERT: &str =
    "insert into events values (:eventId, :eventName, :eventTime, :ticketNumber, :said)";

fn sink(file: &Path, statement: &str) -> SqlSink {
    let file = file.to_owned();
    let settings = DatabaseSettings { file, ..DatabaseSettings::new(DatabaseKind::Sqlite) };
    let database = Database::new("crm", settings).unwrap();
    let effect = Effect::new("crm", database, statement, 1, Duration::from_secs(5)).unwrap();
    let said: Parameter = Box::new(|event| Some(format!("{} happened", event.name)));
    SqlSink::new("crm", effect, BTreeMap::from([("said".to_owned(), said)]))
}

fn refused(sink: &SqlSink) -> String {
    match told(sink, &event()).0 {
        Delivery::Refused { why, after: None } | Delivery::Rejected { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_statement_gets_the_event_and_knows_it_again() {
    let folder = Folder::new("sink-sql");
    let file = folder.path().join("crm.sqlite");
    let crm = Connection::open(&file).unwrap();
    crm.execute_batch(TABLE).unwrap();
    let sink = sink(&file, INSERT).idempotent(true);
    for _ in 0..2 {
        let (delivery, report, _) = told(&sink, &event());
        assert_eq!(delivery, Delivery::Delivered, "the second time, the index knows it");
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
    let row = crm.query_row(
        "select id || ' ' || name || ' ' || time || ' ' || ticket || ' ' || said from events",
        (),
        |row| row.get::<_, String>(0),
    );
    assert_eq!(
        row.unwrap(),
        "evt_019ab8c2-5f0e-7c31-9d6e-1f2a3b4c5d6e TicketCreated 2026-11-26T09:15:42.125Z 123-456 TicketCreated happened"
    );
    // It may as well be another index that refuses: nothing is taken for delivered unasked.
    let why = refused(&self::sink(&file, INSERT));
    assert!(why.contains("UNIQUE constraint failed") && why.contains("idempotent = true"), "{why}");
    // What the event lacks is NULL.
    let lacking = self::sink(&file, "update events set said = :chatID where id = :eventId");
    assert_eq!(told(&lacking, &event()).0, Delivery::Delivered);
    let said = crm.query_row("select said from events", (), |row| row.get::<_, Option<String>>(0));
    assert_eq!(said.unwrap(), None);
}

#[test]
fn what_a_database_does_not_take_is_refused() {
    let folder = Folder::new("sink-sql");
    let file = folder.path().join("crm.sqlite");
    let crm = Connection::open(&file).unwrap();
    crm.execute_batch(TABLE).unwrap();
    let why = refused(&sink(&file, "update events set said = 'x' where id = :eventId"));
    assert_eq!(why, "0 rows would have changed, not 1: nothing was changed");

    crm.execute_batch("insert into events (id, ticket) values ('another', '123-456')").unwrap();
    let blind = sink(&file, "insert into events (id, ticket) values (:eventName, :ticketNumber)");
    let why = refused(&blind);
    assert!(why.contains("unique index") && why.contains(":eventId"), "{why}");

    crm.execute_batch("drop table events").unwrap();
    let gone = sink(&file, INSERT);
    let (_, report, _) = told(&gone, &event());
    assert!(refused(&gone).contains("no such table"));
    assert!(report.findings().any(|finding| finding.text.contains("no such table")), "{report:?}");

    let nowhere = sink(&folder.path().join("nowhere/crm.sqlite"), INSERT);
    assert!(refused(&nowhere).contains("database crm"));
    assert_eq!(told(&nowhere, &event()).1.outcome, Outcome::Finding);
}
