//! Integration tests, in one binary.

mod host_captures;
