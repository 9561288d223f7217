//! `provider test`: the examples of a file.

use std::path::PathBuf;

use clap::Args;
use external_providers::provider_file::ExampleOutcome;
use serde_json::json;
use tokio::runtime::Builder;

use crate::cli::output::Paint;
use crate::cli::{DIFFERS, Failed, OK, SETTINGS, plural, print, printable, runtime, settings};

/// Try the examples of a provider's file
///
/// Each of [[examples]], in the file or in another one (--examples), is answered as the help desk would
/// be, and its answer held against what the example says. Look-ups are made unless the example has rows for them; the groups of an example stand
/// for a login. Effects are not run, and the old service is not asked to change anything.
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: ok, examples (name, line, operation, passed, differences, explanation).

Exit codes:
  0  every example is answered as it says
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: the file is missing, something in it is wrong, or it has no examples
  8  not as the examples say")]
pub(super) struct TestArgs {
    /// The provider's file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Try the [[examples]] of this file, which has nothing else, in place of the provider's own
    #[arg(long, value_name = "FILE")]
    examples: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TestArgs) -> Result<u8, Failed> {
    let mut loaded = super::load(&args.file)?;
    let source = args.examples.as_ref().unwrap_or(&args.file).display();
    if let Some(examples) = &args.examples {
        loaded = loaded
            .with_examples(examples)
            .map_err(|error| settings::invalid(&source.to_string(), &error))?;
    }
    let provider = super::at_work(&args.file, loaded)?;
    let runtime = runtime(Builder::new_current_thread())?;
    let outcomes = runtime.block_on(provider.test());
    runtime.shutdown_background();
    if outcomes.is_empty() {
        let message = format!("{source}: there are no examples");
        return Err(Failed::new(SETTINGS, message).hint("add [[examples]] to the file"));
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    let code = if failed == 0 { OK } else { DIFFERS };
    if args.json {
        let one = |outcome: &ExampleOutcome| {
            json!({
                "name": outcome.name,
                "line": outcome.line,
                "operation": outcome.operation,
                "passed": outcome.differences.is_empty(),
                "differences": outcome.differences,
                "explanation": outcome.explanation,
            })
        };
        let examples: Vec<_> = outcomes.iter().map(one).collect();
        print(&format!("{:#}\n", json!({"ok": failed == 0, "examples": examples})))?;
        return Ok(code);
    }
    let paint = Paint::stdout();
    let mut text = String::new();
    for outcome in &outcomes {
        let (word, colour) = match outcome.differences.is_empty() {
            true => ("ok    ", "32"),
            false => ("FAILED", "1;31"),
        };
        let place = format!("{source}:{}", outcome.line);
        text.push_str(&format!("{} {}  ({place})\n", paint.paint(colour, word), outcome.name));
        for difference in &outcome.differences {
            text.push_str(&format!("       {difference}\n"));
        }
        if !outcome.differences.is_empty() {
            for line in &outcome.explanation {
                text.push_str(&format!("         {line}\n"));
            }
        }
    }
    text.push_str(&match failed {
        0 => format!("{}, all as they say\n", plural(outcomes.len(), "example")),
        _ => format!("{}, {failed} not as they say\n", plural(outcomes.len(), "example")),
    });
    // Colours are ours, all else is not.
    let lines = text
        .lines()
        .map(|line| if line.contains('\u{1b}') { line.to_owned() } else { printable(line) });
    print(&(lines.collect::<Vec<_>>().join("\n") + "\n"))?;
    Ok(code)
}
