//! What a handler answers: a reply at once, or a text that comes piece by piece.

use std::fmt;

use echostr_protocol::{Article, Reply, Str};
use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use crate::{BoxError, FileReply, readable};

/// What a handler answers.
#[derive(Debug)]
pub enum Answer {
    /// All of it. A text may have any length: what goes beyond one message is read on by a link.
    Reply(Reply),
    /// All of a text in Markdown, of any length. Followers read it as [readable](crate::readable) text, and on a page as it
    /// is meant.
    Markdown(String),
    /// A text that is still being written.
    Text(TextStream),
    /// A picture, a voice or a video that is uploaded first.
    File(FileReply),
    /// Several replies, at least one: the first answers the push, the others follow as customer-service messages, or wait in
    /// the outbox where the account may send none.
    Several(Vec<Reply>),
    /// The next handler that takes the message is asked.
    Pass,
    /// An answer, and by whom: the journal has it under this name, such as `rule price`, instead of that of the account's bot.
    By(Str, Box<Answer>),
}

/// What stands under a text beside its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footer {
    /// Marks the text as made by a machine: a suffix of every message with a part of it. Empty: none.
    pub label: String,
    /// Whether it is a suffix also of messages that the platform marks by itself.
    pub is_always_labelled: bool,
    /// Stands under the last part: links to tap, as followers read them. Empty: none.
    pub links: String,
}

impl Footer {
    /// `text` with all of it.
    pub(crate) fn under(&self, mut text: String) -> String {
        text.truncate(text.trim_end().len());
        for part in [&self.label, &self.links] {
            if !part.is_empty() {
                text.push_str("\n\n");
                text.push_str(part);
            }
        }
        text
    }
}

/// A text that comes piece by piece, such as that of a language model. What has come when the platform stops waiting is
/// shown, with a link to the rest.
///
/// ```
/// use echostr::prelude::*;
/// use futures_util::stream;
///
/// let bot = Bot::new().on(async |_: Text| TextStream::new(stream::iter(["今天", "晴。"])));
/// ```
pub struct TextStream {
    pub(crate) pieces: BoxStream<'static, Result<String, BoxError>>,
    pub(crate) markup: Markup,
    pub(crate) is_ai: bool,
    pub(crate) footer: Footer,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Markup {
    /// As followers read it.
    #[default]
    Plain,
    /// Markdown, which followers cannot read: it is turned into [readable](crate::readable) text.
    Markdown,
}

/// A whole text in Markdown; followers read it as [readable](crate::readable) text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown<T>(pub T);

/// A piece of a [`TextStream`]: a `&'static str`, a `String`, or a `Result` of one.
pub trait IntoPiece {
    /// The piece.
    ///
    /// # Errors
    /// What ended the text: the follower reads what came before, or the account's fallback text when nothing did.
    fn into_piece(self) -> Result<String, BoxError>;
}

impl IntoPiece for &'static str {
    fn into_piece(self) -> Result<String, BoxError> {
        Ok(self.to_owned())
    }
}

impl IntoPiece for String {
    fn into_piece(self) -> Result<String, BoxError> {
        Ok(self)
    }
}

impl<P: IntoPiece, E: Into<BoxError>> IntoPiece for Result<P, E> {
    fn into_piece(self) -> Result<String, BoxError> {
        self.map_err(Into::into)?.into_piece()
    }
}

impl TextStream {
    /// A text as followers read it.
    pub fn new<S>(pieces: S) -> Self
    where
        S: Stream<Item: IntoPiece> + Send + 'static,
    {
        Self {
            pieces: pieces.map(IntoPiece::into_piece).boxed(),
            markup: Markup::Plain,
            is_ai: false,
            footer: Footer::default(),
        }
    }

    /// The same text with something under it.
    #[must_use]
    pub fn footer(self, footer: Footer) -> Self {
        Self { footer, ..self }
    }

    /// The same text, written by a model: messages with it are marked so (`aimsgcontext`).
    #[must_use]
    pub fn by_model(self) -> Self {
        Self {
            is_ai: true,
            ..self
        }
    }

    /// A text in Markdown.
    pub fn markdown<S>(pieces: S) -> Self
    where
        S: Stream<Item: IntoPiece> + Send + 'static,
    {
        Self {
            markup: Markup::Markdown,
            ..Self::new(pieces)
        }
    }
}

impl fmt::Debug for TextStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextStream")
            .field("markup", &self.markup)
            .finish_non_exhaustive()
    }
}

impl Markup {
    /// The text as followers read it.
    pub(crate) fn shown(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Markdown => readable(text),
        }
    }
}

impl Answer {
    /// Waits for all of it.
    ///
    /// # Errors
    /// The handler's, in the middle of its text.
    pub async fn whole(self) -> Result<Reply, BoxError> {
        match self {
            Self::Reply(reply) => Ok(reply),
            Self::Several(replies) => Ok(replies.into_iter().next().unwrap_or_default()),
            Self::Pass => Ok(Reply::Silence),
            Self::By(_, answer) => Box::pin(answer.whole()).await,
            Self::Markdown(text) => Ok(readable(&text).into()),
            Self::Text(TextStream { pieces, markup, .. }) => {
                let text: String = pieces.try_collect().await?;
                Ok(markup.shown(&text).into())
            }
            Self::File(_) => {
                Err("the file was not uploaded: that needs a bot with an account".into())
            }
        }
    }
}

macro_rules! replies {
    ($($reply:ty)*) => {$(
        impl From<$reply> for Answer {
            fn from(reply: $reply) -> Self {
                Self::Reply(reply.into())
            }
        }
    )*};
}
replies! { Reply &str String Str Article }

impl From<FileReply> for Answer {
    fn from(file: FileReply) -> Self {
        Self::File(file)
    }
}

impl From<TextStream> for Answer {
    fn from(text: TextStream) -> Self {
        Self::Text(text)
    }
}
