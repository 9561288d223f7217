//! What a service says of itself: WSDL 1.1 documents, read and held against the contract.
//!
//! Nothing here fetches anything: [`Documents`] takes bytes in and names what else it needs, and
//! [`Documents::finish`] gives the [`Description`] of the service: its ports, operations and types.
//! [`Description::find`] says which operations of the contract it has, under which names, and
//! [`Description::compare`] how they differ from the contract.
//!
//! ```
//! # fn example(document: &[u8]) -> Result<(), external_providers::wsdl::WsdlError> {
//! use external_providers::wsdl::Documents;
//!
//! let mut documents = Documents::default();
//! let wanted = documents.add("Provider.asmx?WSDL", document, "text/xml", None)?;
//! assert!(wanted.is_empty(), "ASMX writes one document");
//! for found in documents.finish(true)?.find().found {
//!     println!("{} is called {} there", found.operation.name, found.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Strict about XML, lenient about what it does not need: policies, unknown extensions, bindings to
//! plain HTTP.

mod error;
mod limits;
mod scan;

mod schema;
mod schema_read;

mod model;

mod read;

mod resolve;

mod find;
mod takes;

mod compare;
mod difference;
mod expected;

pub use difference::{Difference, DifferenceKind, Severity};
pub use error::{WsdlError, WsdlProblem};
pub use find::{Ambiguous, Find, Found, Match};
pub use limits::Limits;
pub use model::{Description, Message, Operation, Port, Style};
pub use read::{Documents, Import};
pub use schema::{Field, QName, Schema, Type, TypeRef};

/// The namespace of WSDL 1.1 (WSDL 1.1, section 1.2).
pub const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
/// The namespace of the SOAP 1.1 binding (WSDL 1.1, section 1.2).
pub const WSDL_SOAP: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
/// The namespace of the SOAP 1.2 binding (WSDL 1.1 Binding Extension for SOAP 1.2, section 1.2).
pub const WSDL_SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
