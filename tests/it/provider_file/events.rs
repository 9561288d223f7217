//! Events from the help desk to sinks, as a service that is told of them, stopped, killed and changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use external_providers::contract::{EventProvider as _, HandleEvent, ProviderError};
use external_providers::provider_file::{LoadError, Provider};
use serde_json::Value;
use tokio::task::block_in_place;

use crate::support::{Folder, Running, tool};

const PASSWORD: &str = "s3cret-of-the-service";
const SECRET: &str = "a secret of more than 24 bytes";
/// Far longer than anything here takes, on a machine that is busy.
const LONG: Duration = Duration::from_secs(60);

/// A request to a webhook.
pub(super) struct Post {
    headers: BTreeMap<String, String>,
    body: String,
    json: Value,
}

impl Post {
    fn event(&self) -> &str {
        self.json["event"].as_str().unwrap()
    }

    fn variable(&self, key: &str) -> &str {
        let variables = self.json["variables"].as_array().unwrap();
        variables.iter().find(|pair| pair["key"] == key).unwrap()["value"].as_str().unwrap()
    }
}

/// A webhook that keeps what it is told, and answers with a status that can be changed.
pub(super) struct Hook {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    posts: mpsc::Receiver<Post>,
}

impl Hook {
    pub(super) fn new() -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn at(listener: TcpListener) -> Self {
        let (address, status) = (listener.local_addr().unwrap(), Arc::new(AtomicU16::new(200)));
        let (sender, posts) = mpsc::channel();
        let answer = Arc::clone(&status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let post = stream.map_err(drop).and_then(|s| read(&s).ok_or(()).map(|p| (s, p)));
                let Ok((mut stream, post)) = post else { continue };
                let status = answer.load(Ordering::Relaxed);
                if status == 200 && sender.send(post).is_err() {
                    return;
                }
                let head = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = write!(stream, "HTTP/1.1 {status} X\r\n{head}");
            }
        });
        Self { address, status, posts }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(super) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Tells of an event until it takes one: what has changed takes a moment to be so everywhere.
    fn told(&self, mut tell: impl FnMut()) {
        let heard = || {
            tell();
            self.posts.recv_timeout(Duration::from_millis(500)).ok()
        };
        std::iter::repeat_with(heard).flatten().next();
    }

    /// The event of a name comes, whatever comes before it.
    fn until(&self, event: &str) {
        while self.next().event() != event {}
    }

    /// The next event that it took.
    pub(super) fn next(&self) -> Post {
        self.posts.recv_timeout(LONG).expect("an event comes")
    }
}

fn read(stream: &TcpStream) -> Option<Post> {
    let mut lines = BufReader::new(stream);
    let (mut headers, mut line) = (BTreeMap::new(), String::new());
    lines.read_line(&mut line).ok()?;
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    lines.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let json = serde_json::from_str(&body).ok()?;
    Some(Post { headers, body, json })
}

/// Tells the service of an event; the exit code, and what is said.
fn tell(running: &Running, event: &str, ticket: &str) -> (i32, String) {
    let url = format!("http://{}/Provider.asmx", running.address);
    let (event, ticket) = (format!("eventName={event}"), format!("ticketNumber={ticket}"));
    let arguments = ["call", "HandleEvent", &event, &ticket, "--url", &url];
    let output = tool(&arguments, PASSWORD).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

fn serve(folder: &Folder, text: &str) -> Running {
    let file = folder.file("p.toml", text);
    let arguments = ["serve", "--provider", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    Running::spawn(&mut tool(&arguments, PASSWORD), 2)
}

/// `external-providers events` on the file of a folder.
pub(super) fn events(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    let file = folder.0.join("p.toml");
    let all = [&["events"], arguments, &["--provider", file.to_str().unwrap()]].concat();
    let output = tool(&all, "").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A file with a webhook, and more lines.
fn file(hook: &str, more: &str) -> String {
    format!("[events]\nstore = 'e.sqlite'\n[sinks.crm]\nkind = 'webhook'\nurl = '{hook}'\n{more}")
}

#[test]
fn an_event_is_posted_with_its_signature() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    folder.file("secret", SECRET);
    let more = "secret_file = 'secret'\nwhen = { eventName = ['TicketCreated'] }\n";
    let running = serve(&folder, &file(&hook.url(), more));
    assert_eq!(tell(&running, "TicketClosed", "1").0, 0, "no sink takes it");
    let (code, said) = tell(&running, "TicketCreated", "1-2");
    assert!(code == 0 && said.starts_with("HandleEvent: handled"), "{said}");
    let post = hook.next();
    assert_eq!((post.event(), post.variable("ticketNumber")), ("TicketCreated", "1-2"));
    assert_eq!(post.json["id"], post.headers["webhook-id"]);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let id = &post.headers["webhook-id"];
    let signed = format!("{id}.{}.{}", post.headers["webhook-timestamp"], post.body);
    let signature = STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()));
    assert_eq!(post.headers["webhook-signature"], format!("v1,{signature}"));
    assert!(!post.body.contains("authPW") && !post.body.contains(PASSWORD), "{}", post.body);
    let (code, _, log) = running.stop();
    assert!(code == 0 && !log.contains(SECRET) && !log.contains("/hook"), "{log}");
    assert_eq!(log.matches("no sink takes it").count(), 1, "{log}");
}

#[test]
fn a_sink_that_is_down_holds_up_no_other_and_is_told_in_order_later() {
    let (folder, down, up) = (Folder::new("events"), Hook::new(), Hook::new());
    down.answers(500);
    let more = format!("[sinks.up]\nkind = 'webhook'\nurl = '{}'\n", up.url());
    let running = serve(&folder, &file(&down.url(), &more));
    for event in ["One", "Two", "Three"] {
        assert_eq!(tell(&running, event, "7").0, 0);
    }
    for event in ["One", "Two", "Three"] {
        assert_eq!(up.next().event(), event);
    }
    // The other is in the store with what it said, while the host runs.
    let refused = || {
        let (code, list, stderr) = events(&folder, &["list", "--sink", "crm", "--json"]);
        assert_eq!(code, 0, "{stderr}");
        let list: Value = serde_json::from_str(&list).unwrap();
        let first = list["events"][0]["deliveries"][0].clone();
        assert_eq!(list["events"].as_array().unwrap().len(), 3);
        (first["attempts"].as_u64() > Some(0)).then(|| first["why"].to_string())
    };
    let why = std::iter::repeat_with(refused).flatten().next().unwrap();
    assert!(why.contains("answered 500") && !why.contains("/hook"), "{why}");
    down.answers(200);
    let (code, said, _) = events(&folder, &["retry", "--all", "--sink", "crm"]);
    assert_eq!((code, said.as_str()), (0, "3 deliveries will be tried again at once\n"));
    for event in ["One", "Two", "Three"] {
        assert_eq!(down.next().event(), event);
    }
    assert_eq!(running.stop().0, 0);
}

#[test]
fn what_was_acknowledged_arrives_after_the_process_was_killed() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    hook.answers(503);
    let text = file(&hook.url(), "");
    let mut told = BTreeSet::new();
    for round in 0..3 {
        let mut running = serve(&folder, &text);
        for number in 0..3 {
            let name = format!("E{round}{number}");
            assert_eq!(tell(&running, &name, &number.to_string()).0, 0);
            told.insert(name);
        }
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }
    hook.answers(200);
    let _running = serve(&folder, &text);
    assert_eq!(events(&folder, &["retry", "--all"]).0, 0);
    while !told.is_empty() {
        told.remove(hook.next().event());
    }
}

#[test]
fn an_event_that_cannot_be_kept_is_refused_loudly() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    let mut running = serve(&folder, &file(&hook.url(), ""));
    assert_eq!(tell(&running, "Kept", "1").0, 0);
    assert_eq!(hook.next().event(), "Kept");
    std::fs::rename(folder.0.join("e.sqlite"), folder.0.join("gone.sqlite")).unwrap();
    let (code, said) = tell(&running, "Lost", "1");
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("The provider cannot answer at the moment."), "{said}");
    running.logs("e.sqlite, failed: it was moved, removed or replaced");
    std::fs::rename(folder.0.join("gone.sqlite"), folder.0.join("e.sqlite")).unwrap();
    assert_eq!(tell(&running, "Again", "1").0, 0);
    assert_eq!(hook.next().event(), "Again");
    assert_eq!(running.stop().0, 0);
}

/// A file that may not grow is a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_events_until_there_is_room() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    hook.answers(500);
    let path = folder.file("p.toml", file(&hook.url(), ""));
    let path = path.to_str().unwrap();
    let mut command = Command::new("sh");
    let limited = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_external-providers");
    let mut plain = tool(&["serve", "--provider", path, "--listen", "127.0.0.1:0"], PASSWORD);
    command.args(["-c", limited, program]).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut running = Running::spawn(&mut command, 2);
    let big = "x".repeat(20_000);
    let full = (0..100).map(|_| tell(&running, &big, "1")).find(|(code, _)| *code != 0).unwrap();
    assert!(full.0 == 7 && full.1.contains("The provider cannot answer"), "{full:?}");
    running.logs("the store of events,");
    running.stop();
    // With room, all that was acknowledged is there, and more can be kept.
    let running = Running::spawn(&mut plain, 2);
    assert_eq!(tell(&running, "More", "1").0, 0);
    running.stop();
}

#[test]
fn stores_that_cannot_be_used_end_the_start() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    let path = folder.file("p.toml", file(&hook.url(), ""));
    let path = path.to_str().unwrap();
    let refused = || {
        let arguments = ["serve", "--provider", path, "--listen", "127.0.0.1:0"];
        let output = tool(&arguments, PASSWORD).output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stderr).unwrap()
    };
    folder.file("e.sqlite", "This is a letter, and no database at all.");
    let said = refused();
    assert!(said.contains("e.sqlite is not a store of events: it is not an SQLite"), "{said}");
    let other = rusqlite::Connection::open(folder.file("e.sqlite", "")).unwrap();
    other.execute_batch("create table customers (name text)").unwrap();
    let said = refused();
    assert!(said.contains("it is a database of another program"), "{said}");
    drop(other);
    std::fs::remove_file(folder.0.join("e.sqlite")).unwrap();
    let running = serve(&folder, &file(&hook.url(), ""));
    let said = refused();
    assert!(said.contains("e.sqlite, is in use by another host"), "{said}");
    running.stop();
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_is_down_refuses_events_and_does_not_end_the_start() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let database = format!(
        "[databases.b]\nkind = 'postgres'\nhost = '127.0.0.1'\nport = {closed}\ndatabase = 'b'\nuser = 'b'\n"
    );
    let text = file(&hook.url(), "").replace("store = 'e.sqlite'", "database = 'b'");
    let mut running = serve(&folder, &(database + &text));
    let (code, said) = tell(&running, "One", "1");
    assert!(code == 7 && said.contains("The provider cannot answer at the moment."), "{said}");
    running.logs("the store of events, database b");
    assert_eq!(running.stop().0, 0);
}

#[test]
fn a_reload_tells_other_sinks_or_changes_nothing() {
    let (folder, first, second) = (Folder::new("events"), Hook::new(), Hook::new());
    let mut running = serve(&folder, &file(&first.url(), ""));
    assert_eq!(tell(&running, "One", "1").0, 0);
    assert_eq!(first.next().event(), "One");

    folder.file("p.toml", file(&second.url(), ""));
    running.signal("HUP");
    running.logs("provider's file reloaded");
    second.told(|| assert_eq!(tell(&running, "Two", "1").0, 0));

    // What waits is not left behind.
    for changed in [file(&first.url(), "").replace("e.sqlite", "o.sqlite"), "[events]\n".to_owned()]
    {
        folder.file("p.toml", changed);
        running.signal("HUP");
        running.logs("provider's file not reloaded");
        assert_eq!(tell(&running, "Three", "1").0, 0);
        second.until("Three");
    }
    assert!(!folder.0.join("o.sqlite").exists());
    assert_eq!(running.stop().0, 0);
}

#[test]
fn a_reload_begins_to_keep_events_where_it_can() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    let mut running = serve(&folder, "[events]\n");
    folder.file("letter", "This is a letter, and no database at all.");
    folder.file("p.toml", file(&hook.url(), "").replace("e.sqlite", "letter"));
    running.signal("HUP");
    running.logs("is not a store of events");
    folder.file("p.toml", file(&hook.url(), ""));
    running.signal("HUP");
    running.logs("provider's file reloaded");
    hook.told(|| assert_eq!(tell(&running, "One", "1").0, 0));
    assert_eq!(running.stop().0, 0);
}

#[test]
fn what_waits_is_counted_and_found_by_check() {
    let (folder, hook) = (Folder::new("events"), Hook::new());
    hook.answers(410);
    let text = file(&hook.url(), "");
    let path = folder.file("p.toml", &text);
    let check = || {
        let arguments = ["provider", "check", path.to_str().unwrap(), "--json"];
        let output = tool(&arguments, PASSWORD).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report["checks"].to_string())
    };
    let (code, said) = check();
    assert!(code == Some(0) && said.contains("it is made when the service starts"), "{said}");
    assert!(!folder.0.join("e.sqlite").exists(), "a look makes nothing");

    let running = serve(&folder, &text);
    assert_eq!(tell(&running, "One", "1").0, 0);
    let stopped = || events(&folder, &["status"]).1.contains("stopped: ");
    while !stopped() {}
    let (code, said) = check();
    assert!(code == Some(9) && said.contains("crm wants no more events"), "{said}");
    running.stop();

    let arguments = ["serve", "--provider", path.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let arguments = [&arguments[..], &["--metrics", "127.0.0.1:0"]].concat();
    let running = Running::spawn(&mut tool(&arguments, PASSWORD), 3);
    let address = running.lines[2].strip_prefix("metrics: http://").unwrap().trim_end_matches('/');
    let scrape = || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.contains("external_providers_events_waiting{sink=\"crm\"} 1\n").then_some(text)
    };
    let text = std::iter::repeat_with(scrape).flatten().next().unwrap();
    assert!(text.contains("external_providers_events_failed{sink=\"crm\"} 0\n"), "{text}");
    assert!(text.contains("external_providers_events_oldest_seconds{sink=\"crm\"} "), "{text}");
    running.stop();
}

#[test]
fn an_explanation_says_who_would_be_told_and_examples_hold_it() {
    let folder = Folder::new("events");
    let more = "when = { eventName = 'TicketCreated' }\n\
        [sinks.all]\nkind = 'webhook'\nurl = 'http://localhost:1/all'\n\
        [[examples]]\noperation = 'HandleEvent'\nrequest = { eventName = 'TicketClosed' }\nsinks = ['all']\n\
        [[examples]]\noperation = 'HandleEvent'\nrequest = { eventName = 'TicketCreated' }\nsinks = ['crm']\n";
    let path = folder.file("p.toml", file("http://localhost:1/hook", more));
    let path = path.to_str().unwrap();
    let arguments = ["provider", "explain", path, "HandleEvent", "eventName=TicketClosed"];
    let output = tool(&arguments, "").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in [
        "sink crm: no match",
        "  eventName is \"TicketCreated\": false (\"TicketClosed\")",
        "sink all: matches, as always",
        "it would be kept for all, and is not here",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!folder.0.join("e.sqlite").exists(), "nothing is stored");
    let output = tool(&["provider", "test", path], "").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(8), "{said}");
    assert!(said.contains("it is told to crm, all, not to crm"), "{said}");
    assert!(said.contains("2 examples, 1 not as they say"), "{said}");
}

/// A program of one's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_delivers_too_and_follows_the_file() {
    let (folder, first, second) = (Folder::new("events"), Hook::new(), Hook::new());
    let path = folder.file("p.toml", file(&first.url(), ""));
    let provider = Provider::load(&path).unwrap();
    let tell = async |name: &str| {
        let (event_name, other) = (name.to_owned(), [("ticketNumber", "1")].into());
        provider.handle_event(HandleEvent { event_name, other }).await
    };
    // What comes before anybody delivers is kept.
    tell("One").await.unwrap();
    let delivery = provider.deliver_events().await.unwrap();
    block_in_place(|| first.until("One"));
    folder.file("p.toml", file(&second.url(), ""));
    provider.reload().await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    block_in_place(|| second.told(|| drop(runtime.block_on(tell("Two")).unwrap())));
    delivery.stop().await;
    tell("Three").await.unwrap();
    let delivery = provider.deliver_events().await.unwrap();
    block_in_place(|| second.until("Three"));
    drop(delivery);

    std::fs::remove_file(folder.0.join("e.sqlite")).unwrap();
    let refused = tell("Four").await.unwrap_err();
    assert!(matches!(refused, ProviderError::Failure(_)), "{refused}");
    folder.file("p.toml", file(&first.url(), "").replace("e.sqlite", "other.sqlite"));
    let error = provider.reload().await.unwrap_err();
    assert!(matches!(error, LoadError::StoreChanged), "{error}");
}
