//! `generate`: what is made of the command line itself: completions for shells, manual pages.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::output::print_bytes;
use super::{Failed, LOCAL, OK, print, printable};

/// Write completions for a shell, or manual pages
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  written
  1  local trouble (a file or standard output cannot be written)
  2  usage: the arguments are wrong")]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the completions for a shell
    ///
    /// For instance: external-providers generate completions bash >
    /// /etc/bash_completion.d/external-providers
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write a manual page for each command: external-providers.1, external-providers-call.1, …
    ///
    /// For instance: external-providers generate man /usr/local/share/man/man1
    Man {
        /// The directory; it is made where there is none, and pages in it are replaced
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

pub(crate) fn run(args: &GenerateArgs, mut command: clap::Command) -> Result<u8, Failed> {
    match &args.command {
        Command::Completions { shell } => {
            let name = command.get_name().to_owned();
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, name.clone(), &mut script);
            let script = String::from_utf8_lossy(&script);
            // The generator for bash takes the hyphen of our name for the border of a subcommand where
            // it looks its own labels up, and finds none.
            let script = script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
            print_bytes(script.as_bytes()).map(|()| OK)
        }
        Command::Man { dir } => man(dir, command),
    }
}

fn man(dir: &Path, command: clap::Command) -> Result<u8, Failed> {
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.map_err(|error| {
        Failed::new(LOCAL, format!("cannot write into {}: {error}", dir.display()))
    })?;
    print(&printable(&format!("manual pages written to {}\n", dir.display()))).map(|()| OK)
}
