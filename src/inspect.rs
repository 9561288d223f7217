//! What a collection of fixtures is worth: whether it holds secrets, keeps the contract, is still
//! answered as recorded, and how it differs from another.

mod audit;
mod collection_diff;
mod contract_check;
mod operation_names;
mod redaction;
mod verify;

pub use audit::{Audit, Finding, audit};
pub use collection_diff::{Changed, CollectionDifferences, FixtureDifferences};
pub use contract_check::{ContractCheck, ContractFinding, Severity};
pub(crate) use operation_names::{Names, named};
pub use redaction::{Redacted, RedactedExchange, redact};
pub use verify::{Live, Verdict, Verified, Verifier, VerifyOptions};
