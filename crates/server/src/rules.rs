//! What the values of an account must be; what is wrong goes on after the name of the field.

use std::ops::RangeInclusive;

use echostr::{
    BadProgram, Language, ProgramSecret, ProgramUrl, Strategy, Texts, Zone, is_original_id,
};
use echostr_client::{ApiBase, BadBase, TokenUrl};
use echostr_protocol::api::Secret;
use echostr_protocol::{AppId, EncodingAesKey, Error, MAX_TEXT_BYTES, Token};
use echostr_store::{AccessTokenFrom, ModeWord};
use secrecy::SecretString;

use crate::config::{quoted, shown};

pub(crate) const DEFAULT_TIMEOUT_SECS: u64 = 60;
pub(crate) const TIMEOUT_SECS: RangeInclusive<u64> = 1..=600;

type Checked<T> = Result<T, String>;

pub(crate) fn account_id(id: &str) -> Checked<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=32).contains(&id.len()) || !id.bytes().all(allowed) {
        return Err(format!(
            "is {}, 1 to 32 of a-z, 0-9 and `-` are allowed",
            quoted(id)
        ));
    }
    Ok(id.into())
}

pub(crate) fn account_name(name: &str) -> Checked<String> {
    let name = name.trim();
    match name.chars().count() {
        length if length > 64 => Err(format!("has {length} characters, at most 64 are allowed")),
        _ => Ok(name.into()),
    }
}

pub(crate) fn token(token: &str) -> Checked<Token> {
    token.parse().map_err(bad_secret)
}

pub(crate) fn encoding_aes_key(key: &str) -> Checked<EncodingAesKey> {
    key.parse().map_err(bad_secret)
}

fn bad_secret(error: Error) -> String {
    match error {
        Error::BadToken(what) => format!("{what}; 3 to 32 letters and digits are allowed"),
        Error::BadKey(what) => {
            format!("{what}; copy it from the platform's server configuration page")
        }
        other => format!("cannot be used: {other}"),
    }
}

pub(crate) fn app_secret(secret: &str) -> Checked<SecretString> {
    let secret = secret.trim();
    if secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(secret.into());
    }
    Err("is not 32 hex digits; copy it from the platform's page (开发者密码)".into())
}

/// What the strategy `send` lacks, as the rest of a sentence about `delivery`.
pub(crate) fn lacking_for_send(
    has_app_id: bool,
    has_app_secret: bool,
    access_token: &AccessTokenFrom,
) -> Option<String> {
    let has_token = has_app_secret || matches!(access_token, AccessTokenFrom::Url(_));
    let missing = match (has_app_id, has_token) {
        (true, true) => return None,
        (false, true) => "`app_id`",
        (true, false) => "`app_secret`",
        (false, false) => "`app_id` and `app_secret`",
    };
    Some(format!(
        "is `send`, which needs {missing}: answers are sent by a call to the platform; instead of `app_secret`, \
         `access_token` may be the address of a program that gives out access tokens"
    ))
}

/// Where the platform's HTTP API is; empty: at its own address.
pub(crate) fn api_base(base: &str) -> Checked<Option<String>> {
    let base = base.trim();
    if base.is_empty() {
        return Ok(None);
    }
    let parsed: ApiBase = base.parse().map_err(|BadBase(what)| what)?;
    Ok(Some(parsed.as_str().into()))
}

/// Where access tokens come from. What is no address is not shown: it may be a token.
pub(crate) fn access_token(from: &str) -> Checked<AccessTokenFrom> {
    let from = from.trim();
    match from {
        "stable" => Ok(AccessTokenFrom::Stable),
        "plain" => Ok(AccessTokenFrom::Plain),
        url if url.contains("://") => {
            TokenUrl::new(url, None).map_err(|BadBase(what)| what)?;
            Ok(AccessTokenFrom::Url(url.into()))
        }
        _ => Err(
            "is none of `stable`, `plain`, the address of a program that gives out access tokens"
                .into(),
        ),
    }
}

/// The key of that program.
pub(crate) fn access_token_key(key: &str) -> Checked<SecretString> {
    let key = key.trim();
    let length = key.len();
    if !(8..=512).contains(&length) {
        return Err(format!("has {length} characters, 8 to 512 are allowed"));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has blanks or other characters in it that no key has; letters, digits and signs are allowed".into());
    }
    Ok(key.into())
}

pub(crate) fn mode(word: &str) -> Checked<ModeWord> {
    match word {
        "plain" => Ok(ModeWord::Plain),
        "compatible" | "compat" => Ok(ModeWord::Compatible),
        "safe" => Ok(ModeWord::Safe),
        other => Err(one_of(other, "`plain`, `compatible`, `safe`")),
    }
}

pub(crate) fn app_id(app_id: &str) -> Checked<AppId> {
    let app_id = app_id.trim();
    let digits = app_id.strip_prefix("wx");
    if digits.is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    }) {
        return Ok(app_id.into());
    }
    let found = match digits {
        Some(_) => format!("is `{}`", shown(app_id)),
        // It may be a secret that was put into the wrong place.
        None => format!(
            "does not begin with `wx` and has {} characters",
            app_id.chars().count()
        ),
    };
    Err(format!(
        "{found}; `wx` and 16 hex digits are needed, copy it from the platform's page (开发者ID)"
    ))
}

pub(crate) fn gh_id(gh_id: &str) -> Checked<String> {
    if is_original_id(gh_id) {
        return Ok(gh_id.into());
    }
    Err(format!(
        "is {}, `gh_` and letters and digits are needed, copy it from the platform's page (原始ID)",
        quoted(gh_id)
    ))
}

pub(crate) fn delivery(word: &str) -> Checked<Strategy> {
    match word {
        "auto" => Ok(Strategy::Auto),
        "patient" => Ok(Strategy::Patient),
        "quick" => Ok(Strategy::Quick),
        "send" => Ok(Strategy::Send),
        "link" => Ok(Strategy::Link),
        other => Err(one_of(other, "`auto`, `patient`, `quick`, `send`, `link`")),
    }
}

pub(crate) fn language(word: &str) -> Checked<Language> {
    match word {
        "zh" => Ok(Language::Chinese),
        "en" => Ok(Language::English),
        other => Err(one_of(other, "`zh`, `en`")),
    }
}

pub(crate) fn time_zone(zone: &str) -> Checked<Zone> {
    zone.parse().map_err(|_| {
        format!(
            "is {}, a distance from UTC like `+08:00` is needed, -12:00 to +14:00 are allowed",
            quoted(zone)
        )
    })
}

fn one_of(found: &str, allowed: &str) -> String {
    format!("is {}; allowed: {allowed}", quoted(found))
}

pub(crate) fn text(text: &str) -> Checked<String> {
    match text.len() {
        length if length > MAX_TEXT_BYTES => Err(format!(
            "has {length} bytes, at most {MAX_TEXT_BYTES} are allowed (a Chinese character has 3)"
        )),
        _ => Ok(text.into()),
    }
}

/// One of the texts around answers, by its name: short enough to leave room for them.
pub(crate) fn text_beside(name: &str, text: &str) -> Checked<String> {
    let (length, limit) = (text.len(), Texts::MAX_BYTES);
    if length > limit {
        return Err(format!(
            "has {length} bytes, at most {limit} are allowed (a Chinese character has 3)"
        ));
    }
    let lacks = |place: &str, what: &str| {
        let is_there = text.contains(place);
        (!is_there).then(|| {
            format!(
                "is {}, `{place}` is needed in it; it stands for {what}",
                quoted(text)
            )
        })
    };
    let fault = match name {
        "unread" => lacks("{n}", "how many"),
        "earlier" => lacks("{question}", "the question"),
        "wait_label" | "more_label" if text.trim().is_empty() => {
            Some("is empty, but it is the link that followers tap".into())
        }
        "wait_label" | "more_label" if text.contains(['<', '>']) => Some(format!(
            "is {}, but the text of a link cannot have `<` or `>` in it",
            quoted(text)
        )),
        _ => None,
    };
    fault.map_or_else(|| Ok(text.into()), Err)
}

pub(crate) fn url(url: &str) -> Checked<String> {
    let parsed: ProgramUrl = url.parse().map_err(bad_program)?;
    drop(parsed);
    Ok(url.trim().into())
}

/// Where a model or a tool is. What would come after a `?` may be a secret: those have places of their own.
pub(crate) fn endpoint(endpoint: &str) -> Checked<String> {
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(
            "has a user name or a password in it; leave them out, a secret goes into `key`".into(),
        );
    }
    if endpoint.contains('?') {
        return Err(
            "has a query; leave out the `?` and what follows it, a secret goes into `key`".into(),
        );
    }
    url(endpoint)
}

/// The key of a model or a tool, which is sent in a header.
pub(crate) fn llm_key(key: &str) -> Checked<Secret> {
    let key = key.trim();
    let length = key.len();
    if !(1..=2048).contains(&length) {
        return Err(format!("has {length} characters, 1 to 2048 are allowed"));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has blanks or other characters in it that no key has; letters, digits and signs are allowed".into());
    }
    Ok(key.into())
}

/// The secret of a bot that is a program.
pub(crate) fn bot_secret(secret: &str) -> Checked<SecretString> {
    let parsed: ProgramSecret = secret.parse().map_err(bad_program)?;
    drop(parsed);
    Ok(secret.trim().into())
}

fn bad_program(error: BadProgram) -> String {
    match error {
        BadProgram::Url(what) | BadProgram::Secret(what) => what,
        other => format!("cannot be used: {other}"),
    }
}
