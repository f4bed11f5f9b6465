//! [`SqliteJournal`]: the journal in one file of the data folder.
//!
//! One thread writes, many pushes in one transaction; another copies the write-ahead log into the database, so that no
//! commit waits for that; readers have connections of their own and never wait for the writer.

mod apply;
mod checkpoint;
mod fault;
mod queue;
mod tidy;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use echostr::journal::{
    Commit, FollowerRecord, Found, Link, Of, Page, PushId, Reading, Record, SavedAnswer, Shown,
    Unfinished,
};
use echostr::{Account, BoxError, Journal, Mode};
use prometheus_client::registry::Registry;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use tracing::warn;

use self::checkpoint::Checkpointer;
use self::queue::{Op, OpAnswer, Queue};
use self::writer::WriterThread;
use crate::db::Db;
use crate::health::Counts;
use crate::{Error, Health, read, schema};

pub(crate) use self::apply::forget;
pub(crate) use self::writer::connect;

/// Connections for reading. Reads are rare: nothing is read on the way of a plain reply.
const READERS: u32 = 4;

/// How long closing waits for what is queued.
const CLOSING: Duration = Duration::from_secs(10);

/// What is deleted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages with their deliveries and answers are kept so many days, longer while an answer can still be read;
    /// 0 keeps them for ever.
    pub journal_days: u32,
    /// So many days after unfollowing everything about a follower is deleted; 0 never does.
    pub unfollowed_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            journal_days: 90,
            unfollowed_days: 30,
        }
    }
}

/// The [`Journal`] on SQLite.
pub struct SqliteJournal {
    path: PathBuf,
    queue: Arc<Queue>,
    counts: Counts,
    readers: SqlitePool,
    db: Db,
    threads: Mutex<Threads>,
}

struct Threads {
    writer: Option<WriterThread>,
    checkpointer: Option<Checkpointer>,
    // See `Checkpointer::start`.
    file: Option<Arc<File>>,
    // Held until nothing is written any more.
    lock: Option<File>,
}

struct Ending {
    writer: Option<WriterThread>,
    checkpointer: Option<Checkpointer>,
}

impl Ending {
    /// Ends the threads, and tells whether the database is closed.
    fn end(self) -> bool {
        let start = Instant::now();
        // First, so that the writer closes the last connection. When it hangs, the writer is ended all the same.
        let is_stopped = self
            .checkpointer
            .is_none_or(|checkpointer| checkpointer.stop(CLOSING / 2));
        let left = CLOSING.saturating_sub(start.elapsed());
        let is_closed = self.writer.is_none_or(|writer| writer.stop(left));
        is_stopped && is_closed
    }
}

impl SqliteJournal {
    /// Opens the database in this data folder and brings it up to date; makes both if there are none.
    ///
    /// # Errors
    /// The database cannot be opened, made or brought up to date, is none, or was written by a newer Echostr; or another
    /// server is at work on it, also after five seconds.
    pub async fn open(folder: &Path, retention: Retention) -> Result<Self, Error> {
        let lock = schema::lock(folder).await?;
        let path = schema::prepare(folder).await?;
        let counts = Counts::new();
        let queue = Arc::new(Queue::new(counts.clone()));
        let file = File::open(&path).map(Arc::new);
        let file = file.map_err(|source| Error::Create {
            path: path.clone(),
            source,
        })?;
        let checkpointer = Checkpointer::start(&path, &file, &counts)?;
        let writer =
            WriterThread::start(&path, retention, &queue, &counts, checkpointer.progress())?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(schema::reading(&path));
        let writer_options = schema::reading(&path)
            .read_only(false)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
            // The journal's own thread copies the log.
            .pragma("wal_autocheckpoint", "0");
        let one = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(writer_options);
        let db = Db::Sqlite {
            readers: readers.clone(),
            writer: one,
        };
        Ok(Self {
            path,
            queue,
            counts,
            readers,
            db,
            threads: Mutex::new(Threads {
                writer: Some(writer),
                checkpointer: Some(checkpointer),
                file: Some(file),
                lock: Some(lock),
            }),
        })
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connections to its database, for everything but the journal.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// How it is at the moment.
    pub fn health(&self) -> Health {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let since = self.counts.away_since_ms.load(Ordering::Relaxed);
        Health {
            queued_records: count(self.counts.queue_records.get()),
            queued_bytes: count(self.counts.queue_bytes.get()),
            away_since_ms: (since != 0).then_some(since),
            lost_records: self.counts.lost_records.get(),
        }
    }

    /// Adds its metrics: `echostr_journal_…`.
    pub fn register(&self, registry: &mut Registry) {
        self.counts.register(registry);
    }

    /// Writes down who the accounts are: id, name, AppID and mode, no secret. Returns when that is durable.
    ///
    /// # Errors
    /// They could not be written.
    pub async fn put_accounts<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a Account>,
    ) -> Result<(), BoxError> {
        let identities = accounts.into_iter().map(Identity::of).collect();
        match self.op(Op::Accounts(identities)).await? {
            OpAnswer::Nothing => Ok(()),
            _ => Err(mismatch()),
        }
    }

    /// Writes what is queued, as far as that is possible within ten seconds, and closes the database. What is written after
    /// that is given up.
    pub async fn close(&self) {
        // Readers first, the writer last: the last connection of all writes the log back and removes it.
        self.readers.close().await;
        if let Db::Sqlite { writer, .. } = &self.db {
            writer.close().await;
        }
        let ending = self.ending();
        let is_closed = tokio::task::spawn_blocking(move || ending.end()).await;
        if matches!(is_closed, Ok(true)) {
            let mut threads = self.threads();
            drop((threads.file.take(), threads.lock.take()));
        } else {
            // A writer that comes back may still write.
            std::mem::forget(self.threads().lock.take());
        }
    }

    /// The threads that still run, to be ended.
    fn ending(&self) -> Ending {
        let mut threads = self.threads();
        Ending {
            writer: threads.writer.take(),
            checkpointer: threads.checkpointer.take(),
        }
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many answers were not read to the end and have not expired.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn count_unread(&self) -> Result<i64, BoxError> {
        read::count_unread(&self.readers, crate::value::now_ms()).await
    }

    async fn op(&self, op: Op) -> Result<OpAnswer, BoxError> {
        self.queue
            .op(op)
            .await
            .unwrap_or_else(|_| Err("the journal was closed".into()))
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        if !self.ending().end() {
            warn!("the journal did not close in time");
            // A writer that comes back may still write.
            std::mem::forget(self.threads().lock.take());
        }
        // Readers may still be open: see `Checkpointer::start`.
        std::mem::forget(self.threads().file.take());
    }
}

impl Journal for SqliteJournal {
    fn write(&self, records: Vec<Record>) -> Commit {
        self.queue.write(records)
    }

    fn is_away(&self) -> bool {
        self.queue.is_away()
    }

    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>> {
        Box::pin(read::find(&self.readers, push))
    }

    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>> {
        Box::pin(read::page(&self.readers, of, link))
    }

    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>> {
        Box::pin(read::unread(&self.readers, of, now_ms))
    }

    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>> {
        Box::pin(read::latest_text(&self.readers, of, since_ms))
    }

    fn next_number<'a>(&'a self, of: Of<'a>) -> Reading<'a, u64> {
        Box::pin(async move {
            let op = Op::Number {
                account: of.account.into(),
                follower: of.follower.clone(),
            };
            match self.op(op).await? {
                OpAnswer::Number(number) => Ok(number),
                _ => Err(mismatch()),
            }
        })
    }

    fn take_up(&self, since_ms: i64) -> Reading<'_, Vec<Unfinished>> {
        Box::pin(async move {
            match self.op(Op::TakeUp { since_ms }).await? {
                OpAnswer::Unfinished(unfinished) => Ok(unfinished),
                _ => Err(mismatch()),
            }
        })
    }

    fn follower<'a>(&'a self, of: Of<'a>) -> Reading<'a, Option<FollowerRecord>> {
        Box::pin(read::follower(&self.readers, of))
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        Box::pin(read::session(&self.readers, of, name))
    }
}

fn mismatch() -> BoxError {
    "the journal answered something else than was asked".into()
}

/// Who an account is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    id: String,
    name: String,
    app_id: Option<String>,
    mode: &'static str,
}

impl Identity {
    fn of(account: &Account) -> Self {
        let (mode, sealing) = match &account.mode {
            Mode::Plain => ("plain", None),
            Mode::Compatible(sealing) => ("compatible", Some(sealing)),
            Mode::Safe(sealing) => ("safe", Some(sealing)),
        };
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            app_id: sealing.map(|sealing| sealing.app_id.to_string()),
            mode,
        }
    }
}
