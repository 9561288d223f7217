//! What an old service calls the contract's operations, by its WSDLs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::client::ClientBuilder;
use crate::contract::OperationInfo;
use crate::inspect::Names;

/// Paths of the old service whose WSDL is read: callers choose them.
const PATHS: usize = 8;
/// How long after a WSDL could not be had it is asked for again.
const AGAIN: Duration = Duration::from_secs(3600);

/// What a WSDL says of names, asked for by whoever needs it first; others wait for the same answer.
type Asked = (Instant, Arc<OnceCell<Option<Names>>>);

#[derive(Default)]
pub(super) struct OldNames {
    /// By paths.
    asked: Mutex<HashMap<String, Asked>>,
    is_warned: AtomicBool,
}

impl OldNames {
    /// What a name that the contract does not have stands for at this path.
    pub(super) async fn operation(
        &self,
        path: &str,
        name: &str,
        client: impl FnOnce() -> ClientBuilder,
    ) -> Option<&'static OperationInfo> {
        let names = self.at(path)?;
        let ask = async {
            let found = client().discover().await;
            if let Err(error) = &found
                && !self.is_warned.swap(true, Relaxed)
            {
                tracing::warn!(%error, "the old service's WSDL says nothing of other names");
            }
            Some(Names::found(found.ok()?.find.found))
        };
        names.get_or_init(|| ask).await.as_ref()?.operation(name)
    }

    fn at(&self, path: &str) -> Option<Arc<OnceCell<Option<Names>>>> {
        let path = path.to_ascii_lowercase();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, (since, names)| {
            !matches!(names.get(), Some(None)) || since.elapsed() < AGAIN
        });
        if asked.len() >= PATHS && !asked.contains_key(&path) {
            return None;
        }
        let (_, names) = asked.entry(path).or_insert_with(|| (Instant::now(), Arc::default()));
        Some(Arc::clone(names))
    }
}
