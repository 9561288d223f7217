//! What a certificate says to people: whose it is, who vouches for it, until when, for which names,
//! and what of it TLS libraries no longer accept. Whether it is trusted, rustls decides.

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name, X509Version};
use x509_parser::public_key::PublicKey;

use super::Fingerprint;

/// A certificate's visible parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The first common name of the subject.
    pub(crate) common_name: Option<String>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// DNS names and addresses.
    pub(crate) names: Vec<String>,
    /// Is it of X.509 version 3?
    pub(crate) version: u32,
    /// The signature's algorithm, as it is called.
    pub(crate) signature: String,
    /// The public key: `RSA, 2048 bits`.
    pub(crate) key: String,
    /// The bits of an RSA key.
    pub(crate) rsa_bits: Option<usize>,
    /// Is it an authority's, which signs others?
    pub(crate) is_authority: bool,
    /// May it be a server's? (Extended key usage.)
    pub(crate) is_for_servers: bool,
    pub(crate) fingerprint: Fingerprint,
    /// The public key with its algorithm, in DER.
    pub(crate) public_key: Vec<u8>,
}

impl Certificate {
    /// Reads DER; `None` if it is not a certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let at = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        let rsa_bits = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()),
            _ => None,
        };
        let usage = certificate.extended_key_usage().ok().flatten().map(|usage| usage.value);
        Some(Self {
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            common_name: certificate
                .subject()
                .iter_common_name()
                .next()
                .and_then(|name| name.as_str().ok())
                .map(shown),
            from: at(certificate.validity().not_before)?,
            until: at(certificate.validity().not_after)?,
            names: alternative_names(&certificate),
            version: match certificate.version() {
                X509Version(number) => number.saturating_add(1),
            },
            signature: signature_name(&certificate.signature_algorithm.algorithm.to_id_string()),
            key: match (certificate.public_key().parsed(), rsa_bits) {
                (_, Some(bits)) => format!("RSA, {bits} bits"),
                (Ok(PublicKey::EC(point)), _) => format!("EC, {} bits", point.key_size()),
                (Ok(PublicKey::DSA(_)), _) => "DSA".to_owned(),
                _ => "of another kind".to_owned(),
            },
            rsa_bits,
            is_authority: certificate.is_ca(),
            is_for_servers: usage.is_none_or(|usage| usage.server_auth || usage.any),
            fingerprint: Fingerprint::of(&CertificateDer::from(der)),
            public_key: certificate.public_key().raw.to_vec(),
        })
    }

    /// Did it sign itself?
    pub(crate) fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }

    /// Is it signed by an algorithm that can be forged?
    pub(crate) fn has_weak_signature(&self) -> bool {
        ["SHA-1", "MD5", "MD2", "MD4"].iter().any(|weak| self.signature.starts_with(weak))
    }

    /// The bits of its key if they are too few for TLS libraries of today.
    pub(crate) fn short_key(&self) -> Option<usize> {
        self.rsa_bits.filter(|bits| *bits < 2048)
    }
}

/// A text of a certificate, without what disturbs a terminal, and bounded.
fn shown(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `CN=…, O=…`.
fn name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for attribute in name.iter_attributes() {
        let key = match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            _ => continue,
        };
        let value = attribute.attr_value();
        let value = match value.header.tag() {
            x509_parser::asn1_rs::Tag::BmpString => {
                encoding_rs::UTF_16BE.decode_without_bom_handling(value.data).0
            }
            _ => String::from_utf8_lossy(value.data),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{key}={}", shown(&value));
    }
    if text.is_empty() { "(no name)".to_owned() } else { text.chars().take(300).collect() }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(shown(name)),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).ok().map(IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(*bytes).ok().map(IpAddr::from);
            four.or_else(sixteen).map(|address| address.to_string())
        }
        _ => None,
    });
    names.take(50).collect()
}

/// The name of a signature's algorithm by its object identifier (RFC 8017, RFC 5758, RFC 8410).
fn signature_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.2" => "MD2 with RSA",
        "1.2.840.113549.1.1.3" => "MD4 with RSA",
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA-1 with RSA",
        "1.2.840.10040.4.3" => "SHA-1 with DSA",
        "1.2.840.10045.4.1" => "SHA-1 with ECDSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA-256 with RSA",
        "1.2.840.113549.1.1.12" => "SHA-384 with RSA",
        "1.2.840.113549.1.1.13" => "SHA-512 with RSA",
        "1.2.840.10045.4.3.2" => "SHA-256 with ECDSA",
        "1.2.840.10045.4.3.3" => "SHA-384 with ECDSA",
        "1.2.840.10045.4.3.4" => "SHA-512 with ECDSA",
        "1.3.101.112" => "Ed25519",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}
