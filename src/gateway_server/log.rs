//! One line for each call. Names, numbers and addresses; never anything that a message holds.

use std::net::SocketAddr;
use std::time::Duration;

use crate::contract::OperationInfo;

/// What there is to say about a call.
pub(super) struct Call<'a> {
    pub(super) operation: Option<&'static OperationInfo>,
    /// The word for the answer, or for the problem.
    pub(super) outcome: &'a str,
    pub(super) status: u16,
    pub(super) duration: Duration,
    pub(super) size: usize,
    pub(super) peer: Option<SocketAddr>,
    /// `X-Forwarded-For`, when it is believed.
    pub(super) forwarded: Option<&'a str>,
    pub(super) panicked: bool,
}

/// Logs it: a panic as an error, everything else for information.
pub(super) fn call(call: &Call<'_>) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                kind = call.operation.map(|o| tracing::field::display(o.kind)),
                operation = call.operation.map(|o| o.name),
                outcome = call.outcome,
                status = call.status,
                duration_ms = call.duration.as_secs_f64() * 1e3,
                request_bytes = call.size,
                caller = call.peer.map(|peer| tracing::field::display(peer.ip())),
                forwarded_for = call.forwarded,
                "call"
            )
        };
    }
    if call.panicked { line!(error) } else { line!(info) }
}
