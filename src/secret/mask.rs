//! Takes secrets out of texts that others wrote.

mod coded;
mod decoded;
mod hits;
mod needles;

use std::ops::Range;

use zeroize::Zeroizing;

pub(crate) use decoded::{Decoded, Kind};
use hits::{Ends, Hits};
use needles::Needles;

use super::{Secret, is_secret_key};

/// What stands for a secret.
pub const MASK: &str = "***";

/// A secret that is looked for although markup or white space may run through it has at least this
/// many characters: shorter ones would be found in any text.
const SQUEEZED: usize = 4;

/// Replaces secrets in any text, in time linear in its length.
///
/// Known ones are found by value: as they are; behind XML, HTML, percent or JSON escapes, twice
/// over; with white space, tags or CDATA marks in between; inside base64 (Basic credentials) and hex,
/// in UTF-8 and UTF-16. Those
/// of fewer than four characters are found as words only.
/// Unknown ones are found by key: what follows `authPW=` or `"authPW":` and their like, up to `<`,
/// an escaped `<`, or the end of the line. (A colon after a bare word is prose: "wrong password:
/// try again".)
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Vec<Known>,
    /// As they are, with the ends of lines that XML readers make, and in UTF-16.
    plain: Needles,
    /// Without white space and tags.
    squeezed: Needles,
}

/// A secret that is looked for.
#[derive(Clone)]
struct Known {
    secret: Zeroizing<String>,
    is_long: bool,
}

/// In which ways a secret is written that need no decoding.
fn plain_forms(secret: &str, is_long: bool) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Zeroizing::new(secret.as_bytes().to_vec())];
    // XML readers turn ends of lines into LF.
    let lines = secret.replace("\r\n", "\n").replace('\r', "\n");
    if lines != secret {
        forms.push(Zeroizing::new(lines.into_bytes()));
    }
    if is_long {
        let wide = |bytes: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(bytes).collect();
        forms.push(Zeroizing::new(wide(u16::to_le_bytes)));
        forms.push(Zeroizing::new(wide(u16::to_be_bytes)));
    }
    forms
}

/// A secret without white space, with and without the tags that may be in it.
fn squeezed_forms(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    // A secret with a tag in it loses that in the text, and must here.
    let tagless = Decoded::plain(secret).squeezed().bytes().to_vec();
    let spaceless = secret.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    for form in [tagless, spaceless].map(Zeroizing::new) {
        if form.len() >= SQUEEZED && !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// A place in a text where a known secret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Where it starts, in bytes.
    pub(crate) start: u32,
    /// Where it ends.
    pub(crate) end: u32,
    /// Which secret it is, by the order in which they were added.
    pub(crate) secret: u32,
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
            let known = |known: &Known| *known.secret == secret;
            if !secret.is_empty() && !mask.secrets.iter().any(known) {
                mask.add(secret);
            }
        }
        mask
    }

    /// Adds a secret that is not empty, and gives the number by which it is found.
    pub(crate) fn add(&mut self, secret: &str) -> usize {
        let number = self.secrets.len();
        let is_long = secret.chars().count() >= SQUEEZED;
        self.plain.add(plain_forms(secret, is_long), number as u32);
        if is_long {
            self.squeezed.add(squeezed_forms(secret), number as u32);
        }
        self.secrets.push(Known { secret: Zeroizing::new(secret.to_owned()), is_long });
        number
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
        let margin = self.secrets.iter().map(|known| 16 * known.secret.len()).max().unwrap_or(0);
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
        let piece = |known: &Known| name.len() >= 3 && known.secret.contains(name);
        if self.secrets.iter().any(piece) { MASK.to_owned() } else { self.apply(name) }
    }

    /// The text without values and words that are a known secret as a whole, and without what follows
    /// keys that name secrets. What others wrote around that stays readable; a word is what stands
    /// between white space, punctuation or markup (`acme-joe`, `joe@acme.com`), and none has fewer
    /// than four characters. What lies inside one of the places `kept` (in order) stays, whatever it
    /// looks like, unless it follows such a key.
    pub fn apply_whole(&self, text: &str, kept: &[Range<usize>]) -> String {
        self.cover_outside(text, kept, false)
    }

    /// The same, and without known secrets of four characters and more inside of words, too
    /// (`joe|secret`): for a text that is shown because a secret may stand in it.
    pub fn apply_outside(&self, text: &str, kept: &[Range<usize>]) -> String {
        self.cover_outside(text, kept, true)
    }

    fn cover_outside(&self, text: &str, kept: &[Range<usize>], inside_words: bool) -> String {
        const VALUE: &[u8] = b"<>\"'=[]&";
        const WORD: &[u8] = b"<>\"'=[]& \t\r\n,;:!?()";
        let bytes = text.as_bytes();
        let is_kept = |start: usize, end: usize| {
            let before = kept.partition_point(|place| place.start <= start);
            before > 0 && kept[before - 1].end >= end
        };
        let is_whole = |&(start, end, is_long): &(usize, usize, bool)| {
            let ends = |b: &u8| if is_long { WORD } else { VALUE }.contains(b);
            let after = match bytes.get(end) {
                // The end of a sentence.
                Some(b'.') => bytes.get(end + 1),
                after => after,
            };
            let is_word = after.is_none_or(ends) && (start == 0 || ends(&bytes[start - 1]));
            !is_kept(start, end) && (is_word || inside_words && is_long)
        };
        let hits = self.find(text).into_iter().map(|hit| {
            (hit.start as usize, hit.end as usize, self.secrets[hit.secret as usize].is_long)
        });
        let mut covered: Vec<(usize, usize)> =
            hits.filter(is_whole).map(|(start, end, _)| (start, end)).collect();
        find_keys(text, &is_secret_key, &mut |start, end, _, _| covered.push((start, end)));
        replace(text, covered)
    }

    fn cover(&self, text: &str, by_key: bool) -> String {
        let hits = self.find(text).into_iter();
        let mut covered: Vec<(usize, usize)> =
            hits.map(|hit| (hit.start as usize, hit.end as usize)).collect();
        if by_key {
            find_keys(text, &is_secret_key, &mut |start, end, _, _| covered.push((start, end)));
        }
        replace(text, covered)
    }

    /// The places where known secrets stand; they may overlap. Their ends may lie inside of
    /// characters only where base64 or bad escapes do.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        self.find_up_to(text, usize::MAX)
    }

    /// The same; where there are more than `limit`, the search ends, with more than that.
    pub(crate) fn find_up_to(&self, text: &str, limit: usize) -> Vec<Hit> {
        let mut hits = Hits::new(text, self);
        if self.secrets.is_empty() {
            return hits.found;
        }
        let mut ends = Ends::default();
        levels(text, &mut |level, depth| {
            if hits.found.len() > limit {
                return;
            }
            ends.clear();
            self.plain.find(level.bytes(), &mut |start, end, secret| {
                if ends.is_first(start, end, secret) {
                    hits.add(level.source(start, end), secret, depth > 0);
                }
            });
            if !self.squeezed.is_empty() {
                let squeezed = level.squeezed();
                hits.squeezed(&squeezed, &mut ends);
                // What markup parts may be escaped in one half alone: then it is markup that goes first.
                let unescaped = (depth == 0).then(|| squeezed.unescaped(Kind::Entities));
                if let Some(unescaped) = unescaped.flatten() {
                    hits.squeezed(&unescaped, &mut ends);
                }
            }
            if depth < 2 {
                coded::find(level, &self.plain, &mut |place, secret| {
                    if self.secrets[secret as usize].is_long {
                        hits.add(place, secret, false);
                    }
                });
            }
            hits.compact();
        });
        hits.found
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
