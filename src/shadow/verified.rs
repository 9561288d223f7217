//! A recording that is verified, as a report: what was recorded is the old service.

use super::report::Report;
use super::tally::Tally;
use crate::inspect::{Verdict, Verified};

impl Report {
    /// What [`Verifier::run`](crate::inspect::Verifier::run) found: `recording` stands for the old service,
    /// `candidate` is the one that was asked.
    pub fn of_verified(recording: &str, candidate: &str, results: &[Verified]) -> Self {
        let mut tally = Tally::named(recording, candidate.to_owned());
        for verified in results {
            let operation = verified.operation.as_deref();
            match &verified.verdict {
                Verdict::Same | Verdict::Different { .. } => {
                    let times = [verified.recorded_ms, verified.took_ms];
                    tally.compared(
                        operation.unwrap_or("pages and documents"),
                        times,
                        &verified.parts,
                    );
                }
                Verdict::Failed { reason } => {
                    tally.not_compared(operation, format!("no answer: {reason}"));
                }
                Verdict::Unverified { reason } | Verdict::LeftOut { reason } => {
                    tally.not_compared(operation, reason.clone());
                }
            }
        }
        tally.report([results.len() as u64, 0, 0])
    }
}
