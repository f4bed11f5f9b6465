//! From what is written to what is meant, one function for each kind of value.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use echostr_protocol::{AppId, Error, MAX_TEXT_BYTES};
use ipnet::IpNet;

use super::fault::Faults;
use super::reader::{Given, quoted, shown};

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

/// A name, or a table with `kind` and nothing else that any kind of today knows.
pub(super) fn bot<T: Copy>(
    kinds: &'static [(&'static str, T)],
) -> impl Fn(&Given<'_>) -> Result<T, Faults> {
    move |given| {
        let Some(entries) = given.entries() else {
            return one_of(kinds)(given);
        };
        let Some((_, kind)) = entries.iter().find(|(name, _)| *name == "kind") else {
            return Err(
                given.fault("is a table without `kind`; write for example `{ kind = \"echo\" }`")
            );
        };
        let kind = one_of(kinds)(kind)?;
        let others = entries.iter().filter(|(name, _)| *name != "kind");
        let mut faults = Faults::default();
        for (_, other) in others {
            faults.append(other.fault("is not known; this bot has no key but `kind`"));
        }
        if faults.is_empty() {
            Ok(kind)
        } else {
            Err(faults)
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
            match item(&given) {
                Ok(value) => values.push(value),
                Err(others) => faults.append(others),
            }
        }
        if faults.is_empty() {
            Ok(values)
        } else {
            Err(faults)
        }
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
