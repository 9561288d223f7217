//! A text without its escapes, that knows where each byte comes from.

use std::borrow::Cow;

/// Bytes with the places in the source that they stand for.
pub(crate) struct Decoded<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where they come from; none where the bytes are the source.
    runs: Option<Vec<Run>>,
}

/// Bytes from `at` up to the next run that come from `start..end`: each from one byte there if they
/// are as many, else each from all of it. (Escapes are longer than what they stand for.)
#[derive(Clone, Copy)]
struct Run {
    at: u32,
    start: u32,
    end: u32,
}

impl<'a> Decoded<'a> {
    pub(crate) fn plain(text: &'a str) -> Self {
        Self { bytes: Cow::Borrowed(text.as_bytes()), runs: None }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part of the source that the bytes `start..end` stand for.
    pub(crate) fn source(&self, start: usize, end: usize) -> (usize, usize) {
        match &self.runs {
            None => (start, end),
            Some(runs) => {
                let run_of = |at: usize| runs.partition_point(|run| run.at as usize <= at) - 1;
                (self.place(run_of(start), start).0, self.place(run_of(end - 1), end - 1).1)
            }
        }
    }

    /// What a byte of the run of this number stands for.
    fn place(&self, run: usize, at: usize) -> (usize, usize) {
        let runs = self.runs.as_deref().unwrap_or_default();
        let next = runs.get(run + 1).map_or(self.bytes.len(), |next| next.at as usize);
        let Run { at: first, start, end } = runs[run];
        let (first, start, end) = (first as usize, start as usize, end as usize);
        match next - first == end - start {
            true => (start + (at - first), start + (at - first) + 1),
            false => (start, end),
        }
    }

    /// Goes through the bytes in order, and knows what each stands for.
    fn walk(&self) -> impl FnMut(usize) -> (usize, usize) + '_ {
        let mut run = 0;
        move |at| {
            let Some(runs) = &self.runs else { return (at, at + 1) };
            while runs.get(run + 1).is_some_and(|next| next.at as usize <= at) {
                run += 1;
            }
            self.place(run, at)
        }
    }

    /// Without one level of one kind of escapes; nothing if there are none.
    pub(crate) fn unescaped(&self, kind: Kind) -> Option<Decoded<'static>> {
        let (mark, other) = match kind {
            Kind::Entities => (b'&', b'&'),
            Kind::Percent => (b'%', b'%'),
            Kind::Form => (b'+', b'%'),
            Kind::Json => (b'\\', b'\\'),
        };
        memchr::memchr(mark, &self.bytes)?;
        let mut out = Building::with_capacity(self.bytes.len());
        let mut place = self.walk();
        let mut at = 0;
        while at < self.bytes.len() {
            let next = memchr::memchr2(mark, other, &self.bytes[at..]);
            let next = next.map_or(self.bytes.len(), |n| at + n);
            match &self.runs {
                None => out.copy(&self.bytes[at..next], at),
                Some(_) => (at..next).for_each(|at| out.push(self.bytes[at], place(at))),
            }
            at = next;
            let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) else { break };
            let (len, escape) = match (kind, rest[0]) {
                (Kind::Entities, b'&') => entity(rest),
                (Kind::Percent | Kind::Form, b'%') => percent(rest),
                (Kind::Form, b'+') => (1, Some(Escape::Byte(b' '))),
                (Kind::Json, b'\\') => backslash(rest),
                _ => NONE,
            };
            let from = (place(at).0, place(at + len - 1).1);
            match escape {
                Some(Escape::Char(c)) => {
                    for b in c.encode_utf8(&mut [0; 4]).bytes() {
                        out.push(b, from);
                    }
                }
                Some(Escape::Byte(b)) => out.push(b, from),
                None => out.push(rest[0], from),
            }
            at += len;
        }
        drop(place);
        Some(out.done())
    }

    /// Without white space, tags, comments, instructions and CDATA marks.
    pub(crate) fn squeezed(&self) -> Decoded<'static> {
        let mut out = Building::with_capacity(self.bytes.len());
        let mut place = self.walk();
        let mut at = 0;
        // Where nothing ends any more, looking for an end again and again would be quadratic.
        let (mut tags_end, mut comments_end, mut sections_end) = (true, true, true);
        // Inside of a CDATA section, `<` is a character like any other.
        let mut in_cdata = false;
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let skipped = if !in_cdata && rest.starts_with(b"<![CDATA[") {
                sections_end = sections_end && memchr::memmem::find(rest, b"]]>").is_some();
                in_cdata = sections_end;
                9
            } else if rest.starts_with(b"]]>") {
                in_cdata = false;
                3
            } else if !in_cdata && comments_end && rest.starts_with(b"<!--") {
                let end = memchr::memmem::find(&rest[4..], b"-->");
                comments_end = end.is_some();
                end.map_or(0, |end| 4 + end + 3)
            } else if !in_cdata && rest[0] == b'<' && tags_end {
                let end = memchr::memchr(b'>', rest);
                tags_end = end.is_some();
                end.map_or(0, |end| end + 1)
            } else {
                usize::from(rest[0].is_ascii_whitespace())
            };
            if skipped == 0 {
                out.push(rest[0], place(at));
                at += 1;
            } else {
                at += skipped;
            }
        }
        drop(place);
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
    runs: Vec<Run>,
}

impl Building {
    fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), runs: Vec::new() }
    }

    /// Bytes that stand in the source from `start` on.
    fn copy(&mut self, bytes: &[u8], start: usize) {
        if let Some((first, rest)) = bytes.split_first() {
            self.push(*first, (start, start + 1));
            self.bytes.extend_from_slice(rest);
            if let Some(run) = self.runs.last_mut() {
                run.end += rest.len() as u32;
            }
        }
    }

    fn push(&mut self, byte: u8, (start, end): (usize, usize)) {
        // Bodies and files are far from 4 GiB.
        let (at, start, end) = (self.bytes.len() as u32, start as u32, end as u32);
        self.bytes.push(byte);
        match self.runs.last_mut() {
            Some(run)
                if run.end - run.start == at - run.at && run.end == start && end == start + 1 =>
            {
                run.end = end;
            }
            Some(run) if run.start == start && run.end == end && end - start > at - run.at => {}
            _ => self.runs.push(Run { at, start, end }),
        }
    }

    fn done(self) -> Decoded<'static> {
        Decoded { bytes: Cow::Owned(self.bytes), runs: Some(self.runs) }
    }
}

enum Escape {
    Char(char),
    Byte(u8),
}

/// How long an escape is, and what it stands for; what is not an escape is one byte that stands for itself.
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
