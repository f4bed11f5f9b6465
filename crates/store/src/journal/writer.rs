//! The one thread that writes: a batch, its commit, the next batch; what happens while the database cannot be written.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use echostr_protocol::Reply;
use tracing::{error, info, warn};

use super::Retention;
use super::fault::Fault;
use super::queue::{Item, OpAnswer, Pending, Queue, Work};
use crate::Error;
use crate::health::Counts;
use crate::value::now_ms;

/// Between two tries while the journal cannot be written.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often it is logged that the journal still cannot be written.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// How often it is looked for what is too old, and the pause between two portions.
const TIDY_EVERY: Duration = Duration::from_mins(1);
const TIDY_PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked for what is not searchable yet; the pause between two portions is so many times as long as the
/// portion took. While there is always something else to write, one is made now and then all the same.
const INDEX_EVERY: Duration = Duration::from_secs(1);
const INDEX_PAUSE: u32 = 2;
const INDEX_LATER: Duration = Duration::from_millis(20);
const INDEX_LATEST: Duration = Duration::from_secs(5);

/// How long closing tries to write while the journal is away.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// What applies batches to one kind of database.
pub(crate) trait Body: Send + 'static {
    /// Between the beginnings of two transactions under load.
    const GATHER: Duration;

    /// Which database, as it is called in logs.
    fn name(&self) -> String;

    /// One transaction, durable when this returns. `first` is the place of the first item in its batch. `is_again` says that
    /// the same was tried before, and failed.
    fn write(&mut self, items: &[Item], first: usize, is_again: bool) -> Result<Outcome, Fault>;

    /// A transaction has failed: what is remembered may not be there, and the connection may be at fault.
    fn failed(&mut self);

    /// A batch of so many records was written or given up.
    fn written(&mut self, records: usize);

    /// There is nothing to write at the moment.
    fn idle(&mut self);

    /// Writes something that changes nothing, to see whether anything can be written.
    fn probe(&mut self) -> Result<(), Fault>;

    /// After each of the above, between two batches.
    fn between(&mut self);

    /// Deletes one portion of what is too old; whether there may be more to do now. Nothing without a connection.
    fn tidy(&mut self, retention: Retention) -> Result<Option<bool>, Fault>;

    /// Makes one portion of messages searchable; whether there may be more to do now.
    fn index(&mut self) -> Result<bool, Fault>;
}

/// The running thread.
pub(crate) struct WriterThread {
    queue: Arc<Queue>,
    // In a lock only because it is to be shared.
    has_ended: Mutex<Receiver<()>>,
}

impl WriterThread {
    pub(crate) fn start<B: Body>(
        body: B,
        retention: Retention,
        counts: &Counts,
    ) -> Result<Self, Error> {
        let queue = Arc::new(Queue::new(counts.clone(), B::GATHER));
        let writer = Writer {
            body,
            retention,
            queue: Arc::clone(&queue),
            counts: counts.clone(),
            tidy_at: Instant::now(),
            index_at: Instant::now(),
            indexed_at: Instant::now(),
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
            queue,
            has_ended: Mutex::new(has_ended),
        })
    }

    /// What it writes.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Has what is queued written, waits for it at most so long, and tells whether the database is closed.
    pub(crate) fn stop(self, patience: Duration) -> bool {
        self.queue.close();
        let has_ended = self.has_ended.into_inner();
        let has_ended = has_ended.unwrap_or_else(PoisonError::into_inner);
        has_ended.recv_timeout(patience).is_ok()
    }
}

struct Writer<B> {
    body: B,
    retention: Retention,
    queue: Arc<Queue>,
    counts: Counts,
    tidy_at: Instant,
    index_at: Instant,
    indexed_at: Instant,
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
pub(crate) struct Outcome {
    /// By the place of the call.
    pub(crate) instead: Vec<(usize, Reply, i64)>,
    /// By the place of the item.
    pub(crate) answers: Vec<(usize, OpAnswer)>,
}

impl<B: Body> Writer<B> {
    fn run(mut self) {
        // Also when something here panics: nobody may wait for ever.
        let end = End(Arc::clone(&self.queue));
        loop {
            match self.queue.take(self.index_at) {
                Work::Write(pending) => self.write(pending),
                Work::Nothing if self.away.is_some() => self.probe(),
                Work::Nothing => self.body.idle(),
                Work::Close => break,
            }
            self.tidy();
            self.index();
            self.body.between();
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
        self.body.written(records);
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
        let mut is_again = false;
        loop {
            let start = (Instant::now(), now_ms());
            let written = self
                .body
                .write(&pending.items[items.clone()], items.start, is_again);
            let fault = match written {
                Ok(outcome) => {
                    self.back();
                    return Persisted::Written(outcome);
                }
                Err(fault) => fault,
            };
            self.body.failed();
            is_again = true;
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
            self.body.name(),
            fault.remedy()
        );
    }

    fn away(&mut self, fault: &Fault, (since, since_ms): (Instant, i64)) {
        let name = self.body.name();
        match &mut self.away {
            None => {
                error!(
                    "cannot write the journal {name}: {fault}; {}. Followers are answered meanwhile, and what is to be \
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
                    "still cannot write the journal {name}: {fault}; {}. {} record(s) wait in memory, {} were given up",
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

    /// Nothing is left that would show whether the journal can be written again.
    fn probe(&mut self) {
        let start = (Instant::now(), now_ms());
        match self.body.probe() {
            Ok(()) => self.back(),
            Err(fault) => {
                self.body.failed();
                self.away(&fault, start);
            }
        }
    }

    fn tidy(&mut self) {
        if self.tidy_at > Instant::now() || self.away.is_some() {
            return;
        }
        let is_more = match self.body.tidy(self.retention) {
            Ok(Some(is_more)) => is_more,
            Ok(None) => return,
            Err(fault) => {
                warn!(
                    "cannot delete what is too old from {}: {fault}; it is tried again",
                    self.body.name()
                );
                // The transaction is given up with its connection.
                self.body.failed();
                false
            }
        };
        self.tidy_at = Instant::now() + if is_more { TIDY_PAUSE } else { TIDY_EVERY };
    }

    fn index(&mut self) {
        let start = Instant::now();
        if self.index_at > start {
            return;
        }
        if self.away.is_some() {
            self.index_at = start + INDEX_EVERY;
            return;
        }
        let may_wait = self.indexed_at.elapsed() < INDEX_LATEST;
        if may_wait && !self.queue.is_idle() {
            self.index_at = start + INDEX_LATER;
            return;
        }
        let is_more = match self.body.index() {
            Ok(is_more) => is_more,
            Err(fault) => {
                warn!(
                    "cannot make messages searchable in {}: {fault}; it is tried again",
                    self.body.name()
                );
                self.body.failed();
                false
            }
        };
        let pause = if is_more {
            start.elapsed() * INDEX_PAUSE
        } else {
            INDEX_EVERY
        };
        self.indexed_at = Instant::now();
        self.index_at = self.indexed_at + pause;
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
