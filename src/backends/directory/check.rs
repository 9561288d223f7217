//! What ails a directory, step by step.

use super::Inner;
use crate::report::Report;

pub(super) async fn report(inner: &Inner, user: Option<&str>) -> Report {
    let _ = user;
    Report::new(Some(inner.name.clone()), inner.settings.servers.join(" ")).finish()
}
