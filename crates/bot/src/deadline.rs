//! Seen before? Then the same answer; else start, wait, and answer in time whatever happens.
//!
//! The platform repeats a push that was not answered within five seconds. Every delivery of one push
//! gets the same answer: the first starts a job that outlives its connection, further ones join it.
//! Answers are kept for ten minutes in a bounded table.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use echostr_protocol::{Key, Reply};
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::BoxError;
use crate::webhook::unix_now;

/// How long after the arrival of the request an answer is given, ready or not: half a second before
/// the platform hangs up.
const REPLY_WITHIN: Duration = Duration::from_millis(4500);
/// How long the answer to a push is known, unless too many come.
const KEPT: Duration = Duration::from_mins(10);
const SHARDS: usize = 16;

/// An account and a push to it, as a hash under a key that nobody outside knows: 128 bits, so that no
/// two pushes meet by chance or by intent.
type FlightKey = (u64, u64);

/// The answers of the last ten minutes and the jobs that are still running.
pub(crate) struct Deadline {
    shards: [Mutex<Shard>; SHARDS],
    // How many answers each generation of a shard may have.
    room: usize,
    hashers: (RandomState, RandomState),
}

impl Deadline {
    /// Knows the last `answers` and up to twice as many, or those of ten minutes if there are fewer. An answer takes some
    /// 500 bytes as a rule and 3 KB at most: a text has 2048 bytes, a media id 512.
    pub(crate) fn new(answers: usize) -> Self {
        Self {
            room: answers.div_ceil(SHARDS),
            shards: std::array::from_fn(|_| Mutex::default()),
            hashers: (RandomState::new(), RandomState::new()),
        }
    }

    /// The answer to the push `key` to `account`: that of the job which an earlier delivery started, or
    /// of `answer`, which is then started. When it panics, fails or is late, `failed` says what to answer.
    pub(crate) async fn answer<A>(
        &self,
        (account, key): (&str, &Key),
        arrived_at: Instant,
        failed: impl FnOnce(Failure) -> Reply + Send + 'static,
        answer: impl FnOnce() -> A,
    ) -> Answer
    where
        A: Future<Output = Result<Reply, BoxError>> + Send + 'static,
    {
        let key = (
            self.hashers.0.hash_one((account, key)),
            self.hashers.1.hash_one((account, key)),
        );
        let (flight, is_first) = self.join(key);
        if is_first {
            let landing = Landing {
                flight: Arc::clone(&flight),
                failed: Some(failed),
            };
            start(landing, arrived_at + REPLY_WITHIN, answer());
        }
        flight.landed().await;
        Answer(flight)
    }

    /// The flight of this key, and whether it begins with this call.
    fn join(&self, key: FlightKey) -> (Arc<Flight>, bool) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any part of a hash chooses a shard"
        )]
        let shard = key.0 as usize % SHARDS;
        // A poisoned shard is whole: nothing in the critical section leaves it half changed.
        let mut shard = self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let outdated = shard.turned(self.room);
        let joined = shard.join(key);
        drop(shard);
        // Many answers may be freed here; others need not wait for that.
        drop(outdated);
        joined
    }
}

/// Two generations: what is looked for stands in either, what is new goes into the young one. When
/// that is full or old enough, it becomes the old one, and what was the old one is forgotten.
struct Shard {
    young: Flights,
    old: Flights,
    turned_at: Instant,
}

type Flights = HashMap<FlightKey, Arc<Flight>, BuildHasherDefault<Hashed>>;

/// The keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a key is two numbers");
    }

    fn write_u64(&mut self, part: u64) {
        self.0 ^= part;
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            young: Flights::default(),
            old: Flights::default(),
            turned_at: Instant::now(),
        }
    }
}

impl Shard {
    fn turned(&mut self, room: usize) -> Option<Flights> {
        let is_full = self.young.len() >= room;
        if !is_full && self.turned_at.elapsed() < KEPT {
            return None;
        }
        self.turned_at = Instant::now();
        let room = Flights::with_capacity_and_hasher(self.young.len(), BuildHasherDefault::new());
        let young = std::mem::replace(&mut self.young, room);
        let mut outdated = std::mem::replace(&mut self.old, young);
        // A job that still runs is not forgotten, however many answers come meanwhile.
        self.young
            .extend(outdated.extract_if(|_, flight| flight.answer.get().is_none()));
        Some(outdated)
    }

    fn join(&mut self, key: FlightKey) -> (Arc<Flight>, bool) {
        if let Some(flight) = self.young.get(&key).or_else(|| self.old.get(&key)) {
            return (Arc::clone(flight), false);
        }
        let flight = Arc::<Flight>::default();
        self.young.insert(key, Arc::clone(&flight));
        (flight, true)
    }
}

/// A job and, once it is there, its answer.
#[derive(Default)]
struct Flight {
    answer: OnceLock<(Reply, i64)>,
    is_there: Notify,
}

/// A flight that has landed.
pub(crate) struct Answer(Arc<Flight>);

impl Answer {
    /// What to answer.
    pub(crate) fn reply(&self) -> &Reply {
        &self.landed().0
    }

    /// When it was answered first, in Unix seconds: a repeat gets the very same document.
    pub(crate) fn answered_at(&self) -> i64 {
        self.landed().1
    }

    fn landed(&self) -> &(Reply, i64) {
        self.0.answer.get().expect("it has landed")
    }
}

impl Flight {
    fn land(&self, answer: Reply) {
        let _ = self.answer.set((answer.detached(), unix_now()));
        self.is_there.notify_waiters();
    }

    async fn landed(&self) {
        while self.answer.get().is_none() {
            let mut notified = std::pin::pin!(self.is_there.notified());
            // Registered before the look, so that an answer between the two is not missed.
            notified.as_mut().enable();
            if self.answer.get().is_none() {
                notified.await;
            }
        }
    }
}

/// Runs the job. Most answer at once; one that has to wait goes on as a task of its own, so that the
/// end of the connection does not end it.
fn start<Failed: FnOnce(Failure) -> Reply + Send + 'static>(
    mut landing: Landing<Failed>,
    until: Instant,
    answer: impl Future<Output = Result<Reply, BoxError>> + Send + 'static,
) {
    let job = AssertUnwindSafe(answer).catch_unwind();
    let mut job = Box::pin(job.map(|outcome| match outcome {
        Ok(answer) => answer.map_err(Failure::Error),
        Err(_panic) => Err(Failure::Panic),
    }));
    if let Some(outcome) = (&mut job).now_or_never() {
        landing.land(outcome);
        return;
    }
    tokio::spawn(async move {
        let outcome = tokio::time::timeout_at(until, job).await;
        landing.land(outcome.unwrap_or(Err(Failure::Late)));
    });
}

/// The drop guard of a job: whatever ends it, its flight lands and wakes who waits.
struct Landing<Failed: FnOnce(Failure) -> Reply> {
    flight: Arc<Flight>,
    failed: Option<Failed>,
}

impl<Failed: FnOnce(Failure) -> Reply> Landing<Failed> {
    fn land(&mut self, outcome: Result<Reply, Failure>) {
        if let Some(failed) = self.failed.take() {
            self.flight.land(outcome.unwrap_or_else(failed));
        }
    }
}

impl<Failed: FnOnce(Failure) -> Reply> Drop for Landing<Failed> {
    fn drop(&mut self) {
        self.land(Err(Failure::Panic));
    }
}

/// Why a handler has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("failed")]
    Error(#[source] BoxError),
    #[error("panicked")]
    Panic,
    #[error("was not ready after {REPLY_WITHIN:?}")]
    Late,
}
