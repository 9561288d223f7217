//! Recorded exchanges as they lie on disk: one directory each.
//!
//! - [`load`], [`load_lenient`] and [`store`](store()) read and write collections of them
//! - [`import_har`] and [`export_har`] take over those of browsers and proxies

pub(crate) mod builder;
pub(crate) mod description;
mod har;
pub(crate) mod slug;
pub(crate) mod store;
mod summary;

use std::time::Duration;

use crate::compare::Policy;
use crate::http::{Answered, HttpRequest, HttpVersion, Outcome};
use crate::redact::{Placeholder, Rules};
use crate::soap::SoapVersion;

pub use description::FILE;
pub use har::{HarError, Imported, export_har, import_har};
pub use store::{
    BODY_LIMIT, LoadError, Loaded, StoreError, load, load_lenient, load_one, private_file, store,
};

/// The version of the format that is written.
pub const SCHEMA: u32 = 1;

/// A recorded exchange, as it is stored: redacted, otherwise byte for byte what was on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// The directory's path below its collection, with `/`: `00012-authenticate-login-successful-soap11`.
    pub name: String,
    /// The place in the recording, from 1.
    pub sequence: u64,
    /// When the request came.
    pub recorded: jiff::Timestamp,
    /// How long the answer took; kept to the microsecond.
    pub took: Duration,
    /// How many equal exchanges in a row it stands for, itself included; at least 1. A replay answers
    /// so many requests with it before it goes on to the next of its equals.
    pub count: u64,
    /// The operation's name on the wire; none for a WSDL, pages and all that is not a SOAP call.
    pub operation: Option<String>,
    /// The version of SOAP, where it is a SOAP call.
    pub soap: Option<SoapVersion>,
    /// The request: headers in their order and case, the body unchunked.
    pub request: HttpRequest,
    /// The version of HTTP that the request line named.
    pub request_version: HttpVersion,
    /// What came of it.
    pub outcome: Outcome,
    /// What was masked, and by which rules.
    pub redaction: Redaction,
    /// What testers allow to differ.
    pub policy: Policy,
}

impl Fixture {
    /// The answer, if one came.
    pub fn answer(&self) -> Option<&Answered> {
        match &self.outcome {
            Outcome::Answered(answered) => Some(answered),
            Outcome::Failed(_) => None,
        }
    }
}

/// What was masked in an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    /// The rules beyond the built-in keys and headers.
    pub rules: Rules,
    /// The placeholders that stand in the exchange, by their numbers.
    pub placeholders: Vec<Placeholder>,
}
