//! How a site makes its tickets: what `<machineKey>` and `<forms>` say beside the keys.

use std::fmt;

use ring::hmac;

use super::mac::Mac;

/// The two ways in which signature and encryption are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `Framework20SP1` and `Framework20SP2`, which write the same bytes since September 2010.
    Legacy,
    /// `Framework45`.
    Framework45,
}

impl Layout {
    /// The value of `compatibilityMode`; of the two legacy ones, that which is .NET's default.
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "Framework20SP1",
            Self::Framework45 => "Framework45",
        }
    }
}

/// The algorithm that signs: `validation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validation {
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-SHA256, the default.
    HmacSha256,
    /// HMAC-SHA384.
    HmacSha384,
    /// HMAC-SHA512.
    HmacSha512,
    /// MD5 over data and key; the legacy layout alone.
    Md5,
    /// `3DES`, which means HMAC-SHA1 for tickets; the legacy layout alone.
    TripleDes,
    /// `AES`, which means HMAC-SHA1 for tickets; the legacy layout alone.
    Aes,
}

impl Validation {
    /// All of them, by their values in a file.
    pub(super) const NAMES: [(&'static str, Self); 7] = [
        ("SHA1", Self::Sha1),
        ("HMACSHA256", Self::HmacSha256),
        ("HMACSHA384", Self::HmacSha384),
        ("HMACSHA512", Self::HmacSha512),
        ("MD5", Self::Md5),
        ("3DES", Self::TripleDes),
        ("AES", Self::Aes),
    ];

    /// Its value in a file.
    pub fn name(self) -> &'static str {
        name(&Self::NAMES, self)
    }

    pub(super) fn mac(self) -> Mac {
        match self {
            Self::Sha1 | Self::TripleDes | Self::Aes => {
                Mac::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)
            }
            Self::HmacSha256 => Mac::Hmac(hmac::HMAC_SHA256),
            Self::HmacSha384 => Mac::Hmac(hmac::HMAC_SHA384),
            Self::HmacSha512 => Mac::Hmac(hmac::HMAC_SHA512),
            Self::Md5 => Mac::Md5,
        }
    }
}

/// The algorithm that encrypts: `decryption`. `Auto` is resolved when a key is read: DES for a key of 8
/// bytes in the legacy layout, else AES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decryption {
    /// AES with 128, 192 or 256 bits, as the key is long.
    Aes,
    /// Triple DES.
    TripleDes,
    /// DES, which keeps nothing secret today.
    Des,
}

impl Decryption {
    /// All of them, by their values in a file.
    pub(super) const NAMES: [(&'static str, Self); 3] =
        [("AES", Self::Aes), ("3DES", Self::TripleDes), ("DES", Self::Des)];

    /// Its value in a file.
    pub fn name(self) -> &'static str {
        name(&Self::NAMES, self)
    }
}

/// What is done to a ticket in the legacy layout: `<forms protection>`. Framework45 takes no notice of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// It is encrypted and signed, the default.
    All,
    /// It is encrypted; cookies are signed once, outside.
    Encryption,
    /// It is signed, and anybody can read it.
    Validation,
    /// Nothing: **whoever knows the format is any user**. Such a cookie is never written.
    None,
}

impl Protection {
    /// All of them, by their values in a file.
    pub(super) const NAMES: [(&'static str, Self); 4] = [
        ("All", Self::All),
        ("Encryption", Self::Encryption),
        ("Validation", Self::Validation),
        ("None", Self::None),
    ];

    /// Its value in a file.
    pub fn name(self) -> &'static str {
        name(&Self::NAMES, self)
    }
}

fn name<T: Copy + PartialEq>(names: &[(&'static str, T)], of: T) -> &'static str {
    names.iter().find(|(_, value)| *value == of).map_or("", |(name, _)| name)
}

/// All that two sites must agree on, but for the keys. `Display` writes it as the attributes of a
/// `web.config` that say it, which hold no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `compatibilityMode`, or what takes its place.
    pub layout: Layout,
    /// `validation`.
    pub validation: Validation,
    /// `decryption`.
    pub decryption: Decryption,
    /// `<forms protection>`.
    pub protection: Protection,
}

impl Settings {
    /// What of it rests on Microsoft's source alone, since no cookie that .NET made was there to check it;
    /// `None` where such cookies were read, and made again byte for byte.
    pub fn unproven(&self) -> Option<&'static str> {
        let is_legacy = self.layout == Layout::Legacy;
        Some(match (self.validation, self.decryption) {
            (_, Decryption::TripleDes) => "decryption=\"3DES\"",
            (_, Decryption::Des) => "decryption=\"DES\"",
            (Validation::Md5, _) => "validation=\"MD5\"",
            (Validation::TripleDes, _) => "validation=\"3DES\"",
            (Validation::Aes, _) => "validation=\"AES\"",
            (Validation::Sha1, _) if !is_legacy => "Framework45 with validation=\"SHA1\"",
            (Validation::HmacSha384, _) if !is_legacy => {
                "Framework45 with validation=\"HMACSHA384\""
            }
            _ if is_legacy && self.protection != Protection::All => "protection other than \"All\"",
            _ => return None,
        })
    }
}

impl Settings {
    /// Do both make, and read, the same cookies? Tickets are signed with `validation="3DES"` and `"AES"` as with
    /// `"SHA1"`, and what does not encrypt or sign has any algorithm.
    pub fn makes_the_same(&self, other: &Self) -> bool {
        let signature = |settings: &Self| match settings.validation {
            Validation::TripleDes | Validation::Aes => Validation::Sha1,
            validation => validation,
        };
        let signs = self.protection != Protection::None;
        let encrypts = signs && self.protection != Protection::Validation;
        self.layout == other.layout
            && self.protection == other.protection
            && (!signs || signature(self) == signature(other))
            && (!encrypts || self.decryption == other.decryption)
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<machineKey compatibilityMode=\"{}\" validation=\"{}\" decryption=\"{}\" \
             validationKey=\"…\" decryptionKey=\"…\" />",
            self.layout.name(),
            self.validation.name(),
            self.decryption.name(),
        )?;
        match self.protection {
            Protection::All => Ok(()),
            other => write!(f, " <forms protection=\"{}\" />", other.name()),
        }
    }
}
