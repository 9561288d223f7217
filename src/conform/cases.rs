//! The tables of cases.

mod described;
mod transport;

use super::Case;

/// All tables.
const TABLES: &[&[Case]] = &[described::CASES, transport::CASES];

/// All cases, in the order of their numbers.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}
