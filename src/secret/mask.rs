//! Takes secrets out of texts that others wrote.

mod decoded;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use zeroize::Zeroizing;

use super::{Secret, is_secret_key};
use decoded::{Decoded, Kind};

/// What stands for a secret.
pub const MASK: &str = "***";

/// A secret that is looked for although markup or white space may run through it has at least this
/// many characters: shorter ones would be found in any text.
const SQUEEZED: usize = 4;

/// Replaces secrets in any text, in time linear in its length.
///
/// Known ones are found by value: as they are; behind XML, HTML, percent or JSON escapes, twice
/// over; with white space, tags or CDATA marks in between; inside base64 (Basic credentials).
/// Unknown ones are found by key: what follows `authPW=` or `"authPW":` and their like, up to `<`,
/// an escaped `<`, or the end of the line. (A colon after a bare word is prose: "wrong password:
/// try again".)
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Vec<Zeroizing<String>>,
}

impl Mask {
    /// A mask for these secrets. Empty ones are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut all: Vec<Zeroizing<String>> = Vec::new();
        for secret in secrets {
            let secret = secret.expose();
            // XML readers turn ends of lines into LF.
            let lines = secret.replace("\r\n", "\n").replace('\r', "\n");
            for form in [secret.to_owned(), lines] {
                if !form.is_empty() && !all.iter().any(|known| **known == form) {
                    all.push(Zeroizing::new(form));
                }
            }
        }
        Self { secrets: all }
    }

    /// The text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        self.cover(text, true)
    }

    /// The text without the known secrets: nothing is judged by its key.
    pub fn apply_values(&self, text: &str) -> String {
        self.cover(text, false)
    }

    /// The first `limit` bytes of a text, masked before they are cut, so that no cut leaves half a
    /// secret.
    pub fn apply_to_start(&self, text: &str, limit: usize) -> String {
        // An escaped secret takes up to ten times its length, and more with markup in between.
        let margin = self.secrets.iter().map(|secret| 16 * secret.len()).max().unwrap_or(0);
        let window = floor(text, limit.saturating_add(margin));
        let mut masked = self.apply(&text[..window]);
        if window < text.len() {
            let end = floor(&masked, masked.len().saturating_sub(margin));
            masked.truncate(end);
        }
        let end = floor(&masked, limit);
        masked.truncate(end);
        masked
    }

    /// A name out of a message. Markup may cut a secret into names, so a name that is a piece of a
    /// secret is masked too.
    pub fn apply_to_name(&self, name: &str) -> String {
        let piece = |secret: &Zeroizing<String>| name.len() >= 3 && secret.contains(name);
        if self.secrets.iter().any(piece) { MASK.to_owned() } else { self.apply(name) }
    }

    fn cover(&self, text: &str, by_key: bool) -> String {
        let mut covered = Vec::new();
        let plain = Decoded::plain(text);
        self.find(&plain, by_key, &mut covered);
        // Two levels, each of one kind: what escapes in one language may be text in another.
        for first in Kind::ALL {
            let Some(once) = plain.unescaped(first) else { continue };
            self.find(&once, by_key, &mut covered);
            for second in Kind::ALL {
                if let Some(twice) = once.unescaped(second) {
                    self.find(&twice, by_key, &mut covered);
                }
            }
        }
        self.find_base64(text, &mut covered);
        replace(text, covered)
    }

    fn find(&self, text: &Decoded<'_>, by_key: bool, covered: &mut Vec<(usize, usize)>) {
        for secret in &self.secrets {
            for at in memmem::find_iter(text.bytes(), secret.as_bytes()) {
                covered.push(text.source(at, at + secret.len()));
            }
        }
        let long = |secret: &&Zeroizing<String>| secret.chars().count() >= SQUEEZED;
        if self.secrets.iter().any(|secret| long(&secret)) {
            let squeezed = text.squeezed();
            for secret in self.secrets.iter().filter(long) {
                // A secret with a tag in it loses that in the text, and must here.
                let tagless = Decoded::plain(secret).squeezed();
                let spaceless: Zeroizing<Vec<u8>> =
                    Zeroizing::new(secret.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
                for needle in [tagless.bytes(), &spaceless] {
                    if needle.len() >= SQUEEZED {
                        for at in memmem::find_iter(squeezed.bytes(), needle) {
                            covered.push(squeezed.source(at, at + needle.len()));
                        }
                    }
                }
            }
        }
        if by_key {
            find_by_key(text, covered);
        }
    }

    /// Words of base64 that hold a secret.
    fn find_base64(&self, text: &str, covered: &mut Vec<(usize, usize)>) {
        const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
        const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
        if self.secrets.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let is_base64 =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
        let mut at = 0;
        while at < bytes.len() {
            let end =
                bytes[at..].iter().position(|&b| !is_base64(b)).map_or(bytes.len(), |n| at + n);
            let word = &bytes[at..end];
            if word.len() >= 4 {
                let decoded = STANDARD.decode(word).or_else(|_| URL_SAFE.decode(word));
                if let Ok(decoded) = decoded.map(Zeroizing::new)
                    && self.secrets.iter().any(|s| memmem::find(&decoded, s.as_bytes()).is_some())
                {
                    covered.push((at, end));
                }
            }
            at = end + 1;
        }
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} secrets)", self.secrets.len())
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What follows a key that names a secret. Every byte is looked at once for where values end.
fn find_by_key(text: &Decoded<'_>, covered: &mut Vec<(usize, usize)>) {
    let bytes = text.bytes();
    let mut from = 0;
    while let Some(found) = memchr::memchr2(b'=', b':', &bytes[from..]) {
        let separator = from + found;
        from = separator + 1;
        if !names_secret(&bytes[..separator], bytes[separator]) {
            continue;
        }
        let rest = &bytes[from..];
        let ends = |i: usize, b: u8| {
            matches!(b, b'<' | b'\n' | b'\r') || (b == b'&' && rest[i..].starts_with(b"&lt;"))
        };
        let end = rest.iter().enumerate().position(|(i, &b)| ends(i, b)).unwrap_or(rest.len());
        if end > 0 {
            covered.push(text.source(from, from + end));
            from += end;
        }
    }
}

/// Does a key that names a secret stand before this separator?
fn names_secret(before: &[u8], separator: u8) -> bool {
    /// No key is longer.
    const KEY: usize = 64;
    let before = &before[before.len().saturating_sub(KEY)..];
    let trim = |bytes: &[u8], set: &[u8]| {
        bytes.iter().rposition(|b| !set.contains(b)).map_or(0, |last| last + 1)
    };
    let written = &before[..trim(before, b" ")];
    let quoted = &written[..trim(written, b"\"'\\")];
    if separator == b':' && quoted.len() == written.len() {
        return false;
    }
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
    let start = quoted.iter().rposition(|b| !word(b)).map_or(0, |at| at + 1);
    std::str::from_utf8(&quoted[start..]).is_ok_and(is_secret_key)
}

/// Puts the mask over the places found, which may overlap.
fn replace(text: &str, mut covered: Vec<(usize, usize)>) -> String {
    covered.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    let mut places = covered.into_iter().peekable();
    while let Some((start, mut end)) = places.next() {
        while let Some((_, further)) = places.next_if(|(next, _)| *next < end) {
            end = end.max(further);
        }
        masked.push_str(&text[done..floor(text, start)]);
        masked.push_str(MASK);
        done = end;
        while !text.is_char_boundary(done) {
            done += 1;
        }
    }
    masked.push_str(&text[done..]);
    masked
}

#[cfg(test)]
mod tests;
