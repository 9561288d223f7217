//! The tables of cases.

use super::Case;

/// All tables.
const TABLES: &[&[Case]] = &[];

/// All cases, in the order of their numbers.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}
