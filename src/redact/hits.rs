//! Which of the places where secrets were found count, what of a text may be changed, and where characters
//! begin.

use std::collections::BTreeMap;
use std::ops::Range;

use super::json_and_forms::{looks_like_json, touchable_json};
use super::structure::is_well_formed;
use super::tokens::{Class, Touchable, touchable};
use crate::secret::mask::Hit;

/// Without those hits that only reach from one occurrence of a secret to another: the end of the
/// one and the start of the other may look like a tag, without which they make a third.
pub(super) fn without_spans(mut hits: Vec<Hit>) -> Vec<Hit> {
    let (mut ends, mut starts) = (BTreeMap::new(), BTreeMap::new());
    for hit in &hits {
        let end = ends.entry((hit.secret, hit.start)).or_insert(hit.end);
        *end = hit.end.min(*end);
        let start = starts.entry((hit.secret, hit.end)).or_insert(hit.start);
        *start = hit.start.max(*start);
    }
    hits.retain(|hit| ends[&(hit.secret, hit.start)] > starts[&(hit.secret, hit.end)]);
    hits
}

/// The last character boundary at or before `at`.
pub(super) fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first character boundary at or after `at`.
pub(super) fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// The parts of well-formed XML or JSON that may be changed.
pub(super) fn parts_of(text: &str) -> Option<Vec<Touchable>> {
    if looks_like_json(text) {
        let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        return json.then(|| touchable_json(text));
    }
    is_well_formed(text).then(|| touchable(text))
}

/// The number of JSON in which a place lies.
pub(super) fn number_at(parts: &[Touchable], at: usize) -> Option<Range<usize>> {
    let part = parts.get(parts.partition_point(|part| part.range.end <= at))?;
    (part.class == Class::Number && part.range.start <= at).then(|| part.range.clone())
}
