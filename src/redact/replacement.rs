//! What becomes of a span of a message.

use super::decoding::Unit;

pub(super) struct Span {
    pub(super) end: usize,
    pub(super) by: Replacement,
}

#[derive(Clone, Copy)]
pub(super) enum Replacement {
    /// Stays as it is.
    Same,
    /// The end of a key, which stays as it is unless it is part of a known secret.
    Key,
    /// Goes without a trace: the secret's placeholder stands before it.
    Nothing,
    /// Becomes the placeholder of this secret.
    Secret { place: usize, unit: Unit, quote: bool },
}

impl Replacement {
    pub(super) fn is_secret(self) -> bool {
        !matches!(self, Self::Same | Self::Key)
    }
}
