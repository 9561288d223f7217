//! The file: opened, made, locked; and what may be wrong with it.

use std::fmt::Display;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, TransactionBehavior};

use crate::outbox::StoreError;

/// "evts": tells our files from those of others.
const APPLICATION: i32 = 0x6576_7473;
/// Of the tables.
const VERSION: i64 = 1;
/// How long a transaction of another process is waited for.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = include_str!("tables.sql");

/// Opens the store, and makes it if there is none.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |why: String| StoreError::Open { store: path.display().to_string(), why };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(cannot(format!("{} is not a folder", folder.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(cannot(format!("the folder {} does not exist", folder.display())));
        }
        Err(error) => return Err(cannot(format!("{}: {error}", folder.display()))),
    }
    #[cfg(target_os = "linux")]
    if let Some(kind) = network_folder(folder) {
        let on = format!("its folder is on another machine ({kind})");
        return Err(cannot(format!("{on}, where SQLite would damage it: use a local disk")));
    }
    create(path, folder).map_err(|error| cannot(error.to_string()))?;
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return Err(cannot("it is not a regular file".to_owned()));
    }
    let mut file = connect(path)?;
    check(&mut file, path)?;
    Ok(file)
}

/// An empty file that only its owner can read; one that is there already stays as it is.
fn create(path: &Path, folder: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => file.sync_all()?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    }
    // Its name is to be on disk before an event is.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A connection to a file that is there.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let file = Connection::open_with_flags(path, flags)?;
        file.busy_timeout(BUSY)?;
        file.set_prepared_statement_cache_capacity(64);
        // Otherwise statements that use an index of some rows are prepared again for each value.
        file.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        file.execute_batch(
            "pragma trusted_schema = off; pragma cell_size_check = on; pragma temp_store = memory; \
             pragma synchronous = full; pragma journal_size_limit = 67108864",
        )?;
        Ok(file)
    };
    connect().map_err(|error| refused(path, error))
}

/// Looks whose file it is, before anything of it is changed.
pub(super) fn check(file: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let store = || path.display().to_string();
    let number = |file: &Connection, sql: &str| file.query_row(sql, (), |row| row.get::<_, i64>(0));
    let look = |file: &Connection| {
        let tables = number(file, "select count(*) from sqlite_schema")?;
        let application = number(file, "pragma application_id")?;
        Ok((tables, application, number(file, "pragma user_version")?))
    };
    let refused = |error| refused(path, error);
    // In one transaction: another process may be making it.
    let seen = file.transaction().and_then(|one| look(&one));
    let (mut tables, mut application, mut version) = seen.map_err(refused)?;
    let is_read_only = file.is_readonly("main").map_err(refused)?;
    if is_read_only {
        let why = "it may be read, but not written".to_owned();
        return Err(StoreError::Open { store: store(), why });
    }
    if (tables, application, version) == (0, 0, 0) {
        let begin = |file: &mut Connection| {
            let new = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            if look(&new)?.0 == 0 {
                new.execute_batch(TABLES)?;
                new.pragma_update(None, "application_id", APPLICATION)?;
                new.pragma_update(None, "user_version", VERSION)?;
            }
            new.commit()?;
            look(file)
        };
        (tables, application, version) = begin(file).map_err(refused)?;
    }
    if application != i64::from(APPLICATION) || tables == 0 {
        let why = "it is a database of another program: name a file of its own for events";
        return Err(StoreError::Foreign { store: store(), why: why.to_owned() });
    }
    if version > VERSION {
        return Err(StoreError::Newer { store: store(), version });
    }
    match write_ahead(file).map_err(refused)? {
        mode if mode == "wal" => Ok(()),
        mode => {
            let why = format!("its folder does not allow a write-ahead log (it stays {mode})");
            Err(StoreError::Open { store: store(), why })
        }
    }
}

/// Turns the log on that is written ahead. For those who do the same at that moment SQLite does not wait.
fn write_ahead(file: &Connection) -> Result<String, Error> {
    let end = Instant::now() + BUSY;
    loop {
        let mode = file.query_row("pragma journal_mode = wal", (), |row| row.get(0));
        let is_busy = |error: &Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        match mode {
            Err(error) if is_busy(&error) && Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(5));
            }
            mode => return mode,
        }
    }
}

/// Takes the right to deliver, until the file that is returned is closed.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let of = |why: &dyn Display| failed(path, format!("its lock: {why}"));
    // By whatever name the store is opened, its lock is beside it.
    let mut name = path.canonicalize().map_err(|error| of(&error))?.into_os_string();
    name.push("-lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(name).map_err(|error| of(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { store: path.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(of(&error)),
    }
}

/// What tells a file from another that was put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    pub(super) fn of(path: &Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self(std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino())))
        }
        #[cfg(not(unix))]
        Self(std::fs::metadata(path).ok().map(|_| (0, 0)))
    }
}

pub(super) fn failed(path: &Path, error: impl Display) -> StoreError {
    StoreError::Failed { store: path.display().to_string(), why: error.to_string() }
}

/// Why it cannot be opened.
fn refused(path: &Path, error: Error) -> StoreError {
    let store = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            StoreError::Foreign { store, why: "it is not an SQLite database".to_owned() }
        }
        _ => StoreError::Open { store, why: error.to_string() },
    }
}

/// The kind of a file system on another machine, as far as it can be told.
#[cfg(target_os = "linux")]
fn network_folder(folder: &Path) -> Option<&'static str> {
    // From linux/magic.h.
    match rustix::fs::statfs(folder).ok()?.f_type as u32 {
        0x6969 => Some("NFS"),
        0x517b => Some("SMB"),
        0xff53_4d42 | 0xfe53_4d42 => Some("CIFS"),
        _ => None,
    }
}
