//! What stands in a column, read: which scheme it is of, and what it takes to verify it; and written.

use std::num::NonZeroU32;

use argon2::{Params, Version};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::function::Algorithm::{self, Md5, Sha1, Sha256, Sha512};
use super::function::Function;
use super::{HashError, Scheme};
use crate::secret::Secret;

/// With padding or without, and whatever the bits that no byte needs.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, LENIENT);

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 1024;
/// The shortest digest, in bytes: less is guessed by chance.
const SHORTEST_DIGEST: usize = 16;
/// The longest digest of a function that gives any length, in bytes.
const LONGEST_DIGEST: usize = 64;

/// A stored hash.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) scheme: Scheme,
    function: Function,
    digest: Zeroizing<Vec<u8>>,
}

/// How a digest came to be, and the digest; `None` of a damaged one.
type Parts = Option<(Function, Vec<u8>)>;

impl Stored {
    /// Reads what stands in the columns of hash and salt. What has no scheme's shape is
    /// [`Scheme::PlainUnsafe`].
    pub(super) fn parse(text: &str, salt: Option<&str>) -> Result<Self, HashError> {
        if text.len() > LONGEST {
            return Err(HashError::Unknown("longer than 1024 bytes".to_owned()));
        }
        // A column of fixed width is filled up with blanks.
        let hash = text.trim();
        let braces = hash.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (scheme, parts) = if let Some((name, rest)) = braces.filter(|(name, _)| is_name(name)) {
            if rest.starts_with('$') { modular(rest)? } else { in_braces(name, rest)? }
        } else if hash.starts_with('$') && hash.matches('$').count() > 1 {
            modular(hash)?
        } else if let Some(rest) = hash.strip_prefix("pbkdf2_sha") {
            (Scheme::Django, django(rest))
        } else if let Some(parts) = salt.and_then(|salt| membership(hash, salt.trim())) {
            (Scheme::AspNetMembership, parts)
        } else {
            let plain = || (Scheme::PlainUnsafe, Some((Function::Plain, text.into())));
            unnamed(hash).unwrap_or_else(plain)
        };
        let (function, digest) = parts.ok_or(HashError::Malformed(scheme))?;
        let stored = Self { scheme, function, digest: Zeroizing::new(digest) };
        let has_any_length =
            matches!(stored.function, Function::Argon2 { .. } | Function::Pbkdf2 { .. });
        if has_any_length && !(SHORTEST_DIGEST..=LONGEST_DIGEST).contains(&stored.digest.len()) {
            return Err(HashError::Malformed(scheme));
        }
        if stored.function.is_too_large() || stored.nanoseconds() > Function::MOST_NANOSECONDS {
            return Err(HashError::TooCostly(scheme));
        }
        Ok(stored)
    }

    /// What verifying it costs, roughly.
    pub(super) fn nanoseconds(&self) -> u64 {
        self.function.nanoseconds(self.digest.len())
    }

    /// One of the scheme that no password matches, costing as much as those that are made.
    pub(super) fn decoy(scheme: Scheme) -> Self {
        let function = new_function(scheme, [0; 16]).unwrap_or(Function::Plain);
        Self { scheme, function, digest: Zeroizing::new(vec![0; 32]) }
    }

    /// One that no password matches, costing as much as this one.
    pub(super) fn decoy_alike(&self) -> Self {
        let digest = Zeroizing::new(vec![0; self.digest.len()]);
        Self { scheme: self.scheme, function: self.function.clone(), digest }
    }

    /// Is this the password that was hashed?
    pub(super) fn verify(&self, password: &Secret) -> Result<bool, HashError> {
        // Neither the length of a plain one shows.
        if let (Function::Plain, Ok(plain)) = (&self.function, std::str::from_utf8(&self.digest)) {
            return Ok(Secret::new(plain).matches(password.expose()));
        }
        let computed = self.function.compute(password.expose(), self.digest.len());
        let mut is_equal = computed.ok_or(HashError::Malformed(self.scheme))?.ct_eq(&self.digest);
        if let Some(computed) = self.function.membership_hmac(password.expose()) {
            is_equal |= computed.ct_eq(&self.digest);
        }
        Ok(is_equal.into())
    }
}

/// Can this be the name of a scheme?
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=24).contains(&text.len()) && text.chars().all(is_part)
}

/// `{SSHA}…` and its kin.
fn in_braces(name: &str, rest: &str) -> Result<(Scheme, Parts), HashError> {
    let name = name.to_ascii_uppercase();
    Ok(match name.as_str() {
        "SSHA" => (Scheme::Ssha, salted(Sha1, rest)),
        "SSHA256" => (Scheme::Ssha256, salted(Sha256, rest)),
        "SSHA512" => (Scheme::Ssha512, salted(Sha512, rest)),
        "SMD5" => (Scheme::Smd5, salted(Md5, rest)),
        "MD5" => (Scheme::Md5Unsafe, unsalted(Md5, rest)),
        "SHA" | "SHA1" => (Scheme::Sha1Unsafe, unsalted(Sha1, rest)),
        "SHA256" => (Scheme::Sha256Unsafe, unsalted(Sha256, rest)),
        "SHA512" => (Scheme::Sha512Unsafe, unsalted(Sha512, rest)),
        "PBKDF2" | "PBKDF2-SHA1" => (Scheme::Pbkdf2, pbkdf2(Sha1, rest)),
        "PBKDF2-SHA256" => (Scheme::Pbkdf2, pbkdf2(Sha256, rest)),
        "PBKDF2-SHA512" => (Scheme::Pbkdf2, pbkdf2(Sha512, rest)),
        "CLEARTEXT" | "PLAIN" => (Scheme::PlainUnsafe, Some((Function::Plain, rest.into()))),
        _ => return Err(HashError::Unknown(name)),
    })
}

/// `$2b$…`, `$argon2id$…`, `$pbkdf2-sha256$…`: the Modular Crypt Format and PHC strings.
fn modular(text: &str) -> Result<(Scheme, Parts), HashError> {
    let (name, rest) = text[1..].split_once('$').unwrap_or((&text[1..], ""));
    Ok(match name {
        "2a" | "2b" | "2y" => (Scheme::Bcrypt, bcrypt(rest)),
        "argon2i" => (Scheme::Argon2, argon2(argon2::Algorithm::Argon2i, rest)),
        "argon2id" => (Scheme::Argon2, argon2(argon2::Algorithm::Argon2id, rest)),
        "pbkdf2" => (Scheme::Pbkdf2, pbkdf2(Sha1, rest)),
        "pbkdf2-sha256" => (Scheme::Pbkdf2, pbkdf2(Sha256, rest)),
        "pbkdf2-sha512" => (Scheme::Pbkdf2, pbkdf2(Sha512, rest)),
        _ => return Err(HashError::Unknown(name.chars().filter(|_| is_name(name)).collect())),
    })
}

/// Base64 of a digest and its salt.
fn salted(algorithm: Algorithm, text: &str) -> Parts {
    let mut digest = BASE64.decode(text).ok()?;
    let salt =
        (digest.len() >= algorithm.length()).then(|| digest.split_off(algorithm.length()))?;
    Some((Function::Digest { algorithm, salt }, digest))
}

/// A digest in hex or base64.
fn unsalted(algorithm: Algorithm, text: &str) -> Parts {
    let is_hex =
        text.len() == 2 * algorithm.length() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let digest = if is_hex {
        let pairs =
            (0..algorithm.length()).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16));
        pairs.collect::<Result<_, _>>().ok()?
    } else {
        STANDARD.decode(text).ok().filter(|digest| digest.len() == algorithm.length())?
    };
    Some((Function::Digest { algorithm, salt: Vec::new() }, digest))
}

/// `12$` and 53 characters of bcrypt's own base64.
fn bcrypt(rest: &str) -> Parts {
    let (cost, text) = rest.split_once('$')?;
    let (salt, digest) = text.split_at_checked(22)?;
    let cost = cost.parse().ok().filter(|cost| (4..=31).contains(cost))?;
    let digest = BCRYPT.decode(digest).ok().filter(|digest| digest.len() == 23)?;
    Some((Function::Bcrypt { cost, salt: BCRYPT.decode(salt).ok()?.try_into().ok()? }, digest))
}

/// `v=19$m=65536,t=3,p=4$SALT$DIGEST`; without a version it is the one of before, 16.
fn argon2(algorithm: argon2::Algorithm, rest: &str) -> Parts {
    let (version, rest) = match rest.strip_prefix("v=") {
        Some(rest) => rest.split_once('$')?,
        None => ("16", rest),
    };
    let version = Version::try_from(version.parse::<u32>().ok()?).ok()?;
    let [parameters, salt, digest] = fields(rest)?;
    let (memory, parameters) = parameters.strip_prefix("m=")?.split_once(",t=")?;
    let (passes, lanes) = parameters.split_once(",p=")?;
    let number = |text: &str| text.parse().ok();
    // The library multiplies the lanes before it looks how many they are.
    let lanes = number(lanes).filter(|lanes| *lanes <= Params::MAX_P_COST)?;
    let params = Params::new(number(memory)?, number(passes)?, lanes, None).ok()?;
    let salt = BASE64.decode(salt).ok().filter(|salt| salt.len() >= argon2::MIN_SALT_LEN)?;
    Some((Function::Argon2 { algorithm, version, params, salt }, BASE64.decode(digest).ok()?))
}

/// `29000$SALT$DIGEST`, in base64 with `.` for `+`.
fn pbkdf2(algorithm: Algorithm, rest: &str) -> Parts {
    let [rounds, salt, digest] = fields(rest)?;
    let decode = |text: &str| BASE64.decode(text.replace('.', "+")).ok();
    let (rounds, salt) = (rounds.parse().ok()?, decode(salt)?);
    Some((Function::Pbkdf2 { algorithm, rounds, salt }, decode(digest)?))
}

/// `256$870000$SALT$DIGEST`, the salt as it stands.
fn django(rest: &str) -> Parts {
    let [name, rounds, salt, digest] = fields(rest)?;
    let algorithm = [("1", Sha1), ("256", Sha256)].into_iter().find(|(known, _)| *known == name)?.1;
    let (rounds, salt) = (rounds.parse().ok()?, salt.into());
    Some((Function::Pbkdf2 { algorithm, rounds, salt }, STANDARD.decode(digest).ok()?))
}

fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

/// A digest whose salt is in a column of its own, if it is one.
fn membership(hash: &str, salt: &str) -> Option<Parts> {
    let digest = STANDARD.decode(hash).ok()?;
    let algorithm = [Sha1, Sha256, Sha512].into_iter().find(|one| one.length() == digest.len())?;
    let salt = STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty());
    Some(salt.map(|salt| (Function::Membership { algorithm, salt }, digest)))
}

/// What no prefix names: digests without salt, and ASP.NET Identity.
fn unnamed(text: &str) -> Option<(Scheme, Parts)> {
    for (algorithm, scheme) in [
        (Md5, Scheme::Md5Unsafe),
        (Sha1, Scheme::Sha1Unsafe),
        (Sha256, Scheme::Sha256Unsafe),
        (Sha512, Scheme::Sha512Unsafe),
    ] {
        if let Some(parts) = unsalted(algorithm, text) {
            return Some((scheme, Some(parts)));
        }
    }
    let parts = match STANDARD.decode(text).ok()?.as_slice() {
        // Version 2: SHA-1, 1000 rounds, 16 bytes of salt, 32 of digest.
        [0, rest @ ..] if rest.len() == 48 => identity(Sha1, 1000, 16, rest),
        // Version 3: function, rounds and length of the salt, four bytes each.
        [1, 0, 0, 0, function @ 0..=2, r0, r1, r2, r3, s0, s1, s2, s3, rest @ ..] => {
            let algorithm = [Sha1, Sha256, Sha512][usize::from(*function)];
            let length = u32::from_be_bytes([*s0, *s1, *s2, *s3]) as usize;
            identity(algorithm, u32::from_be_bytes([*r0, *r1, *r2, *r3]), length, rest)
        }
        _ => return None,
    };
    Some((Scheme::AspNetIdentity, parts))
}

fn identity(algorithm: Algorithm, rounds: u32, salt: usize, rest: &[u8]) -> Parts {
    let (salt, digest) = rest.split_at_checked(salt).filter(|(salt, _)| salt.len() >= 16)?;
    let (rounds, salt) = (NonZeroU32::new(rounds)?, salt.into());
    Some((Function::Pbkdf2 { algorithm, rounds, salt }, digest.into()))
}

/// What new hashes of a scheme are made with.
fn new_function(scheme: Scheme, salt: [u8; 16]) -> Option<Function> {
    let pbkdf2 = |algorithm, rounds, salt| {
        Some(Function::Pbkdf2 { algorithm, rounds: NonZeroU32::new(rounds)?, salt })
    };
    match scheme {
        Scheme::Bcrypt => Some(Function::Bcrypt { cost: 12, salt }),
        Scheme::Argon2 => Some(Function::Argon2 {
            algorithm: argon2::Algorithm::Argon2id,
            version: Version::V0x13,
            params: Params::new(19 << 10, 2, 1, None).ok()?,
            salt: salt.to_vec(),
        }),
        Scheme::Pbkdf2 => pbkdf2(Sha256, 600_000, salt.to_vec()),
        Scheme::Django => {
            pbkdf2(Sha256, 600_000, BASE64.encode(salt).replace(['+', '/'], "0").into_bytes())
        }
        Scheme::AspNetIdentity => pbkdf2(Sha512, 100_000, salt.to_vec()),
        _ => None,
    }
}

/// A new hash, written as the scheme's own library does.
pub(super) fn make(scheme: Scheme, password: &Secret) -> Result<String, HashError> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| HashError::System("random numbers"))?;
    let function = new_function(scheme, salt).ok_or(HashError::NotMade(scheme))?;
    if scheme == Scheme::Bcrypt && password.expose().len() > 72 {
        return Err(HashError::TooLong);
    }
    let digest = function.compute(password.expose(), 32);
    let digest = digest.ok_or(HashError::System("memory for argon2"))?;
    let passlib = |bytes: &[u8]| BASE64.encode(bytes).replace('+', ".");
    Ok(match &function {
        Function::Bcrypt { cost, salt } => {
            format!("$2b${cost:02}${}{}", BCRYPT.encode(salt), BCRYPT.encode(&digest))
        }
        Function::Argon2 { params, salt, .. } => format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            BASE64.encode(salt),
            BASE64.encode(&digest)
        ),
        Function::Pbkdf2 { rounds, salt, .. } if scheme == Scheme::Pbkdf2 => {
            format!("$pbkdf2-sha256${rounds}${}${}", passlib(salt), passlib(&digest))
        }
        Function::Pbkdf2 { rounds, salt, .. } if scheme == Scheme::Django => {
            format!(
                "pbkdf2_sha256${rounds}${}${}",
                String::from_utf8_lossy(salt),
                STANDARD.encode(&digest)
            )
        }
        Function::Pbkdf2 { rounds, salt, .. } => {
            let head = [2, rounds.get(), 16].map(u32::to_be_bytes).concat();
            STANDARD.encode([&[1], head.as_slice(), salt, &digest].concat())
        }
        _ => return Err(HashError::NotMade(scheme)),
    })
}
