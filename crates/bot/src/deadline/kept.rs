//! Answers that could not be sent, because the platform allows no more messages or was away: they are sent when their follower
//! writes again, after the reply to that.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use echostr_protocol::Str;
use tokio::time::{Instant, sleep, timeout};

use super::begin::read;
use super::follow::AFTER_THE_REPLY;
use super::send::Went;
use super::{Asked, CLOSED_WITHIN, Deadline, JOURNAL_WITHIN, of};
use crate::account::DOCTORS_FOLLOWER;
use crate::answer::{Footer, Markup};
use crate::flight::Flight;
use crate::job::owner;
use crate::journal::{Content, Id, Of, SavedAnswer};
use crate::outbox;
use crate::progress::Progress;
use crate::{Account, Trigger};

/// Of so many followers, and up to twice as many, answers are kept to be sent; those of the first wait in the outbox alone then.
const MAX_FOLLOWERS: usize = 5_000;
/// So many of each.
const MAX_ANSWERS: usize = 20;

/// Which answers are to be sent when their follower writes again. All of them are in the outbox, too, and a restart leaves them
/// there.
#[derive(Default)]
pub(super) struct Kept {
    followers: Mutex<Followers>,
    // Nearly always nothing is kept.
    is_any: AtomicBool,
}

/// Two generations: when the first is full, the second is forgotten.
#[derive(Default)]
struct Followers([HashMap<(u64, u64), Vec<KeptAnswer>>; 2]);

/// What the journal does not know of an answer.
pub(super) struct KeptAnswer {
    id: Id,
    by: Str,
    is_ai: bool,
    footer: Footer,
}

impl KeptAnswer {
    pub(super) fn of(progress: &Progress) -> Self {
        Self {
            id: progress.id(),
            by: progress.by(),
            is_ai: progress.is_ai(),
            footer: progress.footer(false),
        }
    }

    /// One that comes after an answer.
    pub(super) fn after(answer: &SavedAnswer, by: Str) -> Self {
        Self {
            id: answer.id,
            by,
            is_ai: false,
            footer: Footer::default(),
        }
    }

    fn taken_up(&self, account: &Arc<Account>, saved: SavedAnswer) -> Arc<Progress> {
        let progress = Progress::new(Arc::clone(account), saved);
        progress.begin(Markup::Plain, self.is_ai, self.footer.clone());
        progress.made_by(self.by.clone());
        progress.send_later();
        Arc::new(progress)
    }
}

impl Kept {
    /// Whether there is room for it.
    pub(super) fn keep(&self, of: Of<'_>, answer: KeptAnswer) -> bool {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let answers = followers.of(owner(of));
        if answers.iter().any(|other| other.id == answer.id) {
            return true;
        }
        if answers.len() >= MAX_ANSWERS {
            return false;
        }
        answers.push(answer);
        self.is_any.store(true, Ordering::Relaxed);
        true
    }

    fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    fn take(&self, of: Of<'_>) -> Vec<KeptAnswer> {
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let owner = owner(of);
        let [first, second] = &mut followers.0;
        let answers = first.remove(&owner).or_else(|| second.remove(&owner));
        self.is_any
            .store(!first.is_empty() || !second.is_empty(), Ordering::Relaxed);
        answers.unwrap_or_default()
    }
}

impl Followers {
    fn of(&mut self, owner: (u64, u64)) -> &mut Vec<KeptAnswer> {
        let [first, second] = &mut self.0;
        let answers = first.remove(&owner).or_else(|| second.remove(&owner));
        if first.len() >= MAX_FOLLOWERS {
            *second = std::mem::take(first);
        }
        first.entry(owner).or_insert(answers.unwrap_or_default())
    }
}

impl Deadline {
    /// A follower has written: what could not be sent before may be sent now.
    pub(super) fn send_kept(self: &Arc<Self>, flight: &Arc<Flight>, asked: &Asked) {
        if !self.kept.is_any() || !self.may_send_after(asked) {
            return;
        }
        let kept = self.kept.take(of(asked));
        if kept.is_empty() {
            return;
        }
        let (deadline, flight, asked) = (Arc::clone(self), Arc::clone(flight), asked.clone());
        tokio::spawn(async move {
            deadline.after_the_reply(&flight, &asked).await;
            deadline.send_all(kept, &asked).await;
        });
    }

    /// Whether messages may follow a push. Who reads the outbox needs nothing sent.
    fn may_send_after(&self, asked: &Asked) -> bool {
        Trigger::of(&asked.message).is_some()
            && outbox::wanted(&asked.message).is_none()
            && asked.message.from_user().as_str() != DOCTORS_FOLLOWER
            && self.sends_following(&asked.account)
    }

    /// Returns when the answer to a push is at its follower's, or is the next to be sent.
    async fn after_the_reply(&self, flight: &Flight, asked: &Asked) {
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
        let running = self.shared.running(of(asked)).await;
        let own = running
            .into_iter()
            .find(|progress| progress.push().key == asked.push.key && progress.is_sent_later());
        if let Some(own) = own {
            own.until(Progress::is_finished).await;
        }
        sleep(AFTER_THE_REPLY).await;
    }

    /// Sends those of `kept` that were not read meanwhile; what cannot be sent now either is kept again.
    async fn send_all(&self, mut kept: Vec<KeptAnswer>, asked: &Asked) {
        let unread = match &self.journal {
            // What was read is not written down by now.
            Some(journal) if !journal.is_away() => {
                read(asked, journal.unread(of(asked), self.clock.unix_ms())).await
            }
            _ => None,
        };
        let Some(mut unread) = unread else {
            for answer in kept {
                self.kept.keep(of(asked), answer);
            }
            return;
        };
        unread.retain(|answer| answer.content != Content::Running);
        unread.sort_by_key(|answer| answer.asked_at_ms);
        let running = self.shared.running(of(asked)).await;
        let (mut all, mut taken_up) = (Vec::new(), Vec::new());
        for saved in unread {
            let Some(place) = kept.iter().position(|answer| answer.id == saved.id) else {
                continue;
            };
            let known = running.iter().find(|progress| progress.id() == saved.id);
            let progress = known.map_or_else(
                || kept.swap_remove(place).taken_up(&asked.account, saved),
                Arc::clone,
            );
            if known.is_none() {
                self.shared.began(&progress);
                taken_up.push(Arc::clone(&progress));
            }
            all.push(progress);
        }
        let mut all = all.iter();
        for progress in all.by_ref() {
            // It comes after the reply to another question.
            progress.name_question();
            if self.send(progress).await == Went::Kept {
                break;
            }
        }
        for progress in all {
            self.kept.keep(of(asked), KeptAnswer::of(progress));
        }
        for progress in &taken_up {
            self.shared.ended(progress);
        }
    }
}
