//! [`AccountSettings`]: what is set about an account, without secrets.

use std::fmt;
use std::sync::Arc;

use echostr::{Language, LlmSettings, Strategy, Texts, Zone};
use echostr_protocol::AppId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// By which days and hours are counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time_zone: Zone,
    /// What followers read around answers that come late; those that are not set follow the language.
    #[serde(default, skip_serializing_if = "TextSettings::is_empty")]
    pub texts: TextSettings,
    /// Where the platform's HTTP API is, when it is not at its own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// Where access tokens come from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub access_token: AccessTokenFrom,
    /// Who answers.
    pub bot: BotSettings,
}

/// Where access tokens come from: `stable`, `plain`, or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AccessTokenFrom {
    /// The platform's `stable_token`, for which any number of programs may ask.
    #[default]
    Stable,
    /// The platform's `token`: then nobody else may ask.
    Plain,
    /// A program that gives them out, without a query; its key is [`access_token_key`](crate::AccountSecrets::access_token_key).
    Url(String),
}

impl AccessTokenFrom {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stable => "stable",
            Self::Plain => "plain",
            Self::Url(url) => url,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<String> for AccessTokenFrom {
    fn from(word: String) -> Self {
        match word.as_str() {
            "stable" => Self::Stable,
            "plain" => Self::Plain,
            _ => Self::Url(word),
        }
    }
}

impl From<AccessTokenFrom> for String {
    fn from(from: AccessTokenFrom) -> Self {
        from.as_str().to_owned()
    }
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
    pub failed: Option<String>,
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

/// Who answers. It prints addresses without their queries, which may hold a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum BotSettings {
    /// Sends text, image and voice back.
    Echo,
    /// Nobody.
    None,
    /// The owner's program; its secret is [`bot_secret`](crate::AccountSecrets::bot_secret).
    Http {
        /// Where it listens.
        url: String,
        /// 1 to 600.
        timeout_secs: u64,
        /// Whether it gets events too.
        events: bool,
    },
    /// Another server that expects the platform; its token is [`relay_token`](crate::AccountSecrets::relay_token), its key
    /// [`relay_encoding_aes_key`](crate::AccountSecrets::relay_encoding_aes_key).
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
    /// A language model; its keys are [`llm_keys`](crate::AccountSecrets::llm_keys).
    Llm(Box<LlmSettings>),
}

impl AccountSettings {
    /// What an account has that was told nothing but its id.
    pub fn new(id: &str) -> Self {
        Self {
            name: id.to_owned(),
            gh_id: None,
            app_id: None,
            mode: ModeWord::default(),
            delivery: Strategy::default(),
            welcome: None,
            fallback: String::new(),
            language: Language::default(),
            time_zone: Zone::default(),
            texts: TextSettings::default(),
            api_base: None,
            access_token: AccessTokenFrom::default(),
            bot: BotSettings::Echo,
        }
    }

    /// As they stand in the database.
    pub(crate) fn read(
        json: &str,
        columns: [(&'static str, Option<String>); 4],
    ) -> Result<Self, serde_json::Error> {
        let mut map: Map<String, Value> = serde_json::from_str(json)?;
        map.extend(columns.map(|(name, value)| (name.to_owned(), value.into())));
        serde_json::from_value(map.into())
    }
}

impl TextSettings {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What followers read: these, and those of the language where there are none.
    pub(super) fn over(&self, language: Language) -> Arc<Texts> {
        let texts = language.texts();
        if self.is_empty() {
            return texts;
        }
        let text = |own: &Option<String>, default: &String| own.as_ref().unwrap_or(default).clone();
        Arc::new(Texts {
            wait: text(&self.wait, &texts.wait),
            wait_label: text(&self.wait_label, &texts.wait_label),
            more_label: text(&self.more_label, &texts.more_label),
            end: text(&self.end, &texts.end),
            expired: text(&self.expired, &texts.expired),
            failed: text(&self.failed, &texts.failed),
            unread: text(&self.unread, &texts.unread),
            earlier: text(&self.earlier, &texts.earlier),
            busy: text(&self.busy, &texts.busy),
        })
    }
}

impl ModeWord {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compatible => "compatible",
            Self::Safe => "safe",
        }
    }
}

impl BotSettings {
    /// Where it listens, with `***` for a query.
    pub fn shown_url(&self) -> Option<String> {
        let url = self.url()?;
        Some(match url.split_once('?') {
            Some((address, _)) => format!("{address}?***"),
            None => url.to_owned(),
        })
    }

    fn url(&self) -> Option<&str> {
        match self {
            Self::Http { url, .. } | Self::Relay { url, .. } => Some(url),
            Self::Echo | Self::None | Self::Llm(_) => None,
        }
    }

    /// The address, if it may hold a secret.
    pub(super) fn secret_url(&self) -> Option<&str> {
        self.url().filter(|url| url.contains('?'))
    }

    /// The address is the one that was kept as a secret.
    pub(crate) fn set_url(&mut self, secret: &str) {
        if let Self::Http { url, .. } | Self::Relay { url, .. } = self {
            secret.clone_into(url);
        }
    }

    pub(super) fn masked(&self) -> Self {
        let mut masked = self.clone();
        masked.set_url(&self.shown_url().unwrap_or_default());
        masked
    }

    /// The word in the settings.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::None => "none",
            Self::Http { .. } => "http",
            Self::Relay { .. } => "relay",
            Self::Llm(_) => "llm",
        }
    }
}

impl fmt::Debug for BotSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.shown_url().unwrap_or_default();
        match self {
            Self::Echo => f.write_str("Echo"),
            Self::None => f.write_str("None"),
            Self::Http {
                timeout_secs,
                events,
                ..
            } => f
                .debug_struct("Http")
                .field("url", &url)
                .field("timeout_secs", timeout_secs)
                .field("events", events)
                .finish(),
            Self::Relay {
                mode,
                app_id,
                timeout_secs,
                ..
            } => f
                .debug_struct("Relay")
                .field("url", &url)
                .field("mode", mode)
                .field("app_id", app_id)
                .field("timeout_secs", timeout_secs)
                .finish(),
            Self::Llm(settings) => f.debug_tuple("Llm").field(settings).finish(),
        }
    }
}
