//! The servers of a directory: which one is asked, with how many connections, and what becomes of one
//! that does not answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
use crate::secret::{Mask, Secret};

/// How long a server is passed over that made somebody wait in vain.
const PAUSE: Duration = Duration::from_secs(10);
/// How long an answer or a connection is waited for where another server could be asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for a connection that is in use.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_millis(250);
/// How long a connection may be idle: firewalls forget them without a word.
const IDLE: Duration = Duration::from_secs(120);

/// The servers of a directory, in order.
pub(super) struct Servers {
    directory: String,
    servers: Vec<Server>,
    account: Option<(String, Secret)>,
    /// What of the settings stands in DNs, too.
    own_words: String,
    timeout: Duration,
    connect_timeout: Duration,
}

pub(super) struct Server {
    /// As it is set.
    pub(super) url: String,
    pub(super) target: Target,
    breaker: Breaker,
    /// Connections on which the account is bound, with the time of their last use.
    idle: Mutex<Vec<(Connection, Instant)>>,
    /// One until the account has been accepted: a wrong password is not tried ten times at once.
    searches: Semaphore,
    binds: Semaphore,
    /// Turns that are still to be given to searches.
    held_back: AtomicUsize,
    /// Somebody was found here, so that the account may read.
    pub(super) found_somebody: AtomicBool,
    /// Held while the account is being bound.
    account_turn: tokio::sync::Mutex<()>,
    /// Since when the account is refused, and what was said.
    refused: Mutex<Option<(Instant, Cause)>>,
    /// How long it is not tried again: each try counts towards its own lock-out.
    pause: Duration,
}

/// The right to use a connection: the account's, or a new one for a user's bind.
pub(super) struct Lease<'s> {
    pub(super) connection: Connection,
    /// The number of the server.
    pub(super) number: usize,
    server: &'s Server,
    /// Of a connection that has not answered this time.
    permit: Option<Permit<'s>>,
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
                searches: Semaphore::new(1),
                binds: Semaphore::new(connections),
                held_back: AtomicUsize::new(connections - 1),
                found_somebody: AtomicBool::new(false),
                account_turn: tokio::sync::Mutex::default(),
                refused: Mutex::default(),
                pause: settings.throttle_window,
            })
        };
        Ok(Self {
            directory: directory.to_owned(),
            servers: settings.servers.iter().map(server).collect::<Result<_, Cause>>()?,
            account: settings.account.clone().map(|name| (name, settings.password.clone())),
            own_words: [
                Some(&settings.base),
                settings.dn_template.as_ref(),
                settings.group_base.as_ref(),
            ]
            .map(|words| words.map_or("", String::as_str))
            .join(" "),
            timeout: settings.timeout,
            connect_timeout: settings.connect_timeout,
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

    /// What a server says, such as a DN, as it may be shown: without the passwords that it was given.
    pub(super) fn shown(&self, words: &str, user: Option<&Secret>) -> String {
        let account = self.account.as_ref().map(|(_, password)| password);
        // A mask over a word that stands in every DN would tell that it is the password.
        let account = account.filter(|password| !self.own_words.contains(password.expose()));
        Mask::new(account.into_iter().chain(user)).apply_values(words)
    }

    /// Searches by the account; the last number is the server's. Since that changes nothing, it is done
    /// once more where the connection ended, or another server may be quicker.
    pub(super) async fn search(
        &self,
        search: &Search<'_>,
    ) -> Result<(Vec<Entry>, Answer, usize), DirectoryError> {
        let account = self.account.as_ref().ok_or_else(|| self.error(None, Cause::NoAccount))?;
        let mut is_first = true;
        loop {
            let lease = self.lease(None, Some(account)).await?;
            let number = lease.number;
            let has_other = is_first && self.has_other(number);
            match lease.search(search, self.patience(self.timeout, has_other)).await {
                Ok((entries, answer)) => return Ok((entries, answer, number)),
                Err(Cause::Lost(_)) if is_first => {}
                Err(Cause::Timeout { .. }) if has_other => {}
                Err(cause) => return Err(self.error(Some(number), cause)),
            }
            is_first = false;
        }
    }

    /// Connects for a user's bind, to this server if it can be. Whatever happens to the bind, it is not
    /// repeated; one that hangs says nothing about the server.
    pub(super) async fn connect(&self, first: Option<usize>) -> Result<Lease<'_>, DirectoryError> {
        self.lease(first, None).await
    }

    /// A connection of the first server that gives one.
    async fn lease(
        &self,
        first: Option<usize>,
        account: Option<&(String, Secret)>,
    ) -> Result<Lease<'_>, DirectoryError> {
        let mut tried: BTreeMap<usize, Cause> = BTreeMap::new();
        for (number, wait) in self.order(first) {
            if tried.get(&number).is_some_and(|cause| !matches!(cause, Cause::Busy(_))) {
                continue;
            }
            let within = self.patience(self.connect_timeout, self.has_other(number));
            match self.servers[number].lease(number, account, wait, within).await {
                Ok(lease) => return Ok(lease),
                Err(cause) if cause.is_of_connection() => drop(tried.insert(number, cause)),
                Err(cause) => return Err(self.error(Some(number), cause)),
            }
        }
        if tried.len() == 1
            && let Some((number, cause)) = tried.pop_first()
        {
            return Err(self.error(Some(number), cause));
        }
        let said =
            |(number, cause): (&usize, &Cause)| format!("{}: {cause}", self.servers[*number].url);
        Err(self.error(None, Cause::NoServer(tried.iter().map(said).collect())))
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

    fn patience(&self, full: Duration, has_other: bool) -> Duration {
        if has_other { full.min(PATIENCE) } else { full }
    }

    /// Could another server be asked?
    fn has_other(&self, number: usize) -> bool {
        let is_other = |(other, server): (usize, &Server)| {
            other != number && server.breaker.refuses(Instant::now()).is_none()
        };
        self.servers.iter().enumerate().any(is_other)
    }
}

impl Server {
    /// Waits for a turn, but not for a server that is passed over; then takes a connection or makes one.
    async fn lease<'s>(
        &'s self,
        number: usize,
        account: Option<&(String, Secret)>,
        wait: Duration,
        within: Duration,
    ) -> Result<Lease<'s>, Cause> {
        let passed_over =
            |refusal: Refusal| Cause::PassedOver { because: refusal.because.to_string() };
        if let Some(refusal) = self.breaker.refuses(Instant::now()) {
            return Err(passed_over(refusal));
        }
        let slots = if account.is_some() { &self.searches } else { &self.binds };
        let Ok(Ok(slot)) = timeout(wait, slots.acquire()).await else {
            return Err(Cause::Busy(wait));
        };
        let permit = self.breaker.admit(Instant::now()).map_err(passed_over)?;
        let (connection, permit) = match account.and_then(|_| self.pooled()) {
            Some(connection) => (connection, Some(permit)),
            None => match self.open(account, within).await {
                Ok(connection) => {
                    permit.answered();
                    (connection, None)
                }
                Err(cause) => return Err(self.failed(Some(permit), cause)),
            },
        };
        Ok(Lease { connection, number, server: self, permit, _slot: slot })
    }

    async fn open(
        &self,
        account: Option<&(String, Secret)>,
        within: Duration,
    ) -> Result<Connection, Cause> {
        let started = Instant::now();
        let left = || within.saturating_sub(started.elapsed());
        if account.is_some() {
            self.refused_lately()?;
        }
        let mut connection = Connection::open(&self.target, within).await?;
        if let Some((name, password)) = account {
            // One at a time, so that a password that was changed is refused once, and locks nobody.
            let turn = tokio::time::timeout(left(), self.account_turn.lock()).await;
            let _turn = turn.map_err(|_| Cause::Busy(within))?;
            self.refused_lately()?;
            let left = left();
            let answer = connection.bind(name, password, left).await?;
            account_accepted(name, &answer).inspect_err(|cause| {
                if matches!(cause, Cause::Account { .. }) {
                    *lock(&self.refused) = Some((Instant::now(), cause.clone()));
                }
            })?;
            self.searches.add_permits(self.held_back.swap(0, Ordering::Relaxed));
        }
        Ok(connection)
    }

    /// Was the account refused a short while ago?
    fn refused_lately(&self) -> Result<(), Cause> {
        match &*lock(&self.refused) {
            Some((since, cause)) if since.elapsed() < self.pause => Err(cause.clone()),
            _ => Ok(()),
        }
    }

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
