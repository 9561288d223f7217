//! The client, and the library as its users meet it.

pub(crate) mod calls;
pub(crate) mod library;
pub(crate) mod owner;
#[cfg(feature = "tower")]
pub(crate) mod stack;
