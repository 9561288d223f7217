//! Search filters (RFC 4515): written with values that anybody typed, and encoded (RFC 4511, section
//! 4.5.1.7).

use super::ber::{self, tlv};

/// Filters in filters.
const DEEPEST: usize = 16;

/// A value as it stands in a filter (RFC 4515, section 3).
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '*' | '(' | ')' | '\\' | '\0' => escaped.push_str(&format!("\\{:02x}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A filter in bytes, or where it goes wrong.
pub(super) fn encode(text: &str) -> Result<Vec<u8>, String> {
    let mut parser = Parser { text, at: 0 };
    let filter = parser.filter(0)?;
    match parser.at == text.len() {
        true => Ok(filter),
        false => Err(parser.mistake("the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn mistake(&self, wanted: &str) -> String {
        let near: String = self.rest().chars().take(20).collect();
        format!("{wanted} should stand at character {}, before \"{near}\"", self.at + 1)
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        match self.rest().starts_with(c) {
            true => self.at += c.len_utf8(),
            false => return Err(self.mistake(&format!("\"{c}\""))),
        }
        Ok(())
    }

    fn filter(&mut self, depth: usize) -> Result<Vec<u8>, String> {
        if depth > DEEPEST {
            return Err(format!("more than {DEEPEST} filters in each other"));
        }
        self.expect('(')?;
        let tag = match self.rest().as_bytes().first() {
            Some(b'&') => 0xa0,
            Some(b'|') => 0xa1,
            Some(b'!') => 0xa2,
            _ => return self.item(),
        };
        self.at += 1;
        let mut inner = self.filter(depth + 1)?;
        while tag != 0xa2 && self.rest().starts_with('(') {
            inner.extend(self.filter(depth + 1)?);
        }
        self.expect(')')?;
        Ok(tlv(tag, &inner))
    }

    fn item(&mut self) -> Result<Vec<u8>, String> {
        let end = self.rest().find([')', '(']).unwrap_or(self.rest().len());
        let item = &self.rest()[..end];
        let equals = item.find('=').ok_or_else(|| self.mistake("ATTRIBUTE=VALUE"))?;
        let (left, right) = (&item[..equals], &item[equals + 1..]);
        let (left, operator) = match left.chars().last() {
            Some(c @ ('~' | '>' | '<' | ':')) => (&left[..left.len() - 1], Some(c)),
            _ => (left, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';' | '_');
        let is_rule = operator == Some(':');
        if !left.chars().all(|c| is_name(c) || (is_rule && c == ':')) || left.is_empty() {
            return Err(self.mistake("the name of an attribute"));
        }
        let encoded = match operator {
            Some(':') => extensible(left, &unescape(right)?),
            Some(c) => pair(
                match c {
                    '~' => 0xa8,
                    '>' => 0xa5,
                    _ => 0xa6,
                },
                left,
                &unescape(right)?,
            ),
            None if right == "*" => tlv(0x87, left.as_bytes()),
            None if right.contains('*') => substrings(left, right)?,
            None => pair(0xa3, left, &unescape(right)?),
        };
        self.at += end;
        self.expect(')')?;
        Ok(encoded)
    }
}

fn pair(tag: u8, attribute: &str, value: &[u8]) -> Vec<u8> {
    tlv(tag, &[ber::octets(attribute.as_bytes()), ber::octets(value)].concat())
}

fn substrings(attribute: &str, pattern: &str) -> Result<Vec<u8>, String> {
    let mut parts = Vec::new();
    let last = pattern.matches('*').count();
    for (at, part) in pattern.split('*').enumerate().filter(|(_, part)| !part.is_empty()) {
        let tag = if at == 0 {
            0x80
        } else if at == last {
            0x82
        } else {
            0x81
        };
        parts.extend(tlv(tag, &unescape(part)?));
    }
    Ok(tlv(0xa4, &[ber::octets(attribute.as_bytes()), tlv(0x30, &parts)].concat()))
}

/// `attribute:dn:rule:=value`, all before the value optional.
fn extensible(left: &str, value: &[u8]) -> Vec<u8> {
    let mut parts = left.split(':');
    let attribute = parts.next().unwrap_or_default();
    let (mut rule, mut dn) = (None, false);
    for part in parts {
        match part.eq_ignore_ascii_case("dn") {
            true => dn = true,
            false => rule = Some(part),
        }
    }
    let mut inner = rule.map(|rule| tlv(0x81, rule.as_bytes())).unwrap_or_default();
    if !attribute.is_empty() {
        inner.extend(tlv(0x82, attribute.as_bytes()));
    }
    inner.extend(tlv(0x83, value));
    if dn {
        inner.extend(tlv(0x84, &[0xff]));
    }
    tlv(0xa9, &inner)
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let escaped = digit().zip(digit()).and_then(|(a, b)| u8::try_from(a * 16 + b).ok());
        bytes.push(escaped.ok_or("a backslash should stand before two hexadecimal digits")?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_encoded_as_rfc_4511_says() {
        for (text, bytes) in [
            ("(uid=ok)", "a309 0403756964 04026f6b"),
            ("(uid=*)", "8703756964"),
            ("(uid=a*b*c)", "a410 0403756964 3009 800161 810162 820163"),
            ("(uid=*b*)", "a40a 0403756964 3003 810162"),
            ("(!(a=b))", "a208 a306040161040162"),
            (
                "(&(a=b)(|(c=d)(e>=f)))",
                "a01a a306040161040162 a110 a306040163040164 a506040165040166",
            ),
            ("(a:1.2:=x)", "a90b 8103312e32 820161 830178"),
            ("(:dn:1.2:=x)", "a90b 8103312e32 830178 8401ff"),
            ("(a=\\2a\\C3\\bc)", "a308 040161 04032ac3bc"),
            ("(a=)", "a305 040161 0400"),
        ] {
            let bytes = bytes.replace(' ', "");
            let encoded: String =
                encode(text).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(encoded, bytes, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_filter_is_said_with_its_place() {
        for text in [
            "", "uid=a", "(uid)", "(uid=a", "(uid=a))", "(&)", "(u d=a)", "(=a)", "(a=\\2)",
            "((a=b))",
        ] {
            assert!(encode(text).is_err(), "{text}");
        }
        let mistake = encode("(&(uid=a)(b))").unwrap_err();
        assert_eq!(mistake, "ATTRIBUTE=VALUE should stand at character 11, before \"b))\"");
        let deep = "(!".repeat(100_000) + "(a=b)";
        assert_eq!(encode(&deep).unwrap_err(), "more than 16 filters in each other");
    }
}
