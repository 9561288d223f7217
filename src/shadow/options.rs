//! What can be said of a shadow.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::until::Until;
use crate::client::{Client, ClientBuilder};
use crate::compare::Policy;
use crate::redact::Rules;
use crate::secret::Secret;

/// What a shadow does. Options may be added: end a literal with `..ShadowOptions::default()`.
pub struct ShadowOptions {
    /// Operations that may change something and are shown to a candidate that is a service all the same,
    /// by their names on the wire or in the contract: each such call then happens twice. Default none.
    pub allow_changes: Vec<String>,
    /// What is not compared: variables, fields and other parts by their names (`EmailAddress`, `Message`,
    /// `order`) or as the report names them; with a pattern, where both values match it as a whole. Its
    /// `headers` mean nothing here. Default nothing.
    pub ignore: Policy,
    /// What is masked beyond the built-in keys and headers. Default none.
    pub rules: Rules,
    /// Secrets that are known, and masked wherever they stand: the web service passwords. The candidate's
    /// own is one by itself. Default none.
    pub secrets: Vec<Secret>,
    /// How many calls the candidate is asked at the same time. Default 4.
    pub concurrency: usize,
    /// How many calls may wait for the candidate, those that it is asked included; what comes beyond is
    /// dropped, and counted. Default 1000.
    pub queue_calls: usize,
    /// The same in bytes of requests and answers. Default 64 MiB.
    pub queue_bytes: usize,
    /// The directory in which examples of each kind of difference are kept as fixtures, without secrets,
    /// those of each run in a directory of its own; it may hold nothing else. Default none.
    pub examples: Option<PathBuf>,
    /// The end that the report names; whoever calls [`Shadow::finish`](super::Shadow::finish) holds it.
    /// Default none.
    pub until: Option<Until>,
    /// The client that asks for the old service's WSDL, in which operations are found that it names
    /// otherwise. Default [`Client::builder`] with a time-out of 10 s.
    pub old_client: Box<dyn Fn(&str) -> ClientBuilder + Send + Sync>,
}

impl Default for ShadowOptions {
    fn default() -> Self {
        Self {
            allow_changes: Vec::new(),
            ignore: Policy::default(),
            rules: Rules::default(),
            secrets: Vec::new(),
            concurrency: 4,
            queue_calls: 1000,
            queue_bytes: 64 << 20,
            examples: None,
            until: None,
            old_client: Box::new(|url| {
                Client::builder(url, Secret::default()).timeout(Duration::from_secs(10))
            }),
        }
    }
}

impl fmt::Debug for ShadowOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShadowOptions")
            .field("allow_changes", &self.allow_changes)
            .field("ignore", &self.ignore)
            .finish_non_exhaustive()
    }
}
