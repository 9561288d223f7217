//! The places where secrets were found, each once.

use std::collections::HashMap;

use super::{Decoded, Hit, Mask};

/// Where the last place of each secret ends: places of one secret do not overlap.
#[derive(Default)]
pub(super) struct Ends(HashMap<u32, usize>);

impl Ends {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_first(&mut self, start: usize, end: usize, secret: u32) -> bool {
        let last = self.0.entry(secret).or_insert(0);
        let is_first = start >= *last;
        if is_first {
            *last = end;
        }
        is_first
    }
}

/// What was found, each place once: most of it shows in each reading of the text.
pub(super) struct Hits<'t> {
    text: &'t str,
    mask: &'t Mask,
    pub(super) found: Vec<Hit>,
    /// How many there may be before those that are equal are sorted out.
    compact: usize,
}

impl<'t> Hits<'t> {
    pub(super) fn new(text: &'t str, mask: &'t Mask) -> Self {
        Self { text, mask, found: Vec::new(), compact: 0 }
    }

    /// Adds a place, unless it was found in the text as it is.
    pub(super) fn add(&mut self, (start, end): (usize, usize), secret: u32, is_decoded: bool) {
        let known = &self.mask.secrets[secret as usize];
        let text = &self.text.as_bytes()[start..end];
        if is_decoded && text == known.secret.as_bytes() {
            return;
        }
        let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        // A letter or two would be found in any word, and what is left of it would tell them.
        let before = self.text.get(..start).and_then(|text| text.chars().next_back());
        let after = self.text.get(end..).and_then(|text| text.chars().next());
        if !known.is_long && (in_word(before) || in_word(after)) {
            return;
        }
        // Texts are far from 4 GiB.
        self.found.push(Hit { start: start as u32, end: end as u32, secret });
        if self.found.len() > self.compact.max(4096) {
            self.compact();
            self.compact = 2 * self.found.len();
        }
    }

    /// Looks through a text without white space and tags.
    pub(super) fn squeezed(&mut self, text: &Decoded<'_>, ends: &mut Ends) {
        ends.clear();
        self.mask.squeezed.find(text.bytes(), &mut |start, end, secret| {
            if ends.is_first(start, end, secret) {
                self.add(text.source(start, end), secret, true);
            }
        });
    }

    pub(super) fn compact(&mut self) {
        self.found.sort_unstable();
        self.found.dedup();
    }
}
