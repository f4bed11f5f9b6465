//! A push on its way: its deliveries, where its answer comes from, and the body that all of them get.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use echostr_protocol::Reply;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::journal::{Commit, LinkRecord};
use crate::progress::Progress;

/// What was written has reached the follower when no repeat has come for so long.
pub(crate) const CONFIRMED_AFTER: Duration = Duration::from_secs(8);
/// Deliveries that arrive closer to each other count once: some pushes come twice at once.
const APART: Duration = Duration::from_secs(3);
/// The same when the one before has ended: its connection broke, and this is another try, perhaps the last.
const APART_WHEN_ENDED: Duration = Duration::from_millis(800);

/// One push, from its first delivery on.
#[derive(Default)]
pub struct Flight {
    course: Mutex<Course>,
    source: Mutex<Option<Source>>,
    body: OnceLock<Body>,
    received: OnceLock<Commit>,
    changed: Notify,
}

#[derive(Default)]
struct Course {
    /// When it was sent, as the platform's clock tells.
    start: Option<Instant>,
    first_arrival: Option<Instant>,
    last_arrival: Option<Instant>,
    n_deliveries: u32,
    n_open: u32,
    written_at: Option<Instant>,
    is_lost: bool,
}

/// Where the answer to a push comes from, when it was not there at once.
#[derive(Clone)]
pub(crate) struct Source {
    /// The answer.
    pub(crate) progress: Arc<Progress>,
    /// What for.
    pub(crate) purpose: Purpose,
    /// The part after so many steps is meant; when it was given out elsewhere, there is nothing more to say.
    pub(crate) step: u32,
}

/// What an answer is read for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// It is the push's own.
    Own,
    /// A link of an earlier answer was tapped, or its number typed.
    Link(Box<LinkRecord>),
    /// The follower wants to read on; further answers wait.
    Typed {
        /// How many.
        others: usize,
    },
}

/// What every delivery of a push gets.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) reply: Arc<Reply>,
    /// `CreateTime` of the reply, Unix seconds: a repeat gets the very same document.
    pub(crate) replied_at: i64,
    /// It may leave after this.
    pub(crate) commit: Commit,
}

impl Flight {
    /// Another delivery has arrived, `age` after the push was sent first, as far as that is known. Its number, from 1.
    pub(crate) fn arrive(&self, arrived_at: Instant, age: Option<Duration>) -> u32 {
        let mut course = self.course();
        let sent_at = age.and_then(|age| arrived_at.checked_sub(age));
        let start = course.start.unwrap_or(arrived_at);
        let start = sent_at.map_or(start, |sent_at| start.min(sent_at));
        course.start = Some(start);
        course.first_arrival.get_or_insert(arrived_at);
        let apart = if course.n_open == 0 {
            APART_WHEN_ENDED
        } else {
            APART
        };
        course.n_open += 1;
        let is_apart = course
            .last_arrival
            .is_none_or(|last| arrived_at.saturating_duration_since(last) >= apart);
        if is_apart {
            course.n_deliveries += 1;
            course.last_arrival = Some(arrived_at);
        }
        // What was written before did not reach the platform.
        course.is_lost |= course.written_at.is_some();
        course.n_deliveries
    }

    /// A delivery has ended, however that came.
    pub(crate) fn leave(&self) {
        let mut course = self.course();
        course.n_open = course.n_open.saturating_sub(1);
    }

    /// How long after the push was sent first something was, as far as that is known by now.
    pub(crate) fn age(&self, at: Instant) -> Duration {
        let start = self.start().unwrap_or(at);
        at.saturating_duration_since(start)
    }

    /// When its first delivery was sent.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.course().start
    }

    /// When its first delivery came here: unlike [`start`](Self::start), which comes from a clock in whole seconds, it is exact.
    pub(crate) fn first_arrival(&self) -> Option<Instant> {
        self.course().first_arrival
    }

    /// It was received by a process that has died, so long ago.
    pub(crate) fn began_before(&self, age: Duration) {
        let now = Instant::now();
        let then = Some(now.checked_sub(age).unwrap_or(now));
        let mut course = self.course();
        (course.start, course.first_arrival) = (then, then);
    }

    pub(crate) fn body(&self) -> Option<&Body> {
        self.body.get()
    }

    /// From now on every delivery gets this.
    pub(crate) fn fix(&self, body: Body) {
        let _ = self.body.set(body);
        // A long answer must not stay in memory for its repeats.
        *self.lock_source() = None;
        self.changed.notify_waiters();
    }

    /// The body was handed to the connection.
    pub(crate) fn written(&self) {
        self.course().written_at = Some(Instant::now());
    }

    /// Whether what was written may not have been read: a repeat came for it, or could still come.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        let course = self.course();
        course.is_lost
            || course
                .written_at
                .is_none_or(|written_at| written_at.elapsed() < CONFIRMED_AFTER)
    }

    pub(crate) fn source(&self) -> Option<Source> {
        self.lock_source().clone()
    }

    pub(crate) fn comes_from(&self, source: Source) {
        if self.body.get().is_none() {
            *self.lock_source() = Some(source);
        }
        self.changed.notify_waiters();
    }

    /// The push is in the journal after this, without an answer.
    pub(crate) fn received(&self, commit: Commit) {
        let _ = self.received.set(commit);
    }

    pub(crate) fn was_received(&self) -> Option<&Commit> {
        self.received.get()
    }

    /// Whether its answer is still being made.
    pub(crate) fn is_pending(&self) -> bool {
        let is_made = |source: &Source| source.progress.is_finished();
        self.body.get().is_none() && !self.lock_source().as_ref().is_some_and(is_made)
    }

    pub(crate) fn changed(&self) -> &Notify {
        &self.changed
    }

    fn lock_source(&self) -> MutexGuard<'_, Option<Source>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
