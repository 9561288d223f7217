//! The productions of XML 1.0 (fifth edition) that decide about single characters and names.

/// `Char`, section 2.2.
pub(crate) fn is_char(c: u32) -> bool {
    matches!(c, 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF)
}

/// `S`, section 2.3.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// What a byte may need a second look for.
pub(crate) mod class {
    /// `&`, `<` or `>`: escaped in text.
    pub(crate) const MARKUP: u8 = 1;
    /// A control character, or the lead byte of U+FFFE and U+FFFF: perhaps no `Char`.
    pub(crate) const SUSPICIOUS: u8 = 2;
    /// White space that attribute values do not keep.
    pub(crate) const LINE: u8 = 4;
}

const fn classify(b: u8) -> u8 {
    let markup = (b == b'&') as u8 | (b == b'<') as u8 | (b == b'>') as u8;
    let line = (b == b'\t') as u8 | (b == b'\n') as u8 | (b == b'\r') as u8;
    (markup * class::MARKUP) | (suspicious(b) as u8 * class::SUSPICIOUS) | (line * class::LINE)
}

const fn suspicious(b: u8) -> bool {
    (b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r') | (b == 0xEF)
}

/// Is any byte [`class::SUSPICIOUS`]? Quicker than [`classes`] over a whole document.
pub(crate) fn any_suspicious(bytes: &[u8]) -> bool {
    let mut chunks = bytes.chunks_exact(64);
    let mut found = 0;
    for chunk in &mut chunks {
        found |= chunk.iter().fold(0, |all, &b| all | suspicious(b) as u8);
    }
    chunks.remainder().iter().fold(found, |all, &b| all | suspicious(b) as u8) != 0
}

/// The classes of all bytes together.
pub(crate) fn classes(bytes: &[u8]) -> u8 {
    // Whole chunks without a branch, so that they are vectorised.
    let mut found = [0; 16];
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        for (found, &b) in found.iter_mut().zip(chunk) {
            *found |= classify(b);
        }
    }
    let rest = chunks.remainder().iter().fold(0, |all, &b| all | CLASSES[usize::from(b)]);
    found.iter().fold(rest, |all, f| all | f)
}

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = classify(i as u8);
        i += 1;
    }
    table
};

/// `NCName`, Namespaces in XML section 3: a name without a colon.
pub(crate) fn is_ncname(name: &str) -> bool {
    matches!(split_qname(name), Some(("", _)))
}

/// Splits a `QName` into prefix (empty when there is none) and local part, or `None` when it is not one.
pub(crate) fn split_qname(name: &str) -> Option<(&str, &str)> {
    let mut colon = None;
    let mut odd = false;
    for (i, b) in name.bytes().enumerate() {
        match NAME_BYTES[usize::from(b)] {
            NAME => {}
            COLON if colon.is_none() => colon = Some(i),
            OTHER => odd = true,
            _ => return None,
        }
    }
    let (prefix, local) = match colon {
        Some(0) => return None,
        Some(i) => (&name[..i], &name[i + 1..]),
        None => ("", name),
    };
    let valid = |part: &str| {
        if odd {
            let mut chars = part.chars();
            chars.next().is_some_and(is_name_start)
                && chars.all(|c| is_name_start(c) || is_name_rest(c))
        } else {
            part.as_bytes().first().is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_')
        }
    };
    ((colon.is_none() || valid(prefix)) && valid(local)).then_some((prefix, local))
}

/// An ASCII character that may stand in a name.
const NAME: u8 = 1;
/// The colon.
const COLON: u8 = 2;
/// Part of a character beyond ASCII.
const OTHER: u8 = 3;

const NAME_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => NAME,
            b':' => COLON,
            0x80.. => OTHER,
            _ => 0,
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
    fn characters_follow_the_production() {
        for bad in [0, 1, 8, 0xB, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x110000] {
            assert!(!is_char(bad), "{bad:x}");
        }
        for good in [9, 0xA, 0xD, 0x20, 0x7F, 0x85, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0x10FFFF] {
            assert!(is_char(good), "{good:x}");
        }
    }
}
