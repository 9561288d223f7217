//! Bytes as hexadecimal digits, and as the text of a cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use zeroize::Zeroizing;

use super::error::LONGEST;
use super::{KeyError, Reason};

/// In upper case, as .NET writes it.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(b"0123456789ABCDEF"[usize::from(n)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of digits in either case; else the place of what is wrong, from 0: the end, where their
/// number is odd.
pub(super) fn from_hex(text: &str) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut high = None;
    for (place, c) in text.chars().enumerate() {
        // A digit is below 16.
        let digit = c.to_digit(16).ok_or(place)? as u8;
        match high.take() {
            Some(high) => bytes.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    // All are digits here, so that bytes are characters.
    if high.is_some() { Err(text.len()) } else { Ok(bytes) }
}

/// The bytes of a key, spaces around it taken off, as .NET does.
pub(super) fn digits(attribute: &'static str, value: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = value.trim();
    from_hex(text).map_err(|place| {
        let before = value.len() - value.trim_start().len();
        let what = match place == text.len() {
            true => format!("it has an odd number of hexadecimal digits, {place}"),
            false => format!("its character {} is not a hexadecimal digit", before + place + 1),
        };
        let remedy = "a key is hexadecimal digits alone, without spaces and signs";
        KeyError::new(attribute, what, remedy)
    })
}

/// The bytes of a cookie: hexadecimal digits, else Base64 as .NET's `UrlTokenEncode` has it, whose last
/// character says how many `=` were taken off.
pub(super) fn decode_cookie(text: &str) -> Result<Zeroizing<Vec<u8>>, Reason> {
    if text.len() > LONGEST {
        return Err(Reason::Length);
    }
    if text.is_empty() {
        return Err(Reason::Text);
    }
    if let Ok(bytes) = from_hex(text) {
        return Ok(bytes);
    }
    let padding = match text.as_bytes() {
        [.., b'0'] => "",
        [.., b'1'] => "=",
        [.., b'2'] => "==",
        _ => return Err(Reason::Text),
    };
    // The last character is ASCII.
    let token = [&text[..text.len() - 1], padding].concat();
    URL_SAFE.decode(token).map(Zeroizing::new).map_err(|_| Reason::Text)
}
