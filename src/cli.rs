//! The command line: what all subcommands share.

mod call;
mod check;
mod fixtures;
mod logging;
mod memory;
mod passwords;
mod record;
mod report;
mod sample;
mod serve;
mod settings;
mod signals;
mod variables;
mod wire;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use external_providers::Secret;
use external_providers::secret::Mask;

/// The command carried out and the provider said yes.
pub(crate) const OK: u8 = 0;
/// Something on this machine failed: output that cannot be written, no runtime.
pub(crate) const LOCAL: u8 = 1;
/// The arguments are wrong.
pub(crate) const USAGE: u8 = 2;
/// A setting is wrong or missing: a password, a file.
pub(crate) const SETTINGS: u8 = 3;
/// No answer came.
pub(crate) const TRANSPORT: u8 = 4;
/// The answer is no SOAP, or not what the contract says.
pub(crate) const NOT_SOAP: u8 = 5;
/// The service answered with a SOAP fault.
pub(crate) const FAULT: u8 = 6;
/// The provider said no: `Success=false`, or a refused login, ticket, chat or registration.
pub(crate) const REFUSED: u8 = 7;
/// What happened is not what was recorded.
pub(crate) const DIFFERS: u8 = 8;
/// `check` found something that does not work.
pub(crate) const FINDINGS: u8 = 9;

const EXIT_CODES: &str = "\
Exit codes:
  0  answered
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: a password or a file is wrong or missing
  4  transport: no answer came
  5  not SOAP: the answer is a page, or not what the contract says
  6  fault: the service answered with a SOAP fault
  7  refused: the provider said no
  8  not as recorded: recordings and requests do not match
  9  findings: check found something that does not work";

/// Speak the SmarterTrack external provider contract with .NET ASMX services.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Call(call::CallArgs),
    Check(check::CheckArgs),
    Record(record::RecordArgs),
    Serve(serve::ServeArgs),
    Settings(settings::SettingsArgs),
    Fixtures(fixtures::FixturesArgs),
}

/// Why a command failed, with its exit code.
pub(crate) struct Failed {
    pub(crate) code: u8,
    pub(crate) message: String,
    /// What else is wrong, each an error of its own.
    pub(crate) more: Vec<String>,
    pub(crate) hint: Option<String>,
}

impl Failed {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), more: Vec::new(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// An error with all its causes, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Text that may go to a terminal: control characters that could steer it are replaced, and those
/// that turn the direction of what follows.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let safe = |c: char| c == '\n' || c == '\t' || !(c.is_control() || turns(c));
    text.chars().map(|c| if safe(c) { c } else { '\u{fffd}' }).collect()
}

/// Bytes of a file with certificates: all that systems trust are a few hundred kilobytes.
const MOST_CERTIFICATES: u64 = 4 << 20;

/// A file of certificates that are to be trusted. No regular file need it be: a shell may give a pipe.
pub(crate) fn certificates(file: &Path) -> Result<Vec<u8>, Failed> {
    let cannot =
        |why: String| Failed::new(SETTINGS, format!("cannot read {}: {why}", file.display()));
    let mut pem = Vec::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MOST_CERTIFICATES + 1).read_to_end(&mut pem))
        .map_err(|error| cannot(error.to_string()))?;
    if pem.len() as u64 > MOST_CERTIFICATES {
        return Err(cannot("it is larger than 4 MiB, so it holds no certificates".to_owned()));
    }
    Ok(pem)
}

/// Prints what was asked for on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failed> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failed::new(LOCAL, format!("standard output cannot be written: {error}")))
}

pub(crate) fn main() -> ExitCode {
    let mut command = Cli::command();
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (mut cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return explain(&error),
    };
    let by_default = match cli.command {
        Command::Call(_) | Command::Check(_) | Command::Settings(_) | Command::Fixtures(_) => "off",
        Command::Record(_) | Command::Serve(_) => "info",
    };
    let result = logging::start(by_default).and_then(|()| {
        if let Some((name, matches)) = matches.subcommand()
            && let Some(command) = command.find_subcommand(name)
            && let Command::Call(call::CallArgs { settings: file, .. })
            | Command::Check(check::CheckArgs { settings: file, .. }) = &mut cli.command
        {
            *file = settings::file(file.take(), command, matches)?;
        }
        match cli.command {
            Command::Call(args) => call::run(args),
            Command::Check(args) => check::run(&args),
            Command::Record(args) => record::run(&args),
            Command::Serve(args) => serve::run(&args),
            Command::Settings(args) => settings::run(&args),
            Command::Fixtures(args) => fixtures::run(args),
        }
    });
    let code = result.unwrap_or_else(|failed| {
        // There is nowhere left to say that standard error is closed.
        let mut stderr = std::io::stderr().lock();
        for message in [failed.message].iter().chain(&failed.more) {
            let _ = writeln!(stderr, "error: {}", printable(message));
        }
        if let Some(hint) = failed.hint {
            let _ = writeln!(stderr, "hint: {}", printable(&hint));
        }
        failed.code
    });
    ExitCode::from(code)
}

/// Prints help, or what is wrong with the arguments: clap quotes them, and a password that stands
/// in the wrong place must not be repeated.
fn explain(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    // Help and versions go to standard output; there is nobody to tell if that is closed.
    if !error.use_stderr() {
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
        return ExitCode::from(OK);
    }
    let secrets: Vec<Secret> = std::env::args_os()
        .skip(1)
        .filter_map(|argument| {
            // What is no UTF-8 is shown with replacements, too.
            let argument = argument.to_string_lossy();
            let (key, value) = argument.split_once('=')?;
            variables::may_be_secret(key.trim_start_matches('-')).then(|| Secret::new(value))
        })
        .collect();
    let text = Mask::new(&secrets).apply_values(&text);
    let _ = std::io::stderr().lock().write_all(printable(&text).as_bytes());
    ExitCode::from(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_printed() {
        assert_eq!(printable("a\tb\n\u{1b}[2J\u{9b}1m\r"), "a\tb\n\u{fffd}[2J\u{fffd}1m\u{fffd}");
        assert_eq!(
            printable("\u{202e}gpj.\u{2066}x \u{5e9}\u{5dc}"),
            "\u{fffd}gpj.\u{fffd}x \u{5e9}\u{5dc}"
        );
    }
}
