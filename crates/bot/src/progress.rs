//! An answer that takes longer than a moment, as far as it has come.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use echostr_protocol::{Article, OpenId, Reply, Str};
use tokio::sync::Notify;

use crate::answer::{Footer, Markup};
use crate::journal::{Content, Id, Link, LinkRecord, Of, PushId, SavedAnswer, WrittenText};
use crate::live::{Look, Stage};
use crate::markdown::ends_in_code;
use crate::{Account, Strategy};

/// An answer while it is made, and after that until it is delivered or in the journal.
pub struct Progress {
    pub(crate) account: Arc<Account>,
    // Everything that does not change; content and step are those of `state`.
    identity: SavedAnswer,
    // Who made it; nothing until that is known, and of one that was made by another process.
    by: OnceLock<Str>,
    state: Mutex<State>,
    changed: Notify,
    // More of the text has come, or it has ended.
    grown: Notify,
    // Of this process: another one writes another text.
    run: u64,
    /// Held by who gives out a part.
    pub(crate) cutting: tokio::sync::Mutex<()>,
}

struct State {
    /// The text as it is written. Kept after its end for those only who may read it on a page.
    text: String,
    markup: Markup,
    is_ai: bool,
    footer: Footer,
    // The replies after this one, until they are in the journal.
    following: Vec<SavedAnswer>,
    /// How many come after it, whether they are in the journal or not, and whether they have to be fetched.
    n_after: usize,
    are_fetched: bool,
    /// How many bytes of `text` were given out while it ran.
    shown_bytes: usize,
    /// Whether what was given out ends in the middle of code: the next part is read on its own.
    is_in_code: bool,
    content: Content,
    step: u32,
    is_failed: bool,
    is_broken_off: bool,
    is_overtaken: bool,
    /// The next part names the question, whatever was shown.
    is_question_named: bool,
    is_later: bool,
    is_saved: bool,
    has_page: bool,
    // The page whose address was given.
    live_page: Option<Id>,
    // The parts that were given out since it is in memory, by the step before them.
    pages: Vec<(u32, Arc<Reply>)>,
    // The links that were shown meanwhile.
    links: Vec<LinkRecord>,
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
            is_ai: false,
            footer: Footer::default(),
            following: Vec::new(),
            n_after: 0,
            are_fetched: false,
            shown_bytes: 0,
            is_in_code: false,
            content: identity.content.clone(),
            step: identity.step,
            is_failed: false,
            is_broken_off: false,
            is_overtaken: identity.is_overtaken,
            is_question_named: false,
            is_later: false,
            is_saved: identity.content != Content::Running || identity.step > 0,
            has_page: identity.has_page,
            live_page: None,
            pages: Vec::new(),
            links: Vec::new(),
        };
        Self {
            account,
            identity,
            by: OnceLock::new(),
            state: Mutex::new(state),
            changed: Notify::new(),
            grown: Notify::new(),
            run: rand::random(),
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

    /// Who made it, for the journal.
    pub(crate) fn by(&self) -> Str {
        let by = self.by.get().unwrap_or(&self.account.bot);
        by.clone()
    }

    pub(crate) fn made_by(&self, by: Str) {
        // One job makes an answer.
        let _ = self.by.set(by);
    }

    pub(crate) fn push(&self) -> &PushId {
        &self.identity.push
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

    /// The text will be written so, perhaps by a model.
    pub(crate) fn begin(&self, markup: Markup, is_ai: bool, footer: Footer) {
        let mut state = self.state();
        state.markup = markup;
        state.is_ai = is_ai;
        state.footer = footer;
    }

    /// What stands under its text, in messages that the platform marks or does not.
    pub(crate) fn footer(&self, is_marked: bool) -> Footer {
        let mut footer = self.state().footer.clone();
        if is_marked && !footer.is_always_labelled {
            footer.label = String::new();
        }
        footer
    }

    /// These replies come after it, and are sent or have to be fetched.
    pub(crate) fn follow(&self, following: Vec<SavedAnswer>, are_sent: bool) {
        let mut state = self.state();
        state.n_after = following.len();
        state.are_fetched = !are_sent;
        state.following = following;
    }

    /// So many replies come after it.
    pub(crate) fn precede(&self, n_after: usize) {
        self.state().n_after = n_after;
    }

    /// Those that come after it will have to be fetched.
    pub(crate) fn leave_following(&self) {
        self.state().are_fetched = true;
    }

    /// How many replies come after it.
    pub(crate) fn n_after(&self) -> usize {
        self.state().n_after
    }

    /// How many of them have to be fetched.
    pub(crate) fn n_waiting(&self) -> usize {
        let state = self.state();
        if state.are_fetched { state.n_after } else { 0 }
    }

    pub(crate) fn take_following(&self) -> Vec<SavedAnswer> {
        std::mem::take(&mut self.state().following)
    }

    /// Whether a model writes it.
    pub(crate) fn is_ai(&self) -> bool {
        self.state().is_ai
    }

    /// More of the text has come; the whole has so many bytes now.
    pub(crate) fn add(&self, piece: &str) -> usize {
        let mut state = self.state();
        state.text.push_str(piece);
        let length = state.text.len();
        drop(state);
        self.grown.notify_waiters();
        length
    }

    /// All of the streamed text has come, or it broke off: then `otherwise` is the answer if nothing has come.
    pub(crate) fn finish_text(&self, otherwise: Option<Reply>) {
        let mut state = self.state();
        state.is_broken_off = otherwise.is_some();
        let rest = state.markup.shown(&state.rest());
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
        if !self.keeps_text(&state) {
            state.text = String::new();
        } else if !state.footer.label.is_empty() && !state.text.is_empty() {
            let label = format!("\n\n{}", state.footer.label);
            state.text.push_str(&label);
        }
        drop(state);
        self.ended();
    }

    /// The answer is there.
    pub(crate) fn finish(&self, reply: Reply, is_failed: bool) {
        let mut state = self.state();
        if state.content != Content::Running {
            return;
        }
        state.is_failed = is_failed;
        (state.text, state.markup) = if self.keeps_text(&state) {
            as_written(&reply)
        } else {
            Default::default()
        };
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
        drop(state);
        self.ended();
    }

    fn ended(&self) {
        self.changed.notify_waiters();
        self.grown.notify_waiters();
    }

    /// Whether its text may be read on a page after its end.
    fn keeps_text(&self, state: &State) -> bool {
        state.has_page || self.account.delivery == Strategy::Link
    }

    /// The page on which it can be read. It stays the same one for as long as this process has the answer.
    pub(crate) fn live_page(&self) -> Id {
        let mut guard = self.state();
        let state = &mut *guard;
        if let Content::Text { text, .. } = &state.content
            && state.text.is_empty()
            && !state.has_page
        {
            // It was saved before anybody thought of a page.
            let label = Footer {
                links: String::new(),
                ..state.footer.clone()
            };
            state.text = label.under(text.clone());
        }
        state.has_page = true;
        *state.live_page.get_or_insert_with(rand::random)
    }

    /// That page, if its address was given.
    pub(crate) fn given_page(&self) -> Option<Id> {
        self.state().live_page
    }

    /// Whether a page has it: then it does not wait to be read.
    pub(crate) fn has_page(&self) -> bool {
        self.state().has_page
    }

    /// Whether what a page shows is here. Of an answer that was saved with its page, it is in the journal only.
    pub(crate) fn has_text(&self) -> bool {
        !(self.identity.has_page && self.identity.content != Content::Running)
    }

    /// A page has shown all of it. Whether that changes anything.
    pub(crate) fn read_on_page(&self) -> bool {
        let mut state = self.state();
        if !state.has_page || !matches!(state.content, Content::Text { .. }) {
            return false;
        }
        state.content = Content::Read;
        state.step += 1;
        drop(state);
        self.changed.notify_waiters();
        true
    }

    /// How it looks on a page, from the byte `from` of its text on.
    pub(crate) fn look(&self, from: usize) -> Look {
        let state = self.state();
        let from = state.text.floor_char_boundary(from);
        Look {
            run: self.run,
            from,
            text: state.text[from..].to_owned(),
            markup: state.markup,
            stage: state.stage(),
        }
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

    /// Its next part does not come after the part before it.
    pub(crate) fn name_question(&self) {
        self.state().is_question_named = true;
    }

    /// Whether it has to say which question it answers: nothing of it was shown and another one was asked since, or the next part
    /// comes after something else.
    pub(crate) fn is_overtaken(&self) -> bool {
        let state = self.state();
        state.is_question_named || state.is_overtaken && state.step == 0
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
            Content::Running => Next::SoFar(state.rest(), state.markup),
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
        state.is_question_named = false;
        match (&mut state.content, bytes) {
            (Content::Running, bytes) => {
                let bytes = bytes
                    .unwrap_or_default()
                    .saturating_sub(state.reopening().len());
                state.shown_bytes = state.text.floor_char_boundary(state.shown_bytes + bytes);
                state.is_in_code = state.markup == Markup::Markdown
                    && ends_in_code(&state.text[..state.shown_bytes]);
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

    /// This link was shown.
    pub(crate) fn linked(&self, link: LinkRecord) {
        self.state().links.push(link);
    }

    /// The link that was shown, if it leads to this answer.
    pub(crate) fn link(&self, wanted: &Link) -> Option<LinkRecord> {
        let state = self.state();
        let mut links = state.links.iter();
        let link = links.find(|link| match *wanted {
            Link::Id(id) => link.id == id,
            // 0 is none.
            Link::Number(number) => number > 0 && link.number == number,
        });
        link.cloned()
    }

    /// As it goes into the journal.
    pub(crate) fn saved(&self) -> SavedAnswer {
        let state = self.state();
        SavedAnswer {
            content: match &state.content {
                // Who reads on from the journal knows nothing of a footer.
                Content::Text { text, shown_bytes } => Content::Text {
                    text: state.footer.under(text.clone()),
                    shown_bytes: *shown_bytes,
                },
                other => other.clone(),
            },
            step: state.step,
            is_overtaken: state.is_overtaken,
            has_page: state.has_page,
            written: (state.has_page && state.content != Content::Running && self.has_text()).then(
                || WrittenText {
                    text: state.text.clone(),
                    markup: state.markup,
                    stage: state.stage(),
                },
            ),
            ..self.identity.clone()
        }
    }

    /// Returns when this is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if is_so(self) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn changed(&self) -> &Notify {
        &self.changed
    }

    pub(crate) fn grown(&self) -> &Notify {
        &self.grown
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn stage(&self) -> Stage {
        match &self.content {
            Content::Running => Stage::Writing,
            content if self.is_failed || *content == Content::Failed => Stage::Failed,
            _ if self.is_broken_off => Stage::BrokenOff,
            _ => Stage::Written,
        }
    }

    /// What was not given out while it runs.
    fn rest(&self) -> String {
        [self.reopening(), &self.text[self.shown_bytes..]].concat()
    }

    /// What stands before the rest, so that it is read as it is meant.
    fn reopening(&self) -> &'static str {
        if self.is_in_code { "```\n" } else { "" }
    }
}

/// A reply as a page shows it. What is neither a text nor an article has nothing that could be read.
fn as_written(reply: &Reply) -> (String, Markup) {
    match reply {
        Reply::Text(text) => (text.clone(), Markup::Plain),
        Reply::News(articles) => (as_markdown(articles), Markup::Markdown),
        _ => Default::default(),
    }
}

fn as_markdown(articles: &[Article]) -> String {
    let article = |article: &Article| {
        let [title, description] = [&article.title, &article.description].map(|text| escaped(text));
        format!("### {title}\n\n{description}\n\n<{}>", article.url)
    };
    articles
        .iter()
        .map(article)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// On one line, and without any meaning in Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
    escaped
}
