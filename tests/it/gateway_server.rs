//! The gateway as an HTTP service that speaks JSON.
