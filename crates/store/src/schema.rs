//! The database file and its schema: created, brought up to date, refused when it is not ours or too new.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _, SqliteConnection};

use crate::Error;

/// The database in the data folder.
pub const FILE_NAME: &str = "echostr.db";

/// Every version of the schema, oldest first. One that was published never changes; a change is a further line.
pub(crate) const VERSIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "journal",
        include_str!("../migrations/sqlite/0001_journal.sql"),
    ),
    (
        2,
        "accounts",
        include_str!("../migrations/sqlite/0002_accounts.sql"),
    ),
    (
        3,
        "platform",
        include_str!("../migrations/sqlite/0003_platform.sql"),
    ),
    (
        4,
        "answering",
        include_str!("../migrations/sqlite/0004_answering.sql"),
    ),
];

/// The newest version that is known here.
const KNOWN: i64 = VERSIONS[VERSIONS.len() - 1].0;

/// How long another process may keep the database locked, such as one that makes a backup.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Locked by the server that writes. It stays there: removing it would let two have one each.
const LOCK_NAME: &str = "echostr.lock";

/// How long the server before this one may take to end, and how often it is looked.
const HANDOVER: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Keeps other servers out of the data folder for as long as the file is open.
pub(crate) async fn lock(folder: &Path) -> Result<File, Error> {
    create(folder, &folder.join(FILE_NAME))?;
    let path = folder.join(LOCK_NAME);
    let unlockable = |source| Error::Lock {
        path: path.clone(),
        source,
    };
    // To be read is enough, also on a disk that is read-only.
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path),
        opened => opened,
    };
    let file = file.map_err(unlockable)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < HANDOVER => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Taken {
                    path: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unlockable(source)),
        }
    }
}

/// Makes folder and file if there are none, for the server's user only, and brings the schema up to date.
pub(crate) async fn prepare(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join(FILE_NAME);
    create(folder, &path)?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .journal_mode(SqliteJournalMode::Wal)
        // Until the log is used, a change is committed by removing a file; this syncs that as well.
        .synchronous(SqliteSynchronous::Extra)
        .busy_timeout(PATIENCE);
    let mut connection = open(&options, &path).await?;
    let found = version(&mut connection, &path).await?;
    if found > KNOWN {
        return Err(Error::Newer {
            path,
            found,
            known: KNOWN,
        });
    }
    let migrated = migrator().run(&mut connection).await;
    let closed = connection.close().await;
    migrated.map_err(|source| Error::Migrate {
        path: path.clone(),
        source,
    })?;
    closed.map_err(|source| unopened(source, &path))?;
    Ok(path)
}

/// Finds the database of a data folder to be read, and refuses it unless its schema is exactly the known one.
pub(crate) async fn find(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join(FILE_NAME);
    if !path.exists() {
        return Err(Error::Missing { path });
    }
    let mut connection = open(&reading(&path), &path).await?;
    let found = version(&mut connection, &path).await;
    // What was read counts, whatever closing says.
    let _ = connection.close().await;
    match found? {
        found if found > KNOWN => Err(Error::Newer {
            path,
            found,
            known: KNOWN,
        }),
        found if found < KNOWN => Err(Error::Older {
            path,
            found,
            known: KNOWN,
        }),
        _ => Ok(path),
    }
}

/// How to connect in order to read.
pub(crate) fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

fn create(folder: &Path, path: &Path) -> Result<(), Error> {
    if !folder.is_dir() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| Error::Folder {
            path: folder.to_owned(),
            source,
        })?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match file {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // SQLite says more about a file that is there than that it cannot be made.
        Err(_) if path.exists() => Ok(()),
        Err(source) => Err(Error::Create {
            path: path.to_owned(),
            source,
        }),
    }
}

async fn open(options: &SqliteConnectOptions, path: &Path) -> Result<SqliteConnection, Error> {
    options
        .connect()
        .await
        .map_err(|source| unopened(source, path))
}

/// The version of its schema, 0 for an empty database.
async fn version(connection: &mut SqliteConnection, path: &Path) -> Result<i64, Error> {
    let unreadable = |source| unopened(source, path);
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .fetch_all(&mut *connection)
            .await
            .map_err(unreadable)?;
    if !tables.iter().any(|table| table == "_sqlx_migrations") {
        return match tables.into_iter().next() {
            None => Ok(0),
            Some(table) => Err(Error::Foreign {
                path: path.to_owned(),
                table,
            }),
        };
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(unreadable)
}

fn unopened(source: sqlx::Error, path: &Path) -> Error {
    let path = path.to_owned();
    let code = source
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    let remedy = match code.map(|code| code & 0xff) {
        // SQLITE_CORRUPT and its kinds, SQLITE_NOTADB.
        Some(11 | 26) => return Error::NotADatabase { path, source },
        // SQLITE_BUSY, SQLITE_LOCKED.
        Some(5 | 6) => "end the other program that keeps it locked",
        _ => {
            "may the server's user read and write it and its folder, is the disk full or read-only?"
        }
    };
    Error::Open {
        path,
        remedy,
        source,
    }
}

fn migrator() -> Migrator {
    let migrations = VERSIONS.iter().map(|(version, name, sql)| {
        Migration::new(
            *version,
            (*name).into(),
            MigrationType::Simple,
            (*sql).into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}
