//! The journal in one file of the data folder: what applies batches, and what is beside it.
//!
//! One thread writes, many pushes in one transaction; another copies the write-ahead log into the database, so that no
//! commit waits for that; readers have connections of their own and never wait for the writer.

mod apply;
mod body;
mod checkpoint;
mod index;
mod tidy;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::runtime::Handle;

use self::apply::forget;
use self::body::{FileBody, connect};
use crate::db::Db;
use crate::health::Counts;
use crate::journal::{Retention, Threads, WriterThread};
use crate::{Error, schema};

pub(crate) use self::checkpoint::Checkpointer;

/// Connections for reading. Reads are rare: nothing is read on the way of a plain reply.
const READERS: u32 = 4;

/// How long a reader waits for one of them.
const ACQUIRE: Duration = Duration::from_secs(5);

/// Locks the data folder, opens the database in it and starts what works on it.
pub(crate) async fn open(
    folder: &Path,
    retention: Retention,
    counts: &Counts,
) -> Result<(Db, Threads), Error> {
    let lock = schema::lock(folder).await?;
    // On a thread of its own, so that opening can be spawned: the migrator's future is not `Send`.
    let preparing = tokio::task::spawn_blocking({
        let (folder, handle) = (folder.to_owned(), Handle::current());
        move || handle.block_on(schema::prepare(&folder))
    });
    let path = preparing.await.map_err(|panicked| Error::Thread {
        source: panicked.into(),
    })??;
    let file = File::open(&path).map(Arc::new);
    let file = file.map_err(|source| Error::Create {
        path: path.clone(),
        source,
    })?;
    let checkpointer = Checkpointer::start(&path, &file, counts)?;
    let body = FileBody::open(&path, checkpointer.progress())?;
    let writer = WriterThread::start(body, retention, counts)?;
    let threads = Threads {
        writer: Some(writer),
        checkpointer: Some(checkpointer),
        file: Some(file),
        lock: Some(lock),
    };
    Ok((db(&path), threads))
}

/// The connections for everything beside the journal's writer.
fn db(path: &Path) -> Db {
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE)
        .connect_lazy_with(schema::reading(path));
    Db::Sqlite {
        readers,
        writer: writing(path),
    }
}

/// One connection, which is as durable as the journal's and leaves copying the log to the checkpointer.
fn writing(path: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(schema::PATIENCE)
        .pragma("wal_autocheckpoint", "0")
        // Secrets that were replaced, and texts that were read, are overwritten; nothing here is so frequent that it costs.
        .pragma("secure_delete", "ON")
        // The statements here keep the references in order themselves.
        .foreign_keys(false)
        .disable_statement_logging();
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE * 2)
        .connect_lazy_with(options)
}
