//! Descriptions: our own, and those of other stacks.

pub(crate) mod deployed;
pub(crate) mod discover;
pub(crate) mod documents;
pub(crate) mod reader;
