//! What comes of a case, and what it cannot do without.

use super::wire::Exchange;

/// Where no answer came that has what a case looks at.
pub(super) const NOTHING_TO_JUDGE: &str =
    "no answer has what is looked at, so there is nothing to judge";

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

pub(super) type Judgement = Result<(), Miss>;

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

/// A failure of what is being asked.
impl From<String> for Miss {
    fn from(why: String) -> Self {
        Self::Failed { why, exchange: None, again: None }
    }
}

/// What a call cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is the plain request, whose answer is known.
    Plain,
    /// A service that answers the plain request.
    Nothing,
    /// Leave to do harm, where the service is open to it.
    Leave,
    /// The user who was given.
    User,
    /// The user's password, too: it is his login, whose answer is known.
    Password,
    /// That the user was let in with his password: who mistyped it must not be locked out.
    Entry,
}
