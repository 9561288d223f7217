//! Texts compared without regard to case, and words found in them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

/// A text in the one case that all its spellings share: Unicode's simple folding, by which no
/// character becomes two (`ß` and `ẞ` are one, `ß` and `ss` are not), in no particular language
/// (`i` and `I` are one, the Turkish `ı` and `İ` are others).
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true if !text.bytes().any(|b| b.is_ascii_uppercase()) => text.into(),
        true => text.to_ascii_lowercase().into(),
        false => text.chars().map(fold_char).collect::<String>().into(),
    }
}

fn fold_char(c: char) -> char {
    fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        'ı' => c,
        // Pairs whose capitals are several characters.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        // By way of the capital, which several small letters share (`σ` and `ς`).
        _ => {
            let upper = single(c.to_uppercase()).unwrap_or(c);
            single(upper.to_lowercase()).unwrap_or(upper)
        }
    }
}

/// A value and, once somebody asks, its folded form.
#[derive(Debug)]
pub(super) struct Text<'f> {
    pub(super) raw: Cow<'f, str>,
    /// `None` where nothing changes.
    folded: OnceCell<Option<String>>,
}

impl<'f> Text<'f> {
    pub(super) fn new(raw: impl Into<Cow<'f, str>>) -> Self {
        Self { raw: raw.into(), folded: OnceCell::new() }
    }

    pub(super) fn folded(&self) -> &str {
        let fold = || match fold(&self.raw) {
            Cow::Borrowed(_) => None,
            Cow::Owned(folded) => Some(folded),
        };
        self.folded.get_or_init(fold).as_deref().unwrap_or(&self.raw)
    }
}

/// Does one of the words stand in a text by itself, with no letter, digit, mark or `_` (Unicode's
/// `\w`) on either side? What is between words is not looked for, so that `C++` is one, too; where
/// words run together (Chinese, Japanese, Thai) there is none.
pub(super) fn has_word(words: &AhoCorasick, text: &str) -> bool {
    words.find_overlapping_iter(text).any(|found| {
        let before = text[..found.start()].chars().next_back();
        let after = text[found.end()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn is_word(c: char) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\w").ok());
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '_',
        false => WORD.as_ref().is_some_and(|word| word.is_match(c.encode_utf8(&mut [0; 4]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All letters with case against the tables of another implementation.
    #[test]
    fn folding_is_the_simple_one_of_unicode() {
        let cased = |c: &char| c.to_uppercase().ne([*c]) || c.to_lowercase().ne([*c]);
        // Those tables may be older.
        let unknown = Regex::new(r"\p{Unassigned}").unwrap();
        let is_known = |c: &char| !unknown.is_match(&format!("{c}{}", fold_char(*c)));
        let all: Vec<char> = ('\0'..=char::MAX).filter(cased).filter(is_known).collect();
        assert!(all.len() > 2_500, "{}", all.len());
        let text: String = all.iter().collect();
        for &c in &all {
            let folded = fold_char(c);
            let alike = Regex::new(&format!("(?i){}", regex::escape(&c.to_string()))).unwrap();
            assert!(alike.is_match(&folded.to_string()), "{c}");
            let others = alike.find_iter(&text).flat_map(|found| found.as_str().chars());
            assert!(others.map(fold_char).all(|other| other == folded), "{c}");
        }
        assert_eq!(fold("ÄRGER, STRASSE ẞ ΣΑΣ ıİ K"), "ärger, strasse ß σασ ıİ k");
    }

    #[test]
    fn words_stand_by_themselves() {
        for (words, text, found) in [
            (&["down"][..], "server down!", true),
            (&["down"], "downtime", false),
            (&["down"], "shutdown, down", true),
            (&["down"], "_down_", false),
            (&["c++"], "i like c++.", true),
            (&["c++"], "c++11", false),
            (&["über"], "über", true),
            (&["ber"], "über", false),
            (&["cafe"], "cafe\u{301}", false),
            (&["a b", "a"], "xa b a", true),
            (&["停机"], "服务器停机了", false),
            (&["停机"], "服务器，停机。", true),
        ] {
            let words = AhoCorasick::new(words).unwrap();
            assert_eq!(has_word(&words, text), found, "{text}");
        }
    }
}
