//! API keys — API 密钥: who may use the API, and for what.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use echostr_store::ApiKey;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authority::{Caller, SCOPES};
use super::given::{Given, Object, Query, Segment};
use super::problem::{Away, Code, NotFound, Problem};
use crate::office::{Office, Refused, now_ms};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The longest that a key may count, when it has an end at all.
const MAX_DAYS: i64 = 3650;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, create_key))
        .routes(routes!(revoke_key))
}

/// 一个密钥，不含密钥本身 · a key, without what proves it.
#[derive(Serialize, ToSchema)]
struct Key {
    #[schema(pattern = "^k_[0-9a-f]{8}$", example = "k_1a2b3c4d")]
    id: String,
    /// 给人看的名字 · for people.
    #[schema(max_length = 64, example = "backup")]
    name: String,
    #[schema(example = json!(["accounts:read"]))]
    scopes: Vec<String>,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    /// 最多晚一分钟 · behind by up to a minute.
    last_used_at_ms: Option<i64>,
    revoked_at_ms: Option<i64>,
}

/// 所有密钥 · all keys.
#[derive(Serialize, ToSchema)]
struct Keys {
    items: Vec<Key>,
}

/// 新的密钥 · a key that was made.
#[derive(Serialize, ToSchema)]
struct MadeKey {
    /// 密钥本身，只出现这一次 · the key itself, shown this once.
    #[schema(pattern = "^echostr_[A-Za-z0-9_-]{43}$")]
    key: String,
    /// 关于它 · about it.
    about: Key,
}

/// 要什么样的密钥 · what key to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "backup", "scopes": ["accounts:read"], "expires_in_days": 90 }))]
#[expect(dead_code, reason = "it describes; `create_key` reads")]
struct KeyForm {
    /// 给人看的名字 · for people.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// 权限；只能给自己有的 · what it is good for; a key can only give what it has itself.
    #[schema(min_items = 1, max_items = 18)]
    scopes: BTreeSet<Scope>,
    /// 多少天后失效；不写就没有期限；不能晚于自己的 · without it, the key has no end; a key cannot make one that outlives it.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

/// 权限，`*` 是全部 · what a key is good for; `*` is everything.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes; `SCOPES` has the same")]
enum Scope {
    #[serde(rename = "*")]
    All,
    #[serde(rename = "accounts:read")]
    AccountsRead,
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    #[serde(rename = "answers:read")]
    AnswersRead,
    #[serde(rename = "answers:write")]
    AnswersWrite,
    #[serde(rename = "audit:read")]
    AuditRead,
    #[serde(rename = "followers:read")]
    FollowersRead,
    #[serde(rename = "followers:write")]
    FollowersWrite,
    #[serde(rename = "health:read")]
    HealthRead,
    #[serde(rename = "keys:write")]
    KeysWrite,
    #[serde(rename = "messages:read")]
    MessagesRead,
    #[serde(rename = "messages:write")]
    MessagesWrite,
    #[serde(rename = "platform:call")]
    PlatformCall,
    #[serde(rename = "rules:read")]
    RulesRead,
    #[serde(rename = "rules:write")]
    RulesWrite,
    #[serde(rename = "secrets:write")]
    SecretsWrite,
    #[serde(rename = "tokens:read")]
    TokensRead,
    #[serde(rename = "usage:read")]
    UsageRead,
}

/// 列出密钥 · lists all keys, newest first, revoked ones too.
#[utoipa::path(
    get, path = "/keys", tag = "keys", security(("key" = ["keys:write"])),
    responses((status = 200, description = "所有密钥 · all keys", body = Keys))
)]
async fn list_keys(
    State(office): State<Office>,
    Query(query): Query,
) -> Result<Json<Keys>, Problem> {
    query.finish()?;
    let items = office.keys().into_iter().map(key).collect();
    Ok(Json(Keys { items }))
}

/// 生成密钥 · makes a key.
///
/// 只能给自己有的权限（否则 `missing_scope`），不能比自己更晚失效（否则 `outlives_key`） · it can only get what the key that asks has
/// itself (else `missing_scope`), and cannot count longer (else `outlives_key`).
#[utoipa::path(
    post, path = "/keys", tag = "keys", security(("key" = ["keys:write"])),
    request_body = KeyForm,
    responses((status = 201, description = "密钥，只出现这一次 · the key, shown this once", body = MadeKey), Away)
)]
async fn create_key(
    State(office): State<Office>,
    caller: Caller,
    Object(given): Object,
) -> Result<(StatusCode, Json<MadeKey>), Problem> {
    let mut given = Given::of_body(given);
    let name = given.text("name", 1..=64);
    let scopes = given.words("scopes", &SCOPES);
    let days = given.integer("expires_in_days", 1..=MAX_DAYS);
    if name.is_none() {
        given.missing("name", "write what the key is for");
    }
    if scopes.is_none() {
        given.missing(
            "scopes",
            "write what it is good for, like `[\"accounts:read\"]`",
        );
    }
    given.finish()?;
    let (name, scopes) = (name.unwrap_or_default(), scopes.unwrap_or_default());
    may_all(&caller, &scopes, "give")?;
    let now = now_ms();
    let expires_at = days.map(|days| now.saturating_add(days * DAY_MS));
    if let Some(own) = caller.expires_at_ms()
        && expires_at.is_none_or(|at| at > own)
    {
        let days = (own - now).max(0) / DAY_MS;
        let detail = format!(
            "a key cannot make one that outlives it; this one ends in {days} days: give `expires_in_days`, and no more than that"
        );
        return Err(Problem::new(Code::OutlivesKey, detail));
    }
    let made = office
        .create_key(&caller.actor, &name, scopes, expires_at)
        .await;
    let (about, secret) = made.map_err(|refused| Problem::of(refused, Code::UnknownKey, ""))?;
    let made = MadeKey {
        key: secret.expose_secret().to_owned(),
        about: key(about),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// 吊销密钥 · revokes a key: from now on it opens nothing.
///
/// 只能吊销权限不超过自己的密钥（否则 `missing_scope`） · only keys that are good for nothing that the key that asks is not good for
/// (else `missing_scope`).
#[utoipa::path(
    delete, path = "/keys/{id}", tag = "keys", security(("key" = ["keys:write"])),
    params(("id" = String, Path, description = "密钥的 id · the key's id", example = "k_1a2b3c4d")),
    responses((status = 204, description = "已吊销 · it opens nothing any more"), NotFound, Away)
)]
async fn revoke_key(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let unknown = |refused| Problem::of(refused, Code::UnknownKey, &id);
    let key = office.keys().into_iter().find(|key| key.id == id);
    let key = key.ok_or_else(|| unknown(Refused::Unknown))?;
    may_all(&caller, &key.scopes, "revoke")?;
    let revoked = office.revoke_key(&caller.actor, &id).await;
    revoked.map_err(unknown)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses scopes that the caller does not have.
fn may_all(caller: &Caller, scopes: &[String], what: &str) -> Result<(), Problem> {
    let Some(scope) = scopes.iter().find(|scope| !caller.may(scope)) else {
        return Ok(());
    };
    let detail =
        format!("a key can only {what} what it has itself, and this one does not have `{scope}`");
    Err(Problem::new(Code::MissingScope, detail))
}

fn key(key: ApiKey) -> Key {
    Key {
        id: key.id,
        name: key.name,
        scopes: key.scopes,
        created_at_ms: key.created_at_ms,
        expires_at_ms: key.expires_at_ms,
        last_used_at_ms: key.last_used_at_ms,
        revoked_at_ms: key.revoked_at_ms,
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema as _;

    use super::*;
    use crate::api::SCOPES;

    #[test]
    fn every_scope_is_described() {
        let described = serde_json::to_value(Scope::schema()).expect("JSON");
        assert_eq!(described["enum"], serde_json::json!(SCOPES));
        let asked = serde_json::to_value(KeyForm::schema()).expect("JSON");
        let most = &asked["properties"]["scopes"]["maxItems"];
        assert_eq!(most.as_u64(), u64::try_from(SCOPES.len()).ok());
    }
}
