//! Look-ups and effects in databases.

mod outage;
mod types;

use std::process::Command;
use std::time::Duration;

use external_providers::backends::database::{
    Cause, Database, DatabaseError, DatabaseKind, DatabaseSettings, Effect, LookUp, LookUpSettings,
};
use external_providers::explanation::Explanation;
use external_providers::report::Outcome;
use external_providers::rules::Rows;

use crate::rig::Rig;

/// The servers, by the script that starts each.
const SERVERS: [(DatabaseKind, &str, &str); 2] = [
    (DatabaseKind::Postgres, "postgres", "database/postgres.sh"),
    (DatabaseKind::MySql, "mariadb", "database/mariadb.sh"),
];

/// Both, as `servers.sh` started them.
fn shared() -> impl Iterator<Item = (DatabaseKind, Rig)> {
    SERVERS.into_iter().map(|(kind, name, _)| (kind, Rig::shared(name)))
}

/// By the account that may write, so that what is refused is refused to everybody.
fn settings(kind: DatabaseKind, rig: &Rig) -> DatabaseSettings {
    DatabaseSettings {
        host: rig.get("host").to_owned(),
        port: Some(rig.get("port").parse().unwrap()),
        database: rig.get("database").to_owned(),
        user: "helpdesk".to_owned(),
        password: "Passw0rd-1".into(),
        root_certificates: std::fs::read(rig.file("ca.pem")).unwrap(),
        ..DatabaseSettings::new(kind)
    }
}

fn database(kind: DatabaseKind, rig: &Rig) -> Database {
    Database::new("billing", settings(kind, rig)).unwrap()
}

fn look_up(database: &Database, settings: LookUpSettings) -> LookUp {
    LookUp::new("customer", database.clone(), settings).unwrap()
}

async fn ask(look_up: &LookUp, value: &str) -> Result<Rows, DatabaseError> {
    look_up.look_up(&|_| Some(value.to_owned()), &Explanation::default()).await
}

/// A statement once, with one value for all parameters.
async fn once(database: &Database, statement: &str, value: &str) -> Result<Rows, DatabaseError> {
    ask(&look_up(database, patient(statement)), value).await
}

/// Settings by which a busy machine is no limit.
fn patient(statement: &str) -> LookUpSettings {
    let mut settings = LookUpSettings::new(statement);
    settings.timeout = Duration::from_secs(60);
    settings
}

/// A statement by the server's own client and its administrator.
pub(crate) fn administrator(kind: DatabaseKind, rig: &Rig, statement: &str) {
    let mut command = match kind {
        DatabaseKind::Postgres => {
            let mut psql = Command::new("psql");
            psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--username=postgres"]);
            psql.args([
                "--host",
                rig.get("host"),
                "--port",
                rig.get("port"),
                "--command",
                statement,
            ]);
            psql.arg(rig.get("database")).env("PGPASSWORD", "Passw0rd-1");
            psql
        }
        _ => {
            let mut mariadb = Command::new("mariadb");
            mariadb.args(["--no-defaults", "--user=root", "--execute", statement]);
            mariadb.arg("--socket").arg(rig.file("socket")).arg(rig.get("database"));
            mariadb
        }
    };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{statement}: {output:?}");
}

#[tokio::test]
async fn rows_come_as_texts_and_null_is_not_empty() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let statement =
            "select name, plan, tickets, billing_id from customers where email = :email";
        let rows = once(&database, statement, "ann@example.test").await.unwrap();
        assert_eq!(rows.columns, ["name", "plan", "tickets", "billing_id"]);
        let row = rows.rows[0].iter().map(Option::as_deref).collect::<Vec<_>>();
        assert_eq!(row, [Some("Ann Example"), Some("Gold"), Some("2"), Some("1017.50")], "{kind}");
        let rows = once(&database, statement, "bob@example.test").await.unwrap();
        assert_eq!(rows.first("plan"), Some(None), "{kind}");
        assert_eq!(rows.first("name"), Some(Some("Bob \"O'Hara\" Ærø")), "{kind}");
        let rows = once(&database, statement, "empty@example.test").await.unwrap();
        assert_eq!(rows.first("plan"), Some(Some("")), "{kind}");
        let rows = once(&database, statement, "nobody@example.test").await.unwrap();
        assert_eq!((rows.rows.len(), rows.first("plan")), (0, None), "{kind}");
        // A text for a number, and several rows in order.
        let statement = "select number from orders where customer = :id order by number";
        let rows = once(&database, statement, "1").await.unwrap();
        let numbers: Vec<_> = rows.rows.iter().map(|row| row[0].as_deref().unwrap()).collect();
        assert_eq!(numbers, ["1", "2", "3", "4", "5"], "{kind}");
    }
}

#[tokio::test]
async fn values_are_bound_whatever_they_are() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let by_name = look_up(&database, patient("select id from customers where name = :name"));
        for value in [
            "' or '1'='1",
            "'; drop table customers; --",
            "\\' or 1=1 #",
            "$1",
            "?",
            ":name",
            "%",
            "_nn Example",
            "Ann Example\u{0}",
            "\u{feff}Ann Example",
            "/* */",
            "0x41",
        ] {
            // PostgreSQL's texts hold no NUL: an error, and no row.
            let rows = ask(&by_name, value).await.map_or(0, |rows| rows.rows.len());
            assert_eq!(rows, 0, "{kind}: {value:?}");
        }
        let same = look_up(&database, patient("select name from customers where name = :name"));
        let rows = ask(&same, "Bob \"O'Hara\" Ærø").await.unwrap();
        assert_eq!(rows.first("name"), Some(Some("Bob \"O'Hara\" Ærø")), "{kind}");
        // All are there still.
        let count = once(&database, "select count(*) as n from customers", "").await.unwrap();
        assert_eq!(count.first("n"), Some(Some("3")), "{kind}");
    }
}

#[tokio::test]
async fn the_server_refuses_what_a_look_up_would_write() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let answer = once(&database, "select write_note() as n", "").await;
        let Err(DatabaseError { cause: Cause::Statement(words), .. }) = answer else {
            panic!("{kind}: {answer:?}");
        };
        assert!(words.to_lowercase().contains("read"), "{kind}: {words}");
        let notes = once(&database, "select count(*) as n from notes", "").await.unwrap();
        assert_eq!(notes.first("n"), Some(Some("0")), "{kind}");
        // The account itself may: an effect does.
        let effect = Effect::new(
            "note",
            database.clone(),
            "insert into notes values (2)",
            1,
            Duration::from_secs(5),
        );
        let done = effect.unwrap().run(&|_| None, &Explanation::default()).await;
        assert!(done.unwrap(), "{kind}");
        let report = database.check().await;
        let read_only = report.steps.iter().find(|step| step.name == "read-only").unwrap();
        assert_eq!(read_only.outcome, Outcome::Ok, "{kind}: {read_only:?}");
        administrator(kind, &rig, "delete from notes");
    }
}

#[tokio::test]
async fn an_effect_changes_as_many_rows_as_it_should_or_none() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let effect = |statement: &str, rows| {
            Effect::new("deduct", database.clone(), statement, rows, Duration::from_secs(5))
                .unwrap()
        };
        let deduct = effect(
            "update customers set tickets = tickets - 1 where email = :email and tickets > 0",
            1,
        );
        let run = async |effect: &Effect, email: &str| {
            effect.run(&|_| Some(email.to_owned()), &Explanation::default()).await
        };
        let mut done = 0;
        for _ in 0..4 {
            done += u32::from(run(&deduct, "ann@example.test").await.unwrap());
        }
        assert_eq!(done, 2, "{kind}");
        assert!(!run(&deduct, "nobody@example.test").await.unwrap(), "{kind}");
        // More rows than should be are taken back.
        let all = effect("update customers set tickets = 99 where email <> :email", 1);
        assert!(!run(&all, "nobody").await.unwrap(), "{kind}");
        let most = once(&database, "select max(tickets) as n from customers", "").await.unwrap();
        assert_eq!(most.first("n"), Some(Some("1")), "{kind}");
        let again = effect("insert into customers (id, email, tickets) values (9, :email, 0)", 1);
        let answer = run(&again, "ann@example.test").await;
        assert!(
            matches!(&answer, Err(error) if matches!(error.cause, Cause::Duplicate(_))),
            "{answer:?}"
        );
        administrator(kind, &rig, "update customers set tickets = 2 where id = 1");
    }
}

#[tokio::test]
async fn answers_have_limits_of_rows_size_and_time() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let limited = |statement: &str, change: &dyn Fn(&mut LookUpSettings)| {
            let mut settings = patient(statement);
            change(&mut settings);
            look_up(&database, settings)
        };
        let all = "select n, filler from many";
        let cause = async |look_up: &LookUp| ask(look_up, "").await.map_err(|error| error.cause);
        for _ in 0..3 {
            let answer = cause(&limited(all, &|_| {})).await;
            assert!(matches!(answer, Err(Cause::TooManyRows(100))), "{kind}: {answer:?}");
            let answer = cause(&limited(all, &|s| (s.rows, s.size) = (20_000, 1000))).await;
            assert!(matches!(answer, Err(Cause::TooLarge(1000))), "{kind}: {answer:?}");
            let answer = cause(&limited(all, &|settings| settings.rows = 20_000)).await;
            assert!(
                matches!(&answer, Err(Cause::TooLarge(_))) || answer.unwrap().rows.len() == 10_000
            );
            let million = "select a.n from many a, many b";
            let answer = cause(&limited(million, &|settings| settings.rows = 1000)).await;
            assert!(matches!(answer, Err(Cause::TooManyRows(1000))), "{kind}: {answer:?}");
            let huge = "select repeat('x', 5000000) as x";
            let answer = cause(&limited(huge, &|_| {})).await;
            assert!(matches!(answer, Err(Cause::TooLarge(_))), "{kind}: {answer:?}");
            // The time includes that of a connection.
            once(&database, "select 1 as n", "").await.unwrap();
            let sleep = match kind {
                DatabaseKind::Postgres => "select 'x' as x from pg_sleep(600)",
                _ => "select sleep(600) as x",
            };
            let answer = cause(&limited(sleep, &|s| s.timeout = Duration::from_millis(100))).await;
            assert!(matches!(answer, Err(Cause::Timeout(_))), "{kind}: {answer:?}");
            // What stopped in the middle is in nobody's way.
            let rows = once(&database, "select 1 as n", "").await.unwrap();
            assert_eq!(rows.first("n"), Some(Some("1")), "{kind}");
        }
    }
}

#[tokio::test]
async fn connections_are_encrypted_and_the_certificate_is_looked_at() {
    for (kind, rig) in shared() {
        let with = |change: &dyn Fn(&mut DatabaseSettings)| {
            let mut settings = settings(kind, &rig);
            change(&mut settings);
            Database::new("billing", settings).unwrap()
        };
        let cause = async |database: &Database| {
            once(database, "select 1 as n", "").await.map_err(|error| error.cause)
        };
        let encrypted = with(&|settings| settings.encryption = Some(true));
        cause(&encrypted).await.unwrap();
        let report = encrypted.check().await;
        let tls = report.steps.iter().find(|step| step.name == "tls").unwrap();
        assert!(tls.text.contains("TLS"), "{kind}: {tls:?}");
        let untrusted = with(&|settings| {
            settings.encryption = Some(true);
            settings.root_certificates.clear();
        });
        let answer = cause(&untrusted).await;
        assert!(matches!(answer, Err(Cause::Tls(_))), "{kind}: {answer:?}");
        let misnamed = with(&|settings| {
            settings.encryption = Some(true);
            settings.host = "localhost.localdomain".to_owned();
        });
        assert!(cause(&misnamed).await.is_err(), "{kind}");

        let answer = cause(&with(&|settings| settings.password = "wrong".into())).await;
        assert!(matches!(answer, Err(Cause::Login(_))), "{kind}: {answer:?}");
        let answer = cause(&with(&|settings| settings.database = "nothing".into())).await;
        assert!(matches!(answer, Err(Cause::Login(_))), "{kind}: {answer:?}");
        let answer = cause(&with(&|settings| settings.port = Some(9))).await;
        assert!(matches!(answer, Err(Cause::Unreachable(_))), "{kind}: {answer:?}");
    }
}

#[tokio::test]
async fn statements_are_prepared_by_the_check_and_not_run() {
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let check = async |statement: &str, columns: &[&str]| {
            let mut settings = LookUpSettings::new(statement);
            settings.columns = columns.iter().map(|name| (*name).to_owned()).collect();
            look_up(&database, settings).check().await
        };
        let step = check("select id, name from customers where id = :id", &["id", "name"]).await;
        assert_eq!(step.outcome, Outcome::Ok, "{kind}: {step:?}");
        for (statement, columns, words) in [
            ("select nothing from customers", &[][..], "nothing"),
            ("select id from nowhere", &[], "nowhere"),
            ("select id from customers", &["name"], "name"),
        ] {
            let step = check(statement, columns).await;
            assert_eq!(step.outcome, Outcome::Finding, "{kind}: {step:?}");
            assert!(step.findings.iter().any(|finding| finding.text.contains(words)), "{step:?}");
        }
        let effect = Effect::new(
            "note",
            database.clone(),
            "insert into notes values (3)",
            1,
            Duration::from_secs(5),
        );
        assert_eq!(effect.unwrap().check().await.outcome, Outcome::Ok, "{kind}");
        let notes =
            once(&database, "select count(*) as n from notes where n = 3", "").await.unwrap();
        assert_eq!(notes.first("n"), Some(Some("0")), "{kind}");
    }
}

/// Any text, and pieces of SQL, each as often as the other.
fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let pieces = [
        "'",
        "''",
        "\\",
        "\\'",
        "\"",
        "`",
        "--",
        "/*",
        "*/",
        ";",
        ":email",
        "$1",
        "?",
        "%",
        "'; drop table customers; --",
        "' or '1'='1",
        "\u{2019}",
        "\n",
        "ü",
        "😀",
        "$$",
        "E'",
        "0x27",
    ];
    let pieces = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8);
    // PostgreSQL has no NUL in texts, which is an error of its own.
    let any = any::<String>().prop_map(|text| text.replace('\0', ""));
    prop_oneof![any, pieces.prop_map(|pieces| pieces.concat())]
}

#[test]
fn hostile_values_come_back_and_change_nothing() {
    use proptest::test_runner::{Config, TestCaseError, TestRunner};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (kind, rig) in shared() {
        let database = database(kind, &rig);
        let echo = match kind {
            DatabaseKind::Postgres => {
                "select cast(:email as text) as v, count(*) as n from customers"
            }
            _ => "select cast(:email as char) as v, count(*) as n from customers",
        };
        let count = |value: &str| runtime.block_on(once(&database, echo, value)).unwrap();
        let before = count("").first("n").flatten().unwrap().to_owned();
        let config = Config { cases: 10_000, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&hostile(), |value| {
            let rows = count(&value);
            let found = (rows.first("v").flatten(), rows.first("n").flatten());
            match found == (Some(value.as_str()), Some(before.as_str())) {
                true => Ok(()),
                false => Err(TestCaseError::fail(format!("{kind}: {found:?}"))),
            }
        });
        result.unwrap();
    }
}
