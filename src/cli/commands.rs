//! What clap parses: the command that is meant, or all of them.

use std::ffi::OsStr;

use clap::{Args, Command, CommandFactory as _};

use super::{
    Cli, EXIT_CODES, Options, call, check, conform, cookie, events, fixtures, gateway, generate,
    provider, record, serve, settings, shadow,
};

/// The command that the first argument names, else all. To set up all of them takes more memory and time
/// than most commands, and what clap says of one does not depend on the others.
pub(super) fn meant(first: Option<&OsStr>) -> Command {
    match first.and_then(OsStr::to_str).and_then(named) {
        Some(command) => Options::augment_args(Command::new(env!("CARGO_PKG_NAME")))
            .after_help(EXIT_CODES)
            .subcommand(command),
        None => Cli::command(),
    }
}

/// A command's name, and what sets it up.
type Alone = (&'static str, fn(Command) -> Command);

/// One that is not here is set up with all others.
const ALONE: [Alone; 13] = [
    ("call", call::CallArgs::augment_args),
    ("check", check::CheckArgs::augment_args),
    ("conform", conform::ConformArgs::augment_args),
    ("record", record::RecordArgs::augment_args),
    ("shadow", shadow::ShadowArgs::augment_args),
    ("serve", serve::ServeArgs::augment_args),
    ("gateway", gateway::GatewayArgs::augment_args),
    ("settings", settings::SettingsArgs::augment_args),
    ("provider", provider::ProviderArgs::augment_args),
    ("events", events::EventsArgs::augment_args),
    ("cookie", cookie::CookieArgs::augment_args),
    ("fixtures", fixtures::FixturesArgs::augment_args),
    ("generate", generate::GenerateArgs::augment_args),
];

fn named(name: &str) -> Option<Command> {
    let (name, augment) = ALONE.iter().find(|(alone, _)| *alone == name)?;
    Some(augment(Command::new(*name)))
}

#[cfg(test)]
mod tests {
    use super::super::help::arrange;
    use super::*;

    fn say(command: &Command, arguments: &[&str]) -> String {
        let arguments = ["external-providers"].iter().chain(arguments);
        command.clone().try_get_matches_from(arguments).unwrap_err().to_string()
    }

    #[test]
    fn each_command_alone_says_what_it_says_among_all() {
        let all = arrange(Cli::command(), None);
        for command in all.get_subcommands() {
            let name = command.get_name();
            let alone = arrange(meant(Some(OsStr::new(name))), None);
            assert_eq!(alone.get_subcommands().count(), 1, "{name}");
            let below = command.get_subcommands().map(|below| vec![name, below.get_name()]);
            for path in below.chain([vec![name]]) {
                for argument in ["--help", "--color=no", "--no-such"] {
                    let arguments = [&path[..], &[argument]].concat();
                    assert_eq!(say(&alone, &arguments), say(&all, &arguments));
                }
            }
        }
        let other = meant(Some(OsStr::new("calls")));
        assert_eq!(other.get_subcommands().count(), all.get_subcommands().count());
    }
}
