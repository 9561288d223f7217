//! What an administrator decides without a programmer: conditions over a request and what look-ups
//! found, and what follows from them. Pure: nothing here asks a server.

mod action;
mod condition;
mod decimal;
mod decision;
mod facts;
mod name;
mod operator;
mod rows;
mod rule_set;
mod scope;
mod template;
mod text;

pub use crate::toml_document::Problem;
pub use decision::{DecideError, Decision, Verdict};
pub use facts::Facts;
pub use rows::Rows;
pub use rule_set::RuleSet;
pub(crate) use rule_set::When;
pub use scope::{NameError, Scope, is_reserved};
pub use template::Template;

#[cfg(test)]
mod tests;
