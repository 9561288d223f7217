//! A provider's file that is changed while a shadow asks it.

use external_providers::shadow::Shadow;

use super::{ShadowArgs, candidate, report_file};

/// Loads the provider's file again; the old one stays where that fails.
pub(super) fn reload(args: &ShadowArgs, shadow: &Shadow) {
    let progress = shadow.progress();
    let keep = || report_file::keep(args.report.as_deref(), &shadow.report());
    match candidate(args, None).and_then(|new| keep().map(|()| new)) {
        Ok(candidate) => {
            shadow.replace(candidate);
            let (compared, different) = (progress.compared, progress.different);
            tracing::info!(compared, different, "provider's file reloaded: the report begins anew");
        }
        Err(failed) => {
            let error = [&[failed.message][..], &failed.more].concat().join("; ");
            tracing::error!(error, "provider's file not reloaded: the old one in force");
        }
    }
}
