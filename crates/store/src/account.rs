//! What is kept of an account: its settings, its secrets, where it comes from.

mod settings;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use echostr::{
    Able, Account, ApiAccount, BadLlm, BadProgram, HttpBot, LlmBot, LlmKeys, Mode, OwnBot, Program,
    Relay, RelayBot, Sealing, Seen, Used,
};
use echostr_client::{ApiBase, BadBase, TokenSource, TokenUrl};
use echostr_protocol::api::Secret;
use echostr_protocol::{EncodingAesKey, Token};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::settings::{AccessTokenFrom, AccountSettings, BotSettings, ModeWord, TextSettings};
use crate::db::without_nul;

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
    pub seen: Arc<Seen>,
    /// What it may do at the platform.
    pub able: Arc<Able>,
    /// Whether its token and its key are those of the platform's page.
    pub used: Arc<Used>,
    /// Why it cannot be read from the database: then it answers nothing, its secrets here are none of its own, and it can only be
    /// removed.
    pub unread: Option<Arc<str>>,
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
    /// Shown to the program that gives out access tokens.
    pub access_token_key: Option<SecretString>,
    /// Of a bot of kind `http`: `whsec_…`.
    pub bot_secret: Option<SecretString>,
    /// Of a bot of kind `relay`.
    pub relay_token: Option<Token>,
    /// Of a bot of kind `relay`.
    pub relay_encoding_aes_key: Option<EncodingAesKey>,
    /// Of a bot of kind `llm`.
    pub llm_keys: LlmKeys,
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

const COMMAND_LINE: &str = "command line";

impl Actor {
    /// Whoever may run commands on the server itself.
    pub fn command_line() -> Self {
        Self(COMMAND_LINE.into())
    }

    /// Whether it is that one.
    pub fn is_command_line(&self) -> bool {
        self.0 == COMMAND_LINE
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an entry cannot answer: it lacks something. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the account `{id}` {what}")]
pub struct Incomplete {
    /// The account.
    pub id: String,
    /// As the rest of a sentence about it.
    pub what: String,
}

/// How long a token or key counts after it was replaced.
pub const PREVIOUS_FOR: Duration = Duration::from_hours(24);

pub(crate) fn previous_for_ms() -> i64 {
    i64::try_from(PREVIOUS_FOR.as_millis()).unwrap_or(i64::MAX)
}

impl AccountEntry {
    /// An account in plain mode that echoes, as one that is made now.
    pub fn new(id: impl Into<String>, token: Token, now_ms: i64) -> Self {
        let id = id.into();
        Self {
            settings: AccountSettings::new(&id),
            id,
            secrets: AccountSecrets::new(token),
            origin: Origin::Store,
            disabled_at_ms: None,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            seen: Arc::default(),
            able: Arc::default(),
            used: Arc::default(),
            unread: None,
        }
    }

    /// Replaces the token; the one that the platform's page has counts for 24 hours more.
    pub fn rotate_token(&mut self, token: Token, now_ms: i64) {
        let secrets = &mut self.secrets;
        let before = secrets.previous_token.take();
        let returns = before.as_ref().is_some_and(|it| it.value == token);
        let replaced = std::mem::replace(&mut secrets.token, token);
        let is_used = self.used.token() || returns;
        secrets.previous_token = Some(Previous::kept(before, replaced, is_used, now_ms));
        self.used = Arc::new(Used::new(returns, self.used.key()));
    }

    /// Replaces the EncodingAESKey; the one that the platform's page has, if there was one, counts for 24 hours more.
    pub fn rotate_encoding_aes_key(&mut self, key: EncodingAesKey, now_ms: i64) {
        let secrets = &mut self.secrets;
        let before = secrets.previous_encoding_aes_key.take();
        let returns = before.as_ref().is_some_and(|it| it.value == key);
        secrets.previous_encoding_aes_key = match secrets.encoding_aes_key.replace(key) {
            Some(replaced) => {
                let is_used = self.used.key() || returns;
                Some(Previous::kept(before, replaced, is_used, now_ms))
            }
            None => before,
        };
        self.used = Arc::new(Used::new(self.used.token(), returns));
    }

    /// What is known of the secrets of an account that was loaded: whoever puts new ones into the platform's page causes a
    /// handshake, and a secret is as old as the replacement of the one before.
    pub(crate) fn recall_used(&mut self) {
        let handshake_at_ms = self.seen.snapshot().last_handshake_at_ms;
        let is_used = |until_ms: Option<i64>| {
            let made_at_ms = until_ms.map(|until_ms| until_ms.saturating_sub(previous_for_ms()));
            made_at_ms.is_some_and(|made_at_ms| handshake_at_ms > Some(made_at_ms))
        };
        let secrets = &self.secrets;
        let token = secrets.previous_token.as_ref();
        let key = secrets.previous_encoding_aes_key.as_ref();
        self.used = Arc::new(Used::new(
            is_used(token.and_then(|previous| previous.until_ms)),
            is_used(key.and_then(|previous| previous.until_ms)),
        ));
    }

    /// Why it answers nothing though it is not disabled: it cannot be read, or lacks something.
    pub fn fault(&self) -> Option<String> {
        match &self.unread {
            Some(why) => Some(why.to_string()),
            None => self
                .account()
                .err()
                .map(|incomplete| incomplete.to_string()),
        }
    }

    /// The account as the webhook needs it.
    ///
    /// # Errors
    /// Something is missing that its mode or its bot needs.
    pub fn account(&self) -> Result<Account, Incomplete> {
        let settings = &self.settings;
        let secrets = &self.secrets;
        let language = settings.language;
        Ok(Account {
            name: settings.name.clone(),
            previous_token: secrets.previous_token.as_ref().map(Previous::get),
            mode: self.mode()?,
            welcome: settings
                .welcome
                .clone()
                .unwrap_or_else(|| language.welcome().to_owned()),
            fallback: settings.fallback.clone(),
            language,
            zone: settings.time_zone,
            delivery: settings.delivery,
            texts: settings.texts.over(language),
            bot: settings.bot.kind().into(),
            own_bot: self.own_bot()?,
            gh_id: settings.gh_id.as_deref().map(Into::into),
            api: self.api()?,
            able: Arc::clone(&self.able),
            seen: Arc::clone(&self.seen),
            used: Arc::clone(&self.used),
            ..Account::new(&*self.id, secrets.token.clone())
        })
    }

    /// How the platform's HTTP API knows it, as far as that is set.
    fn api(&self) -> Result<Option<Arc<ApiAccount>>, Incomplete> {
        let settings = &self.settings;
        let Some(app_id) = &settings.app_id else {
            return Ok(None);
        };
        let secret = self.secrets.app_secret.as_ref();
        let secret = secret.map(|secret| Secret::from(secret.expose_secret()));
        let source = match (&settings.access_token, secret) {
            (AccessTokenFrom::Url(url), _) => {
                let unusable =
                    |error: BadBase| self.incomplete(format!("has no access tokens: {error}"));
                let key = self.secrets.access_token_key.as_ref();
                let key = key.map(|key| key.expose_secret().into());
                TokenSource::Url(TokenUrl::new(url, key).map_err(unusable)?)
            }
            (AccessTokenFrom::Stable, Some(secret)) => TokenSource::Stable(secret),
            (AccessTokenFrom::Plain, Some(secret)) => TokenSource::Plain(secret),
            (AccessTokenFrom::Stable | AccessTokenFrom::Plain, None) => return Ok(None),
        };
        let base = settings.api_base.as_deref().map(str::parse::<ApiBase>);
        let unusable = |error: BadBase| self.incomplete(format!("has no API: {error}"));
        Ok(Some(Arc::new(ApiAccount {
            app_id: app_id.clone(),
            source,
            base: base.transpose().map_err(unusable)?,
            component: None,
        })))
    }

    fn mode(&self) -> Result<Mode, Incomplete> {
        let mode = self.settings.mode;
        if mode == ModeWord::Plain {
            return Ok(Mode::Plain);
        }
        let lacks = |what: &str| {
            self.incomplete(format!(
                "is in the mode `{}`, which needs {what}",
                mode.as_str()
            ))
        };
        let app_id = self.settings.app_id.clone();
        let key = self.secrets.encoding_aes_key.clone();
        let previous = self.secrets.previous_encoding_aes_key.as_ref();
        let sealing = Sealing {
            app_id: app_id.ok_or_else(|| lacks("an AppID"))?,
            key: key.ok_or_else(|| lacks("an EncodingAESKey"))?,
            previous_key: previous.map(Previous::get),
        };
        Ok(match mode {
            ModeWord::Safe => Mode::Safe(sealing),
            _ => Mode::Compatible(sealing),
        })
    }

    /// Who answers, unless it is a bot that every server has.
    fn own_bot(&self) -> Result<Option<Arc<dyn OwnBot>>, Incomplete> {
        match &self.settings.bot {
            BotSettings::Echo | BotSettings::None => Ok(None),
            BotSettings::Http {
                url,
                timeout_secs,
                events,
            } => {
                let unusable = |error: BadProgram| self.incomplete(format!("has no bot: {error}"));
                let secret = self.secrets.bot_secret.as_ref();
                let secret = secret.ok_or_else(|| {
                    self.incomplete("has a bot of the kind `http`, which needs a secret".into())
                })?;
                let secret = secret.expose_secret().parse().map_err(unusable)?;
                let program = Program {
                    timeout: Duration::from_secs(*timeout_secs),
                    events: *events,
                    ..Program::new(url.parse().map_err(unusable)?, secret)
                };
                Ok(Some(Arc::new(HttpBot::new(program))))
            }
            BotSettings::Relay {
                url,
                mode,
                app_id,
                timeout_secs,
            } => {
                let unusable = |error: BadProgram| self.incomplete(format!("has no bot: {error}"));
                let lacks = |what: &str| {
                    self.incomplete(format!("has a bot of the kind `relay`, which needs {what}"))
                };
                let secrets = &self.secrets;
                let token = secrets.relay_token.clone();
                let key = secrets.relay_encoding_aes_key.clone();
                let sealing = || {
                    Ok::<_, Incomplete>(Sealing {
                        app_id: app_id
                            .clone()
                            .ok_or_else(|| lacks("an AppID in this mode"))?,
                        key: key.ok_or_else(|| lacks("an EncodingAESKey in this mode"))?,
                        previous_key: None,
                    })
                };
                let relay = Relay {
                    mode: match mode {
                        ModeWord::Plain => Mode::Plain,
                        ModeWord::Compatible => Mode::Compatible(sealing()?),
                        ModeWord::Safe => Mode::Safe(sealing()?),
                    },
                    timeout: Duration::from_secs(*timeout_secs),
                    ..Relay::new(
                        url.parse().map_err(unusable)?,
                        token.ok_or_else(|| lacks("a token"))?,
                    )
                };
                Ok(Some(Arc::new(RelayBot::new(relay))))
            }
            BotSettings::Llm(settings) => {
                let unusable = |error: BadLlm| self.incomplete(format!("has no bot: {error}"));
                let bot = LlmBot::new((**settings).clone(), self.secrets.llm_keys.clone());
                Ok(Some(Arc::new(bot.map_err(unusable)?)))
            }
        }
    }

    fn incomplete(&self, what: String) -> Incomplete {
        Incomplete {
            id: self.id.clone(),
            what,
        }
    }

    /// What of it is new against `before`, secrets masked; nothing when nothing is.
    pub(crate) fn difference(&self, before: &Self) -> Option<(Value, Value)> {
        let (mut was, mut is) = (before.visible(), self.visible());
        was.retain(|key, value| {
            let is_same = is.get(key) == Some(value);
            if is_same {
                is.remove(key);
            }
            !is_same
        });
        for ((name, old), (_, new)) in before.kept().into_iter().zip(self.kept()) {
            if old == new {
                continue;
            }
            // The address stands there already.
            if name == BOT_URL {
                was.entry("bot")
                    .or_insert_with(|| json!(before.settings.bot.masked()));
                is.entry("bot")
                    .or_insert_with(|| json!(self.settings.bot.masked()));
                continue;
            }
            let masked = |secret: Option<Kept<'_>>| secret.map(|_| (name.to_owned(), json!("***")));
            was.extend(masked(old));
            is.extend(masked(new));
        }
        (!was.is_empty() || !is.is_empty()).then(|| (was.into(), is.into()))
    }

    /// All of it, secrets masked.
    pub(crate) fn masked(&self) -> Value {
        let mut map = self.visible();
        let kept = self
            .kept()
            .into_iter()
            .filter(|(name, kept)| *name != BOT_URL && kept.is_some());
        map.extend(kept.map(|(name, _)| (name.to_owned(), json!("***"))));
        map.into()
    }

    /// Every secret in the order of [`SECRETS`], as far as it is set.
    pub(crate) fn kept(&self) -> [(&'static str, Option<Kept<'_>>); 11] {
        fn token(token: &Token) -> Kept<'_> {
            Kept {
                text: token.expose().into(),
                until_ms: None,
            }
        }
        fn key(key: &EncodingAesKey) -> Kept<'_> {
            Kept {
                text: key.to_base64().into(),
                until_ms: None,
            }
        }
        fn text(secret: &SecretString) -> Kept<'_> {
            Kept {
                text: secret.expose_secret().into(),
                until_ms: None,
            }
        }
        fn previous<'a, T>(of: fn(&'a T) -> Kept<'a>) -> impl Fn(&'a Previous<T>) -> Kept<'a> {
            move |previous| Kept {
                until_ms: previous.until_ms,
                ..of(&previous.value)
            }
        }
        let secrets = &self.secrets;
        let values = [
            Some(token(&secrets.token)),
            secrets.previous_token.as_ref().map(previous(token)),
            secrets.encoding_aes_key.as_ref().map(key),
            secrets
                .previous_encoding_aes_key
                .as_ref()
                .map(previous(key)),
            secrets.app_secret.as_ref().map(text),
            secrets.access_token_key.as_ref().map(text),
            secrets.bot_secret.as_ref().map(text),
            secrets.relay_token.as_ref().map(token),
            secrets.relay_encoding_aes_key.as_ref().map(key),
            self.settings.bot.secret_url().map(|url| Kept {
                text: url.into(),
                until_ms: None,
            }),
            written(&secrets.llm_keys).map(|text| Kept {
                text: text.into(),
                until_ms: None,
            }),
        ];
        let mut values = values.into_iter();
        SECRETS.map(|name| (name, values.next().flatten()))
    }

    fn visible(&self) -> Map<String, Value> {
        let mut map = object(&self.settings);
        map.insert("bot".into(), json!(self.settings.bot.masked()));
        map.insert("origin".into(), json!(self.origin.as_str()));
        map.insert("disabled".into(), json!(self.disabled_at_ms.is_some()));
        map.retain(|_, value| !value.is_null());
        map
    }

    pub(crate) fn columns(&self) -> Columns {
        let mut settings = object(&self.settings);
        if self.settings.bot.secret_url().is_some() {
            settings.insert("bot".into(), json!(self.settings.bot.masked()));
        }
        for name in IN_COLUMNS {
            settings.remove(name);
        }
        Columns {
            // PostgreSQL's texts cannot hold it.
            name: without_nul(&self.settings.name).into_owned(),
            gh_id: self.settings.gh_id.clone(),
            app_id: self.settings.app_id.as_ref().map(ToString::to_string),
            mode: self.settings.mode.as_str(),
            settings: Value::from(settings).to_string(),
        }
    }
}

/// What of the settings stands in columns of its own.
const IN_COLUMNS: [&str; 4] = ["name", "gh_id", "app_id", "mode"];

pub(crate) struct Columns {
    pub(crate) name: String,
    pub(crate) gh_id: Option<String>,
    pub(crate) app_id: Option<String>,
    pub(crate) mode: &'static str,
    pub(crate) settings: String,
}

fn object(settings: &AccountSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("settings are an object of texts, numbers and flags"),
    }
}

impl Origin {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Store => "store",
        }
    }
}

/// A secret in clear, on its way into the database.
#[derive(PartialEq)]
pub(crate) struct Kept<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) until_ms: Option<i64>,
}

/// The address of the bot, when it has a query: that may hold a secret.
pub(crate) const BOT_URL: &str = "bot_url";

/// The keys of a bot of kind `llm`, as JSON: they are one secret.
pub(crate) const LLM_KEYS: &str = "llm_keys";

fn written(keys: &LlmKeys) -> Option<String> {
    let written = (!keys.0.is_empty()).then(|| serde_json::to_string(&keys.0));
    written?.ok()
}

/// The names of the secrets in the database.
pub(crate) const SECRETS: [&str; 11] = [
    "token",
    "previous_token",
    "encoding_aes_key",
    "previous_encoding_aes_key",
    "app_secret",
    "access_token_key",
    "bot_secret",
    "relay_token",
    "relay_encoding_aes_key",
    BOT_URL,
    LLM_KEYS,
];

impl AccountSecrets {
    /// Nothing but the token.
    pub fn new(token: Token) -> Self {
        Self {
            token,
            previous_token: None,
            encoding_aes_key: None,
            previous_encoding_aes_key: None,
            app_secret: None,
            access_token_key: None,
            bot_secret: None,
            relay_token: None,
            relay_encoding_aes_key: None,
            llm_keys: LlmKeys::default(),
        }
    }

    /// A token that nobody can guess: 32 letters and digits.
    pub fn random_token() -> Token {
        let token: String = (0..32).map(|_| random_of(ALPHANUMERIC)).collect();
        token.parse().expect("32 letters and digits are a token")
    }

    /// An EncodingAESKey that nobody can guess. The platform's page takes letters and digits only, and the last one has four bits.
    pub fn random_encoding_aes_key() -> EncodingAesKey {
        let key: String = (0..42).map(|_| random_of(ALPHANUMERIC)).collect();
        let key = format!("{key}{}", random_of(b"AEIMQUYcgkosw048"));
        key.parse().expect("43 letters and digits are a key")
    }
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn random_of(characters: &[u8]) -> char {
    characters[rand::rng().random_range(0..characters.len())].into()
}

impl<T: Clone> Previous<T> {
    fn get(&self) -> T {
        self.value.clone()
    }
}

impl<T> Previous<T> {
    /// The one that is replaced now; but the one before it, as long as that counts and no request has come with this one:
    /// then the platform's page has that one.
    fn kept(before: Option<Self>, replaced: T, is_used: bool, now_ms: i64) -> Self {
        let before = before.filter(|before| !is_used && !before.is_over(now_ms));
        Self {
            value: before.map_or(replaced, |before| before.value),
            until_ms: Some(now_ms.saturating_add(previous_for_ms())),
        }
    }

    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        self.until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }
}
