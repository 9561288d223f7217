//! LDAP's messages (RFC 4511): the few that are sent, and whatever comes.

use std::fmt;

use zeroize::Zeroizing;

use super::ber::{Reader, number, octets, tlv, unsigned};
use crate::secret::{Mask, Secret};

/// The control of draft-behera-ldap-password-policy: asks at a bind for the state of the password.
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Active Directory's: no references to other domains ([MS-ADTS], section 3.1.1.3.4.1.10).
pub(super) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// Characters of a server's text that are judged.
const LONGEST_TEXT: usize = 4096;
/// Those of it that are shown.
const LONGEST_SHOWN: usize = 300;
/// Attributes of an entry, and values of one, that are read.
const MOST_VALUES: usize = 20_000;

/// How far a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The entry itself.
    Base = 0,
    /// All below it, too.
    Subtree = 2,
}

/// A search.
#[derive(Debug, Clone)]
pub(super) struct Search<'s> {
    pub(super) base: &'s str,
    pub(super) scope: Scope,
    /// Encoded.
    pub(super) filter: Vec<u8>,
    pub(super) attributes: Vec<&'s str>,
    /// Entries that are wanted at most; 0 for all.
    pub(super) limit: u32,
    /// Without references to other domains.
    pub(super) domain_scope: bool,
}

fn message(id: u32, operation: &[u8], control: Option<&str>) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(number(0x02, id));
    body.extend(operation);
    if let Some(control) = control {
        // Not critical: whoever does not know it ignores it.
        body.extend(tlv(0xa0, &tlv(0x30, &octets(control.as_bytes()))));
    }
    Zeroizing::new(tlv(0x30, &body))
}

pub(super) fn bind(id: u32, dn: &str, password: &str) -> Zeroizing<Vec<u8>> {
    let password = Zeroizing::new(tlv(0x80, password.as_bytes()));
    let mut body = Zeroizing::new(Vec::with_capacity(dn.len() + password.len() + 16));
    body.extend(number(0x02, 3));
    body.extend(octets(dn.as_bytes()));
    body.extend(&*password);
    message(id, &Zeroizing::new(tlv(0x60, &body)), Some(PASSWORD_POLICY))
}

pub(super) fn search(id: u32, search: &Search<'_>, seconds: u32) -> Zeroizing<Vec<u8>> {
    let attributes: Vec<u8> =
        search.attributes.iter().flat_map(|name| octets(name.as_bytes())).collect();
    let body = [
        octets(search.base.as_bytes()),
        number(0x0a, search.scope as u32),
        // Aliases are never followed.
        number(0x0a, 0),
        number(0x02, search.limit),
        number(0x02, seconds),
        tlv(0x01, &[0]),
        search.filter.clone(),
        tlv(0x30, &attributes),
    ];
    message(id, &tlv(0x63, &body.concat()), search.domain_scope.then_some(DOMAIN_SCOPE))
}

pub(super) fn start_tls(id: u32) -> Zeroizing<Vec<u8>> {
    message(id, &tlv(0x77, &tlv(0x80, START_TLS.as_bytes())), None)
}

pub(super) fn unbind(id: u32) -> Zeroizing<Vec<u8>> {
    message(id, &[0x42, 0], None)
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Received {
    /// An operation's end.
    Answer(Answer),
    /// An entry of a search.
    Entry(Entry),
    /// A reference to another server, or an intermediate word: neither is followed.
    Other,
}

/// The result of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub(super) code: u32,
    /// The server's text, bounded, in one line. A server could answer with what it was asked: it is
    /// judged, and never shown.
    pub(super) text: String,
    /// The start of it as it may be shown.
    pub(super) shown: String,
    /// The value of the password policy's control, if it came.
    pub(super) policy: Option<Vec<u8>>,
}

/// An entry, with the attributes that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    pub(super) dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// An entry of which nothing is known but its name.
    pub(super) fn named(dn: &str) -> Self {
        Self { dn: dn.to_owned(), attributes: Vec::new() }
    }

    /// The values of an attribute, whatever the case of its name.
    pub(super) fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// Those that are text and not blank.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let text = |value| std::str::from_utf8(value).ok().filter(|text| !text.trim().is_empty());
        self.values(name).iter().filter_map(move |value: &Vec<u8>| text(value))
    }

    /// About how much memory it takes.
    pub(super) fn size(&self) -> usize {
        let values =
            |values: &[Vec<u8>]| values.iter().map(|value| value.len() + 32).sum::<usize>();
        let attributes = self.attributes.iter();
        self.dn.len() + attributes.map(|(name, all)| name.len() + 64 + values(all)).sum::<usize>()
    }

    /// The first of them.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }
}

/// The tags of the operations' ends.
pub(super) const BIND_END: u8 = 0x61;
pub(super) const SEARCH_END: u8 = 0x65;
pub(super) const EXTENDED_END: u8 = 0x78;

/// Reads the content of a message: its number, and what it is. A result must be the end of what was
/// asked, or one that nobody asked for, whose number is 0.
pub(super) fn read(content: &[u8], end: u8) -> Result<(u32, Received), &'static str> {
    let mut reader = Reader(content);
    let id = reader.expect(0x02).and_then(unsigned).ok_or("a message without a number")?;
    let (tag, body) = reader.element().ok_or("a message without an operation")?;
    let received = match tag {
        0x64 => Received::Entry(entry(body).ok_or("an entry that is cut")?),
        0x73 | 0x79 => Received::Other,
        BIND_END | SEARCH_END | EXTENDED_END if tag == end || id == 0 => {
            let mut answer = answer(body).ok_or("a result that is cut")?;
            if let Some(controls) = reader.expect(0xa0) {
                answer.policy = policy(controls);
            }
            Received::Answer(answer)
        }
        _ => return Err("an operation that was not asked for"),
    };
    Ok((id, received))
}

fn answer(body: &[u8]) -> Option<Answer> {
    let mut reader = Reader(body);
    let code = unsigned(reader.expect(0x0a)?)?;
    reader.expect(0x04)?;
    let text = one_line(reader.expect(0x04)?);
    Some(Answer { code, text, shown: String::new(), policy: None })
}

fn policy(controls: &[u8]) -> Option<Vec<u8>> {
    let mut controls = Reader(controls);
    while let Some(control) = controls.expect(0x30) {
        let mut parts = Reader(control);
        if parts.expect(0x04)? == PASSWORD_POLICY.as_bytes() {
            let mut value = parts.element();
            if matches!(value, Some((0x01, _))) {
                value = parts.element();
            }
            return value.filter(|(tag, _)| *tag == 0x04).map(|(_, value)| value.to_vec());
        }
    }
    None
}

fn entry(body: &[u8]) -> Option<Entry> {
    let mut reader = Reader(body);
    let dn = String::from_utf8_lossy(reader.expect(0x04)?).into_owned();
    let mut list = Reader(reader.expect(0x30)?);
    let mut attributes = Vec::new();
    let mut count = 0;
    while !list.0.is_empty() {
        let mut attribute = Reader(list.expect(0x30)?);
        let name = String::from_utf8_lossy(attribute.expect(0x04)?).into_owned();
        let mut set = Reader(attribute.expect(0x31)?);
        let mut values = Vec::new();
        while !set.0.is_empty() {
            values.push(set.expect(0x04)?.to_vec());
            count += 1;
            if count > MOST_VALUES {
                return None;
            }
        }
        attributes.push((name, values));
        // Without values, too, it takes memory.
        count += 1;
        if count > MOST_VALUES {
            return None;
        }
    }
    Some(Entry { dn, attributes })
}

/// A server's text: the first line's worth of it, without what disturbs a terminal or forges a log.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let safe = text.trim_matches(|c: char| c.is_control() || c.is_whitespace()).chars();
    safe.take(LONGEST_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Answer {
    /// Lets the text be shown but for the password that the server was given, if it was given one.
    pub(super) fn show_without(&mut self, password: Option<&Secret>) {
        let mask = if self.text.is_empty() { Mask::default() } else { Mask::new(password) };
        // Keys are the server's words.
        let text = mask.apply_values(&self.text);
        self.shown = text.chars().take(LONGEST_SHOWN).collect();
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, name(self.code))?;
        if !self.shown.is_empty() {
            write!(f, " \"{}\"", self.shown)?;
        }
        Ok(())
    }
}

/// The name of a result (RFC 4511, appendix A).
pub(super) fn name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        14 => "saslBindInProgress",
        16 => "noSuchAttribute",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        80 => "other",
        _ => "(a result without a name)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_message(text: &[u8], controls: &[u8]) -> Vec<u8> {
        let result = [number(0x0a, 49), octets(b""), octets(text)].concat();
        [number(2, 7), tlv(0x61, &result), controls.to_vec()].concat()
    }

    #[test]
    fn requests_are_as_rfc_4511_says() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&unbind(3)), "30050201034200");
        let control = format!("a01d301b0419{}", hex(PASSWORD_POLICY.as_bytes()));
        let bound = "302e020101600a020103040161800270 77".replace(' ', "");
        assert_eq!(hex(&bind(1, "a", "pw")), bound + &control);
    }

    #[test]
    fn a_text_is_one_bounded_line() {
        let (id, received) =
            read(&answer_message(b"one\r\nFAIL: two\x1b[31m \xc3\xbc\0", &[]), BIND_END).unwrap();
        let Received::Answer(mut answer) = received else { panic!("{received:?}") };
        answer.show_without(None);
        assert_eq!(
            (id, answer.to_string().as_str()),
            (7, "49 invalidCredentials \"one  FAIL: two [31m ü\"")
        );
        let (_, received) = read(&answer_message(&[b'x'; 20_000], &[]), BIND_END).unwrap();
        let Received::Answer(answer) = received else { panic!("{received:?}") };
        assert_eq!(answer.text.len(), LONGEST_TEXT);
    }

    #[test]
    fn what_the_server_was_given_is_not_shown() {
        // Where a text is cut, no half of a password stays.
        for before in ["no ".to_owned(), "x".repeat(LONGEST_SHOWN - 3)] {
            let text = format!("{before}hunter2 hunter2");
            let message = answer_message(text.as_bytes(), &[]);
            let Received::Answer(mut answer) = read(&message, BIND_END).unwrap().1 else {
                panic!()
            };
            assert_eq!(answer.to_string(), "49 invalidCredentials");
            answer.show_without(Some(&"hunter2".into()));
            let shown = answer.to_string();
            assert!(shown.contains(&before[..3]) && !shown.contains("hu"), "{shown}");
            assert!(shown.len() < LONGEST_SHOWN + 30 && answer.text == text, "{shown}");
        }
    }

    #[test]
    fn the_policy_is_found_among_controls() {
        let control =
            |oid: &str, rest: &[u8]| tlv(0x30, &[octets(oid.as_bytes()), rest.to_vec()].concat());
        let value = octets(&[0x30, 0]);
        for (controls, policy) in [
            (control(PASSWORD_POLICY, &value), Some(vec![0x30, 0])),
            (
                control(PASSWORD_POLICY, &[tlv(1, &[0xff]), value.clone()].concat()),
                Some(vec![0x30, 0]),
            ),
            (
                [control("1.2", &value), control(PASSWORD_POLICY, &value)].concat(),
                Some(vec![0x30, 0]),
            ),
            (control(PASSWORD_POLICY, &[]), None),
            (control("1.2", &value), None),
            (vec![0x30, 9], None),
        ] {
            let (_, received) =
                read(&answer_message(b"", &tlv(0xa0, &controls)), BIND_END).unwrap();
            let Received::Answer(answer) = received else { panic!("{received:?}") };
            assert_eq!(answer.policy, policy, "{controls:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let attribute = tlv(0x30, &[octets(b"mail"), tlv(0x31, &octets(b"a@b"))].concat());
        let entry = tlv(0x64, &[octets(b"uid=a"), tlv(0x30, &attribute)].concat());
        let whole = [number(2, 1), entry].concat();
        let (_, received) = read(&whole, SEARCH_END).unwrap();
        let Received::Entry(entry) = received else { panic!("{received:?}") };
        assert_eq!((entry.dn.as_str(), entry.text("MAIL")), ("uid=a", Some("a@b")));
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut], SEARCH_END);
            for byte in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[cut] = byte;
                let _ = read(&changed, SEARCH_END);
            }
        }
    }
}
