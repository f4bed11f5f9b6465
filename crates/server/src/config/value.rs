//! From what is written to what is meant, one function for each kind of value.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use echostr::LlmKeys;
use echostr_protocol::{EncodingAesKey, Token};
use echostr_store::{BotSettings, ModeWord, PostgresUrl};
use ipnet::IpNet;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::fault::Faults;
use super::reader::{Given, quoted, shown};
use super::{BOTS, BOTS_OF_OPEN_ACCESS, BotKind};
use crate::llm_form::{self, By};
use crate::rules;

pub(super) fn boolean(given: &Given<'_>) -> Result<bool, Faults> {
    given.boolean()
}

pub(super) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&Given<'_>) -> Result<T, Faults>
where
    T: TryFrom<i128> + PartialOrd + Display,
{
    move |given| {
        let found = given.integer()?;
        let fitting = T::try_from(found)
            .ok()
            .filter(|number| range.contains(number));
        fitting.ok_or_else(|| {
            given.fault(&format!(
                "is {}, {} to {} are allowed",
                given.written(),
                range.start(),
                range.end()
            ))
        })
    }
}

/// A number that is not 0.
pub(super) fn number(
    range: RangeInclusive<u32>,
) -> impl Fn(&Given<'_>) -> Result<NonZeroU32, Faults> {
    let number = integer(range);
    move |given| number(given).map(|number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
}

pub(super) fn seconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&Given<'_>) -> Result<Duration, Faults> {
    let seconds = integer(range);
    move |given| seconds(given).map(Duration::from_secs)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Given<'_>) -> Result<T, Faults> {
    |given| {
        let found = given.text()?;
        let known = words.iter().find(|(word, _)| *word == found);
        known.map(|(_, value)| *value).ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            given.fault(&format!(
                "is {}; allowed: {}",
                quoted(found),
                all.join(", ")
            ))
        })
    }
}

/// A text by its rule.
pub(super) fn ruled<T>(
    rule: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Given<'_>) -> Result<T, Faults> {
    move |given| rule(given.text()?).map_err(|what| given.fault(&what))
}

/// The same for what is never shown.
pub(super) fn ruled_secret<T>(
    rule: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Given<'_>) -> Result<T, Faults> {
    move |given| rule(given.secret_text()?).map_err(|what| given.fault(&what))
}

/// Who answers, with the secrets of that.
pub(super) struct BotGiven {
    pub(super) settings: BotSettings,
    pub(super) secret: Option<SecretString>,
    pub(super) relay_token: Option<Token>,
    pub(super) relay_encoding_aes_key: Option<EncodingAesKey>,
    pub(super) llm_keys: LlmKeys,
}

impl From<BotSettings> for BotGiven {
    fn from(settings: BotSettings) -> Self {
        Self {
            settings,
            secret: None,
            relay_token: None,
            relay_encoding_aes_key: None,
            llm_keys: LlmKeys::default(),
        }
    }
}

/// A name, or a table with `kind` and what this kind needs.
pub(super) fn bot(given: &Given<'_>) -> Result<BotGiven, Faults> {
    let entries = given.entries();
    let kind = one_of(BOTS)(kind_of(given, entries.as_deref())?)?;
    let nothing = |settings: BotSettings| {
        let faults = nothing_but_kind(entries.as_deref());
        faults.or(settings.into())
    };
    match (kind, &entries) {
        (BotKind::Http, None) => Err(given.fault(
            "is `http`, which needs a table: \
             `{ kind = \"http\", url = \"http://127.0.0.1:9000/\", secret = \"whsec_…\" }`",
        )),
        (BotKind::Relay, None) => Err(given.fault(
            "is `relay`, which needs a table: \
             `{ kind = \"relay\", url = \"http://127.0.0.1:9000/wx\", token = \"…\" }`",
        )),
        (BotKind::Llm, None) => Err(given.fault(
            "is `llm`, which needs a table: `{ kind = \"llm\", preset = \"deepseek\", key = \"sk-…\" }`",
        )),
        (BotKind::Llm, Some(_)) => model(given),
        (BotKind::Http, Some(entries)) => program(given, entries),
        (BotKind::Relay, Some(entries)) => relay(given, entries),
        (BotKind::Echo, _) => nothing(BotSettings::Echo),
        (BotKind::None, _) => nothing(BotSettings::None),
    }
}

/// As [`bot`], without what costs its owner something: anybody can make up a token.
pub(super) fn bot_of_open_access(given: &Given<'_>) -> Result<BotKind, Faults> {
    let entries = given.entries();
    let kind = kind_of(given, entries.as_deref())?;
    for (own, what) in [
        (BotKind::Http, "program"),
        (BotKind::Relay, "server"),
        (BotKind::Llm, "model"),
    ] {
        if kind.text()? == own.as_str() {
            return Err(kind.fault(&format!(
                "is `{}`, but open access answers anybody, and your {what} is for your own accounts; \
                 write this bot under `[[account]]`",
                own.as_str()
            )));
        }
    }
    let kind = one_of(BOTS_OF_OPEN_ACCESS)(kind)?;
    nothing_but_kind(entries.as_deref()).or(kind)
}

/// The name itself, or the `kind` in the table.
fn kind_of<'a, 'b>(
    given: &'a Given<'b>,
    entries: Option<&'a [(&str, Given<'b>)]>,
) -> Result<&'a Given<'b>, Faults> {
    let Some(entries) = entries else {
        return Ok(given);
    };
    entry(entries, "kind").ok_or_else(|| {
        given.fault("is a table without `kind`; write for example `{ kind = \"echo\" }`")
    })
}

fn nothing_but_kind(entries: Option<&[(&str, Given<'_>)]>) -> Faults {
    let mut faults = Faults::default();
    let others = entries.unwrap_or_default().iter();
    for (_, other) in others.filter(|(name, _)| *name != "kind") {
        faults.append(other.fault("is not known; this bot has no key but `kind`"));
    }
    faults
}

fn entry<'a, 'b>(entries: &'a [(&str, Given<'b>)], name: &str) -> Option<&'a Given<'b>> {
    let mut found = entries.iter().filter(|(other, _)| *other == name);
    found.next().map(|(_, given)| given)
}

/// The bot of the kind `http`; its keys are those of the manual.
fn program(given: &Given<'_>, entries: &[(&str, Given<'_>)]) -> Result<BotGiven, Faults> {
    let mut faults = Faults::default();
    let needed = [
        (
            "url",
            "write where the program listens, like `http://127.0.0.1:9000/`",
        ),
        (
            "secret",
            "make one with: echo \"whsec_$(openssl rand -base64 32)\"",
        ),
    ];
    let others = ["timeout_secs", "events"];
    check_keys(given, entries, &needed, &others, &mut faults);
    let entry = |name: &str| entry(entries, name);
    let url = faults.keep(entry("url").map(ruled(rules::url)));
    let secret = faults.keep(entry("secret").map(ruled_secret(rules::bot_secret)));
    let timeout = faults.keep(entry("timeout_secs").map(integer(rules::TIMEOUT_SECS)));
    let events = faults.keep(entry("events").map(boolean));
    let settings = BotSettings::Http {
        url: url.unwrap_or_default(),
        timeout_secs: timeout.unwrap_or(rules::DEFAULT_TIMEOUT_SECS),
        events: events.unwrap_or_default(),
    };
    faults.or(BotGiven {
        secret,
        ..settings.into()
    })
}

/// The bot of the kind `relay`; its keys are those of the manual.
fn relay(given: &Given<'_>, entries: &[(&str, Given<'_>)]) -> Result<BotGiven, Faults> {
    let mut faults = Faults::default();
    let needed = [
        (
            "url",
            "write what the other server expects on the platform's page, like `http://127.0.0.1:9000/wx`",
        ),
        (
            "token",
            "write the one that the other server has, 3 to 32 letters and digits",
        ),
    ];
    let others = ["mode", "app_id", "encoding_aes_key", "timeout_secs"];
    check_keys(given, entries, &needed, &others, &mut faults);
    let entry = |name: &str| entry(entries, name);
    let url = faults.keep(entry("url").map(ruled(rules::url)));
    let token = faults.keep(entry("token").map(ruled_secret(rules::token)));
    let mode = faults.keep(entry("mode").map(ruled(rules::mode)));
    let app_id = faults.keep(entry("app_id").map(ruled(rules::app_id)));
    let key = ruled_secret(rules::encoding_aes_key);
    let key = faults.keep(entry("encoding_aes_key").map(key));
    let timeout = faults.keep(entry("timeout_secs").map(integer(rules::TIMEOUT_SECS)));

    let mode = mode.unwrap_or_default();
    let missing = ["app_id", "encoding_aes_key"];
    let missing = missing.iter().filter(|name| entry(name).is_none());
    if mode != ModeWord::Plain {
        for name in missing {
            faults.append(given.fault(&format!(
                "has the mode `{}`, which needs `{name}`; write the one that the other server has",
                mode.as_str()
            )));
        }
    }
    let settings = BotSettings::Relay {
        url: url.unwrap_or_default(),
        mode,
        app_id,
        timeout_secs: timeout.unwrap_or(rules::DEFAULT_TIMEOUT_SECS),
    };
    faults.or(BotGiven {
        relay_token: token,
        relay_encoding_aes_key: key,
        ..settings.into()
    })
}

/// The bot of the kind `llm`; its keys are those of the manual.
fn model(given: &Given<'_>) -> Result<BotGiven, Faults> {
    let Json::Object(table) = given.json()? else {
        unreachable!("a bot with a kind is a table");
    };
    match llm_form::read(&table, None, By::File) {
        Ok((settings, llm_keys)) => Ok(BotGiven {
            llm_keys,
            ..BotSettings::Llm(Box::new(settings)).into()
        }),
        Err(found) => {
            let mut faults = Faults::default();
            for fault in found {
                faults.append(given.fault_within(&fault.field, &fault.text));
            }
            Err(faults)
        }
    }
}

/// Keys of a bot that are not known, and those that it needs and does not have.
fn check_keys(
    given: &Given<'_>,
    entries: &[(&str, Given<'_>)],
    needed: &[(&str, &str)],
    others: &[&str],
    faults: &mut Faults,
) {
    let known = needed.iter().map(|(name, _)| name).chain(others);
    let known: Vec<_> = known.copied().collect();
    for (name, other) in entries {
        if *name != "kind" && !known.contains(name) {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            faults.append(other.fault(&format!("is not known; this bot has {}", known.join(", "))));
        }
    }
    for (name, what) in needed {
        if entry(entries, name).is_none() {
            faults.append(given.fault(&format!("has no `{name}`; {what}")));
        }
    }
}

pub(super) fn list_of<T>(
    item: impl Fn(&Given<'_>) -> Result<T, Faults>,
) -> impl Fn(&Given<'_>) -> Result<Vec<T>, Faults> {
    move |given| {
        let mut faults = Faults::default();
        let mut values = Vec::new();
        for given in given.items()? {
            values.extend(faults.keep(Some(item(&given))));
        }
        faults.or(values)
    }
}

pub(super) fn address(given: &Given<'_>) -> Result<SocketAddr, Faults> {
    let text = given.text()?;
    text.trim().parse().map_err(|_| {
        let needed = "an IP address and a port are needed, like `127.0.0.1:8080` or `0.0.0.0:8080`";
        given.fault(&format!("is {}, {needed}", quoted(text)))
    })
}

/// An address or a network.
pub(super) fn network(given: &Given<'_>) -> Result<IpNet, Faults> {
    let text = given.text()?;
    let network = text
        .trim()
        .parse()
        .or_else(|_| text.trim().parse::<IpAddr>().map(IpNet::from));
    network.map(|network| network.trunc()).map_err(|_| {
        let needed = "an IP address or a network is needed, like `127.0.0.1` or `10.0.0.0/8`";
        given.fault(&format!("is {}, {needed}", quoted(text)))
    })
}

pub(super) fn folder(given: &Given<'_>) -> Result<PathBuf, Faults> {
    let text = given.text()?;
    if text.is_empty() {
        return Err(given
            .fault("is empty, a folder is needed; `.` is the folder where the server is started"));
    }
    if text.starts_with('~') {
        return Err(given.fault(&format!(
            "is `{}`, but `~` has no meaning here; write the whole path",
            shown(text)
        )));
    }
    Ok(text.into())
}

pub(super) struct Url {
    /// Without a slash at the end.
    pub(super) text: String,
    pub(super) port: Option<u16>,
}

/// Scheme, host and port, or nothing when it is empty.
pub(super) fn url(given: &Given<'_>) -> Result<Option<Url>, Faults> {
    let text = given.text()?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fault = |what: &str| given.fault(&format!("is `{}`, {what}", shown(text)));
    if text.contains('@') {
        return Err(
            given.fault("has a user name or a password in it, write only `https://` and the host")
        );
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Err(fault("`http://` or `https://` is needed at the beginning"));
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if let Some(found) = authority.chars().find(|c| "/?#".contains(*c)) {
        let what = if found == '/' {
            "a path"
        } else if found == '?' {
            "a query"
        } else {
            "a fragment"
        };
        return Err(fault(&format!(
            "which has {what}; write only `https://` and the host"
        )));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match literal {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '.')
        }
    };
    if !is_host {
        return Err(fault(
            "which has no usable host; write for example `https://bot.example.com`",
        ));
    }
    let number = port
        .map(u16::from_str)
        .transpose()
        .ok()
        .filter(|port| *port != Some(0));
    let Some(port) = number else {
        return Err(fault("whose port is not 1 to 65535"));
    };
    Ok(Some(Url {
        text: text.trim_end_matches('/').into(),
        port,
    }))
}

/// The address of a PostgreSQL, or nothing when it is empty. It is never shown: there may be a password in it.
pub(super) fn database(given: &Given<'_>) -> Result<Option<PostgresUrl>, Faults> {
    let text = given.secret_text()?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let url = text.parse();
    url.map(Some)
        .map_err(|error| given.fault(&format!("cannot be used: {error}")))
}
