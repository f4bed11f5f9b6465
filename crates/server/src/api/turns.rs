//! Turns — 大模型的问答: what language models were asked, and what came of it.

use axum::Json;
use axum::extract::State;
use echostr::journal::TurnOutcome;
use echostr_store::{Page, TurnEntry, TurnFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Given, Query};
use super::problem::{Away, Code, Problem};
use crate::config::quoted;
use crate::office::Office;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new().routes(routes!(list_turns))
}

/// 问大模型的一个问题，和结果 · a question to a language model, and what came of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `TurnEntry`")]
struct Turn {
    /// 编号 · its number.
    number: i64,
    #[schema(
        pattern = "^[0-9a-f]{32}$",
        example = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    )]
    id: String,
    #[schema(example = "wenzi")]
    account: String,
    /// OpenID
    #[schema(example = "osZFAyPrKrJBb2E3")]
    follower: String,
    /// 提问的消息的编号 · the number of the message that asked, if it is still kept.
    message: Option<i64>,
    /// 问了什么；没有问模型时是空的 · what the model was asked; empty when it was not.
    question: String,
    /// 显示了的回答 · what it wrote, as far as it was shown.
    answer: String,
    outcome: Outcome,
    /// 每个模型用了多少 · what each model has used.
    used: Vec<ModelUse>,
    /// 什么时候问的 · when it was asked.
    at_ms: i64,
    /// 公众号的时区里的哪一天，从 1970-01-01 起算 · on which day in the account's time zone, in days since 1970-01-01.
    #[schema(example = 20788)]
    day: i32,
    /// `true` 是 👍，`false` 是 👎 · `true` is 👍, `false` is 👎.
    is_good: Option<bool>,
}

/// 结果 · what came of it: answered; broken off; failed; words that may not be said, by the follower or by the model; no budget left;
/// the conversation was forgotten.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the words of `TurnOutcome`")]
enum Outcome {
    #[schema(rename = "answered")]
    Answered,
    #[schema(rename = "broken")]
    Broken,
    #[schema(rename = "failed")]
    Failed,
    #[schema(rename = "blocked input")]
    BlockedInput,
    #[schema(rename = "blocked output")]
    BlockedOutput,
    #[schema(rename = "spent")]
    Spent,
    #[schema(rename = "cleared")]
    Cleared,
}

/// 一个模型用了多少 · what one model has used.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what stands in a `TurnEntry`")]
struct ModelUse {
    #[schema(example = "deepseek-chat")]
    model: String,
    calls: u32,
    tokens_in: u64,
    tokens_out: u64,
    /// token 是估算的 · whether the tokens are a guess.
    is_guessed: bool,
    /// 花费，百万分之一 · millionths of the currency of the prices in the settings.
    cost_micros: i64,
}

/// 一页问答 · a page of turns.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Page`")]
struct Turns {
    /// 可能比 `limit` 少，甚至没有，后面仍有更多 · may be fewer than `limit`, even none, while more follow.
    items: Vec<Turn>,
    /// 下一页的 `before`；`null`：没有了 · the `before` of the next page; `null`: that was all.
    next: Option<i64>,
}

/// Which turns; all that is given must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_turns` reads")]
struct Which {
    /// 公众号的 id · of this account.
    #[param(min_length = 1, max_length = 32)]
    account: Option<String>,
    /// 关注者的 OpenID · of this follower.
    #[param(min_length = 1, max_length = 128)]
    follower: Option<String>,
    /// 结果 · of which this came.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// 设置里的模型名 · for which this model was called, by its name in the settings.
    #[param(min_length = 1, max_length = 200)]
    model: Option<String>,
    /// 早于这个编号 · older than this one, by its number.
    #[param(minimum = 1, format = Int64)]
    before: Option<i64>,
    /// 一页最多多少条 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// 大模型的问答 · what language models were asked, newest first.
#[utoipa::path(
    get, path = "/turns", tag = "messages", params(Which), security(("key" = ["messages:read"])),
    responses((status = 200, description = "一页问答 · a page of turns", body = Turns), Away)
)]
async fn list_turns(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<Page<TurnEntry>>, Problem> {
    let filter = TurnFilter {
        account: query.text("account", 1..=32),
        follower: query.text("follower", 1..=128).map(Into::into),
        outcome: outcome(&mut query),
        model: query.text("model", 1..=200),
        before: query.integer("before", 1..=i64::MAX),
        limit: query.limit(),
    };
    query.finish()?;
    let page = office.turns(&filter).await;
    let page = page.map_err(|refused| Problem::of(refused, Code::UnknownRoute, ""))?;
    Ok(Json(page))
}

fn outcome(query: &mut Given) -> Option<TurnOutcome> {
    let word = query.text("outcome", 1..=64)?;
    let mut known = TurnOutcome::WORDS.iter();
    let outcome = known.find(|(_, own)| *own == word);
    if outcome.is_none() {
        let all = TurnOutcome::WORDS.map(|(_, word)| format!("`{word}`"));
        let (found, all) = (quoted(&word), all.join(", "));
        query.fault("outcome", &format!("is {found}; allowed: {all}"));
    }
    outcome.map(|(outcome, _)| *outcome)
}
