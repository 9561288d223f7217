//! Which name was meant: the edit distance between a word and the words that are known.

use std::borrow::Borrow;

/// Distances beyond this are all the same: the words are different ones.
const FAR: usize = 3;

/// Is one word the other but for its case or two letters? Of a short word, but for one letter that
/// is missing or too many.
pub fn is_near(word: &str, known: &str) -> bool {
    let near = match known.len() {
        5.. => distance(word, known) < FAR,
        3 | 4 => word.len().abs_diff(known.len()) == 1 && distance(word, known) == 1,
        _ => false,
    };
    near || word.eq_ignore_ascii_case(known)
}

/// The known word that is nearest to `word`, if any is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known.into_iter().filter(|k| is_near(word, k)).min_by_key(|k| distance(word, k))
}

/// What to say of a word that is not known: the name that was meant, or those that are known.
pub(crate) fn meant<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Option<String> {
    if let Some(meant) = nearest(word, known.clone()) {
        return Some(format!("did you mean {meant}?"));
    }
    let known: Vec<&str> = known.into_iter().collect();
    (!known.is_empty()).then(|| those_known(&known))
}

/// The names that are known; where a site has many, the first of them, since each mistake in a file says so.
pub(crate) fn those_known(known: &[impl Borrow<str>]) -> String {
    const SHOWN: usize = 40;
    let shown = known[..known.len().min(SHOWN)].join(", ");
    match known.len().saturating_sub(SHOWN) {
        0 => format!("known are {shown}"),
        more => format!("known are {shown} and {more} more"),
    }
}

/// The edit distance, blind to the case of ASCII letters, as far as 3.
fn distance(a: &str, b: &str) -> usize {
    // Beyond this many bytes nothing is a slip of the pen, and counting would take long.
    const LONGEST: usize = 256;
    if a.len().max(b.len()) > LONGEST {
        return FAR;
    }
    // Each character more is a difference, so that most words need not be compared.
    if a.chars().count().abs_diff(b.chars().count()) >= FAR {
        return FAR;
    }
    strsim::levenshtein(&a.to_ascii_lowercase(), &b.to_ascii_lowercase()).min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_may_differ() {
        let known = ["loginUsername", "loginPassword", "cf_"];
        for (word, meant) in [
            ("loginUsernme", Some("loginUsername")),
            ("LOGINPASSWORD", Some("loginPassword")),
            ("logniPassword", Some("loginPassword")),
            ("password", None),
            ("cg_", None),
            ("cf", Some("cf_")),
            ("f", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"loginUsername".repeat(10_000), known), None);
        let many: Vec<String> = (0..50).map(|n| format!("name-{n}")).collect();
        assert!(those_known(&many).ends_with(", name-38, name-39 and 10 more"));
        assert!(those_known(&many[..40]).ends_with(", name-38, name-39"));
    }
}
