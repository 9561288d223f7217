//! What an administrator decides without a programmer: conditions over a request and what look-ups
//! found, and what follows from them. Pure: nothing here asks a server.

mod rows;

pub use rows::Rows;
