//! The settings of the process and its accounts, from `config.default.toml`, a file, the environment and the command line.
//!
//! `config.default.toml` is the manual and holds the defaults; a key that is not in it does not exist.
//! A new key is one block there, one field and one line below.

mod fault;
mod notify;
mod reader;
mod unknown;
mod value;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use echostr::{Language, Limits, Strategy};
use echostr_protocol::{MAX_BYTES, Token};
use echostr_store::{
    AccountEntry, BotSettings, MASTER_KEY_VARIABLE, ModeWord, Origin, PostgresUrl, Previous,
    TextSettings,
};
use secrecy::SecretString;

pub use self::fault::{Fault, Faults, Place, Warning};
use self::reader::{Document, Reader};
pub(crate) use self::reader::{quoted, shown};
pub(crate) use self::unknown::nearest;
use self::value::{
    address, boolean, bot, bot_of_open_access, database, folder, integer, list_of, network, number,
    one_of, ruled, ruled_secret, seconds, url,
};
use crate::notify::Notify;
use crate::platform::{self, PlatformSettings};

use crate::rules;

/// The commented manual: every key with its default, range and a reason to change it.
pub const MANUAL: &str = include_str!("../config.default.toml");

/// The settings of the process.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where connections are accepted.
    pub listen: SocketAddr,
    /// The folder for data; relative to the working directory unless absolute.
    pub data: PathBuf,
    /// The database, when it is not a file in the data folder.
    pub database: Option<PostgresUrl>,
    /// Scheme, host and port by which the world reaches the server, without a slash at the end.
    pub public_url: Option<String>,
    /// `ECHOSTR_MASTER_KEY`, under which secrets are encrypted; nothing: it is in a file of the data folder. It is never in a file
    /// of settings.
    pub master_key: Option<SecretString>,
    /// How to log.
    pub log: Log,
    /// What a client may cost, and who is believed about `X-Forwarded-For`.
    pub limits: Limits,
    /// What answers that take their time may cost.
    pub jobs: Jobs,
    /// How long things are kept.
    pub journal: JournalSettings,
    /// The HTTP API.
    pub api: ApiSettings,
    /// How the platform's HTTP API is reached.
    pub platform: PlatformSettings,
    /// Accounts that nobody registered.
    pub open_access: OpenAccess,
    /// Registered accounts (公众号) of the file; ids differ, and so do tokens, previous ones included. Each has what its mode
    /// and its bot need.
    pub accounts: Vec<AccountEntry>,
    /// Who is told what needs a person.
    pub notify: Vec<Notify>,
}

/// What answers that take their time may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// How many deliveries may wait at once for their answer; further ones are answered at once with what there is.
    pub max_held: usize,
    /// How many answers may be under way at once; further messages get the busy text.
    pub max_jobs: usize,
    /// How long one may take.
    pub timeout: Duration,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalSettings {
    /// Messages and what was answered, in days.
    pub retention_days: u32,
    /// Answers that were not read to the end, in days.
    pub answers_days: u32,
    /// The live page of an answer, in days.
    pub page_days: u32,
    /// All about a follower who does not follow any more, in days; 0: it is not deleted for that.
    pub forget_unfollowed_days: u32,
}

/// The HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiSettings {
    /// How often a key may ask for something.
    pub requests_per_second: NonZeroU32,
    /// How often at once, after a pause.
    pub burst: NonZeroU32,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The least important thing that is logged.
    pub level: Level,
    /// The form of a line.
    pub format: Format,
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

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotKind {
    /// Sends text, image and voice back.
    Echo,
    /// The owner's program.
    Http,
    /// Nobody.
    None,
    /// Another server that expects the platform.
    Relay,
    /// A language model.
    Llm,
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
const BOTS_OF_OPEN_ACCESS: &[(&str, BotKind)] = &[("echo", BotKind::Echo), ("none", BotKind::None)];
const DELIVERIES: &[(&str, Strategy)] = &[
    ("auto", Strategy::Auto),
    ("patient", Strategy::Patient),
    ("quick", Strategy::Quick),
    ("send", Strategy::Send),
    ("link", Strategy::Link),
];
const LANGUAGES: &[(&str, Language)] = &[("zh", Language::Chinese), ("en", Language::English)];
const BOTS: &[(&str, BotKind)] = &[
    ("echo", BotKind::Echo),
    ("http", BotKind::Http),
    ("llm", BotKind::Llm),
    ("none", BotKind::None),
    ("relay", BotKind::Relay),
];

/// What the settings come from, so that reading them needs nothing global.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`; without it, `echostr.toml` in `directory`, if there is one.
    pub config: Option<PathBuf>,
    /// Where relative paths begin; empty: in the working directory.
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
    let config = Config {
        master_key: master_key(&sources.environment),
        ..config(&mut reader)
    };
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
    let jobs = Jobs {
        max_held: keys.get("limits.max_held", integer(0..=1_000_000)),
        max_jobs: keys.get("limits.max_jobs", integer(1..=1_000_000)),
        timeout: keys.get("limits.job_timeout_secs", seconds(1..=600)),
    };
    let public_url = public_url(keys);
    let accounts = accounts(keys, jobs.timeout, public_url.is_some());
    Config {
        listen: keys.get("listen", address),
        data: keys.get("data", folder),
        database: keys.get("database.url", database),
        public_url,
        master_key: None,
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
            trusted_proxies: keys.get("trusted_proxies", list_of(network)),
        },
        jobs,
        journal: JournalSettings {
            retention_days: keys.get("journal.retention_days", integer(1..=3650)),
            answers_days: keys.get("journal.answers_days", integer(1..=30)),
            page_days: keys.get("journal.page_days", integer(1..=30)),
            forget_unfollowed_days: keys.get("journal.forget_unfollowed_days", integer(0..=3650)),
        },
        api: ApiSettings {
            requests_per_second: keys.get("api.requests_per_second", number(1..=10_000)),
            burst: keys.get("api.burst", number(1..=100_000)),
        },
        platform: PlatformSettings {
            proxy: keys.get("platform.proxy", ruled_secret(platform::proxy)),
            timeout: keys.get("platform.timeout_secs", seconds(1..=120)),
        },
        open_access: open_access(keys),
        accounts,
        notify: notify::all(keys),
    }
}

/// What is not UTF-8 is no key, and is refused as such where it is used.
fn master_key(environment: &[(OsString, OsString)]) -> Option<SecretString> {
    let given = environment
        .iter()
        .find(|(name, value)| name == MASTER_KEY_VARIABLE && !value.is_empty());
    given.map(|(_, value)| value.to_string_lossy().into_owned().into())
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

fn open_access(keys: &mut Reader<'_>) -> OpenAccess {
    let language = keys.get("open_access.language", one_of(LANGUAGES));
    let welcome = keys.explicit("open_access.welcome", ruled(rules::text));
    OpenAccess {
        enabled: keys.get("open_access.enabled", boolean),
        bot: keys.get("open_access.bot", bot_of_open_access),
        welcome: welcome.unwrap_or_else(|| language.welcome().into()),
        fallback: keys.get("open_access.fallback", ruled(rules::text)),
        language,
    }
}

/// `longest` is how long any answer may take; `has_pages` tells whether answers can be read on pages.
fn accounts(keys: &mut Reader<'_>, longest: Duration, has_pages: bool) -> Vec<AccountEntry> {
    let mut in_use = InUse::default();
    let mut accounts = Vec::new();
    for table in keys.tables("account") {
        let Some(account) = account(keys, &table, &mut in_use) else {
            continue;
        };
        if account.settings.delivery == Strategy::Link && !has_pages {
            let text = "is `link`, which needs `public_url`: set it to the address under which followers open the pages, \
                        such as `https://bot.example.com`, or choose another `delivery`";
            keys.fault(&format!("{table}.delivery"), text);
        }
        let timeout_secs = match &account.settings.bot {
            BotSettings::Http { timeout_secs, .. } | BotSettings::Relay { timeout_secs, .. } => {
                *timeout_secs
            }
            BotSettings::Llm(settings) => settings.main.timeout_secs,
            BotSettings::Echo | BotSettings::None => 0,
        };
        check_time(keys, &format!("{table}.bot"), timeout_secs, longest);
        accounts.push(account);
    }
    accounts
}

/// Every key of one account; `table` is its path, like `account[0]`. Nothing when one that it needs is missing or faulty.
fn account(keys: &mut Reader<'_>, table: &str, in_use: &mut InUse) -> Option<AccountEntry> {
    let key = |name: &str| format!("{table}.{name}");
    let what = "choose 1 to 32 of a-z, 0-9 and `-`";
    let id = keys.required(&key("id"), ruled(rules::account_id), what);
    let name = keys.explicit(&key("name"), ruled(rules::account_name));
    let what = "3 to 32 letters and digits, the same as on the platform's page (令牌)";
    let token = keys.required(&key("token"), ruled_secret(rules::token), what);
    let previous_token = keys.explicit(&key("previous_token"), ruled_secret(rules::token));
    let gh_id = keys.explicit(&key("gh_id"), ruled(rules::gh_id));
    let app_secret = keys.explicit(&key("app_secret"), ruled_secret(rules::app_secret));
    let app_id = keys.explicit(&key("app_id"), ruled(rules::app_id));
    let aes_key = ruled_secret(rules::encoding_aes_key);
    let current = keys.explicit(&key("encoding_aes_key"), &aes_key);
    let previous = keys.explicit(&key("previous_encoding_aes_key"), &aes_key);
    let mode = keys.get(&key("mode"), ruled(rules::mode));
    let language = keys.get(&key("language"), one_of(LANGUAGES));
    let time_zone = keys.get(&key("time_zone"), ruled(rules::time_zone));
    let welcome = keys.explicit(&key("welcome"), ruled(rules::text));
    let fallback = keys.get(&key("fallback"), ruled(rules::text));
    let delivery = keys.get(&key("delivery"), one_of(DELIVERIES));
    let api_base = keys.get(&key("api_base"), ruled(rules::api_base));
    let access_token = keys.get(&key("access_token"), ruled_secret(rules::access_token));
    let access_token_key = keys.explicit(
        &key("access_token_key"),
        ruled_secret(rules::access_token_key),
    );
    let texts = texts(keys, table);
    let bot = keys.get(&key("bot"), bot);

    if previous == current && current.is_some() {
        let text = "is the same as `encoding_aes_key`; delete it";
        keys.warn(&key("previous_encoding_aes_key"), text);
    }
    let has_what_it_needs = mode == ModeWord::Plain || (app_id.is_some() && current.is_some());
    check_mode(keys, table, mode);
    // A faulty one is there all the same.
    let [has_app_id, has_app_secret] = ["app_id", "app_secret"].map(|name| keys.has(&key(name)));
    let lacking = rules::lacking_for_send(has_app_id, has_app_secret, &access_token);
    if let Some(lacking) = lacking.filter(|_| delivery == Strategy::Send) {
        keys.fault(&key("delivery"), &lacking);
    }
    in_use.check_id(keys, &key("id"), id.as_deref());
    in_use.check_token(keys, &key("token"), token.as_ref());
    if previous_token == token && token.is_some() {
        keys.warn(&key("previous_token"), "is the same as `token`; delete it");
    } else {
        in_use.check_token(keys, &key("previous_token"), previous_token.as_ref());
    }

    let (id, token) = id.zip(token).filter(|_| has_what_it_needs)?;
    let mut entry = AccountEntry::new(id, token, 0);
    entry.origin = Origin::File;
    let settings = &mut entry.settings;
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        settings.name = name;
    }
    settings.gh_id = gh_id;
    settings.app_id = app_id;
    settings.mode = mode;
    settings.delivery = delivery;
    settings.welcome = welcome;
    settings.fallback = fallback;
    settings.language = language;
    settings.time_zone = time_zone;
    settings.texts = texts;
    settings.api_base = api_base;
    settings.access_token = access_token;
    settings.bot = bot.settings;
    let secrets = &mut entry.secrets;
    secrets.previous_token = previous_token.map(in_the_file);
    secrets.encoding_aes_key = current;
    secrets.previous_encoding_aes_key = previous.map(in_the_file);
    secrets.app_secret = app_secret;
    secrets.access_token_key = access_token_key;
    secrets.bot_secret = bot.secret;
    secrets.relay_token = bot.relay_token;
    secrets.relay_encoding_aes_key = bot.relay_encoding_aes_key;
    secrets.llm_keys = bot.llm_keys;
    Some(entry)
}

/// It counts as long as it stands there.
fn in_the_file<T>(value: T) -> Previous<T> {
    Previous {
        value,
        until_ms: None,
    }
}

/// A bot elsewhere whose time cannot be used up.
fn check_time(keys: &mut Reader<'_>, key: &str, timeout_secs: u64, longest: Duration) {
    let longest = longest.as_secs();
    if timeout_secs > longest {
        keys.warn(
            key,
            &format!(
                "has `timeout_secs` {timeout_secs}, but every answer ends after {longest} s; \
                 raise `limits.job_timeout_secs` or lower `timeout_secs`"
            ),
        );
    }
}

/// What followers read around answers that come late; what is not written follows the language.
fn texts(keys: &mut Reader<'_>, table: &str) -> TextSettings {
    let mut text = |name: &'static str| {
        let rule = move |text: &str| rules::text_beside(name, text);
        keys.explicit(&format!("{table}.texts.{name}"), ruled(rule))
    };
    TextSettings {
        wait: text("wait"),
        wait_label: text("wait_label"),
        more_label: text("more_label"),
        end: text("end"),
        expired: text("expired"),
        failed: text("failed"),
        unread: text("unread"),
        earlier: text("earlier"),
        busy: text("busy"),
    }
}

/// The keys that each mode needs, and a key that no mode uses.
fn check_mode(keys: &mut Reader<'_>, table: &str, mode: ModeWord) {
    let key = |name: &str| format!("{table}.{name}");
    let has_key = keys.has(&key("encoding_aes_key"));
    if !has_key && keys.has(&key("previous_encoding_aes_key")) {
        let text = "stands without `encoding_aes_key`; the current key goes there";
        keys.fault(&key("previous_encoding_aes_key"), text);
    }
    if mode == ModeWord::Plain {
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
        let name = mode.as_str();
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
