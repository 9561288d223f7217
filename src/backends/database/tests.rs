use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::explanation::Explanation;

/// A file of its own, which goes when it is dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, sql: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ep-database-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        let _ = std::fs::remove_file(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        Self(path)
    }

    fn database(&self) -> Database {
        let file = self.0.clone();
        Database::new(
            "test",
            DatabaseSettings { file, ..DatabaseSettings::new(DatabaseKind::Sqlite) },
        )
        .unwrap()
    }

    fn look_up(&self, statement: &str) -> LookUp {
        LookUp::new("one", self.database(), LookUpSettings::new(statement)).unwrap()
    }

    fn effect(&self, statement: &str, rows: u64) -> Effect {
        let time = Duration::from_secs(5);
        Effect::new("one", self.database(), statement, rows, time).unwrap()
    }

    fn ask(&self, statement: &str) -> String {
        let text = |row: &rusqlite::Row<'_>| row.get(0);
        rusqlite::Connection::open(&self.0).unwrap().query_row(statement, (), text).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const CUSTOMERS: &str = "create table customers (id integer primary key, mail text unique, \
                         plan text, tickets integer); \
                         insert into customers values (17, 'a@example.com', 'Gold', 1), \
                         (18, 'b@example.com', null, 0);";

fn value(given: &'static str) -> impl Fn(&str) -> Option<String> {
    move |_| Some(given.to_owned())
}

#[tokio::test]
async fn a_look_up_gives_rows() {
    let file = File::new("rows", CUSTOMERS);
    let explanation = Explanation::wanted();
    let look_up = file.look_up("select id, plan from customers where mail = :mail or id = :mail");
    let rows = look_up.look_up(&value("a@example.com"), &explanation).await.unwrap();
    assert_eq!(rows.first("ID"), Some(Some("17")));
    let rows = look_up.look_up(&value("18"), &explanation).await.unwrap();
    assert_eq!(rows.first("plan"), Some(None));
    let rows = look_up.look_up(&|_| None, &explanation).await.unwrap();
    assert_eq!(rows.rows.len(), 0);
    assert_eq!(
        explanation.lines()[..2],
        [
            "look-up one: database test is asked with :mail = \"a@example.com\"",
            "look-up one: 1 row: id = \"17\", plan = \"Gold\"",
        ]
    );
}

#[tokio::test]
async fn an_effect_counts_rows() {
    let file = File::new("effect", CUSTOMERS);
    let effect = file
        .effect("update customers set tickets = tickets - 1 where mail = :mail and tickets > 0", 1);
    let none = Explanation::default();
    assert!(effect.run(&value("a@example.com"), &none).await.unwrap());
    assert!(!effect.run(&value("a@example.com"), &none).await.unwrap());
    assert_eq!(file.ask("select group_concat(tickets) from customers"), "0,0");
    let all = file.effect("update customers set tickets = 5", 1);
    assert!(!all.run(&value(""), &none).await.unwrap(), "two rows");
    assert_eq!(file.ask("select group_concat(tickets) from customers"), "0,0");
}

fn none() -> Explanation {
    Explanation::default()
}

#[tokio::test]
async fn every_type_of_sqlite_has_one_text() {
    let types = [
        ("INT", "1", "1"),
        ("INTEGER", "-9223372036854775808", "-9223372036854775808"),
        ("TINYINT", "127", "127"),
        ("SMALLINT", "1", "1"),
        ("MEDIUMINT", "1", "1"),
        ("BIGINT", "9223372036854775807", "9223372036854775807"),
        ("UNSIGNED BIG INT", "1", "1"),
        ("INT8", "'17'", "17"),
        ("CHARACTER(20)", "'a '", "a "),
        ("VARCHAR(5)", "'longer than five'", "longer than five"),
        ("NCHAR(55)", "'ä'", "ä"),
        ("NVARCHAR(100)", "'😀'", "😀"),
        ("TEXT", "''", ""),
        ("CLOB", "'x'", "x"),
        ("REAL", "1.5", "1.5"),
        ("DOUBLE", "0.1", "0.1"),
        ("DOUBLE PRECISION", "1e21", "1000000000000000000000"),
        ("FLOAT", "9e999", "Infinity"),
        ("NUMERIC", "12", "12"),
        ("DECIMAL(10,2)", "'12.50'", "12.5"),
        ("BOOLEAN", "1", "true"),
        ("BOOL", "0", "false"),
        ("DATE", "'2026-11-26'", "2026-11-26"),
        ("DATETIME", "'2026-11-26 09:15:42'", "2026-11-26 09:15:42"),
        ("TIME", "'09:15:42'", "09:15:42"),
        ("UUID", "'550e8400-e29b-41d4-a716-446655440000'", "550e8400-e29b-41d4-a716-446655440000"),
        ("JSON", "'{\"a\": 1}'", "{\"a\": 1}"),
    ];
    for (kind, value, text) in types {
        let sql =
            format!("create table t (v {kind}, n {kind}); insert into t values ({value}, null)");
        let file = File::new("types", &sql);
        let rows = file.look_up("select v, n from t").look_up(&|_| None, &none()).await.unwrap();
        assert_eq!(rows.rows, [[Some(text.to_owned()), None]], "{kind}");
    }
}

#[tokio::test]
async fn a_time_without_end_is_accepted() {
    let file = File::new("endless", CUSTOMERS);
    let mut settings = file.database().settings().clone();
    settings.connect_timeout = Duration::MAX;
    let database = Database::new("test", settings).unwrap();
    let mut settings = LookUpSettings::new("select count(*) as n from customers");
    (settings.timeout, settings.cache) = (Duration::MAX, Some(Duration::MAX));
    let look_up = LookUp::new("one", database.clone(), settings).unwrap();
    assert_eq!(look_up.columns().await.unwrap(), ["n"]);
    let rows = look_up.look_up(&|_| None, &none()).await.unwrap();
    assert_eq!(rows.first("n"), Some(Some("2")));
    let statement = "update customers set tickets = 5 where id = 17";
    let effect = Effect::new("one", database, statement, 1, Duration::MAX).unwrap();
    assert!(effect.run(&|_| None, &none()).await.unwrap());
}

#[tokio::test]
async fn secrets_that_a_row_repeats_are_not_shown() {
    let file = File::new("repeated", CUSTOMERS);
    let mut settings =
        LookUpSettings::new("select :password as card, 'of ' || :password as text, :name");
    settings.cache = Some(Duration::from_secs(60));
    let look_up = LookUp::new("one", file.database(), settings).unwrap();
    let explanation = Explanation::wanted();
    let value = |name: &str| Some(if name == "password" { "hunter2xyz" } else { "Ann" }.to_owned());
    for _ in 0..2 {
        let rows = look_up.look_up(&value, &explanation).await.unwrap();
        assert_eq!(rows.rows[0][0].as_deref(), Some("hunter2xyz"));
    }
    let lines = explanation.lines().join("\n");
    let row = "look-up one: 1 row: card = \"***\", text = \"of ***\", ";
    assert_eq!(lines.matches(row).count(), 2, "{lines}");
    assert!(lines.contains("\"Ann\" (cached)") && !lines.contains("hunter2xyz"), "{lines}");
}

#[tokio::test]
async fn what_has_no_text_is_an_error_that_says_cast() {
    let file = File::new(
        "blob",
        "create table t (b blob, x text); insert into t values (x'00', cast(x'ff' as text))",
    );
    let error = file.look_up("select x'00' as b from t").look_up(&|_| None, &none()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "look-up one (database test): column b is of type blob, which cannot be shown as text (say \
         CAST(b AS …) in the statement, or leave the column out)"
    );
    let error = file.look_up("select x from t").look_up(&|_| None, &none()).await.unwrap_err();
    assert!(matches!(&error.cause, Cause::Type { column, .. } if column == "x"), "{error}");
    let step = file.look_up("select b, x, x from t").check().await;
    let codes: Vec<_> = step.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["column-type", "two-columns"]);
    assert_eq!(step.text, "one: b BLOB, x TEXT, x TEXT");
}

#[tokio::test]
async fn limits_are_errors() {
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    let file = File::new("limits", CUSTOMERS);
    let cause = async |statement: &str, change: &dyn Fn(&mut LookUpSettings)| {
        let mut settings = LookUpSettings::new(statement);
        change(&mut settings);
        let look_up = LookUp::new("one", file.database(), settings).unwrap();
        look_up.look_up(&|_| None, &none()).await.map(drop).map_err(|error| error.cause)
    };
    let rows = cause(many, &|_| {}).await;
    assert!(matches!(rows, Err(Cause::TooManyRows(100))), "{rows:?}");
    let rows = cause(&format!("{many} limit 100"), &|_| {}).await;
    assert!(rows.is_ok(), "{rows:?}");
    let size = cause("select hex(zeroblob(600000))", &|_| {}).await;
    assert!(matches!(size, Err(Cause::TooLarge(1_048_576))), "{size:?}");
    let size = cause("select '12345', '67890'", &|settings| settings.size = 10).await;
    assert!(size.is_ok(), "{size:?}");
    let time = cause(
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
        &|settings| {
            settings.timeout = Duration::from_millis(20);
        },
    );
    let time = time.await;
    assert!(matches!(time, Err(Cause::Timeout(_))), "{time:?}");
    let column = cause("select id from customers", &|settings| {
        settings.columns = vec!["ID".to_owned(), "name".to_owned()];
    });
    let column = column.await;
    assert!(matches!(&column, Err(Cause::NoColumn(name)) if name == "name"), "{column:?}");
}

#[tokio::test]
async fn a_look_up_cannot_write_even_where_its_words_do_not_tell() {
    let file = File::new("writes", CUSTOMERS);
    // The parser would stop it; the file is opened for reading alone all the same.
    let statement = Statement::parse("delete from customers", DatabaseKind::Sqlite).unwrap();
    let limits = connection::Limits::default();
    let refused = file.database().query(&statement, &[], limits).await.unwrap_err();
    assert!(matches!(&refused, Cause::Statement(text) if text.contains("readonly")), "{refused}");
    let report = file.database().check().await;
    assert_eq!(report.outcome, crate::report::Outcome::Ok, "{report:?}");
    assert!(report.step("read-only").unwrap().text.starts_with("writing is refused"));
    assert_eq!(file.ask("select cast(count(*) as text) from customers"), "2");
}

#[tokio::test]
async fn failures_say_what_and_where() {
    let file = File::new("failures", CUSTOMERS);
    let error = file.look_up("select nam from customers").look_up(&|_| None, &none()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "look-up one (database test): the server refuses the statement: no such column: nam"
        ),
        "{error}"
    );
    let insert = file.effect("insert into customers values (17, 'x', 'y', 1)", 1);
    let error = insert.run(&|_| None, &none()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Duplicate(_)), "{error}");
    let again = file.effect("update customers set plan = 'Silver' where id = :id", 1);
    assert!(again.run(&value("17"), &none()).await.unwrap(), "after the failure as before");
    for (name, words) in
        [("not-there", "cannot be opened: unable to open"), ("text", "not a database")]
    {
        let path = file.0.with_file_name(name);
        if name == "text" {
            std::fs::write(&path, "just a text, and long enough to be no empty file".repeat(50))
                .unwrap();
        }
        let settings =
            DatabaseSettings { file: path, ..DatabaseSettings::new(DatabaseKind::Sqlite) };
        let database = Database::new("other", settings).unwrap();
        let look_up = LookUp::new("one", database, LookUpSettings::new("select 1")).unwrap();
        let error = look_up.look_up(&|_| None, &none()).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_another_program_has_to_itself_is_told_as_locked() {
    let file = File::new("locked", CUSTOMERS);
    let (path, connect_timeout) = (file.0.clone(), Duration::from_secs(1));
    let timeout = Duration::from_millis(300);
    let settings = DatabaseSettings::new(DatabaseKind::Sqlite);
    let settings = DatabaseSettings { file: path, connect_timeout, ..settings };
    let database = || Database::new("test", settings.clone()).unwrap();
    let asks = LookUpSettings {
        timeout,
        ..LookUpSettings::new("select plan from customers where id = :id")
    };
    let look_up = LookUp::new("one", database(), asks).unwrap();
    let statement = "update customers set tickets = 0 where id = :id";
    let effect = Effect::new("two", database(), statement, 1, timeout).unwrap();
    let other = rusqlite::Connection::open(&file.0).unwrap();
    let locked = format!("{} is locked by another program (", file.0.display());
    // Before the file is open here, and after that.
    for _ in 0..2 {
        other.execute_batch("begin exclusive").unwrap();
        let error = look_up.look_up(&value("17"), &none()).await.unwrap_err().to_string();
        assert!(error.contains(&locked), "{error}");
        let error = effect.run(&value("17"), &none()).await.unwrap_err().to_string();
        assert!(error.contains(&locked), "{error}");
        let report = database().check().await;
        assert!(report.findings().any(|finding| finding.code == "locked"), "{report:?}");
        other.execute_batch("rollback").unwrap();
        look_up.look_up(&value("17"), &none()).await.unwrap();
        assert!(effect.run(&value("17"), &none()).await.unwrap());
    }
}

#[tokio::test]
async fn an_answer_is_used_again_only_where_the_settings_say_so() {
    let file = File::new("cache", CUSTOMERS);
    let settings = LookUpSettings {
        cache: Some(Duration::from_secs(300)),
        ..LookUpSettings::new("select tickets from customers where id = :id")
    };
    let cached = LookUp::new("one", file.database(), settings).unwrap();
    let fresh = file.look_up("select tickets from customers where id = :id");
    let tickets = async |look_up: &LookUp, id| {
        let rows = look_up.look_up(&value(id), &none()).await.unwrap();
        rows.first("tickets").unwrap().unwrap().to_owned()
    };
    assert_eq!(tickets(&cached, "17").await, "1");
    assert!(
        file.effect("update customers set tickets = 9", 2).run(&|_| None, &none()).await.unwrap()
    );
    assert_eq!(tickets(&cached, "17").await, "1");
    assert_eq!(tickets(&cached, "18").await, "9", "another value is another question");
    assert_eq!(tickets(&fresh, "17").await, "9");
}

#[test]
fn hostile_values_change_nothing_and_come_back() {
    use proptest::prelude::*;
    const PIECES: [&str; 24] = [
        "'",
        "\"",
        "`",
        "\\",
        ";",
        "--",
        "/*",
        "*/",
        "#",
        "$$",
        "$1",
        "?1",
        "@P1",
        ":mail",
        "%",
        "_",
        "\0",
        "\n",
        "’",
        "ʼ",
        "😀",
        "' or 1=1 --",
        "'; drop table customers; --",
        "x'00'",
    ];
    let file = File::new("hostile", CUSTOMERS);
    let dump = "select group_concat(id || mail || coalesce(plan, '-') || tickets) from customers";
    let before = file.ask(dump);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let look_up = file.look_up(
        "select :v as v, :w as w, (select count(*) from customers where mail = :v or plan like :w) as n",
    );
    let update = file.effect("update customers set plan = :v where mail = :w", 1);
    let hostile = || {
        let piece =
            prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), ".{0,4}"];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    };
    let config =
        ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&(hostile(), hostile()), |(v, w)| {
        let both = |name: &str| Some(if name == "v" { v.clone() } else { w.clone() });
        let rows = runtime.block_on(look_up.look_up(&both, &none())).unwrap();
        prop_assert_eq!(rows.first("v"), Some(Some(v.as_str())));
        prop_assert_eq!(rows.first("w"), Some(Some(w.as_str())));
        prop_assert_eq!(runtime.block_on(update.run(&both, &none())).unwrap(), false);
        Ok(())
    });
    result.unwrap();
    assert_eq!(file.ask(dump), before);
}
