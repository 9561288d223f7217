//! The command line tool.

pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod cookie;
pub(crate) mod fixtures;
pub(crate) mod frame;
pub(crate) mod mistakes;
pub(crate) mod people;
pub(crate) mod serve;
pub(crate) mod serve_fixtures;
pub(crate) mod serve_log;
pub(crate) mod settings_tool;
#[cfg(unix)]
pub(crate) mod terminal;
