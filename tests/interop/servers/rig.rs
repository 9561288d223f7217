//! Servers that the scripts of this folder start: where they are, and what is done to them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server from nothing. It ends with the test.
pub(crate) struct Rig {
    facts: BTreeMap<String, String>,
    /// The script, if it was started here.
    script: Option<Child>,
    /// The server, if it was started again.
    again: Option<Child>,
}

impl Rig {
    /// The one that `servers.sh` started for all tests: `samba`, `postgres`, `mariadb` or `nats`.
    pub(crate) fn shared(name: &str) -> Self {
        let variable = format!("SERVERS_{}", name.to_uppercase());
        let line = std::env::var(&variable).unwrap_or_else(|_| {
            panic!("{variable} must say where it is: run tests/interop/servers.sh")
        });
        Self { facts: facts(&line), script: None, again: None }
    }

    /// One of its own for a test, on ports that were free.
    pub(crate) fn start(script: &str, environment: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let work = std::env::var("SERVERS_FOLDER").expect("run tests/interop/servers.sh");
        let folder = Path::new(&work).join(format!("test-{count}"));
        let mut process =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script))
                .arg(&folder)
                .args(free_ports().map(|port| port.to_string()))
                .envs(environment.iter().copied())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = line.strip_prefix("ready ").unwrap_or_else(|| panic!("{script} did not start"));
        Self { facts: facts(line), script: Some(process), again: None }
    }

    /// What its line says of this key.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.facts.get(key).unwrap_or_else(|| panic!("nothing about {key}: {:?}", self.facts))
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        Path::new(self.get("folder")).join(name)
    }

    /// Is there anybody at its port?
    pub(crate) fn is_listening(&self) -> bool {
        let address = match self.facts.get("plain") {
            Some(url) => url.trim_start_matches("ldap://").to_owned(),
            None => format!("{}:{}", self.get("host"), self.get("port")),
        };
        TcpStream::connect(address).is_ok()
    }

    /// How many lines of its log hold this.
    pub(crate) fn logged(&self, words: &str) -> usize {
        let log = std::fs::read(self.file("server.log")).unwrap();
        String::from_utf8_lossy(&log).lines().filter(|line| line.contains(words)).count()
    }

    /// Kills the server as it is, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        match &mut self.again {
            Some(server) => drop(server.wait().unwrap()),
            // Its parent, the script, takes note of its end at once.
            None => while self.try_signal("0") {},
        }
        self.again = None;
    }

    /// Starts it again on what it left; it need not answer yet.
    pub(crate) fn again(&mut self) {
        self.again = Some(Command::new(self.file("again")).spawn().unwrap());
    }

    /// Has the one that was started again ended by itself?
    pub(crate) fn has_ended(&mut self) -> bool {
        self.again.as_mut().is_some_and(|server| server.try_wait().unwrap().is_some())
    }

    /// Sends the server a signal: STOP makes it hang, CONT go on.
    pub(crate) fn signal(&self, name: &str) {
        assert!(self.try_signal(name), "the server is gone");
        // Its threads stop when one of them is next run, which takes a moment on a busy machine.
        while name == "STOP" && !self.has_stopped() {
            std::thread::yield_now();
        }
    }

    /// Has every thread of the server (proc(5), the state in stat)?
    fn has_stopped(&self) -> bool {
        let process = std::fs::read_to_string(self.file("pid")).unwrap();
        let threads = std::fs::read_dir(format!("/proc/{}/task", process.trim())).unwrap();
        threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat"))).all(
            |stat| {
                stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|s| s.starts_with(" T")))
            },
        )
    }

    fn try_signal(&self, name: &str) -> bool {
        let process = std::fs::read_to_string(self.file("pid")).unwrap();
        let kill =
            Command::new("kill").args(["-s", name, process.trim()]).stderr(Stdio::null()).status();
        kill.unwrap().success()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(mut script) = self.script.take() {
            let process = script.id().to_string();
            let _ = Command::new("kill").arg(&process).status();
            let _ = script.wait();
            if let Some(mut server) = self.again.take() {
                let _ = server.wait();
            }
        }
    }
}

fn facts(line: &str) -> BTreeMap<String, String> {
    let pair =
        |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    line.split_whitespace().filter_map(pair).collect()
}

/// Two ports of which the system said that they were free.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
