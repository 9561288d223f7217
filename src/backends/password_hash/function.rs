//! The functions themselves, with what they cost.

use std::num::NonZeroU32;

use argon2::{Argon2, Params, Version};
use md5::{Digest, Md5};
use ring::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

/// From a password to the bytes that are stored.
#[derive(Debug, Clone)]
pub(super) enum Function {
    /// The password itself.
    Plain,
    /// The digest of password and salt.
    Digest {
        algorithm: Algorithm,
        salt: Vec<u8>,
    },
    /// The digest of salt and password in UTF-16, or the HMAC: the stored hash does not say which.
    Membership {
        algorithm: Algorithm,
        salt: Vec<u8>,
    },
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
    },
    Argon2 {
        algorithm: argon2::Algorithm,
        version: Version,
        params: Params,
        salt: Vec<u8>,
    },
    Pbkdf2 {
        algorithm: Algorithm,
        rounds: NonZeroU32,
        salt: Vec<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// Of a digest, in bytes.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, first: &[u8], second: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md5 => {
                return Md5::new().chain_update(first).chain_update(second).finalize().to_vec();
            }
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        let mut context = digest::Context::new(algorithm);
        context.update(first);
        context.update(second);
        context.finish().as_ref().to_vec()
    }

    /// HMAC with the salt, repeated to the length of .NET's keys (64 bytes, 128 for SHA-512), as key
    /// (`SqlMembershipProvider.EncodePassword`).
    fn hmac(self, salt: &[u8], text: &[u8]) -> Vec<u8> {
        let (algorithm, length) = match self {
            Self::Md5 | Self::Sha1 => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, 64),
            Self::Sha256 => (hmac::HMAC_SHA256, 64),
            Self::Sha512 => (hmac::HMAC_SHA512, 128),
        };
        let key: Vec<u8> = salt.iter().copied().cycle().take(length).collect();
        hmac::sign(&hmac::Key::new(algorithm, &key), text).as_ref().to_vec()
    }
}

impl Function {
    /// In KiB: what argon2 may ask for.
    const MOST_MEMORY: u32 = 256 << 10;
    /// What a verification may cost.
    pub(super) const MOST_NANOSECONDS: u64 = 4_000_000_000;
    /// What a single row can make all refusals cost.
    pub(super) const MOST_OF_A_REFUSAL: u64 = 1_000_000_000;
    /// From here on, a function has a thread of its own.
    pub(super) const COSTLY: u64 = 100_000;

    /// What so many bytes cost on a core of today, roughly.
    pub(super) fn nanoseconds(&self, length: usize) -> u64 {
        match self {
            Self::Plain | Self::Digest { .. } | Self::Membership { .. } => 1_000,
            Self::Bcrypt { cost, .. } => 60_000 << cost,
            Self::Argon2 { params, .. } => {
                700 * u64::from(params.m_cost()) * u64::from(params.t_cost())
            }
            Self::Pbkdf2 { algorithm, rounds, .. } => {
                400 * u64::from(rounds.get()) * length.div_ceil(algorithm.length()) as u64
            }
        }
    }

    pub(super) fn is_too_large(&self) -> bool {
        matches!(self, Self::Argon2 { params, .. } if params.m_cost() > Self::MOST_MEMORY)
    }

    /// So many bytes of a password; `None` where the library refuses the parameters.
    pub(super) fn compute(&self, password: &str, length: usize) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = password.as_bytes();
        Some(Zeroizing::new(match self {
            Self::Plain => bytes.to_vec(),
            Self::Digest { algorithm, salt } => algorithm.digest(bytes, salt),
            Self::Membership { algorithm, salt } => algorithm.digest(salt, &utf16(password)),
            Self::Bcrypt { cost, salt } => {
                // As C has it: with the NUL at its end, and 72 bytes of that.
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                let mut text = Zeroizing::new([&bytes[..end], &[0]].concat());
                text.truncate(72);
                bcrypt::bcrypt(*cost, *salt, &text)[..23].to_vec()
            }
            Self::Argon2 { algorithm, version, params, salt } => {
                let mut out = vec![0; length];
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                argon2.hash_password_into(bytes, salt, &mut out).ok()?;
                out
            }
            Self::Pbkdf2 { algorithm, rounds, salt } => {
                let algorithm = match algorithm {
                    Algorithm::Md5 => return None,
                    Algorithm::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
                    Algorithm::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                    Algorithm::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
                };
                let mut out = vec![0; length];
                pbkdf2::derive(algorithm, *rounds, salt, bytes, &mut out);
                out
            }
        }))
    }
    /// The other digest that ASP.NET Membership might have stored.
    pub(super) fn membership_hmac(&self, password: &str) -> Option<Vec<u8>> {
        let Self::Membership { algorithm, salt } = self else { return None };
        Some(algorithm.hmac(salt, &utf16(password)))
    }
}

/// The bytes of .NET's `Encoding.Unicode`.
fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_le_bytes).collect())
}
