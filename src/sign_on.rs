//! Single sign-on: the cookie of ASP.NET's Forms Authentication (`.ASPXAUTH`), by which a help desk takes
//! a user for logged in, made and read with its `machineKey`.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use external_providers::sign_on::{MachineKey, Ticket, Timestamp};
//!
//! let web_config = br#"<machineKey validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"
//!     validationKey="30101052676849B0B494466B7A99656346328E8964748448E422D7344467A457"
//!     decryptionKey="AC7387D7E54B156377D81930CF237888" />"#;
//! let key = MachineKey::parse(web_config, "web.config")?; // or MachineKey::load
//! let ticket = Ticket::new("jane", Timestamp::now(), Duration::from_secs(1800));
//! let cookie = key.seal(&ticket)?;
//! let back = key.open(&cookie)?;
//! assert!(back.name == "jane" && !back.is_expired(Timestamp::now()));
//! # Ok(())
//! # }
//! ```
//!
//! Whoever has the keys is any user of that site, and whoever has a cookie is its user until it expires:
//! neither is logged, and no error shows one. The layouts, and how sure each fact is, are in
//! wsdl/FORMS-TICKET.md. What no cookie of .NET was there to prove is [unproven](Settings::unproven), and
//! is used only after [`MachineKey::allow_unproven`].

mod cipher;
mod element;
mod error;
mod find_mode;
mod key_file;
mod layout;
mod mac;
mod machine_key;
mod settings;
mod text;
mod ticket;
mod timestamp;
mod web_config;

pub use error::{InvalidTicket, KeyError, MachineKeyError, Reason, SealError};
pub use find_mode::find_mode;
pub use machine_key::MachineKey;
pub use settings::{Decryption, Layout, Protection, Settings, Validation};
pub use ticket::{Ticket, is_plain_name};
pub use timestamp::Timestamp;
pub use web_config::Forms;
#[cfg(feature = "provider-file")]
pub(crate) use web_config::{is_cookie_name, is_cookie_path};

// Beside the vectors that it reads; it needs given random bytes.
#[cfg(test)]
#[path = "../tests/it/sign_on/bytes.rs"]
mod tests;
