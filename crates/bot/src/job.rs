//! A job: the handler's work on one push, detached from the connections that wait for it, and bounded.

use std::collections::HashMap;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use echostr_protocol::Str;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::answer::{Answer, TextStream};
use crate::journal::Of;
use crate::progress::Progress;
use crate::{BoxError, Reply};

/// How many jobs of one follower run at once; further ones wait.
const AT_ONCE: usize = 3;

/// How many jobs of one follower run or wait at the most; further messages get the busy text.
const AT_THE_MOST: usize = 20;

/// What jobs and deliveries may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// How many jobs run or wait at once; beyond that the follower gets the busy text at once.
    pub max_jobs: usize,
    /// How long a job may run.
    pub timeout: Duration,
    /// How long the text of an answer may become, in bytes; it ends there.
    pub text_bytes: usize,
    /// How many deliveries are held at once; beyond that they are answered with what there is.
    pub max_held: usize,
    /// How long an answer is kept that was not read to the end.
    pub kept: Duration,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            max_jobs: 20_000,
            timeout: Duration::from_mins(2),
            text_bytes: 256 * 1024,
            max_held: 10_000,
            kept: Duration::from_hours(7 * 24),
        }
    }
}

/// Why a job has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("failed")]
    Error(#[source] BoxError),
    #[error("panicked")]
    Panic,
    #[error("was not ready in time")]
    Late,
}

impl Failure {
    /// The word in the metrics.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Error(_) => "failed",
            Self::Panic => "panicked",
            Self::Late => "late",
        }
    }
}

/// What a handler has made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) answer: Answer,
    /// Who made it, for the journal.
    pub(crate) by: Str,
}

/// What a job has come to; the text of a stream is in its [`Progress`].
#[derive(Debug)]
pub(crate) enum Driven {
    Reply(Reply),
    /// As they were given; empty ones may be among them.
    Several(Vec<Reply>),
    Text,
}

/// The handler's work, with its panics caught.
pub(crate) type Job = std::pin::Pin<Box<dyn Future<Output = Result<Made, Failure>> + Send>>;

/// Makes a job of a handler's work.
pub(crate) fn job(work: impl Future<Output = Result<Made, BoxError>> + Send + 'static) -> Job {
    let work = AssertUnwindSafe(work).catch_unwind();
    Box::pin(work.map(|outcome| match outcome {
        Ok(made) => made.map_err(Failure::Error),
        Err(_panic) => Err(Failure::Panic),
    }))
}

/// Runs a job to its end: a text goes piece by piece into `progress`.
pub(crate) async fn drive(
    job: Job,
    progress: &Progress,
    text_bytes: usize,
) -> Result<Driven, Failure> {
    let Made { answer, by } = job.await?;
    progress.made_by(by);
    match answer {
        Answer::Reply(reply) => Ok(Driven::Reply(shortened(reply, text_bytes))),
        Answer::Markdown(text) => {
            let text = TextStream::markdown(stream::once(ready(text)));
            let copying = copy(text, progress, text_bytes).await;
            copying.map(|()| Driven::Text).map_err(Failure::Error)
        }
        Answer::Several(replies) => {
            let replies = replies.into_iter();
            Ok(Driven::Several(
                replies.map(|reply| shortened(reply, text_bytes)).collect(),
            ))
        }
        Answer::File(_) => Err(Failure::Error("a file was not uploaded".into())),
        Answer::Pass | Answer::By(..) => Ok(Driven::Reply(Reply::Silence)),
        Answer::Text(text) => {
            let copying = AssertUnwindSafe(copy(text, progress, text_bytes)).catch_unwind();
            match copying.await {
                Ok(copied) => copied.map(|()| Driven::Text).map_err(Failure::Error),
                Err(_panic) => Err(Failure::Panic),
            }
        }
    }
}

async fn copy(text: TextStream, progress: &Progress, text_bytes: usize) -> Result<(), BoxError> {
    let TextStream {
        mut pieces,
        markup,
        is_ai,
        footer,
    } = text;
    progress.begin(markup, is_ai, footer);
    let mut room = text_bytes;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if piece.len() > room {
            progress.add(&piece[..piece.floor_char_boundary(room)]);
            progress.add("…");
            break;
        }
        room -= piece.len();
        progress.add(&piece);
    }
    Ok(())
}

fn shortened(reply: Reply, text_bytes: usize) -> Reply {
    match reply {
        Reply::Text(mut text) if text.len() > text_bytes => {
            text.truncate(text.floor_char_boundary(text_bytes));
            text.push('…');
            Reply::Text(text)
        }
        other => other,
    }
}

/// How long a job may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// From its beginning.
    After(Duration),
    /// Until then, waiting included.
    At(Instant),
}

/// Places of followers: each has so many.
pub(crate) struct Slots {
    each: usize,
    followers: Mutex<HashMap<(u64, u64), Arc<Semaphore>>>,
}

impl Default for Slots {
    /// For jobs.
    fn default() -> Self {
        Self::new(AT_ONCE)
    }
}

/// A place of a follower; it is free again when this is dropped.
pub(crate) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    slots: Arc<Slots>,
    owner: (u64, u64),
}

impl Slots {
    pub(crate) fn new(each: usize) -> Self {
        Self {
            each,
            followers: Mutex::default(),
        }
    }

    /// A place, if one is free.
    pub(crate) fn try_enter(self: &Arc<Self>, of: Of<'_>) -> Option<Slot> {
        let owner = owner(of);
        let permit = self.of(owner).try_acquire_owned().ok()?;
        Some(self.slot(owner, permit))
    }

    /// Whether so many jobs of this follower run or wait that further ones are turned away.
    pub(crate) fn is_crowded(&self, of: Of<'_>) -> bool {
        let followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Each job that runs or waits has the semaphore, and so has the map.
        followers
            .get(&owner(of))
            .is_some_and(|semaphore| Arc::strong_count(semaphore) > AT_THE_MOST)
    }

    /// A place, once one is free.
    pub(crate) async fn enter(self: &Arc<Self>, of: Of<'_>) -> Slot {
        let owner = owner(of);
        let permit = self.of(owner).acquire_owned().await;
        self.slot(owner, permit.expect("the semaphore is never closed"))
    }

    fn of(&self, owner: (u64, u64)) -> Arc<Semaphore> {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let semaphore = followers
            .entry(owner)
            .or_insert_with(|| Arc::new(Semaphore::new(self.each)));
        Arc::clone(semaphore)
    }

    fn slot(self: &Arc<Self>, owner: (u64, u64), permit: OwnedSemaphorePermit) -> Slot {
        Slot {
            permit: Some(permit),
            slots: Arc::clone(self),
            owner,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut followers = self
            .slots
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // The map's own is the last one when nobody runs or waits.
        if followers
            .get(&self.owner)
            .is_some_and(|semaphore| Arc::strong_count(semaphore) == 1)
        {
            followers.remove(&self.owner);
        }
    }
}

/// What stands for a follower of an account, in as few bytes as can be.
pub(crate) fn owner(of: Of<'_>) -> (u64, u64) {
    use std::hash::BuildHasher as _;
    use std::sync::LazyLock;
    type Hashers = (std::hash::RandomState, std::hash::RandomState);
    static HASHERS: LazyLock<Hashers> = LazyLock::new(Hashers::default);
    let of = (of.account, of.follower);
    (HASHERS.0.hash_one(of), HASHERS.1.hash_one(of))
}
