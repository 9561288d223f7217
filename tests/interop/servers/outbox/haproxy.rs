//! Three hosts behind haproxy, with events in PostgreSQL, each ended and killed in turn under load.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use external_providers::Client;
use external_providers::backends::database::DatabaseSettings;
use external_providers::contract::HandleEvent;
use external_providers::outbox::Store as _;

use super::{database, store};
use crate::rig::Rig;

const PASSWORD: &str = "s3cret-of-the-service";

/// Callers, each with a ticket of its own.
const CALLERS: usize = 8;

/// Ports that were free.
fn free<const N: usize>() -> [SocketAddr; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

/// What ends with the test.
struct Process(Child);

impl Process {
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let (out, error) = (log.try_clone().unwrap(), log);
        Self(command.stdin(Stdio::null()).stdout(out).stderr(error).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let process = self.0.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    async fn ended(&mut self) {
        while self.0.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The three hosts, and haproxy.
struct Cluster {
    folder: PathBuf,
    addresses: [SocketAddr; 3],
    hosts: Vec<Process>,
    _haproxy: Process,
}

impl Cluster {
    async fn start(
        folder: PathBuf,
        settings: &DatabaseSettings,
        webhook: SocketAddr,
    ) -> (Self, String) {
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &[u8]| {
            let mut file = File::options();
            let mut file =
                file.create_new(true).write(true).mode(0o600).open(folder.join(name)).unwrap();
            file.write_all(text).unwrap();
        };
        write("roots.pem", &settings.root_certificates);
        write("password", b"Passw0rd-1");
        write("secret", b"a secret of sixteen bytes");
        let file = format!(
            "[service]
            path = '/Desk.asmx'
            [databases.events]
            kind = 'postgres'
            host = '{}'
            port = {}
            database = '{}'
            user = 'helpdesk'
            password_file = 'password'
            root_certificates = 'roots.pem'
            encryption = 'required'
            connect_timeout = '30s'
            [events]
            database = 'events'
            # The load is not a loop.
            loop_limit = 1000000
            [sinks.crm]
            kind = 'webhook'
            url = 'http://{webhook}/'
            secret_file = 'secret'
            ",
            settings.host,
            settings.port(),
            settings.database,
        );
        write("provider.toml", file.as_bytes());
        let [listen, first, second, third] = free();
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/haproxy.cfg");
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(configuration).env("HAPROXY", &folder);
        haproxy.env("LISTEN", listen.to_string());
        for (number, host) in [first, second, third].iter().enumerate() {
            haproxy.env(format!("HOST_{}", number + 1), host.to_string());
        }
        let haproxy = Process::start(&mut haproxy, &folder.join("haproxy.log"));
        let mut cluster = Self {
            addresses: [first, second, third],
            hosts: Vec::new(),
            _haproxy: haproxy,
            folder,
        };
        for number in 0..3 {
            let host = cluster.host(number);
            cluster.hosts.push(host);
            cluster.is_up(number, true).await;
        }
        (cluster, format!("http://{listen}/Desk.asmx"))
    }

    fn host(&self, number: usize) -> Process {
        let mut host = Command::new(env!("CARGO_BIN_EXE_external-providers"));
        host.arg("serve").arg("--provider").arg(self.folder.join("provider.toml"));
        host.args(["--drain", "5", "--trust-forwarded"]);
        host.args(["--listen", &self.addresses[number].to_string()]);
        host.env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD);
        Process::start(&mut host, &self.folder.join(format!("host{}.log", number + 1)))
    }

    /// Waits until haproxy sends callers there, or does not any more.
    async fn is_up(&mut self, number: usize, is_up: bool) {
        let since = Instant::now();
        loop {
            let mut said = String::new();
            if let Ok(mut socket) = UnixStream::connect(self.folder.join("socket")) {
                socket.write_all(b"show stat\n").unwrap();
                socket.read_to_string(&mut said).unwrap();
            }
            let server = format!("hosts,host{},", number + 1);
            let line = said.lines().find(|line| line.starts_with(&server)).unwrap_or_default();
            // The eighteenth column is the status; one that is about to change has a number, too.
            if line.split(',').nth(17) == Some(if is_up { "UP" } else { "DOWN" }) {
                return;
            }
            assert!(since.elapsed() < Duration::from_secs(120), "haproxy never saw it: {line}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// What the webhook was told: for each ticket the numbers and ids, in order.
type Told = Arc<Mutex<HashMap<String, Vec<(usize, String)>>>>;

/// Where the hosts deliver.
async fn webhook() -> (SocketAddr, Told) {
    async fn take(State(told): State<Told>, body: String) -> StatusCode {
        let event: serde_json::Value = serde_json::from_str(&body).unwrap();
        let variable = |key: &str| {
            let variables = event["variables"].as_array().unwrap();
            let pair = variables.iter().find(|pair| pair["key"] == key).unwrap();
            pair["value"].as_str().unwrap().to_owned()
        };
        let number = variable("number").parse().unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        told.lock().unwrap().entry(variable("ticketNumber")).or_default().push((number, id));
        StatusCode::NO_CONTENT
    }
    let told = Told::default();
    let router = axum::Router::new().fallback(take).with_state(Arc::clone(&told));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, told)
}

#[derive(Default)]
struct Counts {
    acknowledged: AtomicUsize,
    unanswered: AtomicUsize,
    slowest_ms: AtomicUsize,
}

/// `SERVERS_ROUNDS` says how often each host is ended and killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_behind_haproxy_lose_no_event_when_one_ends_or_is_killed() {
    let rounds = std::env::var("SERVERS_ROUNDS").map_or(1, |count| count.parse().unwrap());
    let settings = database(&Rig::shared("postgres"));
    let folder = PathBuf::from(std::env::var("SERVERS_FOLDER").unwrap()).join("haproxy");
    let (address, told) = webhook().await;
    let (mut cluster, url) = Cluster::start(folder, &settings, address).await;

    let (counts, stop) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let client = Client::builder(&url, PASSWORD).timeout(Duration::from_secs(60));
            let client = client.build().unwrap();
            let (counts, stop) = (Arc::clone(&counts), Arc::clone(&stop));
            tokio::spawn(call(client, caller, counts, stop))
        })
        .collect();
    let more = async |count: usize| {
        let goal = counts.acknowledged.load(Relaxed) + count;
        while counts.acknowledged.load(Relaxed) < goal {
            assert!(!callers.iter().any(|caller| caller.is_finished()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let began = Instant::now();
    let mut of_kills = 0;
    for _ in 0..rounds {
        for number in 0..3 {
            more(100).await;
            let before = counts.unanswered.load(Relaxed);
            cluster.hosts[number].signal("TERM");
            cluster.hosts[number].ended().await;
            more(100).await;
            assert_eq!(
                counts.unanswered.load(Relaxed),
                before,
                "calls failed when a host was told to stop"
            );
            cluster.hosts[number] = cluster.host(number);
            cluster.is_up(number, true).await;

            more(100).await;
            cluster.hosts[number].signal("KILL");
            cluster.hosts[number].ended().await;
            more(100).await;
            cluster.is_up(number, false).await;
            of_kills += counts.unanswered.load(Relaxed) - before;
            cluster.hosts[number] = cluster.host(number);
            cluster.is_up(number, true).await;
        }
    }
    stop.store(true, Relaxed);
    let mut acknowledged = HashMap::new();
    for (ticket, caller) in callers.into_iter().enumerate() {
        acknowledged.insert(ticket.to_string(), caller.await.unwrap());
    }
    let store = store(&settings);
    while store.status().await.unwrap()[0].waiting > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = told.lock().unwrap();
    let mut again = 0;
    let mut kept_twice = 0;
    for (ticket, events) in &*told {
        let in_order: Vec<usize> = events.iter().map(|(number, _)| *number).collect();
        assert!(in_order.is_sorted(), "ticket {ticket}: {in_order:?}");
        let ids: HashSet<_> = events.iter().map(|(_, id)| id).collect();
        let different: HashSet<_> = in_order.iter().collect();
        again += events.len() - ids.len();
        kept_twice += ids.len() - different.len();
        let lost = (0..acknowledged[ticket]).filter(|number| !different.contains(number)).count();
        assert_eq!(lost, 0, "acknowledged and never told: ticket {ticket}: {in_order:?}");
    }
    println!(
        "each of three hosts ended and killed {rounds} times in {:?}: {} calls acknowledged, none failed when a host \
         was ended; {of_kills} unanswered when one was killed and {} at other times, which were made again, and of \
         which {kept_twice} had been kept; {again} deliveries repeated with their ids; the slowest call took {} ms",
        began.elapsed(),
        counts.acknowledged.load(Relaxed),
        counts.unanswered.load(Relaxed) - of_kills,
        counts.slowest_ms.load(Relaxed),
    );
    assert_eq!(told.len(), CALLERS);
    // At the most, what each host that was killed had in hand.
    assert!(
        of_kills <= rounds * 3 * CALLERS && kept_twice <= counts.unanswered.load(Relaxed),
        "{of_kills} {kept_twice}"
    );
    assert!(again <= rounds * 3 * 4, "{again}");
}

/// Tells of what happens to a ticket, one event after the other, as a careful help desk does: what was not
/// answered is sent again. How many were acknowledged.
async fn call(client: Client, caller: usize, counts: Arc<Counts>, stop: Arc<AtomicBool>) -> usize {
    let mut number = 0;
    while !stop.load(Relaxed) {
        let other = [("ticketNumber", caller.to_string()), ("number", number.to_string())];
        let event = HandleEvent {
            event_name: "TicketChanged".to_owned(),
            other: other.into_iter().collect(),
        };
        let since = Instant::now();
        match client.call(event).await {
            Ok(_) => {
                number += 1;
                counts.acknowledged.fetch_add(1, Relaxed);
                let took = usize::try_from(since.elapsed().as_millis()).unwrap();
                counts.slowest_ms.fetch_max(took, Relaxed);
                // So that what is told keeps up with what is taken, on a small machine, too.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => {
                counts.unanswered.fetch_add(1, Relaxed);
                println!("ticket {caller}, {number}: {error:?}");
            }
        }
    }
    number
}
