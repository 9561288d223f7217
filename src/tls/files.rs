//! Files with certificates and private keys: PEM in any of its dresses, DER; and what is named when
//! it is something else.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Certificate;

/// What a file holds in place of what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileContent {
    /// Nothing.
    Nothing,
    /// A certificate.
    Certificate,
    /// A certificate in the form of OpenSSL's own (`TRUSTED CERTIFICATE`).
    TrustedCertificate,
    /// A private key.
    PrivateKey,
    /// A private key that a pass phrase protects.
    EncryptedKey,
    /// A private key of a kind that is not understood (DSA, OpenSSH's form).
    OtherKey,
    /// A public key.
    PublicKey,
    /// A request for a certificate.
    Request,
    /// A certificate with its key, as Windows exports them (`.pfx`, `.p12`).
    Pkcs12,
    /// Certificates in PKCS #7 (`.p7b`).
    Pkcs7,
    /// A key store of Java.
    JavaKeyStore,
    /// A list of revoked certificates.
    RevocationList,
    /// A certificate or key that is damaged.
    Damaged,
    /// None of these.
    Unknown,
}

/// A file of certificates, or of a private key, that holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileError {
    /// What it holds.
    pub content: FileContent,
    /// Is a private key needed? Else certificates are.
    pub key: bool,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = if self.key { "a private key" } else { "a certificate" };
        let holds = match self.content {
            FileContent::Nothing => return write!(f, "it is empty, {needed} is needed"),
            FileContent::Certificate => "a certificate",
            FileContent::TrustedCertificate => {
                "a certificate in OpenSSL's own form (TRUSTED CERTIFICATE)"
            }
            FileContent::PrivateKey => "a private key",
            FileContent::EncryptedKey if self.key => {
                return f.write_str("the private key in it is encrypted");
            }
            FileContent::EncryptedKey => "an encrypted private key",
            FileContent::OtherKey => "a private key of another kind (DSA, or OpenSSH's form)",
            FileContent::PublicKey => "a public key",
            FileContent::Request => "a request for a certificate, which is still to be signed",
            FileContent::Pkcs12 => "PKCS #12 (.pfx, .p12: a certificate with its key, encrypted)",
            FileContent::Pkcs7 => "PKCS #7 (.p7b: certificates in a signed message)",
            FileContent::JavaKeyStore => "a key store of Java",
            FileContent::RevocationList => "a list of revoked certificates",
            FileContent::Damaged if self.key => {
                return f.write_str("the private key in it is damaged");
            }
            FileContent::Damaged => return f.write_str("the certificate in it is damaged"),
            FileContent::Unknown => {
                return write!(
                    f,
                    "it holds {} in PEM or DER",
                    match self.key {
                        true => "no private key",
                        false => "no certificate",
                    }
                );
            }
        };
        write!(f, "it holds {holds}; {needed} is needed (PEM or DER)")
    }
}

impl std::error::Error for FileError {}

impl FileError {
    /// A certificate that cannot be used as one.
    pub(super) fn malformed() -> Self {
        Self { content: FileContent::Damaged, key: false }
    }

    /// The command that makes the needed file of this one, where there is one.
    pub fn remedy(&self, file: &str) -> Option<String> {
        // Quoted for a shell, where it needs to be.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:\\".contains(c);
        let file = match file.chars().all(plain) && !file.starts_with('-') {
            true => file.to_owned(),
            false => format!("'{}'", file.replace('\'', "'\\''")),
        };
        Some(match (self.content, self.key) {
            (FileContent::Pkcs12, false) => format!(
                "take the certificate out: openssl pkcs12 -in {file} -nokeys -out certificate.pem (from old Windows: with -legacy)"
            ),
            (FileContent::Pkcs12, true) => format!(
                "take the key out: openssl pkcs12 -in {file} -nocerts -nodes -out key.pem (from old Windows: with -legacy)"
            ),
            (FileContent::Pkcs7, false) => format!(
                "take the certificates out: openssl pkcs7 -in {file} -print_certs -out certificate.pem (of DER: with -inform DER)"
            ),
            (FileContent::TrustedCertificate, false) => {
                format!("write it as others read it: openssl x509 -in {file} -out certificate.pem")
            }
            (FileContent::JavaKeyStore, false) => format!(
                "take the certificate out: keytool -exportcert -rfc -keystore {file} -file certificate.pem"
            ),
            (FileContent::JavaKeyStore, true) => format!(
                "take the key out: keytool -importkeystore -srckeystore {file} -deststoretype PKCS12 -destkeystore key.p12, then openssl pkcs12 -in key.p12 -nocerts -nodes -out key.pem"
            ),
            (FileContent::EncryptedKey, true) => format!(
                "decrypt it, and let nobody else read it: openssl pkey -in {file} -out key.pem"
            ),
            (FileContent::OtherKey, true) => {
                "make an RSA or EC key, with a certificate of its own".to_owned()
            }
            (FileContent::Certificate | FileContent::TrustedCertificate, true) => {
                "give the key that was made with the certificate; are the two files the wrong way round?"
                    .to_owned()
            }
            (FileContent::PrivateKey | FileContent::EncryptedKey, false) => {
                "give the certificate that was made with the key; are the two files the wrong way round?"
                    .to_owned()
            }
            (FileContent::Request, false) => {
                "let an authority sign it, and give the certificate that it makes".to_owned()
            }
            _ => return None,
        })
    }
}

/// Reads all certificates of a file: PEM (with a byte order mark, in UTF-16, with text around) or DER.
///
/// # Errors
///
/// There is none in it; the error says what there is instead.
pub fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let failed = |content| FileError { content, key: false };
    let text = match read(bytes) {
        File::Pem(text) => text,
        File::Der(FileContent::Certificate) => {
            return Ok(vec![CertificateDer::from(bytes.to_vec())]);
        }
        File::Der(content) => return Err(failed(content)),
    };
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let found = match found {
        Ok(found) if !found.is_empty() => found,
        Err(_) if text.contains("-----BEGIN CERTIFICATE-----") => {
            return Err(failed(FileContent::Damaged));
        }
        // Sections of another kind need not be readable.
        _ => return Err(failed(pem_content(&text))),
    };
    let whole = |der: &CertificateDer<'_>| matches!(X509Certificate::from_der(der), Ok(([], _)));
    match found.iter().all(whole) {
        true => Ok(found),
        false => Err(failed(FileContent::Damaged)),
    }
}

/// Reads the private key of a file: PEM, as certificates are, or DER.
pub(crate) fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, FileError> {
    let failed = |content| FileError { content, key: true };
    match read(bytes) {
        File::Pem(text) => match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
            // An encrypted key in OpenSSL's old form has the label of a plain one.
            _ if pem_content(&text) == FileContent::EncryptedKey => {
                Err(failed(FileContent::EncryptedKey))
            }
            Ok(key) => Ok(key),
            Err(pem::Error::NoItemsFound) => Err(failed(pem_content(&text))),
            Err(_) => Err(failed(FileContent::Damaged)),
        },
        File::Der(FileContent::PrivateKey) => {
            PrivateKeyDer::try_from(bytes.to_vec()).map_err(|_| failed(FileContent::Damaged))
        }
        File::Der(content) => Err(failed(content)),
    }
}

/// Why a certificate and a private key, each read, make no server.
pub(crate) fn unusable(
    error: &rustls::Error,
    chain: &[CertificateDer<'_>],
    certificate: &Path,
    private_key: &Path,
) -> String {
    let (certificate, key) = (certificate.display(), private_key.display());
    let read = chain.first().and_then(|der| Certificate::read(der));
    match (error, read) {
        (rustls::Error::InconsistentKeys(_), _) => format!(
            "it is not the key of the certificate in {certificate}: these two commands must print the same: openssl pkey -in {key} -pubout, openssl x509 -in {certificate} -noout -pubkey"
        ),
        (_, Some(read)) if read.short_key().is_some() => format!(
            "the key is too short ({}), at least 2048 bits are needed: make a new one, with a new certificate",
            read.key
        ),
        (_, Some(read)) if read.version < 3 => format!(
            "the certificate in {certificate} is of X.509 version {}: version 3 is needed",
            read.version
        ),
        (_, read) => format!(
            "a key of this kind cannot be used{}: RSA from 2048 bits, EC on P-256 or P-384, or Ed25519 is needed",
            read.map(|read| format!(" ({})", read.key)).unwrap_or_default()
        ),
    }
}

enum File<'f> {
    Pem(Cow<'f, str>),
    Der(FileContent),
}

fn read(bytes: &[u8]) -> File<'_> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return File::Der(FileContent::Nothing);
    }
    // PowerShell writes UTF-16 with a mark; editors of Windows put one before UTF-8.
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0,
        None => String::from_utf8_lossy(bytes),
    };
    match text.contains("-----BEGIN ") {
        // OpenSSL's label of long ago.
        true if text.contains("X509 CERTIFICATE-----") => {
            File::Pem(text.replace("X509 CERTIFICATE-----", "CERTIFICATE-----").into())
        }
        true => File::Pem(text),
        false => File::Der(der_content(bytes)),
    }
}

/// What is in a PEM file without the section that is needed.
fn pem_content(text: &str) -> FileContent {
    let labels = text.split("-----BEGIN ").skip(1).filter_map(|rest| rest.split_once("-----"));
    let mut contents = labels.map(|(label, rest)| match label {
        "CERTIFICATE" => FileContent::Certificate,
        "TRUSTED CERTIFICATE" => FileContent::TrustedCertificate,
        "ENCRYPTED PRIVATE KEY" => FileContent::EncryptedKey,
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            match rest.trim_start().starts_with("Proc-Type: 4,ENCRYPTED") {
                true => FileContent::EncryptedKey,
                false => FileContent::PrivateKey,
            }
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => FileContent::Request,
        "PKCS7" | "CMS" => FileContent::Pkcs7,
        "X509 CRL" => FileContent::RevocationList,
        label if label.ends_with("PRIVATE KEY") => FileContent::OtherKey,
        label if label.ends_with("PUBLIC KEY") => FileContent::PublicKey,
        _ => FileContent::Unknown,
    });
    contents.find(|content| *content != FileContent::Unknown).unwrap_or(FileContent::Unknown)
}

/// What a DER file is, by its first elements.
fn der_content(bytes: &[u8]) -> FileContent {
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return FileContent::JavaKeyStore;
    }
    if let Ok(([], _)) = X509Certificate::from_der(bytes) {
        return FileContent::Certificate;
    }
    // Tag and length of the outermost SEQUENCE, then what is in it.
    let inside = match bytes {
        [0x30, 0..=0x7f, inside @ ..]
        | [0x30, 0x81, _, inside @ ..]
        | [0x30, 0x82, _, _, inside @ ..]
        | [0x30, 0x83, _, _, _, inside @ ..] => inside,
        // Windows' own exports write lengths without a number (BER).
        [0x30, 0x80, inside @ ..] => inside,
        _ => return FileContent::Unknown,
    };
    match inside {
        // RFC 7292, section 4: version 3, then a SEQUENCE.
        [0x02, 0x01, 0x03, 0x30, ..] => FileContent::Pkcs12,
        [0x02, 0x01, 0x00 | 0x01, ..] => FileContent::PrivateKey,
        // RFC 5652: OID 1.2.840.113549.1.7.2.
        [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, ..] => {
            FileContent::Pkcs7
        }
        // RFC 5958, section 3: an algorithm of PKCS #5 or #12, then the encrypted key.
        [0x30, _, 0x06, _, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05 | 0x0c, ..] => {
            FileContent::EncryptedKey
        }
        // An algorithm of keys: RSA or EC.
        [0x30, _, 0x06, _, 0x2a, 0x86, 0x48, ..] => FileContent::PublicKey,
        // RFC 2986, section 4: version 0.
        [0x30, 0x82, _, _, 0x02, 0x01, 0x00, ..] | [0x30, 0x81, _, 0x02, 0x01, 0x00, ..] => {
            FileContent::Request
        }
        [0x30, ..] => FileContent::Damaged,
        _ => FileContent::Unknown,
    }
}
