//! [`SqlJournal`]: the journal in a database. Queue and writing thread are the same for all; what applies a batch is a
//! [`Body`](self::writer::Body).

pub(crate) mod clock;
pub(crate) mod fault;
pub(crate) mod known;
mod queue;
pub(crate) mod turns;
pub(crate) mod unfinished;
mod writer;

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use echostr::journal::{
    Commit, FollowerRecord, Found, Link, Of, Page, PushId, Reading, Record, SavedAnswer, Shown,
    Spent, Turn, Unfinished,
};
use echostr::{BoxError, Interactions, Journal};
use echostr_protocol::{MediaId, OpenId};
use prometheus_client::registry::Registry;
use tracing::warn;

use crate::db::Db;
use crate::health::Counts;
use crate::postgres::{self, PostgresUrl};
use crate::sqlite::{self, Checkpointer};
use crate::{Error, Health, LivePages, read};

pub(crate) use self::fault::Fault;
pub use self::queue::Deleted;
pub(crate) use self::queue::{Item, Op, OpAnswer};
pub(crate) use self::writer::{Body, Outcome, WriterThread};

/// How long closing waits for what is queued.
const CLOSING: Duration = Duration::from_secs(10);

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// SQLite, in this data folder.
    Folder(PathBuf),
    /// PostgreSQL.
    Postgres(PostgresUrl),
}

/// What is deleted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Messages with their deliveries and answers, what was sent beside replies, and what language models were asked, are kept
    /// so many days, longer while an answer can still be read; 0 keeps them for ever.
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

/// The [`Journal`] in a database.
pub struct SqlJournal {
    queue: Arc<queue::Queue>,
    counts: Counts,
    db: Db,
    pages: LivePages,
    threads: Mutex<Threads>,
}

/// What runs beside, and what is held as long as it runs.
pub(crate) struct Threads {
    pub(crate) writer: Option<WriterThread>,
    pub(crate) checkpointer: Option<Checkpointer>,
    // The rest is of SQLite. See `Checkpointer::start`.
    pub(crate) file: Option<Arc<File>>,
    // Held until nothing is written any more.
    pub(crate) lock: Option<File>,
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

impl SqlJournal {
    /// Opens the database at this place and brings it up to date; makes what is missing.
    ///
    /// # Errors
    /// The database cannot be opened, made or brought up to date, is none, or was written by a newer Echostr; or another
    /// server is at work on it, also after five seconds.
    pub async fn open(place: &Place, retention: Retention) -> Result<Self, Error> {
        let counts = Counts::new();
        let (db, threads) = match place {
            Place::Folder(folder) => sqlite::open(folder, retention, &counts).await?,
            Place::Postgres(url) => postgres::open(url, retention, &counts).await?,
        };
        let writer = threads.writer.as_ref().expect("it was just started");
        Ok(Self {
            queue: Arc::clone(writer.queue()),
            counts,
            pages: LivePages::new(db.clone()),
            db,
            threads: Mutex::new(threads),
        })
    }

    /// The database, for everything beside the journal. Cloning is cheap; closing the journal closes it.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// The pages on which its answers can be read.
    pub fn pages(&self) -> LivePages {
        self.pages.clone()
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

    /// Writes what is queued, as far as that is possible within ten seconds, and closes the database. What is written after
    /// that is given up.
    pub async fn close(&self) {
        // The others first, the writer last: on SQLite, the last connection of all writes the log back and removes it.
        self.db.close().await;
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
        read::count_unread(&self.db, crate::value::now_ms()).await
    }

    /// Deletes everything about a follower; returns when that is durable.
    ///
    /// # Errors
    /// It was not deleted.
    pub async fn forget(&self, account: &str, follower: &OpenId) -> Result<Deleted, BoxError> {
        let op = Op::Forget {
            account: account.into(),
            follower: follower.clone(),
        };
        match self.op(op).await? {
            OpAnswer::Deleted(deleted) => Ok(deleted),
            _ => Err(mismatch()),
        }
    }

    async fn op(&self, op: Op) -> Result<OpAnswer, BoxError> {
        self.queue
            .op(op)
            .await
            .unwrap_or_else(|_| Err("the journal was closed".into()))
    }
}

impl Drop for SqlJournal {
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

impl Journal for SqlJournal {
    fn write(&self, records: Vec<Record>) -> Commit {
        self.queue.write(records)
    }

    fn is_away(&self) -> bool {
        self.queue.is_away()
    }

    fn find<'a>(&'a self, push: &'a PushId) -> Reading<'a, Option<Found>> {
        Box::pin(read::find(&self.db, push))
    }

    fn page<'a>(&'a self, of: Of<'a>, link: &'a Link) -> Reading<'a, Option<Page>> {
        Box::pin(read::page(&self.db, of, link))
    }

    fn unread<'a>(&'a self, of: Of<'a>, now_ms: i64) -> Reading<'a, Vec<SavedAnswer>> {
        Box::pin(read::unread(&self.db, of, now_ms))
    }

    fn latest_text<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Option<Shown>> {
        Box::pin(read::latest_text(&self.db, of, since_ms))
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
        Box::pin(read::follower(&self.db, of))
    }

    fn interactions<'a>(&'a self, of: Of<'a>, since_ms: i64) -> Reading<'a, Interactions> {
        Box::pin(read::interactions(&self.db, of, since_ms))
    }

    fn uploaded<'a>(
        &'a self,
        account: &'a str,
        hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Reading<'a, Option<MediaId>> {
        Box::pin(read::uploaded(&self.db, account, hash, now_ms))
    }

    fn has_written<'a>(&'a self, of: Of<'a>, before: &'a PushId) -> Reading<'a, bool> {
        Box::pin(read::has_written(&self.db, of, before))
    }

    fn turns<'a>(&'a self, of: Of<'a>, since_ms: i64, limit: u32) -> Reading<'a, Vec<Turn>> {
        Box::pin(read::turns(&self.db, of, since_ms, limit))
    }

    fn follower_spent<'a>(&'a self, of: Of<'a>, day: i32) -> Reading<'a, Spent> {
        Box::pin(read::follower_spent(&self.db, of, day))
    }

    fn account_spent<'a>(
        &'a self,
        account: &'a str,
        day: i32,
        month: i32,
    ) -> Reading<'a, (Spent, Spent)> {
        Box::pin(read::account_spent(&self.db, account, day, month))
    }

    fn session<'a>(&'a self, of: Of<'a>, name: &'a str) -> Reading<'a, Option<String>> {
        Box::pin(read::session(&self.db, of, name))
    }
}

fn mismatch() -> BoxError {
    "the journal answered something else than was asked".into()
}
