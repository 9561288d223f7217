//! Recorded exchanges: one directory each, written, redacted, matched and replayed.
