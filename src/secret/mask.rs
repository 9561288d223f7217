//! Takes secrets out of texts that others wrote.

mod decoded;

use memchr::memmem;
use zeroize::Zeroizing;

pub(crate) use decoded::{Decoded, Kind};

use super::{Secret, is_secret_key};

/// What stands for a secret.
pub const MASK: &str = "***";

/// A secret that is looked for although markup or white space may run through it has at least this
/// many characters: shorter ones would be found in any text.
const SQUEEZED: usize = 4;

/// Replaces secrets in any text, in time linear in its length.
///
/// Known ones are found by value: as they are; behind XML, HTML, percent or JSON escapes, twice
/// over; with white space, tags or CDATA marks in between; inside base64 (Basic credentials). Those
/// of fewer than four characters are found as words only.
/// Unknown ones are found by key: what follows `authPW=` or `"authPW":` and their like, up to `<`,
/// an escaped `<`, or the end of the line. (A colon after a bare word is prose: "wrong password:
/// try again".)
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Vec<Known>,
}

/// A secret in the forms in which it is looked for.
#[derive(Clone)]
struct Known {
    /// As it is, and with the ends of lines that XML readers make.
    forms: Vec<Zeroizing<String>>,
    /// Without white space and tags.
    squeezed: Vec<Zeroizing<Vec<u8>>>,
}

impl Known {
    fn new(secret: &str) -> Self {
        let mut forms = vec![Zeroizing::new(secret.to_owned())];
        // XML readers turn ends of lines into LF.
        let lines = secret.replace("\r\n", "\n").replace('\r', "\n");
        if lines != secret {
            forms.push(Zeroizing::new(lines));
        }
        let mut squeezed: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        if secret.chars().count() >= SQUEEZED {
            // A secret with a tag in it loses that in the text, and must here.
            let tagless = Decoded::plain(secret).squeezed().bytes().to_vec();
            let spaceless = secret.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            for needle in [tagless, spaceless].map(Zeroizing::new) {
                if needle.len() >= SQUEEZED && !squeezed.contains(&needle) {
                    squeezed.push(needle);
                }
            }
        }
        Self { forms, squeezed }
    }

    fn len(&self) -> usize {
        self.forms[0].len()
    }

    fn is_long(&self) -> bool {
        self.forms[0].chars().count() >= SQUEEZED
    }
}

/// A place in a text where a known secret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Which secret it is, by the order in which they were added.
    pub(crate) secret: usize,
}

/// Takes what follows a key: start and end of the value in the text, the key, and the value without
/// its escapes.
pub(crate) type OnKey<'f> = &'f mut dyn FnMut(usize, usize, &str, &[u8]);

impl Mask {
    /// A mask for these secrets. Empty ones are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut mask = Self::default();
        for secret in secrets {
            let secret = secret.expose();
            let known = |known: &Known| *known.forms[0] == secret;
            if !secret.is_empty() && !mask.secrets.iter().any(known) {
                mask.add(secret);
            }
        }
        mask
    }

    /// Adds a secret that is not empty, and gives the number by which it is found.
    pub(crate) fn add(&mut self, secret: &str) -> usize {
        self.secrets.push(Known::new(secret));
        self.secrets.len() - 1
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
        let margin = self.secrets.iter().map(|known| 16 * known.len()).max().unwrap_or(0);
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
        let piece = |known: &Known| name.len() >= 3 && known.forms[0].contains(name);
        if self.secrets.iter().any(piece) { MASK.to_owned() } else { self.apply(name) }
    }

    /// The text without values and words that are a known secret as a whole, and without what follows
    /// keys that name secrets. What others wrote around that stays readable; a word is what stands
    /// between white space, punctuation or markup (`acme-joe`, `joe@acme.com`), and none has fewer
    /// than four characters.
    pub fn apply_whole(&self, text: &str) -> String {
        const VALUE: &[u8] = b"<>\"'=[]&";
        const WORD: &[u8] = b"<>\"'=[]& \t\r\n,;:!?()";
        let bytes = text.as_bytes();
        let is_whole = |hit: &Hit| {
            let is_long = self.secrets[hit.secret].is_long();
            let ends = |b: &u8| if is_long { WORD } else { VALUE }.contains(b);
            let after = match bytes.get(hit.end) {
                // The end of a sentence.
                Some(b'.') => bytes.get(hit.end + 1),
                after => after,
            };
            after.is_none_or(ends) && (hit.start == 0 || ends(&bytes[hit.start - 1]))
        };
        let hits = self.find(text);
        let whole = hits.iter().filter(|hit| is_whole(hit));
        let mut covered: Vec<(usize, usize)> = whole.map(|hit| (hit.start, hit.end)).collect();
        find_keys(text, &is_secret_key, &mut |start, end, _, _| covered.push((start, end)));
        replace(text, covered)
    }

    fn cover(&self, text: &str, by_key: bool) -> String {
        let hits = self.find(text);
        let mut covered: Vec<(usize, usize)> =
            hits.iter().map(|hit| (hit.start, hit.end)).collect();
        if by_key {
            find_keys(text, &is_secret_key, &mut |start, end, _, _| covered.push((start, end)));
        }
        replace(text, covered)
    }

    /// The places where known secrets stand; they may overlap. Their ends may lie inside of
    /// characters only where base64 or bad escapes do.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        if self.secrets.is_empty() {
            return hits;
        }
        levels(text, &mut |level, depth| {
            self.find_in(level, &mut hits);
            if depth < 2 {
                self.find_base64(level, &mut hits);
            }
        });
        let bytes = text.as_bytes();
        let in_word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b > 0x7f);
        // A letter or two would be found in any word, and what is left of it would tell them.
        hits.retain(|hit| {
            self.secrets[hit.secret].is_long()
                || !(in_word(hit.start.checked_sub(1).and_then(|at| bytes.get(at)))
                    || in_word(bytes.get(hit.end)))
        });
        hits
    }

    fn find_in(&self, text: &Decoded<'_>, hits: &mut Vec<Hit>) {
        for (secret, known) in self.secrets.iter().enumerate() {
            for form in &known.forms {
                for at in memmem::find_iter(text.bytes(), form.as_bytes()) {
                    let (start, end) = text.source(at, at + form.len());
                    hits.push(Hit { start, end, secret });
                }
            }
        }
        if self.secrets.iter().all(|known| known.squeezed.is_empty()) {
            return;
        }
        let squeezed = text.squeezed();
        for (secret, known) in self.secrets.iter().enumerate() {
            for needle in &known.squeezed {
                for at in memmem::find_iter(squeezed.bytes(), needle.as_slice()) {
                    let (start, end) = squeezed.source(at, at + needle.len());
                    hits.push(Hit { start, end, secret });
                }
            }
        }
    }

    /// Words of base64 that hold a secret, wherever in the word its base64 begins: what stands
    /// before it may look like base64, too.
    fn find_base64(&self, text: &Decoded<'_>, hits: &mut Vec<Hit>) {
        let shortest = self.secrets.iter().map(Known::len).min().unwrap_or(0);
        let bytes = text.bytes();
        let is_base64 = |b: u8| sextet(b).is_some();
        let mut at = 0;
        let mut decoded = Zeroizing::new(Vec::new());
        while at < bytes.len() {
            let mut end =
                bytes[at..].iter().position(|&b| !is_base64(b)).map_or(bytes.len(), |n| at + n);
            let word = &bytes[at..end];
            if word.len() * 3 / 4 >= shortest && !word.is_empty() {
                let padding = bytes[end..].iter().take(2).take_while(|&&b| b == b'=').count();
                end += padding;
                for skipped in 0..4.min(word.len()) {
                    decode(&word[skipped..], &mut decoded);
                    for (secret, known) in self.secrets.iter().enumerate() {
                        // Before the search, which looks at all of the secret first.
                        if known.is_long()
                            && known.len() <= decoded.len()
                            && memmem::find(&decoded, known.forms[0].as_bytes()).is_some()
                        {
                            let (start, end) = text.source(at, end);
                            hits.push(Hit { start, end, secret });
                        }
                    }
                }
            }
            at = end + 1;
        }
    }
}

/// The value of a character of base64, of either alphabet.
fn sextet(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Decodes base64 as far as it goes: no padding is asked for, and bits that are left are dropped.
fn decode(word: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (mut bits, mut count) = (0u32, 0);
    for sextet in word.iter().copied().map_while(sextet) {
        bits = (bits << 6) | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
}

/// A text as it is, and without one or two levels of escapes (with the number of levels). Two
/// levels of one kind each: what escapes in one language may be text in another.
fn levels(text: &str, each: &mut dyn FnMut(&Decoded<'_>, usize)) {
    let plain = Decoded::plain(text);
    each(&plain, 0);
    for first in Kind::ALL {
        let Some(once) = plain.unescaped(first) else { continue };
        each(&once, 1);
        for second in Kind::ALL {
            if let Some(twice) = once.unescaped(second) {
                each(&twice, 2);
            }
        }
    }
}

/// What follows keys for which `is_key` says that they name a secret: `authPW=` or `"authPW":` and
/// their like, behind up to two levels of escapes, up to `<`, an escaped `<`, or the end of the
/// line. The places may overlap.
pub(crate) fn find_keys(text: &str, is_key: &dyn Fn(&str) -> bool, found: OnKey<'_>) {
    levels(text, &mut |level, _| find_by_key(level, is_key, found));
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
fn find_by_key(text: &Decoded<'_>, is_key: &dyn Fn(&str) -> bool, found: OnKey<'_>) {
    let bytes = text.bytes();
    let ends = |i: usize, b: u8| {
        matches!(b, b'<' | b'\n' | b'\r') || (b == b'&' && bytes[i..].starts_with(b"&lt;"))
    };
    // Where the last value that was looked at ends: one that begins inside of it ends there, too.
    let mut end = 0;
    let mut from = 0;
    while let Some(at) = memchr::memchr2(b'=', b':', &bytes[from..]) {
        let separator = from + at;
        from = separator + 1;
        let Some(key) = key_before(&bytes[..separator], bytes[separator]) else { continue };
        if !is_key(key) {
            continue;
        }
        if end < from {
            let rest = bytes[from..].iter().enumerate();
            end = rest
                .map(|(i, &b)| (from + i, b))
                .find(|&(i, b)| ends(i, b))
                .map_or(bytes.len(), |(i, _)| i);
        }
        if end > from {
            let (start, end_there) = text.source(from, end);
            found(start, end_there, key, &bytes[from..end]);
        }
    }
}

/// The key that stands before a separator.
fn key_before(before: &[u8], separator: u8) -> Option<&str> {
    /// No key is longer.
    const KEY: usize = 64;
    let before = &before[before.len().saturating_sub(KEY)..];
    let trim = |bytes: &[u8], set: &[u8]| {
        bytes.iter().rposition(|b| !set.contains(b)).map_or(0, |last| last + 1)
    };
    let written = &before[..trim(before, b" ")];
    let quoted = &written[..trim(written, b"\"'\\")];
    if separator == b':' && quoted.len() == written.len() {
        return None;
    }
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
    let start = quoted.iter().rposition(|b| !word(b)).map_or(0, |at| at + 1);
    std::str::from_utf8(&quoted[start..]).ok()
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
