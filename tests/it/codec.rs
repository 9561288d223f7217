//! The codec: captured exchanges, both ways, properties, JSON, a ninth operation.

pub(crate) mod answers;
pub(crate) mod both_ways;
pub(crate) mod captures;
pub(crate) mod catalogue;
pub(crate) mod json;
pub(crate) mod ninth_operation;
pub(crate) mod properties;
pub(crate) mod raw;
