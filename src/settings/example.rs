//! The commented example: every key with its default.

use super::keys::{DEFAULTS, Key, OPTIONS, SWITCHES, Shape, TABS, keys, shared_keys};

/// Ends the line of a key that has no default.
const NO_DEFAULT: &str = "  # an example: no default";

const INTRODUCTION: &str = "\
# The settings of external-providers: the product's External Providers page, a section for each tab.
#
# To have a web service asked: switch its kind on in [options]; then, in the section of the kind,
# make the provider \"external\", and give url and one of the password keys. What several kinds share
# may stand once in [defaults].
#
# Every key is here. A line \"#key = value\" shows the default; to change it, remove the \"#\" and write
# another value. (In a tab, the value that [defaults] has is the default.) A line that ends in
# \"an example\" shows a key that has no default. What a key does stands where it first occurs; before
# the colon is its name on the page.
# `external-providers settings check FILE` looks for mistakes.
";

const SHARED: &str = "\
# What holds for every tab that does not say otherwise. A key in the section of a tab takes the
# place of the one here; one of its password keys that of every password key, proxy or proxy_env
# that of both.
";

/// A settings file with every key, its default and what it does, all of it commented out.
pub fn example() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str(&format!("\n# Which providers are enabled.\n[{OPTIONS}]\n"));
    let mut explained = Vec::new();
    SWITCHES.iter().for_each(|key| entry(key, &mut explained, &mut text));
    explained.clear();
    text.push_str(&format!("\n\n{SHARED}[{DEFAULTS}]\n"));
    shared_keys().into_iter().for_each(|key| entry(key, &mut explained, &mut text));
    for &kind in TABS {
        text.push_str(&format!("\n\n[{kind}]\n"));
        keys(kind).into_iter().for_each(|key| entry(key, &mut explained, &mut text));
    }
    text
}

pub(crate) fn entry(key: &'static Key, explained: &mut Vec<&'static str>, text: &mut String) {
    if !explained.contains(&key.name) {
        explained.push(key.name);
        text.push('\n');
        explain(key, text);
    }
    let end = if key.default.is_none() { NO_DEFAULT } else { "" };
    text.push_str(&format!("#{} = {}{end}\n", key.name, key.literal()));
}

fn explain(key: &Key, text: &mut String) {
    let label = key.label.map(|label| format!("{label}: ")).unwrap_or_default();
    let values = match key.shape {
        Shape::Choice(choices) => {
            let quoted: Vec<_> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            format!(" One of {}.", quoted.join(", "))
        }
        Shape::Number(from, to) => format!(" From {from} to {to}."),
        Shape::Time(from, to) => format!(" From \"{from}\" to \"{to}\"."),
        _ => String::new(),
    };
    wrap(&format!("{label}{}{values}", key.doc), text);
}

/// Comment lines of at most 100 characters.
pub(crate) fn wrap(words: &str, text: &mut String) {
    let mut line = "#".to_owned();
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > 100 {
            text.push_str(&line);
            text.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
