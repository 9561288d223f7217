//! Many needles in one haystack, in one pass, however many there are.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use zeroize::Zeroizing;

/// Byte strings with the number of the secret that each belongs to.
///
/// They stand in automata of growing sizes. A new needle is an automaton by itself, and two are made
/// one where the older is at most twice as large: so there are about as many as the number of needles
/// has binary digits, and each needle is built in as often.
#[derive(Clone, Default)]
pub(super) struct Needles {
    bins: Vec<Bin>,
}

#[derive(Clone)]
struct Bin {
    needles: Vec<(Zeroizing<Vec<u8>>, u32)>,
    automaton: NFA,
}

impl Bin {
    /// None if they are more than an automaton holds.
    fn new(needles: Vec<(Zeroizing<Vec<u8>>, u32)>) -> Option<Self> {
        let patterns = needles.iter().map(|(needle, _)| needle.as_slice());
        let automaton = NFA::builder().match_kind(MatchKind::Standard).build(patterns).ok()?;
        Some(Self { needles, automaton })
    }
}

impl Needles {
    pub(super) fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// Adds needles, none of which is empty.
    pub(super) fn add(&mut self, needles: Vec<Zeroizing<Vec<u8>>>, secret: u32) {
        if needles.is_empty() {
            return;
        }
        let mut added: Vec<_> = needles.into_iter().map(|needle| (needle, secret)).collect();
        let larger = |bin: &Bin, added: &[_]| bin.needles.len() > 2 * added.len();
        while let Some(bin) = self.bins.pop_if(|bin| !larger(bin, &added)) {
            let mut both = bin.needles;
            both.append(&mut added);
            added = both;
        }
        self.bins.extend(Bin::new(added));
    }

    /// Every place where a needle ends, with the longest that ends there: start, end, and the secret.
    /// What is shorter lies inside of that.
    pub(super) fn find(&self, haystack: &[u8], each: &mut dyn FnMut(usize, usize, u32)) {
        for Bin { needles, automaton } in &self.bins {
            let Ok(mut state) = automaton.start_state(Anchored::No) else { continue };
            for (at, byte) in haystack.iter().enumerate() {
                state = automaton.next_state(Anchored::No, state, *byte);
                if automaton.is_special(state) && automaton.is_match(state) {
                    let (needle, secret) = &needles[automaton.match_pattern(state, 0).as_usize()];
                    each(at + 1 - needle.len(), at + 1, *secret);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_longest_needle() {
        let mut needles = Needles::default();
        for (i, needle) in ["abc", "xabc", "bc", "c", "abcd", "aa"].iter().enumerate() {
            needles.add(vec![Zeroizing::new(needle.as_bytes().to_vec())], i as u32);
        }
        let mut found = Vec::new();
        needles.find(b"xabcd aaa", &mut |start, end, secret| found.push((start, end, secret)));
        // Of one automaton; others may find what lies inside of that.
        for place in [(0, 4, 1), (1, 5, 4), (6, 8, 5), (7, 9, 5)] {
            assert!(found.contains(&place), "{found:?}");
        }
    }

    #[test]
    fn automata_are_few_and_needles_are_built_in_seldom() {
        let mut needles = Needles::default();
        let mut built = 0;
        for i in 0..5_000_u32 {
            needles.add(vec![Zeroizing::new(format!("needle{i:05}").into_bytes())], i);
            built += needles.bins.last().map_or(0, |bin| bin.needles.len());
        }
        assert!(needles.bins.len() <= 13, "{}", needles.bins.len());
        assert!(built <= 5_000 * 26, "{built}");
        let mut found = Vec::new();
        needles.find(b"a needle04711.", &mut |start, end, secret| found.push((start, end, secret)));
        assert_eq!(found, [(2, 13, 4711)]);
    }
}
