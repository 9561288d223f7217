//! From the bytes of a ticket to those of a cookie, and back (wsdl/FORMS-TICKET.md, sections 2 and 3).

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::mac::{Mac, derive};
use super::{Decryption, KeyError, Layout, Protection, Reason, Settings, Validation};

/// Settings with the keys that they use.
pub(super) struct Keys {
    settings: Settings,
    mac: Mac,
    validation: Zeroizing<Vec<u8>>,
    decryption: Zeroizing<Vec<u8>>,
}

impl Keys {
    pub(super) fn new(
        settings: Settings,
        validation: &[u8],
        decryption: &[u8],
    ) -> Result<Self, KeyError> {
        let (validation, mut decryption) = match settings.layout {
            Layout::Legacy => {
                (Zeroizing::new(validation.to_vec()), Zeroizing::new(decryption.to_vec()))
            }
            Layout::Framework45 => (derive(validation), derive(decryption)),
        };
        // .NET cuts a longer key for DES, here alone.
        if settings.layout == Layout::Legacy && settings.decryption == Decryption::Des {
            decryption.truncate(8);
        }
        Cipher::new(settings.decryption, &decryption)?;
        Ok(Self { settings, mac: settings.validation.mac(), validation, decryption })
    }

    fn cipher(&self) -> Result<Cipher<'_>, KeyError> {
        Cipher::new(self.settings.decryption, &self.decryption)
    }

    pub(super) fn signed(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let signature = self.mac.sign(&self.validation, &bytes);
        bytes.extend(signature);
        bytes
    }

    fn verified<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.mac.verified(&self.validation, bytes)
    }

    /// How many random bytes a cookie begins with.
    pub(super) fn random_len(&self) -> usize {
        let Ok(cipher) = self.cipher() else { return 0 };
        match (self.settings.layout, self.settings.protection) {
            (Layout::Framework45, _) => cipher.block(),
            (Layout::Legacy, Protection::All | Protection::Encryption) => cipher.key_len(),
            (Layout::Legacy, Protection::Validation | Protection::None) => 0,
        }
    }

    /// The bytes of a cookie, with so many random ones. `None` if they are not as many as they must be.
    pub(super) fn seal(&self, ticket: &[u8], random: &[u8]) -> Option<Vec<u8>> {
        let cipher = self.cipher().ok()?;
        if let Layout::Framework45 = self.settings.layout {
            let body = [random, &cipher.encrypt(random, ticket)?].concat();
            return Some(self.signed(body));
        }
        let inner = match self.settings.protection {
            Protection::All | Protection::Validation => self.signed(ticket.to_vec()),
            Protection::Encryption | Protection::None => ticket.to_vec(),
        };
        let inner = Zeroizing::new(inner);
        Some(match self.settings.protection {
            Protection::All | Protection::Encryption => {
                let plain = Zeroizing::new([random, &inner].concat());
                self.signed(cipher.encrypt(&vec![0; cipher.block()], &plain)?)
            }
            Protection::Validation | Protection::None => inner.to_vec(),
        })
    }

    /// The bytes of the ticket. The signature over all is looked at before anything is decrypted, so that
    /// nobody without the key learns what padding would be right.
    pub(super) fn open(&self, cookie: &[u8]) -> Result<Zeroizing<Vec<u8>>, Reason> {
        let owned = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        let protection = self.settings.protection;
        if self.settings.layout == Layout::Legacy && protection == Protection::None {
            return Ok(owned(cookie));
        }
        let signed = self.verified(cookie).ok_or(Reason::Signature)?;
        if self.settings.layout == Layout::Legacy && protection == Protection::Validation {
            return Ok(owned(signed));
        }
        let cipher = self.cipher().map_err(|_| Reason::Decryption)?;
        if self.settings.layout == Layout::Framework45 {
            let (iv, body) = signed.split_at_checked(cipher.block()).ok_or(Reason::Decryption)?;
            return cipher.decrypt(iv, body).ok_or(Reason::Decryption);
        }
        let plain = cipher.decrypt(&vec![0; cipher.block()], signed).ok_or(Reason::Decryption)?;
        // As long as the key, not as a block: a mistake of .NET's that it had to keep.
        let inner = plain.get(cipher.key_len()..).ok_or(Reason::Decryption)?;
        match protection {
            Protection::All => self.verified(inner).map(owned).ok_or(Reason::Inner),
            _ => Ok(owned(inner)),
        }
    }
}

/// Are the keys such as .NET takes with these settings?
pub(super) fn check(
    settings: Settings,
    validation: &[u8],
    decryption: &[u8],
) -> Result<(), KeyError> {
    let (bytes, of) = (validation.len(), settings.validation);
    let wrong = |what: String| {
        Err(KeyError::new("validationKey", what, "128 digits are what IIS Manager generates"))
    };
    if bytes < 20 {
        let digits = 2 * bytes;
        return wrong(format!("it has {digits} hexadecimal digits, and .NET asks for 40 at least"));
    }
    if settings.layout == Layout::Legacy {
        // A block of the hash.
        let is_large = matches!(of, Validation::HmacSha384 | Validation::HmacSha512);
        let most = if is_large { 128 } else { 64 };
        if bytes > most {
            return wrong(format!(
                "it has {bytes} bytes, and .NET takes {most} at most with {}",
                of.name()
            ));
        }
    } else if let Validation::Md5 | Validation::TripleDes | Validation::Aes = of {
        let what = format!("Framework45 does not take validation=\"{}\"", of.name());
        return Err(KeyError::new("validation", what, "HMACSHA256 is the default"));
    }
    Keys::new(settings, validation, decryption).map(|_| ())
}
