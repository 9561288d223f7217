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

#![cfg_attr(docsrs, feature(doc_cfg))]
// What only one wing calls is idle without it; the build with all of them knows what nobody calls.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unreachable_pub, unused_imports))]

#[doc(hidden)]
pub mod error_chain;

pub mod secret;

#[cfg(feature = "tls")]
pub mod tls;

pub mod http;

#[doc(hidden)]
pub mod suggest;

#[cfg(any(feature = "fixtures", feature = "gateway"))]
pub(crate) mod toml_document;

pub mod xml;

pub mod contract;

pub mod soap;

pub mod wsdl;

#[cfg(feature = "client")]
pub mod client;

#[cfg(feature = "host")]
pub mod host;

#[cfg(feature = "sample")]
pub mod sample;

#[cfg(feature = "fixtures")]
pub mod redact;

#[cfg(feature = "fixtures")]
pub mod compare;

#[cfg(feature = "fixtures")]
pub mod http1;

#[cfg(feature = "fixtures")]
pub mod fixture;

#[cfg(feature = "fixtures")]
pub mod replay;

#[cfg(feature = "record")]
pub mod record;

#[cfg(feature = "record")]
pub mod inspect;

#[cfg(feature = "gateway")]
pub mod settings;

#[cfg(feature = "gateway")]
pub mod gateway;

#[cfg(feature = "doctor")]
pub mod doctor;

#[cfg(feature = "client")]
pub use client::{CallError, Client};
#[cfg(feature = "host")]
pub use host::Host;
pub use secret::Secret;

/// The README's examples, so that they compile.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
