//! Which settings made a cookie.

use super::{Decryption, Layout, MachineKey, Protection, Settings, Ticket, Validation};

/// Tries all settings on a cookie, with the keys of `key`: those of its file first, then both layouts, each
/// algorithm and each protection, the [unproven](Settings::unproven) ones, too. What it finds is what the other
/// site does, whatever the file says, proven ones first; of settings that
/// [make the same](Settings::makes_the_same), one. Nothing is found where the keys are others, or the cookie is
/// another kind or was cut.
///
/// A signature never fits by accident; `protection="None"` has none, and is found by the ticket's shape.
pub fn find_mode(key: &MachineKey, cookie: &str) -> Vec<(Settings, Ticket)> {
    let mut found = Vec::<(Settings, Ticket)>::new();
    let mut attempt = |settings: Settings| {
        if !found.iter().any(|(same, _)| same.makes_the_same(&settings))
            && let Some(Ok(ticket)) = key.with(settings).map(|key| key.read(cookie))
        {
            found.push((settings, ticket));
        }
    };
    attempt(key.settings());
    for (_, validation) in Validation::NAMES {
        for (_, decryption) in Decryption::NAMES {
            let layout = Layout::Framework45;
            attempt(Settings { layout, validation, decryption, protection: Protection::All });
            for (_, protection) in Protection::NAMES {
                attempt(Settings { layout: Layout::Legacy, validation, decryption, protection });
            }
        }
    }
    found.sort_by_key(|(settings, _)| settings.unproven().is_some());
    found
}
