//! The one thread that writes: a batch, its commit, the next batch.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use echostr_protocol::Reply;
use rusqlite::{Connection, OpenFlags};
use tracing::{error, info, warn};

use super::Retention;
use super::apply::{Cache, Transaction};
use super::checkpoint::Progress;
use super::fault::Fault;
use super::queue::{Item, OpAnswer, Pending, Queue, Work};
use super::tidy::Tidy;
use crate::Error;
use crate::health::Counts;
use crate::value::now_ms;

/// How long another process may keep the database locked without that being a fault.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries while the journal cannot be written.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often it is logged that the journal still cannot be written.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// How often it is looked for what is too old, and the pause between two portions.
const TIDY_EVERY: Duration = Duration::from_mins(1);
const TIDY_PAUSE: Duration = Duration::from_millis(100);

/// How long closing tries to write while the journal is away.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// The running thread.
pub(crate) struct WriterThread {
    queue: Arc<Queue>,
    // In a lock only because it is to be shared.
    has_ended: Mutex<Receiver<()>>,
}

impl WriterThread {
    pub(crate) fn start(
        path: &Path,
        retention: Retention,
        queue: &Arc<Queue>,
        counts: &Counts,
        progress: Progress,
    ) -> Result<Self, Error> {
        let unwritable = |source| Error::Writer {
            path: path.to_owned(),
            source,
        };
        let connection = connect(path, PATIENCE).map_err(unwritable)?;
        let first_id = connection
            .query_row("SELECT coalesce(max(id), 0) FROM messages", [], |row| {
                row.get(0)
            })
            .map_err(unwritable)?;
        let writer = Writer {
            path: path.to_owned(),
            connection: Some(connection),
            cache: Cache::default(),
            first_id,
            retention,
            queue: Arc::clone(queue),
            counts: counts.clone(),
            progress,
            tidy: Tidy::default(),
            tidy_at: Instant::now(),
            away: None,
        };
        let (ended, has_ended) = sync_channel(1);
        thread::Builder::new()
            .name("journal".into())
            .spawn(move || {
                writer.run();
                // Nobody may be waiting for it.
                let _ = ended.send(());
            })
            .map_err(|source| Error::Thread { source })?;
        Ok(Self {
            queue: Arc::clone(queue),
            has_ended: Mutex::new(has_ended),
        })
    }

    /// Has what is queued written, waits for it at most so long, and tells whether the database is closed.
    pub(crate) fn stop(self, patience: Duration) -> bool {
        self.queue.close();
        let has_ended = self.has_ended.into_inner();
        let has_ended = has_ended.unwrap_or_else(PoisonError::into_inner);
        has_ended.recv_timeout(patience).is_ok()
    }
}

/// A connection that writes. It waits so long for another process that keeps the database locked.
pub(crate) fn connect(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         -- The file of the log keeps its size, so that a commit writes blocks that are there already.
         PRAGMA journal_size_limit = 67108864;
         -- The statements here keep the references in order themselves.
         PRAGMA foreign_keys = OFF;
         PRAGMA cache_size = -8000;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

struct Writer {
    path: PathBuf,
    // Opened anew after a fault.
    connection: Option<Connection>,
    cache: Cache,
    first_id: i64,
    retention: Retention,
    queue: Arc<Queue>,
    counts: Counts,
    progress: Progress,
    tidy: Tidy,
    tidy_at: Instant,
    away: Option<Away>,
}

/// The journal cannot be written.
struct Away {
    since: Instant,
    reminded: Instant,
    lost_before: u64,
}

/// What came of items that were written.
#[derive(Default)]
struct Outcome {
    // By the place of the call.
    instead: Vec<(usize, Reply, i64)>,
    // By the place of the item.
    answers: Vec<(usize, OpAnswer)>,
}

impl Writer {
    fn run(mut self) {
        // Also when something here panics: nobody may wait for ever.
        let end = End(Arc::clone(&self.queue));
        loop {
            match self.queue.take() {
                Work::Write(pending) => self.write(pending),
                Work::Nothing => self.progress.idle(),
                Work::Close => break,
            }
            self.tidy();
            if let Some(connection) = &self.connection {
                self.progress.last_step(connection);
            }
        }
        drop(end);
    }

    /// Writes a batch, however long it takes, and tells those who wait.
    fn write(&mut self, mut pending: Pending) {
        let records = pending.records;
        let all = 0..pending.items.len();
        match self.persist(&mut pending, all.clone()) {
            Persisted::Written(outcome) => self.finish(pending, outcome),
            Persisted::Never(_) if all.len() > 1 => self.write_one_by_one(pending),
            Persisted::Never(fault) | Persisted::Closing(fault) => self.give_up(pending, &fault),
        }
        self.counts.batch_records.observe(records_f64(records));
        self.progress.written(records);
    }

    /// Something in the batch can never be written: that is given up, the rest is kept.
    fn write_one_by_one(&mut self, mut pending: Pending) {
        let mut all = Outcome::default();
        let mut is_lost = false;
        for place in 0..pending.items.len() {
            match self.persist(&mut pending, place..place + 1) {
                Persisted::Written(outcome) => {
                    all.instead.extend(outcome.instead);
                    all.answers.extend(outcome.answers);
                }
                Persisted::Never(fault) => {
                    self.lost(pending.items[place].records(), &fault);
                    match &mut pending.items[place] {
                        Item::Call(..) => is_lost = true,
                        Item::Op(_, sender) => {
                            if let Some(sender) = sender.take() {
                                // Whoever asked may have gone.
                                let _ = sender.send(Err(fault.into()));
                            }
                        }
                    }
                }
                Persisted::Closing(fault) => return self.give_up(pending, &fault),
            }
        }
        if is_lost {
            // A batch has one outcome for all: nobody may rely on what is not there.
            pending.batch.lose();
        }
        self.finish(pending, all);
    }

    /// Tries until it works, or until fault or closing say that it never will.
    fn persist(&mut self, pending: &mut Pending, items: Range<usize>) -> Persisted {
        let mut pause = FIRST_PAUSE;
        let mut closing_since = None;
        loop {
            let start = (Instant::now(), now_ms());
            let fault = match self.try_once(&pending.items[items.clone()], items.start) {
                Ok(outcome) => {
                    self.back();
                    return Persisted::Written(outcome);
                }
                Err(fault) => fault,
            };
            // What is remembered may not be there, and the connection may be at fault.
            self.cache.clear();
            self.connection = None;
            if !fault.may_pass() {
                return Persisted::Never(fault);
            }
            self.away(&fault, start);
            pending.refuse_ops();
            let is_nothing_left = |item: &Item| matches!(item, Item::Op(_, None));
            if pending.items[items.clone()].iter().all(is_nothing_left) {
                // Writing nothing would work, and would not mean that the journal can be written again.
                return Persisted::Written(Outcome::default());
            }
            if self.queue.is_closing() {
                if closing_since.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES {
                    return Persisted::Closing(fault);
                }
                thread::sleep(FIRST_PAUSE);
            } else {
                self.queue.pause(pause);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One transaction. `first` is the place of the first item in its batch.
    fn try_once(&mut self, items: &[Item], first: usize) -> Result<Outcome, Fault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.path, PATIENCE)?),
        };
        self.cache.has_lost = self.counts.lost_records.get() > 0;
        let mut transaction = Transaction::begin(connection, &mut self.cache, self.first_id)?;
        let mut outcome = Outcome::default();
        for (place, item) in items.iter().enumerate() {
            match item {
                Item::Call(call, records) => {
                    if let Some((reply, at)) = transaction.call(records)? {
                        outcome.instead.push((*call, reply, at));
                    }
                }
                Item::Op(op, Some(_)) => outcome.answers.push((first + place, transaction.op(op)?)),
                Item::Op(_, None) => {}
            }
        }
        transaction.commit()?;
        Ok(outcome)
    }

    fn finish(&self, mut pending: Pending, outcome: Outcome) {
        if let Some(since) = pending.since {
            self.counts
                .commit_seconds
                .observe(since.elapsed().as_secs_f64());
        }
        self.queue.written(pending.records, pending.bytes);
        pending.batch.finish(outcome.instead);
        for (place, answer) in outcome.answers {
            if let Some(Item::Op(_, sender)) = pending.items.get_mut(place)
                && let Some(sender) = sender.take()
            {
                // Whoever asked may have gone.
                let _ = sender.send(Ok(answer));
            }
        }
    }

    fn give_up(&self, mut pending: Pending, fault: &Fault) {
        let records = pending.items.iter().map(Item::records).sum();
        pending.refuse_ops();
        self.queue.written(pending.records, pending.bytes);
        pending.batch.lose();
        self.lost(records, fault);
    }

    fn lost(&self, records: usize, fault: &Fault) {
        self.counts.lost_records.inc_by(records as u64);
        error!(
            records,
            "cannot write {records} record(s) to the journal {}: {fault}; {}. They are lost, all others are kept",
            self.path.display(),
            fault.remedy()
        );
    }

    fn away(&mut self, fault: &Fault, (since, since_ms): (Instant, i64)) {
        let path = self.path.display();
        match &mut self.away {
            None => {
                error!(
                    "cannot write the journal {path}: {fault}; {}. Followers are answered meanwhile, and what is to be \
                     written waits in memory, 64 MiB at most: it is lost if the server stops now",
                    fault.remedy()
                );
                self.away = Some(Away {
                    since,
                    reminded: Instant::now(),
                    lost_before: self.counts.lost_records.get(),
                });
                self.counts.away.set(1);
                self.counts.away_since_ms.store(since_ms, Ordering::Relaxed);
                self.queue.set_away(Some(since));
            }
            Some(away) if away.reminded.elapsed() >= REMIND_EVERY => {
                away.reminded = Instant::now();
                error!(
                    "still cannot write the journal {path}: {fault}; {}. {} record(s) wait in memory, {} were given up",
                    fault.remedy(),
                    self.counts.queue_records.get(),
                    self.counts.lost_records.get() - away.lost_before,
                );
            }
            Some(_) => {}
        }
    }

    fn back(&mut self) {
        let Some(away) = self.away.take() else {
            return;
        };
        let lost = self.counts.lost_records.get() - away.lost_before;
        let (waiting, secs) = (
            self.counts.queue_records.get(),
            away.since.elapsed().as_secs(),
        );
        self.counts.away.set(0);
        self.counts.away_since_ms.store(0, Ordering::Relaxed);
        self.queue.set_away(None);
        if lost == 0 {
            info!(
                "the journal can be written again after {secs} s: {waiting} record(s) are caught up"
            );
        } else {
            warn!(
                "the journal can be written again after {secs} s: {waiting} record(s) are caught up, {lost} are lost"
            );
        }
    }

    fn tidy(&mut self) {
        if self.tidy_at > Instant::now() || self.away.is_some() {
            return;
        }
        let Some(connection) = &self.connection else {
            return;
        };
        let is_more = match self.tidy.portion(connection, self.retention) {
            Ok(done) => {
                self.progress.written(done.rows);
                if done.has_forgotten {
                    self.cache.clear();
                }
                done.is_more
            }
            Err(fault) => {
                warn!(
                    "cannot delete what is too old from {}: {fault}; it is tried again",
                    self.path.display()
                );
                // The transaction is given up with its connection.
                self.connection = None;
                self.cache.clear();
                false
            }
        };
        self.tidy_at = Instant::now() + if is_more { TIDY_PAUSE } else { TIDY_EVERY };
    }
}

enum Persisted {
    Written(Outcome),
    /// The journal is to be closed and cannot be written.
    Closing(Fault),
    /// It cannot be written, and that will not pass.
    Never(Fault),
}

/// Whatever ends the writer, nobody waits for it any more.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        let lost = self.0.end();
        if thread::panicking() {
            error!(
                "the journal's writer has failed, please report this; followers are answered without the journal until the \
                 server is restarted"
            );
        }
        if lost > 0 {
            error!("{lost} record(s) could not be written to the journal and are lost");
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch has some hundred records"
)]
fn records_f64(records: usize) -> f64 {
    records as f64
}
