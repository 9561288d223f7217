//! The keys of a site, with what it does with them.

use std::fmt;
use std::path::Path;

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::error::LONGEST;
use super::key_file::{self, KeyFile};
use super::layout::{Keys, check};
use super::text::{decode_cookie, digits, to_hex};
use super::{
    Forms, InvalidTicket, KeyError, Layout, MachineKeyError, Protection, Reason, SealError,
    Settings, Ticket,
};
use crate::bounded::{open_to_others, read_file};
use crate::secret::Secret;

/// A `web.config` larger than this is not one: IIS reads 250 KB.
const MOST_BYTES: usize = 1 << 20;

/// A site's `machineKey`. `Debug` shows no key, and the memory is wiped when it is dropped.
#[derive(Clone)]
pub struct MachineKey {
    pub(super) settings: Settings,
    pub(super) validation: Zeroizing<Vec<u8>>,
    pub(super) decryption: Zeroizing<Vec<u8>>,
    forms: Forms,
    warnings: Vec<String>,
    allows_unproven: bool,
}

impl MachineKey {
    /// Takes the keys in, as hexadecimal digits.
    ///
    /// # Errors
    ///
    /// What .NET does not take: a validation key of less than 40 digits; in the legacy layout, one of more than
    /// 64 bytes (128 with HMACSHA384 and HMACSHA512); a decryption key of another length than its algorithm
    /// has, or a weak one; MD5, 3DES and AES as `validation` of Framework45. And what the legacy layout reads as
    /// zeros: whatever is not a digit.
    pub fn new(
        settings: Settings,
        validation_key: &Secret,
        decryption_key: &Secret,
    ) -> Result<Self, KeyError> {
        let validation = digits("validationKey", validation_key.expose())?;
        let decryption = digits("decryptionKey", decryption_key.expose())?;
        check(settings, &validation, &decryption)?;
        let (forms, warnings) = (Forms::default(), Vec::new());
        Ok(KeyFile { settings, validation, decryption, forms, warnings }.into())
    }

    /// Reads a file of at most 1 MiB: a `web.config` as it is, a `<machineKey>` element alone, or TOML with the
    /// same names:
    ///
    /// ```toml
    /// validationKey = "…"                    # 40 to 256 hexadecimal digits
    /// decryptionKey = "…"                    # 32, 48 or 64
    /// validation = "HMACSHA256"              # the default; SHA1, HMACSHA384, HMACSHA512
    /// decryption = "Auto"                    # the default; AES
    /// compatibilityMode = "Framework45"      # default: Framework20SP1
    /// ```
    ///
    /// The layout is what `compatibilityMode` says; else Framework45 where the `targetFramework` of
    /// `<httpRuntime>` is 4.5 or more, else legacy. Of `<location>` elements, those without a path (or with
    /// `.`) are read, since they are the site itself. `<forms>` says what the cookie's
    /// [name and lifetime](Self::forms) are.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a key cannot be had from it: it is generated on the server
    /// (`AutoGenerate`), changed by it (`IsolateApps`, `IsolateByAppId`), encrypted, in another file
    /// (`configSource`), or the site's tickets are made by code of its own (`dataProtectorType`, `alg:`), or
    /// as those of old (`aspnet:UseLegacyEncryption`,
    /// `aspnet:UseLegacyFormsAuthenticationTicketCompatibility`). Each says what to set instead.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, MachineKeyError> {
        Self::load_as(path.as_ref(), true)
    }

    /// The same for [`find_mode`](super::find_mode) alone: the settings that the file names need not fit its
    /// keys, since they are what is in question. With such a key no cookie is valid, and none is made.
    pub fn load_to_find_mode(path: impl AsRef<Path>) -> Result<Self, MachineKeyError> {
        Self::load_as(path.as_ref(), false)
    }

    fn load_as(path: &Path, must_fit: bool) -> Result<Self, MachineKeyError> {
        let file = path.display().to_string();
        let unread = |why: String| MachineKeyError::Unread { file: file.clone(), why };
        let bytes = read_file(path, MOST_BYTES).map_err(|error| unread(error.to_string()))?;
        let mut key = Self::parse_as(&bytes, &file, must_fit)?;
        if let Some(by_others) = open_to_others(path) {
            key.warnings
                .push(format!("{file}: {by_others}; take the permission away: chmod o-rwx"));
        }
        Ok(key)
    }

    /// The same from the bytes of a file with this name.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, MachineKeyError> {
        Self::parse_as(bytes, file, true)
    }

    fn parse_as(bytes: &[u8], file: &str, must_fit: bool) -> Result<Self, MachineKeyError> {
        key_file::read(bytes, must_fit)
            .map(Self::from)
            .map_err(|problem| MachineKeyError::Invalid { file: file.to_owned(), problem })
    }

    /// Lets it read and write what is [unproven](Settings::unproven), and read cookies that are not signed
    /// (`protection="None"`), which anybody can make.
    #[must_use]
    pub fn allow_unproven(mut self) -> Self {
        self.allows_unproven = true;
        self
    }

    /// How its site makes tickets.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// What the file says of the cookie, with .NET's defaults.
    pub fn forms(&self) -> &Forms {
        &self.forms
    }

    /// What an administrator should know of the file: that others can read it, that its layout is a guess.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The value of a cookie: hexadecimal digits in upper case, another one each time.
    ///
    /// # Errors
    ///
    /// The cookie would be longer than .NET reads, 4096 characters (strings of some 970 characters
    /// together); or the settings are unproven, and that is not allowed; or cookies are not signed.
    pub fn seal(&self, ticket: &Ticket) -> Result<String, SealError> {
        if let Some(what) = self.settings.unproven().filter(|_| !self.allows_unproven) {
            return Err(SealError::Unproven(what));
        }
        if self.settings.layout == Layout::Legacy && self.settings.protection == Protection::None {
            return Err(SealError::Unsigned);
        }
        self.seal_with(ticket, |random| SystemRandom::new().fill(random).is_ok())
    }

    pub(super) fn seal_with(
        &self,
        ticket: &Ticket,
        fill: impl FnOnce(&mut [u8]) -> bool,
    ) -> Result<String, SealError> {
        // The keys were looked at when they were taken in.
        let keys = self.keys().map_err(|_| SealError::Random)?;
        let mut random = vec![0; keys.random_len()];
        if !fill(&mut random) {
            return Err(SealError::Random);
        }
        let sealed = keys.seal(&ticket.encode(), &random).ok_or(SealError::Random)?;
        let characters = 2 * sealed.len();
        if characters > LONGEST {
            let [name, user_data, path] = ticket.strings().map(|text| text.encode_utf16().count());
            return Err(SealError::Long { characters, name, user_data, path });
        }
        Ok(to_hex(&sealed))
    }

    /// The ticket in the value of a cookie, hexadecimal digits in either case or Base64 as .NET has it in
    /// URLs. One that has expired, too: ask [`is_expired`](Ticket::is_expired).
    ///
    /// The error is the same for all that is wrong. The step is logged at the level `debug`, without the cookie.
    pub fn open(&self, cookie: &str) -> Result<Ticket, InvalidTicket> {
        self.diagnose(cookie).map_err(|reason| {
            tracing::debug!(%reason, "a cookie is not a valid ticket");
            InvalidTicket
        })
    }

    /// [`open`](Self::open) that says which step failed, for the administrator alone: whoever sent the cookie
    /// must not learn it.
    pub fn diagnose(&self, cookie: &str) -> Result<Ticket, Reason> {
        if let Some(what) = self.settings.unproven().filter(|_| !self.allows_unproven) {
            return Err(Reason::Unproven(what));
        }
        self.read(cookie)
    }

    pub(super) fn read(&self, cookie: &str) -> Result<Ticket, Reason> {
        let keys = self.keys().map_err(|_| Reason::Decryption)?;
        Ticket::decode(&keys.open(&decode_cookie(cookie)?)?)
    }

    fn keys(&self) -> Result<Keys, KeyError> {
        Keys::new(self.settings, &self.validation, &self.decryption)
    }

    /// The same keys with other settings, where they fit.
    pub(super) fn with(&self, settings: Settings) -> Option<Self> {
        check(settings, &self.validation, &self.decryption).ok()?;
        Some(Self { settings, ..self.clone() })
    }
}

impl From<KeyFile> for MachineKey {
    fn from(file: KeyFile) -> Self {
        let KeyFile { settings, validation, decryption, forms, warnings } = file;
        Self { settings, validation, decryption, forms, warnings, allows_unproven: false }
    }
}

impl fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineKey").field("settings", &self.settings).finish_non_exhaustive()
    }
}
