//! The ticket itself, and its bytes (wsdl/FORMS-TICKET.md, section 1).

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Reason, Timestamp};

/// The version of the format, and the bytes between and after the fields.
const FORMAT: u8 = 1;
const SPACER: u8 = 0xFE;
const FOOTER: u8 = 0xFF;

/// Is a name what it looks like? Control characters and others that nobody sees, white space beyond the space,
/// and ASCII of full width are not: the usual collations of SQL Server find `admin` by a name that hides them,
/// which another store may have let somebody register.
pub fn is_plain_name(name: &str) -> bool {
    // The last are those that Unicode calls Default_Ignorable_Code_Point (DerivedCoreProperties.txt).
    !name.contains(|c: char| {
        c.is_control()
            || (c.is_whitespace() && c != ' ')
            || matches!(c, '\u{FF01}'..='\u{FF5E}')
            || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}')
            || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
            || matches!(c, '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
            || matches!(c, '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}')
            || matches!(c, '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
    })
}

/// What a cookie says: who is logged in, and until when.
///
/// `Debug` shows no user data, which may be anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// `FormsAuthenticationTicket.Version`, cut to a byte as .NET does: 2 is what .NET writes, and nobody
    /// is known to look.
    pub version: u8,
    /// The user. Any characters, U+0000 included; one that .NET wrote with half a surrogate pair is
    /// refused, since replacing the half could make two users one.
    pub name: String,
    /// When it was issued. A site never looks whether that is in the future.
    pub issued: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Whether the browser keeps the cookie when it is closed. The ticket expires all the same.
    pub persistent: bool,
    /// What the site keeps with it. Signed and, but for `protection="Validation"`, encrypted.
    pub user_data: String,
    /// The path of the cookie. A site compares it with nothing, and gives it to a renewed cookie.
    pub path: String,
}

impl Ticket {
    /// A ticket as `FormsAuthentication.SetAuthCookie` makes it: version 2, not persistent, no user data,
    /// path `/`.
    pub fn new(name: impl Into<String>, now: Timestamp, lifetime: Duration) -> Self {
        Self {
            version: 2,
            name: name.into(),
            issued: now,
            expires: now.saturating_add(lifetime),
            persistent: false,
            user_data: String::new(),
            path: "/".to_owned(),
        }
    }

    /// Has it expired? It has not in the very moment in which it does, as in .NET.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires < now
    }

    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let units: usize = self.strings().map(str::len).iter().sum();
        // Room for all at once: a buffer that grew would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * units + 40));
        bytes.extend([FORMAT, self.version]);
        bytes.extend(self.issued.ticks().to_le_bytes());
        bytes.push(SPACER);
        bytes.extend(self.expires.ticks().to_le_bytes());
        bytes.push(u8::from(self.persistent));
        for text in self.strings() {
            let mut count = text.encode_utf16().count();
            while count >= 0x80 {
                bytes.push(count as u8 | 0x80);
                count >>= 7;
            }
            bytes.push(count as u8);
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        bytes.push(FOOTER);
        bytes
    }

    pub(super) fn strings(&self) -> [&str; 3] {
        [&self.name, &self.user_data, &self.path]
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Reason> {
        let mut rest = Rest(bytes);
        rest.expect(FORMAT, "the version of the format is not 1")?;
        let version = rest.byte()?;
        let issued = rest.date("the issue date is one that .NET does not have")?;
        rest.expect(SPACER, "FE is missing between the dates")?;
        let expires = rest.date("the expiry is one that .NET does not have")?;
        let persistent = match rest.byte()? {
            0 => false,
            1 => true,
            _ => return Err(Reason::Ticket("persistent is neither 0 nor 1")),
        };
        let (name, user_data, path) = (rest.text()?, rest.text()?, rest.text()?);
        rest.expect(FOOTER, "FF is missing at the end")?;
        match rest.0 {
            [] => Ok(Self { version, name, issued, expires, persistent, user_data, path }),
            _ => Err(Reason::Ticket("something follows the end")),
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("version", &self.version)
            .field("name", &self.name)
            .field("issued", &self.issued)
            .field("expires", &self.expires)
            .field("persistent", &self.persistent)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What is still to be read.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], Reason> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or(Reason::Ticket("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Reason> {
        Ok(self.take(1)?[0])
    }

    fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Reason> {
        if self.byte()? == byte { Ok(()) } else { Err(Reason::Ticket(otherwise)) }
    }

    fn date(&mut self, otherwise: &'static str) -> Result<Timestamp, Reason> {
        let bytes = self.take(8)?.try_into().map_err(|_| Reason::Ticket(otherwise))?;
        Timestamp::from_ticks(i64::from_le_bytes(bytes)).ok_or(Reason::Ticket(otherwise))
    }

    /// A count of UTF-16 units in groups of seven bits, the lowest first, and the units.
    fn text(&mut self) -> Result<String, Reason> {
        let mut count = 0_usize;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            // Three groups count to two million, and no cookie holds as many.
            if shift > 14 || (byte == 0 && shift > 0) {
                return Err(Reason::Ticket("the length of a text is malformed"));
            }
            count |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        let bytes = self.take(2 * count)?;
        let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        char::decode_utf16(units)
            .collect::<Result<_, _>>()
            .map_err(|_| Reason::Ticket("a text holds half a surrogate pair"))
    }
}
