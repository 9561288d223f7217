//! Exchanges that differ, kept as fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use super::ShadowError;
use crate::error_chain::error_chain;
use crate::fixture::Fixture;
use crate::fixture::slug::slug;
use crate::fixture::store::{prepare, store};

/// What the names of the directories begin with in which a shadow keeps what it found.
const RUN: &str = "shadow-";

/// A directory for the examples of one run.
#[derive(Debug)]
pub(super) struct Examples {
    collection: PathBuf,
    run: String,
}

impl Examples {
    /// A new directory in `collection`, which is made where it is missing.
    pub(super) fn open(collection: &Path) -> Result<Self, ShadowError> {
        prepare(collection)?;
        let failed = |error| ShadowError::Directory(collection.to_owned(), error);
        for entry in fs::read_dir(collection).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            if name != ".gitattributes" && !name.starts_with(RUN) {
                return Err(ShadowError::Foreign(collection.join(&*name)));
            }
        }
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
        let mut names = (1..).map(|n| match n {
            1 => format!("{RUN}{time}"),
            n => format!("{RUN}{time}-{n}"),
        });
        let run = names.find(|name| !collection.join(name).exists()).unwrap_or_default();
        fs::create_dir(collection.join(&run)).map_err(failed)?;
        Ok(Self { collection: collection.to_owned(), run })
    }

    /// Keeps both sides of a difference, `old` and `candidate`; the name of the directory, if that could be.
    pub(super) fn keep(
        &self,
        (group, example): (usize, usize),
        (operation, part): (&str, &str),
        exchanges: &[Fixture; 2],
    ) -> Option<String> {
        let words = slug(&format!("{operation} {part}"), 60);
        let name = format!("{}/{group:03}-{words}/{example}", self.run);
        for (side, exchange) in ["old", "candidate"].into_iter().zip(exchanges) {
            let fixture = Fixture { name: format!("{name}/{side}"), ..exchange.clone() };
            if let Err(error) = store(&self.collection, &fixture) {
                tracing::error!(error = error_chain(&error), "an example is NOT KEPT");
                return None;
            }
        }
        Some(name)
    }
}
