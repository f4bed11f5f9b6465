//! The platform's API — 平台接口: access tokens for the owner's other programs, calls by name, messages to followers, and what an
//! account may do.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use echostr_client::{Capabilities, Capability, Download, Error, FileStream, GivenToken, May};
use echostr_protocol::api::{self, Endpoint, Secret};
use futures_util::stream::try_unfold;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authority::Caller;
use super::given::{Asked, Given, Object, Payload, Segment, Segments, shown};
use super::problem::{
    Away, Code, Conflict, FieldFault, NotFound, NotSure, Problem, Refusal, Unreached,
};
use crate::config::nearest;
use crate::office::{NotDone, Office, RawCall};
use crate::rules;
use crate::store::with_causes;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(get_access_token, replace_access_token))
        .routes(routes!(call_platform))
        .routes(routes!(call_path))
        .routes(routes!(send_message))
        .routes(routes!(get_capabilities))
}

/// 一个 access_token，与平台的回答同样的格式 · an access token, in the platform's own form.
#[derive(Serialize, ToSchema)]
struct AccessToken {
    access_token: String,
    /// 还有多少秒有效 · the seconds that are left to it.
    #[schema(example = 7200)]
    expires_in: i64,
}

/// 平台不接受了的 access_token · an access token that the platform does not take.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "failed": "37_ABC" }))]
#[expect(dead_code, reason = "it describes; `replace_access_token` reads")]
struct FailedToken {
    #[schema(min_length = 1, max_length = 1024)]
    failed: String,
}

/// Which call.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `call_path` reads")]
struct Path {
    /// 接口的路径，可以带查询参数，不要带 access_token · its path; a query may follow, without the access token.
    #[param(
        min_length = 1,
        max_length = 1024,
        example = "/cgi-bin/user/info?openid=osZFAyPrKrJBb2E3"
    )]
    path: String,
    /// 默认：有请求体就是 `post`，否则 `get` · by default `post` with a body and `get` without.
    method: Option<Method>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes; `call_path` reads")]
enum Method {
    Get,
    Post,
}

/// 发给关注者的消息：`text` 或 `message` · a message to a follower: `text` or `message`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "osZFAyPrKrJBb2E3", "text": "您的订单已发货" }))]
#[expect(dead_code, reason = "it describes; `send_message` reads")]
struct NewMessage {
    /// 关注者的 OpenID · the follower's OpenID.
    #[schema(min_length = 1, max_length = 128)]
    to: String,
    /// 最多 2048 字节 · at most 2048 bytes.
    #[schema(min_length = 1, max_length = 2048)]
    text: Option<String>,
    /// 其他种类，与平台的文档同样的写法 · of any kind, as the platform's documents write it.
    #[schema(value_type = Option<Object>, example = json!({ "msgtype": "image", "image": { "media_id": "MEDIA_ID" } }))]
    message: Option<()>,
    /// 标明由 AI 生成 · whether it is marked as made by AI.
    #[schema(required = false, default = false)]
    is_ai: bool,
    /// 用哪个客服账号的名义 · the desk account in whose name it is sent.
    #[schema(min_length = 1, max_length = 64, example = "desk1@gh_shop")]
    desk: Option<String>,
}

/// 已发送 · it was sent.
#[derive(Serialize, ToSchema)]
struct Sent {
    state: SentWord,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SentWord {
    Sent,
}

/// 公众号能做什么 · what an account may do.
#[derive(Serialize, ToSchema)]
struct Abilities {
    /// 什么时候查的；`null`：还没有 · when it was found out; `null`: it was not yet.
    found_at_ms: Option<i64>,
    items: Vec<Ability>,
}

/// 能不能做一件事 · whether it may do one thing.
#[derive(Serialize, ToSchema)]
struct Ability {
    #[schema(value_type = String, example = "custom_message")]
    name: Capability,
    /// 平台的文档里的名字 · what the platform's documents call it.
    #[schema(example = "客服消息")]
    title: &'static str,
    #[schema(example = "customer-service messages")]
    english: &'static str,
    may: MayWord,
    /// 平台的错误码 · the platform's error code.
    #[schema(example = json!(null))]
    errcode: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MayWord {
    Yes,
    No,
    Unknown,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `get_capabilities` reads")]
struct Refresh {
    /// 现在就查，约十次只读的调用 · whether to find it out now, by about ten calls that only read.
    #[param(default = false)]
    refresh: Option<bool>,
}

/// 现在有效的 access_token · the access token that counts now, for your other programs.
#[utoipa::path(
    get, path = "/accounts/{id}/access-token", tag = "platform", security(("key" = ["tokens:read"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    responses(
        (status = 200, description = "access_token", body = AccessToken),
        NotFound, Conflict, Refusal, Unreached
    )
)]
async fn get_access_token(
    State(office): State<Office>,
    Segment(id): Segment,
) -> Result<Json<AccessToken>, Problem> {
    let given = office.access_token(&id, None).await;
    let given = given.map_err(|not_done| problem(not_done, &id))?;
    Ok(access_token(&given))
}

/// 平台不接受某个 access_token 了，换一个 · says that the platform does not take a token any more; the answer is the one that counts.
///
/// 已经换过的就不再换：谁都可以说，不会互相作废。
/// One that was replaced already is not replaced again: everybody may say so, and nobody makes another's token invalid.
#[utoipa::path(
    post, path = "/accounts/{id}/access-token", tag = "platform", security(("key" = ["tokens:read"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    request_body = FailedToken,
    responses(
        (status = 200, description = "access_token", body = AccessToken),
        NotFound, Conflict, Refusal, Unreached
    )
)]
async fn replace_access_token(
    State(office): State<Office>,
    Segment(id): Segment,
    Object(given): Object,
) -> Result<Json<AccessToken>, Problem> {
    let mut given = Given::of_body(given);
    let failed = given.text("failed", 1..=1024).map(Secret::from);
    if failed.is_none() {
        given.missing("failed", "write the token that the platform has refused");
    }
    given.finish()?;
    let given = office.access_token(&id, failed).await;
    let given = given.map_err(|not_done| problem(not_done, &id))?;
    Ok(access_token(&given))
}

/// 按名字调用平台的接口 · calls the platform by the name of the call.
///
/// 请求体与平台的文档一样；文件写成 `{"name": "a.jpg", "content_type": "image/jpeg", "data": "base64"}`。
/// 回答是平台的 JSON，或者文件本身。
/// The body is what the platform's documents say; a file is `{"name", "content_type", "data"}` with base64 as its data. The answer
/// is the platform's JSON, or the file itself.
#[utoipa::path(
    post, path = "/accounts/{id}/call/{name}", tag = "platform", security(("key" = ["platform:call"])),
    params(
        ("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"),
        ("name" = String, Path, description = "`createTag`、`CreateTag` 或 `创建标签` · by any of its names", example = "createTag"),
    ),
    request_body(content = Option<Value>, description = "最多 16 MiB · at most 16 MiB", example = json!({ "tag": { "name": "熟客" } })),
    responses(
        (status = 200, description = "平台的回答 · what the platform answers",
            content((Value = "application/json"), (String = "application/octet-stream"))),
        NotFound, Conflict, Refusal, Unreached, Away, NotSure
    )
)]
async fn call_platform(
    State(office): State<Office>,
    Segments(id, name): Segments,
    caller: Caller,
    Payload(body): Payload,
) -> Result<Response, Problem> {
    let endpoint = api::find(&name).ok_or_else(|| unknown_call(&name))?;
    let request = match body {
        // `Payload` has read it once.
        Some(body) => serde_json::from_slice(&body).unwrap_or_default(),
        None => json!({}),
    };
    let called = office.call(&caller.actor, &id, endpoint, request).await;
    Ok(match called.map_err(|not_done| problem(not_done, &id))? {
        Download::Json(json) => Json(json).into_response(),
        Download::File(file) => download(file),
    })
}

/// 按路径调用平台的接口，用于还没有名字的新接口 · calls the platform by a path, such as that of a call which has no name here yet.
#[utoipa::path(
    post, path = "/accounts/{id}/call", tag = "platform", security(("key" = ["platform:call"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"), Path),
    request_body(content = Option<Value>, description = "原样送到平台 · goes to the platform as it is", example = json!({ "tag": { "name": "熟客" } })),
    responses(
        (status = 200, description = "平台的回答 · what the platform answers", body = Value),
        NotFound, Conflict, Refusal, Unreached, Away, NotSure
    )
)]
async fn call_path(
    State(office): State<Office>,
    Asked(id, mut query): Asked,
    caller: Caller,
    Payload(body): Payload,
) -> Result<Json<Value>, Problem> {
    let path = query.text("path", 1..=1024);
    if path.is_none() {
        query.missing("path", "write for example `/cgi-bin/tags/get`");
    }
    let method = query.text("method", 1..=8);
    let is_get = match method.as_deref() {
        None => body.is_none(),
        Some("get") => true,
        Some("post") => false,
        Some(other) => {
            let text = format!("is `{}`; allowed: `get`, `post`", shown(other));
            query.fault("method", &text);
            false
        }
    };
    if is_get && body.is_some() {
        query.fault("method", "is `get`, but there is a body; choose `post`");
    }
    query.finish()?;
    let call = RawCall {
        is_get,
        path: path.unwrap_or_default(),
        body,
    };
    let called = office.call_raw(&caller.actor, &id, call).await;
    called.map(Json).map_err(|not_done| problem(not_done, &id))
}

/// 给关注者发消息（客服消息） · sends a follower a message (customer-service message).
///
/// 关注者 48 小时内写过才能发，最多 5 条。带上 `Idempotency-Key`，同一个请求 24 小时内再来也只发一次；结果不明（`unsure`）的也不会再发。
/// For followers who have written within 48 hours, 5 messages at most. With an `Idempotency-Key`, the same request that comes again
/// within 24 hours is not sent twice, not even one of which it is not known whether it was sent (`unsure`).
#[utoipa::path(
    post, path = "/accounts/{id}/messages", tag = "platform", security(("key" = ["messages:write"])),
    params(
        ("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 到 128 个可打印的 ASCII 字符 · 1 to 128 printable characters of ASCII",
            min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "order-1234"),
    ),
    request_body = NewMessage,
    responses(
        (status = 200, description = "已发送 · it was sent", body = Sent),
        NotFound, Conflict, Refusal, Unreached, Away, NotSure
    )
)]
async fn send_message(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
    headers: HeaderMap,
    Object(given): Object,
) -> Result<Json<Sent>, Problem> {
    let key = idempotency_key(&headers)?;
    let message = message(Given::of_body(given))?;
    let sent = office
        .send(&caller.actor, &id, message, key.as_deref())
        .await;
    sent.map_err(|not_done| problem(not_done, &id))?;
    Ok(Json(Sent {
        state: SentWord::Sent,
    }))
}

/// 公众号能做什么 · what an account may do at the platform, as far as that was found out; it is looked up once a day.
#[utoipa::path(
    get, path = "/accounts/{id}/capabilities", tag = "platform", security(("key" = ["accounts:read"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"), Refresh),
    responses(
        (status = 200, description = "能做什么 · what it may do", body = Abilities),
        NotFound, Conflict, Refusal, Unreached, Away
    )
)]
async fn get_capabilities(
    State(office): State<Office>,
    Asked(id, mut query): Asked,
) -> Result<Json<Abilities>, Problem> {
    let is_anew = query.flag("refresh").unwrap_or_default();
    query.finish()?;
    let known = office.capabilities(&id, is_anew).await;
    let known = known.map_err(|not_done| problem(not_done, &id))?;
    Ok(Json(Abilities {
        // Something may be known from a message alone.
        found_at_ms: known
            .as_ref()
            .map(|known| known.found_at_ms)
            .filter(|at_ms| *at_ms > 0),
        items: Capability::ALL
            .into_iter()
            .map(|capability| ability(capability, known.as_ref()))
            .collect(),
    }))
}

fn ability(name: Capability, known: Option<&Capabilities>) -> Ability {
    let may = known.map_or(May::Unknown(None), |known| known.may(name));
    let (may, errcode) = match may {
        May::Yes => (MayWord::Yes, None),
        May::No(code) => (MayWord::No, Some(code)),
        May::Unknown(code) => (MayWord::Unknown, code),
    };
    Ability {
        name,
        title: name.title(),
        english: name.english(),
        may,
        errcode,
    }
}

fn access_token(given: &GivenToken) -> Json<AccessToken> {
    Json(AccessToken {
        access_token: given.access_token.expose().to_owned(),
        expires_in: given.expires_in,
    })
}

/// The message as the platform wants it.
fn message(mut given: Given) -> Result<Value, Problem> {
    let to = given.text("to", 1..=128);
    if to.is_none() {
        given.missing("to", "write the follower's OpenID");
    }
    let text = given.text("text", 1..=usize::MAX);
    let message = given.object("message");
    let is_ai = given.flag("is_ai").unwrap_or_default();
    let desk = given.text("desk", 1..=64);
    let mut fields = match (text, message) {
        (Some(_), Some(_)) => {
            given.fault("message", "stands beside `text`; keep one of them");
            Map::new()
        }
        (Some(text), None) => {
            if let Err(what) = rules::text(&text) {
                given.fault("text", &what);
            }
            json_object(json!({ "msgtype": "text", "text": { "content": text } }))
        }
        (None, Some(fields)) => {
            let content = fields.get("text").and_then(|text| text["content"].as_str());
            if let Some(Err(what)) = content.map(rules::text) {
                given.fault("message.text.content", &what);
            }
            for name in ["touser", "customservice", "aimsgcontext"] {
                if fields.contains_key(name) {
                    let text = "is not for here; write `to`, `desk`, `is_ai` beside `message`";
                    given.fault(&format!("message.{name}"), text);
                }
            }
            fields
        }
        (None, None) => {
            given.missing("text", "write `text` or `message`");
            Map::new()
        }
    };
    given.finish()?;
    fields.insert("touser".into(), to.into());
    if let Some(desk) = desk {
        fields.insert("customservice".into(), json!({ "kf_account": desk }));
    }
    if is_ai {
        fields.insert("aimsgcontext".into(), json!({ "is_ai_msg": 1 }));
    }
    Ok(fields.into())
}

fn json_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(given) = all.next() else {
        return Ok(None);
    };
    let is_printable = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = given.to_str().ok().filter(is_printable);
    match key.filter(|key| (1..=128).contains(&key.len())) {
        Some(key) if all.next().is_none() => Ok(Some(key.to_owned())),
        _ => {
            let field = "Idempotency-Key";
            let message = format!(
                "`{field}` cannot be used: 1 to 128 printable characters without blanks, once"
            );
            let fault = FieldFault {
                field: field.into(),
                message,
            };
            Err(Problem::fields(Code::Invalid, vec![fault]))
        }
    }
}

/// A file as it comes from the platform.
fn download(file: FileStream) -> Response {
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(&file.content_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    if let Some(size) = file.size_bytes {
        headers.insert(CONTENT_LENGTH, size.into());
    }
    let disposition = file.file_name.as_deref().map(disposition);
    if let Some(Ok(disposition)) = disposition.map(HeaderValue::try_from) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    let pieces = try_unfold(file, |mut file| async move {
        let chunk = file.chunk().await?;
        Ok::<_, Error>(chunk.map(|chunk| (chunk, file)))
    });
    (headers, Body::from_stream(pieces)).into_response()
}

/// RFC 6266: whatever the name is, it stays one.
fn disposition(name: &str) -> String {
    let escaped: String = name
        .bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    if escaped == name {
        format!("attachment; filename=\"{name}\"")
    } else {
        format!("attachment; filename*=UTF-8''{escaped}")
    }
}

/// There is no such call, but perhaps one that was meant.
fn unknown_call(name: &str) -> Problem {
    let lower = name.to_lowercase();
    let has = |endpoint: &&Endpoint| {
        endpoint.name.to_lowercase().contains(&lower) || endpoint.title.contains(name)
    };
    let mut meant: Vec<&Endpoint> = api::all().filter(has).take(5).collect();
    if meant.is_empty() {
        let near = nearest(name, api::all().map(|endpoint| endpoint.name));
        meant.extend(near.and_then(api::find));
    }
    let meant: Vec<_> = meant
        .into_iter()
        .map(|endpoint| format!("`{}` ({})", endpoint.call_name(), endpoint.title))
        .collect();
    let hint = if meant.is_empty() {
        "`echostr call --list` lists all".into()
    } else {
        format!("did you mean {}?", meant.join(", "))
    };
    let detail = format!("there is no call `{}`; {hint}", shown(name));
    Problem::new(Code::UnknownCall, detail)
}

/// Why something was not done at the platform.
pub(super) fn problem(not_done: NotDone, id: &str) -> Problem {
    match not_done {
        NotDone::Refused(refused) => Problem::of(refused, Code::UnknownAccount, id),
        NotDone::NoAccess(what) => Problem::new(Code::NoAppSecret, what),
        NotDone::Failed { error, is_unsure } => failed(&error, is_unsure),
        NotDone::UnsureBefore => Problem::new(
            Code::Unsure,
            "a request with this key had no good answer, so it is not known whether the message was sent; it is not sent again: \
             look whether it arrived, and if it did not, send it with another key",
        ),
        NotDone::Underway => Problem::new(
            Code::Underway,
            "a request with this key is being carried out; ask again with the same key to learn how it ended",
        ),
        NotDone::KeyUsed => Problem::new(
            Code::KeyUsed,
            "another request had this key within the last 24 hours; choose a new key for each message",
        ),
    }
}

fn failed(error: &Error, is_unsure: bool) -> Problem {
    let code = match error {
        Error::NotARequest { .. } => Code::Invalid,
        Error::Lacking { .. } => Code::NoAppSecret,
        // Also when the platform says that it is busy: it may have done it.
        _ if is_unsure => Code::Unsure,
        error if error.refused().is_some() => Code::PlatformRefused,
        _ => Code::PlatformUnreached,
    };
    let mut problem = Problem::new(code, with_causes(error));
    if let Some(refused) = error.refused() {
        problem = problem.of_platform(refused.code, refused.rid.as_deref());
    }
    match error.retry_after() {
        Some(after) if code != Code::Unsure => problem.retry_after(after.as_secs().max(1)),
        _ => problem,
    }
}
