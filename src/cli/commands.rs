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

fn named(name: &str) -> Option<Command> {
    fn of<A: Args>(name: &'static str) -> Option<Command> {
        Some(A::augment_args(Command::new(name)))
    }
    match name {
        "call" => of::<call::CallArgs>("call"),
        "check" => of::<check::CheckArgs>("check"),
        "conform" => of::<conform::ConformArgs>("conform"),
        "record" => of::<record::RecordArgs>("record"),
        "shadow" => of::<shadow::ShadowArgs>("shadow"),
        "serve" => of::<serve::ServeArgs>("serve"),
        "gateway" => of::<gateway::GatewayArgs>("gateway"),
        "settings" => of::<settings::SettingsArgs>("settings"),
        "provider" => of::<provider::ProviderArgs>("provider"),
        "events" => of::<events::EventsArgs>("events"),
        "cookie" => of::<cookie::CookieArgs>("cookie"),
        "fixtures" => of::<fixtures::FixturesArgs>("fixtures"),
        "generate" => of::<generate::GenerateArgs>("generate"),
        _ => None,
    }
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
