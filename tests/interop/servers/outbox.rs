//! Events in PostgreSQL: what every store must do, several hosts, servers that are killed.

mod haproxy;
mod hosts;
mod restarts;
#[path = "../../it/outbox/store.rs"]
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use external_providers::backends::database::{DatabaseKind, DatabaseSettings};
use external_providers::outbox::{Filter, PostgresStore, Settled, State, Store, StoreError};

use crate::database::administrator;
use crate::rig::Rig;
use store::{claim, event, keep, keeps_its_promises, next, settle, state, status};

/// A database of its own, in which nothing is.
fn database(rig: &Rig) -> DatabaseSettings {
    create(rig, "")
}

fn create(rig: &Rig, options: &str) -> DatabaseSettings {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let name = format!("events_{process}_{count}");
    let statement = format!("create database {name} owner helpdesk {options}");
    administrator(DatabaseKind::Postgres, rig, &statement);
    DatabaseSettings {
        host: rig.get("host").to_owned(),
        port: Some(rig.get("port").parse().unwrap()),
        database: name,
        user: "helpdesk".to_owned(),
        password: "Passw0rd-1".into(),
        root_certificates: std::fs::read(rig.file("ca.pem")).unwrap(),
        // A busy machine is no limit.
        connect_timeout: Duration::from_secs(60),
        ..DatabaseSettings::new(DatabaseKind::Postgres)
    }
}

fn store(settings: &DatabaseSettings) -> PostgresStore {
    PostgresStore::new("events", settings.clone())
}

/// A statement by the store's own account, in its database.
fn run(settings: &DatabaseSettings, statement: &str) -> String {
    let mut psql = std::process::Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    psql.args(["--username=helpdesk", "--host", &settings.host, "--port"]);
    psql.arg(settings.port().to_string()).args(["--command", statement, &settings.database]);
    let output = psql.env("PGPASSWORD", "Passw0rd-1").output().unwrap();
    assert!(output.status.success(), "{statement}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_every_store_must() {
    let rig = Rig::shared("postgres");
    keeps_its_promises(async || Arc::new(store(&database(&rig))) as Arc<dyn Store>).await;
    // Over TLS, too.
    let mut settings = database(&rig);
    settings.encryption = Some(true);
    keep(&store(&settings), &event("a", 0), &["crm"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_tables_are_made_once_and_those_of_others_left_alone() {
    let rig = Rig::shared("postgres");
    let settings = database(&rig);
    let hosts: Vec<_> = (0..6)
        .map(|number| {
            let store = store(&settings);
            tokio::spawn(async move { keep(&store, &event("a", number), &["crm"]).await })
        })
        .collect();
    for host in hosts {
        host.await.unwrap();
    }
    assert_eq!(store(&settings).list(&Filter::default(), 10).await.unwrap().len(), 6);

    let comment = "comment on table external_providers_events is";
    run(&settings, &format!("{comment} 'external-providers, a store of events, version 7'"));
    let error = store(&settings).open().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { version: 7, .. }), "{error}");
    run(&settings, &format!("{comment} null"));
    let error = store(&settings).append(&event("a", 6), &["crm".to_owned()], 0).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");

    let settings = database(&rig);
    run(&settings, "create table external_providers_lanes (n int)");
    let error = store(&settings).open().await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_holds_up_no_other() {
    let rig = Rig::shared("postgres");
    let settings = database(&rig);
    let store = store(&settings);
    for number in 0..2 {
        keep(&store, &event("a", number), &["crm"]).await;
    }
    let first = "seq = (select min(seq) from external_providers_events)";
    run(&settings, &format!("update external_providers_events set variables = '7' where {first}"));
    settle(claim(&store, 1).await, Settled::Delivered).await;
    assert_eq!(status(&store).await.failed, 1, "the other is kept");
}

#[tokio::test]
async fn why_it_cannot_be_used_is_said() {
    let rig = Rig::shared("postgres");
    let error = async |settings: &DatabaseSettings| {
        let error = store(settings).open().await.unwrap_err().to_string();
        assert!(!error.contains("Passw0rd"), "{error}");
        error
    };
    // The account may not make tables in the administrator's database.
    let settings = DatabaseSettings { database: "postgres".to_owned(), ..database(&rig) };
    assert!(error(&settings).await.contains("GRANT CREATE"), "{}", error(&settings).await);
    let settings = database(&rig);
    let wrong = DatabaseSettings { password: "wrong".into(), ..settings.clone() };
    assert!(error(&wrong).await.contains("login is refused"));
    let nobody = DatabaseSettings { port: Some(9), ..settings.clone() };
    assert!(error(&nobody).await.contains("cannot be reached"));
    let latin = create(&rig, "encoding latin1 template template0 locale 'C'");
    assert!(error(&latin).await.contains("LATIN1"));
}

/// As the network would, or somebody at the server.
fn drop_connections(rig: &Rig, settings: &DatabaseSettings) {
    let statement = format!(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = '{}'",
        settings.database
    );
    administrator(DatabaseKind::Postgres, rig, &statement);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_connection_was_lost_can_be_settled_or_is_given_to_others() {
    let rig = Rig::shared("postgres");
    let settings = database(&rig);
    let (host, other) = (store(&settings), store(&settings));
    for number in 0..4 {
        keep(&host, &event("a", number), &["crm"]).await;
    }
    // Nobody else wanted it.
    let mut first = claim(&host, 0).await;
    drop_connections(&rig, &settings);
    assert!(next(&host).await.is_none(), "this host has it still");
    while let Err(error) = first.claim.settle(&Settled::Delivered).await {
        assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    }
    drop(first);

    // Another one did, which goes first.
    let mut second = claim(&host, 1).await;
    drop_connections(&rig, &settings);
    let again = claim(&other, 1).await;
    second.claim.settle(&Settled::Delivered).await.expect_err("the connection is gone");
    let settled = tokio::spawn(async move { second.claim.settle(&Settled::Delivered).await });
    let later = Settled::Again { after: Duration::ZERO, why: "no".to_owned() };
    settle(again, later).await;
    settled.await.unwrap().unwrap();
    assert_eq!(host.list(&state(State::Delivered), 9).await.unwrap().len(), 2);

    // What was begun is in doubt for others, until it is known.
    let mut third = claim(&host, 2).await;
    third.claim.begin().await.unwrap();
    drop_connections(&rig, &settings);
    let fourth = claim(&other, 3).await;
    assert_eq!(status(&host).await.in_doubt, 1);
    let again = Settled::Again { after: Duration::ZERO, why: "refused".to_owned() };
    third.claim.settle(&again).await.expect_err("the connection is gone");
    settle(fourth, Settled::Delivered).await;
    third.claim.settle(&again).await.unwrap();
    drop(third);
    settle(claim(&host, 2).await, Settled::Delivered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_lost_while_idle_cost_no_event() {
    let rig = Rig::shared("postgres");
    let settings = database(&rig);
    let host = store(&settings);
    for number in 0..10 {
        keep(&host, &event("", number), &["crm"]).await;
        drop_connections(&rig, &settings);
    }
    assert_eq!(status(&host).await.waiting, 10);
}

/// Half of those that wait stand behind one that is not due. `SERVERS_EVENTS` says how many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_is_found_however_many_wait() {
    const DELIVERIES: u32 = 100;
    let settings = database(&Rig::shared("postgres"));
    let host = store(&settings);
    keep(&host, &event("a", 0), &["crm"]).await;
    let blocked = Settled::Again { after: Duration::from_secs(3600), why: "down".to_owned() };
    settle(claim(&host, 0).await, blocked).await;
    let count: i64 = std::env::var("SERVERS_EVENTS").map_or(20_000, |count| count.parse().unwrap());
    let lane_of_the_first = "(select lane from external_providers_lanes)";
    for (ticket, lane) in [("'ticketNumber=a'", lane_of_the_first), ("null", "seq")] {
        let fill = format!(
            "with e as (
                insert into external_providers_events (id, name, time, lane, likeness, variables)
                select 'evt_' || gen_random_uuid(), 'TicketChanged', now(), {ticket}, n,
                    '[{{\"key\":\"number\",\"value\":\"1\"}}]'
                from generate_series(1, {}) n returning seq),
            d as (
                insert into external_providers_deliveries (event, sink, lane, state)
                select seq, 'crm', {lane}, 0 from e)
            insert into external_providers_lanes (sink, lane, first) select 'crm', {lane}, seq from e
            on conflict do nothing",
            count / 2
        );
        run(&settings, &fill);
        // The server may look at the tables when all that waits is in one lane.
        if ticket != "null" {
            run(&settings, "analyze");
        }
    }
    // Rows and entries of indexes that were looked at, by those whose connections have ended.
    let read = || -> u64 {
        let others = "select count(*) from pg_stat_activity where datname = current_database() \
                      and pid <> pg_backend_pid()";
        while run(&settings, others) != "0" {}
        let read = "select (select sum(seq_tup_read) from pg_stat_user_tables) \
                    + (select sum(idx_tup_read) from pg_stat_user_indexes)";
        run(&settings, read).parse().unwrap()
    };
    drop(host);
    let (before, host) = (read(), store(&settings));
    let began = std::time::Instant::now();
    for _ in 0..DELIVERIES {
        settle(claim(&host, 1).await, Settled::Delivered).await;
    }
    let time = began.elapsed() / DELIVERIES;
    drop(host);
    let each = (read() - before) / u64::from(DELIVERIES);
    println!("with {count} waiting, a delivery looks at {each} rows and takes {time:?}");
    assert!(each < 100, "{each}");
}
