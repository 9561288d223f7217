//! The commented example: every key with its default.

use super::keys::{Key, OPTIONS, SWITCHES, Shape, TABS, keys};

/// Ends the line of a key that has no default.
const NO_DEFAULT: &str = "  # an example: no default";

const INTRODUCTION: &str = "\
# The settings of external-providers: the product's External Providers page, a section for each tab.
#
# Every key is here. A line that begins with \"#\" and a key shows the default: to change it, take the
# \"#\" away and the value that is there. Where a line ends in \"an example\", there is no default.
# `external-providers settings check FILE` looks for mistakes.
";

/// A settings file with every key, its default and what it does, all of it commented out.
pub fn example() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n# Options: which providers are enabled.\n");
    text.push_str(&format!("[{OPTIONS}]\n"));
    SWITCHES.iter().for_each(|key| entry(key, &mut text));
    for kind in TABS {
        text.push_str(&format!("\n\n[{kind}]\n"));
        keys(kind).into_iter().for_each(|key| entry(key, &mut text));
    }
    text
}

fn entry(key: &Key, text: &mut String) {
    text.push('\n');
    let label = key.label.map(|label| format!(" ({label})")).unwrap_or_default();
    let choices = match key.shape {
        Shape::Choice(choices) => {
            let quoted: Vec<_> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            format!(" One of {}.", quoted.join(", "))
        }
        Shape::Number(from, to) => format!(" From {from} to {to}."),
        Shape::Time(from, to) => format!(" From \"{from}\" to \"{to}\"."),
        Shape::Switch | Shape::Text => String::new(),
    };
    wrap(&format!("{}{choices}{label}", key.doc), text);
    let end = if key.default.is_none() { NO_DEFAULT } else { "" };
    text.push_str(&format!("#{} = {}{end}\n", key.name, key.literal()));
}

/// Comment lines of at most 100 characters.
fn wrap(words: &str, text: &mut String) {
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
