//! The audit log — 操作记录: who changed what.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::Query;
use super::problem::{Away, Code, Problem};
use crate::office::Office;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// 一次操作 · one change.
#[derive(Serialize, ToSchema)]
struct AuditEntry {
    id: i64,
    at_ms: i64,
    /// 谁：`command line`、`file`、`key k_1a2b3c4d` · who.
    #[schema(example = "command line")]
    actor: String,
    /// 做了什么 · what.
    #[schema(example = "account.change")]
    action: String,
    /// 对象的 id · of what, by its id.
    #[schema(example = "wenzi")]
    subject: String,
    /// 改之前，只有不同的部分，密钥显示为 `***` · only what differs; secrets are `***`.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// 改之后 · the same after the change.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

/// 一页操作记录 · a page of the audit log.
#[derive(Serialize, ToSchema)]
struct AuditLog {
    items: Vec<AuditEntry>,
    /// 下一页的 `before` · the `before` of the next page.
    next: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `list_audit` reads")]
struct Which {
    /// 只要这个对象的 · of this account, key … only, by its id.
    #[param(min_length = 1, max_length = 128)]
    subject: Option<String>,
    /// 早于这个编号 · older than this one.
    #[param(minimum = 1, format = Int64)]
    before: Option<i64>,
    /// 一页最多多少条 · how many on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// 操作记录 · who changed what, newest first.
#[utoipa::path(
    get, path = "/audit", tag = "operations", params(Which), security(("key" = ["audit:read"])),
    responses((status = 200, description = "一页操作记录 · a page of the audit log", body = AuditLog), Away)
)]
async fn list_audit(
    State(office): State<Office>,
    Query(mut query): Query,
) -> Result<Json<AuditLog>, Problem> {
    let subject = query.text("subject", 1..=128);
    let before = query.integer("before", 1..=i64::MAX);
    let limit = query.limit();
    query.finish()?;
    let mut page = office
        .audit(subject.as_deref(), before, limit + 1)
        .await
        .map_err(|refused| Problem::of(refused, Code::UnknownRoute, ""))?;
    let has_more = page.len() > limit as usize;
    page.truncate(limit as usize);
    Ok(Json(AuditLog {
        next: page.last().filter(|_| has_more).map(|entry| entry.id),
        items: page
            .into_iter()
            .map(|entry| AuditEntry {
                id: entry.id,
                at_ms: entry.at_ms,
                actor: entry.actor,
                action: entry.action,
                subject: entry.subject,
                before: entry.before,
                after: entry.after,
            })
            .collect(),
    }))
}
