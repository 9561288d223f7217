//! The doctor.

pub(crate) mod addresses;
pub(crate) mod peers;
pub(crate) mod providers;
pub(crate) mod services;
pub(crate) mod stacks;
