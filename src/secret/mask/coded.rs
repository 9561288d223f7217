//! Secrets inside of words of base64 and of hexadecimal digits.

use zeroize::Zeroizing;

use super::Decoded;
use super::needles::Needles;

/// Shorter words hold no secret that is looked for: four bytes.
const SHORTEST: usize = 6;

/// Takes a place in the source of a text, and the secret that stands there.
type OnPlace<'f> = &'f mut dyn FnMut((usize, usize), u32);

pub(super) fn find(text: &Decoded<'_>, needles: &Needles, each: OnPlace<'_>) {
    in_base64(text, needles, each);
    in_hex(text, needles, each);
}

/// Words of base64 that hold a secret, wherever in the word its base64 begins: what stands before
/// it may look like base64, too.
fn in_base64(text: &Decoded<'_>, needles: &Needles, each: OnPlace<'_>) {
    let bytes = text.bytes();
    let is_base64 = |b: u8| sextet(b).is_some();
    let mut at = 0;
    let mut decoded = Zeroizing::new(Vec::new());
    let mut found: Vec<u32> = Vec::new();
    while at < bytes.len() {
        let mut end =
            bytes[at..].iter().position(|&b| !is_base64(b)).map_or(bytes.len(), |n| at + n);
        let word = &bytes[at..end];
        if word.len() >= SHORTEST {
            let padding = bytes[end..].iter().take(2).take_while(|&&b| b == b'=').count();
            end += padding;
            found.clear();
            for skipped in 0..4.min(word.len()) {
                decode(&word[skipped..], &mut decoded);
                needles.find(&decoded, &mut |_, _, secret| {
                    if !found.contains(&secret) && found.len() < 64 {
                        found.push(secret);
                    }
                });
            }
            found.iter().for_each(|secret| each(text.source(at, end), *secret));
        }
        at = end + 1;
    }
}

/// Hexadecimal digits, in pairs that may be parted by hyphens, as .NET's `BitConverter` writes them.
fn in_hex(text: &Decoded<'_>, needles: &Needles, each: OnPlace<'_>) {
    let bytes = text.bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut at = 0;
    let mut decoded = Zeroizing::new(Vec::new());
    let mut starts: Vec<u32> = Vec::new();
    while at < bytes.len() {
        if digit(at).is_none() {
            at += 1;
            continue;
        }
        let mut run_end = at;
        // The pairs may begin with the first digit or with the second.
        for first in [at, at + 1] {
            decoded.clear();
            starts.clear();
            let mut next = first;
            while let (Some(high), Some(low)) = (digit(next), digit(next + 1)) {
                decoded.push((high * 16 + low) as u8);
                starts.push(next as u32);
                let parted = bytes.get(next + 2) == Some(&b'-') && digit(next + 3).is_some();
                next += if parted { 3 } else { 2 };
            }
            run_end = run_end.max(next);
            if decoded.len() >= 4 {
                needles.find(&decoded, &mut |start, end, secret| {
                    let last = starts[end - 1] as usize + 2;
                    each(text.source(starts[start] as usize, last), secret);
                });
            }
        }
        at = run_end.max(at + 1);
    }
}

/// The value of a character of base64, of either alphabet.
fn sextet(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Decodes base64 as far as it goes: no padding is asked for, and bits that are left are dropped.
fn decode(word: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let (mut bits, mut count) = (0u32, 0);
    for sextet in word.iter().copied().map_while(sextet) {
        bits = (bits << 6) | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
}
