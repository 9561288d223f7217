//! The productions of XML 1.0 (fifth edition) that decide about single characters and names.

/// `Char`, section 2.2.
pub(crate) fn is_char(c: u32) -> bool {
    matches!(c, 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x10000..=0x10FFFF)
}

/// `S`, section 2.3.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// `NCName`, Namespaces in XML section 3: a name without a colon.
pub(crate) fn is_ncname(name: &str) -> bool {
    let bytes = name.as_bytes();
    match bytes.first() {
        None => return false,
        Some(b) if b.is_ascii() && !(b.is_ascii_alphabetic() || *b == b'_') => return false,
        _ => {}
    }
    if bytes.iter().all(|&b| ASCII_NAME[usize::from(b)]) {
        return true;
    }
    if bytes.is_ascii() {
        return false;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c != ':' && is_name_start(c))
        && chars.all(|c| c != ':' && (is_name_start(c) || is_name_rest(c)))
}

/// Splits a `QName` into prefix (empty when there is none) and local part, or `None` when it is none.
pub(crate) fn split_qname(name: &str) -> Option<(&str, &str)> {
    // Short names: a loop beats a vectorised search.
    let (prefix, local) = match name.bytes().position(|b| b == b':') {
        None => ("", name),
        Some(i) => {
            let (prefix, local) = (&name[..i], &name[i + 1..]);
            if !is_ncname(prefix) {
                return None;
            }
            (prefix, local)
        }
    };
    is_ncname(local).then_some((prefix, local))
}

const ASCII_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        let b = i as u8;
        table[i] = b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        i += 1;
    }
    table
};

fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_' | ':'
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
