//! Values of PostgreSQL as text, from the binary form in which they come (the `*_send` functions of
//! its sources).

use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::super::render;

/// Days from 1970 to PostgreSQL's epoch, 2000-01-01.
const EPOCH: i64 = 10_957;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

type Failure = Box<dyn Error + Sync + Send>;

/// A value for the server, as a text of whichever type it wants.
#[derive(Debug)]
pub(super) struct Parameter<'v>(pub(super) Option<&'v str>);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A value of the server.
pub(super) struct Cell(pub(super) Option<String>);

impl<'r> FromSql<'r> for Cell {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Failure> {
        let text = text(kind, raw).ok_or("a value that cannot be shown as text")?;
        Ok(Self(Some(text)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(None))
    }

    fn accepts(kind: &Type) -> bool {
        is_readable(kind)
    }
}

/// Is there a text for values of the type?
pub(super) fn is_readable(kind: &Type) -> bool {
    match kind.kind() {
        Kind::Simple => is_text(kind) || OTHERS.contains(kind),
        Kind::Enum(_) => true,
        Kind::Domain(base) => is_readable(base),
        _ => false,
    }
}

fn is_text(kind: &Type) -> bool {
    const TEXTS: [Type; 7] =
        [Type::TEXT, Type::VARCHAR, Type::NAME, Type::UNKNOWN, Type::XML, Type::JSON, Type::BPCHAR];
    TEXTS.contains(kind) || kind.name() == "citext"
}

const OTHERS: [Type; 27] = [
    Type::BOOL,
    Type::CHAR,
    Type::INT2,
    Type::INT4,
    Type::INT8,
    Type::OID,
    Type::XID,
    Type::CID,
    Type::XID8,
    Type::FLOAT4,
    Type::FLOAT8,
    Type::NUMERIC,
    Type::DATE,
    Type::TIME,
    Type::TIMETZ,
    Type::TIMESTAMP,
    Type::TIMESTAMPTZ,
    Type::INTERVAL,
    Type::UUID,
    Type::JSONB,
    Type::INET,
    Type::CIDR,
    Type::MACADDR,
    Type::MACADDR8,
    Type::BIT,
    Type::VARBIT,
    Type::PG_LSN,
];

/// A value as text; `None` if it is not what its type says.
fn text(kind: &Type, raw: &[u8]) -> Option<String> {
    if let Kind::Domain(base) = kind.kind() {
        return text(base, raw);
    }
    if is_text(kind) || matches!(kind.kind(), Kind::Enum(_)) {
        let text = std::str::from_utf8(raw).ok()?;
        let text = if *kind == Type::BPCHAR { text.trim_end_matches(' ') } else { text };
        return Some(text.to_owned());
    }
    Some(match *kind {
        Type::BOOL => (*raw.first()? != 0).to_string(),
        Type::CHAR => char::from(*raw.first()?).to_string(),
        Type::INT2 => i16::from_be_bytes(raw.try_into().ok()?).to_string(),
        Type::INT4 => i32::from_be_bytes(raw.try_into().ok()?).to_string(),
        Type::INT8 => long(raw)?.to_string(),
        Type::OID | Type::XID | Type::CID => u32::from_be_bytes(raw.try_into().ok()?).to_string(),
        Type::XID8 => u64::from_be_bytes(raw.try_into().ok()?).to_string(),
        Type::FLOAT4 => render::single(f32::from_be_bytes(raw.try_into().ok()?)),
        Type::FLOAT8 => render::float(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::NUMERIC => numeric(raw)?,
        Type::DATE => match i32::from_be_bytes(raw.try_into().ok()?) {
            i32::MAX => "infinity".to_owned(),
            i32::MIN => "-infinity".to_owned(),
            days => render::date(i64::from(days) + EPOCH),
        },
        Type::TIME => time(long(raw)?),
        Type::TIMETZ => {
            let (time_of_day, zone) = raw.split_at_checked(8)?;
            let zone = i32::from_be_bytes(zone.try_into().ok()?);
            format!("{}{}", time(long(time_of_day)?), offset(zone))
        }
        Type::TIMESTAMP => timestamp(long(raw)?, ""),
        Type::TIMESTAMPTZ => timestamp(long(raw)?, "Z"),
        Type::INTERVAL => interval(raw)?,
        Type::UUID => render::uuid(raw.try_into().ok()?),
        // Version 1 is the text.
        Type::JSONB => std::str::from_utf8(raw.strip_prefix(&[1])?).ok()?.to_owned(),
        Type::INET | Type::CIDR => network(raw)?,
        Type::MACADDR | Type::MACADDR8 => {
            raw.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
        }
        Type::BIT | Type::VARBIT => {
            let (count, bits) = raw.split_at_checked(4)?;
            let count = usize::try_from(i32::from_be_bytes(count.try_into().ok()?)).ok()?;
            let bits: String = bits.iter().map(|byte| format!("{byte:08b}")).collect();
            bits.get(..count)?.to_owned()
        }
        Type::PG_LSN => {
            let position = u64::from_be_bytes(raw.try_into().ok()?);
            format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff)
        }
        _ => return None,
    })
}

fn long(raw: &[u8]) -> Option<i64> {
    raw.try_into().ok().map(i64::from_be_bytes)
}

/// Digits to the base of 10 000, of which the first stands for `10000^weight`.
fn numeric(raw: &[u8]) -> Option<String> {
    let mut words = raw.chunks_exact(2).map(|word| i16::from_be_bytes([word[0], word[1]]));
    let (_, weight, sign, scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let negative = match sign.cast_unsigned() {
        0 => "",
        0x4000 => "-",
        0xc000 => return Some("NaN".to_owned()),
        0xd000 => return Some("Infinity".to_owned()),
        0xf000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let digits: Vec<i16> = words.collect();
    // What is not there is zero, at both ends.
    let digit = |power: i32| {
        let at = usize::try_from(i32::from(weight) - power).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let mut whole = String::new();
    for power in (0..=i32::from(weight.max(0))).rev() {
        whole.push_str(&format!("{:04}", digit(power)));
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let scale = usize::try_from(scale).ok()?;
    let mut fraction = String::new();
    for power in 1..=i32::try_from(scale.div_ceil(4)).ok()? {
        fraction.push_str(&format!("{:04}", digit(-power)));
    }
    fraction.truncate(scale);
    let point = if scale > 0 { "." } else { "" };
    Some(format!("{negative}{whole}{point}{fraction}"))
}

fn time(microseconds: i64) -> String {
    render::time(microseconds.unsigned_abs() * 1000)
}

/// Seconds west of Greenwich as an offset east of it.
fn offset(west: i32) -> String {
    let sign = if west > 0 { '-' } else { '+' };
    let minutes = west.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn timestamp(microseconds: i64, zone: &str) -> String {
    match microseconds {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        some => {
            let of_day = some.rem_euclid(DAY).unsigned_abs() * 1000;
            format!("{}{zone}", render::timestamp(some.div_euclid(DAY) + EPOCH, of_day))
        }
    }
}

/// Microseconds, days and months, each with its own sign.
fn interval(raw: &[u8]) -> Option<String> {
    let (microseconds, rest) = raw.split_at_checked(8)?;
    let (days, months) = rest.split_at_checked(4)?;
    let microseconds = long(microseconds)?;
    let days = i32::from_be_bytes(days.try_into().ok()?);
    let months = i32::from_be_bytes(months.try_into().ok()?);
    let seconds = microseconds / 1_000_000;
    let fraction = render::fraction(microseconds.unsigned_abs() % 1_000_000 * 1000);
    let sign = if microseconds < 0 && seconds % 60 == 0 { "-" } else { "" };
    let second = match (seconds % 60, fraction.as_str()) {
        (0, "") => String::new(),
        (second, fraction) => format!("{sign}{second}{fraction}S"),
    };
    let part = |number: i64, letter: char| match number {
        0 => String::new(),
        number => format!("{number}{letter}"),
    };
    let date = [
        part(i64::from(months / 12), 'Y'),
        part(i64::from(months % 12), 'M'),
        part(i64::from(days), 'D'),
    ];
    let time = [part(seconds / 3600, 'H'), part(seconds / 60 % 60, 'M'), second];
    Some(match (date.concat(), time.concat()) {
        (date, time) if date.is_empty() && time.is_empty() => "PT0S".to_owned(),
        (date, time) if time.is_empty() => format!("P{date}"),
        (date, time) => format!("P{date}T{time}"),
    })
}

/// Family, bits of the mask, whether it is a network, length, address.
fn network(raw: &[u8]) -> Option<String> {
    let [_, bits, is_network, _, address @ ..] = raw else { return None };
    let (address, all) = match address.len() {
        4 => (Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string(), 32),
        16 => (Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string(), 128),
        _ => return None,
    };
    let is_host = *is_network == 0 && *bits == all;
    Some(if is_host { address } else { format!("{address}/{bits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn exact_decimals_keep_their_digits() {
        for (words, expected) in [
            (&[0, 0, 0, 0][..], "0"),
            (&[0, 0, 0, 2], "0.00"),
            (&[2, 0, 0, 2, 12, 5000], "12.50"),
            (&[2, 0, 0x4000, 1, 3, 1000], "-3.1"),
            (&[1, 1, 0, 0, 1], "10000"),
            (&[3, 2, 0, 0, 1, 0, 7], "100000007"),
            (&[1, -2, 0, 8, 25], "0.00000025"),
            (&[1, -2, 0, 5, 1000], "0.00001"),
            (&[0, 0, -0x4000, 0], "NaN"),
            (&[0, 0, -0x3000, 0], "Infinity"),
        ] {
            assert_eq!(text(&Type::NUMERIC, &bytes(words)).unwrap(), expected);
        }
    }

    #[test]
    fn times_are_iso_8601() {
        let interval = |microseconds: i64, days: i32, months: i32| {
            let raw = [
                &microseconds.to_be_bytes()[..],
                &days.to_be_bytes()[..],
                &months.to_be_bytes()[..],
            ]
            .concat();
            text(&Type::INTERVAL, &raw).unwrap()
        };
        assert_eq!(interval(14_706_500_000, 3, 14), "P1Y2M3DT4H5M6.5S");
        assert_eq!(interval(-500_000, 0, 0), "PT-0.5S");
        assert_eq!(interval(-61_500_000, -1, -13), "P-1Y-1M-1DT-1M-1.5S");
        assert_eq!(interval(0, 0, 0), "PT0S");
        let stamp = |kind: &Type, value: i64| text(kind, &value.to_be_bytes()).unwrap();
        assert_eq!(stamp(&Type::TIMESTAMP, -1), "1999-12-31T23:59:59.999999");
        assert_eq!(stamp(&Type::TIMESTAMPTZ, 0), "2000-01-01T00:00:00Z");
        assert_eq!(stamp(&Type::TIMESTAMP, i64::MAX), "infinity");
        // The last that the server has.
        assert_eq!(
            stamp(&Type::TIMESTAMP, 9_223_371_331_199_999_999),
            "294276-12-31T23:59:59.999999"
        );
        let zoned = [&33_342_000_000_i64.to_be_bytes()[..], &12_600_i32.to_be_bytes()].concat();
        assert_eq!(text(&Type::TIMETZ, &zoned).unwrap(), "09:15:42-03:30");
    }

    #[test]
    fn what_is_cut_short_is_not_a_value() {
        let whole = [0; 24];
        for kind in OTHERS {
            for length in 0..whole.len() {
                // No length may end the program.
                let _ = text(&kind, &whole[..length]);
            }
        }
        assert_eq!(text(&Type::INT4, &[0; 3]), None);
        assert_eq!(text(&Type::TEXT, &[0xff]), None);
        assert_eq!(text(&Type::BYTEA, &[]), None);
        assert_eq!(text(&Type::BIT, &[0, 0, 0, 9, 0xff]), None);
    }
}
