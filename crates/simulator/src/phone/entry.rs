//! One thing in a conversation, as HTML.

use askama::Template;

use super::language::Language;
use super::{explain, text};
use crate::conversation::{Bubble, Entry, From};
use crate::world::{Account, Follower, World};

/// Between two entries that are farther apart than this, the time stands.
const STAMP_MS: i64 = 5 * 60 * 1000;
/// How much of a text is looked at for its first words, in bytes.
const MAX_LOOKED_AT_BYTES: usize = 2 * 1024;
/// How many characters the first words are.
const MAX_WORDS: usize = 60;

/// A picture of somebody: the first letter of their name on a colour.
pub(super) struct Avatar {
    pub(super) letter: String,
    pub(super) colour: usize,
}

impl Avatar {
    pub(super) fn of_account(account: &Account) -> Self {
        Self::new(&account.settings.name, account.settings.app_id.as_str())
    }

    /// The last letter: 小明 and 小红 are told by it.
    pub(super) fn of_follower(follower: &Follower) -> Self {
        let last = follower.name.chars().next_back().unwrap_or('?');
        Self::new(&last.to_string(), follower.open_id.as_str())
    }

    fn new(name: &str, id: &str) -> Self {
        let sum: usize = id.bytes().map(usize::from).sum();
        Self {
            letter: name.chars().next().unwrap_or('?').to_string(),
            colour: sum % 8,
        }
    }
}

#[derive(Template)]
#[template(path = "entry.html")]
struct Shown<'a> {
    language: Language,
    entry: &'a Entry,
    /// Whether the time stands above it.
    is_stamped: bool,
    avatar: Avatar,
    /// Why there is a failure notice; empty: there is none.
    why: String,
    base: &'a str,
}

#[expect(clippy::unused_self, reason = "templates call methods")]
impl Shown<'_> {
    fn side(&self) -> &'static str {
        match self.entry.from {
            From::Follower => "mine",
            From::Account => "theirs",
            From::Client => "line",
        }
    }

    /// HTML of a text.
    fn html(&self, content: &str) -> String {
        text::html(content, self.entry.from != From::Follower)
    }

    /// Where the page finds a file of the simulator; empty for what lies elsewhere, which it does not load.
    fn local(&self, url: &str) -> String {
        local(self.base, url).unwrap_or_default().to_owned()
    }

    /// The address if a browser may be sent there.
    fn web<'u>(&self, url: &'u str) -> &'u str {
        if text::is_web(url) { url } else { "" }
    }
}

fn local<'u>(base: &str, url: &'u str) -> Option<&'u str> {
    url.strip_prefix(base).filter(|path| path.starts_with('/'))
}

/// The entries after `after`.
pub(super) fn html(
    world: &World,
    account: &Account,
    follower: &Follower,
    after: u64,
    language: Language,
) -> String {
    let mut previous_ms = None;
    let mut html = String::new();
    for entry in follower.conversation.entries() {
        let is_stamped = previous_ms.is_none_or(|previous_ms| entry.at_ms - previous_ms > STAMP_MS);
        previous_ms = Some(entry.at_ms);
        let is_silence = matches!(&entry.bubble, Bubble::Line(line) if line.is_empty());
        if entry.id <= after || is_silence {
            continue;
        }
        let shown = Shown {
            language,
            entry,
            is_stamped,
            avatar: match entry.from {
                From::Follower => Avatar::of_follower(follower),
                _ => Avatar::of_account(account),
            },
            why: explain::failure(world, account, entry, language),
            base: &world.base,
        };
        html += &shown.render().expect("it is written into memory");
    }
    html
}

fn start(text: &str) -> &str {
    text::start(text, MAX_LOOKED_AT_BYTES)
}

/// The last thing of a conversation in a few words, for the list.
pub(super) fn last_words(follower: &Follower, language: Language) -> String {
    let said = |entry: &&Entry| !matches!(&entry.bubble, Bubble::Line(line) if line.is_empty());
    let Some(entry) = follower.conversation.entries().iter().rev().find(said) else {
        return String::new();
    };
    let of = |chinese, english, more: &str| {
        format!("[{}] {}", language.t(chinese, english), start(more))
    };
    let words = match &entry.bubble {
        Bubble::Text { content, .. } => text::plain(start(content)),
        Bubble::Image { .. } => of("图片", "Picture", ""),
        Bubble::Voice { .. } => of("语音", "Voice", ""),
        Bubble::Video { title, .. } => of("视频", "Video", title),
        Bubble::Music { title, .. } => of("音乐", "Music", title),
        Bubble::News(articles) => of(
            "图文",
            "Article",
            articles.first().map_or("", |article| &article.title),
        ),
        Bubble::Location { label, .. } => of("位置", "Location", label),
        Bubble::Link { title, .. } => of("链接", "Link", title),
        Bubble::File { name, .. } => of("文件", "File", name),
        Bubble::Unsupported { what } => of("表情", "Sticker", what),
        Bubble::Menu { head, .. } => start(head).to_owned(),
        Bubble::MiniProgram { title, .. } => of("小程序", "Mini program", title),
        Bubble::Notice { title, .. } => of("通知", "Notice", title),
        Bubble::Line(line) => start(line).to_owned(),
    };
    words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_WORDS)
        .collect()
}
