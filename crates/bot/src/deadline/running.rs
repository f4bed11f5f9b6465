//! A job that runs, from its start to the answer that is delivered, sent or saved; and jobs that outlived their process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use echostr_protocol::Reply;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::follow::take_following;
use super::kept::KeptAnswer;
use super::send::Went;
use super::{
    Asked, CLOSED_WITHIN, DELIVERED_WITHIN, Deadline, RUN_AGAIN_MS, TAKEN_WITHIN, TOGETHER_WITHIN,
    received,
};
use crate::bot::{Bot, instead};
use crate::flight::{Body, Flight, Purpose, Source};
use crate::job::{Driven, Failure, Job, Limit, Slot, drive};
use crate::journal::{Commit, Content, Found, Id, PushId, Record, SavedAnswer, Unfinished};
use crate::metrics::Counted;
use crate::progress::Progress;
use crate::{Account, BoxError, Strategy};

/// A job that runs as a task of its own. Whatever ends it, its answer ends too and wakes who waits.
pub(super) struct Running {
    pub(super) deadline: Arc<Deadline>,
    /// Nothing when its push was answered by a process that has died.
    pub(super) flight: Option<Arc<Flight>>,
    pub(super) asked: Asked,
    pub(super) progress: Arc<Progress>,
}

impl Running {
    /// `room` is its place among all jobs; one that is taken up again has none.
    pub(super) async fn run(
        self,
        job: Job,
        slot: Option<Slot>,
        limit: Limit,
        room: Option<OwnedSemaphorePermit>,
    ) {
        let deadline = Arc::clone(&self.deadline);
        let counted = Counted::of(&deadline.metrics.jobs_running);
        deadline.shared.began(&self.progress);
        self.overtake().await;
        let outcome = {
            let work = self.work(job, slot, limit);
            let mut work = std::pin::pin!(work);
            if let Ok(outcome) = timeout(TOGETHER_WITHIN, &mut work).await {
                outcome
            } else {
                self.take_down();
                work.await
            }
        };
        deadline.metrics.job(match &outcome {
            Ok(_) => "answered",
            Err(failure) => failure.word(),
        });
        {
            // Who gives out a part at this moment counts in what has come so far.
            let _cutting = self.progress.cutting.lock().await;
            match outcome {
                Ok(Driven::Reply(reply)) => self.progress.finish(reply, false),
                Ok(Driven::Several(replies)) => {
                    let account = &self.asked.account;
                    let (first, others) = deadline.first_of(replies, account);
                    let following = deadline.following(&self.asked, others);
                    let are_sent = deadline.sends_following(account);
                    self.progress.follow(following, are_sent);
                    self.progress.finish(first, false);
                }
                Ok(Driven::Text) => self.progress.finish_text(None),
                Err(failure) => self.fail(&failure),
            }
        }
        drop((room, counted));
        self.settle().await;
    }

    async fn work(&self, job: Job, slot: Option<Slot>, limit: Limit) -> Result<Driven, Failure> {
        let Deadline { slots, limits, .. } = &*self.deadline;
        let work = drive(job, &self.progress, limits.text_bytes);
        let late = |_| Failure::Late;
        match limit {
            // An event has one delivery's time, and waits for nobody.
            Limit::At(until) => tokio::time::timeout_at(until, work).await.map_err(late)?,
            Limit::After(time) => {
                let _slot = match slot {
                    Some(slot) => slot,
                    None => slots.enter(self.progress.of()).await,
                };
                timeout(time, work).await.map_err(late)?
            }
        }
    }

    /// Earlier answers of this follower that are still made will have to name their question.
    async fn overtake(&self) {
        if !self.asked.message.is_ordinary() {
            return;
        }
        for earlier in self.deadline.shared.running(self.progress.of()).await {
            if earlier.id() != self.progress.id()
                && earlier.asked_at_ms() <= self.progress.asked_at_ms()
            {
                earlier.overtake();
            }
        }
    }

    /// The push is journaled before it is held.
    fn take_down(&self) {
        if let Some(flight) = &self.flight
            && self.deadline.journal.is_some()
            && flight.was_received().is_none()
            && flight.body().is_none()
        {
            let received = Record::Received(received(&self.asked, None));
            flight.received(self.deadline.write(vec![received]));
        }
    }

    fn fail(&self, failure: &Failure) {
        let reply = instead(&self.asked.account, &self.asked.message, failure);
        self.progress.finish_text(Some(reply));
    }

    /// The answer is there: who waits takes it; what nobody takes is saved, or sent.
    async fn settle(&self) {
        let Self {
            deadline, progress, ..
        } = self;
        if deadline.journal.is_some() {
            if progress.is_sent_later() {
                // Before the first is sent: a process that dies then must not lose them.
                let (records, following) = take_following(progress);
                let commit = if records.is_empty() {
                    Commit::done()
                } else {
                    deadline.write(records)
                };
                self.send(following, commit).await;
            }
            until_read(progress, TAKEN_WITHIN).await;
            if progress.is_unread() || progress.was_saved() {
                let saving = progress.cutting.lock().await;
                progress.save();
                // Who fetches this one will be told of them.
                progress.leave_following();
                let (others, following) = take_following(progress);
                let mut records = vec![Record::Answer(progress.saved())];
                records.extend(others);
                let commit = deadline.write(records);
                drop(saving);
                commit.wait().await;
                if self.was_missed().await {
                    self.send(following, commit).await;
                }
            }
            // Deliveries may still come for it, and must not find it a second time.
            until_read(progress, DELIVERED_WITHIN).await;
        }
        deadline.shared.ended(progress);
    }
}

impl Running {
    /// Sends the answer, and then what follows it.
    async fn send(&self, following: Vec<SavedAnswer>, commit: Commit) {
        let Self {
            deadline, progress, ..
        } = self;
        // Boxed: few jobs come here, and each would be larger for it.
        match Box::pin(deadline.send(progress)).await {
            Went::Over => {
                let account = &self.asked.account;
                deadline.send_following(account, &progress.by(), following, commit);
            }
            Went::Kept => {
                for answer in &following {
                    let after = KeptAnswer::after(answer, progress.by());
                    deadline.kept.keep(progress.of(), after);
                }
            }
            Went::Left => {}
        }
    }

    /// Whether the answer can be sent that no delivery has taken and none will: this process was away, or connections broke.
    async fn was_missed(&self) -> bool {
        let Self {
            deadline,
            flight: Some(flight),
            asked,
            progress,
        } = self
        else {
            return false;
        };
        if !asked.message.is_ordinary() || deadline.strategy_of(asked) != Strategy::Send {
            return false;
        }
        let age = flight.age(Instant::now());
        until_read(progress, CLOSED_WITHIN.saturating_sub(age)).await;
        progress.is_unread() && flight.body().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // At a stop it is only cut off: the next process takes it up.
        let is_stopping = *self.deadline.stopping.borrow();
        if !self.progress.is_finished() && !is_stopping {
            self.fail(&Failure::Panic);
        }
        self.deadline.shared.ended(&self.progress);
        self.deadline.live.end(&self.progress);
    }
}

async fn until_read(progress: &Progress, within: Duration) {
    let _ = timeout(within, progress.until(|it| !it.is_unread())).await;
}

impl Deadline {
    /// A page has shown all of this answer. Whether it is in memory.
    pub(crate) async fn was_shown(&self, answer: Id) -> bool {
        let Some(progress) = self.live.find(answer) else {
            return false;
        };
        // Who gives out a part at this moment comes first.
        let _cutting = progress.cutting.lock().await;
        if progress.read_on_page() {
            self.write(vec![Record::Answer(progress.saved())]);
        }
        true
    }

    /// Runs the jobs again that a process left unfinished when it died. When this has failed and is tried again, those count that
    /// were young enough at the first try.
    pub(crate) async fn resume(self: &Arc<Self>, bot: &Bot) -> Result<usize, BoxError> {
        let Some(journal) = &self.journal else {
            return Ok(0);
        };
        let now_ms = self.clock.unix_ms();
        let began = &self.began_at_ms;
        let first = began.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        let began_at_ms = first.err().unwrap_or(now_ms);
        let unfinished = journal.take_up(began_at_ms - RUN_AGAIN_MS).await?;
        let mut resumed = 0;
        for push in unfinished {
            if let Some(account) = bot.find(&push.account) {
                self.run_again(account, push, bot).await;
                resumed += 1;
            } else if let Some(answer) = push.answer {
                // Nobody will make it: its page need not wait.
                self.write(vec![Record::Answer(SavedAnswer {
                    content: Content::Failed,
                    ..answer
                })]);
            }
        }
        Ok(resumed)
    }

    async fn run_again(self: &Arc<Self>, account: Arc<Account>, push: Unfinished, bot: &Bot) {
        let asked = Asked {
            push: PushId::of(&account.id, &push.message),
            account,
            message: push.message,
            arrived_at: Instant::now(),
            arrived_at_ms: push.received_at_ms,
        };
        let progress = Arc::new(self.progress(&asked, push.answer));
        if progress.has_page() {
            self.live.begin(&progress);
        }
        let scope = asked.account.scope(&asked.message);
        let (flight, is_first) = self.shared.join(&scope, &asked.push.key).await;
        if !is_first {
            return;
        }
        let age_ms = self.clock.unix_ms().saturating_sub(push.received_at_ms);
        flight.began_before(Duration::from_millis(age_ms.try_into().unwrap_or_default()));
        flight.received(Commit::done());
        // It has had a body, which a repeat finds in the journal.
        if push.is_replied
            && let Some(journal) = &self.journal
            && let Ok(Some(Found {
                reply: Some((reply, replied_at)),
                ..
            })) = journal.find(&asked.push).await
        {
            if reply == Reply::Silence {
                // It was told that its answer would follow.
                progress.send_later();
            }
            flight.fix(Body {
                reply: Arc::new(reply),
                replied_at,
                commit: Commit::done(),
            });
        }
        flight.comes_from(Source {
            progress: Arc::clone(&progress),
            purpose: Purpose::Own,
            step: progress.step(),
        });
        let job = bot.job(&asked.account, &asked.message);
        let limit = Limit::After(self.limits.timeout);
        let running = Running {
            deadline: Arc::clone(self),
            flight: Some(flight),
            asked,
            progress,
        };
        tokio::spawn(running.run(job, None, limit, None));
    }
}
