//! What is kept of an account: its settings, its secrets, where it comes from.

use std::fmt;
use std::sync::Arc;

use echostr::{Language, Strategy};
use echostr_protocol::{AppId, EncodingAesKey, Token};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// An account as it is kept.
#[derive(Debug, Clone)]
pub struct AccountEntry {
    /// The public id, part of the address `/mp/{id}`: 1 to 32 of a-z, 0-9 and `-`.
    pub id: String,
    /// All that is not secret.
    pub settings: AccountSettings,
    /// All that is.
    pub secrets: AccountSecrets,
    /// Where it comes from.
    pub origin: Origin,
    /// Since when nothing of it is answered, Unix milliseconds.
    pub disabled_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds of the last change.
    pub updated_at_ms: i64,
    /// What came for it.
    pub seen: Arc<echostr::Seen>,
}

/// Where an account comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The file of settings: read-only elsewhere.
    File,
    /// The console, the HTTP API or the command line.
    Store,
}

/// What is set about an account, without secrets. The words in JSON are those of `config.default.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// For people; at most 64 characters.
    pub name: String,
    /// The original id (原始ID), `gh_…`: given, or learnt from the first valid push. Pushes to another one are refused.
    pub gh_id: Option<String>,
    /// `wx` and 16 hex digits.
    pub app_id: Option<AppId>,
    /// How bodies are sealed.
    pub mode: ModeWord,
    /// How late answers arrive.
    pub delivery: Strategy,
    /// For new followers; without it the text of the language.
    pub welcome: Option<String>,
    /// For answers that failed.
    pub fallback: String,
    /// Of texts that are not set.
    pub language: Language,
    /// What followers read around answers that come late; those that are not set follow the language.
    #[serde(default, skip_serializing_if = "TextSettings::is_empty")]
    pub texts: TextSettings,
    /// Who answers.
    pub bot: BotSettings,
}

/// The texts of [`echostr::Texts`], as far as they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of `echostr::Texts`")]
pub struct TextSettings {
    pub wait: Option<String>,
    pub wait_label: Option<String>,
    pub more_label: Option<String>,
    pub end: Option<String>,
    pub expired: Option<String>,
    pub unread: Option<String>,
    pub earlier: Option<String>,
    pub busy: Option<String>,
}

/// A mode by its word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModeWord {
    /// 明文模式
    #[default]
    Plain,
    /// 兼容模式
    Compatible,
    /// 安全模式
    Safe,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum BotSettings {
    /// Sends text, image and voice back.
    Echo,
    /// Nobody.
    None,
    /// The owner's program; its secret is [`AccountSecrets::bot_secret`].
    Http {
        /// Where it listens.
        url: String,
        /// 1 to 600.
        timeout_secs: u64,
        /// Whether it gets events too.
        events: bool,
    },
    /// Another server that expects the platform; its token is [`AccountSecrets::relay_token`], its key
    /// [`AccountSecrets::relay_encoding_aes_key`].
    Relay {
        /// Where it listens.
        url: String,
        /// What it expects.
        mode: ModeWord,
        /// Needed for `compatible` and `safe`.
        app_id: Option<AppId>,
        /// 1 to 600.
        timeout_secs: u64,
    },
}

/// The secrets of an account. None is ever printed.
#[derive(Debug, Clone)]
pub struct AccountSecrets {
    /// Signs every request; unique among accounts.
    pub token: Token,
    /// The token before, while it counts.
    pub previous_token: Option<Previous<Token>>,
    /// Needed for `compatible` and `safe`.
    pub encoding_aes_key: Option<EncodingAesKey>,
    /// The key before, while it counts.
    pub previous_encoding_aes_key: Option<Previous<EncodingAesKey>>,
    /// For the platform's HTTP API.
    pub app_secret: Option<SecretString>,
    /// Of a bot of kind `http`: `whsec_…`.
    pub bot_secret: Option<SecretString>,
    /// Of a bot of kind `relay`.
    pub relay_token: Option<Token>,
    /// Of a bot of kind `relay`.
    pub relay_encoding_aes_key: Option<EncodingAesKey>,
}

/// A secret that was replaced.
#[derive(Debug, Clone)]
pub struct Previous<T> {
    /// What it was.
    pub value: T,
    /// Until when it counts, Unix milliseconds; nothing: as long as it stands in the file.
    pub until_ms: Option<i64>,
}

/// Who does something, for the audit log: `command line`, `file`, `key k_1a2b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TextSettings {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
