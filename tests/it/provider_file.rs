//! One file that answers the help desk.
#![cfg(feature = "sqlite")]

mod answers;
mod logins;
mod reading;
mod reload;
mod served;
mod tool;
