//! `provider check`: the file, then every server.

use std::path::PathBuf;

use clap::Args;
use external_providers::doctor::Report;
use external_providers::provider_file::ProviderFile;
use serde_json::json;
use tokio::runtime::Builder;

use crate::cli::check::{summary, table};
use crate::cli::output::{self, Paint};
use crate::cli::passwords::AUTH_PASSWORD;
use crate::cli::{FINDINGS, Failed, OK, SETTINGS, print, runtime, settings};

/// Look for mistakes in a provider's file, then at every server that it names
///
/// All mistakes are found at once, each with its line; names that nothing defines are among them, and
/// what nothing uses is warned of. The dates, names and chain of the service's own certificate are looked
/// at, and the login page's keys and cookie. Then, unless --offline, each directory is looked at step by step (name, connection, TLS, account,
/// base, filter, one user, groups, lock-out policy, clock), each database (name, connection, TLS, login,
/// whether it refuses to write) with each statement, which is prepared and not run (columns that are
/// misspelt in the file are found then), the store of events (what waits, what failed) with each sink, and
/// each old service as `external-providers check` does. Nothing is changed anywhere, but a database that
/// keeps events gets its tables.
///
/// Mistakes and warnings go to standard error, one a line: "error: FILE:LINE: key: what is wrong (what to
/// do)".
#[derive(Args)]
#[command(after_help = "\
JSON (--json): one object: file, valid, problems and warnings (line, column, key, what, hint), ok (valid
and no findings), checks (kind, url, outcome, steps), which are those of `external-providers check`.

Exit codes:
  0  all well, perhaps with warnings
  1  local trouble (output cannot be written)
  2  usage: the arguments are wrong
  3  settings: the file is missing, or something in it is wrong
  9  findings: something does not work")]
pub(super) struct CheckArgs {
    /// The provider's file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Look at the file alone, and connect to nothing
    #[arg(long)]
    offline: bool,

    /// A user whom the directories should know; nobody is logged in
    #[arg(long, value_name = "NAME", conflicts_with = "offline")]
    user: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs) -> Result<u8, Failed> {
    let name = args.file.display().to_string();
    let loaded = match ProviderFile::load(&args.file) {
        Ok(loaded) => loaded,
        Err(error) if args.json => {
            let mut report = settings::invalid_json(&name, &error);
            report["ok"] = false.into();
            report["checks"] = json!([]);
            print(&format!("{report:#}\n"))?;
            return Ok(SETTINGS);
        }
        Err(error) => return Err(settings::invalid(&name, &error)),
    };
    if loaded.service.password.is_none() && std::env::var_os(AUTH_PASSWORD).is_none() {
        output::warning(&format!(
            "{name}: [service] has no web service password: serve will want {AUTH_PASSWORD} or \
             --auth-password-file"
        ));
    }
    let warnings = settings::problems(loaded.warnings());
    drop(loaded);
    let provider = super::provider(&args.file)?;
    let (mut reports, mut columns) = (provider.check_service(), Ok(()));
    if !args.offline {
        let runtime = runtime(Builder::new_current_thread())?;
        reports = runtime.block_on(provider.check(args.user.as_deref()));
        columns = runtime.block_on(provider.check_columns());
        // A name look-up cannot be cancelled, and must not hold up the end.
        runtime.shutdown_background();
    }
    let ok = columns.is_ok() && !reports.iter().any(Report::has_findings);
    let code = match (&columns, ok) {
        (Err(_), _) => SETTINGS,
        (Ok(()), false) => FINDINGS,
        (Ok(()), true) => OK,
    };
    if args.json {
        let mut report = match &columns {
            Ok(()) => json!({"file": name, "valid": true, "problems": []}),
            Err(error) => settings::invalid_json(&name, error),
        };
        report["warnings"] = warnings;
        report["ok"] = ok.into();
        report["checks"] = json!(reports);
        print(&format!("{report:#}\n"))?;
    } else if reports.is_empty() && args.offline {
        print(&format!("{name}: in order\n"))?;
    } else {
        for report in &reports {
            print(&table(report, Paint::stdout(), output::columns()))?;
        }
        print(&summary(&reports))?;
        columns.map_err(|error| settings::invalid(&name, &error))?;
    }
    Ok(code)
}
