//! Answers that can be followed on a page while they are made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::Account;
use crate::answer::Markup;
use crate::journal::{Commit, Id, Written};
use crate::progress::Progress;

/// An answer that this process makes, or has just made.
#[derive(Clone)]
pub struct Following(Arc<Progress>);

/// A page of an answer that is in memory: what there is to know of it without the journal.
#[derive(Debug, Clone)]
pub struct GivenPage {
    /// The answer.
    pub answer: Id,
    /// Whose it is.
    pub account: Arc<Account>,
    /// The question, shortened.
    pub question: String,
    /// When it came, Unix milliseconds.
    pub asked_at_ms: i64,
    /// When the page can no longer be read, Unix milliseconds.
    pub expires_at_ms: i64,
    /// Whether the journal has been told of it and knows it: until then, memory alone does.
    pub is_written: bool,
}

/// How an answer looks at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Which attempt at the answer this is. After a crash another process writes it anew, and not in the same words.
    pub run: u64,
    /// The byte of the text with which `text` begins.
    pub from: usize,
    /// The text as it is written, from there on.
    pub text: String,
    /// How it is written.
    pub markup: Markup,
    /// How far it is.
    pub stage: Stage,
}

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// More may come.
    Writing,
    /// All of it is there. When it has no text, it is a picture or the like, or the bot chose to say nothing.
    Written,
    /// The bot failed in the middle: the text is what had come.
    BrokenOff,
    /// There is none. The text, if there is one, says so.
    Failed,
}

impl Following {
    /// How it looks now, from the byte `from` of its text on.
    pub fn look(&self, from: usize) -> Look {
        self.0.look(from)
    }

    /// Ready when more has come than `seen`, or the answer has ended since.
    pub async fn changed(&self, seen: &Look) {
        loop {
            let mut grown = std::pin::pin!(self.0.grown().notified());
            // Registered before the look, so that nothing between the two is missed.
            grown.as_mut().enable();
            let now = self.0.look(seen.from + seen.text.len());
            if !now.text.is_empty() || now.stage != seen.stage {
                return;
            }
            grown.await;
        }
    }
}

/// The answers of this process that have pages, while they are in memory.
#[derive(Default)]
pub(crate) struct Live(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    by_id: HashMap<Id, Weak<Progress>>,
    /// The pages whose addresses this process has given.
    pages: HashMap<Id, Given>,
}

struct Given {
    answer: Id,
    expires_at_ms: i64,
    commit: Commit,
}

impl Live {
    pub(crate) fn begin(&self, progress: &Arc<Progress>) {
        let mut answers = self.answers();
        let Answers { by_id, pages } = &mut *answers;
        if by_id.len() == by_id.capacity() {
            // Before it grows: those that nobody has ended.
            by_id.retain(|_, progress| progress.strong_count() > 0);
            pages.retain(|_, page| by_id.contains_key(&page.answer));
        }
        by_id.insert(progress.id(), Arc::downgrade(progress));
    }

    /// This page of the answer is given out. When that was so before, it expires when it did.
    pub(crate) fn give(&self, progress: &Arc<Progress>, expires_at_ms: i64, commit: &Commit) {
        self.begin(progress);
        if let Some(page) = progress.given_page() {
            self.answers().pages.entry(page).or_insert_with(|| Given {
                answer: progress.id(),
                expires_at_ms,
                commit: commit.clone(),
            });
        }
    }

    pub(crate) fn end(&self, progress: &Progress) {
        let mut answers = self.answers();
        answers.by_id.remove(&progress.id());
        if let Some(page) = progress.given_page() {
            answers.pages.remove(&page);
        }
    }

    pub(crate) fn find(&self, answer: Id) -> Option<Arc<Progress>> {
        self.answers().by_id.get(&answer)?.upgrade()
    }

    pub(crate) fn page(&self, page: Id) -> Option<GivenPage> {
        let answers = self.answers();
        let given = answers.pages.get(&page)?;
        let progress = answers.by_id.get(&given.answer)?.upgrade()?;
        Some(GivenPage {
            answer: given.answer,
            account: Arc::clone(&progress.account),
            question: progress.question().to_owned(),
            asked_at_ms: progress.asked_at_ms(),
            expires_at_ms: given.expires_at_ms,
            is_written: !matches!(given.commit.now(), None | Some(Written::Lost)),
        })
    }

    pub(crate) fn follow(&self, answer: Id) -> Option<Following> {
        self.find(answer).map(Following)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
