//! The integration tests, one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod backends;
mod cli;
mod client;
mod codec;
mod conform;
mod doctor;
mod fixtures;
mod fuzz;
mod gateway;
mod gateway_server;
mod host;
mod json_provider;
mod no_limit;
mod outbox;
mod provider_file;
mod record;
mod redact;
mod replay;
mod shadow;
mod sign_on;
mod support;
mod tidy;
mod tls;
mod wsdl;
