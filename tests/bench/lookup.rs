//! What a look-up costs beside the bare driver, as a ratio inside one run, in alternating rounds.
//!
//! `cargo bench --bench lookup` asks SQLite for one of 10 000 customers by an index: through
//! `LookUp`, and through rusqlite as a program with tokio uses it, on a thread where it may block,
//! prepared once. `LOOKUP_POSTGRES="host=127.0.0.1 port=5432 user=… password=… dbname=…" cargo bench
//! --features postgres --bench lookup` asks PostgreSQL the same, beside tokio-postgres, without TLS.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use external_providers::backends::database::{
    Database, DatabaseKind, DatabaseSettings, LookUp, LookUpSettings,
};
use external_providers::explanation::Explanation;

const CUSTOMERS: &str = "create table customers (id integer primary key, mail text unique, name text, \
                         plan text)";
const ROUNDS: usize = 31;
const CALLS: usize = 1000;

fn mail(number: usize) -> String {
    format!("user{}@example.com", number * 7919 % 10_000)
}

fn look_up(settings: DatabaseSettings) -> LookUp {
    let database = Database::new("bench", settings).unwrap();
    let statement = "select id, name, plan from customers where mail = :mail";
    LookUp::new("customer", database, LookUpSettings::new(statement)).unwrap()
}

/// Microseconds a call in the median round of each, and the median of the rounds' ratios.
async fn compare(name: &str, look_up: &LookUp, bare: impl AsyncFn(String) -> Vec<Option<String>>) {
    let none = Explanation::default();
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let started = Instant::now();
        for call in 0..CALLS {
            let rows = look_up.look_up(&|_| Some(mail(call)), &none).await.unwrap();
            assert_eq!(rows.first("plan"), Some(Some("Gold")));
        }
        let own = started.elapsed().as_secs_f64() * 1e6 / CALLS as f64;
        let started = Instant::now();
        for call in 0..CALLS {
            assert_eq!(bare(mail(call)).await[2].as_deref(), Some("Gold"));
        }
        let other = started.elapsed().as_secs_f64() * 1e6 / CALLS as f64;
        // The first one warms up.
        if round > 0 {
            ours.push(own);
            theirs.push(other);
            ratios.push(own / other);
        }
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("{name}: {ours:.1} µs, bare {theirs:.1} µs, ratio {:.2}", median(&mut ratios));
}

async fn sqlite() {
    let file = std::env::temp_dir().join(format!("lookup-{}.sqlite", std::process::id()));
    let bare = rusqlite::Connection::open(&file).unwrap();
    bare.execute_batch(&format!("begin; {CUSTOMERS}")).unwrap();
    for number in 0..10_000 {
        let values = (number as i64, mail(number), format!("Name {number}"));
        bare.execute("insert into customers values (?1, ?2, ?3, 'Gold')", values).unwrap();
    }
    bare.execute_batch("commit").unwrap();
    let settings =
        DatabaseSettings { file: file.clone(), ..DatabaseSettings::new(DatabaseKind::Sqlite) };
    let bare = Arc::new(Mutex::new(bare));
    let ask = async |mail: String| {
        let bare = Arc::clone(&bare);
        let asked = tokio::task::spawn_blocking(move || {
            let bare = bare.lock().unwrap();
            let sql = "select id, name, plan from customers where mail = ?1";
            let mut prepared = bare.prepare_cached(sql).unwrap();
            let row = |row: &rusqlite::Row<'_>| {
                let id: i64 = row.get(0)?;
                Ok(vec![Some(id.to_string()), row.get(1)?, row.get(2)?])
            };
            prepared.query_one((mail,), row).unwrap()
        });
        asked.await.unwrap()
    };
    compare("SQLite", &look_up(settings), ask).await;
    std::fs::remove_file(file).unwrap();
}

#[cfg(feature = "postgres")]
async fn postgres(server: &str) {
    use tokio_postgres::config::Host;
    let config: tokio_postgres::Config = server.parse().unwrap();
    let Host::Tcp(host) = &config.get_hosts()[0] else { panic!("a host and a port are needed") };
    let settings = DatabaseSettings {
        host: host.clone(),
        port: config.get_ports().first().copied(),
        database: config.get_dbname().unwrap().to_owned(),
        user: config.get_user().unwrap().to_owned(),
        password: std::str::from_utf8(config.get_password().unwrap()).unwrap().into(),
        encryption: Some(false),
        ..DatabaseSettings::new(DatabaseKind::Postgres)
    };
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("drop table if exists customers; {CUSTOMERS}")).await.unwrap();
    for number in 0..10_000 {
        let name = format!("Name {number}");
        let insert = "insert into customers values ($1, $2, $3, 'Gold')";
        client.execute(insert, &[&(number as i32), &mail(number), &name]).await.unwrap();
    }
    let sql = "select id, name, plan from customers where mail = $1";
    let prepared = client.prepare(sql).await.unwrap();
    let ask = async |mail: String| {
        let row = client.query_one(&prepared, &[&mail]).await.unwrap();
        vec![Some(row.get::<_, i32>(0).to_string()), row.get(1), row.get(2)]
    };
    compare("PostgreSQL", &look_up(settings), ask).await;
    client.batch_execute("drop table customers").await.unwrap();
}

#[tokio::main]
async fn main() {
    sqlite().await;
    match std::env::var("LOOKUP_POSTGRES") {
        #[cfg(feature = "postgres")]
        Ok(server) => postgres(&server).await,
        _ => println!("PostgreSQL: not measured (LOOKUP_POSTGRES, feature postgres)"),
    }
}
