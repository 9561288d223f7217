//! The productions of XML 1.0 (fifth edition) that decide about single characters and names.

/// `Char`, section 2.2.
pub(crate) fn is_char(c: u32) -> bool {
    matches!(c, 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF)
}

/// `S`, section 2.3.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// A control character, white space or not, or the lead byte of U+FFFE and U+FFFF.
fn unusual(b: u8) -> bool {
    (b < 0x20) | (b == 0xEF)
}

/// A control character but white space, or the lead byte of U+FFFE and U+FFFF: perhaps no `Char`.
fn suspicious(b: u8) -> bool {
    unusual(b) & (b != b'\t') & (b != b'\n') & (b != b'\r')
}

/// Is any byte a control character, white space or not, or [suspicious](any_suspicious)?
pub(crate) fn any_unusual(bytes: &[u8]) -> bool {
    any(bytes, unusual)
}

/// May any byte belong to a character that is not a `Char`?
pub(crate) fn any_suspicious(bytes: &[u8]) -> bool {
    any(bytes, suspicious)
}

/// Large chunks without a branch, so that they are vectorised.
#[inline]
fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let mut chunks = bytes.chunks_exact(64);
    let found =
        chunks.by_ref().any(|chunk| chunk.iter().fold(0, |all, &b| all | u8::from(is(b))) != 0);
    found || chunks.remainder().iter().any(|&b| is(b))
}

/// May it stand in text and in attributes as it is? Of what may not, and is rare, some may after all.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    // The last chunk may hold some bytes of the one before it once more.
    match (bytes.last_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(last), ..) => bytes.as_chunks().0.iter().all(is_plain_chunk) && is_plain_chunk(last),
        (None, Some(first), Some(last)) => is_plain_word(word(first)) && is_plain_word(word(last)),
        _ => !bytes.iter().any(|&b| is_special(b)),
    }
}

/// The same for eight bytes in one register, where a vector would take longer to fill.
#[inline]
fn is_plain_word(word: u64) -> bool {
    // Marks the lowest byte below `most`, if there is one, and then perhaps others.
    let below = |word: u64, most: u8| word.wrapping_sub(each(most)) & !word;
    let is = |word: u64, b: u8| below(word ^ each(b), 1);
    let special = below(word, b' ') | is(word, b'&') | is(word | each(2), b'>') | is(word, 0xEF);
    special & each(0x80) == 0
}

fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_ne_bytes(*bytes)
}

/// This byte eight times.
const fn each(b: u8) -> u64 {
    u64::from_ne_bytes([b; 8])
}

fn is_special(b: u8) -> bool {
    unusual(b) | (b == b'&') | (b | 2 == b'>')
}

/// Without a branch, so that it is vectorised.
#[inline]
fn is_plain_chunk(chunk: &[u8; 16]) -> bool {
    u128::from_ne_bytes(chunk.map(|b| u8::from(is_special(b)))) == 0
}

/// `NCName`, Namespaces in XML section 3: a name without a colon.
pub(crate) fn is_ncname(name: &str) -> bool {
    matches!(split_qname(name), Some(("", _)))
}

/// Splits a `QName` into prefix (empty when there is none) and local part, or `None` when it is not one.
#[inline]
pub(crate) fn split_qname(name: &str) -> Option<(&str, &str)> {
    if is_letters(name.as_bytes()) {
        return Some(("", name));
    }
    let classes = name.bytes().fold(0, |all, b| all | NAME_BYTES[usize::from(b)]);
    if classes | REST == REST {
        return starts(name).then_some(("", name));
    }
    if classes & BAD != 0 {
        return None;
    }
    // Names are short: a loop beats a vectorised search.
    let Some(colon) = name.bytes().position(|b| b == b':') else {
        return is_part(name, classes).then_some(("", name));
    };
    let (prefix, local) = (&name[..colon], &name[colon + 1..]);
    (is_part(prefix, classes) && is_part(local, classes)).then_some((prefix, local))
}

/// Are these four bytes or more, and nothing but letters of ASCII, as nearly all names are?
#[inline]
fn is_letters(bytes: &[u8]) -> bool {
    // The last word may hold some bytes of the one before it once more.
    if let Some(last) = bytes.last_chunk::<8>() {
        bytes.as_chunks().0.iter().all(|chunk| is_letters_word(word(chunk)))
            && is_letters_word(word(last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_ne_bytes(*first), u32::from_ne_bytes(*last));
        is_letters_word(u64::from(first) << 32 | u64::from(last))
    } else {
        false
    }
}

fn is_letters_word(word: u64) -> bool {
    const HIGH: u64 = each(0x80);
    // Of seven bits each, so that no sum runs over into the next byte.
    let lower = word & !HIGH | each(0x20);
    let (from_a, beyond_z) = (lower + each(0x80 - b'a'), lower + each(0x7F - b'z'));
    from_a & !beyond_z & !word & HIGH == HIGH
}

/// Is this an `NCName`, in a name whose bytes have these classes?
fn is_part(part: &str, classes: u8) -> bool {
    if classes & OTHER == 0 {
        return starts(part) && !part.bytes().any(|b| b == b':');
    }
    let mut chars = part.chars();
    chars.next().is_some_and(is_name_start) && chars.all(|c| is_name_start(c) || is_name_rest(c))
}

/// Does it begin with a letter of ASCII or `_`?
fn starts(part: &str) -> bool {
    part.as_bytes().first().is_some_and(|&b| NAME_BYTES[usize::from(b)] == 0)
}

/// An ASCII character that may stand in a name, but not first.
const REST: u8 = 1;
/// The colon.
const COLON: u8 = 2;
/// Part of a character beyond ASCII.
const OTHER: u8 = 4;
/// No part of a name.
const BAD: u8 = 8;

/// What each byte is; 0 for what may stand anywhere in a name.
const NAME_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => 0,
            b'0'..=b'9' | b'-' | b'.' => REST,
            b':' => COLON,
            0x80.. => OTHER,
            _ => BAD,
        };
        i += 1;
    }
    table
};

fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_rest(c: char) -> bool {
    matches!(c,
        '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_productions() {
        for good in ["a", "_", "a-b.c1", "é", "Größe", "a·", "日本"] {
            assert!(is_ncname(good), "{good}");
        }
        for bad in ["", "1a", "-a", ".a", "a:b", "a b", "a/", "·a", "×", "a\u{37e}", "<"] {
            assert!(!is_ncname(bad), "{bad}");
        }
        assert_eq!(split_qname("soap:Body"), Some(("soap", "Body")));
        assert_eq!(split_qname("Body"), Some(("", "Body")));
        for bad in [":a", "a:", "a:b:c", ""] {
            assert_eq!(split_qname(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_special_is_found_wherever_it_stands() {
        for length in 0..100 {
            let plain = [b'=', b' ', b'\x7f', b'?', b'%', b'\'', 0xC3, 0xA9].repeat(13);
            assert!(is_plain(&plain[..length]) && !any_unusual(&plain[..length]));
            for (at, special) in
                (0..length).zip([b'&', b'<', b'>', b'\r', 0, 0x1F, 0xEF].repeat(15))
            {
                let mut bytes = plain[..length].to_vec();
                bytes[at] = special;
                assert!(!is_plain(&bytes), "{special} at {at} of {length}");
                assert_eq!(any_unusual(&bytes), !matches!(special, b'&' | b'<' | b'>'));
                assert_eq!(any_suspicious(&bytes), matches!(special, 0 | 0x1F | 0xEF));
            }
        }
    }

    #[test]
    fn every_byte_is_judged_alike_in_texts_of_any_length() {
        for special in 0..=255 {
            for (length, other) in
                [1, 8, 9, 16, 17].map(|length| [(length, b'='), (length, 0xFF)]).concat()
            {
                for at in 0..length {
                    let mut bytes = vec![other; length];
                    bytes[at] = special;
                    assert_eq!(is_plain(&bytes), !is_special(special), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn names_of_letters_are_those_that_hold_nothing_else() {
        for length in 4..20 {
            for (at, other) in (0..length).flat_map(|at| (0..=255).map(move |b| (at, b))) {
                let mut bytes = vec![b'z'; length];
                bytes[at] = other;
                assert_eq!(is_letters(&bytes), other.is_ascii_alphabetic(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn characters_follow_the_production() {
        for bad in [0, 1, 8, 0xB, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x110000] {
            assert!(!is_char(bad), "{bad:x}");
        }
        for good in [9, 0xA, 0xD, 0x20, 0x7F, 0x85, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0x10FFFF] {
            assert!(is_char(good), "{good:x}");
        }
    }
}
