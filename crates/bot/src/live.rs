//! Answers that can be followed on a page while they are made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::answer::Markup;
use crate::journal::Id;
use crate::progress::Progress;

/// An answer that this process makes, or has just made.
#[derive(Clone)]
pub struct Following(Arc<Progress>);

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
pub(crate) struct Live(Mutex<HashMap<Id, Weak<Progress>>>);

impl Live {
    pub(crate) fn begin(&self, progress: &Arc<Progress>) {
        let mut answers = self.answers();
        if answers.len() == answers.capacity() {
            // Before it grows: those that nobody has ended.
            answers.retain(|_, progress| progress.strong_count() > 0);
        }
        answers.insert(progress.id(), Arc::downgrade(progress));
    }

    pub(crate) fn end(&self, answer: Id) {
        self.answers().remove(&answer);
    }

    pub(crate) fn find(&self, answer: Id) -> Option<Arc<Progress>> {
        self.answers().get(&answer)?.upgrade()
    }

    pub(crate) fn follow(&self, answer: Id) -> Option<Following> {
        self.find(answer).map(Following)
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Id, Weak<Progress>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
