//! The recorder.

pub(crate) mod charsets;
pub(crate) mod kept;
pub(crate) mod modes;
pub(crate) mod proxy;
pub(crate) mod survives;
pub(crate) mod tool;
