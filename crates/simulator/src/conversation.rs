//! [`Conversation`]: what a follower sees on the phone.

use echostr_protocol::Article;
use serde::Serialize;

/// How many entries of a conversation are kept.
const MAX_ENTRIES: usize = 500;

/// What a follower sees of one account.
#[derive(Debug, Default)]
pub struct Conversation {
    entries: Vec<Entry>,
    /// How many entries have come that were not seen yet.
    pub n_unread: usize,
    /// Until when 「对方正在输入…」 stands above it, in Unix milliseconds.
    pub typing_until_ms: i64,
}

impl Conversation {
    /// Oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds what the account sent; it is unread until the follower looks.
    pub(crate) fn add(&mut self, entry: Entry) {
        if entry.from == From::Account {
            self.n_unread += 1;
        }
        self.entries.push(entry);
        if self.entries.len() > MAX_ENTRIES {
            self.entries.drain(..self.entries.len() - MAX_ENTRIES);
        }
    }
}

/// One thing in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Unique in the world.
    pub id: u64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Who says it.
    pub from: From,
    /// What is seen.
    pub bubble: Bubble,
    /// The exchange that shows how it came about.
    pub exchange: Option<u64>,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// The follower, on the right.
    Follower,
    /// The account, on the left.
    Account,
    /// The client itself: a grey line in the middle.
    Client,
}

/// What is seen of one message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bubble {
    /// A text, with its links as they were sent.
    Text {
        /// As it was sent.
        content: String,
        /// Whether it is marked as made by AI.
        is_ai: bool,
    },
    /// A picture.
    Image {
        /// Where it is; empty when the platform does not have it.
        url: String,
    },
    /// A voice.
    Voice {
        /// Where it is.
        url: String,
    },
    /// A video.
    Video {
        /// Where it is.
        url: String,
        /// May be empty.
        title: String,
        /// May be empty.
        description: String,
    },
    /// A piece of music.
    Music {
        /// Its name.
        title: String,
        /// May be empty.
        description: String,
        /// Where it is.
        url: String,
        /// The cover.
        thumb_url: String,
    },
    /// Cards that open articles or pages.
    News(Vec<Article>),
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Its address.
        label: String,
    },
    /// A card that was forwarded.
    Link {
        /// Its title.
        title: String,
        /// Its text.
        description: String,
        /// Where it leads.
        url: String,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its size.
        size_bytes: u64,
    },
    /// Something that the platform does not forward, such as a sticker.
    Unsupported {
        /// What it was: `动画表情`.
        what: String,
    },
    /// Answers to choose from (菜单消息).
    Menu {
        /// Above them.
        head: String,
        /// Id and text of each.
        entries: Vec<(String, String)>,
        /// Below them.
        tail: String,
    },
    /// A card of a mini program.
    MiniProgram {
        /// Its title.
        title: String,
        /// Of the mini program.
        app_id: String,
        /// The page that it opens.
        path: String,
    },
    /// A template message or a subscription notice.
    Notice {
        /// Of its template.
        title: String,
        /// Label and value of each line.
        fields: Vec<(String, String)>,
        /// Where a tap leads; may be empty.
        url: String,
    },
    /// A grey line of the client, such as the failure notice.
    Line(String),
}

impl Bubble {
    /// A text that no AI made.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text {
            content: content.into(),
            is_ai: false,
        }
    }

    /// Its text, if it is one.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Text { content, .. } => content,
            _ => "",
        }
    }
}
