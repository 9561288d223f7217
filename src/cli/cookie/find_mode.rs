//! `cookie find-mode`.

use clap::Args;
use external_providers::sign_on::{Layout, MachineKey, Protection, Settings, find_mode};
use serde_json::json;

use super::read::as_json;
use super::{Key, UNPROVEN, UNSIGNED, from_input};
use crate::cli::{Failed, OK, REFUSED, output, print};

/// Find the settings that made a cookie: tries all of them with the keys of the file
///
/// The cookie comes on standard input, as for `cookie read`. What is found is what the other site does,
/// whatever the file says, and what this one must have in its web.config (or the other way round).
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: outcome (found, none), modes (a list of compatibility_mode, validation,
decryption, protection, unproven (true, or false), as_in_file (the file says the same), ticket (as cookie read
prints it)).")]
pub(super) struct FindModeArgs {
    #[command(flatten)]
    key: Key,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &FindModeArgs) -> Result<u8, Failed> {
    let key = args.key.load(|path| MachineKey::load_to_find_mode(path))?;
    let cookie = from_input(&key.forms().name)?;
    let found = find_mode(&key, &cookie);
    let code = if found.is_empty() { REFUSED } else { OK };
    if args.json {
        let modes: Vec<_> = found
            .iter()
            .map(|(settings, ticket)| {
                json!({
                    "compatibility_mode": settings.layout.name(),
                    "validation": settings.validation.name(),
                    "decryption": settings.decryption.name(),
                    "protection": settings.protection.name(),
                    "unproven": settings.unproven().is_some(),
                    "as_in_file": settings.makes_the_same(&key.settings()),
                    "ticket": as_json(ticket),
                })
            })
            .collect();
        let outcome = if modes.is_empty() { "none" } else { "found" };
        print(&format!("{:#}\n", json!({ "outcome": outcome, "modes": modes })))?;
        return Ok(code);
    }
    if found.is_empty() {
        print("none fits: no settings make this cookie with these keys\n")?;
        output::hint(
            "the other site has other keys (or generates them: AutoGenerate, IsolateApps), or the cookie is another \
             kind (OWIN's, ASP.NET Core's, .ASPXROLES), was cut, or is of before 2012",
        );
    }
    for (settings, _) in &found {
        print(&said(settings, key.settings()))?;
    }
    Ok(code)
}

fn said(settings: &Settings, ours: Settings) -> String {
    let mut text = format!("{settings}\n");
    if settings.layout == Layout::Legacy {
        text.push_str("  Framework20SP2 makes the same\n");
    }
    if let Some(what) = settings.unproven() {
        text.push_str(&format!("  {what} is {UNPROVEN}\n"));
    }
    if settings.protection == Protection::None {
        text.push_str(&format!("  {UNSIGNED}\n"));
    }
    text.push_str(&match settings.makes_the_same(&ours) {
        true => "  the file says the same\n".to_owned(),
        false => format!("  the file says otherwise: {ours}\n"),
    });
    text
}
