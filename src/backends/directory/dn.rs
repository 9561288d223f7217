//! Distinguished names (RFC 4514): written with values that anybody typed, read, compared.

use icu_normalizer::ComposingNormalizerBorrowed;

/// A value as it stands in a DN (RFC 4514, section 2.4); `=` is escaped, too, for old readers.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => escaped.extend(['\\', c]),
            '#' if at == 0 => escaped.push_str("\\#"),
            ' ' if at == 0 || at == last => escaped.push_str("\\ "),
            c if c.is_ascii_control() => escaped.push_str(&format!("\\{:02x}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A DN, read.
#[derive(Debug, Clone)]
pub(super) struct Dn {
    /// Each relative name: where its text begins, and its attributes with their values.
    names: Vec<(usize, Vec<(String, String)>)>,
    text: String,
}

impl Dn {
    /// Reads a DN; `None` where it is not one. The empty one has no names.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut names = Vec::new();
        let mut rest = text;
        while !(rest.is_empty() && names.is_empty()) {
            let start = text.len() - rest.len();
            let mut pairs = Vec::new();
            loop {
                let (kind, after) = rest.split_once('=')?;
                let kind = kind.trim().to_ascii_lowercase();
                let is_kind = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
                if kind.is_empty() || !kind.chars().all(is_kind) {
                    return None;
                }
                let (value, end) = value(after)?;
                pairs.push((kind, value));
                rest = &after[end..];
                match rest.strip_prefix('+') {
                    Some(more) => rest = more,
                    None => break,
                }
            }
            names.push((start, pairs));
            match rest.strip_prefix([',', ';']) {
                Some(more) => rest = more,
                None => break,
            }
        }
        Some(Self { names, text: text.to_owned() })
    }

    /// What is the same for two spellings of one DN, as directories compare most attributes: without
    /// case, without blanks at the ends and doubled ones inside.
    pub(super) fn normal(&self) -> String {
        let mut normal = String::new();
        for (_, pairs) in &self.names {
            let mut pairs: Vec<String> = pairs
                .iter()
                .map(|(kind, value)| format!("{kind}={}", escape(&fold(value))))
                .collect();
            pairs.sort();
            normal.push_str(&pairs.join("+"));
            normal.push(',');
        }
        normal
    }

    /// The same, coarser: also without what compatible characters differ in, such as fullwidth letters.
    /// OpenLDAP finds an entry under all of them.
    pub(super) fn key(&self) -> String {
        let form = ComposingNormalizerBorrowed::new_nfkc();
        fold(&form.normalize(&self.normal().to_lowercase()))
    }

    /// The value of the first relative name: what a group is called.
    pub(super) fn first_value(&self) -> Option<&str> {
        Some(self.names.first()?.1.first()?.1.as_str())
    }

    /// The end that is made of `dc` alone; the whole where there is none.
    pub(super) fn domain(&self) -> &str {
        let is_dc = |pairs: &[(String, String)]| pairs.iter().all(|(kind, _)| kind == "dc");
        let count = self.names.iter().rev().take_while(|(_, pairs)| is_dc(pairs)).count();
        match self.names.get(self.names.len() - count) {
            Some((start, _)) => self.text[*start..].trim_start(),
            None => &self.text,
        }
    }

    /// Is this one of its values?
    pub(super) fn has_value(&self, wanted: &str) -> bool {
        self.names.iter().flat_map(|(_, pairs)| pairs).any(|(_, value)| value == wanted)
    }
}

/// Do two texts name the same entry? DNs are printed in more than one way.
pub(super) fn same(one: &str, other: &str) -> bool {
    match (Dn::parse(one), Dn::parse(other)) {
        (Some(one), Some(other)) => one.normal() == other.normal(),
        _ => false,
    }
}

/// A value or name without what most directories do not tell apart.
pub(super) fn fold(value: &str) -> String {
    value.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads a value up to what ends it; gives its text, and where that is.
fn value(text: &str) -> Option<(String, usize)> {
    let mut bytes = Vec::new();
    // Where the value ends when blanks that follow it are not its own.
    let mut kept = 0;
    let mut chars = text.char_indices().peekable();
    while chars.next_if(|(_, c)| *c == ' ').is_some() {}
    if let Some((start, _)) = chars.next_if(|(_, c)| *c == '#') {
        let end = text[start..].find([',', ';', '+']).map_or(text.len(), |at| start + at);
        let hex = text[start + 1..end].trim();
        return hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| (format!("#{hex}"), end));
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let (_, next) = chars.next()?;
                match next.to_digit(16).zip(chars.peek().and_then(|(_, c)| c.to_digit(16))) {
                    Some((high, low)) => {
                        chars.next();
                        bytes.push(u8::try_from(high * 16 + low).ok()?);
                    }
                    None if next.is_ascii_alphanumeric() => return None,
                    None => bytes.extend(next.encode_utf8(&mut [0; 4]).bytes()),
                }
                kept = bytes.len();
            }
            ',' | ';' | '+' => {
                bytes.truncate(kept);
                return Some((String::from_utf8_lossy(&bytes).into_owned(), at));
            }
            '"' => return None,
            c => {
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                if c != ' ' {
                    kept = bytes.len();
                }
            }
        }
    }
    bytes.truncate(kept);
    Some((String::from_utf8_lossy(&bytes).into_owned(), text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_the_same() {
        for (one, other) in [
            (
                "cn=Last\\, First,ou=odd\\, ou\\+x,dc=a",
                "CN=Last\\2C First,OU=odd\\2C ou\\2Bx, DC=A",
            ),
            ("cn=\\#hash \\ ,dc=a", "cn=\\23hash \\20,dc=a"),
            ("uid=müller,dc=a", "uid=m\\c3\\bcller,dc=a"),
            ("uid=MÜLLER , dc=a", "uid=müller,dc=a"),
            ("cn=a+uid=b,dc=c", "UID=b+CN=a,dc=c"),
            ("cn=a  b,dc=c", "cn=a b,dc=c"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("cn=a,dc=c", "cn=a,dc=d"),
            ("cn=a,dc=c", "uid=a,dc=c"),
            ("cn=a\\,dc\\=c", "cn=a,dc=c"),
            ("garbage", "garbage"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn spellings_that_openldap_takes_for_one_have_one_key() {
        let key = |value: &str| Dn::parse(&format!("uid={},dc=a", escape(value))).unwrap().key();
        for same in ["OK", "ok ", " ok", "ok\u{a0}", "ＯＫ", "o\u{212a}", "\u{1d428}\u{1d424}"] {
            assert_eq!(key(same), key("ok"), "{same}");
        }
        assert_eq!(key("müller"), key("mu\u{308}ller"));
        assert_eq!(key("MÜLLER"), key("müller"));
        assert_ne!(key("muller"), key("müller"));
    }

    #[test]
    fn what_is_not_a_dn_is_not_read() {
        for text in ["garbage", "=a", "cn=a,", "cn=\"a", "cn=a\\", "cn=a,b", "c n=a", "cn=\\zz"] {
            assert!(Dn::parse(text).is_none(), "{text}");
        }
        assert_eq!(Dn::parse("").unwrap().normal(), "");
        assert_eq!(Dn::parse("cn=#04024869,dc=a").unwrap().first_value(), Some("#04024869"));
    }

    #[test]
    fn the_domain_is_the_end_of_a_base() {
        let domain = |text| Dn::parse(text).unwrap().domain().to_owned();
        assert_eq!(domain("OU=Staff, DC=example,DC=com"), "DC=example,DC=com");
        assert_eq!(domain("o=company"), "o=company");
        assert_eq!(domain("dc=a"), "dc=a");
    }

    #[test]
    fn escaped_values_are_read_back() {
        for value in ["odd(*)\\,=+\"<>#; ü", "#hash  ", " a ", " ", "a\0b", "\u{7f}", "\\2c", "\n"]
        {
            let dn = format!("uid={},dc=a", escape(value));
            let read = Dn::parse(&dn).unwrap();
            assert!(read.names.len() == 2 && read.has_value(value), "{dn}");
        }
    }
}
