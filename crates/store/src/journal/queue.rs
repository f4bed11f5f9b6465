//! What waits for the writer: batches in the order of the calls, bounded in memory.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use echostr::BoxError;
use echostr::journal::{Batch, Commit, Content, ModelUse, Record, Replied, Unfinished};
use echostr_protocol::{OpenId, Reply, Str};
use tokio::sync::oneshot;
use tracing::error;

use crate::health::Counts;
use crate::value::now_ms;

/// What may wait while the journal cannot be written; beyond it the newest are given up.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Records in one transaction: more would make those that follow wait for a noticeable time.
const MAX_RECORDS: usize = 512;

/// How long records that nobody waits for may lie, so that they share the next transaction.
const LINGER: Duration = Duration::from_millis(200);

/// How long writing must have failed, or not moved, until nobody waits for it.
const AWAY_AFTER_MS: u64 = 1000;

/// Calls in one transaction that show that there is load: then transactions are shared, because each costs the processor as
/// much as ten messages. A push that comes alone does not wait.
const LOAD: usize = 4;

/// How often the writer looks at other things while there is nothing to write.
const TICK: Duration = Duration::from_secs(1);

/// Memory of a record beside the texts in it.
const RECORD_BYTES: usize = 256;

pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    counts: Counts,
    // Between the beginnings of two transactions under load.
    gather: Duration,
    // Read on the way of every message, so without the lock. Milliseconds since `start`, and 1; 0 for never.
    start: Instant,
    oldest: AtomicU64,
    away: AtomicU64,
    moved: AtomicU64,
    is_ended: AtomicBool,
    is_stall_told: AtomicBool,
}

#[derive(Default)]
struct State {
    full: VecDeque<Pending>,
    open: Pending,
    // With those that the writer is at.
    records: usize,
    bytes: usize,
    // Somebody waits for what is in `open`.
    is_urgent: bool,
    // Under load: the next transaction does not begin before.
    gather_until: Option<Instant>,
    // The writer sleeps.
    is_waiting: bool,
    is_away: bool,
    is_closing: bool,
    is_closed: bool,
}

/// Calls that are written together.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) batch: Arc<Batch>,
    pub(crate) items: Vec<Item>,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    pub(crate) since: Option<Instant>,
    calls: usize,
}

pub(crate) enum Item {
    /// The records of one call, and its place in the batch.
    Call(usize, Vec<Record>),
    /// Something that is asked of the writer; nobody waits any more once it was refused.
    Op(Op, Option<oneshot::Sender<Result<OpAnswer, BoxError>>>),
}

/// What only the writer can do, and has an answer.
pub(crate) enum Op {
    Number { account: Str, follower: OpenId },
    TakeUp { since_ms: i64 },
    Forget { account: Str, follower: OpenId },
}

pub(crate) enum OpAnswer {
    Number(u64),
    Unfinished(Vec<Unfinished>),
    Deleted(Deleted),
}

/// How much was deleted about a follower.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// 1, or 0 when the follower was not known.
    pub followers: usize,
    /// Messages, each with its reply and deliveries.
    pub messages: usize,
    /// Answers, with their links.
    pub answers: usize,
    /// Sessions.
    pub sessions: usize,
}

/// What the writer does next.
pub(crate) enum Work {
    Write(Pending),
    Nothing,
    Close,
}

impl Queue {
    /// `gather` lies between the beginnings of two transactions under load.
    pub(crate) fn new(counts: Counts, gather: Duration) -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            counts,
            gather,
            start: Instant::now(),
            oldest: AtomicU64::new(0),
            away: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            is_ended: AtomicBool::new(false),
            is_stall_told: AtomicBool::new(false),
        }
    }

    /// Whether nobody should wait for what is written: for a second writing has failed, or the oldest batch has waited, with
    /// those that the writer is at; or the writer has ended.
    pub(crate) fn is_away(&self) -> bool {
        if self.is_ended.load(Ordering::Relaxed) || self.has_lasted(&self.away) {
            return true;
        }
        let is_stalled = self.has_lasted(&self.oldest);
        // A long queue that moves is not worth a line.
        if is_stalled && self.has_lasted(&self.moved) && !self.is_stall_told.load(Ordering::Relaxed)
        {
            self.tell_stall();
        }
        is_stalled
    }

    fn tell_stall(&self) {
        // The writer, which may be done at this moment, takes it back after this, or has done so before.
        let _state = self.lock();
        if self.has_lasted(&self.moved) && !self.is_stall_told.swap(true, Ordering::Relaxed) {
            self.counts.away.set(1);
            self.counts.away_since_ms.store(now_ms(), Ordering::Relaxed);
            error!(
                "writing to the journal hangs: is the disk in order? Followers are answered meanwhile, and what is to be \
                 written waits in memory"
            );
        }
    }

    fn has_lasted(&self, since: &AtomicU64) -> bool {
        let since = since.load(Ordering::Relaxed);
        since != 0 && self.millis(Instant::now()).saturating_sub(since) >= AWAY_AFTER_MS
    }

    fn millis(&self, at: Instant) -> u64 {
        let millis = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX - 1) + 1
    }

    pub(crate) fn write(&self, records: Vec<Record>) -> Commit {
        if records.is_empty() {
            return Commit::done();
        }
        let bytes = records.iter().map(size_bytes).sum::<usize>();
        let is_urgent = records
            .iter()
            .any(|record| !matches!(record, Record::Delivery(..)));
        let mut state = self.lock();
        if state.is_closed || state.bytes + bytes > MAX_BYTES {
            drop(state);
            self.counts.lost_records.inc_by(records.len() as u64);
            return lost();
        }
        let place = state.open.calls;
        state.open.calls += 1;
        let commit = Commit::of(&state.open.batch, place);
        let n_records = records.len();
        self.push(
            state,
            Item::Call(place, records),
            n_records,
            bytes,
            is_urgent,
        );
        commit
    }

    /// Asks the writer for something. Refused at once while the journal is away: the answer would not be durable.
    pub(crate) fn op(&self, op: Op) -> oneshot::Receiver<Result<OpAnswer, BoxError>> {
        let (sender, receiver) = oneshot::channel();
        let is_away = self.is_away();
        let state = self.lock();
        if state.is_closed || state.is_away || is_away {
            // The receiver may be gone, then nobody wants to know.
            let _ = sender.send(Err(unwritable()));
        } else {
            self.push(state, Item::Op(op, Some(sender)), 1, RECORD_BYTES, true);
        }
        receiver
    }

    fn push(
        &self,
        mut state: MutexGuard<'_, State>,
        item: Item,
        records: usize,
        bytes: usize,
        is_urgent: bool,
    ) {
        let open = &mut state.open;
        let since = *open.since.get_or_insert_with(Instant::now);
        if self.oldest.load(Ordering::Relaxed) == 0 {
            self.oldest.store(self.millis(since), Ordering::Relaxed);
            self.moved.store(self.millis(since), Ordering::Relaxed);
        }
        open.items.push(item);
        open.records += records;
        open.bytes += bytes;
        let is_full = open.records >= MAX_RECORDS;
        let is_first = open.items.len() == 1;
        state.records += records;
        state.bytes += bytes;
        state.is_urgent |= is_urgent;
        if is_full {
            let full = mem::take(&mut state.open);
            state.full.push_back(full);
            state.is_urgent = false;
        }
        self.count(&state);
        // The first delivery in a batch wakes the writer, too: it has to look at the clock.
        if is_full || (state.is_waiting && (is_urgent || is_first)) {
            state.is_waiting = false;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Whether there is nothing to write at the moment.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.full.is_empty() && state.open.items.is_empty()
    }

    /// The next batch, or after a while nothing, at this time or a second from now, so that the writer can do other things.
    pub(crate) fn take(&self, until: Instant) -> Work {
        let mut state = self.lock();
        let until = until.min(Instant::now() + TICK);
        loop {
            if let Some(full) = state.full.pop_front() {
                return Work::Write(full);
            }
            let lain = state.open.since.map(|since| since.elapsed());
            if let Some(lain) = lain
                && (state.is_urgent || state.is_closing || lain >= LINGER)
            {
                let early = state.gather_until.map_or(Duration::ZERO, |until| {
                    until.saturating_duration_since(Instant::now())
                });
                if !(early.is_zero() || state.is_closing) {
                    // Nobody wakes it for less than a full batch.
                    state = self
                        .wake
                        .wait_timeout(state, early)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                    continue;
                }
                state.is_urgent = false;
                let is_load = state.open.items.len() >= LOAD;
                state.gather_until = is_load.then(|| Instant::now() + self.gather);
                return Work::Write(mem::take(&mut state.open));
            }
            if state.is_closing {
                return Work::Close;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Work::Nothing;
            }
            let left = lain.map_or(left, |lain| left.min(LINGER.saturating_sub(lain)));
            state.is_waiting = true;
            state = self
                .wake
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.is_waiting = false;
        }
    }

    /// The writer is done with a batch. Said before those who wait for it are told.
    pub(crate) fn written(&self, records: usize, bytes: usize) {
        let mut state = self.lock();
        state.records -= records;
        state.bytes -= bytes;
        self.count(&state);
        let oldest = state.full.front().unwrap_or(&state.open).since;
        let oldest = oldest.map_or(0, |since| self.millis(since));
        self.oldest.store(oldest, Ordering::Relaxed);
        self.moved
            .store(self.millis(Instant::now()), Ordering::Relaxed);
        if self.is_stall_told.swap(false, Ordering::Relaxed) && !state.is_away {
            self.counts.away.set(0);
            self.counts.away_since_ms.store(0, Ordering::Relaxed);
        }
    }

    /// Waits before the next try, less when the journal is to be closed.
    pub(crate) fn pause(&self, time: Duration) {
        let state = self.lock();
        if !state.is_closing {
            // Woken early is as good.
            drop(
                self.wake
                    .wait_timeout_while(state, time, |state| !state.is_closing),
            );
        }
    }

    /// Since when writing has failed, if it does.
    pub(crate) fn set_away(&self, since: Option<Instant>) {
        let mut state = self.lock();
        state.is_away = since.is_some();
        let away = since.map_or(0, |since| self.millis(since));
        // What has just been written did not hang.
        self.moved
            .store(self.millis(Instant::now()), Ordering::Relaxed);
        self.away.store(away, Ordering::Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Asks the writer to write what there is and to end.
    pub(crate) fn close(&self) {
        self.lock().is_closing = true;
        self.wake.notify_all();
    }

    /// The writer has ended: nothing is written any more. What is left is given up.
    pub(crate) fn end(&self) -> usize {
        self.is_ended.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.is_closed = true;
        let left: Vec<Pending> = state.full.drain(..).collect();
        let left = left.into_iter().chain([mem::take(&mut state.open)]);
        let lost = left.map(Pending::lose).sum();
        state.records = 0;
        state.bytes = 0;
        self.count(&state);
        self.counts.lost_records.inc_by(lost as u64);
        lost
    }

    fn count(&self, state: &State) {
        let gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.counts.queue_records.set(gauge(state.records));
        self.counts.queue_bytes.set(gauge(state.bytes));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// Refuses what cannot wait until the journal can be written again.
    pub(crate) fn refuse_ops(&mut self) {
        for item in &mut self.items {
            if let Item::Op(_, sender) = item
                && let Some(sender) = sender.take()
            {
                // Whoever asked may have gone.
                let _ = sender.send(Err(unwritable()));
            }
        }
    }

    /// Gives it up; tells how many records that were.
    pub(crate) fn lose(mut self) -> usize {
        self.refuse_ops();
        self.batch.lose();
        self.items.iter().map(Item::records).sum()
    }
}

/// Also when the writer panics: nobody waits for it any more. Once it is finished, this changes nothing.
impl Drop for Pending {
    fn drop(&mut self) {
        if !self.items.is_empty() {
            self.batch.lose();
        }
    }
}

impl Item {
    pub(crate) fn records(&self) -> usize {
        match self {
            Self::Call(_, records) => records.len(),
            Self::Op(..) => 1,
        }
    }
}

fn lost() -> Commit {
    let batch = Arc::new(Batch::default());
    batch.lose();
    Commit::of(&batch, 0)
}

fn unwritable() -> BoxError {
    "the journal cannot be written at the moment".into()
}

/// What a record takes in memory, estimated.
fn size_bytes(record: &Record) -> usize {
    let reply = |reply: &Reply| match reply {
        Reply::Text(text) => text.len(),
        Reply::News(articles) => articles.len() * 512,
        _ => RECORD_BYTES,
    };
    let replied = |replied: &Replied| reply(&replied.reply);
    RECORD_BYTES
        + match record {
            // The document, and the tree over it.
            Record::Received(received) => {
                received.message.document().source().len() * 3
                    + received.replied.as_ref().map_or(0, replied)
            }
            Record::Replied(_, _, reply) => replied(reply),
            Record::Answer(answer) => {
                let written = answer.written.as_ref();
                answer.question.len()
                    + content_bytes(&answer.content)
                    + written.map_or(0, |written| written.text.len())
            }
            Record::Page(page) => reply(&page.reply) + content_bytes(&page.content),
            Record::Session { name, value, .. } => {
                name.len() + value.as_ref().map_or(0, String::len)
            }
            Record::Sent(sent) => sent.message.len(),
            Record::Turn(turn) => {
                turn.question.len() + turn.answer.len() + turn.used.len() * size_of::<ModelUse>()
            }
            Record::Delivery(..)
            | Record::Uploaded { .. }
            | Record::Link(_)
            | Record::LivePage { .. }
            | Record::Feedback { .. }
            | Record::Forget { .. } => 0,
        }
}

fn content_bytes(content: &Content) -> usize {
    match content {
        Content::Text { text, .. } => text.len(),
        _ => RECORD_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue_with_one() -> (Queue, Commit) {
        let queue = Queue::new(Counts::new(), Duration::ZERO);
        let forget = Record::Forget {
            account: "shop".into(),
            follower: "o1".into(),
        };
        let commit = queue.write(vec![forget]);
        (queue, commit)
    }

    #[test]
    fn a_writer_that_hangs_is_away() {
        let (queue, _) = queue_with_one();
        // In the hand of the writer, whose fsync does not come back.
        let Work::Write(pending) = queue.take(Instant::now() + TICK) else {
            panic!("there is something to write");
        };
        assert!(!queue.is_away());
        std::thread::sleep(Duration::from_millis(AWAY_AFTER_MS + 50));
        assert!(queue.is_away());
        assert_eq!(queue.counts.away.get(), 1);
        queue.written(pending.records, pending.bytes);
        assert!(!queue.is_away());
        assert_eq!(queue.counts.away.get(), 0);
    }

    #[test]
    fn a_journal_that_is_back_does_not_hang() {
        let (mut queue, _) = queue_with_one();
        let Work::Write(pending) = queue.take(Instant::now() + TICK) else {
            panic!("there is something to write");
        };
        queue.start -= Duration::from_secs(2);
        queue.set_away(Some(queue.start));
        assert!(queue.is_away());
        // Before all is said, somebody may look.
        queue.set_away(None);
        queue.is_away();
        assert_eq!(queue.counts.away.get(), 0);
        queue.written(pending.records, pending.bytes);
        assert!(!queue.is_away());
    }

    #[test]
    fn what_a_writer_held_when_it_died_is_lost() {
        let (queue, commit) = queue_with_one();
        let Work::Write(pending) = queue.take(Instant::now() + TICK) else {
            panic!("there is something to write");
        };
        assert_eq!(commit.now(), None);
        drop(pending);
        queue.end();
        assert_eq!(commit.now(), Some(echostr::journal::Written::Lost));
        assert!(queue.is_away());
    }
}
