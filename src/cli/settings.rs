//! `settings`: the settings file: an example, a check, a schema.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, Args, Subcommand};
use external_providers::contract::Kind;
use external_providers::settings::Problem;
use external_providers::settings::{self, ProviderSource, Settings, SettingsError, TABS};
use serde_json::{Value, json};

use super::{Failed, LOCAL, OK, SETTINGS, USAGE, output, print, printable};

/// The variable that names the settings file where no argument does.
pub(crate) const VARIABLE: &str = "EXTERNAL_PROVIDERS_SETTINGS";

/// Write, check or describe a settings file
///
/// A settings file is the product's External Providers page in TOML: a section of switches, and one
/// for each tab. `external-providers call --settings FILE` calls as it says, `check --settings FILE`
/// looks at the services themselves; programs load it with the library's Gateway.
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  done
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong")]
pub(crate) struct SettingsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(InitArgs),
    Check(CheckArgs),
    /// Print a JSON Schema of the settings file, for editors that complete and check TOML
    Schema,
}

/// Print a commented example with every setting and its default
#[derive(Args)]
struct InitArgs {
    /// Write it to this file, which must not exist. Default: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Look for mistakes in a settings file
///
/// Passwords and certificates of the providers that are enabled are read, as they would be in
/// operation; nothing is connected to. Errors and warnings go to standard error, one a line:
/// "error: FILE:LINE: key: what is wrong (what to do)", and "warning: …" alike. --json prints one object instead: file, valid,
/// problems and warnings (line, column, key, what, hint; line and column are 0 where the trouble is
/// the whole file), and providers (kind, enabled, provider, url).
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  in order, perhaps with warnings
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: the file is missing, or something in it is wrong")]
struct CheckArgs {
    /// The settings file; without one, that of EXTERNAL_PROVIDERS_SETTINGS
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &SettingsArgs) -> Result<u8, Failed> {
    match &args.command {
        Command::Init(args) => write(args.out.as_deref(), &settings::example()),
        Command::Check(args) => check(args),
        Command::Schema => print(&format!("{:#}\n", settings::schema())).map(|()| OK),
    }
}

/// Writes an example to a file that does not exist, or prints it.
pub(crate) fn write(out: Option<&Path>, example: &str) -> Result<u8, Failed> {
    let Some(path) = out else { return print(example).map(|()| OK) };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(example.as_bytes()));
    written.map(|()| OK).map_err(|error| {
        let failed = Failed::new(LOCAL, format!("cannot write {}: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failed.hint("no file is overwritten: give another")
            }
            _ => failed,
        }
    })
}

fn check(args: &CheckArgs) -> Result<u8, Failed> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => from_environment().ok_or_else(|| {
            Failed::new(USAGE, "there is no settings file to check")
                .hint(format!("give FILE, or set {VARIABLE}"))
        })?,
    };
    let result = Settings::load(&file);
    let file = file.display().to_string();
    if args.json {
        let report = match &result {
            Ok(settings) => json!({
                "file": file,
                "valid": true,
                "problems": [],
                "warnings": problems(settings.warnings()),
                "providers": providers(settings),
            }),
            Err(error) => {
                let mut report = invalid_json(&file, error);
                report["providers"] = json!([]);
                report
            }
        };
        print(&format!("{report:#}\n"))?;
        return Ok(if result.is_ok() { OK } else { SETTINGS });
    }
    match result {
        Ok(settings) => {
            warn(&file, settings.warnings());
            print(&printable(&table(&settings)))?;
            Ok(OK)
        }
        Err(error) => Err(invalid(&file, &error)),
    }
}

/// The file that the environment names, if it does.
fn from_environment() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// The file of a subcommand that needs one: the environment's, if none is given.
pub(crate) fn needed(given: Option<&Path>) -> Result<PathBuf, Failed> {
    given.map(Path::to_owned).or_else(from_environment).ok_or_else(|| {
        let hint = format!("give --settings FILE, or set {VARIABLE}");
        Failed::new(USAGE, "there is no settings file").hint(hint)
    })
}

/// The file of a subcommand with `--settings` and `--url`: the environment's, if neither is given.
/// Arguments that cannot be used with `--settings` cannot be used with it, either.
pub(crate) fn file(
    given: Option<PathBuf>,
    command: &clap::Command,
    matches: &clap::ArgMatches,
) -> Result<Option<PathBuf>, Failed> {
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let Some(file) = from_environment().filter(|_| given.is_none() && !is_given("url")) else {
        return Ok(given);
    };
    let excludes = |one: &Arg, id: &str| {
        let excluded = command.get_arg_conflicts_with(one);
        excluded.iter().any(|other| other.get_id() == id)
    };
    let settings = command.get_arguments().find(|argument| argument.get_id() == "settings");
    let other = command.get_arguments().find(|argument| {
        let id = argument.get_id().as_str();
        let excluded = excludes(argument, "settings") || settings.is_some_and(|s| excludes(s, id));
        excluded && is_given(id)
    });
    match other.and_then(Arg::get_long) {
        None => Ok(Some(file)),
        Some(flag) => {
            let message =
                format!("--{flag} cannot be used with the settings that {VARIABLE} names");
            let hint = format!("say in the file what is to be, or give --url, or unset {VARIABLE}");
            Err(Failed::new(USAGE, message).hint(hint))
        }
    }
}

/// Loads a file, for all kinds or for one, and warns of what is unwise about it.
pub(crate) fn load(file: &Path, kind: Option<Kind>) -> Result<Settings, Failed> {
    let name = file.display().to_string();
    let loaded = match kind {
        Some(kind) => Settings::load_kind(file, kind),
        None => Settings::load(file),
    };
    let settings = loaded.map_err(|error| invalid(&name, &error))?;
    warn(&name, settings.warnings());
    Ok(settings)
}

/// All that is wrong with a file, each an error of its own; warns of the rest.
pub(crate) fn invalid(file: &str, error: &SettingsError) -> Failed {
    if let SettingsError::Invalid { warnings, .. } = error {
        warn(file, warnings);
    }
    let all = error.to_string();
    let mut lines = all.lines();
    let failed = Failed::new(SETTINGS, lines.next().unwrap_or_default());
    Failed { more: lines.map(str::to_owned).collect(), ..failed }
}

/// The same as JSON.
pub(crate) fn invalid_json(file: &str, error: &SettingsError) -> Value {
    json!({
        "file": file,
        "valid": false,
        "problems": match error {
            SettingsError::Invalid { problems: all, .. } => problems(all),
            SettingsError::Unread { why, hint, .. } => json!([
                {"line": 0, "column": 0, "key": "", "what": why, "hint": hint}
            ]),
            _ => json!([]),
        },
        "warnings": match error {
            SettingsError::Invalid { warnings, .. } => problems(warnings),
            _ => json!([]),
        },
    })
}

/// Says on standard error what is unwise about the settings in a file.
pub(crate) fn warn(file: &str, warnings: &[Problem]) {
    for warning in warnings {
        output::warning(&settings::line(file, warning));
    }
}

/// The tabs, one a line.
fn table(settings: &Settings) -> String {
    let mut text = String::new();
    for &kind in TABS {
        let tab = settings.tab(kind);
        let what = match (tab.enabled, tab.external()) {
            (false, _) => "not enabled",
            (true, None) => "built-in",
            (true, Some(service)) => service.shown_url(),
        };
        text.push_str(&format!("{:18}{what}\n", kind.to_string()));
    }
    text
}

pub(crate) fn problems(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({
            "line": problem.line,
            "column": problem.column,
            "key": problem.key,
            "what": problem.what,
            "hint": problem.hint,
        })
    };
    problems.iter().map(one).collect()
}

fn providers(settings: &Settings) -> Value {
    let one = |kind: &Kind| {
        let tab = settings.tab(*kind);
        json!({
            "kind": kind.to_string(),
            "enabled": tab.enabled,
            "provider": match tab.provider {
                ProviderSource::BuiltIn => "built-in",
                ProviderSource::External => "external",
            },
            "url": tab.external().map(|service| service.shown_url()),
        })
    };
    TABS.iter().map(one).collect()
}
