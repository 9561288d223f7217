//! Signatures of requests, as Standard Webhooks has them: whoever knows the secret can tell that a request
//! is ours, whole, and when it was made.
//!
//! `webhook-signature` is `v1,` and the Base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`, where the ID is that
//! of `webhook-id`, and the timestamp (seconds since 1970) that of `webhook-timestamp`. The key is what
//! follows `whsec_`, decoded from Base64; of another secret, its text.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::Headers;
use crate::secret::Secret;

const PREFIX: &str = "whsec_";

/// The value of one signature. A secret that [cannot be read](is_damaged) is taken as text.
pub(crate) fn sign(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let text = secret.expose();
    let key = decoded(text).and_then(Result::ok);
    let key = key.as_ref().map_or(text.as_bytes(), |key| key.as_slice());
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

/// Adds the three headers of a signed request; where a secret is being changed, there are two
/// signatures. Without a secret, `webhook-id` and `webhook-timestamp` alone.
pub(crate) fn push_signature<'s>(
    headers: &mut Headers,
    secrets: impl IntoIterator<Item = &'s Secret>,
    id: &str,
    body: &[u8],
) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    headers.push("webhook-id", id.to_owned());
    headers.push("webhook-timestamp", timestamp.to_string());
    let signatures = secrets.into_iter().map(|secret| sign(secret, id, timestamp, body));
    let signatures: Vec<_> = signatures.collect();
    if !signatures.is_empty() {
        headers.push("webhook-signature", signatures.join(" "));
    }
}

/// Does a secret begin with `whsec_`, and go on with something else than Base64?
pub(crate) fn is_damaged(secret: &Secret) -> bool {
    decoded(secret.expose()).is_some_and(|key| key.map_or(true, |key| key.is_empty()))
}

fn decoded(text: &str) -> Option<Result<Zeroizing<Vec<u8>>, base64::DecodeError>> {
    Some(STANDARD.decode(text.strip_prefix(PREFIX)?).map(Zeroizing::new))
}

/// A name that no other request has: the prefix, and 32 hexadecimal digits.
pub(crate) fn fresh_id(prefix: &str) -> String {
    let mut bytes = [0; 16];
    // Without randomness there is no TLS either; the time tells requests apart well enough.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        bytes = since.as_nanos().to_be_bytes();
    }
    bytes.iter().fold(prefix.to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Standard Webhooks' specification and libraries.
    #[test]
    fn it_signs_as_the_specification_does() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = sign(&secret, id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn other_secrets_are_text_and_damaged_ones_are_known() {
        // echo -n msg_1.1.x | openssl dgst -sha256 -hmac plain -binary | base64
        let signature = sign(&Secret::new("plain"), "msg_1", 1, b"x");
        assert_eq!(signature, "v1,MRHO+34Yc/RMR9wu/DvB72ZXZh6asSFNLYiIvmYHi6A=");
        for (secret, damaged) in
            [("plain", false), ("whsec_AAAA", false), ("whsec_", true), ("whsec_not base64", true)]
        {
            assert_eq!(is_damaged(&Secret::new(secret)), damaged, "{secret}");
        }
    }

    #[test]
    fn a_secret_that_is_being_changed_signs_twice() {
        let (one, two) = (Secret::new("one"), Secret::new("two"));
        let mut headers = Headers::new();
        push_signature(&mut headers, [&one, &two], "msg_1", b"{}");
        let timestamp: i64 = headers.get("webhook-timestamp").unwrap().parse().unwrap();
        let both = [&one, &two].map(|secret| sign(secret, "msg_1", timestamp, b"{}")).join(" ");
        assert_eq!(headers.get("webhook-signature").unwrap(), both);
        let (a, b) = (fresh_id("call_"), fresh_id("call_"));
        assert!(a != b && a.len() == 37 && a.starts_with("call_"), "{a} {b}");
    }
}
