//! Rules: what is answered without a bot. [`Rule`] says when and with what, as it is written in JSON and TOML; [`RuleSet`] finds
//! the first that answers, in microseconds whatever their number; [`Rules`] is the handler.
//!
//! One message's way: `handler.rs` asks; `question.rs` reads the message, `fold.rs` its text; `index.rs` finds the rules that it
//! fits; `set.rs` brings those of the account and those for all into one order; `when.rs` and `facts.rs` say whether something
//! is in the way; `answer.rs` answers, with the values of `template.rs`.
//!
//! A further condition is one field of [`When`] and one line each in `check.rs` and `when.rs`; a further reply is one variant of
//! [`RuleReply`] and one line each in `check.rs` and `answer.rs`.

mod answer;
mod check;
mod facts;
pub(crate) mod fold;
mod handler;
mod index;
mod kind;
mod pattern;
mod question;
mod set;
mod template;
mod when;

use std::fmt;

use echostr_protocol::{AppId, Article, EncodingAesKey, MediaId, Music, Token, Video};
use serde::{Deserialize, Serialize};

pub use check::{RuleFault, fault_of_kind};
pub use handler::{ByRules, Considered, Rules, Trial};
pub use set::{RuleParts, RuleSet};

/// When something is answered, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// 1 to 64 of a-z, 0-9, `-` and `_`; unique among all rules.
    pub id: String,
    /// The id of the account that it is for; nothing: for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// For people; at most 64 characters, may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Higher ones are asked first, -1000 to 1000. Of equal ones, those of the account come before those for all, then they go by
    /// id.
    #[serde(default)]
    pub priority: i32,
    /// Whether it is asked at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// For so many seconds it does not answer the same follower again, 0 to 2 678 400 (31 days).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cool_down_secs: u64,
    /// When.
    #[serde(default)]
    pub when: When,
    /// With what.
    pub reply: RuleReply,
}

/// When a rule answers: everything that is given here must hold. Of a list, one must.
///
/// `equals`, `contains`, `starts_with` and `regex` are one list of patterns for the text; upper and lower case, full and half width
/// are the same for all of them (`Ａ` = `a`). Without `kind`, a rule with such patterns answers texts (and voices that the platform
/// has recognised), one with `key` menu events, one with `scene` scans and follows, and any other one all messages that followers
/// write, but no events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Kinds: `text`, `image`, …, `unsupported`; `event.subscribe`, `event.click`, …; `message` for all that followers write,
    /// `event` for all events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<String>,
    /// The whole text, white space around it not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// Somewhere in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
    /// The beginning of the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// Somewhere in the text; `^` and `$` are its ends. Its groups can be used in the reply: `{{1}}`, `{{name}}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex: Vec<String>,
    /// The key of a menu entry (for `VIEW`, its address), exactly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The scene of the QR code that was scanned just now, of followers and of those who follow by it; `abc*` is every one that
    /// begins with `abc`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scene: Vec<String>,
    /// The scene of the QR code by which the follower came, whenever that was; `abc*` as in `scene`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// Hours of the day in the account's time zone: `09:00-18:00`, also over midnight; the end is not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<String>,
    /// `mon` to `sun`, in the account's time zone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<String>,
    /// The first day, `2026-12-01`, in the account's time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only the first message that a follower ever writes.
    #[serde(skip_serializing_if = "is_not")]
    pub first_message: bool,
    /// Only for so many of a hundred followers, 1 to 99, always the same ones for a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u8>,
}

/// With what a rule answers. As JSON an object with one member: `{"text": "…"}`, `{"image": "MEDIA_ID"}`, `{"silence": true}`.
///
/// Texts, and the titles, descriptions and addresses of articles and music, may have variables: `{{message.content}}`,
/// `{{follower.openid}}`, `{{account.name}}`, `{{date}}`, `{{time}}`, `{{1}}`; `{{{{` is `{{` itself. A value is at most 500
/// characters and never becomes a link: `<` and `>` are wide in it, and what clients would take for an address is broken by a
/// character without width. In the address of a link it is percent-encoded, and may not be its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleReply {
    /// A text; `<a href="https://…">…</a>` in it is a link. Of any length: what goes beyond one message is read on by a link.
    Text(String),
    /// A text in Markdown.
    Markdown(String),
    /// A picture, by its media id.
    Image(MediaId),
    /// A voice, by its media id.
    Voice(MediaId),
    /// A video.
    Video(Video),
    /// A piece of music.
    Music(Music),
    /// Articles: one after a message, up to eight after an event.
    News(Vec<Article>),
    /// Hands the message to the customer-service desk: `true`, or the account of an agent.
    Desk(Desk),
    /// Hands the message to the platform's own AI reply: `true`.
    Ai(Yes),
    /// Nothing is answered: `true`.
    Silence(Yes),
    /// One of these by chance, 2 to 20.
    Random(Vec<RuleReply>),
    /// All of these in this order, 2 to 5: the first as the reply, the others as customer-service messages, or one by one from
    /// the outbox where the account may send none.
    All(Vec<RuleReply>),
    /// Another server that expects the platform answers; its token and key are the rule's [`RuleSecrets`].
    Relay(RuleRelay),
    /// A bot answers.
    Bot(RuleBot),
}

/// Another server that expects the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRelay {
    /// Where it listens.
    pub url: String,
    /// `plain`, `compatible` or `safe`.
    #[serde(default = "plain")]
    pub mode: String,
    /// Needed for `compatible` and `safe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// 1 to 600.
    #[serde(default = "a_minute")]
    pub timeout_secs: u64,
}

/// A bot that answers for a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBot {
    /// `own` is the account's, `echo` sends back what came.
    #[serde(default = "own")]
    pub name: String,
    /// Instead of the system prompt of a bot of the kind `llm`; at most 8000 characters. Variables can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct Yes;

/// `true` for any agent, or the account of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Desk {
    /// Any.
    Any(Yes),
    /// This one.
    Agent(String),
}

/// What a rule with a relay needs and nobody may see.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RuleSecrets {
    /// Signs what is relayed.
    pub token: Option<Token>,
    /// Seals it, in the modes `compatible` and `safe`.
    pub encoding_aes_key: Option<EncodingAesKey>,
}

impl fmt::Debug for RuleSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |is_set: bool| if is_set { "***" } else { "none" };
        f.debug_struct("RuleSecrets")
            .field("token", &set(self.token.is_some()))
            .field("encoding_aes_key", &set(self.encoding_aes_key.is_some()))
            .finish()
    }
}

impl TryFrom<bool> for Yes {
    type Error = &'static str;

    fn try_from(is_it: bool) -> Result<Self, Self::Error> {
        is_it
            .then_some(Self)
            .ok_or("is `false`, only `true` says something here")
    }
}

impl From<Yes> for bool {
    fn from(_: Yes) -> Self {
        true
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_not(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn plain() -> String {
    "plain".into()
}

fn own() -> String {
    "own".into()
}

fn a_minute() -> u64 {
    60
}
