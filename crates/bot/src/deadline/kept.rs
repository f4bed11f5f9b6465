//! Answers that could not be sent, because the platform allows no more messages or was away: they are sent when their follower
//! writes again, after the reply to that.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use echostr_protocol::{OpenId, Str};
use tokio::time::{Instant, sleep, timeout};

use super::begin::read;
use super::follow::AFTER_THE_REPLY;
use super::{Asked, CLOSED_WITHIN, Deadline, JOURNAL_WITHIN, of};
use crate::Strategy;
use crate::flight::Flight;
use crate::journal::{Content, Id, Of};
use crate::outbox;
use crate::progress::Progress;

/// Of so many followers answers are kept to be sent; those of others wait in the outbox alone.
const MAX_FOLLOWERS: usize = 10_000;
/// So many of each.
const MAX_ANSWERS: usize = 20;

/// Which answers are to be sent when their follower writes again. All of them are in the outbox, too.
#[derive(Default)]
pub(super) struct Kept {
    followers: Mutex<HashMap<(Str, OpenId), HashSet<Id>>>,
    // Nearly always nothing is kept.
    is_any: AtomicBool,
}

impl Kept {
    pub(super) fn keep(&self, of: Of<'_>, answer: Id) {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let owner = owner(of);
        if followers.len() >= MAX_FOLLOWERS && !followers.contains_key(&owner) {
            return;
        }
        let answers = followers.entry(owner).or_default();
        if answers.len() < MAX_ANSWERS {
            answers.insert(answer);
        }
        self.is_any.store(true, Ordering::Relaxed);
    }

    /// Those that come after one that is kept are kept with it, in their order.
    pub(super) fn keep_after(&self, of: Of<'_>, answer: Id, following: impl Iterator<Item = Id>) {
        let is_kept = {
            let followers = self
                .followers
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let answers = followers.get(&owner(of));
            answers.is_some_and(|answers| answers.contains(&answer))
        };
        if is_kept {
            following.for_each(|answer| self.keep(of, answer));
        }
    }

    fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    fn take(&self, of: Of<'_>) -> HashSet<Id> {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let answers = followers.remove(&owner(of)).unwrap_or_default();
        self.is_any.store(!followers.is_empty(), Ordering::Relaxed);
        answers
    }
}

fn owner(of: Of<'_>) -> (Str, OpenId) {
    (of.account.into(), of.follower.clone())
}

impl Deadline {
    /// A follower has written: what could not be sent before may be sent now.
    pub(super) fn send_kept(self: &Arc<Self>, flight: &Arc<Flight>, asked: &Asked) {
        // Who reads the outbox needs nothing sent.
        if !self.kept.is_any() || outbox::wanted(&asked.message).is_some() {
            return;
        }
        if self.strategy_of(asked) != Strategy::Send {
            return;
        }
        let kept = self.kept.take(of(asked));
        if kept.is_empty() {
            return;
        }
        let (deadline, flight, asked) = (Arc::clone(self), Arc::clone(flight), asked.clone());
        tokio::spawn(async move {
            deadline.after_the_reply(&flight).await;
            deadline.send_all(kept, &asked).await;
        });
    }

    /// Returns when the reply to a push is at its follower's.
    async fn after_the_reply(&self, flight: &Flight) {
        let replied = async {
            loop {
                let mut changed = std::pin::pin!(flight.changed().notified());
                changed.as_mut().enable();
                if let Some(body) = flight.body() {
                    return body;
                }
                changed.await;
            }
        };
        if let Ok(body) = timeout(CLOSED_WITHIN, replied).await {
            self.written(&body.commit, Instant::now() + JOURNAL_WITHIN)
                .await;
        }
        sleep(AFTER_THE_REPLY).await;
    }

    /// Sends those of `kept` that were not read meanwhile; what cannot be sent now either is kept again.
    async fn send_all(&self, kept: HashSet<Id>, asked: &Asked) {
        let Some(journal) = &self.journal else {
            return;
        };
        let unread = read(asked, journal.unread(of(asked), self.clock.unix_ms())).await;
        let Some(unread) = unread else {
            for answer in kept {
                self.kept.keep(of(asked), answer);
            }
            return;
        };
        let running = self.shared.running(of(asked)).await;
        let mut is_stopped = false;
        for answer in unread {
            if !kept.contains(&answer.id) || answer.content == Content::Running {
                continue;
            }
            if is_stopped {
                self.kept.keep(of(asked), answer.id);
                continue;
            }
            let known = running.iter().find(|progress| progress.id() == answer.id);
            let progress = if let Some(known) = known {
                Arc::clone(known)
            } else {
                let progress = Arc::new(Progress::new(Arc::clone(&asked.account), answer));
                self.shared.began(&progress);
                progress
            };
            // It comes after the reply to another question.
            progress.overtake();
            is_stopped = !self.send(&progress).await;
            if known.is_none() {
                self.shared.ended(&progress);
            }
        }
    }
}
