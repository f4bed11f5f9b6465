//! What may be spent: what the journal has counted, and what is being asked at this moment.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use echostr_protocol::{OpenId, Str};
use tokio::runtime::Handle;
use tokio::sync::{self, Notify};
use tokio::time::{Instant, timeout_at};

use super::BudgetSettings;
use crate::deadline::JOURNAL_WITHIN;
use crate::journal::{Commit, Of, Spent};
use crate::{BoxError, Journal, LocalTime};

/// The budget of a bot.
pub(super) struct Budget {
    settings: BudgetSettings,
    desk: Arc<Desk>,
    // Questions are let in one after the other.
    door: sync::Mutex<()>,
}

/// Whose budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Follower,
    Account,
}

/// What was spent in the spans of time that have limits.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    follower_day: Spent,
    account_day: Spent,
    account_month: Spent,
}

impl Budget {
    pub(super) fn new(settings: &BudgetSettings) -> Self {
        Self {
            settings: settings.clone(),
            desk: Arc::default(),
            door: sync::Mutex::default(),
        }
    }

    /// A place for a question, if there is budget for it. Messages are counted exactly, however many come at once; tokens as far
    /// as they are known, for nobody knows how many an answer will have.
    ///
    /// # Errors
    /// When there is a limit, and the journal does not tell what was spent: a limit holds also then.
    pub(super) async fn enter(
        &self,
        journal: Option<&Arc<dyn Journal>>,
        of: Of<'_>,
        today: LocalTime,
    ) -> Result<Result<Place, Limit>, BoxError> {
        if self.settings == BudgetSettings::default() {
            return Ok(Ok(self.desk.take(of, today)));
        }
        let by = Instant::now() + JOURNAL_WITHIN;
        let late = |_| "the journal did not tell in time what of the budget is spent";
        loop {
            let door = timeout_at(by, self.door.lock()).await.map_err(late)?;
            let mut left = pin!(self.desk.left.notified());
            // Registered before the look, so that who leaves between the two is not missed.
            left.as_mut().enable();
            let before = self.desk.look(of, today);
            let reading = self.spent(journal, of, today);
            let spent = timeout_at(by, reading).await.map_err(late)??;
            let Some(limit) = self.reached(&spent.and(&before.counted)) else {
                return Ok(Ok(self.desk.take(of, today)));
            };
            let after = self.desk.look(of, today);
            // Who is being written may have been counted twice, here and by the journal.
            let is_exact = before.n_written == 0 && before.n_changes == after.n_changes;
            if is_exact {
                return Ok(Err(limit));
            }
            // Who may come in does not wait with this one.
            drop(door);
            if after.n_written > 0 && timeout_at(by, left).await.is_err() {
                return Ok(Err(limit));
            }
        }
    }

    /// What this follower has spent today, with what is being asked; and how much may be, 0 for no limit.
    ///
    /// # Errors
    /// When the journal does not tell.
    pub(super) async fn of_follower(
        &self,
        journal: Option<&Arc<dyn Journal>>,
        of: Of<'_>,
        today: LocalTime,
    ) -> Result<(Spent, Spent), BoxError> {
        let counted = match journal {
            Some(journal) => {
                let by = Instant::now() + JOURNAL_WITHIN;
                timeout_at(by, journal.follower_spent(of, today.day)).await??
            }
            None => Spent::default(),
        };
        let most = Spent {
            messages: self.settings.follower_day_messages,
            tokens: self.settings.follower_day_tokens,
        };
        Ok((counted, most))
    }

    /// What the journal has counted, as far as there are limits.
    async fn spent(
        &self,
        journal: Option<&Arc<dyn Journal>>,
        of: Of<'_>,
        today: LocalTime,
    ) -> Result<Counted, BoxError> {
        let Some(journal) = journal else {
            return Ok(Counted::default());
        };
        let settings = &self.settings;
        let mut counted = Counted::default();
        if settings.follower_day_messages > 0 || settings.follower_day_tokens > 0 {
            counted.follower_day = journal.follower_spent(of, today.day).await?;
        }
        let of_account = [
            settings.account_day_messages,
            settings.account_day_tokens,
            settings.account_month_messages,
            settings.account_month_tokens,
        ];
        if of_account.iter().any(|limit| *limit > 0) {
            let (day, month) = (today.day, today.month_begin());
            (counted.account_day, counted.account_month) =
                journal.account_spent(of.account, day, month).await?;
        }
        Ok(counted)
    }

    /// The first limit that leaves no room for one more.
    fn reached(&self, counted: &Counted) -> Option<Limit> {
        let settings = &self.settings;
        let limits = [
            (
                Limit::Follower,
                counted.follower_day,
                settings.follower_day_messages,
                settings.follower_day_tokens,
            ),
            (
                Limit::Account,
                counted.account_day,
                settings.account_day_messages,
                settings.account_day_tokens,
            ),
            (
                Limit::Account,
                counted.account_month,
                settings.account_month_messages,
                settings.account_month_tokens,
            ),
        ];
        let is_reached = |spent: u64, limit: u64| limit > 0 && spent >= limit;
        let mut limits = limits.into_iter();
        let (limit, ..) = limits.find(|(_, spent, messages, tokens)| {
            is_reached(spent.messages, *messages) || is_reached(spent.tokens, *tokens)
        })?;
        Some(limit)
    }
}

impl Counted {
    fn and(self, other: &Self) -> Self {
        let sum = |a: Spent, b: Spent| Spent {
            messages: a.messages.saturating_add(b.messages),
            tokens: a.tokens.saturating_add(b.tokens),
        };
        Self {
            follower_day: sum(self.follower_day, other.follower_day),
            account_day: sum(self.account_day, other.account_day),
            account_month: sum(self.account_month, other.account_month),
        }
    }
}

/// What is being asked.
#[derive(Default)]
struct Desk {
    questions: Mutex<Questions>,
    left: Notify,
}

#[derive(Default)]
struct Questions {
    all: Vec<Arc<Question>>,
    // How often one left, or began to be written.
    n_changes: u64,
}

struct Question {
    account: Str,
    follower: OpenId,
    asked: LocalTime,
    tokens: AtomicU64,
    // A reading of the journal may have it or not.
    is_written: AtomicBool,
}

/// What a look at the desk shows.
struct Look {
    counted: Counted,
    n_written: usize,
    n_changes: u64,
}

impl Desk {
    fn take(self: &Arc<Self>, of: Of<'_>, asked: LocalTime) -> Place {
        let question = Arc::new(Question {
            account: of.account.into(),
            follower: of.follower.clone(),
            asked,
            tokens: AtomicU64::new(0),
            is_written: AtomicBool::new(false),
        });
        self.questions().all.push(Arc::clone(&question));
        Place {
            question,
            desk: Arc::clone(self),
        }
    }

    fn look(&self, of: Of<'_>, today: LocalTime) -> Look {
        let questions = self.questions();
        let mut counted = Counted::default();
        let mut n_written = 0;
        for question in &questions.all {
            if *question.account != *of.account {
                continue;
            }
            n_written += usize::from(question.is_written.load(Ordering::Relaxed));
            let tokens = question.tokens.load(Ordering::Relaxed);
            let add = |spent: &mut Spent| {
                spent.messages += 1;
                spent.tokens = spent.tokens.saturating_add(tokens);
            };
            if question.asked.day == today.day {
                if question.follower == *of.follower {
                    add(&mut counted.follower_day);
                }
                add(&mut counted.account_day);
            }
            if question.asked.month_begin() == today.month_begin() {
                add(&mut counted.account_month);
            }
        }
        Look {
            counted,
            n_written,
            n_changes: questions.n_changes,
        }
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a question in the budget. It is free again when this is dropped.
pub(super) struct Place {
    question: Arc<Question>,
    desk: Arc<Desk>,
}

impl Place {
    /// It has used so many tokens by now.
    pub(super) fn uses(&self, tokens: u64) {
        self.question.tokens.store(tokens, Ordering::Relaxed);
    }

    /// It is taken until the journal counts the question, which `write` gives it.
    pub(super) fn leave(self, write: impl FnOnce() -> Commit) -> Commit {
        self.desk.questions().n_changes += 1;
        self.question.is_written.store(true, Ordering::Relaxed);
        let commit = write();
        // Without a runtime the process ends.
        if commit.now().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let counted = commit.clone();
            runtime.spawn(async move {
                counted.wait().await;
                drop(self);
            });
        }
        commit
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut questions = self.desk.questions();
        questions.n_changes += 1;
        questions
            .all
            .retain(|other| !Arc::ptr_eq(other, &self.question));
        drop(questions);
        self.desk.left.notify_waiters();
    }
}
