//! `fixtures`: what is done with recorded exchanges, beside recording and replaying them.

mod audit;
mod check;
mod diff;
mod har;
pub(super) mod junit;
mod list;
mod redact;
mod show;
mod verify;

use std::path::Path;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use external_providers::fixture::{self, FILE, Fixture, LoadError};
use external_providers::record;
use external_providers::redact::Rules;
use external_providers::suggest::nearest;
use serde_json::{Value, json};

use super::{Failed, OK, SETTINGS, error_chain, output};

/// The collection where none is given.
const DIRECTORY: &str = "fixtures";

/// How many fixtures a hint lists.
const LISTED: usize = 10;

const FORMAT: &str = "\
The format: a collection is a directory, a fixture a directory in it (at any depth) that holds
exchange.toml, and the two bodies as exact bytes. exchange.toml:
  schema = 1                    the version of the format
  operation = \"Authenticate\"    the operation's name on the wire; absent if it is not a SOAP call
  soap = \"1.1\"                  the version of SOAP; absent if it is not a SOAP call
  sequence = 1                  the place in the recording; equal requests follow it
  recorded = 2026-11-24T21:00:00Z
  took_us = 1234                how long the answer took, in microseconds
  count = 3                     how many equal exchanges in a row it stands for; absent if it is 1
  [request]
    method, target, http        POST, /Provider.asmx, 1.1
    headers                     rows [name, value]; a value that is not UTF-8: [name, \"\", base64]
    body                        the file: request.xml (.html, .json, .txt); absent if it is empty
    body_base64                 instead, for a body that is not UTF-8
  [response]
    status, reason, http        200, OK, 1.1
    headers, body, body_base64  as above
  [failure]                     instead of [response]: no answer came
    text                        why; replayed as 502
  [redaction]
    keys, personal              what was redacted beside the built-in keys; personal data
    placeholders                rows [number, key]: what REDACTED-number stood for
  [match]                       to be edited by hand
    ignore                      variables that are not compared
    headers                     SOAP headers that are compared: \"Name\" or \"{namespace}Name\";
                                of others only whether one must be understood
    [match.patterns]            variable = \"regular expression\" that the whole value must match

Exit codes:
  0  done: in order, nothing differs
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: a file, a collection or a fixture is missing, empty or broken, or a secret is not known
  4  transport: the service does not answer
  8  not as recorded: something differs, or an error was found";

/// The exit codes of the commands that compare nothing.
const CODES: &str = "\
Exit codes:
  0  done
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: a file, a collection or a fixture is missing, empty or broken";

/// Those of the commands that do.
const CODES_OF_COMPARISONS: &str = "\
Exit codes:
  0  in order: nothing differs, nothing was found
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: a file, a collection or a fixture is missing, empty or broken
  8  not as recorded: something differs, an error or a secret was found";

/// List, show, compare, verify and check recorded exchanges
///
/// Recordings are made by `external-providers record` and replayed by `external-providers serve
/// --fixtures DIR` or, in Rust, by Replay::load(DIR).
#[derive(Args)]
#[command(after_help = FORMAT)]
pub(crate) struct FixturesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    Verify(verify::VerifyArgs),
    Check(check::CheckArgs),
    Audit(audit::AuditArgs),
    Import(har::ImportArgs),
    Export(har::ExportArgs),
    Redact(redact::RedactArgs),
}

pub(crate) fn run(args: FixturesArgs) -> Result<u8, Failed> {
    match args.command {
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Import(args) => har::import(&args),
        Command::Export(args) => har::export(&args),
        Command::Redact(args) => redact::run(&args),
    }
}

/// Fixtures that cannot be loaded.
struct Broken(Vec<LoadError>);

impl Broken {
    /// Names them on standard error.
    fn tell(&self) {
        for error in &self.0 {
            output::error(&error_chain(error));
        }
    }

    fn json(&self) -> Vec<Value> {
        let error = |error: &LoadError| {
            json!({
                "file": error.file.display().to_string(),
                "line": error.line,
                "reason": error.reason,
            })
        };
        self.0.iter().map(error).collect()
    }

    /// As cases that could not be found out.
    fn cases(&self) -> impl Iterator<Item = junit::Case> {
        self.0.iter().map(|error| junit::Case {
            name: error.file.display().to_string(),
            class: "none".to_owned(),
            millis: 0,
            outcome: junit::Outcome::Error(error_chain(error)),
        })
    }

    fn code(&self) -> u8 {
        if self.0.is_empty() { OK } else { SETTINGS }
    }
}

/// What is redacted beyond passwords.
#[derive(Args)]
struct Redact {
    /// Take the values of this variable, element or header for secrets, too; may be repeated
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    redact_key: Vec<String>,

    /// Take e-mail addresses, user names and people's names for secrets, too
    #[arg(long)]
    redact_personal: bool,
}

impl Redact {
    fn rules(&self) -> Rules {
        Rules { keys: self.redact_key.clone(), personal: self.redact_personal }
    }
}

/// Is there such a directory? What recorders left beside it is named on standard error.
fn directory(dir: &Path) -> Result<(), Failed> {
    if dir.is_dir() {
        for leftover in record::leftovers(dir) {
            output::note(&leftover.to_string());
        }
        return Ok(());
    }
    let failed = Failed::new(SETTINGS, format!("there is no directory {}", dir.display()));
    Err(failed.hint("give the collection's directory; record makes one with --out DIR"))
}

/// Loads what can be loaded of a collection.
fn load(dir: &Path) -> Result<(Vec<Fixture>, Broken), Failed> {
    directory(dir)?;
    let loaded = fixture::load_lenient(dir).map_err(|e| Failed::new(SETTINGS, error_chain(&e)))?;
    if loaded.fixtures.is_empty() && loaded.errors.is_empty() {
        return Err(Failed::new(SETTINGS, format!("{} holds no fixtures", dir.display())));
    }
    Ok((loaded.fixtures, Broken(loaded.errors)))
}

/// Is this the directory of a fixture?
fn is_fixture(dir: &Path) -> bool {
    dir.join(FILE).is_file()
}

/// One fixture: by its directory, else by its name in the collection.
fn find(dir: &Path, name: &str) -> Result<Fixture, Failed> {
    for path in [Path::new(name), &dir.join(name)] {
        if is_fixture(path) {
            let loaded = fixture::load_one(path);
            return loaded.map_err(|error| Failed::new(SETTINGS, error_chain(&error)));
        }
    }
    let shown: String = name.chars().take(100).collect();
    if !dir.is_dir() {
        let dir = dir.display();
        let message =
            format!("there is no fixture {shown}, and no collection {dir} to look for it in");
        return Err(Failed::new(SETTINGS, message)
            .hint("give the path of a fixture's directory, or its collection with --dir DIR"));
    }
    let (fixtures, _) = load(dir)?;
    let names = || fixtures.iter().map(|fixture| fixture.name.as_str());
    let failed = Failed::new(SETTINGS, format!("there is no fixture {shown} in {}", dir.display()));
    let begins: Vec<&str> = names().filter(|known| known.contains(name)).take(LISTED).collect();
    Err(match nearest(name, names()) {
        Some(meant) => failed.hint(format!("did you mean {meant}?")),
        None if !begins.is_empty() => failed.hint(format!("these are: {}", begins.join(", "))),
        None => failed.hint(format!("\"fixtures list {}\" lists all", dir.display())),
    })
}
