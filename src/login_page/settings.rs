//! What a login page is to be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderName;

use super::cookie::CookieSettings;
use super::return_addresses::ReturnAddresses;
use super::throttle::Limits;
use crate::host::Network;
use crate::sign_on::MachineKey;

/// A login page.
#[derive(Debug)]
pub(crate) struct LoginPageSettings {
    /// Where it is, matched without case; `/logout` below it logs out.
    pub(crate) path: String,
    pub(crate) machine_key: Arc<MachineKey>,
    pub(crate) return_to: ReturnAddresses,
    /// The name of the query parameter that holds the address to return to, matched without case.
    pub(crate) return_parameter: String,
    pub(crate) cookie: CookieSettings,
    /// How long a ticket is good.
    pub(crate) lifetime: Duration,
    /// Does the cookie outlive the browser?
    pub(crate) persistent: bool,
    /// How long a ticket is good of whoever wants to stay logged in; the cookie then outlives the browser.
    pub(crate) keep_lifetime: Duration,
    /// Who may see the page; `None`: everybody.
    pub(crate) allow: Option<Vec<Network>>,
    pub(crate) trusted_header: Option<TrustedHeader>,
    pub(crate) limits: Limits,
    pub(crate) texts: Texts,
}

/// A header in which a proxy names the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustedHeader {
    pub(crate) name: HeaderName,
    /// From where it is believed.
    pub(crate) proxies: Vec<Network>,
}

/// The words of the page by their keys. One that is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Texts(BTreeMap<&'static str, String>);

impl Texts {
    /// The keys that hold words.
    pub(crate) const KEYS: [&str; 17] = [
        "language",
        "title",
        "introduction",
        "user_name",
        "password_label",
        "keep",
        "button",
        "incomplete",
        "unavailable",
        "throttled",
        "stale",
        "not_accepted",
        "denied",
        "logout_title",
        "logout_question",
        "logout_button",
        "logged_out",
    ];

    pub(crate) fn new(words: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(words.into_iter().collect())
    }

    pub(super) fn get(&self, key: &str) -> &str {
        debug_assert!(Self::KEYS.contains(&key), "{key}");
        self.0.get(key).map_or("", String::as_str)
    }
}
