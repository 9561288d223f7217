//! The tables of cases.

mod answers;
mod described;
mod operations;
mod requests;
mod security;
mod transport;

use super::Case;

/// All tables.
const TABLES: &[&[Case]] = &[
    described::CASES,
    answers::CASES,
    requests::CASES,
    security::CASES,
    transport::CASES,
    operations::CASES,
];

/// All cases, in the order of their numbers.
pub(super) fn all() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}
