//! One file that answers the help desk.
#![cfg(feature = "sqlite")]

pub(crate) mod answers;
mod cases;
mod events;
mod events_reading;
mod events_tool;
mod login_page;
mod logins;
mod reading;
mod reload;
mod served;
mod tool;
