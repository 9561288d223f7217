//! What is said on standard output and standard error, and how it looks there.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::logging::Stderr;
use super::{Failed, LOCAL, printable};

/// Nobody reads standard output any more: what a shell reports of tools that SIGPIPE ends.
pub(super) const BROKEN_PIPE: u8 = 141;

/// Was standard output closed when the process began?
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Has anything been printed on standard output?
static PRINTED: AtomicBool = AtomicBool::new(false);

static LOOK: OnceLock<Look> = OnceLock::new();

/// Before main, Rust's runtime opens /dev/null in place of a closed standard output, so that all
/// that is printed vanishes in good order. Only what runs before it can tell.
#[cfg(target_os = "linux")]
mod at_start {
    use super::{CLOSED, Ordering};

    extern "C" fn look() {
        let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
        CLOSED.store(is_closed, Ordering::Relaxed);
    }

    #[allow(unsafe_code, reason = "the function makes one system call and needs no runtime")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;
}

/// What the arguments say that holds for every command, mistakes in the others included.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Look {
    quiet: bool,
    json: bool,
    colours: Option<bool>,
}

impl Look {
    /// Of arguments that are not parsed yet, since a mistake in them is to look so, too.
    fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut look = Self::default();
        let mut arguments = arguments.take_while(|argument| argument != "--").peekable();
        while let Some(argument) = arguments.next() {
            let argument = argument.to_string_lossy();
            let when = match argument.strip_prefix("--color") {
                Some("") => arguments.peek().map(|next| next.to_string_lossy().into_owned()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            match when.as_deref() {
                Some("always") => look.colours = Some(true),
                Some("never") => look.colours = Some(false),
                _ => {}
            }
            look.quiet |= argument == "--quiet";
            // With a value it is a mistake, which is JSON all the same.
            look.json |= argument == "--json" || argument.starts_with("--json=");
        }
        look
    }

    fn get() -> Self {
        *LOOK.get_or_init(|| Self::of(std::env::args_os().skip(1)))
    }
}

/// Are notes, warnings and progress unwanted?
pub(super) fn is_quiet() -> bool {
    Look::get().quiet
}

/// A terminal without escape sequences.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Those of standard output.
    pub(super) fn stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// Those of standard error.
    pub(super) fn stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    /// As `--color` says; else where there is a terminal that can, and NO_COLOR
    /// (<https://no-color.org>) is not set.
    fn of(is_terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(Look::get().colours.unwrap_or(is_terminal && !unwanted && !is_dumb()))
    }

    #[cfg(test)]
    pub(super) fn always(colours: bool) -> Self {
        Self(colours)
    }

    pub(super) fn has_colours(self) -> bool {
        self.0
    }

    /// With the code of a colour or weight.
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Columns of standard output, if it is a terminal, or of COLUMNS, if that is set.
pub(super) fn columns() -> Option<usize> {
    let stdout = std::io::stdout();
    let terminal = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.map(|(width, _)| usize::from(width.0)).or_else(set).filter(|width| *width > 0)
}

/// Prints what was asked for on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failed> {
    print_bytes(text.as_bytes())
}

/// The same with whatever bytes there are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failed> {
    let failed =
        |why: &str| Failed::new(LOCAL, format!("standard output cannot be written: {why}"));
    if CLOSED.load(Ordering::Relaxed) {
        return Err(failed("it is closed"));
    }
    PRINTED.store(true, Ordering::Relaxed);
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failed::new(BROKEN_PIPE, ""),
        _ => failed(&error.to_string()),
    })
}

/// An error, on standard error.
pub(crate) fn error(text: &str) {
    say("error", "1;31", text);
}

/// What to do about it.
pub(crate) fn hint(text: &str) {
    say("hint", "36", text);
}

/// What is perhaps not meant, or unwise.
pub(crate) fn warning(text: &str) {
    if !is_quiet() {
        say("warning", "33", text);
    }
}

/// What should be known.
pub(crate) fn note(text: &str) {
    if !is_quiet() {
        say("note", "2", text);
    }
}

/// A line on standard error, after all that was logged.
pub(super) fn say_line(line: &str) {
    // Cannot fail.
    let _ = Stderr.write_all(format!("{line}\n").as_bytes());
}

fn say(word: &str, code: &str, text: &str) {
    let word = Paint::stderr().paint(code, &format!("{word}:"));
    say_line(&format!("{word} {}", printable(text)));
}

/// Says why a command failed, for people, and as JSON where that is asked for and nothing else was
/// printed. Returns the exit code.
pub(super) fn fail(failed: &Failed) -> u8 {
    if failed.code == BROKEN_PIPE {
        return failed.code;
    }
    error(&failed.message);
    failed.more.iter().for_each(|message| error(message));
    if let Some(text) = &failed.hint {
        hint(text);
    }
    fail_json(failed);
    failed.code
}

/// The JSON of a failure.
pub(super) fn fail_json(failed: &Failed) {
    if !Look::get().json || PRINTED.load(Ordering::Relaxed) {
        return;
    }
    let text: Vec<_> =
        [&failed.message].into_iter().chain(&failed.more).map(String::as_str).collect();
    let object = json!({
        "outcome": "error",
        "error": { "kind": kind(failed.code), "text": text.join("\n"), "hint": failed.hint },
        "exit_code": failed.code,
    });
    // Where it cannot be printed, the failure is said on standard error all the same.
    let _ = print(&format!("{object:#}\n"));
}

/// The word for an exit code.
fn kind(code: u8) -> &'static str {
    match code {
        super::USAGE => "usage",
        super::SETTINGS => "settings",
        super::TRANSPORT => "transport",
        super::NOT_SOAP => "not-soap",
        super::FAULT => "fault",
        super::REFUSED => "declined",
        super::DIFFERS => "differs",
        super::FINDINGS => "findings",
        _ => "local",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_for_every_command_are_seen_before_the_others() {
        let of = |text: &str| {
            let look = Look::of(text.split(' ').map(OsString::from));
            (look.quiet, look.json, look.colours)
        };
        assert_eq!(of("call x --url --color --json"), (false, true, None));
        assert_eq!(of("--color always x --quiet"), (true, false, Some(true)));
        assert_eq!(of("--color=never"), (false, false, Some(false)));
        assert_eq!(of("--color=always --color auto"), (false, false, Some(true)));
        assert_eq!(of("x -- --json --quiet --color=never"), (false, false, None));
    }
}
