//! PostgreSQL.

use super::connection::{Access, Connection};
use super::error::Cause;
use super::settings::DatabaseSettings;

pub(super) async fn connect(
    settings: &DatabaseSettings,
    _: Access,
) -> Result<Box<dyn Connection>, Cause> {
    Err(Cause::NotBuilt(settings.kind))
}
