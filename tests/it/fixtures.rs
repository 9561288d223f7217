//! Recordings on disk, and what is made of them.

pub(crate) mod curated;
pub(crate) mod har_charsets;
pub(crate) mod recordings;
pub(crate) mod replay;
pub(crate) mod stacks;
pub(crate) mod store;
pub(crate) mod tools;
pub(crate) mod verify;
