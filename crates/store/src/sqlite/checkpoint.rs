//! Copies the write-ahead log into the database on a thread and a connection of its own, so that no commit waits for it.
//!
//! A passive checkpoint copies what is there and disturbs nobody, but under constant load it never reaches the end of the
//! log, which then grows for ever. So, when the log is long, this thread copies and syncs nearly all of it and asks the
//! writer to copy the last few pages between two batches; the next batch starts the log anew.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tracing::warn;

use super::connect;
use crate::Error;
use crate::health::Counts;

/// Pages in the log from which it has to start anew: 16 MiB.
const LONG_LOG_PAGES: u64 = 4096;

/// Pages that the writer may have to copy itself: a fraction of a millisecond.
const FEW_PAGES: u64 = 128;

/// How often it is tried to come so near to the end of the log.
const TRIES: usize = 4;

/// Records between two checkpoints, so that each is short.
const RECORDS: usize = 2000;

pub(crate) struct Checkpointer {
    wake: SyncSender<Task>,
    is_stopping: Arc<AtomicBool>,
    // In a lock only because it is to be shared.
    has_ended: Mutex<Receiver<()>>,
    is_last_step: Arc<AtomicBool>,
}

enum Task {
    Copy,
    Stop,
}

/// The writer's side.
pub(crate) struct Progress {
    wake: SyncSender<Task>,
    // Set while the checkpointer is there, and wants the writer to copy the rest.
    is_last_step: Weak<AtomicBool>,
    records: usize,
}

impl Checkpointer {
    /// Starts the thread. `file` is the database: syncing it here spares the writer that. It must stay open as long as
    /// anything of this process has the database open, because closing any descriptor of a file ends all locks that the
    /// process has on it.
    pub(crate) fn start(path: &Path, file: &Arc<File>, counts: &Counts) -> Result<Self, Error> {
        let connection = connect(path, Duration::ZERO).map_err(|source| Error::Writer {
            path: path.to_owned(),
            source,
        })?;
        let (wake, tasks) = sync_channel(1);
        let is_last_step = Arc::new(AtomicBool::new(false));
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (ended, has_ended) = sync_channel(1);
        thread::Builder::new()
            .name("checkpoint".into())
            .spawn({
                let (is_stopping, is_last_step) =
                    (Arc::clone(&is_stopping), Arc::clone(&is_last_step));
                let (file, counts) = (Arc::clone(file), counts.clone());
                move || {
                    run(
                        &tasks,
                        &connection,
                        &file,
                        &counts,
                        &is_stopping,
                        &is_last_step,
                    );
                    drop((connection, file));
                    // Nobody may be waiting for it.
                    let _ = ended.send(());
                }
            })
            .map_err(|source| Error::Thread { source })?;
        Ok(Self {
            wake,
            is_stopping,
            has_ended: Mutex::new(has_ended),
            is_last_step,
        })
    }

    /// For the writer, to tell how far it is.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            wake: self.wake.clone(),
            is_last_step: Arc::downgrade(&self.is_last_step),
            records: 0,
        }
    }

    /// Ends the thread after the checkpoint that is under way, waits for that at most so long, and tells whether it has
    /// ended.
    pub(crate) fn stop(self, patience: Duration) -> bool {
        self.is_stopping.store(true, Ordering::Release);
        // Another task that waits wakes it as well.
        let _ = self.wake.try_send(Task::Stop);
        let has_ended = self.has_ended.into_inner();
        let has_ended = has_ended.unwrap_or_else(PoisonError::into_inner);
        // A thread that panicked has ended, too.
        has_ended.recv_timeout(patience) != Err(RecvTimeoutError::Timeout)
    }
}

impl Progress {
    /// So many records were written.
    pub(crate) fn written(&mut self, records: usize) {
        self.records += records;
        if self.records >= RECORDS {
            self.copy();
        }
    }

    /// There is nothing to write at the moment.
    pub(crate) fn idle(&mut self) {
        if self.records > 0 {
            self.copy();
        }
    }

    /// Copies the rest of a long log, when the checkpointer wants that.
    pub(crate) fn last_step(&self, connection: &Connection) {
        let is_wanted = self
            .is_last_step
            .upgrade()
            .is_some_and(|is_last_step| is_last_step.swap(false, Ordering::AcqRel));
        if is_wanted {
            // When it fails, the checkpointer finds the log still long and asks again.
            let _ = passive(connection);
        }
    }

    fn copy(&mut self) {
        self.records = 0;
        // A checkpoint that waits already is as good.
        let _ = self.wake.try_send(Task::Copy);
    }
}

fn run(
    tasks: &Receiver<Task>,
    connection: &Connection,
    file: &File,
    counts: &Counts,
    is_stopping: &AtomicBool,
    is_last_step: &AtomicBool,
) {
    let mut is_reported = false;
    while let Ok(Task::Copy) = tasks.recv() {
        if is_stopping.load(Ordering::Acquire) {
            break;
        }
        let copied = copy(connection, file, is_last_step);
        match copied {
            Ok(pages) => {
                let pages = i64::try_from(pages).unwrap_or(i64::MAX);
                counts.wal_pages.set(pages);
                is_reported = false;
            }
            // The writer tells more about a disk that is full; the log merely grows until this works again.
            Err(error) if !is_reported => {
                warn!(
                    %error,
                    "cannot copy the journal's log into the database, it grows meanwhile: see that the disk is in order"
                );
                is_reported = true;
            }
            Err(_) => {}
        }
    }
}

/// Copies the log as far as possible; tells how long it is, in pages.
fn copy(
    connection: &Connection,
    file: &File,
    is_last_step: &AtomicBool,
) -> Result<u64, Box<dyn std::error::Error>> {
    let mut log = 0;
    for _ in 0..TRIES {
        let copied;
        (log, copied) = passive(connection)?;
        if copied < log {
            // SQLite syncs only what was copied to the end.
            file.sync_data()?;
        }
        if log < LONG_LOG_PAGES {
            break;
        }
        if log - copied <= FEW_PAGES {
            is_last_step.store(true, Ordering::Release);
            break;
        }
    }
    Ok(log)
}

/// Copies what can be copied without disturbing anybody: pages in the log, and how many of them are in the database.
fn passive(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            let pages = |place| {
                row.get::<_, i64>(place)
                    .map(|pages| pages.try_into().unwrap_or(0))
            };
            Ok((pages(1)?, pages(2)?))
        })
}
