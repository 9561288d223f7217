//! `cookie issue`.

use std::time::Duration;

use clap::Args;
use external_providers::sign_on::{SealError, Ticket, Timestamp, is_plain_name};

use super::Key;
use crate::cli::{Failed, LOCAL, OK, SETTINGS, USAGE, output, print};

/// Issue a cookie for a user: its value, alone on standard output
///
/// The user is taken at your word: nothing is asked whether there is one. Set the cookie for the base
/// domain that both sites share (Domain=example.com; Secure; HttpOnly; SameSite=Lax).
#[derive(Args)]
pub(super) struct IssueArgs {
    /// The user's name, as the help desk knows it
    user: String,

    #[command(flatten)]
    key: Key,

    /// How long it lasts. Default: the timeout of <forms> in the file, else 30
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    minutes: Option<u32>,

    /// Mark it as one that a browser keeps when it is closed
    #[arg(long)]
    persistent: bool,

    /// What the site is to keep with it. It is an argument, so nothing secret
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    user_data: String,

    /// The path of the cookie, which the help desk gives to one that it renews. Default: that of <forms> in
    /// the file, else /
    #[arg(long)]
    path: Option<String>,

    /// Use settings, too, whose cookies are unproven. Cookies that are not signed are never issued
    #[arg(long)]
    unproven: bool,
}

pub(super) fn run(args: &IssueArgs) -> Result<u8, Failed> {
    if args.user.trim().is_empty() {
        return Err(Failed::new(USAGE, "the user's name is empty, which means nobody"));
    }
    if !is_plain_name(&args.user) {
        output::warning("the name holds characters that nobody sees, or of full width");
    }
    let key = args.key.usable(args.unproven)?;
    let forms = key.forms();
    let lifetime =
        args.minutes.map_or(forms.lifetime, |minutes| Duration::from_secs(60 * u64::from(minutes)));
    let ticket = Ticket {
        persistent: args.persistent,
        user_data: args.user_data.clone(),
        path: args.path.clone().unwrap_or_else(|| forms.path.clone()),
        ..Ticket::new(args.user.as_str(), Timestamp::now(), lifetime)
    };
    let cookie = key.seal(&ticket).map_err(|error| {
        let code = match error {
            SealError::Long { .. } => USAGE,
            SealError::Random => LOCAL,
            _ => SETTINGS,
        };
        Failed::new(code, error.to_string())
    })?;
    output::note(&format!("the cookie {} is valid until {}", forms.name, ticket.expires));
    print(&(cookie + "\n")).map(|()| OK)
}
