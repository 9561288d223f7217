//! The help of all commands: as wide as the terminal, lists with hanging indents, exit codes everywhere.

use clap::Command;

/// What stands above the exit codes of a command.
const EXIT_CODES: &str = "Exit codes:";
/// The last of them, which every command has.
const UNREAD: &str =
    "  141  nobody reads standard output any more (… | head -1); nothing is said of it";
/// The width where nothing says it, and the largest: longer lines are hard to read.
const WIDEST: usize = 100;
/// Narrower than this, nothing can be laid out.
const NARROWEST: usize = 40;

/// Lays the text after the options out, for a command and those below it. One that says nothing of
/// its exit codes has those of the command above it.
pub(super) fn arrange(command: Command, columns: Option<usize>) -> Command {
    let width = columns.unwrap_or(WIDEST).clamp(NARROWEST, WIDEST);
    below(command, width, "").term_width(width)
}

fn below(mut command: Command, width: usize, inherited: &str) -> Command {
    let own = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let text = match (own.contains(EXIT_CODES), own.is_empty()) {
        (true, _) => own,
        (false, true) => inherited.to_owned(),
        (false, false) => format!("{own}\n\n{inherited}"),
    };
    let codes = text.find(EXIT_CODES).map_or("", |at| &text[at..]).to_owned();
    for sub in command.get_subcommands_mut() {
        *sub = below(std::mem::take(sub), width, &codes);
    }
    command.after_help(reflow(&format!("{}\n{UNREAD}", text.trim_end()), width))
}

/// Text with paragraphs and lists, whatever its lines, in lines of the width. A line that begins
/// with spaces is an item, and what follows at its hanging indent belongs to it; a line without
/// continues the paragraph before it, unless that ends in a colon.
pub(super) fn reflow(text: &str, width: usize) -> String {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines() {
        let spaces = line.len() - line.trim_start().len();
        let continues = items.last().is_some_and(|last| match spaces {
            _ if last.is_empty() || line.trim().is_empty() => false,
            0 => !last.starts_with(' ') && !last.ends_with(':'),
            spaces => last.starts_with(' ') && spaces == hang(last),
        });
        match items.last_mut().filter(|_| continues) {
            Some(last) => *last = format!("{last} {}", line.trim()),
            None => items.push(line.trim_end().to_owned()),
        }
    }
    let lines = items.iter().map(|item| fill(item, hang(item), width));
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the text of an item begins: behind the gap after its first words, if it has one.
fn hang(item: &str) -> usize {
    let start = item.len() - item.trim_start().len();
    let words = &item[start..];
    let gap = words.find("  ").map(|at| at + words[at..].len() - words[at..].trim_start().len());
    match (start, gap) {
        (0, _) => 0,
        (_, Some(gap)) => start + item[start..start + gap].chars().count(),
        (_, None) => start + 4,
    }
}

/// One item in lines of the width; those after the first begin with spaces.
pub(super) fn fill(item: &str, hang: usize, width: usize) -> String {
    let mut text = String::new();
    let (mut column, mut is_fresh) = (0, true);
    let mut rest = item;
    while !rest.is_empty() {
        // A word with the spaces before it, which may be the gap of a table.
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[spaces..].find(' ').map_or(rest.len(), |at| spaces + at);
        let word = &rest[spaces..end];
        let length = word.chars().count();
        if column + spaces + length > width && !is_fresh && !word.is_empty() {
            text.push('\n');
            text.push_str(&" ".repeat(hang));
            column = hang + length;
        } else {
            text.push_str(&" ".repeat(spaces));
            column += spaces + length;
        }
        text.push_str(word);
        is_fresh &= word.is_empty();
        rest = &rest[end..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_hanging_indents_whatever_their_lines() {
        let text = "A paragraph that\nis long.\n\nCodes:\n  0  all is well and this goes on\n     and on\n  1  no\n  \
            Name: one, two, three, four, five\nEnd:\n  key = 1   its meaning in words\n    inner     deeper";
        let expected = "A paragraph that is\nlong.\n\nCodes:\n  0  all is well and\n     this goes on\n     and on\n  1  no\n  \
            Name: one, two,\n      three, four,\n      five\nEnd:\n  key = 1   its\n            meaning\n            in words\n    \
            inner     deeper";
        assert_eq!(reflow(text, 20), expected);
        assert_eq!(reflow(&reflow(text, 20), 100), reflow(text, 100));
    }

    #[test]
    fn words_that_are_too_long_stand_alone() {
        assert_eq!(fill("  a bbbbbbbbbbbb c", 4, 8), "  a\n    bbbbbbbbbbbb\n    c");
        assert_eq!(fill("bbbbbbbbbbbb c", 0, 8), "bbbbbbbbbbbb\nc");
    }
}
