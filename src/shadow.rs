//! A service that is to take the place of an old one answers the same calls beside it, and what it
//! answers otherwise is reported.
//!
//! The old service answers every caller, through a [`Proxy`](crate::record::Proxy) that does not know of
//! the candidate. The [`Shadow`] sees what went by and asks the candidate afterwards, on a thread of its
//! own: a candidate that hangs, is dead or talks nonsense costs no caller anything. What waits for it is
//! bounded, and what is left out is counted.
//!
//! Nothing changes by it. What may change something ([`SideEffect`](crate::contract::SideEffect)) is not
//! shown to a candidate that is a service, unless it is allowed by name; operations that are not of the
//! contract, by their names or by the old service's WSDL, may change something. A login is shown to the
//! candidate after the old service let the user in, and never else: a wrong password would count twice
//! towards a lock-out.
//!
//! Answers are compared as the contract reads them (`wsdl/CONTRACT.md`, sections 2, 3 and 5): Success,
//! Message (absent, empty and nil are different), each output (of duplicates the last counts), each property of each
//! field that is to change, code and reason of faults, status and media type, pages, and no answer. The
//! order of outputs says nothing to the help desk, and is a difference of its own.

mod call;
mod candidate;
mod options;
mod report;
mod rewrite;
mod until;

pub use candidate::{Candidate, CandidateError};
pub use options::ShadowOptions;
pub use report::{Example, Group, NotCompared, Report, Times};
pub use until::{Until, UntilError, UntilState};

/// How far a shadow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Calls that went by.
    pub calls: u64,
    /// Those whose answers were compared.
    pub compared: u64,
    /// Those of these that differ.
    pub different: u64,
    /// Those that were not compared, for whatever reason.
    pub not_compared: u64,
    /// Those that were dropped, since too many waited.
    pub dropped: u64,
    /// Those that wait for the candidate, or that it is asked.
    pub waiting: u64,
}
