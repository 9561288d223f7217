//! Speak the SmarterTrack external provider contract from both ends: call .NET ASMX provider
//! services as the help desk does, or be one.
//!
//! The rooms, from the bottom up; each knows only those above it in this list:
//!
//! - [`secret`]: passwords that do not print, and masks for texts that others wrote
//! - [`tls`]: whom TLS trusts, and why it fails
//! - [`http`]: requests and responses as plain values
//! - `suggest`: which name was meant
//! - `toml_document`: TOML, every mistake named by line and key
//! - [`xml`]: strict reading and .NET-exact writing of XML
//! - [`contract`]: the provider kinds, their requests and answers
//! - [`soap`]: the codec, four pure functions between typed values and HTTP messages
//! - [`wsdl`]: what a service says of itself, read and held against the contract
//! - [`client`]: calls a service and gives typed answers
//! - [`host`]: answers as ASMX does; from a provider to a running service
//! - [`sample`]: a provider to try clients on
//! - [`redact`]: takes secrets out of what is kept
//! - [`compare`]: when two messages are the same, and what differs
//! - [`http1`]: HTTP/1.1 as it is on the wire, for recordings
//! - [`fixture`]: recorded exchanges: written, redacted, matched, replayed
//! - [`replay`]: answers from recordings, in process or on a port
//! - [`record`]: keeps what goes by, as a proxy or in a client
//! - [`inspect`]: what a collection of recordings is worth
//! - [`settings`]: the External Providers page as a file
//! - [`gateway`]: all kinds together as the settings say, the facade of an application
//! - [`doctor`]: the doctor: what ails a configured service

#[doc(hidden)]
pub mod error_chain;

pub mod secret;

pub mod tls;

pub mod http;

#[doc(hidden)]
pub mod suggest;

pub(crate) mod toml_document;

pub mod xml;

pub mod contract;

pub mod soap;

pub mod wsdl;

pub mod client;

pub mod host;

pub mod sample;

pub mod redact;

pub mod compare;

pub mod http1;

pub mod fixture;

pub mod replay;

pub mod record;

pub mod inspect;

pub mod settings;

pub mod gateway;

pub mod doctor;

pub use client::{CallError, Client};
pub use host::Host;
pub use secret::Secret;

/// The README's examples, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
