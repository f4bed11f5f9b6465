//! What language models have cost — 大模型的用量: by day and model.

use axum::Json;
use axum::extract::State;
use echostr_store::UsageEntry;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Asked, Given};
use super::problem::{Away, Code, NotFound, Problem};
use crate::office::{Days, Office, date, written};

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new().routes(routes!(get_usage))
}

/// 一段时间的用量 · what was used in some time.
#[derive(Serialize, ToSchema)]
struct Usage {
    /// 从这一天 · from this day on, in the account's time zone.
    #[schema(format = Date, example = "2026-12-01")]
    from: String,
    /// 到这一天（含） · to this day, which is included.
    #[schema(format = Date, example = "2026-12-31")]
    to: String,
    /// 每天每个模型一项，日子在前的在前 · one for each day and model, by day.
    items: Vec<UsageOfDay>,
    /// 合计 · all of them.
    total: Used,
}

/// 一天里一个模型的用量 · what one model has used on one day.
#[derive(Serialize, ToSchema)]
struct UsageOfDay {
    #[schema(format = Date, example = "2026-12-01")]
    day: String,
    /// 设置里的名字；空的是没有问模型的：额度用完、不能说的话 · its name in the settings; empty for questions that no model was asked:
    /// no budget left, words that may not be said.
    #[schema(example = "deepseek-chat")]
    model: String,
    #[serde(flatten)]
    used: Used,
}

/// 用了多少 · how much.
#[derive(Serialize, ToSchema, Default)]
struct Used {
    /// 问题 · questions.
    #[schema(minimum = 0)]
    turns: u64,
    /// 调用，一个问题可能有几次 · calls; a question may take several.
    #[schema(minimum = 0)]
    calls: u64,
    /// 输入 token · tokens of input.
    #[schema(minimum = 0)]
    tokens_in: u64,
    /// 输出 token · tokens of output.
    #[schema(minimum = 0)]
    tokens_out: u64,
    /// 其中几个问题的 token 是估算的，因为接口没有说 · in how many questions the tokens are a guess, since the endpoint did not tell.
    #[schema(minimum = 0)]
    guessed: u64,
    /// 花费，百万分之一，货币与设置里的价钱相同 · millionths of the currency of the prices in the settings.
    cost_micros: i64,
    /// 👍
    #[schema(minimum = 0)]
    good: u64,
    /// 👎
    #[schema(minimum = 0)]
    bad: u64,
}

impl Used {
    fn of(entry: &UsageEntry) -> Self {
        Self {
            turns: entry.turns,
            calls: entry.calls,
            tokens_in: entry.tokens_in,
            tokens_out: entry.tokens_out,
            guessed: entry.guessed,
            cost_micros: entry.cost_micros,
            good: entry.good,
            bad: entry.bad,
        }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            turns: self.turns.saturating_add(other.turns),
            calls: self.calls.saturating_add(other.calls),
            tokens_in: self.tokens_in.saturating_add(other.tokens_in),
            tokens_out: self.tokens_out.saturating_add(other.tokens_out),
            guessed: self.guessed.saturating_add(other.guessed),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            good: self.good.saturating_add(other.good),
            bad: self.bad.saturating_add(other.bad),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `get_usage` reads")]
struct Which {
    /// 从这一天，默认本月一日 · from this day on; by default the first of this month.
    #[param(format = Date)]
    from: Option<String>,
    /// 到这一天（含），默认今天 · to this day; by default today.
    #[param(format = Date)]
    to: Option<String>,
}

/// 大模型的用量 · what language models have used and cost, by day and model.
///
/// 日子按公众号的时区；一次最多 366 天 · days are those of the account's time zone; at most 366 at once.
#[utoipa::path(
    get, path = "/accounts/{id}/usage", tag = "accounts", security(("key" = ["usage:read"])),
    params(("id" = String, Path, description = "公众号的 id · the account's id", example = "wenzi"), Which),
    responses((status = 200, description = "用量 · what was used", body = Usage), NotFound, Away)
)]
async fn get_usage(
    State(office): State<Office>,
    Asked(id, query): Asked,
) -> Result<Json<Usage>, Problem> {
    let unknown = || Problem::unknown(Code::UnknownAccount, &id);
    let days = days(query, office.this_month(&id).ok_or_else(unknown)?)?;
    let entries = office.usage(&id, days).await;
    let entries = entries.map_err(|refused| Problem::of(refused, Code::UnknownAccount, &id))?;
    let items: Vec<_> = entries.iter().map(of_day).collect();
    Ok(Json(Usage {
        from: written(days.from),
        to: written(days.to),
        total: items
            .iter()
            .fold(Used::default(), |sum, item| sum.and(&item.used)),
        items,
    }))
}

fn days(mut query: Given, this_month: Days) -> Result<Days, Problem> {
    let mut day = |name| {
        let text = query.text(name, 1..=64)?;
        date(&text).map_err(|what| query.fault(name, &what)).ok()
    };
    let (from, to) = (day("from"), day("to"));
    let to = to.unwrap_or(this_month.to);
    let from = from.unwrap_or(this_month.from.min(to));
    let days = Days { from, to };
    if days.len() < 1 {
        let text = format!(
            "is `{}`, which is after `to`, `{}`",
            written(from),
            written(to)
        );
        query.fault("from", &text);
    } else if days.len() > Days::MOST {
        let (n_days, most) = (days.len(), Days::MOST);
        let from = written(from);
        let text = format!(
            "is `{from}`, which makes {n_days} days up to `to`; at most {most} are allowed"
        );
        query.fault("from", &text);
    }
    query.finish()?;
    Ok(days)
}

fn of_day(entry: &UsageEntry) -> UsageOfDay {
    UsageOfDay {
        day: written(entry.day),
        model: entry.model.clone(),
        used: Used::of(entry),
    }
}
