//! An answer that takes longer than a moment, as far as it has come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use echostr_protocol::{OpenId, Reply};
use tokio::sync::Notify;

use crate::Account;
use crate::answer::Markup;
use crate::journal::{Content, Id, Of, SavedAnswer};
use crate::markdown::ends_in_code;

/// An answer while it is made, and after that until it is delivered or in the journal.
pub struct Progress {
    pub(crate) account: Arc<Account>,
    // Everything that does not change; content and step are those of `state`.
    identity: SavedAnswer,
    state: Mutex<State>,
    changed: Notify,
    /// Held by who gives out a part.
    pub(crate) cutting: tokio::sync::Mutex<()>,
}

struct State {
    /// What has come while it runs.
    text: String,
    markup: Markup,
    /// How many bytes of `text` were given out.
    shown_bytes: usize,
    content: Content,
    step: u32,
    is_failed: bool,
    is_overtaken: bool,
    is_later: bool,
    is_saved: bool,
    // The parts that were given out since it is in memory, by the step before them.
    pages: Vec<(u32, Arc<Reply>)>,
}

/// What can be shown next.
pub(crate) enum Next {
    /// A finished text: what is left.
    Text(String),
    /// The rest of something that is no text.
    Other(Reply),
    /// What has come so far of a running answer and was not given out, in its source form.
    SoFar(String, Markup),
    /// Nothing is left.
    Nothing,
}

impl Progress {
    pub(crate) fn new(account: Arc<Account>, identity: SavedAnswer) -> Self {
        let state = State {
            text: String::new(),
            markup: Markup::Plain,
            shown_bytes: 0,
            content: identity.content.clone(),
            step: identity.step,
            is_failed: false,
            is_overtaken: identity.is_overtaken,
            is_later: false,
            is_saved: identity.content != Content::Running || identity.step > 0,
            pages: Vec::new(),
        };
        Self {
            account,
            identity,
            state: Mutex::new(state),
            changed: Notify::new(),
            cutting: tokio::sync::Mutex::new(()),
        }
    }

    /// Its id.
    pub fn id(&self) -> Id {
        self.identity.id
    }

    /// Whose it is.
    pub fn of(&self) -> Of<'_> {
        Of {
            account: &self.identity.push.account,
            follower: &self.identity.follower,
        }
    }

    pub(crate) fn follower(&self) -> &OpenId {
        &self.identity.follower
    }

    pub(crate) fn question(&self) -> &str {
        &self.identity.question
    }

    pub(crate) fn asked_at_ms(&self) -> i64 {
        self.identity.asked_at_ms
    }

    /// The text will be written so.
    pub(crate) fn begin(&self, markup: Markup) {
        self.state().markup = markup;
    }

    /// More of the text has come; the whole has so many bytes now.
    pub(crate) fn add(&self, piece: &str) -> usize {
        let mut state = self.state();
        state.text.push_str(piece);
        state.text.len()
    }

    /// All of the streamed text has come. When nothing has, `otherwise` is the answer.
    pub(crate) fn finish_text(&self, otherwise: Option<Reply>) {
        let mut state = self.state();
        let rest = state.markup.shown(&state.text[state.shown_bytes..]);
        let has_begun = state.step > self.identity.step;
        if let Some(reply) = otherwise.filter(|_| rest.trim().is_empty() && !has_begun) {
            drop(state);
            self.finish(reply, true);
            return;
        }
        state.content = if rest.trim().is_empty() {
            Content::Read
        } else {
            Content::Text {
                text: rest,
                shown_bytes: 0,
            }
        };
        state.text = String::new();
        state.shown_bytes = 0;
        drop(state);
        self.changed.notify_waiters();
    }

    /// The answer is there.
    pub(crate) fn finish(&self, reply: Reply, is_failed: bool) {
        let mut state = self.state();
        if state.content != Content::Running {
            return;
        }
        state.is_failed = is_failed;
        state.content = match reply {
            Reply::Text(text) if !text.trim().is_empty() => Content::Text {
                text,
                shown_bytes: 0,
            },
            // A failure for which the account has no text.
            Reply::Text(_) | Reply::Silence if is_failed => Content::Failed,
            Reply::Text(_) | Reply::Silence => Content::Read,
            other => Content::Other(other.detached()),
        };
        state.text = String::new();
        drop(state);
        self.changed.notify_waiters();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.state().content != Content::Running
    }

    /// Whether it is the fallback of a job that failed.
    pub(crate) fn is_failed(&self) -> bool {
        self.state().is_failed
    }

    /// Whether anything is left, or may come.
    pub(crate) fn is_unread(&self) -> bool {
        !matches!(
            self.state().content,
            Content::Read | Content::Failed | Content::Other(Reply::Silence)
        )
    }

    pub(crate) fn step(&self) -> u32 {
        self.state().step
    }

    /// Another question of the follower came after it.
    pub(crate) fn overtake(&self) {
        self.state().is_overtaken = true;
    }

    /// Whether it has to say which question it answers: nothing of it was shown and another one was asked since.
    pub(crate) fn is_overtaken(&self) -> bool {
        let state = self.state();
        state.is_overtaken && state.step == 0
    }

    /// It is sent later, not fetched.
    pub(crate) fn send_later(&self) {
        self.state().is_later = true;
    }

    pub(crate) fn is_sent_later(&self) -> bool {
        self.state().is_later
    }

    /// It goes into the journal.
    pub(crate) fn save(&self) {
        self.state().is_saved = true;
    }

    /// Whether the journal has it, in any state.
    pub(crate) fn was_saved(&self) -> bool {
        self.state().is_saved
    }

    pub(crate) fn next(&self) -> Next {
        let state = self.state();
        match &state.content {
            Content::Running => {
                Next::SoFar(state.text[state.shown_bytes..].to_owned(), state.markup)
            }
            Content::Text { text, shown_bytes } => {
                Next::Text(text[text.floor_char_boundary(*shown_bytes)..].to_owned())
            }
            Content::Other(reply) => Next::Other(reply.clone()),
            Content::Failed | Content::Read => Next::Nothing,
        }
    }

    /// A part was given out: `page`, with so many more bytes of the text, or all that was left.
    pub(crate) fn gave(&self, page: &Arc<Reply>, bytes: Option<usize>, of_running: bool) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.pages.push((state.step, Arc::clone(page)));
        state.step += 1;
        match (&mut state.content, bytes) {
            (Content::Running, bytes) => {
                let shown_bytes = state.shown_bytes + bytes.unwrap_or_default();
                state.shown_bytes = state.text.floor_char_boundary(shown_bytes);
                if state.markup == Markup::Markdown
                    && ends_in_code(&state.text[..state.shown_bytes])
                {
                    // The next part begins in the middle of code, and is read on its own.
                    state.text.insert_str(state.shown_bytes, "```\n");
                }
            }
            // Its task was ended meanwhile: what is left was made of the text from before this part.
            (_, _) if of_running => {}
            (Content::Text { text, shown_bytes }, Some(bytes)) => {
                *shown_bytes = text.floor_char_boundary(*shown_bytes + bytes);
            }
            (content, _) => *content = Content::Read,
        }
        drop(guard);
        self.changed.notify_waiters();
    }

    /// The part that was given out after `step`.
    pub(crate) fn page(&self, step: u32) -> Option<Arc<Reply>> {
        let state = self.state();
        let page = state.pages.iter().find(|(before, _)| *before == step);
        page.map(|(_, reply)| Arc::clone(reply))
    }

    /// As it goes into the journal.
    pub(crate) fn saved(&self) -> SavedAnswer {
        let state = self.state();
        SavedAnswer {
            content: state.content.clone(),
            step: state.step,
            is_overtaken: state.is_overtaken,
            ..self.identity.clone()
        }
    }

    pub(crate) fn changed(&self) -> &Notify {
        &self.changed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
