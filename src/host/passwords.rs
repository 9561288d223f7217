//! The web service password, while it is being changed, too.

use crate::secret::Secret;

/// The passwords that a service accepts.
#[derive(Debug)]
pub(super) struct Passwords {
    pub(super) current: Secret,
    pub(super) previous: Option<Secret>,
}

impl Passwords {
    /// Compares with both, whichever matches, so that the time tells nothing.
    pub(super) fn accept(&self, given: &str) -> bool {
        let previous = self.previous.as_ref().is_some_and(|previous| previous.matches(given));
        self.current.matches(given) | previous
    }
}
