//! The endpoints that are asked in JSON, each made once however many kinds it answers.

use std::collections::BTreeMap;

use super::error::LoadError;
use crate::contract::Kind;
use crate::json_provider::{JsonProvider, JsonProviderError, JsonProviderSettings};

/// The endpoint of each kind. Those whose settings are those of an old one stay as they are, with their
/// connections and breakers.
pub(super) fn endpoints(
    settings: &BTreeMap<Kind, JsonProviderSettings>,
    old: Option<&BTreeMap<Kind, JsonProvider>>,
) -> Result<BTreeMap<Kind, JsonProvider>, LoadError> {
    let mut made: BTreeMap<Kind, JsonProvider> = BTreeMap::new();
    for (kind, settings) in settings {
        let known = old.into_iter().flatten().chain(&made);
        let same = known.map(|(_, endpoint)| endpoint).find(|e| e.settings() == settings);
        let endpoint = match same {
            Some(endpoint) => endpoint.clone(),
            None => JsonProvider::new(settings.clone())
                .map_err(|error: JsonProviderError| LoadError::Json { kind: *kind, error })?,
        };
        made.insert(*kind, endpoint);
    }
    Ok(made)
}
