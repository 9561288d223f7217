//! Which settings made a cookie.

use super::{Decryption, Layout, MachineKey, Protection, Settings, Ticket, Validation};

/// Tries all settings on a cookie, with the keys of `key`: both layouts, each algorithm and each
/// protection, the [unproven](Settings::unproven) ones, too. What it finds is what the other site does,
/// whatever the file of `key` says, proven ones first; `validation="3DES"` and `"AES"` sign as SHA1 does and are
/// found as that. Nothing is found where the keys are others, or the cookie is another kind or was cut.
///
/// A signature never fits by accident; `protection="None"` has none, and is found by the ticket's shape.
pub fn find_mode(key: &MachineKey, cookie: &str) -> Vec<(Settings, Ticket)> {
    let mut found = Vec::new();
    for layout in [Layout::Legacy, Layout::Framework45] {
        for (_, validation) in &Validation::NAMES[..5] {
            for (_, decryption) in Decryption::NAMES {
                for (_, protection) in Protection::NAMES {
                    found.extend(try_one(
                        key,
                        cookie,
                        (layout, *validation, decryption, protection),
                    ));
                }
            }
        }
    }
    found.sort_by_key(|(settings, _)| settings.unproven().is_some());
    // Without a signature, or without encryption, algorithms are not told apart.
    found.dedup_by(|(a, _), (b, _)| {
        a.protection == b.protection
            && matches!(a.protection, Protection::Validation | Protection::None)
    });
    found
}

fn try_one(
    key: &MachineKey,
    cookie: &str,
    (layout, validation, decryption, protection): (Layout, Validation, Decryption, Protection),
) -> Option<(Settings, Ticket)> {
    if layout == Layout::Framework45 && protection != Protection::All {
        return None;
    }
    let settings = Settings { layout, validation, decryption, protection };
    let ticket = key.with(settings)?.read(cookie).ok()?;
    Some((settings, ticket))
}
