//! Seen before? Then the same answer; else start, wait, and answer in time whatever happens.
//!
//! The platform repeats a push that was not answered within five seconds. Every delivery of one push gets the same answer:
//! the first starts a job that outlives its connection, further ones join it. Answers are kept for ten minutes in a
//! bounded table.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::{Key, Reply};
use futures_util::FutureExt as _;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::watch;
use tracing::warn;

use crate::BoxError;

/// How long after the start of the job an answer is given, ready or not: half a second before the platform hangs up.
const REPLY_WITHIN: Duration = Duration::from_millis(4500);
/// How long the answer to a push is known.
const KEPT: Duration = Duration::from_secs(600);
/// How many answers are known at once. At about 1 KB each this bounds the table to some 20 MB.
const MAX_ANSWERS: u64 = 20_000;

/// An account and a push to it.
pub(crate) type FlightKey = (String, Key);
type Flight = watch::Receiver<Option<Arc<Reply>>>;

/// The answers of the last ten minutes and the jobs that are still running.
#[derive(Clone)]
pub(crate) struct Deadline {
    flights: Cache<FlightKey, Flight>,
}

impl Deadline {
    pub(crate) fn new() -> Self {
        let flights = Cache::builder()
            .max_capacity(MAX_ANSWERS)
            .time_to_live(KEPT)
            // The newest push is the one that will be repeated: it may never be the one that is refused.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { flights }
    }

    /// The answer to the push `key`: that of the job which an earlier delivery started, or of `answer`, which is then
    /// started. `fallback` is answered when it panics, fails or is late.
    pub(crate) async fn answer<A>(
        &self,
        key: FlightKey,
        fallback: Reply,
        answer: impl FnOnce() -> A,
    ) -> Arc<Reply>
    where
        A: Future<Output = Result<Reply, BoxError>> + Send + 'static,
    {
        let entry = self
            .flights
            .entry(key)
            .or_insert_with(|| start(fallback.clone(), answer()));
        let mut flight = entry.into_value();
        // The job always ends with an answer; that it is gone without one can only be the end of the process.
        let answered = flight
            .wait_for(Option::is_some)
            .await
            .map(|reply| reply.clone());
        answered
            .ok()
            .flatten()
            .unwrap_or_else(|| Arc::new(fallback))
    }
}

/// Runs the job on its own, so that the end of a connection does not end it.
fn start(
    fallback: Reply,
    answer: impl Future<Output = Result<Reply, BoxError>> + Send + 'static,
) -> Flight {
    let (sender, flight) = watch::channel(None);
    tokio::spawn(async move {
        let outcome =
            tokio::time::timeout(REPLY_WITHIN, AssertUnwindSafe(answer).catch_unwind()).await;
        let reply = match outcome {
            Ok(Ok(Ok(reply))) => reply,
            Ok(Ok(Err(error))) => {
                warn!(
                    error = &*error,
                    "a handler failed, the follower gets the fallback text"
                );
                fallback
            }
            Ok(Err(_panic)) => {
                warn!("a handler panicked, the follower gets the fallback text");
                fallback
            }
            Err(_late) => {
                warn!(
                    "a handler was not ready after {REPLY_WITHIN:?}, the follower gets the fallback text"
                );
                fallback
            }
        };
        sender.send_replace(Some(Arc::new(reply)));
    });
    flight
}
