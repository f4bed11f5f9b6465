//! Reads a script, and says everything that is wrong with it at once, with lines.

mod step;
mod table;

use std::fmt;
use std::net::SocketAddr;

use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, EncodingAesKey, GhId, Token};
use toml::de::DeTable;

use self::table::{Given, Reader, Table};
use super::Script;
use crate::duration;
use crate::push::{Clock, GH_ID, Mode, Sealing};
use crate::transport;
use crate::world::{AccountSettings, Kind, ServerConfig};

/// How many followers and steps a script has at most.
const MAX_FOLLOWERS: usize = 1000;
const MAX_STEPS: usize = 10_000;

/// The keys before the first step.
const KEYS: [&str; 14] = [
    "url",
    "token",
    "mode",
    "aes_key",
    "app_id",
    "app_secret",
    "gh_id",
    "kind",
    "api",
    "followers",
    "deadline",
    "deliveries",
    "name",
    "step",
];

/// What the command line says in place of the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--url`
    pub url: Option<String>,
    /// `--token`
    pub token: Option<String>,
    /// `--mode`: `plain`, `compatible` or `safe`.
    pub mode: Option<String>,
    /// `--aes-key`
    pub aes_key: Option<String>,
    /// `--app-id`
    pub app_id: Option<String>,
    /// `--app-secret`
    pub app_secret: Option<String>,
    /// `--gh-id`
    pub gh_id: Option<String>,
}

/// One thing that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1; nothing: something is missing, or comes from the command line.
    pub line: Option<usize>,
    /// What is wrong, and what to do. No secret is in it.
    pub text: String,
}

/// All that is wrong with a script; one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// The script.
    pub name: String,
    /// In the order of the file.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            match fault.line {
                Some(line) => write!(f, "{end}{}:{line}: {}", self.name, fault.text)?,
                None => write!(f, "{end}{}: {}", self.name, fault.text)?,
            }
        }
        Ok(())
    }
}

pub(super) fn script(
    name: &str,
    text: &str,
    overrides: &Overrides,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Script, Faults> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::new(text, environment);
    let (table, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        // What follows a broken line is noise. The text itself is not shown: a secret may stand there.
        let at = error.span().map_or(0, |span| span.start);
        reader.fault(
            at,
            format!("不是 TOML · not valid TOML: {}", error.message()),
        );
        return Err(reader.faults(name));
    }
    let table = Table::new(table.span().start, table.get_ref());
    reader.known(&table, &KEYS);
    let account = account(&mut reader, &table, overrides);
    let followers = followers(&mut reader, &table);
    let api = reader.parsed(&table, "api", "127.0.0.1:8090", |text| {
        text.parse::<SocketAddr>().ok()
    });
    if api.is_some() && overrides.app_secret.is_none() && table.find("app_secret").is_none() {
        let at = table.at("api");
        reader.fault(
            at,
            "`api` 还需要 `app_id` 和 `app_secret`：机器人用它们要 access_token · `api` needs `app_id` and `app_secret`, with \
             which the bot asks for access tokens",
        );
    }
    let clock = clock(&mut reader, &table);
    let steps = step::steps(&mut reader, &table, &followers, MAX_STEPS);
    let title = reader.text(&table, "name");
    match (account, reader.is_faultless()) {
        (Some(mut account), true) => {
            if let Some(title) = title {
                account.name = title;
            }
            Ok(Script {
                name: name.to_owned(),
                account,
                followers,
                api,
                clock,
                steps,
            })
        }
        _ => Err(reader.faults(name)),
    }
}

fn account(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    overrides: &Overrides,
) -> Option<AccountSettings> {
    let url = reader.setting(table, "url", overrides.url.as_ref());
    let token = reader.setting(table, "token", overrides.token.as_ref());
    let mode = reader.setting(table, "mode", overrides.mode.as_ref());
    let aes_key = reader.setting(table, "aes_key", overrides.aes_key.as_ref());
    let app_id = reader.setting(table, "app_id", overrides.app_id.as_ref());
    let app_secret = reader.setting(table, "app_secret", overrides.app_secret.as_ref());
    let gh_id = reader.setting(table, "gh_id", overrides.gh_id.as_ref());

    let url = needed(reader, "url", url);
    if let Some(url) = &url
        && let Err(error) = transport::address(&url.value)
    {
        reader.given_fault::<()>(url, format!("`url`: {error}"));
    }
    let token = needed(reader, "token", token);
    let token: Option<Token> = token.and_then(|given| match given.value.parse() {
        Ok(token) => Some(token),
        Err(error) => reader.given_fault(&given, format!("`token`: {error}")),
    });
    let sealing = sealing(reader, aes_key, app_id.as_ref());
    let mode = mode_of(reader, mode, sealing);

    let mut settings = AccountSettings::new("雯子");
    if let Some(kind) = reader.parsed(table, "kind", "verified-service", Kind::by_name) {
        settings.kind = kind;
    }
    if let Some(given) = app_id {
        settings.app_id = AppId::from(given.value.trim());
    }
    if let Some(given) = app_secret {
        settings.app_secret = Secret::from(given.value.trim());
    }
    // Unless told otherwise it is that of a trial: no server takes it for its account's.
    settings.gh_id = gh_id.map_or(GH_ID.into(), |given| GhId::from(given.value.trim()));
    settings.server = Some(ServerConfig {
        url: url?.value,
        token: token?,
        mode: mode?,
    });
    Some(settings)
}

fn needed(reader: &mut Reader<'_>, key: &str, given: Option<Given>) -> Option<Given> {
    let is_empty = given.as_ref().is_none_or(|given| given.value.is_empty());
    if is_empty && !reader.has_fault_of(key) {
        let text = format!(
            "缺少 `{key}`，也可以用 `--{key}` · `{key}` is missing; `--{key}` would do as well"
        );
        reader.missing(text);
    }
    given
}

fn sealing(
    reader: &mut Reader<'_>,
    aes_key: Option<Given>,
    app_id: Option<&Given>,
) -> Option<Sealing> {
    let given = aes_key?;
    let key: EncodingAesKey = match given.value.parse() {
        Ok(key) => key,
        Err(error) => return reader.given_fault(&given, format!("`aes_key`: {error}")),
    };
    let app_id = AppId::from(app_id?.value.trim());
    Some(Sealing { key, app_id })
}

fn mode_of(
    reader: &mut Reader<'_>,
    given: Option<Given>,
    sealing: Option<Sealing>,
) -> Option<Mode> {
    let Some(given) = given else {
        return Some(Mode::Plain);
    };
    let is_safe = match given.value.as_str() {
        "plain" => return Some(Mode::Plain),
        "compatible" | "compat" => false,
        "safe" => true,
        _ => {
            let text = "`mode` 可以是 · `mode` is one of: `plain`, `compatible`, `safe`";
            return reader.given_fault(&given, text);
        }
    };
    match sealing {
        Some(sealing) if is_safe => Some(Mode::Safe(sealing)),
        Some(sealing) => Some(Mode::Compatible(sealing)),
        None if reader.has_fault_of("aes_key") => None,
        None => reader.given_fault(
            &given,
            "兼容模式和安全模式还需要 `aes_key` 和 `app_id` · compatible and safe mode need `aes_key` and `app_id` as well",
        ),
    }
}

fn followers(reader: &mut Reader<'_>, table: &Table<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for (at, name) in reader.texts(table, "followers") {
        if names.contains(&name) {
            reader.fault(at, format!("有两个「{name}」 · there are two `{name}`"));
        }
        names.push(name);
    }
    if names.len() > MAX_FOLLOWERS {
        let at = table.at("followers");
        let text = format!("`followers` 最多 {MAX_FOLLOWERS} 个 · at most {MAX_FOLLOWERS}");
        reader.fault(at, text);
    }
    if names.is_empty() {
        names.push("小明".into());
    }
    names
}

fn clock(reader: &mut Reader<'_>, table: &Table<'_>) -> Clock {
    let mut clock = Clock::default();
    if let Some(deadline) = reader.parsed(table, "deadline", "5 s", duration::parse) {
        clock.deadline = deadline;
    }
    let deliveries = reader.integer(table, "deliveries", 1..=10);
    if let Some(deliveries) = deliveries.and_then(|n| usize::try_from(n).ok()) {
        clock.deliveries = deliveries;
    }
    clock
}
