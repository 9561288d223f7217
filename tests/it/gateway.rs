//! All kinds together, and their settings.

pub(crate) mod discover;
pub(crate) mod kinds;
pub(crate) mod page;
mod remembers;
pub(crate) mod settings;
pub(crate) mod settings_shared;
pub(crate) mod troubles;
pub(crate) mod wire;
