//! What was filled in, and whether the page itself has sent it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::HeaderMap;
use ring::rand::{SecureRandom, SystemRandom};
use url::form_urlencoded;

use super::cookie::{CookieSettings, sent};
use crate::secret::Secret;
use crate::sign_on::is_plain_name;

/// Characters of a random value of 256 bits.
const TOKEN: usize = 43;
/// A longer name is not a user's.
pub(super) const LONGEST_NAME: usize = 256;

/// The fields of a form. What is not there is empty.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) token: Secret,
    /// Without white space around it, which keyboards of telephones add.
    pub(super) user_name: String,
    pub(super) password: Secret,
    /// Does the user want to stay logged in?
    pub(super) keep: bool,
}

impl Form {
    /// Reads a body (`application/x-www-form-urlencoded`). Of a field that stands there twice, the first
    /// counts.
    pub(super) fn read(body: &[u8]) -> Self {
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(body);
            fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        Self {
            token: Secret::new(field("token").unwrap_or_default()),
            user_name: field("user_name").unwrap_or_default().trim().to_owned(),
            password: Secret::new(field("password").unwrap_or_default()),
            keep: field("keep").is_some(),
        }
    }

    /// Does it carry what the cookie holds?
    pub(super) fn is_own(&self, headers: &HeaderMap, cookie: &CookieSettings) -> bool {
        token_of(headers, cookie).is_some_and(|token| self.token.matches(token))
    }
}

/// Can this be the name of a user? Others never reach a provider: a NUL, for one, has ended names early.
pub(super) fn is_user_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && is_plain_name(name)
}

/// The random value that a browser has, if it is one of ours.
pub(super) fn token_of<'h>(headers: &'h HeaderMap, cookie: &CookieSettings) -> Option<&'h str> {
    let is_character = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    let token = sent(headers, cookie.form_name())?;
    (token.len() == TOKEN && token.bytes().all(is_character)).then_some(token)
}

/// A new one; `None` where the system has no random numbers.
pub(super) fn new_token() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
