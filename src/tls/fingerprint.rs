//! SHA-256 fingerprints of certificates, as `openssl x509 -fingerprint -sha256` prints them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;

/// The SHA-256 of a certificate's DER. Written in hexadecimal, two digits at a time with colons in
/// between; read with or without them, in either case, with OpenSSL's `sha256 Fingerprint=` before it,
/// or in base64 as OpenSSH writes its own (`SHA256:n4bQ…`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A text that is not a SHA-256 fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// Twenty bytes: Windows shows these as "thumbprint".
    #[error(
        "this is a SHA-1 fingerprint (what Windows shows as thumbprint): give the SHA-256 one, which check shows, or openssl x509 -in FILE -noout -fingerprint -sha256"
    )]
    Sha1,
    /// Anything else.
    #[error(
        "a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons in between: check shows it, or openssl x509 -in FILE -noout -fingerprint -sha256"
    )]
    Other,
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let encoded =
            text.trim().strip_prefix("SHA256:").filter(|rest| matches!(rest.len(), 43 | 44));
        if let Some(Ok(bytes)) =
            encoded.map(|text| STANDARD_NO_PAD.decode(text.trim_end_matches('=')))
        {
            return bytes.try_into().map(Self).map_err(|_| FingerprintError::Other);
        }
        let lower = text.trim().to_ascii_lowercase();
        let bare = ["sha256 fingerprint=", "sha-256=", "sha256=", "sha-256:", "sha256:"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        // Windows' dialogues put an invisible mark before what is copied from them.
        let separators = |c: char| matches!(c, ':' | '-' | ' ' | '\u{200e}');
        let digits: Vec<u8> = bare
            .chars()
            .filter(|c| !separators(*c))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(FingerprintError::Other)?;
        if digits.len() == 40 {
            return Err(FingerprintError::Sha1);
        }
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |n, d| n << 4 | d)).collect();
        match (digits.len(), bytes.try_into()) {
            (64, Ok(bytes)) => Ok(Self(bytes)),
            _ => Err(FingerprintError::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_tools_print_them() {
        let fingerprint = Fingerprint::of(&CertificateDer::from(b"abc".to_vec()));
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("BA:78:16:BF:") && shown.len() == 95, "{shown}");
        let bare = shown.replace(':', "");
        for text in [
            shown.clone(),
            format!("sha256 Fingerprint={shown}\n"),
            format!("SHA256:{bare}"),
            bare.to_lowercase(),
            "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0".to_owned(),
            "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned(),
            format!("\u{200e}{}", shown.replace(':', " ")),
        ] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        let sha1 = "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D";
        assert_eq!(sha1.parse::<Fingerprint>(), Err(FingerprintError::Sha1));
        for text in ["", "x", &bare[1..], &format!("{bare}0"), &bare.replace('B', "G")] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError::Other), "{text}");
        }
    }
}
