//! One line for each call. Names, numbers and addresses; never anything that a message holds.

use std::net::SocketAddr;
use std::time::Duration;

use super::endpoint::Answered;

/// What there is to say about a call.
pub(super) struct Call<'a> {
    pub(super) answered: &'a Answered,
    pub(super) path: &'a str,
    pub(super) duration: Duration,
    pub(super) size: usize,
    pub(super) peer: Option<SocketAddr>,
    /// `X-Forwarded-For`, when it is believed.
    pub(super) forwarded: Option<&'a str>,
}

/// Logs it: a panic as an error, everything else for information.
pub(super) fn call(call: &Call<'_>) {
    use super::outcome::Outcome;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "external_providers::host",
                path = call.path,
                kind = call.answered.operation.map(|o| tracing::field::display(o.kind)),
                operation = call.answered.operation.map(|o| o.name),
                outcome = call.answered.outcome.name(),
                status = call.answered.reply.status,
                duration_us = call.duration.as_micros() as u64,
                request_bytes = call.size,
                answer_bytes = call.answered.reply.body.len(),
                caller = call.peer.map(|peer| tracing::field::display(peer.ip())),
                forwarded_for = call.forwarded,
                "call"
            )
        };
    }
    if call.answered.outcome == Outcome::Panicked { line!(error) } else { line!(info) }
}
