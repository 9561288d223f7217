//! Takes secrets out of texts that others wrote.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Secret, is_secret_key};

/// What stands for a secret.
pub const MASK: &str = "***";

/// Replaces secrets in any text: known ones by value, in every form in which a message, a page or
/// a log could repeat them (as is, XML-escaped, percent-encoded, in JSON, in base64), and unknown
/// ones by key (`authPW=…` up to the next `<` or end of line).
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that no needle hides part of a longer one.
    needles: Vec<Zeroizing<String>>,
}

impl Mask {
    /// A mask for these secrets. Empty ones are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<Zeroizing<String>> = Vec::new();
        for secret in secrets {
            needles.extend(forms(secret.expose()).into_iter().map(Zeroizing::new));
        }
        needles.retain(|needle| !needle.is_empty());
        needles.sort_unstable_by(|a, b| (b.len(), b.as_str()).cmp(&(a.len(), a.as_str())));
        needles.dedup();
        Self { needles }
    }

    /// The text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        mask_by_key(&self.apply_values(text))
    }

    /// The text without the known secrets.
    pub fn apply_values(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for needle in &self.needles {
            if masked.contains(needle.as_str()) {
                masked = masked.replace(needle.as_str(), MASK);
            }
        }
        masked
    }

    /// The longest form of a secret in bytes: what a cut may not run through.
    pub fn longest(&self) -> usize {
        self.needles.first().map_or(0, |needle| needle.len())
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} forms)", self.needles.len())
    }
}

fn forms(secret: &str) -> Vec<String> {
    let text = escape(secret, &[]);
    let quotes = escape(secret, &[('"', "&quot;"), ('\'', "&apos;")]);
    let html = escape(secret, &[('"', "&quot;"), ('\'', "&#39;")]);
    let html_hex = escape(secret, &[('"', "&#34;"), ('\'', "&#x27;")]);
    let percent = percent(secret);
    let json = json(secret);
    let lines = secret.replace("\r\n", "\n").replace('\r', "\n");
    vec![
        secret.to_owned(),
        escape(&lines, &[]),
        lines,
        // A page may escape what was escaped before.
        escape(&text, &[]),
        text,
        quotes,
        html,
        html_hex,
        percent.replace("%20", "+"),
        percent.to_ascii_lowercase(),
        percent,
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        json,
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ]
}

fn escape(text: &str, more: &[(char, &str)]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => match more.iter().find(|(from, _)| *from == c) {
                Some((_, to)) => escaped.push_str(to),
                None => escaped.push(c),
            },
        }
    }
    escaped
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Masks what follows `authPW=` or `"authPW":` and their like: up to `<`, an escaped `<`, or the end
/// of the line. (A colon after a bare word is prose: "wrong password: try again".)
fn mask_by_key(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(i) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(i + 1);
        masked.push_str(before);
        rest = after;
        let written = before[..i].trim_end_matches(' ');
        let key = written.trim_end_matches(['"', '\'', '\\']);
        let prose = before.ends_with(':') && key.len() == written.len();
        let start = key
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .map_or(0, |at| at + key[at..].chars().next().map_or(1, char::len_utf8));
        if !prose && is_secret_key(&key[start..]) {
            let end = ["<", "&lt;", "\n", "\r"].iter().filter_map(|stop| rest.find(stop)).min();
            let value = &rest[..end.unwrap_or(rest.len())];
            if !value.is_empty() {
                masked.push_str(MASK);
            }
            rest = &rest[value.len()..];
        }
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_known_secret_is_masked() {
        let secret = Secret::new("p<a>&\"s's w/ö");
        let mask = Mask::new([&secret]);
        for form in forms(secret.expose()) {
            let text = mask.apply(&format!("before {form} after"));
            assert_eq!(text, "before *** after", "{form}");
        }
    }

    #[test]
    fn unknown_secrets_are_masked_by_key() {
        let mask = Mask::default();
        for (text, masked) in [
            ("<string>authPW=x y&amp;z</string>", "<string>authPW=***</string>"),
            ("&lt;string&gt;AUTHpw=x&lt;/string&gt;", "&lt;string&gt;AUTHpw=***&lt;/string&gt;"),
            ("a=b\nloginPassword = x\nc=d", "a=b\nloginPassword =***\nc=d"),
            ("{\"loginPassword\": \"x\"}\nnext", "{\"loginPassword\":***\nnext"),
            ("authPW=", "authPW="),
            ("éauthPW=1", "éauthPW=***"),
            ("loginUsername=x", "loginUsername=x"),
            ("Wrong password: try again", "Wrong password: try again"),
            ("http://a/b?c=d", "http://a/b?c=d"),
        ] {
            assert_eq!(mask.apply(text), masked);
        }
    }

    #[test]
    fn a_longer_secret_is_masked_whole() {
        let (short, long) = (Secret::new("abc"), Secret::new("abcdef"));
        assert_eq!(Mask::new([&short, &long]).apply("abcdef abc"), "*** ***");
        assert!(!format!("{:?}", Mask::new([&long])).contains("abc"));
    }
}
