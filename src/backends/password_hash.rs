//! Hashes of passwords as they are found in tables: which scheme a stored one is of, whether a
//! password is the one that was hashed, and new ones for those who register.

mod function;
mod stored;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::secret::Secret;
use function::Function;
use stored::Stored;

/// How a password is stored. Those whose names end in `unsafe` are there for tables that cannot be
/// changed: who reads the table has the passwords, or has them soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// `ssha`: `{SSHA}`, salted SHA-1 (RFC 2307 and OpenLDAP's `slappasswd`).
    Ssha,
    /// `ssha256`: `{SSHA256}`.
    Ssha256,
    /// `ssha512`: `{SSHA512}`.
    Ssha512,
    /// `smd5`: `{SMD5}`, salted MD5.
    Smd5,
    /// `bcrypt`: `$2a$`, `$2b$` and `$2y$`, also after `{CRYPT}` and the like. As everywhere, the
    /// first 72 bytes of a password count.
    Bcrypt,
    /// `argon2`: `$argon2i$` and `$argon2id$`, also after `{ARGON2}`.
    Argon2,
    /// `pbkdf2`: `$pbkdf2-sha256$` and its kin as passlib writes them, `{PBKDF2-SHA256}` as OpenLDAP
    /// does.
    Pbkdf2,
    /// `django`: `pbkdf2_sha256$` and `pbkdf2_sha1$`.
    Django,
    /// `aspnet-identity`: ASP.NET Identity, versions 2 and 3.
    AspNetIdentity,
    /// `aspnet-membership`: ASP.NET Membership, SHA-1, SHA-256 or SHA-512, plain or as HMAC, over
    /// the UTF-16 of the password, with the salt in a column of its own.
    AspNetMembership,
    /// `md5-unsafe`: MD5 without salt, in hex or base64, also after `{MD5}`.
    Md5Unsafe,
    /// `sha1-unsafe`: the same of SHA-1, also after `{SHA}`.
    Sha1Unsafe,
    /// `sha256-unsafe`: the same of SHA-256.
    Sha256Unsafe,
    /// `sha512-unsafe`: the same of SHA-512.
    Sha512Unsafe,
    /// `plain-unsafe`: the password itself, also after `{CLEARTEXT}`. What has the shape of another
    /// scheme's hash is never taken for a password: else a stolen hash would open the door.
    PlainUnsafe,
}

impl Scheme {
    /// All of them, with their names in settings.
    pub const ALL: [(Self, &str); 15] = [
        (Self::Ssha, "ssha"),
        (Self::Ssha256, "ssha256"),
        (Self::Ssha512, "ssha512"),
        (Self::Smd5, "smd5"),
        (Self::Bcrypt, "bcrypt"),
        (Self::Argon2, "argon2"),
        (Self::Pbkdf2, "pbkdf2"),
        (Self::Django, "django"),
        (Self::AspNetIdentity, "aspnet-identity"),
        (Self::AspNetMembership, "aspnet-membership"),
        (Self::Md5Unsafe, "md5-unsafe"),
        (Self::Sha1Unsafe, "sha1-unsafe"),
        (Self::Sha256Unsafe, "sha256-unsafe"),
        (Self::Sha512Unsafe, "sha512-unsafe"),
        (Self::PlainUnsafe, "plain-unsafe"),
    ];

    /// Those that [`hash`] makes.
    pub const MADE: [Self; 5] =
        [Self::Bcrypt, Self::Argon2, Self::Pbkdf2, Self::Django, Self::AspNetIdentity];

    /// The scheme of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(scheme, _)| scheme)
    }

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(scheme, _)| *scheme == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why nobody can say whether a password is right, or make a hash. Never says the hash itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The scheme is known, and nobody said that it is taken.
    #[error("the stored hash is of the scheme {0}; list it under `schemes` if it is to be taken")]
    NotListed(Scheme),
    /// Nobody here knows such a scheme; its name, if there is one.
    #[error("the stored hash is of a scheme that is not known{}", named(.0))]
    Unknown(String),
    /// It begins as the scheme's hashes do, and does not go on so.
    #[error("the stored hash of the scheme {0} is damaged: its parts are not what they should be")]
    Malformed(Scheme),
    /// It asks for more work or memory than a login is worth.
    #[error(
        "the stored hash of the scheme {0} costs too much; the limits are bcrypt's cost 16, 10 million rounds of PBKDF2, and 256 MiB for argon2"
    )]
    TooCostly(Scheme),
    /// Hashes of the scheme are verified and not made.
    #[error("hashes of the scheme {0} are not made; those of {names} are", names = Scheme::MADE.map(Scheme::name).join(", "))]
    NotMade(Scheme),
    /// bcrypt would drop the rest of the password without a word.
    #[error("the password is longer than the 72 bytes that bcrypt takes")]
    TooLong,
    /// No random numbers, or no thread.
    #[error("the system gives no {0}")]
    System(&'static str),
}

fn named(scheme: &str) -> String {
    if scheme.is_empty() { String::new() } else { format!(": {scheme}") }
}

/// Verifies passwords against stored hashes of the schemes that are listed.
///
/// Costly functions run on threads of their own, no more of them at a time than the machine has
/// cores; a caller who gives up leaves a running one to end by itself. How long a refusal takes does
/// not tell whether there is such a user: see [`refuse`](Self::refuse).
#[derive(Debug)]
pub struct PasswordHashes {
    schemes: Vec<Scheme>,
    /// The costliest function that was seen, which is what refusals cost.
    costliest: Mutex<Arc<Stored>>,
    cores: Arc<Semaphore>,
}

impl PasswordHashes {
    /// Takes stored hashes of these schemes, and fails on all others.
    pub fn new(schemes: impl Into<Vec<Scheme>>) -> Self {
        let schemes = schemes.into();
        let costliest = schemes.iter().map(|scheme| Stored::decoy(*scheme));
        let costliest = costliest.max_by_key(|stored| stored.nanoseconds());
        let costliest = costliest.unwrap_or_else(|| Stored::decoy(Scheme::PlainUnsafe));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            schemes,
            costliest: Mutex::new(Arc::new(costliest)),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Is this the password that was hashed? The empty password never is. `salt` is the column of
    /// the salt, which [`Scheme::AspNetMembership`] alone reads.
    ///
    /// # Errors
    ///
    /// A stored hash of a scheme that is not listed, of none that is known, damaged, or costing more
    /// than about 4 seconds or 256 MiB.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: &str,
        salt: Option<&str>,
    ) -> Result<bool, HashError> {
        let is_plain = self.schemes.contains(&Scheme::PlainUnsafe);
        let stored = Stored::parse(stored, salt).map_err(|error| match error {
            // The name might be part of a password.
            HashError::Unknown(_) if is_plain => HashError::Unknown(String::new()),
            error => error,
        })?;
        match stored.scheme {
            scheme if self.schemes.contains(&scheme) => {}
            Scheme::PlainUnsafe => return Err(HashError::Unknown(String::new())),
            scheme => return Err(HashError::NotListed(scheme)),
        }
        let costliest = self.costliest_with(&stored);
        let stored = Arc::new(stored);
        let is_right = self.run(password, Arc::clone(&stored)).await?;
        if !is_right && costliest.nanoseconds() > stored.nanoseconds() {
            self.run(password, costliest).await?;
        }
        Ok(is_right && !password.is_empty())
    }

    /// Does the work of verifying a password for a user who does not exist or may not log in. It
    /// costs as much as the costliest stored hash that was verified so far, but for those that take
    /// more than about a second, as does every wrong password; before the first, as much as the costliest of the listed schemes with what [`hash`]
    /// takes.
    pub async fn refuse(&self, password: &Secret) -> Result<(), HashError> {
        let costliest = Arc::clone(&self.costliest.lock().unwrap_or_else(PoisonError::into_inner));
        self.run(password, costliest).await.map(drop)
    }

    /// The costliest function so far, this one included.
    fn costliest_with(&self, stored: &Stored) -> Arc<Stored> {
        let mut costliest = self.costliest.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = stored.nanoseconds();
        if cost > costliest.nanoseconds() && cost <= Function::MOST_OF_A_REFUSAL {
            *costliest = Arc::new(stored.decoy_alike());
        }
        Arc::clone(&costliest)
    }

    async fn run(&self, password: &Secret, stored: Arc<Stored>) -> Result<bool, HashError> {
        if stored.nanoseconds() < Function::COSTLY {
            return stored.verify(password);
        }
        let password = password.clone();
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let work = tokio::task::spawn_blocking(move || {
            let _core = core;
            stored.verify(&password)
        });
        work.await.unwrap_or(Err(HashError::System("thread")))
    }
}

/// A new hash of a password, with a fresh salt: bcrypt of cost 12, argon2id with 19 MiB and two
/// passes, PBKDF2-SHA-256 of 600 000 rounds in passlib's or in Django's form, or ASP.NET Identity's
/// version 3 with SHA-512 and 100 000 rounds. Runs on a thread of its own.
///
/// # Errors
///
/// Any other scheme, and a password of more than 72 bytes for bcrypt.
pub async fn hash(scheme: Scheme, password: Secret) -> Result<String, HashError> {
    let work = tokio::task::spawn_blocking(move || stored::make(scheme, &password));
    work.await.unwrap_or(Err(HashError::System("thread")))
}

#[cfg(test)]
mod tests;
