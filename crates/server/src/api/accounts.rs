//! Accounts — 公众号: listing, making, changing and removing them; no secret ever leaves, except one that was made just now.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use echostr::Came;
use echostr_store::{AccountEntry, BotSettings, ModeWord, NotChanged, Origin, Previous};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PREFIX;
use super::authority::Caller;
use super::given::{Given, Object, Query, Segment};
use super::problem::{Away, Code, Conflict, NotFound, Problem};
use crate::llm_form::{LlmForm, LlmShown};
use crate::office::{Made, Office, Rotation};

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts, create_account))
        .routes(routes!(get_account, change_account, remove_account))
        .routes(routes!(rotate_account))
}

/// 公众号 · an account, without its secrets.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    /// 网址里的名字 · the name in the address.
    #[schema(pattern = "^[a-z0-9-]{1,32}$", example = "wenzi")]
    id: String,
    /// 给人看的名字 · for people.
    #[schema(max_length = 64, example = "雯子")]
    name: String,
    /// 填入公众平台的 URL · the URL to paste into the platform's page.
    #[schema(example = "https://bot.example.com/mp/wenzi")]
    url: String,
    /// `file` 的写在设置文件里，只能在那里改 · `file`: set in the file of settings, to be changed there only.
    origin: OriginWord,
    /// 停用的时间；停用后推送得到 404 · since when it is disabled: its pushes get 404.
    disabled_at_ms: Option<i64>,
    /// 没有停用却不回答的原因：读不出来，或缺了什么 · why it is not answered though it is not disabled: it cannot be read, or lacks
    /// something.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    fault: Option<String>,
    created_at_ms: i64,
    updated_at_ms: i64,
    mode: Mode,
    /// 开发者ID · the AppID.
    #[schema(example = "wx0123456789abcdef")]
    app_id: Option<String>,
    /// 原始ID；没写的从第一条推送得知 · the original id; learnt from the first valid push when it was not given.
    #[schema(example = "gh_e8df390a377e")]
    gh_id: Option<String>,
    /// 平台接口的地址；`null` 是平台自己的 · where the platform's HTTP API is; `null`: at its own address.
    #[schema(example = json!(null))]
    api_base: Option<String>,
    /// access_token 从哪里来：`stable`、`plain`，或发放它的程序的地址 · where access tokens come from: `stable`, `plain`, or the
    /// address of a program that gives them out.
    #[schema(example = "stable")]
    access_token: String,
    delivery: Delivery,
    /// 欢迎语；`null` 随 `language` 而定 · the welcome of a new follower; `null` follows `language`.
    welcome: Option<String>,
    /// 出错时的回复 · the answer when something failed.
    fallback: String,
    language: Language,
    /// 时区，与 UTC 的差 · the time zone, as the distance from UTC.
    #[schema(pattern = "^[+-][0-9]{2}:[0-9]{2}$", example = "+08:00")]
    time_zone: String,
    texts: Texts,
    bot: Bot,
    token: Secret,
    encoding_aes_key: Secret,
    app_secret: Secret,
    /// 发放 access_token 的程序要的密钥 · shown to the program that gives out access tokens.
    access_token_key: Secret,
    seen: Seen,
}

/// 一个密钥；内容不会显示 · a secret, which is not shown.
#[derive(Serialize, ToSchema)]
struct Secret {
    /// 是否设置了 · whether there is one.
    set: bool,
    /// 更换之前的那个，暂时还有效 · the one before, while it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousSecret>,
}

/// 更换之前的密钥 · the secret before.
#[derive(Serialize, ToSchema)]
struct PreviousSecret {
    /// 有效到什么时候；`null`：没有期限 · until when it counts; `null`: without an end.
    until_ms: Option<i64>,
}

/// 账号来自哪里 · where an account comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OriginWord {
    File,
    Store,
}

/// 消息加解密方式 · the message encryption, as chosen on the platform's page.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Plain,
    Compatible,
    Safe,
}

/// 来不及回答时怎么送达 · how an answer arrives that takes longer than the platform waits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Delivery {
    Auto,
    Patient,
    Quick,
    Send,
    Link,
}

/// 系统自带文字的语言 · the language of built-in texts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    Zh,
    En,
}

/// 回答晚到时的几句话，`null` 随 `language` 而定 · what followers read around answers that come late; `null` follows `language`.
/// 每句最多 512 字节 · each at most 512 bytes.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "more_label": "继续看" }))]
struct Texts {
    #[schema(max_length = 512, required = false)]
    wait: Option<String>,
    /// 不能空，不能有 `<` 和 `>` · not empty, without `<` and `>`.
    #[schema(max_length = 512, required = false, pattern = "^[^<>]*[^<> ][^<>]*$")]
    wait_label: Option<String>,
    /// 不能空，不能有 `<` 和 `>` · not empty, without `<` and `>`.
    #[schema(max_length = 512, required = false, pattern = "^[^<>]*[^<> ][^<>]*$")]
    more_label: Option<String>,
    #[schema(max_length = 512, required = false)]
    end: Option<String>,
    #[schema(max_length = 512, required = false)]
    expired: Option<String>,
    #[schema(max_length = 512, required = false)]
    failed: Option<String>,
    /// 必须有 `{n}` · has `{n}` in it.
    #[schema(max_length = 512, required = false, pattern = "\\{n\\}")]
    unread: Option<String>,
    /// 必须有 `{question}` · has `{question}` in it.
    #[schema(max_length = 512, required = false, pattern = "\\{question\\}")]
    earlier: Option<String>,
    #[schema(max_length = 512, required = false)]
    busy: Option<String>,
}

/// 谁来回答 · who answers.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Bot {
    /// 原样返回 · sends text, image and voice back.
    Echo,
    /// 不回答 · nobody.
    None,
    /// 你自己的程序 · the owner's program.
    Http {
        /// 不带查询参数，里面可能有密钥 · without its query, which may hold a secret.
        url: String,
        timeout_secs: u64,
        events: bool,
        secret: Secret,
    },
    /// 另一台服务器 · another server that expects the platform.
    Relay {
        /// 不带查询参数，里面可能有密钥 · without its query, which may hold a secret.
        url: String,
        mode: Mode,
        app_id: Option<String>,
        timeout_secs: u64,
        token: Secret,
        encoding_aes_key: Secret,
    },
    /// 大模型 · a language model.
    Llm(LlmShown),
}

/// 收到过什么 · what came for the account.
#[derive(Serialize, ToSchema)]
struct Seen {
    /// 上一次验证网址 · the last handshake that succeeded.
    last_handshake_at_ms: Option<i64>,
    /// 上一次有效推送 · the last valid push.
    last_push_at_ms: Option<i64>,
    /// 推送实际的加解密方式 · the mode in which the latest push came.
    mode: Option<Mode>,
    /// 被拒绝的请求，按原因计数 · refused requests, by class.
    #[schema(example = json!({ "bad_signature": 2 }))]
    refused: BTreeMap<String, u64>,
    /// 最近一次拒绝 · the latest refusal.
    last_refusal: Option<Refusal>,
}

/// 一次拒绝 · a refusal.
#[derive(Serialize, ToSchema)]
struct Refusal {
    #[schema(example = "bad_signature")]
    class: String,
    at_ms: i64,
    /// 原因，不含密钥 · why, without secrets.
    what: String,
}

/// 一页公众号 · a page of accounts.
#[derive(Serialize, ToSchema)]
struct Accounts {
    items: Vec<Account>,
    /// 下一页的 `after` · the `after` of the next page.
    next: Option<String>,
}

/// 新建的，或换了密钥的公众号 · an account that was made, or whose secrets were replaced.
#[derive(Serialize, ToSchema)]
struct MadeAccount {
    account: Account,
    /// 我们生成的值，只在这里出现一次 · the values that we made: they are shown here and never again.
    made: Values,
    paste: Paste,
}

/// 生成的值 · values that were made.
#[derive(Serialize, ToSchema)]
struct Values {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_aes_key: Option<String>,
}

/// 填入公众平台「服务器配置」页面的内容；没有的是你自己给的 · what to paste into the platform's page; what is missing was
/// given by you.
#[derive(Serialize, ToSchema)]
struct Paste {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_aes_key: Option<String>,
}

/// 一个公众号的设置 · the settings of an account.
///
/// 没写的保持不变（新建时用默认值），`null` 恢复默认值。
/// What is not written stays (in a new account: is the default); `null` is the default again.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "雯子的店", "welcome": "欢迎光临" }))]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
struct AccountChange {
    /// 给人看的名字；默认是 id · for people; by default the id.
    #[schema(max_length = 64)]
    name: Option<String>,
    /// 令牌；旧的还有效 24 小时 · the token; the one before counts for another 24 hours.
    #[schema(pattern = "^[A-Za-z0-9]{3,32}$", value_type = String, required = false)]
    token: Option<String>,
    /// 默认 `plain` · default `plain`.
    mode: Option<Mode>,
    /// `compatible` 和 `safe` 必填 · required for `compatible` and `safe`.
    #[schema(pattern = "^wx[0-9A-Fa-f]{16}$")]
    app_id: Option<String>,
    /// 开发者密码 · for the platform's HTTP API.
    #[schema(pattern = "^[0-9A-Fa-f]{32}$")]
    app_secret: Option<String>,
    /// 平台接口的地址，默认是平台自己的 · where the platform's HTTP API is; by default at its own address.
    #[schema(max_length = 2048, example = "https://api2.weixin.qq.com")]
    api_base: Option<String>,
    /// access_token 从哪里来：`stable`（默认）、`plain`，或发放它的程序的地址 · where access tokens come from: `stable` (the
    /// default), `plain`, or the address of a program that gives them out.
    #[schema(max_length = 2048, example = "stable")]
    access_token: Option<String>,
    /// 那个程序要的密钥 · the key that this program wants.
    #[schema(min_length = 8, max_length = 512)]
    access_token_key: Option<String>,
    /// 消息加解密密钥；旧的还有效 24 小时 · the EncodingAESKey; the one before counts for another 24 hours.
    #[schema(pattern = "^[A-Za-z0-9+/]{43}$")]
    encoding_aes_key: Option<String>,
    /// 原始ID；空着就从下一条推送重新得知 · empty: learnt anew from the next push.
    #[schema(max_length = 35)]
    gh_id: Option<String>,
    /// 默认 `auto`；`send` 需要 app_id 和 app_secret · default `auto`; `send` needs `app_id` and `app_secret`.
    delivery: Option<Delivery>,
    /// 最多 2048 字节，空着就不欢迎 · at most 2048 bytes; empty: none.
    #[schema(max_length = 2048)]
    welcome: Option<String>,
    /// 最多 2048 字节 · at most 2048 bytes.
    #[schema(max_length = 2048)]
    fallback: Option<String>,
    /// 默认 `zh` · default `zh`.
    language: Option<Language>,
    /// 时区，与 UTC 的差，-12:00 到 +14:00，默认 `+08:00` · the time zone, as the distance from UTC; default `+08:00`.
    #[schema(pattern = "^[+-][0-9]{2}:[0-9]{2}$", example = "+08:00")]
    time_zone: Option<String>,
    texts: Option<Texts>,
    /// 默认 `echo` · default `echo`.
    bot: Option<BotForm>,
    /// 停用 · whether its pushes get 404.
    disabled: Option<bool>,
}

/// 新的公众号 · a new account. 没写的 token 和 encoding_aes_key 由服务器生成 · a token and a key that are not written are made.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": "wenzi", "name": "雯子" }))]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
struct NewAccount {
    /// 网址里的名字，以后不能改 · the name in the address, which cannot be changed later.
    #[schema(pattern = "^[a-z0-9-]{1,32}$")]
    id: String,
    #[schema(max_length = 64)]
    name: Option<String>,
    #[schema(pattern = "^[A-Za-z0-9]{3,32}$")]
    token: Option<String>,
    mode: Option<Mode>,
    #[schema(pattern = "^wx[0-9A-Fa-f]{16}$")]
    app_id: Option<String>,
    #[schema(pattern = "^[0-9A-Fa-f]{32}$")]
    app_secret: Option<String>,
    #[schema(max_length = 2048)]
    api_base: Option<String>,
    #[schema(max_length = 2048)]
    access_token: Option<String>,
    #[schema(min_length = 8, max_length = 512)]
    access_token_key: Option<String>,
    #[schema(pattern = "^[A-Za-z0-9+/]{43}$")]
    encoding_aes_key: Option<String>,
    #[schema(max_length = 35)]
    gh_id: Option<String>,
    delivery: Option<Delivery>,
    #[schema(max_length = 2048)]
    welcome: Option<String>,
    #[schema(max_length = 2048)]
    fallback: Option<String>,
    language: Option<Language>,
    #[schema(pattern = "^[+-][0-9]{2}:[0-9]{2}$")]
    time_zone: Option<String>,
    texts: Option<Texts>,
    bot: Option<BotForm>,
    disabled: Option<bool>,
}

/// 谁来回答：一个名字，或一个对象 · who answers: a name or an object. 同一种 `kind` 没写的保持不变 · of the same `kind`, what is not
/// written stays.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
enum BotForm {
    /// `echo` 或 `none` · `echo` or `none`.
    Name(BotName),
    Table(BotTable),
    Llm(LlmForm),
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
enum BotName {
    Echo,
    None,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
enum BotKind {
    Echo,
    None,
    Http,
    Relay,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "http", "url": "http://127.0.0.1:9000/", "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" }))]
#[expect(dead_code, reason = "it describes; `office::form` reads")]
struct BotTable {
    kind: Option<BotKind>,
    /// `http`、`relay` 必填 · required for `http` and `relay`.
    url: Option<String>,
    /// `http` 必填：`whsec_…` · required for `http`.
    secret: Option<String>,
    /// 默认 60 · default 60.
    #[schema(minimum = 1, maximum = 600)]
    timeout_secs: Option<u64>,
    /// 只用于 `http` · for `http` only.
    events: Option<bool>,
    /// `relay` 必填：另一台服务器的令牌 · required for `relay`: the token that the other server expects.
    #[schema(pattern = "^[A-Za-z0-9]{3,32}$")]
    token: Option<String>,
    /// 只用于 `relay` · for `relay` only.
    mode: Option<Mode>,
    /// 只用于 `relay` · for `relay` only.
    #[schema(pattern = "^wx[0-9A-Fa-f]{16}$")]
    app_id: Option<String>,
    /// 只用于 `relay` · for `relay` only.
    #[schema(pattern = "^[A-Za-z0-9+/]{43}$")]
    encoding_aes_key: Option<String>,
}

/// 要更换什么 · what is to be replaced; at least one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": true }))]
#[expect(dead_code, reason = "it describes; `rotate_account` reads")]
struct RotateForm {
    #[schema(required = false, default = false)]
    token: bool,
    #[schema(required = false, default = false)]
    encoding_aes_key: bool,
}

/// Which accounts.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_accounts` reads")]
struct Which {
    /// 一页最多多少个 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// 从这个 id 之后开始 · begins after this id.
    #[param(min_length = 1, max_length = 32)]
    after: Option<String>,
}

/// 列出公众号 · lists accounts, by id.
#[utoipa::path(
    get, path = "/accounts", tag = "accounts", params(Which), security(("key" = ["accounts:read"])),
    responses((status = 200, description = "一页公众号 · a page of accounts", body = Accounts))
)]
async fn list_accounts(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Accounts>, Problem> {
    let limit = query.limit() as usize;
    let after = query.text("after", 1..=32);
    query.finish()?;
    let mut page = office.accounts(after.as_deref(), limit + 1);
    let has_more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| has_more);
    Ok(Json(Accounts {
        next: next.map(|entry| entry.id.clone()),
        items: page.iter().map(|entry| account(&office, entry)).collect(),
    }))
}

/// 添加公众号 · adds an account.
///
/// 没写的 token 和 encoding_aes_key 由服务器生成，只在这个回答里出现。
/// A token and a key that are not given are made, and shown in this answer only.
#[utoipa::path(
    post, path = "/accounts", tag = "accounts", security(("key" = ["accounts:write"])),
    request_body = NewAccount,
    responses(
        (status = 201, description = "已添加 · it is there, and is answered", body = MadeAccount,
            headers(("Location" = String, description = "它的地址 · its address"))),
        Conflict, Away
    )
)]
async fn create_account(
    State(office): State<Office>,
    caller: Caller,
    Object(given): Object,
) -> Result<Response, Problem> {
    let made = office.create(&caller.actor, given).await;
    let made = made.map_err(|refused| Problem::of(refused, Code::UnknownAccount, ""))?;
    let location = format!("{PREFIX}/accounts/{}", made.account.id);
    let body = Json(made_account(&office, made));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
}

/// 查看一个公众号 · one account, without its secrets.
#[utoipa::path(
    get, path = "/accounts/{id}", tag = "accounts", security(("key" = ["accounts:read"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    responses((status = 200, description = "公众号 · the account", body = Account), NotFound)
)]
async fn get_account(
    State(office): State<Office>,
    Segment(id): Segment,
) -> Result<Json<Account>, Problem> {
    let entry = office.account(&id).ok_or_else(|| unknown(&id))?;
    Ok(Json(account(&office, &entry)))
}

/// 修改一个公众号 · changes an account, at once and without a restart.
#[utoipa::path(
    patch, path = "/accounts/{id}", tag = "accounts", security(("key" = ["accounts:write"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    request_body(
        content((AccountChange = "application/json"), (AccountChange = "application/merge-patch+json"))
    ),
    responses(
        (status = 200, description = "修改后的公众号 · the account after the change", body = Account),
        NotFound, Conflict, Away
    )
)]
async fn change_account(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
    Object(given): Object,
) -> Result<Json<Account>, Problem> {
    let changed = office.change(&caller.actor, &id, &given).await;
    let entry = changed.map_err(|refused| Problem::of(refused, Code::UnknownAccount, &id))?;
    Ok(Json(account(&office, &entry)))
}

/// 删除一个公众号 · removes an account with its secrets.
///
/// 它的消息保留到期满为止 · its messages stay until their time is over.
#[utoipa::path(
    delete, path = "/accounts/{id}", tag = "accounts", security(("key" = ["accounts:write"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    responses((status = 204, description = "已删除 · it is gone"), NotFound, Conflict, Away)
)]
async fn remove_account(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let removed = office.remove(&caller.actor, &id).await;
    removed.map_err(|refused| Problem::of(refused, Code::UnknownAccount, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// 更换 Token 或密钥 · makes a new token, a new key, or both; those before count for another 24 hours.
#[utoipa::path(
    post, path = "/accounts/{id}/rotate", tag = "accounts", security(("key" = ["accounts:write"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi")),
    request_body = RotateForm,
    responses(
        (status = 200, description = "新的值，只出现这一次 · the new values, shown this once", body = MadeAccount),
        NotFound, Conflict, Away
    )
)]
async fn rotate_account(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
    Object(given): Object,
) -> Result<Json<MadeAccount>, Problem> {
    let mut given = Given::of_body(given);
    let rotation = Rotation {
        token: given.flag("token").unwrap_or_default(),
        encoding_aes_key: given.flag("encoding_aes_key").unwrap_or_default(),
    };
    if !rotation.token && !rotation.encoding_aes_key {
        given.missing(
            "token",
            "say what to replace: `token`, `encoding_aes_key` or both",
        );
    }
    given.finish()?;
    let made = office.rotate(&caller.actor, &id, rotation).await;
    let made = made.map_err(|refused| Problem::of(refused, Code::UnknownAccount, &id))?;
    Ok(Json(made_account(&office, made)))
}

fn unknown(id: &str) -> Problem {
    Problem::unknown(Code::UnknownAccount, id)
}

/// Why an account cannot be changed.
pub(super) fn code(why: &NotChanged) -> Code {
    match why {
        NotChanged::Exists(_) => Code::AccountExists,
        NotChanged::TokenTaken => Code::TokenTaken,
        NotChanged::FromFile(_) => Code::Provisioned,
        NotChanged::Moved(_) => Code::ChangedMeanwhile,
        NotChanged::Unknown(_) => Code::UnknownAccount,
        NotChanged::Unread(_) => Code::AccountUnread,
        _ => Code::DatabaseAway,
    }
}

fn made_account(office: &Office, made: Made) -> MadeAccount {
    let account = account(office, &made.account);
    let token = made.token.map(|token| token.expose().to_owned());
    let encoding_aes_key = made.encoding_aes_key.map(|key| key.to_base64());
    MadeAccount {
        paste: Paste {
            url: account.url.clone(),
            token: token.clone(),
            encoding_aes_key: encoding_aes_key.clone(),
        },
        made: Values {
            token,
            encoding_aes_key,
        },
        account,
    }
}

fn account(office: &Office, entry: &AccountEntry) -> Account {
    let settings = &entry.settings;
    let secrets = &entry.secrets;
    Account {
        id: entry.id.clone(),
        name: settings.name.clone(),
        url: office.url(&entry.id),
        origin: match entry.origin {
            Origin::File => OriginWord::File,
            Origin::Store => OriginWord::Store,
        },
        disabled_at_ms: entry.disabled_at_ms,
        fault: entry.fault(),
        created_at_ms: entry.created_at_ms,
        updated_at_ms: entry.updated_at_ms,
        mode: mode(settings.mode),
        app_id: settings.app_id.as_ref().map(ToString::to_string),
        gh_id: entry.gh_id(),
        api_base: settings.api_base.clone(),
        access_token: settings.access_token.as_str().to_owned(),
        delivery: match settings.delivery {
            echostr::Strategy::Auto => Delivery::Auto,
            echostr::Strategy::Patient => Delivery::Patient,
            echostr::Strategy::Quick => Delivery::Quick,
            echostr::Strategy::Send => Delivery::Send,
            echostr::Strategy::Link => Delivery::Link,
        },
        welcome: settings.welcome.clone(),
        fallback: settings.fallback.clone(),
        language: match settings.language {
            echostr::Language::Chinese => Language::Zh,
            echostr::Language::English => Language::En,
        },
        time_zone: settings.time_zone.to_string(),
        texts: texts(&settings.texts),
        bot: bot(entry),
        token: secret(true, secrets.previous_token.as_ref()),
        encoding_aes_key: secret(
            secrets.encoding_aes_key.is_some(),
            secrets.previous_encoding_aes_key.as_ref(),
        ),
        app_secret: plain_secret(secrets.app_secret.is_some()),
        access_token_key: plain_secret(secrets.access_token_key.is_some()),
        seen: seen(entry),
    }
}

fn texts(texts: &echostr_store::TextSettings) -> Texts {
    let echostr_store::TextSettings {
        wait,
        wait_label,
        more_label,
        end,
        expired,
        failed,
        unread,
        earlier,
        busy,
    } = texts.clone();
    Texts {
        wait,
        wait_label,
        more_label,
        end,
        expired,
        failed,
        unread,
        earlier,
        busy,
    }
}

fn bot(entry: &AccountEntry) -> Bot {
    let secrets = &entry.secrets;
    match &entry.settings.bot {
        BotSettings::Echo => Bot::Echo,
        BotSettings::None => Bot::None,
        BotSettings::Http {
            url,
            timeout_secs,
            events,
        } => Bot::Http {
            url: without_query(url),
            timeout_secs: *timeout_secs,
            events: *events,
            secret: plain_secret(secrets.bot_secret.is_some()),
        },
        BotSettings::Relay {
            url,
            mode: mode_word,
            app_id,
            timeout_secs,
        } => Bot::Relay {
            url: without_query(url),
            mode: mode(*mode_word),
            app_id: app_id.as_ref().map(ToString::to_string),
            timeout_secs: *timeout_secs,
            token: plain_secret(secrets.relay_token.is_some()),
            encoding_aes_key: plain_secret(secrets.relay_encoding_aes_key.is_some()),
        },
        BotSettings::Llm(settings) => Bot::Llm(LlmShown::new(settings, &secrets.llm_keys)),
    }
}

/// It may hold a secret.
pub(super) fn without_query(url: &str) -> String {
    url.split('?').next().unwrap_or_default().to_owned()
}

fn mode(mode: ModeWord) -> Mode {
    match mode {
        ModeWord::Plain => Mode::Plain,
        ModeWord::Compatible => Mode::Compatible,
        ModeWord::Safe => Mode::Safe,
    }
}

fn secret<T>(set: bool, previous: Option<&Previous<T>>) -> Secret {
    Secret {
        set,
        previous: previous.map(|previous| PreviousSecret {
            until_ms: previous.until_ms,
        }),
    }
}

fn plain_secret(set: bool) -> Secret {
    Secret {
        set,
        previous: None,
    }
}

fn seen(entry: &AccountEntry) -> Seen {
    let seen = entry.seen.snapshot();
    Seen {
        last_handshake_at_ms: seen.last_handshake_at_ms,
        last_push_at_ms: seen.last_push_at_ms,
        mode: seen.mode.map(|came| match came {
            Came::Plain => Mode::Plain,
            Came::Compatible => Mode::Compatible,
            Came::Safe => Mode::Safe,
        }),
        refused: seen.refused,
        last_refusal: seen.last_refusal.map(|refusal| Refusal {
            class: refusal.class,
            at_ms: refusal.at_ms,
            what: refusal.what,
        }),
    }
}
