//! Accounts and rules as a document in TOML, written as in the manual of the settings: `echostr export` and `echostr apply`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use echostr_protocol::EncodingAesKey;
use echostr_store::{
    AccessTokenFrom, AccountEntry, AccountSecrets, BotSettings, Origin, RuleEntry, TextSettings,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use crate::llm_form;

use super::form::{FIELDS, FormFault, TEXTS, word_of};
use super::rules;

/// The top of every document.
const HEAD: &str = "# 公众号和规则 · accounts and rules. `echostr apply` 让服务器和它一致；不在这里的不变。\n\
                    # `echostr apply` makes the server agree with it; what is not in it stays as it is.\n";
const WITHOUT_RULES: &str = "# 没有规则：密钥缺少 rules:read 权限。\n\
                             # Rules are left out: the key lacks the scope rules:read.\n";
const WITHOUT_SECRETS: &str = "# 密钥没有写出来；没写的密钥在 apply 时保持不变。\n\
                               # Secrets are left out; those that are not written stay as they are when it is applied.\n";
const WITH_SECRETS: &str = "# 里面有密钥：请 chmod 600，不要给别人看。\n\
                            # It holds secrets: chmod 600, and show it to nobody.\n";

/// What stays as it is when a document does not name it: secrets, and what is learnt.
const STAYING: [&str; 5] = [
    "token",
    "app_secret",
    "access_token_key",
    "encoding_aes_key",
    "gh_id",
];
/// What bots have beside their kind and secrets, which is the default when a document does not name it.
const HTTP: [&str; 2] = ["timeout_secs", "events"];
const RELAY: [&str; 3] = ["mode", "app_id", "timeout_secs"];

/// What a document wants.
#[derive(Default)]
pub(super) struct Document {
    pub(super) accounts: Vec<Wanted>,
    pub(super) rules: Vec<Wanted>,
}

/// An account or a rule as a document has it.
pub(super) struct Wanted {
    pub(super) id: String,
    /// Where it stands, like `account[0]`.
    pub(super) place: String,
    pub(super) fields: Map<String, Json>,
}

/// Why a text is no document. No secret is in it.
#[derive(Debug)]
pub(crate) enum BadDocument {
    /// It is not TOML.
    Toml(String),
    /// It is, but of another form.
    Faulty(Vec<FormFault>),
}

/// Writes these accounts and rules down.
pub(super) fn write<'a>(
    entries: impl Iterator<Item = &'a AccountEntry>,
    rules: Option<&[Arc<RuleEntry>]>,
    with_secrets: bool,
) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(if with_secrets {
        WITH_SECRETS
    } else {
        WITHOUT_SECRETS
    });
    for entry in entries.filter(|entry| entry.origin == Origin::Store && entry.unread.is_none()) {
        write_account(&mut text, entry, with_secrets);
    }
    match rules {
        Some(rules) => rules::document::write(&mut text, rules, with_secrets),
        None => text.push_str(WITHOUT_RULES),
    }
    text
}

fn write_account(text: &mut String, entry: &AccountEntry, with_secrets: bool) {
    let settings = &entry.settings;
    let secrets = &entry.secrets;
    text.push_str("\n[[account]]\n");
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {value}");
        }
    };
    let secret = |value: Option<String>| {
        let left_out = value.is_some() && !with_secrets;
        (value.filter(|_| with_secrets).map(Value::String), left_out)
    };
    put("id", Some(entry.id.clone().into()));
    put("name", Some(settings.name.clone().into()));
    let key = secrets
        .encoding_aes_key
        .as_ref()
        .map(EncodingAesKey::to_base64);
    let app_secret = secrets.app_secret.as_ref();
    let access_token_key = secrets.access_token_key.as_ref();
    let all = [
        ("token", Some(secrets.token.expose().to_owned())),
        ("encoding_aes_key", key),
        (
            "app_secret",
            app_secret.map(|secret| secret.expose_secret().to_owned()),
        ),
        (
            "access_token_key",
            access_token_key.map(|key| key.expose_secret().to_owned()),
        ),
    ];
    let mut left_out = Vec::new();
    for (name, value) in all {
        let (value, is_left_out) = secret(value);
        put(name, value);
        left_out.extend(is_left_out.then(|| name.to_owned()));
    }
    put("mode", Some(settings.mode.as_str().into()));
    let app_id = settings.app_id.as_ref().map(ToString::to_string);
    put("app_id", app_id.map(Value::from));
    put("api_base", settings.api_base.clone().map(Value::from));
    let access_token = Some(settings.access_token.as_str());
    let access_token = access_token.filter(|_| settings.access_token != AccessTokenFrom::Stable);
    put("access_token", access_token.map(Value::from));
    put("gh_id", entry.gh_id().map(Value::from));
    put("delivery", word_of(&settings.delivery).map(Value::from));
    put("welcome", settings.welcome.clone().map(Value::from));
    put("fallback", Some(settings.fallback.clone().into()));
    put("language", word_of(&settings.language).map(Value::from));
    put("time_zone", Some(settings.time_zone.to_string().into()));
    let is_disabled = entry.disabled_at_ms.is_some();
    put("disabled", is_disabled.then_some(Value::Boolean(true)));
    let (bot, bot_left_out) = bot(entry, with_secrets);
    let is_long = matches!(settings.bot, BotSettings::Llm(_));
    let (bot, table) = if is_long {
        (None, Some(bot))
    } else {
        (Some(bot), None)
    };
    put("bot", bot);
    left_out.extend(bot_left_out);
    if !left_out.is_empty() {
        let _ = writeln!(text, "# 没写出来 · left out: {}", left_out.join(", "));
    }
    let texts = texts(&settings.texts);
    if !texts.is_empty() {
        text.push_str("[account.texts]\n");
        for (name, value) in texts {
            let _ = writeln!(text, "{name} = {}", Value::from(value));
        }
    }
    if let Some(table) = table {
        text.push_str(&part_of_an_account("bot", table));
    }
}

/// A table of an account with tables in it, as it stands after the account's own keys.
fn part_of_an_account(name: &str, table: Value) -> String {
    let account = Table::from_iter([(name.to_owned(), table)]);
    let accounts = Table::from_iter([("account".to_owned(), Value::Array(vec![account.into()]))]);
    let text = toml::to_string(&accounts).unwrap_or_default();
    let text = text.trim_start_matches("[[account]]").trim_start();
    format!("{text}\n")
}

fn texts(texts: &TextSettings) -> Vec<(&'static str, String)> {
    let json = serde_json::to_value(texts).unwrap_or_default();
    let given = TEXTS.iter().filter_map(|name| {
        let text = json[*name].as_str()?;
        Some((*name, text.to_owned()))
    });
    given.collect()
}

/// The bot as one value, and what of it is left out.
fn bot(entry: &AccountEntry, with_secrets: bool) -> (Value, Vec<String>) {
    let secrets = &entry.secrets;
    let mut table = Table::new();
    let mut left_out = Vec::new();
    let kind = entry.settings.bot.kind();
    let mut secret = |table: &mut Table, name: &str, full_name, value: Option<String>| match value {
        Some(value) if with_secrets => {
            table.insert(name.into(), value.into());
        }
        Some(_) => left_out.push(String::from(full_name)),
        None => {}
    };
    let seconds = |secs: u64| Value::Integer(i64::try_from(secs).unwrap_or(i64::MAX));
    match &entry.settings.bot {
        BotSettings::Echo | BotSettings::None => return (kind.into(), left_out),
        BotSettings::Http {
            url,
            timeout_secs,
            events,
        } => {
            let (url, query) = divided(url, with_secrets);
            secret(&mut table, "", "the query of bot.url", query);
            table.insert("url".into(), url.into());
            table.insert("timeout_secs".into(), seconds(*timeout_secs));
            table.insert("events".into(), (*events).into());
            let value = secrets.bot_secret.as_ref();
            let value = value.map(|value| value.expose_secret().to_owned());
            secret(&mut table, "secret", "bot.secret", value);
        }
        BotSettings::Relay {
            url,
            mode,
            app_id,
            timeout_secs,
        } => {
            let (url, query) = divided(url, with_secrets);
            secret(&mut table, "", "the query of bot.url", query);
            table.insert("url".into(), url.into());
            table.insert("mode".into(), mode.as_str().into());
            if let Some(app_id) = app_id {
                table.insert("app_id".into(), app_id.to_string().into());
            }
            table.insert("timeout_secs".into(), seconds(*timeout_secs));
            let token = secrets.relay_token.as_ref();
            let token = token.map(|token| token.expose().to_owned());
            secret(&mut table, "token", "bot.token", token);
            let key = secrets.relay_encoding_aes_key.as_ref();
            let key = key.map(EncodingAesKey::to_base64);
            secret(&mut table, "encoding_aes_key", "bot.encoding_aes_key", key);
        }
        BotSettings::Llm(settings) => {
            let keys = &secrets.llm_keys;
            let written = llm_form::written(settings, with_secrets.then_some(keys));
            table = Table::try_from(written).unwrap_or_default();
            if !with_secrets {
                left_out.extend(keys.0.keys().map(|place| format!("bot.{place}")));
            }
        }
    }
    table.insert("kind".into(), kind.into());
    (table.into(), left_out)
}

/// An address, and its query when that must not be shown: it may hold a secret.
pub(super) fn divided(url: &str, with_secrets: bool) -> (String, Option<String>) {
    match url.split_once('?') {
        Some((address, query)) if !with_secrets => (address.into(), Some(query.into())),
        _ => (url.into(), None),
    }
}

/// Reads a document; `current` finds the account that has an id now.
pub(super) fn read(
    text: &str,
    current: impl Fn(&str) -> Option<Arc<AccountEntry>>,
) -> Result<Document, BadDocument> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or(0, |span| span.start);
        let line = 1 + text.get(..place).unwrap_or_default().matches('\n').count();
        // What stands there is not told: it may be a secret.
        BadDocument::Toml(format!(
            "line {line} is not valid TOML: {}",
            error.message()
        ))
    })?;
    let mut faults = Vec::new();
    let mut document = Document::default();
    for (name, value) in table {
        let (wanted, place) = match name.as_str() {
            "account" => (&mut document.accounts, "account"),
            "rule" => (&mut document.rules, "rule"),
            _ => {
                let text =
                    "is not known; there are only `[[account]]` and `[[rule]]` in such a document";
                faults.push(FormFault::new(&crate::config::shown(&name), text));
                continue;
            }
        };
        if let Value::Array(tables) = value {
            *wanted = all_of(place, tables, &mut faults);
        } else {
            let text = format!("is no list of tables; write `[[{place}]]`");
            faults.push(FormFault::new(place, &text));
        }
    }
    for Wanted { id, fields, .. } in &mut document.accounts {
        complete(fields, current(id).as_deref());
    }
    if faults.is_empty() {
        Ok(document)
    } else {
        Err(BadDocument::Faulty(faults))
    }
}

/// The tables of one list, each with its id.
fn all_of(list: &str, tables: Vec<Value>, faults: &mut Vec<FormFault>) -> Vec<Wanted> {
    let mut ids = HashSet::new();
    let mut all = Vec::new();
    for (index, value) in tables.into_iter().enumerate() {
        let place = format!("{list}[{index}]");
        let mut fault = |field: &str, text: &str| faults.push(FormFault::new(field, text));
        let Json::Object(mut fields) = as_json(value) else {
            fault(&place, &format!("is no table; write `[[{list}]]`"));
            continue;
        };
        let id = format!("{place}.id");
        match fields.remove("id") {
            Some(Json::String(own)) if ids.insert(own.clone()) => all.push(Wanted {
                id: own,
                place,
                fields,
            }),
            Some(Json::String(_)) => fault(&id, "is there twice; keep one of them"),
            _ => fault(&id, "is missing, or is not a text"),
        }
    }
    all
}

/// A date is a text in JSON, whether it stands between quotes or not.
fn as_json(value: Value) -> Json {
    match value {
        Value::Datetime(date) => date.to_string().into(),
        Value::Array(values) => values.into_iter().map(as_json).collect(),
        Value::Table(table) => {
            let members = table.into_iter();
            members
                .map(|(name, value)| (name, as_json(value)))
                .collect()
        }
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

/// What is not written is the default, except secrets.
fn complete(fields: &mut Map<String, Json>, current: Option<&AccountEntry>) {
    for name in FIELDS.iter().filter(|name| !STAYING.contains(name)) {
        fields.entry(*name).or_insert(Json::Null);
    }
    if let Some(Json::Object(texts)) = fields.get_mut("texts") {
        for name in TEXTS {
            texts.entry(name).or_insert(Json::Null);
        }
    }
    let Some(Json::Object(bot)) = fields.get_mut("bot") else {
        return;
    };
    if bot.get("kind").and_then(Json::as_str) == Some("llm") {
        llm_form::complete(bot);
    }
    let names: &[&str] = match bot.get("kind").and_then(Json::as_str) {
        Some("http") => &HTTP,
        Some("relay") => &RELAY,
        _ => &[],
    };
    for name in names {
        bot.entry(*name).or_insert(Json::Null);
    }
    // The query of an address is left out as a secret is.
    if let Some(BotSettings::Http { url, .. } | BotSettings::Relay { url, .. }) =
        current.map(|entry| &entry.settings.bot)
        && let Some((address, _)) = url.split_once('?')
        && bot.get("url").and_then(Json::as_str) == Some(address)
    {
        bot.insert("url".into(), url.as_str().into());
    }
}

/// Who has a token, by the token; those that an account had before count as well.
pub(super) fn tokens<'a>(
    entries: impl Iterator<Item = &'a AccountEntry>,
) -> HashMap<&'a str, &'a str> {
    let mut owners = HashMap::new();
    for entry in entries {
        let previous = entry.secrets.previous_token.as_ref();
        owners.insert(entry.secrets.token.expose(), entry.id.as_str());
        owners.extend(previous.map(|it| (it.value.expose(), entry.id.as_str())));
    }
    owners
}

/// The secrets that an account has, and would have no more.
pub(super) fn lost(before: &AccountSecrets, after: &AccountSecrets) -> Vec<String> {
    let held = |secrets: &AccountSecrets| {
        let all = [
            ("encoding_aes_key", secrets.encoding_aes_key.is_some()),
            ("app_secret", secrets.app_secret.is_some()),
            ("access_token_key", secrets.access_token_key.is_some()),
            ("bot.secret", secrets.bot_secret.is_some()),
            ("bot.token", secrets.relay_token.is_some()),
            (
                "bot.encoding_aes_key",
                secrets.relay_encoding_aes_key.is_some(),
            ),
        ];
        let held = all.into_iter().filter(|(_, is_held)| *is_held);
        let of_model = secrets.llm_keys.0.keys();
        let of_model = of_model.map(|place| format!("bot.{place}"));
        let held = held.map(|(name, _)| name.to_owned()).chain(of_model);
        held.collect::<Vec<_>>()
    };
    let kept = held(after);
    let mut lost = held(before);
    lost.retain(|name| !kept.contains(name));
    lost
}

/// The fields in which two versions of an account differ.
pub(super) fn differing(before: &AccountEntry, after: &AccountEntry) -> Vec<&'static str> {
    let (old, new) = (&before.settings, &after.settings);
    let (old_secrets, new_secrets) = (&before.secrets, &after.secrets);
    let same = |old: Option<&SecretString>, new: Option<&SecretString>| {
        old.map(SecretString::expose_secret) == new.map(SecretString::expose_secret)
    };
    let is_same = [
        ("name", old.name == new.name),
        ("token", old_secrets.token == new_secrets.token),
        ("mode", old.mode == new.mode),
        ("app_id", old.app_id == new.app_id),
        (
            "app_secret",
            same(
                old_secrets.app_secret.as_ref(),
                new_secrets.app_secret.as_ref(),
            ),
        ),
        ("api_base", old.api_base == new.api_base),
        ("access_token", old.access_token == new.access_token),
        (
            "access_token_key",
            same(
                old_secrets.access_token_key.as_ref(),
                new_secrets.access_token_key.as_ref(),
            ),
        ),
        (
            "encoding_aes_key",
            old_secrets.encoding_aes_key == new_secrets.encoding_aes_key,
        ),
        ("gh_id", old.gh_id == new.gh_id),
        ("delivery", old.delivery == new.delivery),
        ("welcome", old.welcome == new.welcome),
        ("fallback", old.fallback == new.fallback),
        ("language", old.language == new.language),
        ("time_zone", old.time_zone == new.time_zone),
        ("texts", old.texts == new.texts),
        (
            "bot",
            old.bot == new.bot
                && same(
                    old_secrets.bot_secret.as_ref(),
                    new_secrets.bot_secret.as_ref(),
                )
                && old_secrets.relay_token == new_secrets.relay_token
                && old_secrets.relay_encoding_aes_key == new_secrets.relay_encoding_aes_key
                && old_secrets.llm_keys.0 == new_secrets.llm_keys.0,
        ),
        (
            "disabled",
            before.disabled_at_ms.is_some() == after.disabled_at_ms.is_some(),
        ),
    ];
    let differing = is_same.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(name, _)| name).collect()
}
