//! Numbers in decimal notation, compared digit by digit: 0.1 is 0.1, and no number is too long.

use std::cmp::Ordering;

/// A number without the zeros that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal<'t> {
    is_negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    /// Reads digits with or without a sign and a point, and white space around them, which columns
    /// of a fixed width have. Exponents, commas and units make it something else than a number.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let text = text.trim_ascii();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { is_negative: text.starts_with('-') && !is_zero, whole, fraction })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |number: &Self| (number.whole.len(), number.whole, number.fraction);
        match (self.is_negative, other.is_negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (is_negative, _) if is_negative => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_what_they_are_worth() {
        let order = [
            "-10",
            "-9.5",
            "-0.1",
            "0",
            "0.09",
            "0.1",
            "0.3",
            "1",
            "1.05",
            "1.1",
            "9",
            "10",
            "9007199254740993",
            "9007199254740993.1",
            "123456789012345678901234567890",
        ];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                let pair = (Decimal::parse(one).unwrap(), Decimal::parse(other).unwrap());
                assert_eq!(pair.0.cmp(&pair.1), at.cmp(&other_at), "{one} {other}");
            }
        }
        for same in [["1.10", "1.1"], ["-0", "0.00"], ["+007", " 7. "], [".5", "0.50"]] {
            assert_eq!(Decimal::parse(same[0]), Decimal::parse(same[1]), "{same:?}");
        }
        for other in ["", " ", ".", "-", "--1", "1e3", "1,5", "1.2.3", "٣", "0x1F", "12 €", "NaN"]
        {
            assert_eq!(Decimal::parse(other), None, "{other}");
        }
    }
}
