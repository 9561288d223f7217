//! What a certificate says to people: whose it is, who vouches for it, until when, for which names.
//!
//! Reads just that out of the DER (RFC 5280, section 4.1). Whether a certificate is to be trusted,
//! rustls decides.

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A certificate's visible parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// DNS names and addresses.
    pub(super) names: Vec<String>,
}

const SEQUENCE: u8 = 0x30;

/// An element of DER: its tag and content, and takes it off the input.
fn take<'d>(input: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = after;
            bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte))
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    *input = after;
    Some((tag, content))
}

fn expect<'d>(input: &mut &'d [u8], tag: u8) -> Option<&'d [u8]> {
    take(input).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

impl Certificate {
    /// Reads DER; `None` if it is no certificate.
    pub(super) fn read(mut der: &[u8]) -> Option<Self> {
        let mut outer = expect(&mut der, SEQUENCE)?;
        let mut tbs = expect(&mut outer, SEQUENCE)?;
        if tbs.first() == Some(&0xa0) {
            take(&mut tbs)?; // version
        }
        take(&mut tbs)?; // serial number
        take(&mut tbs)?; // signature algorithm
        let issuer = name(expect(&mut tbs, SEQUENCE)?);
        let mut validity = expect(&mut tbs, SEQUENCE)?;
        let (from, until) = (time(take(&mut validity)?)?, time(take(&mut validity)?)?);
        let subject = name(expect(&mut tbs, SEQUENCE)?);
        take(&mut tbs)?; // public key
        let mut names = Vec::new();
        while let Some((tag, mut content)) = take(&mut tbs) {
            if tag == 0xa3 {
                names = alternative_names(expect(&mut content, SEQUENCE)?);
            }
        }
        Some(Self { subject, issuer, from, until, names })
    }

    /// Did it sign itself?
    pub(super) fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// `CN=…, O=…`.
fn name(mut rdns: &[u8]) -> String {
    let mut text = String::new();
    while let Some((_, mut set)) = take(&mut rdns) {
        while let Some((_, mut attribute)) = take(&mut set) {
            let Some((_, oid)) = take(&mut attribute) else { continue };
            let Some((tag, value)) = take(&mut attribute) else { continue };
            let key = match oid {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x06] => "C",
                [0x55, 0x04, 0x07] => "L",
                [0x55, 0x04, 0x08] => "ST",
                [0x55, 0x04, 0x0a] => "O",
                [0x55, 0x04, 0x0b] => "OU",
                _ => continue,
            };
            let value = match tag {
                0x1e => encoding_rs::UTF_16BE.decode_without_bom_handling(value).0,
                _ => String::from_utf8_lossy(value),
            };
            let comma = if text.is_empty() { "" } else { ", " };
            let value: String = value.chars().take(100).collect();
            let _ = write!(text, "{comma}{key}={value}");
        }
    }
    if text.is_empty() { "(no name)".to_owned() } else { text.chars().take(300).collect() }
}

/// UTCTime or GeneralizedTime, both in UTC (RFC 5280, section 4.1.2.5).
fn time((tag, digits): (u8, &[u8])) -> Option<Timestamp> {
    let digits = std::str::from_utf8(digits).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let full = match (tag, digits.len()) {
        (0x17, 12) => {
            let century = if digits < "50" { "20" } else { "19" };
            format!("{century}{digits}")
        }
        (0x18, 14) => digits.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| full[from..to].parse::<i16>().ok();
    let small = |from: usize| i8::try_from(part(from, from + 2)?).ok();
    let civil =
        DateTime::new(part(0, 4)?, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?, 0);
    TimeZone::UTC.to_timestamp(civil.ok()?).ok()
}

fn alternative_names(mut extensions: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((_, mut extension)) = take(&mut extensions) {
        let Some((_, oid)) = take(&mut extension) else { continue };
        if oid != [0x55, 0x1d, 0x11] {
            continue;
        }
        // A `critical` flag may stand before the value.
        let mut value = None;
        while let Some((tag, content)) = take(&mut extension) {
            if tag == 0x04 {
                value = Some(content);
            }
        }
        let Some(mut list) = value.and_then(|mut value| expect(&mut value, SEQUENCE)) else {
            continue;
        };
        while let Some((tag, content)) = take(&mut list) {
            let address = match content.len() {
                4 => <[u8; 4]>::try_from(content).ok().map(IpAddr::from),
                16 => <[u8; 16]>::try_from(content).ok().map(IpAddr::from),
                _ => None,
            };
            match (tag, address) {
                (0x82, _) => {
                    names.push(String::from_utf8_lossy(content).chars().take(100).collect())
                }
                (0x87, Some(address)) => names.push(address.to_string()),
                _ => {}
            }
        }
    }
    names.truncate(50);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_dates_are_read_and_garbage_is_none() {
        let mut params =
            rcgen::CertificateParams::new(vec!["a.example".into(), "127.0.0.1".into()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Größe");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Company");
        params.not_before = rcgen::date_time_ymd(2001, 2, 3);
        params.not_after = rcgen::date_time_ymd(2051, 12, 31);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let read = Certificate::read(&der).unwrap();
        assert!(read.subject.contains("CN=Größe") && read.subject.contains("O=Company"));
        assert!(read.is_self_signed());
        assert_eq!(read.from.to_string(), "2001-02-03T00:00:00Z");
        assert_eq!(read.until.to_string(), "2051-12-31T00:00:00Z");
        assert_eq!(read.names, ["a.example", "127.0.0.1"]);
        for cut in 0..der.len() {
            let _ = Certificate::read(&der[..cut]);
            let mut bad = der.clone();
            bad[cut] ^= 0xff;
            let _ = Certificate::read(&bad);
        }
        assert_eq!(Certificate::read(b""), None);
    }
}
