//! The one way in which values of all databases become text.

/// A floating point number: the shortest digits that read back as the same, without an exponent;
/// `NaN`, `Infinity`, `-Infinity`.
pub(super) fn float(value: f64) -> String {
    match value {
        _ if value.is_infinite() && value > 0.0 => "Infinity".to_owned(),
        _ if value.is_infinite() => "-Infinity".to_owned(),
        _ => value.to_string(),
    }
}

/// The same of single precision, whose digits are fewer.
pub(super) fn single(value: f32) -> String {
    if value.is_finite() { value.to_string() } else { float(f64::from(value)) }
}

/// A day, counted from 1970-01-01, in the Gregorian calendar: `2026-11-26`. Years before 1 are
/// negative as in ISO 8601: `-0001` is 2 BC.
pub(super) fn date(days: i64) -> String {
    // Years that begin in March, in cycles of 400: the leap day is the last of a year, if there is one.
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let of_year = if month < 10 { month + 3 } else { month - 9 };
    let year = year + cycle * 400 + i64::from(of_year <= 2);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{of_year:02}-{of_month:02}", year.abs())
}

/// A time of day in nanoseconds: `09:15:42`, `09:15:42.5`.
pub(super) fn time(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let fraction = fraction(nanoseconds % 1_000_000_000);
    format!("{hours:02}:{minutes:02}:{:02}{fraction}", seconds % 60)
}

/// A date with a time: `2026-11-26T09:15:42`; days from 1970, nanoseconds of the day.
pub(super) fn timestamp(days: i64, nanoseconds: u64) -> String {
    format!("{}T{}", date(days), time(nanoseconds))
}

/// Fractions of a second without zeros at the end, with the point; nothing for none.
pub(super) fn fraction(nanoseconds: u64) -> String {
    match nanoseconds {
        0 => String::new(),
        some => format!(".{some:09}").trim_end_matches('0').to_owned(),
    }
}

/// `550e8400-e29b-41d4-a716-446655440000`
pub(super) fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_iso_8601() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_783, "2026-11-26"),
            (-719_528, "0000-01-01"),
            (-719_529, "-0001-12-31"),
            (2_932_897, "10000-01-01"),
        ] {
            assert_eq!(date(days), text);
        }
        // Against another calendar, from year 1.
        let mut day = jiff::civil::date(1, 1, 1);
        for days in (-719_162..720_989).step_by(11) {
            assert_eq!(date(days), day.to_string());
            day = day.checked_add(jiff::Span::new().days(11)).unwrap();
        }
        assert_eq!(timestamp(-1, 1_500_000_000), "1969-12-31T00:00:01.5");
        assert_eq!(time(86_399_000_000_100), "23:59:59.0000001");
    }

    #[test]
    fn numbers_have_no_exponents() {
        assert_eq!(float(1e21), "1000000000000000000000");
        assert_eq!(float(-0.1), "-0.1");
        assert_eq!(float(3.0), "3");
        assert_eq!(single(0.1), "0.1");
        assert_eq!(float(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(single(f32::NAN), "NaN");
        assert_eq!(uuid([0xab; 16]), "abababab-abab-abab-abab-abababababab");
    }
}
