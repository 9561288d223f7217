//! When two messages are the same: their canonical form, what may differ, and what does.

#[cfg(feature = "record")]
pub(crate) mod answers;
pub(crate) mod canonical;
pub(crate) mod differences;
pub(crate) mod judgement;
pub(crate) mod pattern;
pub(crate) mod reading;
pub(crate) mod tree;

pub use differences::{Difference, Differences, Value};
pub use pattern::BadPattern;

/// What testers allow to differ when a request is matched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Variables that are not compared.
    pub ignore: Vec<String>,
    /// Variables whose value must match a pattern as a whole, instead of being equal.
    pub patterns: Vec<(String, String)>,
    /// SOAP headers that are compared, `Name` or `{namespace}Name`. Of the others it counts only
    /// whether one must be understood, since services of the contract know none.
    pub headers: Vec<String>,
}
