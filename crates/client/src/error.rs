//! [`Error`]: why a call has no answer, and what to do. No address, token or secret is ever in it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::AppId;
use echostr_protocol::api::{Class, ErrCode, Retry, Secret, errcode};

use crate::BoxError;

/// Why a call has no answer. Names of calls are the platform's: `createTag`.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The platform refused it.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The connection failed or broke off.
    #[error("{call} failed: {}", if *.may_have_arrived {
        "the connection broke off before the answer came, so it is not known whether it was done"
    } else {
        "the platform cannot be reached; is this machine on the internet, and is a proxy needed?"
    })]
    Unreached {
        /// What was called.
        call: Cow<'static, str>,
        /// Whether the platform may have carried it out.
        may_have_arrived: bool,
        /// What the connection says.
        #[source]
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// Something on the way, or the platform itself, answered with a status that is none of the API.
    #[error(
        "{call} failed: the answer has status {status}, 200 is needed; something between here and the platform may have answered"
    )]
    Status {
        /// What was called.
        call: Cow<'static, str>,
        /// The status.
        status: u16,
    },
    /// What came is not what this call answers.
    #[error("{call} was answered, but the answer cannot be used: {what}; it begins with `{head}`")]
    Unreadable {
        /// What was called.
        call: Cow<'static, str>,
        /// Why.
        what: String,
        /// Its beginning, without secrets.
        head: String,
    },
    /// What came is longer than is read.
    #[error(
        "the answer to {call} has more than {limit_bytes} bytes, which are not read; ask for less at once, or use `download`"
    )]
    TooLarge {
        /// What was called.
        call: Cow<'static, str>,
        /// The limit.
        limit_bytes: usize,
    },
    /// There was no answer in time.
    #[error("{call} had no answer within {} s{}", .within.as_secs_f32(), if *.may_have_arrived {
        ", so it is not known whether it was done"
    } else {
        ""
    })]
    Late {
        /// What was called.
        call: Cow<'static, str>,
        /// The time that it had.
        within: Duration,
        /// Whether the platform may have carried it out.
        may_have_arrived: bool,
    },
    /// There is no access token.
    #[error("there is no access token for {app_id}")]
    NoToken {
        /// For whom.
        app_id: AppId,
        /// Why.
        #[source]
        source: Arc<dyn StdError + Send + Sync>,
    },
    /// The account lacks what the call needs.
    #[error("{call} cannot be called for {app_id}: {lacks}")]
    Lacking {
        /// What was to be called.
        call: Cow<'static, str>,
        /// For whom.
        app_id: AppId,
        /// What it lacks, and where it is set.
        lacks: &'static str,
    },
    /// What was given is no such request.
    #[error("{call} cannot be called: {what}")]
    NotARequest {
        /// What was to be called.
        call: Cow<'static, str>,
        /// What is wrong with it.
        what: String,
    },
}

/// What the platform says when it refuses.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What was called.
    pub call: Cow<'static, str>,
    /// `errcode`; -1 is the platform's own trouble.
    pub code: i64,
    /// `errmsg`, without its `rid`.
    pub words: String,
    /// The id of this call, for questions to the platform: `getRidInfo` explains it.
    pub rid: Option<String>,
    /// What is known of the code.
    pub known: Option<&'static ErrCode>,
    /// With 40164 and 61004: the address that has to be on the list.
    pub address: Option<String>,
}

impl Refused {
    pub(crate) fn new(
        call: Cow<'static, str>,
        code: i64,
        errmsg: &str,
        secrets: &[&Secret],
    ) -> Self {
        let (words, rid) = match errmsg.rsplit_once("rid:") {
            Some((words, rid)) => (words, Some(rid.trim()).filter(|rid| !rid.is_empty())),
            None => (errmsg, None),
        };
        let words = without(words.trim(), secrets);
        let names_address = matches!(code, 40164 | 61004);
        Self {
            call,
            code,
            address: names_address.then(|| address_in(&words)).flatten(),
            words,
            rid: rid.map(|rid| without(rid, secrets)),
            known: errcode(code),
        }
    }

    /// What can be done about it.
    pub fn remedy(&self) -> Cow<'static, str> {
        if let Some(address) = &self.address {
            return format!("add {address} to the list of allowed addresses (IP白名单) on the platform's page, beside the AppSecret").into();
        }
        let Some(known) = self.known else {
            return "look the code up in the platform's documents (全局返回码)".into();
        };
        match known.class {
            Class::TokenInvalid => "the access token does not count; is somebody else using the AppSecret with `token`?",
            Class::IpNotWhitelisted => "add this machine's address to the list of allowed addresses (IP白名单) on the platform's page",
            Class::Quota => "wait until the quota is renewed, or reset it with `clearQuota` (10 times a month)",
            Class::RateLimit => "call less often",
            Class::Permission => "the account may not do this; verified accounts (认证) may do more",
            Class::ContentRisk => "change the content",
            Class::SystemBusy => "try again later",
            Class::InvalidArgument | Class::UserState | Class::Other => match known.retry {
                Retry::Backoff => "try again later",
                Retry::Never => "the account's settings on the platform's page have to change first",
                Retry::RefreshToken | Retry::No => "",
            },
        }
        .into()
    }

    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        self.known.map_or(Class::Other, |known| known.class)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call,
            code,
            words,
            rid,
            ..
        } = self;
        match self.known {
            Some(known) => write!(f, "{call} failed: {}", known.meaning)?,
            None => write!(f, "{call} failed: {words}")?,
        }
        write!(f, " (errcode {code}")?;
        if self.known.is_some() && !words.is_empty() {
            write!(f, ", `{words}`")?;
        }
        if let Some(rid) = rid {
            write!(f, ", rid {rid}")?;
        }
        f.write_str(")")?;
        let remedy = self.remedy();
        if !remedy.is_empty() {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

impl Error {
    /// The same without these secrets in what the platform says.
    pub(crate) fn without(mut self, secrets: &[Secret]) -> Self {
        if let Self::Refused(refused) = &mut self {
            let secrets: Vec<&Secret> = secrets.iter().collect();
            refused.words = without(&refused.words, &secrets);
            refused.rid = refused.rid.take().map(|rid| without(&rid, &secrets));
        }
        self
    }

    /// The platform's code, when it refused.
    pub fn code(&self) -> Option<i64> {
        self.refused().map(|refused| refused.code)
    }

    /// What the platform said, when it refused this call or the access token for it.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            Self::NoToken { source, .. } => source.downcast_ref::<Self>()?.refused(),
            _ => None,
        }
    }

    /// Whether the access token does not count.
    pub fn is_token_invalid(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.class() == Class::TokenInvalid)
    }

    /// Whether a number of calls or messages is used up.
    pub fn is_quota(&self) -> bool {
        self.refused()
            .is_some_and(|refused| matches!(refused.class(), Class::Quota | Class::RateLimit))
    }

    /// Whether the account may not do this, or not from this machine.
    pub fn is_permission(&self) -> bool {
        self.refused().is_some_and(|refused| {
            matches!(refused.class(), Class::Permission | Class::IpNotWhitelisted)
        })
    }

    /// After what time the same call may succeed; nothing when time alone does not help, or nobody knows how long.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refused) => match refused.known?.retry {
                Retry::Backoff if refused.class() == Class::SystemBusy => {
                    Some(Duration::from_secs(1))
                }
                Retry::Backoff => Some(Duration::from_mins(1)),
                Retry::RefreshToken | Retry::No | Retry::Never => None,
            },
            Self::Unreached { .. } | Self::Late { .. } => Some(Duration::from_secs(1)),
            Self::Status { status, .. } if *status >= 500 => Some(Duration::from_secs(1)),
            Self::NoToken { source, .. } => source.downcast_ref::<Self>()?.retry_after(),
            _ => None,
        }
    }

    /// Whether the platform may have carried the call out although there is no good answer: then to make it again may do it
    /// twice.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreached {
                may_have_arrived, ..
            }
            | Self::Late {
                may_have_arrived, ..
            } => *may_have_arrived,
            Self::Status { status, .. } => *status >= 500,
            Self::Refused(refused) => refused.class() == Class::SystemBusy,
            Self::Unreadable { .. } | Self::TooLarge { .. } => true,
            _ => false,
        }
    }
}

/// An error with what caused it, in one sentence: not every log shows causes by itself.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A failure in words: its innermost cause. The outer ones name the address, and with it the access token.
#[derive(Debug)]
pub(crate) struct Words(pub(crate) String);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Words {}

pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // Without its address, if reqwest itself is the innermost.
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "it took too long".into(),
        Some(_) => "the request could not be made".into(),
        None => innermost.to_string(),
    }
}

/// A boxed error that several who wait can have.
pub(crate) fn shared(error: BoxError) -> Arc<dyn StdError + Send + Sync> {
    Arc::from(error)
}

/// The text without these secrets.
pub(crate) fn without(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets
        .iter()
        .map(|secret| secret.expose())
        .filter(|secret| secret.len() > 3)
    {
        if text.contains(secret) {
            text = text.replace(secret, "***");
        }
    }
    text
}

/// `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist` → `203.0.113.7`
fn address_in(words: &str) -> Option<String> {
    let pieces = words.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':')));
    let mut addresses =
        pieces.filter_map(|piece| piece.trim_matches('.').parse::<std::net::IpAddr>().ok());
    addresses
        .next()
        .map(|address| address.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_says_is_taken_apart() {
        let refused = Refused::new(
            "sendCustomMessage".into(),
            40164,
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist, access_token tok_123 rid: 61725984-6126f6f9",
            &[&"tok_123".into()],
        );
        assert_eq!(refused.address.as_deref(), Some("203.0.113.7"));
        assert_eq!(refused.rid.as_deref(), Some("61725984-6126f6f9"));
        assert!(!refused.to_string().contains("tok_123"), "{refused}");
        assert!(
            refused.to_string().contains("add 203.0.113.7 to the list"),
            "{refused}"
        );
    }

    #[test]
    fn an_address_of_the_new_kind_is_found_too() {
        assert_eq!(
            address_in("invalid ip 2001:db8::1, not in whitelist").as_deref(),
            Some("2001:db8::1")
        );
        assert_eq!(address_in("invalid ip, hint: [a-b]").as_deref(), None);
    }
}
