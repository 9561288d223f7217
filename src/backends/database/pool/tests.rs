use std::path::PathBuf;

use super::super::connection::Session;
use super::super::{Effect, LookUp, LookUpSettings};
use super::*;
use crate::explanation::Explanation;

type Log = Arc<Mutex<Vec<&'static str>>>;

/// A connection that fails at one step, as a server that went away makes it, and keeps a log.
struct Fake {
    fails_at: &'static str,
    /// Never answers instead.
    hangs: bool,
    log: Log,
}

impl Fake {
    fn step<T: Send + 'static>(&mut self, name: &'static str, answer: T) -> Answer<'_, T> {
        self.log.lock().unwrap().push(name);
        let (fails, hangs) = (self.fails_at == name, self.hangs);
        Box::pin(async move {
            match fails {
                true if hangs => std::future::pending().await,
                true => Err(Cause::Lost("gone".to_owned())),
                false => Ok(answer),
            }
        })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.log.lock().unwrap().push("closed");
    }
}

impl Connection for Fake {
    fn session(&mut self) -> Answer<'_, Session> {
        self.step("session", Session { version: String::new(), encryption: None })
    }

    fn describe<'a>(&'a mut self, _: &'a Statement) -> Answer<'a, Vec<Column>> {
        self.step("describe", Vec::new())
    }

    fn query<'a>(&'a mut self, _: Asked<'a>, _: Limits) -> Answer<'a, Rows> {
        self.step("query", Rows::default())
    }

    fn begin(&mut self, _: Duration) -> Answer<'_, ()> {
        self.step("begin", ())
    }

    fn execute<'a>(&'a mut self, _: Asked<'a>) -> Answer<'a, u64> {
        self.step("execute", 1)
    }

    fn end(&mut self, commit: bool) -> Answer<'_, ()> {
        self.step(if commit { "commit" } else { "rollback" }, ())
    }

    fn try_to_write(&mut self) -> Answer<'_, Option<String>> {
        self.step("write", None)
    }

    fn is_closed(&self) -> bool {
        self.fails_at == "before"
    }
}

/// A file of SQLite with one table, which takes the place of a server that is there again.
fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ep-pool-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let sql = "create table t (n integer); insert into t values (1)";
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

/// A database whose idle connections are fakes.
fn database(name: &str, idle: &[(Access, &'static str, bool)]) -> (Database, Log) {
    let file = file(name);
    let settings = DatabaseSettings { file, ..DatabaseSettings::new(DatabaseKind::Sqlite) };
    let database = Database::new("test", settings).unwrap();
    let log = Log::default();
    for &(access, fails_at, hangs) in idle {
        let connection = Box::new(Fake { fails_at, hangs, log: Arc::clone(&log) });
        let idle = Idle { connection, access, since: Instant::now() };
        database.0.idle.lock().unwrap().push(idle);
    }
    (database, log)
}

fn count_of_idle(database: &Database) -> usize {
    database.0.idle.lock().unwrap().len()
}

async fn ask(database: &Database) -> Result<Rows, DatabaseError> {
    let look_up = LookUp::new("one", database.clone(), LookUpSettings::new("select n from t"));
    look_up.unwrap().look_up(&|_| None, &Explanation::default()).await
}

async fn change(database: &Database) -> Result<bool, DatabaseError> {
    let time = Duration::from_secs(5);
    let effect = Effect::new("one", database.clone(), "update t set n = n + 1", 1, time);
    effect.unwrap().run(&|_| None, &Explanation::default()).await
}

async fn number(database: &Database) -> String {
    ask(database).await.unwrap().first("n").unwrap().unwrap().to_owned()
}

#[tokio::test]
async fn a_look_up_is_repeated_on_a_new_connection() {
    let dead = (Access::Read, "query", false);
    let (database, log) = database("repeated", &[dead, dead, dead]);
    assert_eq!(number(&database).await, "1");
    // One was asked, and then all are known to be of no use.
    assert_eq!(*log.lock().unwrap(), ["query", "closed", "closed", "closed"]);
    assert_eq!(count_of_idle(&database), 1);
    assert_eq!(number(&database).await, "1");
}

#[tokio::test]
async fn one_that_is_known_to_be_closed_is_not_asked() {
    let (database, log) = database("closed", &[(Access::Read, "before", false)]);
    assert_eq!(number(&database).await, "1");
    assert_eq!(*log.lock().unwrap(), ["closed"]);
}

#[tokio::test]
async fn an_effect_is_sent_once() {
    let (database, log) = database("once", &[(Access::Write, "execute", false)]);
    let error = change(&database).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Lost(_)), "{error}");
    assert_eq!(*log.lock().unwrap(), ["begin", "execute", "closed"]);
    assert_eq!(number(&database).await, "1");
}

#[tokio::test]
async fn an_effect_whose_transaction_did_not_begin_is_tried_on_a_new_connection() {
    let (database, log) = database("begun", &[(Access::Write, "begin", false)]);
    assert!(change(&database).await.unwrap());
    assert_eq!(*log.lock().unwrap(), ["begin", "closed"]);
    assert_eq!(number(&database).await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_an_answer_is_in_doubt() {
    for hangs in [false, true] {
        let (database, log) = database("doubt", &[(Access::Write, "commit", hangs)]);
        let error = change(&database).await.unwrap_err();
        assert!(matches!(error.cause, Cause::InDoubt(_)), "{error}");
        assert!(error.to_string().contains("it is not known whether it happened"), "{error}");
        assert_eq!(*log.lock().unwrap(), ["begin", "execute", "commit", "closed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_gives_no_answer_is_closed() {
    let (database, log) = database("hangs", &[(Access::Read, "query", true)]);
    let error = ask(&database).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Timeout(_)), "{error}");
    assert_eq!(*log.lock().unwrap(), ["query", "closed"]);
    assert_eq!(number(&database).await, "1", "and the next one is asked on a new connection");
}

#[tokio::test]
async fn whoever_stops_waiting_closes_the_connection() {
    let (database, log) = database("stops", &[(Access::Read, "query", true)]);
    let asked = ask(&database);
    let given_up =
        tokio::select! { biased; _ = asked => false, () = std::future::ready(()) => true };
    assert!(given_up);
    assert_eq!(*log.lock().unwrap(), ["query", "closed"]);
    assert_eq!(database.0.permits.available_permits(), 4, "there is room again");
}

#[tokio::test(start_paused = true)]
async fn connections_are_bounded() {
    let hanging = (Access::Read, "query", true);
    let (database, log) = database("bounded", &[hanging, hanging, hanging, hanging]);
    let asked = async |time| {
        let settings = LookUpSettings { timeout: time, ..LookUpSettings::new("select n from t") };
        let look_up = LookUp::new("one", database.clone(), settings).unwrap();
        look_up.look_up(&|_| None, &Explanation::default()).await.unwrap_err().cause
    };
    let (long, short) = (Duration::from_secs(5), Duration::from_secs(1));
    let (.., fifth) =
        tokio::join!(biased; asked(long), asked(long), asked(long), asked(long), asked(short));
    assert!(matches!(fifth, Cause::Busy(4)), "{fifth}");
    assert_eq!(log.lock().unwrap().iter().filter(|step| **step == "query").count(), 4);
}

#[tokio::test]
async fn idle_connections_make_room_for_the_other_access() {
    let writing = (Access::Write, "", false);
    let (database, log) = database("room", &[writing, writing, writing, writing]);
    assert_eq!(number(&database).await, "1");
    assert_eq!(*log.lock().unwrap(), ["closed"]);
    assert_eq!(count_of_idle(&database), 4);
}

#[tokio::test(start_paused = true)]
async fn those_that_were_idle_for_long_are_closed() {
    let (database, log) = database("long", &[(Access::Read, "", false)]);
    tokio::time::advance(LONGEST_IDLE).await;
    assert_eq!(number(&database).await, "1");
    assert_eq!(*log.lock().unwrap(), ["closed"]);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_server_that_cannot_be_reached_is_spared_for_a_while() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(listener.local_addr().unwrap().port());
    drop(listener);
    let settings = DatabaseSettings { port, ..DatabaseSettings::new(DatabaseKind::Postgres) };
    let database = Database::new("test", settings).unwrap();
    for call in 0..=FAILURES {
        let error = ask(&database).await.unwrap_err().to_string();
        assert!(error.starts_with("look-up one (database test): the server cannot be reached"));
        assert_eq!(error.contains("not tried again"), call == FAILURES, "{error}");
    }
}
