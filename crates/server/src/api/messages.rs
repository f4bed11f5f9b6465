//! Messages — 消息: what came, what was replied, delivery by delivery.

use axum::Json;
use axum::extract::State;
use echostr_store::{MessageDetail, MessageEntry, MessageFilter, Page};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::Answer;
use super::given::{Query, Segment};
use super::problem::{Away, Code, NotFound, Problem};
use crate::office::Office;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(list_messages))
        .routes(routes!(get_message))
}

/// 一条消息和它的回复 · a message and what was replied.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `MessageEntry`")]
#[expect(clippy::struct_field_names, reason = "as it is written")]
pub(super) struct Message {
    /// 在流水中的编号 · its number in the journal.
    id: i64,
    /// 公众号的 id · the account's id.
    #[schema(example = "wenzi")]
    account: String,
    /// 关注者的 OpenID；空的表示不是谁发的 · the follower's OpenID; empty when nobody sent it.
    #[schema(example = "osZFAyPrKrJBb2E3")]
    follower: String,
    /// 种类，小写 · its kind, in lower case.
    #[schema(example = "text")]
    kind: String,
    /// 内容，字段与平台的一致；`null`：已读不出来 · what it says, in the platform's words; `null`: it cannot be read any more.
    #[schema(value_type = Option<Object>)]
    message: (),
    /// 平台给的时间，秒 · `CreateTime`, seconds.
    created_at: i64,
    /// 第一次推送的时间 · when its first delivery came.
    received_at_ms: i64,
    /// 回复；`null`：还没有 · what was replied; `null`: nothing by now.
    #[schema(value_type = Option<Value>)]
    reply: (),
    /// 秒 · seconds.
    replied_at: Option<i64>,
    /// 谁回答的 · who answered.
    #[schema(example = "handler")]
    answered_by: Option<String>,
    /// 回复的是第几次推送 · the delivery that got the reply, from 1.
    delivery: Option<u32>,
    /// 从第一次推送到回复，毫秒 · from the first delivery to the reply, milliseconds.
    latency_ms: Option<i64>,
    /// 有几个进程处理过 · how many processes have worked on it.
    runs: u32,
}

/// 一条消息的全部 · a message with all that belongs to it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `MessageDetail`")]
struct WholeMessage {
    #[serde(flatten)]
    message: Message,
    /// 收到的原文（解密后） · the document as it came, in clear.
    source: String,
    /// 每一次推送；第一次就立刻回复的不记 · every delivery, in the order of their ends; a first one that was answered at once is
    /// not written down.
    deliveries: Vec<Delivery>,
    /// 单独保存的回答 · its answer, if that was saved on its own.
    answer: Option<Answer>,
    /// 作为客服消息发出的部分 · what of its answer was sent as customer-service messages.
    sent: Vec<SentMessage>,
}

/// 一条客服消息 · a customer-service message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `SentEntry`")]
struct SentMessage {
    id: i64,
    /// 平台 `custom/send` 的内容，没有 `touser` · what the platform's `custom/send` takes, without `touser`.
    #[schema(value_type = Object)]
    message: (),
    /// 谁写的 · who wrote it.
    #[schema(example = "echo")]
    by: String,
    sent_at_ms: i64,
    /// `sent` 已送出，`unsure` 不知道送到没有，`refused` 平台没收 · the platform has it, nobody knows, it does not.
    #[schema(example = "sent")]
    outcome: String,
    /// 为什么 · why it is not known to be sent.
    why: Option<String>,
}

/// 一次推送 · one delivery.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `DeliveryEntry`")]
struct Delivery {
    /// 第几次 · from 1.
    number: u32,
    arrived_at_ms: i64,
    ended_at_ms: i64,
    /// 怎样结束的 · how it ended.
    #[schema(example = "answered")]
    ended: String,
}

/// 一页消息 · a page of messages.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Page`")]
struct Messages {
    /// 可能比 `limit` 少，甚至没有，后面仍有更多 · may be fewer than `limit`, even none, while more follow.
    items: Vec<Message>,
    /// 下一页的 `before`；`null`：没有了 · the `before` of the next page; `null`: that was all.
    next: Option<i64>,
}

/// Which messages; all that is given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_messages` reads")]
struct Which {
    /// 公众号的 id · of this account.
    #[param(min_length = 1, max_length = 32)]
    account: Option<String>,
    /// 关注者的 OpenID · of this follower.
    #[param(min_length = 1, max_length = 128)]
    follower: Option<String>,
    /// 种类，小写 · of this kind, in lower case.
    #[param(min_length = 1, max_length = 64, example = "text")]
    kind: Option<String>,
    /// 从这时起 · received at or after this time.
    #[param(minimum = 0)]
    since_ms: Option<i64>,
    /// 到这时为止 · received before this time.
    #[param(minimum = 0)]
    until_ms: Option<i64>,
    /// 搜索写的和回复的文字 · what was written or replied has this in it.
    #[param(min_length = 1, max_length = 100, example = "营业时间")]
    q: Option<String>,
    /// 早于这个编号 · older than this one.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// 一页最多多少条 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// 列出、搜索消息 · messages, newest first.
#[utoipa::path(
    get, path = "/messages", tag = "messages", params(Which), security(("key" = ["messages:read"])),
    responses((status = 200, description = "一页消息 · a page of messages", body = Messages), Away)
)]
async fn list_messages(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Page<MessageEntry>>, Problem> {
    let filter = MessageFilter {
        account: query.text("account", 1..=32),
        follower: query.text("follower", 1..=128).map(Into::into),
        kind: query.text("kind", 1..=64),
        since_ms: query.integer("since_ms", 0..=i64::MAX),
        until_ms: query.integer("until_ms", 0..=i64::MAX),
        q: query.text("q", 1..=100),
        before: query.integer("before", 1..=i64::MAX),
        limit: query.limit(),
    };
    query.finish()?;
    let page = office.messages(&filter).await;
    page.map(Json)
        .map_err(|refused| Problem::of(refused, Code::UnknownMessage, ""))
}

/// 一条消息的全部 · one message with its source, deliveries and answer.
#[utoipa::path(
    get, path = "/messages/{id}", tag = "messages", security(("key" = ["messages:read"])),
    params(("id" = i64, Path, description = "编号 · its number", minimum = 1)),
    responses((status = 200, description = "消息 · the message", body = WholeMessage), NotFound, Away)
)]
async fn get_message(
    State(office): State<Office>,
    Segment(id): Segment,
) -> Result<Json<MessageDetail>, Problem> {
    let unknown = |refused| Problem::of(refused, Code::UnknownMessage, &id);
    let number = id
        .parse()
        .map_err(|_| unknown(crate::office::Refused::Unknown))?;
    let message = office.message(number).await;
    message.map(Json).map_err(unknown)
}
