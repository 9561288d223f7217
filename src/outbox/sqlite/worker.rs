//! The thread that writes the file. What is asked of it at the same time shares one transaction, and so
//! one wait for the disk.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::file::{Identity, failed};
use crate::outbox::StoreError;

/// Requests that wait for the thread; who comes after them waits for a place.
const WAITING: usize = 1024;
/// Requests that share a transaction.
const TOGETHER: usize = 256;

/// How the thread is asked. It ends with the last clone, and closes the file.
#[derive(Clone)]
pub(super) struct Worker {
    requests: mpsc::Sender<Box<dyn Request>>,
    path: PathBuf,
}

trait Request: Send {
    fn writes(&self) -> bool;
    /// Does the work, perhaps twice: what a transaction did that failed was not done.
    fn run(&mut self, file: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

struct Task<T, W> {
    work: W,
    writes: bool,
    done: Option<T>,
    reply: oneshot::Sender<Option<Result<T, StoreError>>>,
}

impl<T: Send, W: FnMut(&Connection) -> rusqlite::Result<T> + Send> Request for Task<T, W> {
    fn writes(&self) -> bool {
        self.writes
    }

    fn run(&mut self, file: &Connection) -> rusqlite::Result<()> {
        self.done = None;
        self.done = Some((self.work)(file)?);
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        // Whoever asked may have gone.
        let _ = self.reply.send(match result {
            Ok(()) => self.done.map(Ok),
            Err(error) => Some(Err(error)),
        });
    }
}

impl Worker {
    pub(super) fn start(file: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let (requests, mut asked) = mpsc::channel(WAITING);
        let (identity, own) = (Identity::of(&path), path.clone());
        let serve = move || serve(file, &mut asked, &path, identity);
        let thread = std::thread::Builder::new().name("outbox".to_owned()).spawn(serve);
        thread.map_err(|error| failed(&own, error))?;
        Ok(Self { requests, path: own })
    }

    /// Does this in a transaction, which is on disk when this returns. It is done even if nobody waits for
    /// it any more.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(work, true).await
    }

    /// Does this, which writes nothing, and sees nothing that is not on disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(work, false).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        writes: bool,
    ) -> Result<T, StoreError> {
        let ended = || failed(&self.path, "its thread has ended");
        let (reply, answer) = oneshot::channel();
        let request = Box::new(Task { work, writes, done: None, reply });
        self.requests.send(request).await.map_err(|_| ended())?;
        answer.await.ok().flatten().ok_or_else(ended)?
    }
}

fn serve(
    mut file: Connection,
    asked: &mut mpsc::Receiver<Box<dyn Request>>,
    path: &Path,
    identity: Identity,
) {
    let mut next = None;
    while let Some(mut request) = next.take().or_else(|| asked.blocking_recv()) {
        if Identity::of(path) != identity {
            let moved =
                "it was moved, removed or replaced: put it back, or start this program anew";
            request.answer(Err(failed(path, moved)));
            continue;
        }
        if !request.writes() {
            let done = request.run(&file);
            request.answer(done.map_err(|error| failed(path, error)));
            continue;
        }
        let mut group = vec![request];
        while group.len() < TOGETHER
            && let Ok(other) = asked.try_recv()
        {
            if !other.writes() {
                next = Some(other);
                break;
            }
            group.push(other);
        }
        match commit(&mut file, &mut group) {
            // One that cannot be done takes no other with it.
            Err(Failure::Request(_)) if group.len() > 1 => {
                for request in group {
                    let mut alone = [request];
                    let done = commit(&mut file, &mut alone).map_err(|f| failed(path, f.error()));
                    let [request] = alone;
                    request.answer(done);
                }
            }
            // Each of them alone would fail, too, and wait as long for it.
            done => {
                let done = done.map_err(|failure| failed(path, failure.error()));
                group.into_iter().for_each(|request| request.answer(done.clone()));
            }
        }
    }
}

/// Why nothing of a group was done.
enum Failure {
    /// A request of it cannot be done.
    Request(rusqlite::Error),
    /// The file cannot be written now.
    File(rusqlite::Error),
}

impl Failure {
    fn error(self) -> rusqlite::Error {
        match self {
            Self::Request(error) | Self::File(error) => error,
        }
    }
}

fn commit(file: &mut Connection, group: &mut [Box<dyn Request>]) -> Result<(), Failure> {
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = transaction.map_err(Failure::File)?;
    let done = group.iter_mut().try_for_each(|request| request.run(&transaction));
    done.map_err(Failure::Request)?;
    transaction.commit().map_err(Failure::File)
}
