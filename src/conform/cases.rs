//! The tables of cases.

mod answers;
mod described;
mod requests;
mod transport;

use super::Case;

/// All tables.
const TABLES: &[&[Case]] = &[answers::CASES, described::CASES, requests::CASES, transport::CASES];

/// All cases, in the order of their numbers.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}
