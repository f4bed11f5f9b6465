//! Answers — 回答: those that were not delivered in one piece, and their live pages.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use echostr_store::{AnswerEntry, AnswerFilter, Page};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authority::Caller;
use super::given::{Query, Segment};
use super::problem::{Away, Code, NotFound, Problem};
use crate::office::{Office, Refused};

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_answers))
        .routes(routes!(get_answer))
        .routes(routes!(revoke_page))
}

/// 没有一次送完的回答 · an answer that was not delivered in one piece.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `AnswerEntry`")]
pub(super) struct Answer {
    #[schema(
        pattern = "^[0-9a-f]{32}$",
        example = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    )]
    id: String,
    /// 用于翻页 · its place among all answers, for `before`.
    place: i64,
    /// 它的消息的编号 · the number of its message.
    message: i64,
    #[schema(example = "wenzi")]
    account: String,
    #[schema(example = "osZFAyPrKrJBb2E3")]
    follower: String,
    /// 问的是什么（缩短过） · what was asked, shortened.
    question: String,
    asked_at_ms: i64,
    /// 保存到什么时候 · until when it is kept.
    expires_at_ms: i64,
    state: State_,
    /// 全文，`state` 是 `text` 时才有 · the whole text, when `state` is `text`.
    text: Option<String>,
    /// 已送达的字节数 · how much of it was given out, in bytes.
    shown_bytes: Option<u64>,
    /// 不是文字的回答 · an answer that is no text.
    #[schema(value_type = Option<Value>)]
    reply: (),
    /// 给过几次 · how many times something of it was given out.
    step: u64,
    /// 之后又问了别的 · whether another question was asked since.
    is_overtaken: bool,
    page: Option<LivePage>,
}

/// `running` 还在写，`text` 文字，`other` 不是文字，`failed` 失败，`read` 看完了 · still made, a text, no text, failed, read to the end.
#[derive(ToSchema)]
#[schema(as = AnswerState)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes `Content`")]
enum State_ {
    Running,
    Text,
    Other,
    Failed,
    Read,
}

/// 网页 · the page on which an answer can be read by who knows its address, which is not kept.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `PageTimes`")]
#[expect(clippy::struct_field_names, reason = "all are times")]
struct LivePage {
    created_at_ms: i64,
    expires_at_ms: i64,
    revoked_at_ms: Option<i64>,
}

/// 一页回答 · a page of answers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Page`")]
struct Answers {
    /// 可能比 `limit` 少，甚至没有，后面仍有更多 · may be fewer than `limit`, even none, while more follow.
    items: Vec<Answer>,
    /// 下一页的 `before`；`null`：没有了 · the `before` of the next page; `null`: that was all.
    next: Option<i64>,
}

/// Which answers; all that is given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_answers` reads")]
struct Which {
    /// 公众号的 id · of this account.
    #[param(min_length = 1, max_length = 32)]
    account: Option<String>,
    /// 关注者的 OpenID · of this follower.
    #[param(min_length = 1, max_length = 128)]
    follower: Option<String>,
    /// 看完的、失败的、过期的也要 · also those that were read to the end, failed or expired.
    #[param(default = false)]
    all: Option<bool>,
    /// 早于这个位置 · older than the one with this `place`.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// 一页最多多少条 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// 列出回答 · answers that were not delivered in one piece, newest first.
#[utoipa::path(
    get, path = "/answers", tag = "answers", params(Which), security(("key" = ["answers:read"])),
    responses((status = 200, description = "一页回答 · a page of answers", body = Answers), Away)
)]
async fn list_answers(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Page<AnswerEntry>>, Problem> {
    let filter = AnswerFilter {
        account: query.text("account", 1..=32),
        follower: query.text("follower", 1..=128).map(Into::into),
        all: query.flag("all").unwrap_or_default(),
        before: query.integer("before", 1..=i64::MAX),
        limit: query.limit(),
    };
    query.finish()?;
    let page = office.answers(&filter).await;
    page.map(Json)
        .map_err(|refused| Problem::of(refused, Code::UnknownAnswer, ""))
}

/// 一条回答 · one answer.
#[utoipa::path(
    get, path = "/answers/{id}", tag = "answers", security(("key" = ["answers:read"])),
    params(("id" = String, Path, description = "回答的 id · its id", example = "0f1e2d3c4b5a69788796a5b4c3d2e1f0")),
    responses((status = 200, description = "回答 · the answer", body = Answer), NotFound, Away)
)]
async fn get_answer(
    State(office): State<Office>,
    Segment(id): Segment,
) -> Result<Json<AnswerEntry>, Problem> {
    let unknown = |refused| Problem::of(refused, Code::UnknownAnswer, &id);
    let answer = AnswerEntry::id_of(&id).ok_or_else(|| unknown(Refused::Unknown))?;
    let answer = office.answer(answer).await;
    answer.map(Json).map_err(unknown)
}

/// 撤回网页 · revokes the live pages of an answer: from now on nobody can read it there.
#[utoipa::path(
    delete, path = "/answers/{id}/page", tag = "answers", security(("key" = ["answers:write"])),
    params(("id" = String, Path, description = "回答的 id · its id", example = "0f1e2d3c4b5a69788796a5b4c3d2e1f0")),
    responses((status = 204, description = "已撤回，或本来就没有 · revoked, or there was none"), NotFound, Away)
)]
async fn revoke_page(
    State(office): State<Office>,
    Segment(id): Segment,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let unknown = |refused| Problem::of(refused, Code::UnknownAnswer, &id);
    let answer = AnswerEntry::id_of(&id).ok_or_else(|| unknown(Refused::Unknown))?;
    let revoked = office.revoke_pages(&caller.actor, answer).await;
    revoked.map_err(unknown)?;
    Ok(StatusCode::NO_CONTENT)
}
