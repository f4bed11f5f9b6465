//! [`Gate`]: what stands between people and the model, in both directions: words that may not be said, and who else looks.

use std::sync::Arc;

use super::moderation::{Moderator, Segments};
use super::words::{Blocked, Screen, WordFilter};
use super::{BadLlm, LlmKeys, LlmSettings};
use crate::markdown::readable;

/// What makes of a Markdown text another one for who reads it, so that a word may be hidden by it.
const MARKUP: [char; 9] = ['&', '<', '[', '*', '_', '`', '~', '\\', '$'];
/// So much of a text with markup is read at once, in bytes, and of a long one a greater part: all readings together take no longer
/// than some readings of the whole.
const READ_AT_ONCE: usize = 64;

/// What may not be said.
pub(super) struct Gates {
    input: WordFilter,
    output: Arc<WordFilter>,
    has_output: bool,
    moderator: Option<Arc<Moderator>>,
}

impl Gates {
    pub(super) fn new(settings: &LlmSettings, keys: &LlmKeys) -> Result<Self, BadLlm> {
        let moderator = settings.moderation.as_ref();
        let moderator = moderator
            .map(|settings| Moderator::new(settings, keys.get("moderation.key")))
            .transpose()?;
        Ok(Self {
            input: WordFilter::new(&settings.words.input),
            output: Arc::new(WordFilter::new(&settings.words.output)),
            has_output: !settings.words.output.is_empty(),
            moderator: moderator.map(Arc::new),
        })
    }

    /// Whether the model may be asked this.
    pub(super) async fn lets_in(&self, question: &str) -> bool {
        if self.input.finds(question) {
            return false;
        }
        match self.moderator.as_ref().filter(|moderator| moderator.input) {
            Some(moderator) => moderator.passes(question).await,
            None => true,
        }
    }

    /// For an answer that begins.
    pub(super) fn out(&self) -> Gate {
        let moderator = self.moderator.as_ref();
        Gate {
            screen: Screen::new(Arc::clone(&self.output)),
            reader: self.has_output.then(|| Reader::new(&self.output)),
            segments: Segments::default(),
            moderator: moderator.filter(|moderator| moderator.output).cloned(),
        }
    }
}

/// An answer on its way to the follower.
pub(super) struct Gate {
    screen: Screen,
    /// Nothing when there are no words.
    reader: Option<Reader>,
    segments: Segments,
    moderator: Option<Arc<Moderator>>,
}

impl Gate {
    /// What can be shown now that this has come, too.
    pub(super) async fn push(&mut self, piece: &str) -> Result<String, Blocked> {
        let passed = self.screen.push(piece)?;
        let passed = match &mut self.reader {
            Some(reader) => reader.push(&passed)?,
            None => passed,
        };
        let Some(moderator) = &self.moderator else {
            return Ok(passed);
        };
        match self.segments.push(&passed) {
            Some(segment) => looked_at(moderator, segment).await,
            None => Ok(String::new()),
        }
    }

    /// What was held back.
    pub(super) async fn finish(self) -> Result<String, Blocked> {
        let Self {
            screen,
            reader,
            mut segments,
            moderator,
        } = self;
        let passed = screen.finish()?;
        let passed = match reader {
            Some(reader) => reader.finish(&passed)?,
            None => passed,
        };
        let Some(moderator) = moderator else {
            return Ok(passed);
        };
        let mut shown = String::new();
        let further = segments.push(&passed);
        for segment in further.into_iter().chain(segments.finish()) {
            shown += &looked_at(&moderator, segment).await?;
        }
        Ok(shown)
    }
}

/// Reads an answer as followers do, without its Markdown: `赌<!-- -->博` is a word then.
struct Reader {
    filter: Arc<WordFilter>,
    /// All of it: what a `[label]` means may have been said long before.
    text: String,
    n_shown: usize,
    has_markup: bool,
}

impl Reader {
    fn new(filter: &Arc<WordFilter>) -> Self {
        Self {
            filter: Arc::clone(filter),
            text: String::new(),
            n_shown: 0,
            has_markup: false,
        }
    }

    fn push(&mut self, piece: &str) -> Result<String, Blocked> {
        self.take(piece);
        let n_held = self.text.len() - self.n_shown;
        if self.has_markup && n_held < READ_AT_ONCE.max(self.text.len() / 16) {
            return Ok(String::new());
        }
        self.read()
    }

    fn finish(mut self, piece: &str) -> Result<String, Blocked> {
        self.take(piece);
        self.read()
    }

    fn take(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.has_markup |= piece.contains(MARKUP);
    }

    fn read(&mut self) -> Result<String, Blocked> {
        if self.has_markup && self.filter.finds(&readable(&self.text)) {
            return Err(Blocked);
        }
        let shown = self.text[self.n_shown..].to_owned();
        self.n_shown = self.text.len();
        Ok(shown)
    }
}

async fn looked_at(moderator: &Moderator, segment: String) -> Result<String, Blocked> {
    if moderator.passes(&segment).await {
        Ok(segment)
    } else {
        Err(Blocked)
    }
}
