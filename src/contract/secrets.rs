//! Which of a call's variables are secrets.

use super::variables::split;
use super::{AUTH_PASSWORD, Sink};
use crate::secret::{Secret, is_secret_key};
use crate::suggest::is_near;

/// Does a key name a secret, or nearly so: a password that is sent under a mistyped name is one, too.
pub fn may_be_secret(key: &str) -> bool {
    is_secret_key(key) || is_near(key, "loginPassword") || is_near(key, AUTH_PASSWORD)
}

/// Collects the values whose keys name passwords, so that they can be masked in what comes back.
#[derive(Debug, Default)]
pub(crate) struct Secrets(pub(crate) Vec<Secret>);

impl Secrets {
    /// An entry `key=value`.
    pub(crate) fn entry(&mut self, entry: &str) {
        let (key, value) = split(entry);
        if may_be_secret(key) {
            self.0.push(Secret::new(value));
        }
    }
}

impl Sink for Secrets {
    fn put(&mut self, key: &'static str, value: &str) {
        if is_secret_key(key) {
            self.0.push(Secret::new(value));
        }
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.entry(entry);
    }

    fn put_other(&mut self, entry: &str) {
        self.entry(entry);
    }

    fn refuse(&mut self, _: &str) {}
}
