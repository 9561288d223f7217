//! `cookie read`.

use clap::Args;
use external_providers::sign_on::{Protection, Reason, Ticket, Timestamp};
use serde_json::json;

use super::{Key, UNSIGNED, from_input};
use crate::cli::{Failed, OK, REFUSED, output, print};

/// Read a cookie from standard input: what it holds, when it expires, or why it is not valid
///
/// Takes its value, NAME=VALUE, or a whole line Cookie: or Set-Cookie:. Why a cookie is not valid is for
/// whoever has the keys: tell it to nobody who sent one.
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: outcome (valid, expired, not-signed, not-valid), reason (null, or why it is not valid),
ticket (null, or version, name, issued, expires, persistent, user_data, path). Dates are RFC 3339, in UTC, with up to
seven digits.")]
pub(super) struct ReadArgs {
    #[command(flatten)]
    key: Key,

    /// Also read cookies that were made with unproven settings, and those that are not signed, which are
    /// never valid
    #[arg(long)]
    unproven: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ReadArgs) -> Result<u8, Failed> {
    let key = args.key.usable(args.unproven)?;
    let cookie = from_input(&key.forms().name)?;
    let now = Timestamp::now();
    let read = key.diagnose(&cookie);
    let outcome = match &read {
        Err(_) => "not-valid",
        Ok(_) if key.settings().protection == Protection::None => "not-signed",
        Ok(ticket) if ticket.is_expired(now) => "expired",
        Ok(_) => "valid",
    };
    if args.json {
        let ticket = read.as_ref().ok().map(as_json);
        let reason = read.as_ref().err().map(ToString::to_string);
        print(&format!(
            "{:#}\n",
            json!({ "outcome": outcome, "reason": reason, "ticket": ticket })
        ))?;
    } else {
        print(&match &read {
            Ok(ticket) if outcome == "not-signed" => format!("{UNSIGNED}\n{}", fields(ticket)),
            Ok(ticket) => format!("{}\n{}", until(ticket, now), fields(ticket)),
            Err(reason) => format!("not valid: {reason}\n"),
        })?;
        if let Err(Reason::Signature | Reason::Decryption | Reason::Inner) = read {
            output::hint("cookie find-mode tells which settings made it, if the keys are these");
        }
    }
    Ok(if outcome == "valid" { OK } else { REFUSED })
}

pub(super) fn as_json(ticket: &Ticket) -> serde_json::Value {
    let Ticket { version, name, issued, expires, persistent, user_data, path } = ticket;
    json!({
        "version": version, "name": name, "issued": issued.to_string(), "expires": expires.to_string(),
        "persistent": persistent, "user_data": user_data, "path": path,
    })
}

fn until(ticket: &Ticket, now: Timestamp) -> String {
    match ticket.is_expired(now) {
        true => format!("expired at {}", ticket.expires),
        false => format!("valid until {}", ticket.expires),
    }
}

fn fields(ticket: &Ticket) -> String {
    let Ticket { version, name, issued, expires, persistent, user_data, path } = ticket;
    let persistent = if *persistent { "yes" } else { "no" };
    format!(
        "  name        {}\n  user data   {}\n  path        {}\n  issued      {issued}\n  expires     {expires}\n  \
         persistent  {persistent}\n  version     {version}\n",
        name.escape_debug(),
        user_data.escape_debug(),
        path.escape_debug()
    )
}
