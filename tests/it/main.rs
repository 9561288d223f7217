//! The integration tests, one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod captures;
mod check;
mod check_cli;
mod check_peers;
mod cli;
mod client;
mod codec;
mod fixture_store;
mod fixtures_cli;
mod fixtures_replay;
mod fixtures_verify;
mod host_asmx;
mod host_captures;
mod host_http;
mod page;
mod properties;
mod providers;
mod providers_discover;
mod providers_troubles;
mod proxy;
mod raw;
mod record;
mod recording_modes;
mod recordings;
mod redaction;
mod replay_server;
mod serve;
mod serve_fixtures;
mod settings;
mod settings_tool;
mod support;
mod tidy;
mod wsdl;
mod wsdl_reader;
mod wsdl_reader_discover;
