//! Redaction: what is found, what is left, and our own words.

pub(crate) mod again;
pub(crate) mod matrix;
pub(crate) mod messages;
pub(crate) mod own_words;
pub(crate) mod planted;
