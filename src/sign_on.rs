//! Single sign-on: the cookie of ASP.NET's Forms Authentication (`.ASPXAUTH`), by which a help desk takes
//! a user for logged in, made and read with its `machineKey`.
//!
//! Whoever has the keys is any user of that site, and whoever has a cookie is its user until it expires:
//! neither is logged, and no error shows one. The layouts, and how sure each fact is, are in
//! wsdl/FORMS-TICKET.md. What no cookie of .NET was there to prove is [unproven](Settings::unproven).

mod cipher;
mod error;
mod layout;
mod mac;
mod settings;
mod text;
mod ticket;
mod timestamp;

pub use error::{InvalidTicket, KeyError, MachineKeyError, Reason, SealError};
pub use settings::{Decryption, Layout, Protection, Settings, Validation};
pub use ticket::Ticket;
pub use timestamp::Timestamp;
