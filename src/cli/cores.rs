//! A runtime for each core: a connection stays on one thread, and no call moves between them.

use std::future::Future;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use super::{Failed, LOCAL, runtime};

/// The runtimes of a command that serves. With one core there is one, and no other thread.
pub(crate) struct Cores {
    /// Runs what is of the whole process, too.
    first: Runtime,
    others: Vec<Core>,
}

struct Core {
    runtime: Handle,
    /// Dropped, it ends the thread.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Cores {
    /// Starts them: as many as there are cores that this process may use.
    pub(crate) fn start() -> Result<Self, Failed> {
        let first = runtime(Builder::new_current_thread())?;
        let count = thread::available_parallelism().map_or(1, usize::from);
        let others = (1..count).map(|_| Core::start()).collect::<Result<_, _>>()?;
        Ok(Self { first, others })
    }

    /// Where connections can be served; none if there is one runtime alone.
    pub(crate) fn runtimes(&self) -> Vec<Handle> {
        let others = self.others.iter().map(|core| core.runtime.clone());
        match self.others.is_empty() {
            true => Vec::new(),
            false => others.chain([self.first.handle().clone()]).collect(),
        }
    }

    /// Runs this on the first one, and ends them all.
    pub(crate) fn run<T>(self, work: impl Future<Output = T>) -> T {
        let result = self.first.block_on(work);
        for Core { stop, thread, .. } in self.others {
            drop(stop);
            // If it panicked, that was said.
            let _ = thread.join();
        }
        result
    }
}

impl Core {
    fn start() -> Result<Self, Failed> {
        let runtime = runtime(Builder::new_current_thread())?;
        let (handle, (stop, stopped)) = (runtime.handle().clone(), oneshot::channel());
        let thread = thread::Builder::new().name("serve".to_owned()).spawn(move || {
            // It ends when the sender is dropped.
            let _ = runtime.block_on(stopped);
        });
        let thread = thread.map_err(|e| Failed::new(LOCAL, format!("no thread: {e}")))?;
        Ok(Self { runtime: handle, stop, thread })
    }
}
