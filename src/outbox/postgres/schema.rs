//! The store's tables: made where they are missing, refused where they are not ours.

use super::super::StoreError;
use super::connection::Pool;
use super::sql::{BEGIN, COMMIT, LOCK_ALONE, whole};
use crate::backends::database::Raw;

/// Of these tables.
const VERSION: i64 = 1;

/// What stands before the version, in the comment on the table of events.
const MARK: &str = "external-providers, a store of events, version ";

/// Whoever makes the tables holds this advisory lock ("ep_table").
const LOCK: i64 = 0x6570_5f74_6162_6c65;

const LOOK: &str = "\
    select obj_description(to_regclass('external_providers_events'), 'pg_class'),
        coalesce(to_regclass('external_providers_events'), to_regclass('external_providers_deliveries'),
            to_regclass('external_providers_lanes'), to_regclass('external_providers_sinks')) is not null,
        current_setting('server_encoding'), current_setting('synchronous_commit')";

/// Makes sure that the tables are there, and ours.
pub(super) async fn ensure(pool: &Pool, raw: &Raw) -> Result<(), StoreError> {
    let lock = [whole(&LOCK)];
    let steps = [BEGIN, (LOCK_ALONE, &lock), (LOOK, &[])];
    let said = pool.run(raw, &steps).await.map_err(|cause| pool.not_open(&cause))?;
    let Some(row) = said.last().and_then(|rows| rows.first()) else {
        return Err(pool.open_error("the server gave no answer".to_owned()));
    };
    let text = |at| row.try_get::<_, Option<String>>(at).ok().flatten().unwrap_or_default();
    let (comment, encoding, commits) = (text(0), text(2), text(3));
    if encoding != "UTF8" {
        return Err(pool.open_error(format!(
            "the database's encoding is {encoding}, which has not all letters; create one with UTF8"
        )));
    }
    if commits != "on" {
        return Err(pool.open_error(format!(
            "synchronous_commit is {commits}: what stands before the server (PgBouncer?) ignores the startup \
             parameter options; connect to the server itself, or let it pass that"
        )));
    }
    let version = comment.strip_prefix(MARK).and_then(|version| version.parse::<i64>().ok());
    match (version, row.try_get(1).unwrap_or(true)) {
        (Some(version), _) if version > VERSION => return Err(pool.newer(version)),
        (Some(_), _) => {}
        (None, true) => return Err(pool.foreign()),
        (None, false) => {
            let comment =
                format!("comment on table external_providers_events is '{MARK}{VERSION}'");
            let create = [include_str!("schema.sql"), &comment].concat();
            if let Err(error) = raw.client.batch_execute(&create).await {
                return Err(pool.open_error(format!(
                    "its tables cannot be made: {}; may the account? (GRANT CREATE ON SCHEMA … TO …)",
                    pool.cause(raw, &error)
                )));
            }
        }
    }
    pool.run(raw, &[COMMIT]).await.map_err(|cause| pool.not_open(&cause))?;
    Ok(())
}
