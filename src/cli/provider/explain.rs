//! `provider explain`: who is asked, what is said, which rules match, and the answer.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use external_providers::CallError;
use external_providers::contract::{
    Failure, OPERATIONS, OperationInfo, ProviderError, Variables, dispatch, may_be_secret,
};
use external_providers::explanation::Explanation;
use external_providers::provider_file::{Answered, Provider};
use external_providers::secret::{Mask, Secret};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::cli::passwords::{self, Passwords};
use crate::cli::report::{Degree, Masking, Report};
use crate::cli::{Failed, LOCAL, USAGE, output, print, printable, runtime, variables};

/// Answer a request as a provider's file says, and explain the answer
///
/// Prints every server that is asked and what it says, every rule with its conditions and their values,
/// and the answer, as `external-providers call` does. Statements with an effect are not run, and the old
/// service, or an endpoint, is not asked what could change something there; a line and a warning say so. Of an event, it says which sinks
/// would be told and why not the others; it is not kept. A login is tried, and counts at the directory as
/// any other.
#[derive(Args)]
#[command(
    override_usage = "external-providers provider explain [OPTIONS] FILE OPERATION [KEY=VALUE]…"
)]
#[command(after_help = "\
JSON (--json): one object: explanation (a list of lines), answer (what `call --json` prints), open
(was something not asked or done, so that the answer may be another one?).

Exit codes:
  0  answered
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: the file, a password or a file of variables is wrong or missing
  7  refused: the answer is no, or the call fails")]
pub(super) struct ExplainArgs {
    /// The provider's file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The operation
    #[arg(value_name = "OPERATION", ignore_case = true,
        value_parser = PossibleValuesParser::new(OPERATIONS.iter().map(|o| o.name)))]
    operation: String,

    /// Variables of the contract, custom fields (cf_Serial=123) or a site's own; a password is read from a
    /// file with loginPassword=@FILE, from standard input with loginPassword=-, which on a terminal asks
    /// for it and does not echo
    #[arg(value_name = "KEY=VALUE")]
    variables: Vec<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failed> {
    let operation = OPERATIONS.iter().find(|o| o.name.eq_ignore_ascii_case(&args.operation));
    let operation = operation.ok_or_else(|| Failed::new(USAGE, "unknown operation"))?;
    let secrets = args.variables.iter().filter(|argument| variables::is_secret(argument));
    let mut passwords = Passwords::of(secrets.filter_map(|argument| passwords::file_in(argument)))?;
    let provider = super::provider(&args.file)?;
    let variables = variables::parse(operation, Variables::new(), &args.variables, &mut passwords)?;
    for note in variables::notes(operation, &variables) {
        output::note(&note);
    }
    let runtime = runtime(Builder::new_current_thread())?;
    let result = runtime.block_on(explain(args, operation, &provider, variables));
    runtime.shutdown_background();
    result
}

async fn explain(
    args: &ExplainArgs,
    operation: &OperationInfo,
    provider: &Provider,
    variables: Variables,
) -> Result<u8, Failed> {
    dispatch!(operation, T => answer::<T>(args, provider, variables).await).unwrap_or_else(|| {
        Err(Failed::new(LOCAL, format!("{} cannot be explained", operation.name)))
    })
}

async fn answer<T: Answered>(
    args: &ExplainArgs,
    provider: &Provider,
    variables: Variables,
) -> Result<u8, Failed> {
    let secrets = variables.iter().filter(|(key, value)| may_be_secret(key) && !value.is_empty());
    let secrets: Vec<_> = secrets.map(|(_, value)| Secret::new(value)).collect();
    let request = T::read_inputs(variables)
        .map_err(|error| Failed::new(USAGE, format!("{}: {error}", T::NAME)))?;
    let mask = Mask::new(&secrets);
    let masking = Masking { mask, secrets, degree: Degree::Values };
    let explanation = Explanation::wanted();
    let report = match provider.explain(request, &explanation).await {
        Ok(answer) => Report::answer::<T>(&answer, &masking),
        Err(error) => {
            let failure = match error {
                ProviderError::Failure(failure) => failure,
                ProviderError::Exception(messages) => Failure::new(messages.join(": ")),
            };
            let error = CallError::Failure(Box::new(failure));
            Report::error(T::NAME, &error, None, &masking)
        }
    };
    let lines = explanation.lines();
    // What the old service or an endpoint says may repeat a password; a mask over our own words would tell
    // that it is one of them.
    let quotes = |line: &String| line.starts_with("old service") || line.starts_with("endpoint");
    let line = |line: &String| match quotes(line) {
        true => masking.mask.apply_values(line),
        false => line.clone(),
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    if explanation.is_open() {
        output::warning(
            "the answer may be another one: what could change something was not asked or done",
        );
    }
    if args.json {
        let answer: Value = serde_json::from_str(&report.json()).unwrap_or_default();
        print(&format!(
            "{:#}\n",
            json!({"explanation": lines, "answer": answer, "open": explanation.is_open()})
        ))?;
        return Ok(report.code());
    }
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.push('\n');
    if report.failure().is_none() || report.has_outputs() {
        text.push_str(&report.text());
    }
    print(&printable(&text))?;
    if let Some((line, _)) = report.failure() {
        output::error(line);
    }
    Ok(report.code())
}
