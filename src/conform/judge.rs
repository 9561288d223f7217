//! Cases carried out: what is sent, and whether the answer is as it should be.

use super::wire::Exchange;

/// Why a case is not passed.
#[derive(Debug)]
pub(super) enum Miss {
    /// It fails.
    Failed {
        why: String,
        exchange: Option<Box<Exchange>>,
        /// The line that shows it again, where that is not the exchange's own.
        again: Option<String>,
    },
    /// It cannot be judged.
    Skipped(String),
}

impl Miss {
    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }

    /// The answer to this was not as it should be.
    pub(super) fn of(exchange: &Exchange, why: impl Into<String>) -> Self {
        let exchange = Some(Box::new(exchange.clone()));
        Self::Failed { why: why.into(), exchange, again: None }
    }
}

/// What the sample, started with --diagnostics, answers with all that it was given (wsdl/SAMPLE.md).
pub(super) const ECHO: &str = "<string>diagnostic=echo</string>";
