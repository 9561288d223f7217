//! A text without its escapes, that knows where each byte comes from.

use std::borrow::Cow;

/// Bytes with the places in the source that they stand for.
pub(crate) struct Decoded<'a> {
    bytes: Cow<'a, [u8]>,
    /// Start and end in the source for each byte; none where the bytes are the source.
    places: Option<Vec<(usize, usize)>>,
}

impl<'a> Decoded<'a> {
    pub(crate) fn plain(text: &'a str) -> Self {
        Self { bytes: Cow::Borrowed(text.as_bytes()), places: None }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part of the source that the bytes `start..end` stand for.
    pub(crate) fn source(&self, start: usize, end: usize) -> (usize, usize) {
        match &self.places {
            None => (start, end),
            Some(places) => (places[start].0, places[end - 1].1),
        }
    }

    /// Without one level of one kind of escapes; nothing if there are none.
    pub(crate) fn unescaped(&self, kind: Kind) -> Option<Decoded<'static>> {
        let mark = match kind {
            Kind::Entities => b'&',
            Kind::Percent => b'%',
            Kind::Form => b'+',
            Kind::Json => b'\\',
        };
        memchr::memchr(mark, &self.bytes)?;
        let mut out = Building::default();
        let mut at = 0;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let (len, escape) = match (kind, rest[0]) {
                (Kind::Entities, b'&') => entity(rest),
                (Kind::Percent | Kind::Form, b'%') => percent(rest),
                (Kind::Form, b'+') => (1, Some(Escape::Byte(b' '))),
                (Kind::Json, b'\\') => backslash(rest),
                _ => NONE,
            };
            let place = self.source(at, at + len);
            match escape {
                Some(Escape::Char(c)) => {
                    for b in c.encode_utf8(&mut [0; 4]).bytes() {
                        out.push(b, place);
                    }
                }
                Some(Escape::Byte(b)) => out.push(b, place),
                None => out.push(rest[0], place),
            }
            at += len;
        }
        Some(out.done())
    }

    /// Without white space, tags and CDATA marks.
    pub(crate) fn squeezed(&self) -> Decoded<'static> {
        let mut out = Building::default();
        let mut at = 0;
        // Where no tag ends any more, looking for an end again and again would be quadratic.
        let mut tags_end = true;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let skipped = if rest.starts_with(b"<![CDATA[") {
                9
            } else if rest.starts_with(b"]]>") {
                3
            } else if rest[0] == b'<' && tags_end {
                let end = memchr::memchr(b'>', rest);
                tags_end = end.is_some();
                end.map_or(0, |end| end + 1)
            } else {
                usize::from(rest[0].is_ascii_whitespace())
            };
            if skipped == 0 {
                out.push(rest[0], self.source(at, at + 1));
                at += 1;
            } else {
                at += skipped;
            }
        }
        out.done()
    }
}

/// A language with escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// XML and HTML: `&lt;`, `&#60;`.
    Entities,
    /// URLs: `%3C`.
    Percent,
    /// Forms: the same, and `+` for a space.
    Form,
    /// JSON and JavaScript: `\\u003c`.
    Json,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Entities, Self::Percent, Self::Form, Self::Json];
}

#[derive(Default)]
struct Building {
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

impl Building {
    fn push(&mut self, byte: u8, place: (usize, usize)) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    fn done(self) -> Decoded<'static> {
        Decoded { bytes: Cow::Owned(self.bytes), places: Some(self.places) }
    }
}

enum Escape {
    Char(char),
    Byte(u8),
}

/// How long an escape is, and what it stands for; what is none is one byte that stands for itself.
type Unescaped = (usize, Option<Escape>);

const NONE: Unescaped = (1, None);

fn hex(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok())
}

fn entity(rest: &[u8]) -> Unescaped {
    let window = &rest[..rest.len().min(12)];
    let Some(end) = window.iter().position(|&b| b == b';') else { return NONE };
    let c = match &rest[1..end] {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        b"nbsp" => Some(' '),
        [b'#', b'x' | b'X', digits @ ..] => hex(digits).and_then(char::from_u32),
        [b'#', digits @ ..] => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .and_then(char::from_u32),
        _ => None,
    };
    c.map_or(NONE, |c| (end + 1, Some(Escape::Char(c))))
}

fn percent(rest: &[u8]) -> Unescaped {
    if let Some(digits) = rest.get(2..6).filter(|_| matches!(rest[1], b'u' | b'U'))
        && let Some(c) = hex(digits).and_then(char::from_u32)
    {
        return (6, Some(Escape::Char(c)));
    }
    match rest.get(1..3).and_then(hex).and_then(|byte| u8::try_from(byte).ok()) {
        Some(byte) => (3, Some(Escape::Byte(byte))),
        None => NONE,
    }
}

fn backslash(rest: &[u8]) -> Unescaped {
    let c = match rest.get(1) {
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(&b @ (b'"' | b'\'' | b'\\' | b'/')) => char::from(b),
        Some(b'x') => match rest.get(2..4).and_then(hex).and_then(char::from_u32) {
            Some(c) => return (4, Some(Escape::Char(c))),
            None => return NONE,
        },
        Some(b'u') => {
            let Some(first) = rest.get(2..6).and_then(hex) else { return NONE };
            if let Some(c) = char::from_u32(first) {
                return (6, Some(Escape::Char(c)));
            }
            let second =
                rest.get(8..12).filter(|_| rest[6..8] == *b"\\u").and_then(hex).unwrap_or(0);
            return match char::decode_utf16([first as u16, second as u16]).next() {
                Some(Ok(c)) => (12, Some(Escape::Char(c))),
                _ => NONE,
            };
        }
        _ => return NONE,
    };
    (2, Some(Escape::Char(c)))
}
