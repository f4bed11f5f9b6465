//! How the server is — 运行状况.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::Query;
use super::problem::Problem;
use crate::office::Office;

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new().routes(routes!(get_health))
}

/// 服务器的运行状况 · how the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Echostr 的版本 · the version of Echostr.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// 运行了多少秒 · seconds since its start.
    uptime_secs: u64,
    database: Database,
    journal: Journal,
    /// 公众号的个数，停用的也算 · how many accounts there are, disabled ones too.
    n_accounts: usize,
    /// 没看完的回答；数据库不可用时是 `null` · answers that were not read to the end; `null` while the database is away.
    unread_answers: Option<i64>,
}

/// 数据库的种类 · the kind of database.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Database {
    Sqlite,
    Postgres,
}

/// 流水 · the journal.
#[derive(Serialize, ToSchema)]
struct Journal {
    /// 从什么时候起写不进去；`null`：正常 · since when it cannot be written; `null`: all is well.
    away_since_ms: Option<i64>,
    /// 等待写入的条数 · records that wait to be written.
    queued_records: u64,
    /// 它们占的内存，估计值 · their size in memory, estimated.
    queued_bytes: u64,
    /// 启动以来放弃的条数 · records that were given up since the start.
    lost_records: u64,
}

/// 运行状况 · how the server is.
#[utoipa::path(
    get, path = "/health", tag = "operations", security(("key" = ["health:read"])),
    responses((status = 200, description = "运行状况 · how the server is", body = Health))
)]
async fn get_health(
    State(office): State<Office>,
    Query(query): Query,
) -> Result<Json<Health>, Problem> {
    query.finish()?;
    let condition = office.condition().await;
    let journal = condition.journal;
    Ok(Json(Health {
        version: env!("CARGO_PKG_VERSION"),
        uptime_secs: condition.uptime.as_secs(),
        database: if condition.is_postgres {
            Database::Postgres
        } else {
            Database::Sqlite
        },
        journal: Journal {
            away_since_ms: journal.away_since_ms,
            queued_records: journal.queued_records,
            queued_bytes: journal.queued_bytes,
            lost_records: journal.lost_records,
        },
        n_accounts: condition.n_accounts,
        unread_answers: condition.n_unread,
    }))
}
