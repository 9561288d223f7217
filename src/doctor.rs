//! The doctor: what ails a configured service, and what to do about it.
//!
//! [`check`] looks at one service step by step: its address, the connection, TLS, its WSDL and how
//! that differs from the contract, whether SOAP is spoken, whether the password is asked for and
//! accepted, how long answers take, what the time is there, and the habits of its web server. Each
//! step has a time limit, and so has the whole. A step that cannot be made says why; it never counts
//! as passed.
//!
//! Nothing is changed at the service unless [`Options::allow_changes`] says so: of the contract's
//! operations only those that read are called.
//!
//! - A password counts as accepted where an operation answers it otherwise than a wrong one. A provider
//!   that says no to everything (`password-unproven`), has another password for each operation
//!   (`password-per-operation`) or fails in any case (`always-faults`) is named, and so is what a
//!   failed login does not tell (`login-unproven`: a directory that is down looks like a wrong
//!   password). Without a web service password, the step is not checked.
//! - A version of SOAP counts as spoken where the answer is of that version. Where an unknown operation
//!   is answered with a page, one that only reads is asked, with a wrong password, before the verdict.
//! - A WSDL that gives another scheme, host or port than the URL is a warning (`wsdl-address`): this
//!   client keeps to the URL, others follow the WSDL.
//! - With [`Subject::sign_on`], a login cookie is made for a user and read again, and the service is asked
//!   whether it knows the user, as the help desk asks: `GetSignInCookieInfo`, which only reads.
//! - Behind an HTTP proxy, SOAP and the WSDL alone are looked at.
//!
//! ```no_run
//! use external_providers::doctor::{Options, Subject, check};
//!
//! # async fn example() {
//! let subject = Subject::new("https://crm.example.com/Provider.asmx");
//! let report = check(&subject, &Options::default(), |step| println!("{step} …")).await;
//! for finding in report.findings() {
//!     println!("{}: {:?}", finding.text, finding.remedy);
//! }
//! # }
//! ```

mod subject;

mod run;

mod describe;

mod asked;
mod calls;
mod http;
mod password;
mod sign_on;

mod diagnoses;

#[cfg(feature = "provider-file")]
pub(crate) use crate::reach::tls::own_certificate;
pub use crate::report::{Finding, Outcome, Report, Severity, Step};
pub use run::check;
pub use sign_on::SignOn;
pub use subject::{Options, Subject};
