//! `provider`: the provider's file: an example, a look at every server, examples, explanations.

mod check;
mod explain;
mod test;

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use external_providers::provider_file::{self, PRESETS, Provider, ProviderFile};

use super::{Failed, OK, SETTINGS, error_chain, print, settings};

/// Write, check, try or explain a provider's file
///
/// A provider's file says what the help desk is answered, without a programmer: logins from directories,
/// look-ups from databases, rules, and the old service for the rest. `external-providers serve --provider
/// FILE` answers as it says.
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  done
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong")]
pub(crate) struct ProviderArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(InitArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema of the provider's file, for editors that complete and check TOML
    Schema,
}

/// Print an explained example with every key and its default, or a short file to begin with
#[derive(Args)]
struct InitArgs {
    /// A short file for logins from a directory of this kind
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(PRESETS))]
    preset: Option<String>,

    /// Write it to this file, which must not exist. Default: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ProviderArgs) -> Result<u8, Failed> {
    match &args.command {
        Command::Init(args) => {
            let preset = args.preset.as_deref().and_then(provider_file::preset);
            settings::write(args.out.as_deref(), &preset.unwrap_or_else(provider_file::example))
        }
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Schema => print(&format!("{:#}\n", provider_file::schema())).map(|()| OK),
    }
}

/// Loads a file, and warns of what is unwise about it.
pub(crate) fn load(file: &Path) -> Result<ProviderFile, Failed> {
    let name = file.display().to_string();
    let loaded = ProviderFile::load(file).map_err(|error| settings::invalid(&name, &error))?;
    settings::warn(&name, loaded.warnings());
    Ok(loaded)
}

/// The same, at work.
pub(crate) fn provider(file: &Path) -> Result<Provider, Failed> {
    at_work(file, load(file)?)
}

/// What was loaded from a file, at work.
fn at_work(file: &Path, loaded: ProviderFile) -> Result<Provider, Failed> {
    Provider::new(loaded).map_err(|error| {
        Failed::new(SETTINGS, format!("{}: {}", file.display(), error_chain(&error)))
    })
}
