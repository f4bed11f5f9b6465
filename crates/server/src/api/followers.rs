//! Followers — 关注者: what is known of them, all of it as one document, and forgetting it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use echostr_store::{FollowerEntry, FollowerFilter, Page, SeenBefore};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::Answer;
use super::authority::Caller;
use super::given::{Query, Segments};
use super::messages::Message;
use super::problem::{Away, Code, NotFound, Problem};
use crate::office::Office;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_followers))
        .routes(routes!(get_follower, forget_follower))
        .routes(routes!(export_follower))
}

/// 一个关注者 · a follower.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `FollowerEntry`")]
#[expect(clippy::struct_field_names, reason = "as it is written")]
struct Follower {
    #[schema(example = "wenzi")]
    account: String,
    /// OpenID
    #[schema(example = "osZFAyPrKrJBb2E3")]
    follower: String,
    first_seen_at_ms: i64,
    last_seen_at_ms: i64,
    /// 上一次关注 · when they followed.
    followed_at_ms: Option<i64>,
    /// 上一次取消关注 · when they left.
    unfollowed_at_ms: Option<i64>,
    /// 从哪里来的 · where they came from.
    source: Option<String>,
}

/// 一页关注者 · a page of followers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Page`")]
struct Followers {
    /// 可能比 `limit` 少，甚至没有，后面仍有更多 · may be fewer than `limit`, even none, while more follow.
    items: Vec<Follower>,
    /// 下一页的 `before`；`null`：没有了 · the `before` of the next page; `null`: that was all.
    #[schema(example = "1795000000000-12")]
    next: Option<String>,
}

/// 一个人的全部数据 · everything about one person.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Export`")]
struct FollowerExport {
    #[serde(flatten)]
    follower: Follower,
    exported_at_ms: i64,
    sessions: Vec<Session>,
    answers: Vec<Answer>,
    messages: Vec<ExportedMessage>,
}

/// 程序为这个人记下的 · what a bot keeps of the follower.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a part of `Export`")]
struct Session {
    name: String,
    #[schema(value_type = Value)]
    value: (),
    updated_at_ms: i64,
}

/// 一条消息和它的每一次推送 · a message with its source and deliveries.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a part of `Export`")]
struct ExportedMessage {
    #[serde(flatten)]
    message: Message,
}

/// 删除了多少 · how much was deleted.
#[derive(Serialize, ToSchema)]
struct Forgotten {
    /// 消息，连同回复 · messages, each with its reply and deliveries.
    messages: usize,
    answers: usize,
    sessions: usize,
}

/// Which followers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_followers` reads")]
struct Which {
    /// 公众号的 id · of this account.
    #[param(min_length = 1, max_length = 32)]
    account: Option<String>,
    /// 上一页的 `next` · the `next` of the page before.
    #[param(pattern = "^-?[0-9]{1,18}-[0-9]{1,18}$", example = "1795000000000-12")]
    before: Option<String>,
    /// 一页最多多少个 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// 列出关注者 · followers, those seen last first.
#[utoipa::path(
    get, path = "/followers", tag = "followers", params(Which), security(("key" = ["followers:read"])),
    responses((status = 200, description = "一页关注者 · a page of followers", body = Followers), Away)
)]
async fn list_followers(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Page<FollowerEntry, SeenBefore>>, Problem> {
    let account = query.text("account", 1..=32);
    let before = query.text("before", 1..=40).map(|text| text.parse());
    let limit = query.limit();
    if let Some(Err(error)) = &before {
        query.fault("before", &format!("cannot be used: {error}"));
    }
    query.finish()?;
    let filter = FollowerFilter {
        account,
        before: before.and_then(Result::ok),
        limit,
    };
    let page = office.followers(&filter).await;
    page.map(Json)
        .map_err(|refused| Problem::of(refused, Code::UnknownFollower, ""))
}

/// 一个关注者 · one follower.
#[utoipa::path(
    get, path = "/followers/{account}/{openid}", tag = "followers", security(("key" = ["followers:read"])),
    params(
        ("account" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"),
        ("openid" = String, Path, description = "OpenID", example = "osZFAyPrKrJBb2E3")
    ),
    responses((status = 200, description = "关注者 · the follower", body = Follower), NotFound, Away)
)]
async fn get_follower(
    State(office): State<Office>,
    Segments(account, openid): Segments,
) -> Result<Json<FollowerEntry>, Problem> {
    let follower = office.follower(&account, &openid).await;
    follower
        .map(Json)
        .map_err(|refused| Problem::of(refused, Code::UnknownFollower, &openid))
}

/// 导出一个人的全部数据 · everything about one person, as one JSON document.
#[utoipa::path(
    get, path = "/followers/{account}/{openid}/export", tag = "followers", security(("key" = ["followers:read"])),
    params(
        ("account" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"),
        ("openid" = String, Path, description = "OpenID", example = "osZFAyPrKrJBb2E3")
    ),
    responses((status = 200, description = "全部数据 · everything", body = FollowerExport), NotFound, Away)
)]
async fn export_follower(
    State(office): State<Office>,
    Segments(account, openid): Segments,
) -> Result<Response, Problem> {
    let export = office.export_follower(&account, &openid).await;
    let export = export.map_err(|refused| Problem::of(refused, Code::UnknownFollower, &openid))?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"follower.json\"",
        ),
    ];
    // When the database goes away meanwhile, the document breaks off, and so does the connection.
    Ok((headers, Body::from_stream(export.stream())).into_response())
}

/// 删除一个人的全部数据 · deletes everything about one person: messages, answers, sessions.
#[utoipa::path(
    delete, path = "/followers/{account}/{openid}", tag = "followers", security(("key" = ["followers:write"])),
    params(
        ("account" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"),
        ("openid" = String, Path, description = "OpenID", example = "osZFAyPrKrJBb2E3")
    ),
    responses((status = 200, description = "删除了多少 · how much was deleted", body = Forgotten), NotFound, Away)
)]
async fn forget_follower(
    State(office): State<Office>,
    Segments(account, openid): Segments,
    caller: Caller,
) -> Result<Json<Forgotten>, Problem> {
    let deleted = office.forget(&caller.actor, &account, &openid).await;
    let deleted =
        deleted.map_err(|refused| Problem::of(refused, Code::UnknownFollower, &openid))?;
    Ok(Json(Forgotten {
        messages: deleted.messages,
        answers: deleted.answers,
        sessions: deleted.sessions,
    }))
}
