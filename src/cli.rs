//! The command line: what all subcommands share.

mod call;
mod check;
mod commands;
mod conform;
mod cookie;
mod cores;
mod events;
mod fixtures;
mod forwarding;
mod gateway;
mod generate;
mod help;
mod listen;
mod logging;
mod memory;
mod output;
mod passwords;
mod process;
mod provider;
mod record;
mod report;
mod sample;
mod serve;
mod settings;
mod shadow;
mod signals;
mod trust;
mod variables;
mod wire;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use external_providers::bounded::{ReadError, read_any};
use external_providers::client::BuildError;
use external_providers::contract::may_be_secret;
pub(crate) use external_providers::error_chain::error_chain;
use external_providers::http::UrlError;
use external_providers::secret::MASK;
use external_providers::suggest::is_near;
use external_providers::tls::{self, MOST_CERTIFICATES};
use tokio::runtime::{Builder, Runtime};

use self::output::Paint;
pub(crate) use self::output::print;

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
/// The answer is not SOAP, or not what the contract says.
pub(crate) const NOT_SOAP: u8 = 5;
/// The service answered with a SOAP fault.
pub(crate) const FAULT: u8 = 6;
/// The provider said no: `Success=false`, or a refused login, ticket, chat or registration.
pub(crate) const REFUSED: u8 = 7;
/// What happened is not what was recorded.
pub(crate) const DIFFERS: u8 = 8;
/// `check` found something that does not work, or `conform` a `must` that fails.
pub(crate) const FINDINGS: u8 = 9;

/// The variables that the tool reads.
const ENVIRONMENT: &str = "\
Environment:
  EXTERNAL_PROVIDERS_AUTH_PASSWORD  the web service password, where no file is given for it
  EXTERNAL_PROVIDERS_SETTINGS       the settings file of call, check, gateway and settings check, where they are given none
  EXTERNAL_PROVIDERS_LOG            what is logged on standard error: off, error, warn, info, debug or trace, \
or pairs like external_providers::host=debug. Default: info for record, shadow, serve and gateway, off for the others
  NO_COLOR, TERM, COLUMNS           as elsewhere: no colours, none on a dumb terminal, the width of tables and help

With --json, mistakes (exit codes 1 to 3) are one object, too, if nothing else was printed: outcome
(error), error (kind: usage, settings or local; text, hint) and exit_code. They are said on standard error
all the same.
";

const EXIT_CODES: &str = "\
Exit codes:
  0  done: answered, all well, stopped in order, nothing differs
  1  local trouble (output cannot be written, an address cannot be listened on)
  2  usage: the arguments are wrong
  3  settings: a password, a file, a directory or a recording is wrong or missing
  4  transport: no answer came
  5  not SOAP: the answer is a page, or differs from the contract
  6  fault: the service answered with a SOAP fault
  7  refused: the provider said no
  8  not as recorded: recordings and requests do not match
  9  findings: check found something that does not work, or conform a must that fails";

/// Speak the SmarterTrack external provider contract with .NET ASMX services.
#[derive(Parser)]
#[command(version, about, after_help = format!("{ENVIRONMENT}\n{EXIT_CODES}"))]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    options: Options,
}

/// What every command takes.
#[derive(Args)]
struct Options {
    /// Print no notes, warnings and progress on standard error, and no log below errors (unless
    /// EXTERNAL_PROVIDERS_LOG says what is logged). What is printed on standard output stays
    #[arg(long, global = true, help_heading = "Options of every command")]
    quiet: bool,

    /// Colours: always, never, or where there is a terminal, NO_COLOR is not set and TERM is not dumb
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto",
        value_parser = ["auto", "always", "never"], hide_possible_values = true,
        help_heading = "Options of every command")]
    color: String,
}

#[derive(Subcommand)]
enum Command {
    Call(call::CallArgs),
    Check(check::CheckArgs),
    Conform(conform::ConformArgs),
    Record(record::RecordArgs),
    Shadow(shadow::ShadowArgs),
    Serve(serve::ServeArgs),
    Gateway(gateway::GatewayArgs),
    Settings(settings::SettingsArgs),
    Provider(provider::ProviderArgs),
    Events(events::EventsArgs),
    Cookie(cookie::CookieArgs),
    Fixtures(fixtures::FixturesArgs),
    Generate(generate::GenerateArgs),
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

/// Text that may go to a terminal: control characters that could steer it are replaced, and those
/// that turn the direction of what follows.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let safe = |c: char| c == '\n' || c == '\t' || !(c.is_control() || turns(c));
    text.chars().map(|c| if safe(c) { c } else { '\u{fffd}' }).collect()
}

/// How many there are of something: "1 recording", "2 recordings".
pub(crate) fn plural(count: impl ToString, word: &str) -> String {
    let count = count.to_string();
    format!("{count} {word}{}", if count == "1" { "" } else { "s" })
}

/// The same with what is said of them.
pub(crate) fn were(count: impl ToString, word: &str) -> String {
    let verb = if count.to_string() == "1" { "was" } else { "were" };
    format!("{} {verb}", plural(count, word))
}

/// What is wrong with a URL that an argument gives, or with what stands beside it.
pub(crate) fn unbuilt(error: &BuildError, url: &str) -> Failed {
    let code = match error {
        BuildError::Roots(_) | BuildError::Tls(_) => SETTINGS,
        _ => USAGE,
    };
    let failed = Failed::new(code, error.to_string());
    match error {
        BuildError::Url(UrlError::Invalid(_) | UrlError::Scheme(_)) if !url.contains("://") => {
            failed.hint("did you forget http://?")
        }
        _ => failed,
    }
}

/// The runtime of a command: its I/O and timers.
pub(crate) fn runtime(mut builder: Builder) -> Result<Runtime, Failed> {
    let built = builder.enable_all().build();
    built.map_err(|error| Failed::new(LOCAL, format!("no runtime: {error}")))
}

/// Reads a time-out as an argument: seconds, within bounds.
pub(crate) fn seconds(
    least: f64,
    most: f64,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync {
    move |text| {
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        let seconds = number.map(Duration::from_secs_f64);
        seconds.ok_or_else(|| format!("give a number of seconds from {least} to {most}"))
    }
}

/// The longest time-out of a call or a connection, in seconds.
pub(crate) const DAY: f64 = 86_400.0;

/// A namespace as an argument, or "discover".
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a namespace is not empty and holds no spaces or control characters; \
                    the service's ?WSDL has it (targetNamespace), or say discover"
            .to_owned());
    }
    if text != DISCOVER && is_near(text, DISCOVER) {
        return Err(format!("did you mean {DISCOVER}?"));
    }
    Ok(text.to_owned())
}

/// The word for a namespace that is read in the service's WSDL.
pub(crate) const DISCOVER: &str = "discover";

/// A file of certificates that are to be trusted. It need not be a regular file: a shell may give a
/// pipe.
pub(crate) fn certificates(file: &Path) -> Result<Vec<u8>, Failed> {
    let shown = file.display();
    let cannot = |why: String| Failed::new(SETTINGS, format!("cannot read {shown}: {why}"));
    let mut read = read_any(file, MOST_CERTIFICATES).map_err(|error| match error {
        ReadError::TooLarge(_) => cannot(format!("{error}, so it holds no certificates")),
        _ => cannot(error.to_string()),
    })?;
    match tls::certificates(&read) {
        Ok(_) => Ok(std::mem::take(&mut *read)),
        Err(error) => {
            let failed = Failed::new(SETTINGS, format!("{shown}: {error}"));
            Err(match error.remedy(&shown.to_string()) {
                Some(remedy) => failed.hint(remedy),
                None => failed,
            })
        }
    }
}

pub(crate) fn main() -> ExitCode {
    process::guard();
    let _at_the_end = logging::AtTheEnd;
    let command = commands::meant(std::env::args_os().nth(1).as_deref());
    let mut command = help::arrange(command, output::columns());
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let result = match parsed {
        Ok((cli, matches)) => run(cli, &matches, &command),
        Err(error) => explain(&error),
    };
    ExitCode::from(result.unwrap_or_else(|failed| output::fail(&failed)))
}

fn run(mut cli: Cli, matches: &ArgMatches, command: &clap::Command) -> Result<u8, Failed> {
    let serves = matches!(
        cli.command,
        Command::Record(_) | Command::Shadow(_) | Command::Serve(_) | Command::Gateway(_)
    );
    let by_default = match (serves, cli.options.quiet) {
        (false, _) => "off",
        (true, true) => "error",
        (true, false) => "info",
    };
    logging::start(by_default, serves)?;
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
        Command::Conform(args) => conform::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Shadow(args) => shadow::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Gateway(args) => gateway::run(&args),
        Command::Settings(args) => settings::run(&args),
        Command::Provider(args) => provider::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Cookie(args) => cookie::run(&args),
        Command::Fixtures(args) => fixtures::run(args),
        Command::Generate(args) => generate::run(&args, help::arrange(Cli::command(), None)),
    }
}

/// Prints help, or what is wrong with the arguments: clap quotes them, and a password that stands
/// in the wrong place must not be repeated.
fn explain(error: &clap::Error) -> Result<u8, Failed> {
    let text = error.render();
    if !error.use_stderr() {
        // Nothing of it comes from outside.
        let text = match Paint::stdout().has_colours() {
            true => text.ansi().to_string(),
            false => text.to_string(),
        };
        return print(&text).map(|()| OK);
    }
    let text = without_passwords(text.to_string(), std::env::args_os().skip(1));
    let text = printable(&text);
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let paint = Paint::stderr();
    let shown = match text.strip_prefix("error:") {
        Some(rest) => format!("{}{rest}", paint.paint("1;31", "error:")),
        None => text.clone(),
    };
    let shown = shown.replace("\n  tip:", &format!("\n  {}", paint.paint("36", "tip:")));
    // There is nowhere left to say that standard error is closed.
    let _ = std::io::stderr().lock().write_all(shown.as_bytes());
    let tips: Vec<_> = rest.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
    let failed = Failed::new(USAGE, message);
    output::fail_json(&match tips.is_empty() {
        true => failed.hint("--help lists the arguments"),
        false => failed.hint(tips.join("; ")),
    });
    Ok(USAGE)
}

/// The text without the passwords among the arguments that it quotes; its own words stay.
fn without_passwords(text: String, arguments: impl Iterator<Item = OsString>) -> String {
    arguments.fold(text, |text, argument| {
        // What is not UTF-8 is quoted with replacements, too.
        let argument = argument.to_string_lossy();
        match argument.split_once('=') {
            Some((key, value))
                if !value.is_empty() && may_be_secret(key.trim_start_matches('-')) =>
            {
                text.replace(&*argument, &format!("{key}={MASK}"))
                    .replace(&format!("'{value}'"), &format!("'{MASK}'"))
            }
            _ => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_passwords_are_not_quoted() {
        let text = "error: unexpected argument 'loginPassword=e' found; value 'e' for '--pw=e', see --help";
        let arguments = ["call", "loginPassword=e", "--pw=e", "x=found"].map(OsString::from);
        assert_eq!(
            without_passwords(text.to_owned(), arguments.into_iter()),
            "error: unexpected argument 'loginPassword=***' found; value '***' for '--pw=***', see --help"
        );
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_printed() {
        assert_eq!(printable("a\tb\n\u{1b}[2J\u{9b}1m\r"), "a\tb\n\u{fffd}[2J\u{fffd}1m\u{fffd}");
        assert_eq!(
            printable("\u{202e}gpj.\u{2066}x \u{5e9}\u{5dc}"),
            "\u{fffd}gpj.\u{fffd}x \u{5e9}\u{5dc}"
        );
    }
}
