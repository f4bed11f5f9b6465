//! From what is written to what is meant, one function for each kind of value.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use echostr::{
    BadProgram, Mode, Program, ProgramSecret, ProgramUrl, Relay, Sealing, Strategy, Texts,
};
use echostr_protocol::{AppId, Error, MAX_TEXT_BYTES};
use ipnet::IpNet;

use super::fault::Faults;
use super::reader::{Given, quoted, shown};
use super::{BOTS, BOTS_OF_OPEN_ACCESS, BotKind, DELIVERIES, MODES, ModeName, mode_name, word};

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

/// A bot that runs somewhere else.
pub(super) enum Elsewhere {
    Program(Program),
    Relay(Relay),
}

/// A name, or a table with `kind` and what this kind needs.
pub(super) fn bot(given: &Given<'_>) -> Result<(BotKind, Option<Elsewhere>), Faults> {
    let entries = given.entries();
    let kind = one_of(BOTS)(kind_of(given, entries.as_deref())?)?;
    match (kind, entries) {
        (BotKind::Http, None) => Err(given.fault(
            "is `http`, which needs a table: \
             `{ kind = \"http\", url = \"http://127.0.0.1:9000/\", secret = \"whsec_…\" }`",
        )),
        (BotKind::Relay, None) => Err(given.fault(
            "is `relay`, which needs a table: \
             `{ kind = \"relay\", url = \"http://127.0.0.1:9000/wx\", token = \"…\" }`",
        )),
        (BotKind::Http, Some(entries)) => {
            program(given, &entries).map(|program| (kind, Some(Elsewhere::Program(program))))
        }
        (BotKind::Relay, Some(entries)) => {
            relay(given, &entries).map(|relay| (kind, Some(Elsewhere::Relay(relay))))
        }
        (kind, entries) => nothing_but_kind(entries.as_deref()).or((kind, None)),
    }
}

/// As [`bot`], without what costs its owner something: anybody can make up a token.
pub(super) fn bot_of_open_access(given: &Given<'_>) -> Result<BotKind, Faults> {
    let entries = given.entries();
    let kind = kind_of(given, entries.as_deref())?;
    for (own, what) in [(BotKind::Http, "program"), (BotKind::Relay, "server")] {
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
fn program(given: &Given<'_>, entries: &[(&str, Given<'_>)]) -> Result<Program, Faults> {
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
    check_keys(
        given,
        entries,
        &needed,
        &["timeout_secs", "events"],
        &mut faults,
    );
    let entry = |name: &str| entry(entries, name);
    let url = faults.keep(entry("url").map(program_url));
    let secret = faults.keep(entry("secret").map(program_secret));
    let timeout = faults.keep(entry("timeout_secs").map(seconds(1..=600)));
    let events = faults.keep(entry("events").map(boolean));
    let program = url
        .zip(secret)
        .map(|(url, secret)| Program::new(url, secret));
    match program {
        Some(program) => {
            let timeout = timeout.unwrap_or(program.timeout);
            let events = events.unwrap_or(program.events);
            faults.or(Program {
                timeout,
                events,
                ..program
            })
        }
        None => Err(faults),
    }
}

/// The bot of the kind `relay`; its keys are those of the manual.
fn relay(given: &Given<'_>, entries: &[(&str, Given<'_>)]) -> Result<Relay, Faults> {
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
    let url = faults.keep(entry("url").map(program_url));
    let token = faults.keep(entry("token").map(secret));
    let mode = faults.keep(entry("mode").map(mode_name));
    let app_id = faults.keep(entry("app_id").map(app_id));
    let key = faults.keep(entry("encoding_aes_key").map(secret));
    let timeout = faults.keep(entry("timeout_secs").map(seconds(1..=600)));

    let mode = mode.unwrap_or(ModeName::Plain);
    let missing = ["app_id", "encoding_aes_key"].map(|name| (name, entry(name).is_none()));
    let missing = missing.iter().filter(|(_, is_missing)| *is_missing);
    if mode != ModeName::Plain {
        for (name, _) in missing {
            faults.append(given.fault(&format!(
                "has the mode `{}`, which needs `{name}`; write the one that the other server has",
                word(MODES, &mode)
            )));
        }
    }
    let sealing = app_id.zip(key).map(|(app_id, key)| Sealing {
        app_id,
        key,
        previous_key: None,
    });
    let mode = match mode {
        ModeName::Plain => Some(Mode::Plain),
        ModeName::Compatible => sealing.map(Mode::Compatible),
        ModeName::Safe => sealing.map(Mode::Safe),
    };
    match (url, token, mode) {
        (Some(url), Some(token), Some(mode)) => {
            let relay = Relay::new(url, token);
            faults.or(Relay {
                mode,
                timeout: timeout.unwrap_or(relay.timeout),
                ..relay
            })
        }
        _ => Err(faults),
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

pub(super) fn program_url(given: &Given<'_>) -> Result<ProgramUrl, Faults> {
    let url = given.text()?.parse();
    url.map_err(|error| bad_program(given, error))
}

pub(super) fn program_secret(given: &Given<'_>) -> Result<ProgramSecret, Faults> {
    let secret = given.secret_text()?.parse();
    secret.map_err(|error| bad_program(given, error))
}

fn bad_program(given: &Given<'_>, error: BadProgram) -> Faults {
    match error {
        BadProgram::Url(what) | BadProgram::Secret(what) => given.fault(&what),
        other => given.fault(&format!("cannot be used: {other}")),
    }
}

/// How answers reach followers. `send` and `link` have their names already, so that nobody takes them for a mistake.
pub(super) fn delivery(given: &Given<'_>) -> Result<Strategy, Faults> {
    match given.text()? {
        word @ ("send" | "link") => {
            let words: Vec<_> = DELIVERIES
                .iter()
                .map(|(word, _)| format!("`{word}`"))
                .collect();
            Err(given.fault(&format!(
                "is `{word}`, which this version cannot do yet; allowed: {}",
                words.join(", ")
            )))
        }
        _ => one_of(DELIVERIES)(given),
    }
}

/// What a text that stands beside answers needs.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    Nothing,
    /// It is the visible part of a link.
    Label,
    /// It has this in it, which stands for what is named.
    Place(&'static str, &'static str),
}

/// A text that stands beside answers, short enough to leave room for them.
pub(super) fn text_beside(needs: Needs) -> impl Fn(&Given<'_>) -> Result<String, Faults> {
    move |given| {
        let text = given.text()?;
        let (length, limit) = (text.len(), Texts::MAX_BYTES);
        if length > limit {
            return Err(given.fault(&format!(
                "has {length} bytes, at most {limit} are allowed (a Chinese character has 3)"
            )));
        }
        match needs {
            Needs::Label if text.trim().is_empty() => {
                Err(given.fault("is empty, but it is the link that followers tap"))
            }
            Needs::Label if text.contains(['<', '>']) => Err(given.fault(&format!(
                "is {}, but the text of a link cannot have `<` or `>` in it",
                quoted(text)
            ))),
            Needs::Place(place, what) if !text.contains(place) => Err(given.fault(&format!(
                "is {}, `{place}` is needed in it; it stands for {what}",
                quoted(text)
            ))),
            _ => Ok(text.into()),
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

/// A text that a follower may read, within the platform's limit.
pub(super) fn text(given: &Given<'_>) -> Result<String, Faults> {
    let text = given.text()?;
    let length = text.len();
    if length > MAX_TEXT_BYTES {
        let limit = format!("at most {MAX_TEXT_BYTES} are allowed (a Chinese character has 3)");
        return Err(given.fault(&format!("has {length} bytes, {limit}")));
    }
    Ok(text.into())
}

pub(super) fn account_name(given: &Given<'_>) -> Result<String, Faults> {
    let name = given.text()?.trim();
    let length = name.chars().count();
    if length > 64 {
        return Err(given.fault(&format!("has {length} characters, at most 64 are allowed")));
    }
    Ok(name.into())
}

pub(super) fn account_id(given: &Given<'_>) -> Result<String, Faults> {
    let id = given.text()?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=32).contains(&id.len()) || !id.bytes().all(allowed) {
        return Err(given.fault(&format!(
            "is {}, 1 to 32 of a-z, 0-9 and `-` are allowed",
            quoted(id)
        )));
    }
    Ok(id.into())
}

pub(super) fn app_id(given: &Given<'_>) -> Result<AppId, Faults> {
    let app_id = given.text()?.trim();
    let digits = app_id.strip_prefix("wx");
    if digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    }) {
        return Ok(app_id.into());
    }
    let found = match digits {
        Some(_) => format!("is `{}`", shown(app_id)),
        // It may be a secret that was put into the wrong line.
        None => format!(
            "does not begin with `wx` and has {} characters",
            app_id.chars().count()
        ),
    };
    Err(given.fault(&format!(
        "{found}; `wx` and 16 hex digits are needed, copy it from the platform's page (开发者ID)"
    )))
}

/// A token or key: what is written is never shown.
pub(super) fn secret<T: FromStr<Err = Error>>(given: &Given<'_>) -> Result<T, Faults> {
    given.secret_text()?.parse().map_err(|error| match error {
        Error::BadToken(what) => {
            given.fault(&format!("{what}; 3 to 32 letters and digits are allowed"))
        }
        Error::BadKey(what) => given.fault(&format!(
            "{what}; copy it from the platform's server configuration page"
        )),
        other => given.fault(&format!("cannot be used: {other}")),
    })
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
