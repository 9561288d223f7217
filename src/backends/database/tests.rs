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
