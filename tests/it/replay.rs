//! Replays.

pub(crate) mod itself;
pub(crate) mod passwords;
pub(crate) mod server;
pub(crate) mod sessions;
