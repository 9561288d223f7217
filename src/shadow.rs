//! A service that is to take the place of an old one answers the same calls beside it, and what it
//! answers otherwise is reported.
//!
//! The old service answers every caller, through a [`Proxy`](crate::record::Proxy) that does not know of
//! the candidate. The [`Shadow`] sees what went by and asks the candidate afterwards, on a thread of its
//! own: a candidate that hangs, is dead or talks nonsense costs no caller anything. What waits for it is
//! bounded, and what is left out is counted.
//!
//! ```no_run
//! use external_providers::record::Proxy;
//! use external_providers::shadow::{Candidate, Shadow};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let old = "http://crm.example.com";
//! let candidate = Candidate::at("http://localhost:8090/Provider.asmx")?;
//! let shadow = Shadow::start(old, candidate, Default::default())?;
//! let proxy = Proxy::forwarder(old).observer(shadow.observer()).bind("127.0.0.1:8080").await?;
//! proxy.serve(async { /* … calls … */ }).await;
//! let report = shadow.finish(std::time::Duration::from_secs(10)).await;
//! assert_eq!(report.different, 0, "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! Nothing changes by it. What may change something ([`SideEffect`](crate::contract::SideEffect)) is not
//! shown to a candidate that is a service, unless it is allowed by name; operations that are not of the
//! contract, by their names or by the old service's WSDL, may change something. A login is shown to the
//! candidate after the old service let the user in, and never else: a wrong password would count twice
//! towards a lock-out.
//!
//! Answers are compared as the contract reads them (`wsdl/CONTRACT.md`, sections 2, 3 and 5): Success,
//! Message (absent, empty and nil are different), each output (of duplicates the last counts), each property of each
//! field that is to change, code and reason of faults, status and media type, pages, and no answer. The
//! order of outputs says nothing to the help desk, and is a difference of its own.

mod call;
mod candidate;
mod conditions;
mod examples;
mod old_names;
mod options;
mod queue;
mod report;
mod rewrite;
mod tally;
mod until;
mod verified;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use candidate::{Candidate, CandidateError};
pub use conditions::{Conditions, IgnoreRule};
pub use options::ShadowOptions;
pub use report::{Example, Group, NotCompared, OperationCount, Report, Times};
pub use until::{Until, UntilError, UntilState};

use crate::client::{Destination, Sameness};
use crate::compare::BadPattern;
use crate::contract::{OPERATIONS, OperationInfo};
use crate::fixture::StoreError;
use crate::http::url::Url;
use crate::record::Observer;
use crate::suggest::nearest;
use call::Judge;
use examples::Examples;
use queue::{Counts, Shared, State, Watcher, work};
use tally::Tally;

/// Why a shadow cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShadowError {
    /// What is to be ignored is not a pattern.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// The candidate is the old service itself.
    #[error("the candidate is the old service itself, at {0}")]
    Itself(String),
    /// The directory for examples cannot be used.
    #[error("examples cannot be kept")]
    Examples(#[from] StoreError),
    /// The directory for examples cannot be read or written.
    #[error("examples cannot be kept in {}", .0.display())]
    Directory(PathBuf, #[source] std::io::Error),
    /// The directory for examples holds something else.
    #[error("{} was not written by a shadow", .0.display())]
    Foreign(PathBuf),
    /// The system gives no thread.
    #[error("no thread for the shadow")]
    Thread(#[source] std::io::Error),
}

/// A shadow at work: see [the module](self). Dropping it gives up what waits.
pub struct Shadow {
    shared: Arc<Shared>,
    watcher: Arc<Watcher>,
    ended: oneshot::Receiver<()>,
}

/// How far a shadow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Calls that went by.
    pub calls: u64,
    /// Those whose answers were compared.
    pub compared: u64,
    /// Those of these that differ.
    pub different: u64,
    /// Those that were not compared, for whatever reason.
    pub not_compared: u64,
    /// Those that were dropped, since too many waited.
    pub dropped: u64,
    /// Those that wait for the candidate, or that it is asked.
    pub waiting: u64,
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

impl Shadow {
    /// A shadow of the service at `old`, an origin (`http://host:port`), beside which `candidate` is asked.
    ///
    /// # Errors
    ///
    /// A pattern is not valid, the candidate is the old service, examples cannot be kept, or the system
    /// gives no thread.
    pub fn start(
        old: &str,
        candidate: Candidate,
        options: ShadowOptions,
    ) -> Result<Self, ShadowError> {
        let old = old.trim_end_matches('/').to_owned();
        let at = Url::parse(&old)
            .map_or_else(|_| Destination::of("", 0), |url| Destination::look_up(&url));
        match candidate.is_at(&at) {
            Sameness::Same => return Err(ShadowError::Itself(old)),
            Sameness::OtherName => tracing::warn!(
                "the candidate has the old service's address: unless it is a virtual host of its own, the \
                 old service is compared with itself"
            ),
            Sameness::Different => {}
        }
        for name in options.allow_changes.iter().filter(|name| OperationInfo::named(name).is_none())
        {
            let known = OPERATIONS.iter().map(|info| info.name);
            let meant = nearest(name, known).map(|meant| format!(": did you mean {meant}?"));
            let meant = meant.unwrap_or_default();
            tracing::warn!("{name:?} may be shown, which the contract does not know{meant}");
        }
        let (concurrency, depth) = (options.concurrency.max(1), options.queue_calls.max(1));
        let queue_bytes = options.queue_bytes;
        let examples = options.examples.as_deref().map(Examples::open).transpose()?;
        let judge = Judge::new((old, at), &candidate, options)?;
        let tally = Tally::new(judge.old(), &candidate, judge.conditions());
        let shared = Arc::new(Shared {
            judge,
            state: Mutex::new(State { candidate: Arc::new(candidate), tally }),
            counts: Counts::default(),
            queue_bytes,
            examples,
            changed: watch::Sender::new(()),
        });
        let (calls, waiting) = mpsc::channel(depth);
        let (tell, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ShadowError::Thread)?;
        let working = Arc::clone(&shared);
        let work = move || {
            runtime.block_on(work(working, waiting, concurrency));
            // Whoever waits for it may have given up.
            let _ = tell.send(());
        };
        let thread = std::thread::Builder::new().name("shadow".to_owned());
        thread.spawn(work).map_err(ShadowError::Thread)?;
        let calls = Mutex::new(Some(calls));
        let watcher = Arc::new(Watcher { shared: Arc::clone(&shared), depth, calls });
        Ok(Self { shared, watcher, ended })
    }

    /// What a [`ProxyBuilder`](crate::record::ProxyBuilder::observer) is given.
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.watcher) as Arc<dyn Observer>
    }

    /// Is the candidate what listens at this address of this machine? It would be the proxy itself.
    pub fn asks(&self, address: SocketAddr) -> bool {
        self.shared.state().candidate.listens_at(address)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let Counts { calls, dropped, waiting, .. } = &self.shared.counts;
        let state = self.shared.state();
        Progress {
            calls: calls.load(Relaxed),
            compared: state.tally.compared,
            different: state.tally.different,
            not_compared: state.tally.left_out(),
            dropped: dropped.load(Relaxed),
            waiting: waiting.load(Relaxed) as u64,
        }
    }

    /// Waits until another call was compared, or was not.
    pub fn changes(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut changed = self.shared.changed.subscribe();
        async move {
            if changed.changed().await.is_err() {
                std::future::pending().await
            }
        }
    }

    /// Asks another candidate from now on, and begins the report anew: what the one before answered says
    /// nothing about it. Calls that wait are shown to the new one, and count.
    pub fn replace(&self, candidate: Candidate) {
        let judge = &self.shared.judge;
        let tally = Tally::new(judge.old(), &candidate, judge.conditions());
        // Nothing is counted meanwhile.
        let _coming = self.watcher.lock();
        let mut state = self.shared.state();
        *state = State { candidate: Arc::new(candidate), tally };
        let Counts { calls, beside, dropped, waiting, .. } = &self.shared.counts;
        calls.store(waiting.load(Relaxed) as u64, Relaxed);
        [beside, dropped].iter().for_each(|count| count.store(0, Relaxed));
    }

    /// The report so far.
    pub fn report(&self) -> Report {
        self.report_of(&self.shared.state())
    }

    fn report_of(&self, state: &State) -> Report {
        let Counts { calls, beside, dropped, .. } = &self.shared.counts;
        state.tally.report([calls, beside, dropped].map(|count| count.load(Relaxed)))
    }

    /// Ends, when what waits is compared or that time is over; what still waits then is counted as
    /// dropped. Calls that go by later are not seen.
    pub async fn finish(mut self, within: Duration) -> Report {
        self.watcher.close();
        let _ = tokio::time::timeout(within, &mut self.ended).await;
        // What is answered after that is not counted twice.
        let state = self.shared.state();
        let Counts { waiting, dropped, .. } = &self.shared.counts;
        dropped.fetch_add(waiting.load(Relaxed) as u64, Relaxed);
        self.report_of(&state)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.watcher.close();
        self.shared.judge.stop();
    }
}
