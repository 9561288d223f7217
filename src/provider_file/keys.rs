//! Every key of the provider's file as data: what drives reading, the example and the schema. The table
//! is `keys.txt`.

use std::sync::OnceLock;

use crate::contract::Kind;
use crate::settings::{Key, Shape, forward_keys, keys as settings_keys, shared_keys};

/// What `@passwords` stands for.
const PASSWORDS: &str = "\
password_env | text | ~ EXAMPLE_PASSWORD | The environment variable that holds the password. Give exactly one of the password keys.
password_file | text | ~ password | A file whose one line is the password; a relative path starts at the folder of this file.
password_credential | text | ~ password | The name of a systemd credential (LoadCredential=) that is the password.
password | text | ~ the password | The password itself. It works, with a warning: whoever reads this file has it.";

/// What `@secret NAME | what it is` stands for.
fn secret(line: &str) -> Option<String> {
    let (name, doc) = line.strip_prefix("@secret ")?.split_once(" | ")?;
    let variable = name.to_uppercase();
    let file = name.replace('_', "-");
    Some(format!(
        "\
{name}_env | text | ~ EXAMPLE_{variable} | {doc} Here: the environment variable that holds it. Give at most one of its keys.
{name}_file | text | ~ {file} | The same in a file whose one line it is; a relative path starts at the folder of this file.
{name}_credential | text | ~ {file} | The same as a systemd credential (LoadCredential=), by its name.
{name} | text | ~ the {} | The same in this file. It works, with a warning: whoever reads this file has it.",
        name.replace('_', " ")
    ))
}

/// How often a section may stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Once, `[ticket]`.
    One,
    /// Under any number of names, `[lookups.customer]`; here is one to show.
    Named(&'static str),
    /// As a list, `[[examples]]`.
    List,
}

/// A section of the file.
#[derive(Debug)]
pub(super) struct SectionKeys {
    pub(super) name: &'static str,
    pub(super) count: Count,
    pub(super) doc: &'static str,
    pub(super) keys: Vec<&'static Key>,
}

/// All sections, in the order in which they are shown.
pub(super) fn sections() -> &'static [SectionKeys] {
    static SECTIONS: OnceLock<Vec<SectionKeys>> = OnceLock::new();
    SECTIONS.get_or_init(|| read(include_str!("keys.txt")))
}

/// The keys of a section.
pub(super) fn keys(section: &str) -> &'static [&'static Key] {
    sections().iter().find(|s| s.name == section).map_or(&[], |s| &s.keys)
}

/// Reads the table, once in the life of a program: what it says lives as long.
fn read(table: &str) -> Vec<SectionKeys> {
    // An indented line goes on with the one before it.
    let table = table.replace("@passwords", PASSWORDS).replace("\n    ", " ");
    let lines = table.lines().map(|line| secret(line).unwrap_or_else(|| line.to_owned()));
    let lines: &'static str = lines.collect::<Vec<_>>().join("\n").leak();
    let mut sections: Vec<SectionKeys> = Vec::new();
    let mut lines = lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix('[') {
            let bare = heading.trim_matches(['[', ']']);
            let (name, count) = match bare.split_once('.') {
                Some((name, example)) => (name, Count::Named(example)),
                None if heading.starts_with('[') => (bare, Count::List),
                None => (bare, Count::One),
            };
            // The old service is called as the settings say it of theirs.
            let keys = if name == "forward" { forward_keys(shared_keys()) } else { Vec::new() };
            let doc = lines.next().unwrap_or_default();
            sections.push(SectionKeys { name, count, doc, keys });
        } else if let (Some(section), Some(key)) = (sections.last_mut(), key(line)) {
            section.keys.push(Box::leak(Box::new(key)));
        }
    }
    // An events provider is called as the old service is.
    if let Some(sinks) = sections.iter_mut().find(|section| section.name == "sinks") {
        for key in forward_keys(settings_keys(Kind::Events)) {
            if !sinks.keys.iter().any(|own| own.name == key.name) {
                let doc: &'static str = format!("soap: {}", key.doc).leak();
                sinks.keys.push(Box::leak(Box::new(Key { doc, ..*key })));
            }
        }
    }
    sections
}

/// The kinds of sinks that have a key, as its words say them first; all of them where they do not. Sources of
/// one secret belong together.
pub(super) fn sinks_with(name: &str) -> Option<Vec<&'static str>> {
    let mut kinds = None;
    for key in keys("sinks") {
        if !key.doc.starts_with("The same ") {
            let named = key.doc.split_once(": ").map(|(kinds, _)| kinds.split(", "));
            let named = named.filter(|kinds| kinds.clone().all(|kind| SINKS.contains(&kind)));
            kinds = named.map(Iterator::collect);
        }
        if key.name == name {
            break;
        }
    }
    kinds
}

/// The kinds of sinks.
pub(super) const SINKS: [&str; 4] = ["webhook", "sql", "soap", "nats"];

/// A line of the table.
fn key(line: &'static str) -> Option<Key> {
    let mut parts = line.splitn(4, " | ");
    let (name, shape, value, doc) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shape = match (shape, shape.split_once(" to ")) {
        ("switch", _) => Shape::Switch,
        ("text", _) => Shape::Text,
        ("list", _) => Shape::List,
        ("table", _) => Shape::Table,
        ("tables", _) => Shape::Tables,
        (_, Some((from, to))) => match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => Shape::Number(from, to),
            _ => Shape::Time(from, to),
        },
        (choices, None) => Shape::Choice(Vec::leak(choices.split(" or ").collect())),
    };
    let key = Key::new(name, shape, doc);
    Some(match value.split_at_checked(2)? {
        ("= ", default) => key.default(default),
        (_, example) => key.example(example),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_key() {
        let table = include_str!("keys.txt").replace("\n    ", " ");
        let lines = table.lines().filter(|line| line.contains(" | ") && !line.starts_with('#'));
        let passwords = table.matches("@passwords").count() * 4;
        let secrets = table.matches("\n@secret ").count() * 3;
        let forward = keys("forward").len();
        // Those of the settings file, of which the table has not one of soap's alone.
        let soap = keys("sinks").iter().filter(|key| key.doc.starts_with("soap: ")).count();
        assert!(soap > 0 && !table.contains("| soap: "));
        let read: usize = sections().iter().map(|section| section.keys.len()).sum();
        assert_eq!(read, lines.count() + passwords + secrets + forward + soap);
        let previous = keys("service").iter().filter(|key| key.name.starts_with("previous_"));
        let shown: Vec<_> = previous.map(|key| (key.name, key.example, key.shape)).collect();
        let expected = [
            ("previous_password_env", "EXAMPLE_PREVIOUS_PASSWORD", Shape::Text),
            ("previous_password_file", "previous-password", Shape::Text),
            ("previous_password_credential", "previous-password", Shape::Text),
            ("previous_password", "the previous password", Shape::Text),
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            keys("directories")[0].shape,
            Shape::Choice(&["active-directory", "openldap", "freeipa"])
        );
        assert_eq!(keys("lookups")[4].shape, Shape::Number(1, 100_000));
        assert_eq!(keys("lookups")[7].shape, Shape::Time("1ms", "24h"));
        assert_eq!(keys("ticket")[1].default, Some("allow"));
    }
}
