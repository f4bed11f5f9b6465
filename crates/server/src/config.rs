//! The settings of the process and its accounts, from `config.default.toml`, a file, the environment and the command line.
//!
//! `config.default.toml` is the manual and holds the defaults; a key that is not in it does not exist.
//! A new key is one block there, one field and one line below.

mod fault;
mod reader;
mod unknown;
mod value;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use echostr_protocol::{AppId, EncodingAesKey, MAX_BYTES, Token};
use ipnet::IpNet;

pub use self::fault::{Fault, Faults, Place, Warning};
use self::reader::{Document, Reader};
use self::value::{
    account_id, account_name, address, app_id, boolean, bot, folder, integer, list_of, network,
    one_of, seconds, secret, text, url,
};

/// The commented manual: every key with its default, range and a reason to change it.
pub const MANUAL: &str = include_str!("../config.default.toml");

/// The settings of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where connections are accepted.
    pub listen: SocketAddr,
    /// The folder for data; relative to the working directory unless absolute.
    pub data: PathBuf,
    /// Scheme, host and port by which the world reaches the server, without a slash at the end.
    pub public_url: Option<String>,
    /// Who is believed about `X-Forwarded-For`.
    pub trusted_proxies: Vec<IpNet>,
    /// How to log.
    pub log: Log,
    /// What a client may cost.
    pub limits: Limits,
    /// Accounts that nobody registered.
    pub open_access: OpenAccess,
    /// Registered accounts; ids differ, and so do tokens, previous ones included.
    pub accounts: Vec<AccountConfig>,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least important thing that is logged.
    pub level: Level,
    /// The form of a line.
    pub format: Format,
}

/// What a client may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at the same time.
    pub max_connections: usize,
    /// The largest request body, 64 KiB to 1 MiB.
    pub body_bytes: usize,
    /// Within which the head of a request must arrive.
    pub header_timeout: Duration,
    /// Within which the body of a request must arrive.
    pub body_timeout: Duration,
    /// That requests under way may still take after a stop signal.
    pub shutdown: Duration,
}

/// Open access — anybody's account, any token, nothing to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAccess {
    /// Whether there is any.
    pub enabled: bool,
    /// Who answers.
    pub bot: BotKind,
    /// For new followers, at most 2048 bytes; empty: no welcome.
    pub welcome: String,
    /// For answers that failed or are late, at most 2048 bytes; empty: no answer.
    pub fallback: String,
    /// Of built-in texts.
    pub language: Language,
}

/// A registered account (公众号) of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// The public name in the account's address: 1 to 32 of a-z, 0-9 and `-`.
    pub id: String,
    /// The name for people; the id if none was given.
    pub name: String,
    /// The token that the platform signs with.
    pub token: Token,
    /// The token before, valid while it is being changed.
    pub previous_token: Option<Token>,
    /// The AppID; always there unless the mode is plain.
    pub app_id: Option<AppId>,
    /// The current key; always there unless the mode is plain.
    pub encoding_aes_key: Option<EncodingAesKey>,
    /// The key before, valid while it is being changed.
    pub previous_encoding_aes_key: Option<EncodingAesKey>,
    /// How pushes and replies are encrypted.
    pub mode: Mode,
    /// For new followers, at most 2048 bytes; empty: no welcome.
    pub welcome: String,
    /// For answers that failed or are late, at most 2048 bytes; empty: no answer.
    pub fallback: String,
    /// Of built-in texts.
    pub language: Language,
    /// Who answers.
    pub bot: BotKind,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words that everybody uses for levels")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Pretty,
    /// One object per line.
    Json,
}

/// The message encryption (消息加解密方式), as chosen on the platform's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Clear pushes, clear replies — 明文模式.
    Plain,
    /// Pushes carry both; only the encrypted copy is used — 兼容模式.
    Compatible,
    /// Encrypted pushes, encrypted replies — 安全模式.
    Safe,
}

/// The language of built-in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotKind {
    /// Sends text, image and voice back.
    Echo,
    /// Nobody.
    None,
}

const LEVELS: &[(&str, Level)] = &[
    ("error", Level::Error),
    ("warn", Level::Warn),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Trace),
];
const FORMATS: &[(&str, Format)] = &[
    ("auto", Format::Auto),
    ("pretty", Format::Pretty),
    ("json", Format::Json),
];
const MODES: &[(&str, Mode)] = &[
    ("plain", Mode::Plain),
    ("compatible", Mode::Compatible),
    ("safe", Mode::Safe),
];
const LANGUAGES: &[(&str, Language)] = &[("zh", Language::Zh), ("en", Language::En)];
const BOTS: &[(&str, BotKind)] = &[("echo", BotKind::Echo), ("none", BotKind::None)];

/// What the settings come from, so that reading them needs nothing global.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`; without it, `echostr.toml` in `directory`, if there is one.
    pub config: Option<PathBuf>,
    /// The working directory.
    pub directory: PathBuf,
    /// The environment; only names that begin with `ECHOSTR_` are looked at.
    pub environment: Vec<(OsString, OsString)>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<String>,
}

/// Reads and checks everything.
///
/// # Errors
/// All faults of all sources at once.
pub fn load(sources: &Sources) -> Result<(Config, Vec<Warning>), Faults> {
    let mut faults = Faults::default();
    let manual = reader::uncommented(MANUAL);
    let manual = Document::manual(&manual);
    let file = read_file(sources, &mut faults);
    let file = file
        .as_ref()
        .and_then(|(name, text)| Document::parse(name, text, &mut faults));
    let options = [
        ("listen", "--listen", sources.listen.as_deref()),
        ("data", "--data", sources.data.as_deref()),
    ];

    let mut reader = Reader::new(
        &manual,
        file.as_ref(),
        &sources.environment,
        &options,
        faults,
    );
    let config = config(&mut reader);
    reader.finish().map(|warnings| (config, warnings))
}

impl Default for Config {
    /// The settings of a server that was told nothing.
    fn default() -> Self {
        let manual = reader::uncommented(MANUAL);
        let manual = Document::manual(&manual);
        config(&mut Reader::new(&manual, None, &[], &[], Faults::default()))
    }
}

/// Every key of the process.
fn config(keys: &mut Reader<'_>) -> Config {
    Config {
        listen: keys.get("listen", address),
        data: keys.get("data", folder),
        public_url: public_url(keys),
        trusted_proxies: keys.get("trusted_proxies", list_of(network)),
        log: Log {
            level: keys.get("log.level", one_of(LEVELS)),
            format: keys.get("log.format", one_of(FORMATS)),
        },
        limits: Limits {
            max_connections: keys.get("limits.max_connections", integer(1..=1_000_000)),
            body_bytes: keys.get("limits.body_bytes", integer(65_536..=MAX_BYTES)),
            header_timeout: keys.get("limits.header_timeout_secs", seconds(1..=120)),
            body_timeout: keys.get("limits.body_timeout_secs", seconds(1..=120)),
            shutdown: keys.get("limits.shutdown_secs", seconds(1..=300)),
        },
        open_access: open_access(keys),
        accounts: accounts(keys),
    }
}

fn open_access(keys: &mut Reader<'_>) -> OpenAccess {
    let language = keys.get("open_access.language", one_of(LANGUAGES));
    let welcome = keys.explicit("open_access.welcome", text);
    OpenAccess {
        enabled: keys.get("open_access.enabled", boolean),
        bot: keys.get("open_access.bot", bot(BOTS)),
        welcome: welcome.unwrap_or_else(|| language.welcome().into()),
        fallback: keys.get("open_access.fallback", text),
        language,
    }
}

fn accounts(keys: &mut Reader<'_>) -> Vec<AccountConfig> {
    let mut in_use = InUse::default();
    let tables = keys.tables("account");
    tables
        .into_iter()
        .filter_map(|table| account(keys, &table, &mut in_use))
        .collect()
}

/// Every key of one account; `table` is its path, like `account[0]`.
fn account(keys: &mut Reader<'_>, table: &str, in_use: &mut InUse) -> Option<AccountConfig> {
    let key = |name: &str| format!("{table}.{name}");
    let id = keys.required(&key("id"), account_id, "choose 1 to 32 of a-z, 0-9 and `-`");
    let name = keys.explicit(&key("name"), account_name);
    let what = "3 to 32 letters and digits, the same as on the platform's page (令牌)";
    let token = keys.required(&key("token"), secret::<Token>, what);
    let previous_token = keys.explicit(&key("previous_token"), secret::<Token>);
    let app_id = keys.explicit(&key("app_id"), app_id);
    let encoding_aes_key = keys.explicit(&key("encoding_aes_key"), secret::<EncodingAesKey>);
    let previous_encoding_aes_key =
        keys.explicit(&key("previous_encoding_aes_key"), secret::<EncodingAesKey>);
    let mode = keys.get(&key("mode"), mode);
    let language = keys.get(&key("language"), one_of(LANGUAGES));
    let welcome = keys.explicit(&key("welcome"), text);
    let fallback = keys.get(&key("fallback"), text);
    let bot = keys.get(&key("bot"), bot(BOTS));

    in_use.check_id(keys, &key("id"), id.as_deref());
    in_use.check_token(keys, &key("token"), token.as_ref());
    if previous_token == token && token.is_some() {
        keys.warn(&key("previous_token"), "is the same as `token`; delete it");
    } else {
        in_use.check_token(keys, &key("previous_token"), previous_token.as_ref());
    }
    check_mode(keys, table, mode);

    let id = id?;
    Some(AccountConfig {
        name: name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| id.clone()),
        id,
        token: token?,
        previous_token,
        app_id,
        encoding_aes_key,
        previous_encoding_aes_key,
        mode,
        welcome: welcome.unwrap_or_else(|| language.welcome().into()),
        fallback,
        language,
        bot,
    })
}

fn public_url(keys: &mut Reader<'_>) -> Option<String> {
    let url = keys.get("public_url", url)?;
    if let Some(port) = url.port.filter(|port| ![80, 443].contains(port)) {
        keys.warn(
            "public_url",
            &format!("has the port {port}, but the platform calls 80 and 443 only"),
        );
    }
    Some(url.text)
}

/// `compat` is the platform's own short word, accepted and not advertised.
fn mode(given: &reader::Given<'_>) -> Result<Mode, Faults> {
    if given.text()? == "compat" {
        Ok(Mode::Compatible)
    } else {
        one_of(MODES)(given)
    }
}

/// The keys that each mode needs, and a key that no mode uses.
fn check_mode(keys: &mut Reader<'_>, table: &str, mode: Mode) {
    let key = |name: &str| format!("{table}.{name}");
    let has_key = keys.has(&key("encoding_aes_key"));
    if !has_key && keys.has(&key("previous_encoding_aes_key")) {
        let text = "stands without `encoding_aes_key`; the current key goes there";
        keys.fault(&key("previous_encoding_aes_key"), text);
    }
    if mode == Mode::Plain {
        if has_key && !keys.has(&key("mode")) {
            let text = "is not used, because the mode is `plain` unless `mode` says otherwise; \
                        write the `mode` that the platform's page shows";
            keys.warn(&key("encoding_aes_key"), text);
        }
        return;
    }
    let missing: Vec<_> = ["app_id", "encoding_aes_key"]
        .into_iter()
        .filter(|name| !keys.has(&key(name)))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        let name = if mode == Mode::Safe {
            "safe"
        } else {
            "compatible"
        };
        let it = if missing.len() == 1 { "it" } else { "them" };
        let missing = missing.join(" and ");
        let text = format!(
            "is `{name}`, which needs {missing}; copy {it} from the platform's server configuration page"
        );
        keys.fault(&key("mode"), &text);
    }
}

/// Ids and tokens that are in use, with the key that uses them.
#[derive(Default)]
struct InUse {
    ids: HashMap<String, String>,
    tokens: HashMap<String, String>,
}

impl InUse {
    fn check_id(&mut self, keys: &mut Reader<'_>, key: &str, id: Option<&str>) {
        let Some(id) = id else { return };
        if let Some(first) = self.ids.get(id) {
            let text = format!(
                "is `{id}`, and so is {}; every account needs its own",
                keys.locate(first)
            );
            keys.fault(key, &text);
        } else {
            self.ids.insert(id.into(), key.into());
        }
    }

    fn check_token(&mut self, keys: &mut Reader<'_>, key: &str, token: Option<&Token>) {
        let Some(token) = token else { return };
        if let Some(first) = self.tokens.get(token.expose()) {
            let text = format!(
                "is the same as {}; every account needs its own",
                keys.locate(first)
            );
            keys.fault(key, &text);
        } else {
            self.tokens.insert(token.expose().into(), key.into());
        }
    }
}

/// Name and text of the file, or nothing when there is none or it cannot be read.
fn read_file(sources: &Sources, faults: &mut Faults) -> Option<(String, String)> {
    let path = sources
        .config
        .as_deref()
        .unwrap_or(Path::new("echostr.toml"));
    let name = path.display().to_string();
    let place = Place::File {
        name: name.clone(),
        line: None,
        column: None,
    };
    let bytes = match std::fs::read(sources.directory.join(path)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound && sources.config.is_none() => {
            return None;
        }
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".into(),
                io::ErrorKind::PermissionDenied => "permission denied".into(),
                io::ErrorKind::IsADirectory => "it is a folder, a file is needed".into(),
                _ => error.to_string(),
            };
            faults.push(Fault::new(place, format!("cannot be read: {reason}")));
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some((name, text)),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|byte| *byte == b'\n').count();
            let place = Place::File {
                name,
                line: Some(line),
                column: None,
            };
            faults.push(Fault::new(
                place,
                "this line is not UTF-8; save the file in the encoding UTF-8",
            ));
            None
        }
    }
}

impl Level {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        word(LEVELS, &self)
    }
}

impl Mode {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        word(MODES, &self)
    }
}

impl Language {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        word(LANGUAGES, &self)
    }

    /// The welcome text of an account that has none of its own.
    pub fn welcome(self) -> &'static str {
        match self {
            Self::Zh => "Hi~ 终于等到你",
            Self::En => "Hi~ nice to see you",
        }
    }
}

impl BotKind {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        word(BOTS, &self)
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words
        .iter()
        .find(|(_, known)| known == value)
        .expect("each table names every value")
        .0
}
