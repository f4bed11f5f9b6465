//! [`Shared`]: what all servers of an account must agree on for seconds to minutes. Here is the body for one process.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use echostr_protocol::Key;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::flight::Flight;
use crate::journal::Of;
use crate::progress::Progress;

/// What servers that answer for the same accounts share while answers are made: which pushes fly, how far their answers
/// are, how many deliveries are held.
///
/// A body for several machines keeps a [`Flight`] of each in step with the others' and sees to it that one of them runs
/// its job; its times are the shared store's.
pub trait Shared: Send + Sync + 'static {
    /// The flight of the push `key` within `scope`, and whether it begins with this call: then the caller runs its job.
    fn join<'a>(&'a self, scope: &'a str, key: &'a Key) -> BoxFuture<'a, (Arc<Flight>, bool)>;

    /// The flight of a push, if it is known.
    fn find<'a>(&'a self, scope: &'a str, key: &'a Key) -> BoxFuture<'a, Option<Arc<Flight>>>;

    /// Lets all servers know of an answer until it is [told](Self::ended) to have ended.
    fn began(&self, progress: &Arc<Progress>);

    /// The answer is with the follower or in the journal.
    fn ended(&self, progress: &Progress);

    /// The answers to this follower that have begun and not ended, oldest first.
    fn running<'a>(&'a self, of: Of<'a>) -> BoxFuture<'a, Vec<Arc<Progress>>>;

    /// A place for a held delivery, or nothing when all are taken.
    fn hold(&self) -> Option<Place>;
}

/// The place of a held delivery; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// How long a push is known after its last change, unless too many come.
const KEPT: Duration = Duration::from_mins(10);
const SHARDS: usize = 16;

/// Answers that have begun and not ended, by account and follower.
type Running = HashMap<(String, String), Vec<Arc<Progress>>>;

/// [`Shared`] for one process.
pub struct InProcess {
    shards: [Mutex<Shard>; SHARDS],
    // How many pushes each generation of a shard may have.
    room: usize,
    hashers: (RandomState, RandomState),
    running: Mutex<Running>,
    places: Arc<Semaphore>,
}

impl InProcess {
    /// Knows the last `pushes` and up to twice as many, or those of ten minutes if there are fewer; one takes some 500
    /// bytes as a rule and 3 KB at most. `max_held` deliveries are held at once.
    pub fn new(pushes: usize, max_held: usize) -> Self {
        Self {
            room: pushes.div_ceil(SHARDS),
            shards: std::array::from_fn(|_| Mutex::default()),
            hashers: (RandomState::new(), RandomState::new()),
            running: Mutex::default(),
            places: Arc::new(Semaphore::new(max_held.min(Semaphore::MAX_PERMITS))),
        }
    }

    fn with_shard<T>(
        &self,
        scope: &str,
        key: &Key,
        look: impl FnOnce(&mut Shard, FlightKey) -> T,
    ) -> T {
        let key = (
            self.hashers.0.hash_one((scope, key)),
            self.hashers.1.hash_one((scope, key)),
        );
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
        let found = look(&mut shard, key);
        drop(shard);
        // Many flights may be freed here; others need not wait for that.
        drop(outdated);
        found
    }

    fn with_running<T>(&self, look: impl FnOnce(&mut Running) -> T) -> T {
        look(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared for InProcess {
    fn join<'a>(&'a self, scope: &'a str, key: &'a Key) -> BoxFuture<'a, (Arc<Flight>, bool)> {
        let joined = self.with_shard(scope, key, |shard, key| {
            let known = shard.find(key);
            known.map_or_else(
                || {
                    let flight = Arc::<Flight>::default();
                    shard.young.insert(key, Arc::clone(&flight));
                    (flight, true)
                },
                |flight| (flight, false),
            )
        });
        std::future::ready(joined).boxed()
    }

    fn find<'a>(&'a self, scope: &'a str, key: &'a Key) -> BoxFuture<'a, Option<Arc<Flight>>> {
        let found = self.with_shard(scope, key, |shard, key| shard.find(key));
        std::future::ready(found).boxed()
    }

    fn began(&self, progress: &Arc<Progress>) {
        self.with_running(|running| {
            running
                .entry(owner(progress.of()))
                .or_default()
                .push(Arc::clone(progress));
        });
    }

    fn ended(&self, progress: &Progress) {
        self.with_running(|running| {
            let owner = owner(progress.of());
            if let Some(answers) = running.get_mut(&owner) {
                answers.retain(|other| other.id() != progress.id());
                if answers.is_empty() {
                    running.remove(&owner);
                }
            }
        });
    }

    fn running<'a>(&'a self, of: Of<'a>) -> BoxFuture<'a, Vec<Arc<Progress>>> {
        let answers = self.with_running(|running| running.get(&owner(of)).cloned());
        std::future::ready(answers.unwrap_or_default()).boxed()
    }

    fn hold(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }
}

fn owner(of: Of<'_>) -> (String, String) {
    (of.account.to_owned(), of.follower.to_string())
}

/// An account and a push to it, as a hash under a key that nobody outside knows: 128 bits, so that no
/// two pushes meet by chance or by intent.
type FlightKey = (u64, u64);

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
        // A push whose answer is being made is not forgotten, however many come meanwhile.
        self.young
            .extend(outdated.extract_if(|_, flight| flight.is_pending()));
        Some(outdated)
    }

    fn find(&self, key: FlightKey) -> Option<Arc<Flight>> {
        let known = self.young.get(&key).or_else(|| self.old.get(&key));
        known.map(Arc::clone)
    }
}
