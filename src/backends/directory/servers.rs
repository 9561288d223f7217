//! The servers of a directory: which one is asked, with how many connections, and what becomes of one
//! that does not answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::bind_result::must_be_changed;
use super::connection::{Connection, Target};
use super::message::{Answer, Entry, Search};
use super::server_url::target;
use super::{Cause, DirectoryError, DirectorySettings};
use crate::breaker::{Breaker, Permit, Refusal};
use crate::secret::Secret;

/// How long a server is passed over that made somebody wait in vain.
const PAUSE: Duration = Duration::from_secs(10);
/// How long an answer or a connection is waited for where another server could be asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for a connection that is in use.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_millis(250);
/// How long a connection may be idle: firewalls forget them without a word.
const IDLE: Duration = Duration::from_secs(120);
/// How long a refused account is not tried again: each try counts towards its own lock-out.
const ACCOUNT_PAUSE: Duration = Duration::from_secs(30);

/// The servers of a directory, in order.
pub(super) struct Servers {
    directory: String,
    servers: Vec<Server>,
    account: Option<(String, Secret)>,
    timeout: Duration,
    connect_timeout: Duration,
    /// Since when the account is refused, and what was said.
    refused: Mutex<Option<(Instant, DirectoryError)>>,
}

pub(super) struct Server {
    /// As it is set.
    pub(super) url: String,
    pub(super) target: Target,
    breaker: Breaker,
    /// Connections on which the account is bound, with the time of their last use.
    idle: Mutex<Vec<(Connection, Instant)>>,
    searches: Semaphore,
    binds: Semaphore,
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) entries: Vec<Entry>,
    pub(super) answer: Answer,
    /// The number of the server.
    pub(super) server: usize,
}

/// The right to use a connection of the account's.
struct Lease<'s> {
    server: &'s Server,
    number: usize,
    connection: Connection,
    permit: Option<Permit<'s>>,
    _slot: SemaphorePermit<'s>,
}

/// A user's bind, on a connection of its own.
pub(super) struct Bound<'s> {
    pub(super) connection: Connection,
    pub(super) answer: Answer,
    pub(super) server: usize,
    _slot: SemaphorePermit<'s>,
}

impl Servers {
    pub(super) fn new(
        directory: &str,
        settings: &DirectorySettings,
        tls: impl Fn(&str) -> Result<Arc<ClientConfig>, Cause>,
    ) -> Result<Self, Cause> {
        let server = |url: &String| {
            let target = target(url, settings.insecure_plain_text, &tls)?;
            let connections = settings.max_connections.clamp(1, Semaphore::MAX_PERMITS);
            Ok(Server {
                url: url.clone(),
                target,
                breaker: Breaker::new(1, PAUSE),
                idle: Mutex::default(),
                searches: Semaphore::new(connections),
                binds: Semaphore::new(connections),
            })
        };
        Ok(Self {
            directory: directory.to_owned(),
            servers: settings.servers.iter().map(server).collect::<Result<_, Cause>>()?,
            account: settings.account.clone().map(|name| (name, settings.password.clone())),
            timeout: settings.timeout,
            connect_timeout: settings.connect_timeout,
            refused: Mutex::default(),
        })
    }

    pub(super) fn get(&self, number: usize) -> &Server {
        &self.servers[number]
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn error(&self, server: Option<usize>, cause: Cause) -> DirectoryError {
        let server = server.map(|number| self.servers[number].url.clone());
        DirectoryError { directory: self.directory.clone(), server, cause }
    }

    /// Searches by the account. Since that changes nothing, it is done once more where the connection
    /// ended, or another server may be quicker.
    pub(super) async fn search(&self, search: &Search<'_>) -> Result<Found, DirectoryError> {
        let mut is_first = true;
        loop {
            let lease = self.lease().await?;
            let number = lease.number;
            let has_other = is_first && self.has_other(number);
            let within = if has_other { self.timeout.min(PATIENCE) } else { self.timeout };
            match lease.search(search, within).await {
                Ok((entries, answer)) => return Ok(Found { entries, answer, server: number }),
                Err(Cause::Lost(_)) if is_first => {}
                Err(Cause::Timeout { .. }) if has_other => {}
                Err(cause) => return Err(self.error(Some(number), cause)),
            }
            is_first = false;
        }
    }

    /// Connects, to this server if it can be, and binds there once. Whatever happens to the bind, it is
    /// not repeated.
    pub(super) async fn bind(
        &self,
        first: Option<usize>,
        name: &str,
        password: &Secret,
    ) -> Result<Bound<'_>, DirectoryError> {
        let mut tried = BTreeMap::new();
        for (number, patience) in self.order(first) {
            if has_failed(&tried, number) {
                continue;
            }
            let server = &self.servers[number];
            let opened = async {
                let (slot, permit) = self.turn(number, &server.binds, patience).await?;
                match Connection::open(&server.target, self.within(number)).await {
                    Ok(connection) => {
                        permit.answered();
                        Ok((connection, slot))
                    }
                    Err(cause) => Err(server.failed(Some(permit), cause)),
                }
            };
            match opened.await {
                Ok((mut connection, slot)) => {
                    // One user's bind that hangs says nothing about the server.
                    return match connection.bind(name, password, self.timeout).await {
                        Ok(answer) => Ok(Bound { connection, answer, server: number, _slot: slot }),
                        Err(cause) => Err(self.error(Some(number), cause)),
                    };
                }
                Err(cause) => drop(tried.insert(number, cause)),
            }
        }
        Err(self.no_server(tried))
    }

    /// A connection of the account's, of the first server that gives one.
    async fn lease(&self) -> Result<Lease<'_>, DirectoryError> {
        if let Some((since, error)) = &*lock(&self.refused)
            && since.elapsed() < ACCOUNT_PAUSE
        {
            return Err(error.clone());
        }
        let Some((name, password)) = &self.account else {
            return Err(self.error(None, Cause::NoAccount));
        };
        let mut tried = BTreeMap::new();
        for (number, patience) in self.order(None) {
            if has_failed(&tried, number) {
                continue;
            }
            let server = &self.servers[number];
            let leased = async {
                let (slot, permit) = self.turn(number, &server.searches, patience).await?;
                if let Some(connection) = server.pooled() {
                    return Ok((connection, Some(permit), slot));
                }
                let bound = self.bind_account(number, name, password).await;
                let (connection, answer) = match bound {
                    Ok(bound) => bound,
                    Err(cause) => return Err(server.failed(Some(permit), cause)),
                };
                permit.answered();
                account_accepted(name, &answer)?;
                Ok((connection, None, slot))
            };
            match leased.await {
                Ok((connection, permit, slot)) => {
                    return Ok(Lease { server, number, connection, permit, _slot: slot });
                }
                Err(cause) if cause.is_of_connection() => drop(tried.insert(number, cause)),
                Err(cause) => {
                    let error = self.error(Some(number), cause);
                    if matches!(error.cause, Cause::Account { .. }) {
                        *lock(&self.refused) = Some((Instant::now(), error.clone()));
                    }
                    return Err(error);
                }
            }
        }
        Err(self.no_server(tried))
    }

    /// The servers in the order in which they are asked, with how long a turn is waited for: in a
    /// second round, those that were busy in the first one.
    fn order(&self, first: Option<usize>) -> impl Iterator<Item = (usize, Duration)> {
        let count = self.servers.len();
        let others = move || (0..count).filter(move |number| Some(*number) != first);
        let round = move |patience: Duration| {
            first.into_iter().chain(others()).map(move |number| (number, patience))
        };
        let quick = round(PATIENCE_WITH_OTHERS).filter(move |_| count > 1);
        quick.chain(round(self.timeout))
    }

    async fn bind_account(
        &self,
        number: usize,
        name: &str,
        password: &Secret,
    ) -> Result<(Connection, Answer), Cause> {
        let (within, started) = (self.within(number), Instant::now());
        let mut connection = Connection::open(&self.servers[number].target, within).await?;
        let left = within.saturating_sub(started.elapsed());
        let answer = connection.bind(name, password, left).await?;
        Ok((connection, answer))
    }

    /// Waits for a turn, but not for a server that is passed over.
    async fn turn<'s>(
        &'s self,
        number: usize,
        slots: &'s Semaphore,
        within: Duration,
    ) -> Result<(SemaphorePermit<'s>, Permit<'s>), Cause> {
        let breaker = &self.servers[number].breaker;
        let passed_over =
            |refusal: Refusal| Cause::PassedOver { because: refusal.because.to_string() };
        if let Some(refusal) = breaker.refuses(Instant::now()) {
            return Err(passed_over(refusal));
        }
        let Ok(Ok(slot)) = timeout(within, slots.acquire()).await else {
            return Err(Cause::Busy(within));
        };
        Ok((slot, breaker.admit(Instant::now()).map_err(passed_over)?))
    }

    fn within(&self, number: usize) -> Duration {
        match self.has_other(number) {
            true => self.connect_timeout.min(PATIENCE),
            false => self.connect_timeout,
        }
    }

    /// Could another server be asked?
    fn has_other(&self, number: usize) -> bool {
        let is_other = |(other, server): (usize, &Server)| {
            other != number && server.breaker.refuses(Instant::now()).is_none()
        };
        self.servers.iter().enumerate().any(is_other)
    }

    fn no_server(&self, mut tried: BTreeMap<usize, Cause>) -> DirectoryError {
        if tried.len() == 1
            && let Some((number, cause)) = tried.pop_first()
        {
            return self.error(Some(number), cause);
        }
        let tried =
            tried.iter().map(|(number, cause)| format!("{}: {cause}", self.servers[*number].url));
        self.error(None, Cause::NoServer(tried.collect()))
    }
}

/// Has a server failed in the first round, other than by being busy?
fn has_failed(tried: &BTreeMap<usize, Cause>, number: usize) -> bool {
    tried.get(&number).is_some_and(|cause| !matches!(cause, Cause::Busy(_)))
}

impl Server {
    /// A connection that is idle and can still be used.
    fn pooled(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        while let Some((mut connection, since)) = idle.pop() {
            if since.elapsed() < IDLE && connection.is_idle() {
                return Some(connection);
            }
        }
        None
    }

    /// A server that made somebody wait in vain is passed over for a while; one that fails at once
    /// costs nothing and is asked again.
    fn failed(&self, permit: Option<Permit<'_>>, cause: Cause) -> Cause {
        if matches!(cause, Cause::ConnectTimeout(_) | Cause::Timeout { .. }) {
            lock(&self.idle).clear();
            let permit = permit.or_else(|| self.breaker.admit(Instant::now()).ok());
            if permit.is_some_and(|permit| permit.failed(Instant::now(), &cause)) {
                tracing::warn!(server = self.url, %cause, "directory server is passed over");
            }
        }
        cause
    }
}

impl Lease<'_> {
    /// Searches, and gives the connection back if it is as before.
    async fn search(
        mut self,
        search: &Search<'_>,
        within: Duration,
    ) -> Result<(Vec<Entry>, Answer), Cause> {
        match self.connection.search(search, within).await {
            Ok(found) => {
                if let Some(permit) = self.permit {
                    permit.answered();
                }
                lock(&self.server.idle).push((self.connection, Instant::now()));
                Ok(found)
            }
            Err(cause) => {
                // The others have ended with it, most likely.
                lock(&self.server.idle).clear();
                Err(self.server.failed(self.permit, cause))
            }
        }
    }
}

impl Cause {
    /// May another server do better?
    fn is_of_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::ConnectTimeout(_)
                | Self::Tls(_)
                | Self::StartTls(_)
                | Self::Timeout { .. }
                | Self::Lost(_)
                | Self::Malformed(_)
                | Self::Busy(_)
                | Self::PassedOver { .. }
        )
    }
}

/// Is the account bound, so that it may search?
pub(super) fn account_accepted(name: &str, answer: &Answer) -> Result<(), Cause> {
    let refused = |answer: String| Err(Cause::Account { account: name.to_owned(), answer });
    match answer.code {
        0 if must_be_changed(answer) => refused("its password must be changed first".to_owned()),
        0 => Ok(()),
        8 | 13 => Err(Cause::Unencrypted(answer.to_string())),
        1..=3 | 51 | 52 | 80 => {
            Err(Cause::Answer { operation: "the account's bind", answer: answer.to_string() })
        }
        _ => refused(answer.to_string()),
    }
}

/// Nothing panics under these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
