//! Speak the SmarterTrack external provider contract from both ends: call .NET ASMX provider
//! services as the help desk does, or be one.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use external_providers::Client;
//! use external_providers::contract::{Authenticate, Authentication};
//!
//! let client = Client::new("https://crm.example.com/Provider.asmx", "the web service password")?;
//! let login = Authenticate {
//!     login_username: "myusername".into(),
//!     login_password: "mypassword".into(),
//!     ..Default::default()
//! };
//! let answer = client.call(login).await?;
//! match answer.result {
//!     Authentication::Authenticated { email_address, .. } => println!("{email_address:?}"),
//!     Authentication::Refused => println!("no: {:?}", answer.message),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! To be a service, begin at [`host`]; to ask all kinds of provider as an administrator's file says,
//! at [`gateway`]; to answer tests from recordings, at [`replay`]. Whole programs are in the
//! repository's `tests/examples`, the contract and its sources in `wsdl`.
//!
//! The rooms, from the bottom up, and the cargo feature of each; each knows only those above it in
//! this list. The default feature `cli`, the command line tool, has them all but the drivers of databases.
//!
//! | room | feature | |
//! |---|---|---|
//! | `breaker` | (below the others) | spares callers the wait for a server that does not answer |
//! | `in_force` | `gateway` | what is replaced as a whole while it works |
//! | [`secret`] | | passwords that do not print, and masks for texts that others wrote |
//! | [`tls`] | (below the others) | whom TLS trusts, and why it fails |
//! | [`http`] | | requests and responses as plain values |
//! | [`metrics`] | | what is counted, and who is told |
//! | `suggest` | | which name was meant |
//! | `toml_document` | | TOML, every mistake named by line and key |
//! | [`xml`] | | strict reading and .NET-exact writing of XML |
//! | [`contract`] | | the provider kinds, their requests and answers |
//! | [`soap`] | | the codec, four pure functions between typed values and HTTP messages |
//! | [`wsdl`] | | what a service says of itself, read and held against the contract |
//! | [`report`] | `doctor` | steps that were looked at, findings, remedies |
//! | [`explanation`] | | why an answer is what it is |
//! | [`sign_on`] | `sign-on` | the cookie by which ASP.NET knows a user, made and read |
//! | [`rules`] | `rules` | what an administrator decides: conditions, templates, what follows from them |
//! | [`backends`] | `ldap`, `sqlite`, `postgres`, `mysql`, `mssql` | logins and look-ups from directories and databases |
//! | [`settings`] | `gateway` | the External Providers page as a file |
//! | [`client`] | `client` | calls a service and gives typed answers |
//! | `reach` | `doctor`, `outbox` | the way to a server, as steps of a report |
//! | [`json_provider`] | `json-provider` | calls a provider that speaks JSON |
//! | [`host`] | `host` | answers as ASMX does; from a provider to a running service |
//! | [`sample`] | `sample` | a provider to try clients on |
//! | `login_page` | `provider-file` | a page for people to log in, and the cookie that it sets |
//! | [`redact`] | `fixtures` | takes secrets out of what is kept |
//! | [`compare`] | `fixtures` | when two messages are the same, and what differs |
//! | [`http1`] | `fixtures` | HTTP/1.1 as it is on the wire, for recordings |
//! | [`fixture`] | `fixtures` | recorded exchanges as they lie on disk |
//! | [`replay`] | `fixtures` | answers from recordings, in process or on a port |
//! | [`record`] | `record` | keeps what goes by, as a proxy or in a client |
//! | [`inspect`] | `record` | what a collection of recordings is worth |
//! | [`gateway`] | `gateway` | all kinds together as the settings say, the facade of an application |
//! | [`gateway_server`] | `gateway-server` | the gateway as an HTTP service that speaks JSON |
//! | [`outbox`] | `outbox` | events, kept until they are delivered |
//! | [`doctor`] | `doctor` | what ails a configured service |
//! | [`conform`] | `conform` | tests any provider against the contract, from the outside |
//! | [`provider_file`] | `provider-file` | one file that answers the help desk |
//! | [`shadow`] | `shadow` | a candidate beside an old service, and what it answers otherwise |
//!
//! `native-tls` adds the platform's TLS for servers too old for rustls; `metrics` tells the `metrics`
//! crate's recorder what is counted. Nothing is logged unless the
//! program has a `tracing` subscriber.

#![cfg_attr(docsrs, feature(doc_cfg))]
// What only one wing calls is idle without it; the build with all of them knows what nobody calls.
#![cfg_attr(not(feature = "full"), allow(dead_code, unreachable_pub, unused_imports))]

#[doc(hidden)]
pub mod error_chain;

#[doc(hidden)]
pub mod bounded;

#[cfg(any(
    feature = "gateway",
    feature = "ldap",
    feature = "databases",
    feature = "json-provider"
))]
pub(crate) mod breaker;

#[cfg(feature = "gateway")]
pub(crate) mod in_force;

pub mod secret;

#[cfg(feature = "tls")]
pub mod tls;

pub mod http;

pub mod metrics;

#[doc(hidden)]
pub mod suggest;

#[cfg(any(feature = "fixtures", feature = "gateway", feature = "rules", feature = "sign-on"))]
pub(crate) mod toml_document;

pub mod xml;

pub mod contract;

pub mod soap;

pub mod wsdl;

#[cfg(any(feature = "doctor", feature = "ldap", feature = "databases"))]
pub mod report;

pub mod explanation;

#[cfg(feature = "sign-on")]
pub mod sign_on;

#[cfg(feature = "rules")]
pub mod rules;

#[cfg(any(feature = "ldap", feature = "databases"))]
pub mod backends;

#[cfg(feature = "gateway")]
pub mod settings;

#[cfg(feature = "client")]
pub mod client;

#[cfg(any(feature = "doctor", feature = "outbox"))]
pub(crate) mod reach;

#[cfg(feature = "json-provider")]
pub mod json_provider;

#[cfg(feature = "host")]
pub mod host;

#[cfg(feature = "sample")]
pub mod sample;

#[cfg(feature = "provider-file")]
pub(crate) mod login_page;

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
pub mod gateway;

#[cfg(feature = "gateway-server")]
pub mod gateway_server;

#[cfg(feature = "outbox")]
pub mod outbox;

#[cfg(feature = "doctor")]
pub mod doctor;

#[cfg(feature = "conform")]
pub mod conform;

#[cfg(feature = "provider-file")]
pub mod provider_file;

#[cfg(feature = "shadow")]
pub mod shadow;

#[cfg(feature = "client")]
pub use client::{CallError, Client};
#[cfg(feature = "host")]
pub use host::Host;
pub use secret::Secret;

/// The README's examples, so that they compile.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
