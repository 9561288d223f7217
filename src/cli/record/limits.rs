//! How much a recording may grow, as arguments.

use std::time::Duration;

use external_providers::record::Retention;

use crate::cli::serve::age;

/// A number of exchanges.
pub(super) fn exchanges(text: &str) -> Result<usize, String> {
    let most = Retention::default().exchanges;
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("give a number from 1 to {most}, the most that can be loaded"))
}

/// An age that leaves something: older than nothing is everything.
pub(super) fn some_age(text: &str) -> Result<Duration, String> {
    match age(text) {
        Ok(Duration::ZERO) => Err("an age of nothing would keep nothing".to_owned()),
        age => age,
    }
}

/// A size in bytes, perhaps with K, M or G.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(['K', 'M', 'G', 'k', 'm', 'g']);
    let shift = match &text[number.len()..] {
        "" => Some(0),
        "K" | "k" => Some(10),
        "M" | "m" => Some(20),
        "G" | "g" => Some(30),
        _ => None,
    };
    let size = number.parse::<u64>().ok().zip(shift);
    let size = size.and_then(|(number, shift)| number.checked_mul(1 << shift));
    size.filter(|size| *size > 0).ok_or_else(|| "give a size like 500M or 2G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_read() {
        for (text, size) in [("1", 1), ("500M", 500 << 20), ("2g", 2 << 30), ("3K", 3072)] {
            assert_eq!(bytes(text), Ok(size));
        }
        for text in ["", "0", "M", "1MM", "1T", "-1", "99999999999G"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
