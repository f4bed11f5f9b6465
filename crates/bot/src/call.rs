//! Calls to programs of other people: the client that all share, what an address may be, sentences without secrets.

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use reqwest::{Client, Url, redirect};

use crate::BoxError;

/// What a program that uses all of its time may be late by.
pub(crate) const ON_THE_WAY: Duration = Duration::from_secs(1);
/// Programs close idle connections after 2 (gunicorn) or 5 seconds (Node, uvicorn); none may be used just then.
const IDLE: Duration = Duration::from_millis(1500);
/// How much of an answer that cannot be used is shown to the owner, in characters.
pub(crate) const EXCERPT_CHARS: usize = 200;
/// How we name ourselves to them.
pub(crate) const AGENT: &str = concat!("echostr/", env!("CARGO_PKG_VERSION"));

/// `http://` or `https://`, without a user name, a password or a fragment. It prints without its query, which may hold a
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ProgramUrl(pub(crate) Url);

/// Why an address or a secret cannot be used. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadProgram {
    /// What is wrong with the address, as the rest of a sentence about it.
    #[error("the program's address {0}")]
    Url(String),
    /// What is wrong with the secret, as the rest of a sentence about it.
    #[error("the program's secret {0}")]
    Secret(String),
}

/// Why there is no answer. What came may be in it, no secret is.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Failure {
    text: String,
    #[source]
    source: Option<BoxError>,
    is_break: bool,
}

impl Failure {
    /// `what` goes on after "the `who` at …".
    pub(crate) fn of(who: &str, url: &ProgramUrl, what: &str) -> Self {
        Self {
            text: format!("the {who} at {url} {what}"),
            source: None,
            is_break: false,
        }
    }

    pub(crate) fn unreached(who: &str, url: &ProgramUrl, error: &reqwest::Error) -> Self {
        let text = if error.is_connect() && url.is_https() && !echostr_client::has_roots() {
            format!(
                "the {who} at {url} cannot be called: this machine has no root certificates to check its certificate with; \
                 install them (Debian, Ubuntu: ca-certificates)"
            )
        } else if error.is_connect() {
            format!("cannot connect to the {who} at {url}; does it run?")
        } else {
            format!("the call of the {who} at {url} broke off")
        };
        Self {
            text,
            source: Some(innermost(error).into()),
            is_break: true,
        }
    }

    /// Whether there was no connection, or it broke off.
    pub(crate) fn is_break(&self) -> bool {
        self.is_break
    }
}

/// The client for an address: one for all programs with TLS, one for all others, so that a program more costs no memory.
pub(crate) fn client(url: &ProgramUrl) -> Client {
    static CLEAR: LazyLock<Client> = LazyLock::new(|| build(false));
    static TLS: LazyLock<Client> = LazyLock::new(|| build(true));
    if url.is_https() {
        TLS.clone()
    } else {
        CLEAR.clone()
    }
}

fn build(is_https: bool) -> Client {
    Client::builder()
        .tls_backend_preconfigured(echostr_client::tls_config(is_https))
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .pool_idle_timeout(IDLE)
        .build()
        .expect("what could fail is given: TLS and proxies")
}

/// What is wrong with this status, where `needed` would be right.
pub(crate) fn wrong_status(status: StatusCode, needed: &str) -> String {
    let code = status.as_u16();
    if status.is_redirection() {
        return format!(
            "answered with the redirect {code}, which is not followed; give the address that it leads to"
        );
    }
    format!("answered with status {code}, {needed} is needed")
}

/// What came, on one line, shortened, without the secret that it was asked with.
pub(crate) fn excerpt(came: &[u8], secret: &str) -> String {
    let mut came = String::from_utf8_lossy(came).into_owned();
    if !secret.is_empty() {
        came = came.replace(secret, "***");
    }
    let words = came.split_whitespace().flat_map(|word| [" ", word]);
    let characters = words.flat_map(str::chars).skip(1);
    characters
        .filter(|character| !character.is_control())
        .take(EXCERPT_CHARS)
        .collect()
}

/// The innermost cause in words; the outer ones name the URL, and with it the query.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// `60 s`, `0.2 s`
pub(crate) fn shown(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

impl FromStr for ProgramUrl {
    type Err = BadProgram;

    /// Blanks around the address are cut off: they come from copying.
    fn from_str(text: &str) -> Result<Self, BadProgram> {
        let text = text.trim();
        let bad = |what: &str| BadProgram::Url(what.into());
        // A query may hold a secret, and so may what stands before the host.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit_once('@').map_or(shown, |(_, after)| after);
        let shown: String = shown.chars().filter(|c| !c.is_control()).take(60).collect();
        let found = |what: &str| bad(&format!("is `{shown}`, {what}"));
        if text.is_empty() {
            return Err(bad("is empty; write for example `http://127.0.0.1:9000/`"));
        }
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("http://") && !lower.starts_with("https://") {
            return Err(found("`http://` or `https://` is needed at the beginning"));
        }
        if text.contains('#') {
            return Err(found("leave out the `#` and what follows it"));
        }
        match Url::parse(text) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => Err(bad(
                "has a user name or a password in it; leave them out, the signature is what proves a call",
            )),
            Ok(url) if url.has_host() => Ok(Self(url)),
            Ok(_) => Err(found("which has no host")),
            Err(error) => Err(found(&format!("which is no address: {error}"))),
        }
    }
}

impl ProgramUrl {
    /// All of it. Its query may hold a secret: never log it.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for ProgramUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(url) = self;
        write!(
            f,
            "{}://{}",
            url.scheme(),
            url.host_str().unwrap_or_default()
        )?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())
    }
}

impl fmt::Debug for ProgramUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
