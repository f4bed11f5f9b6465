//! Seen before? Then the same answer; else start, wait, and answer in time whatever happens.
//!
//! The platform repeats a push that was not answered within five seconds. Every delivery of one push
//! gets the same answer: the first starts a job that outlives its connection, further ones join it.
//! Answers are kept for ten minutes in a bounded table.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use echostr_protocol::{Key, Reply};
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tracing::warn;

use crate::BoxError;

/// How long after the start of the job an answer is given, ready or not: half a second before the
/// platform hangs up.
const REPLY_WITHIN: Duration = Duration::from_millis(4500);
/// How long the answer to a push is known at least.
const KEPT: Duration = Duration::from_mins(10);
/// How many answers are known at least, when more come within [`KEPT`], and half of how many at most.
/// At about 1 KB each this bounds the table to some 20 MB.
const MIN_ANSWERS: usize = 10_000;
const SHARDS: usize = 16;

/// An account and a push to it, as a hash under a key that nobody outside knows: 128 bits, so that no
/// two pushes meet by chance or by intent.
type FlightKey = (u64, u64);

/// The answers of the last ten minutes and the jobs that are still running.
pub(crate) struct Deadline {
    shards: [Mutex<Shard>; SHARDS],
    hashers: (RandomState, RandomState),
}

impl Deadline {
    pub(crate) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hashers: (RandomState::new(), RandomState::new()),
        }
    }

    /// The answer to the push `key` to `account`: that of the job which an earlier delivery started, or
    /// of `answer`, which is then started. `fallback` is answered when it panics, fails or is late.
    pub(crate) async fn answer<A>(
        &self,
        account: &str,
        key: &Key,
        fallback: impl FnOnce() -> Reply + Send + 'static,
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
            start(Arc::clone(&flight), fallback, answer());
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
        let outdated = shard.turned();
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
    fn turned(&mut self) -> Option<Flights> {
        let is_full = self.young.len() >= MIN_ANSWERS / SHARDS;
        if !is_full && self.turned_at.elapsed() < KEPT {
            return None;
        }
        self.turned_at = Instant::now();
        let room = Flights::with_capacity_and_hasher(self.young.len(), BuildHasherDefault::new());
        let young = std::mem::replace(&mut self.young, room);
        Some(std::mem::replace(&mut self.old, young))
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
    answer: OnceLock<Reply>,
    is_there: Notify,
}

/// A flight that has landed.
pub(crate) struct Answer(Arc<Flight>);

impl Deref for Answer {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        self.0.answer.get().expect("it has landed")
    }
}

impl Flight {
    fn land(&self, answer: Reply) {
        let _ = self.answer.set(answer);
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
fn start(
    flight: Arc<Flight>,
    fallback: impl FnOnce() -> Reply + Send + 'static,
    answer: impl Future<Output = Result<Reply, BoxError>> + Send + 'static,
) {
    let mut job = Box::pin(AssertUnwindSafe(answer).catch_unwind());
    if let Some(outcome) = (&mut job).now_or_never() {
        flight.land(reply_of(Ok(outcome), fallback));
        return;
    }
    tokio::spawn(async move {
        let outcome = tokio::time::timeout(REPLY_WITHIN, job).await;
        flight.land(reply_of(outcome, fallback));
    });
}

/// A job's end: in time or late, whole or panicked, with an answer or an error.
type Outcome = Result<std::thread::Result<Result<Reply, BoxError>>, tokio::time::error::Elapsed>;

fn reply_of(outcome: Outcome, fallback: impl FnOnce() -> Reply) -> Reply {
    match outcome {
        Ok(Ok(Ok(reply))) => return reply,
        Ok(Ok(Err(error))) => {
            warn!(
                error = &*error,
                "a handler failed, the follower gets the fallback text"
            );
        }
        Ok(Err(_panic)) => warn!("a handler panicked, the follower gets the fallback text"),
        Err(_late) => warn!(
            "a handler was not ready after {REPLY_WITHIN:?}, the follower gets the fallback text"
        ),
    }
    fallback()
}
