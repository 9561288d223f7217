//! A candidate beside an old service.

mod callers;
mod differences;
mod gate;
mod provider;
mod report;
mod secrets;
mod tool;

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::record::Proxy;
use external_providers::shadow::{Candidate, Report, Shadow, ShadowOptions};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::codec::raw::{Peer, answer};

pub(crate) const LOGIN: [&str; 3] =
    ["authPW=s3cret", "loginUsername=myusername", "loginPassword=mypassword"];

/// A proxy with a shadow, and callers before it.
pub(crate) struct Rig {
    runtime: Runtime,
    pub(crate) address: SocketAddr,
    pub(crate) shadow: Shadow,
    stop: oneshot::Sender<()>,
}

impl Rig {
    pub(crate) fn new(old: SocketAddr, candidate: Candidate) -> Self {
        Self::with(old, candidate, ShadowOptions::default())
    }

    pub(crate) fn with(old: SocketAddr, candidate: Candidate, options: ShadowOptions) -> Self {
        let old = format!("http://{old}");
        let shadow = Shadow::start(&old, candidate, options).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let builder = Proxy::forwarder(&old).observer(shadow.observer());
        let proxy = runtime.block_on(builder.bind("127.0.0.1:0")).unwrap();
        let address = proxy.local_addr();
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(proxy.serve(async {
            let _ = stopped.await;
        }));
        Self { runtime, address, shadow, stop }
    }

    pub(crate) fn caller(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// One call, and what the caller is answered.
    pub(crate) fn call(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let mut caller = self.caller();
        caller.send(request);
        caller.message().unwrap()
    }

    /// The report when all was compared.
    pub(crate) fn finish(self) -> Report {
        self.finish_within(Duration::from_secs(20))
    }

    pub(crate) fn finish_within(self, within: Duration) -> Report {
        let report = self.runtime.block_on(self.shadow.finish(within));
        drop(self.stop);
        self.runtime.shutdown_background();
        report
    }
}

/// A service that answers as another one does, but for what is changed in its answers; a `None` is a
/// connection that closes.
pub(crate) struct Spoiled {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

impl Spoiled {
    pub(crate) fn start(
        service: SocketAddr,
        change: impl Fn(String) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, count): (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) = Default::default();
        let (kept, counted, change) = (Arc::clone(&requests), Arc::clone(&count), Arc::new(change));
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let (kept, counted) = (Arc::clone(&kept), Arc::clone(&counted));
                let change = Arc::clone(&change);
                std::thread::spawn(move || {
                    let mut peer = Peer::new(stream.try_clone().unwrap());
                    while let Some(request) = peer.message() {
                        kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                        counted.fetch_add(1, SeqCst);
                        let mut real = Peer::connect(service);
                        real.send(&request);
                        let Some(changed) = change(real.text()) else { return };
                        let (head, body) = changed.split_once("\r\n\r\n").unwrap();
                        let mut lines = head.lines();
                        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
                        let is_length =
                            |line: &&str| line.to_ascii_lowercase().starts_with("content-length");
                        let headers = lines.filter(|line| !is_length(line));
                        let headers: String = headers.map(|line| format!("{line}\r\n")).collect();
                        if stream.write_all(&answer(status, &headers, body)).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, requests, count }
    }

    /// As a candidate, asked at the paths of the calls.
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate::at(&format!("http://{}", self.address)).unwrap()
    }

    /// The requests that came, but for those of its WSDL.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(SeqCst)
    }
}

/// Groups as `operation: part` with how often.
pub(crate) fn groups(report: &Report) -> Vec<(String, u64)> {
    let name =
        |group: &external_providers::shadow::Group| format!("{}: {}", group.operation, group.part);
    report.groups.iter().map(|group| (name(group), group.count)).collect()
}

/// Why calls were not compared, with how often.
pub(crate) fn reasons(report: &Report) -> Vec<(&str, u64)> {
    let mut all = std::collections::BTreeMap::<&str, u64>::new();
    for reason in &report.not_compared {
        *all.entry(&reason.reason).or_default() += reason.count;
    }
    all.into_iter().collect()
}
