//! Accounts and rules as a document — 导出和导入, and the master key — 主密钥.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authority::Caller;
use super::given::{Query, Toml};
use super::problem::{Away, Code, Conflict, Problem};
use crate::office::{Action, Office, Planned, Thing};

/// The media type of a document.
const TOML: &str = "application/toml";

pub(super) fn routes() -> OpenApiRouter<Office> {
    OpenApiRouter::new()
        .routes(routes!(export_accounts))
        .routes(routes!(apply_accounts))
        .routes(routes!(rotate_secrets))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `export_accounts` reads")]
struct ExportQuery {
    /// 是否写出密钥，只能在服务器上用命令行 · whether secrets are written; only for the command line on the server.
    #[param(default = false)]
    secrets: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes; `apply_accounts` reads")]
struct ApplyQuery {
    /// 只看会改什么 · whether only to say what would change.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// 会改什么，或改了什么 · what is, or would be, changed.
#[derive(Serialize, ToSchema)]
struct Applied {
    /// 是否真的改了 · whether it was done.
    done: bool,
    changes: Vec<AppliedChange>,
}

/// 一个公众号或一条规则的改动 · what is changed of one account or rule.
#[derive(Serialize, ToSchema)]
struct AppliedChange {
    thing: Thing,
    #[schema(example = "wenzi")]
    id: String,
    action: Action,
    /// 不同的字段 · the fields that differ.
    #[schema(example = json!(["welcome"]))]
    fields: Vec<&'static str>,
    /// 换了谁来回答 · another bot answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    bot: Option<AppliedBot>,
    /// 会删除、无法恢复的密钥 · the secrets that are deleted for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["bot.key"]))]
    lost: Vec<String>,
    /// 生成的值，只在这里出现一次 · the values that were made: they are shown here and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<MadeValues>,
}

/// 原来和以后由哪一种来回答 · the kind of bot before and after.
#[derive(Serialize, ToSchema)]
struct AppliedBot {
    #[schema(example = "llm")]
    before: &'static str,
    #[schema(example = "echo")]
    after: &'static str,
}

/// 为新的公众号生成的值 · what was made for a new account.
#[derive(Serialize, ToSchema)]
struct MadeValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_aes_key: Option<String>,
}

/// 主密钥更换的结果 · the master key was changed.
#[derive(Serialize, ToSchema)]
struct RotatedSecrets {
    /// 重新加密了多少个 · how many secrets were encrypted anew.
    n_secrets: usize,
    /// 现在的主密钥的编号 · the id of the master key that encrypts now.
    #[schema(example = "1a2b3c4d")]
    key_id: String,
    /// 不再需要的主密钥的编号 · the ids of the keys that are needed no more.
    retired: Vec<String>,
    /// 主密钥在文件里（旧的已删去），否则在环境变量里，由你删去旧的 · whether the keys are in a file, which the retired ones have left; else
    /// they are in the environment, from where you remove them.
    in_file: bool,
}

/// 导出公众号和规则 · all accounts of the store and all rules as a document in TOML, as the manual of the settings writes them.
///
/// 密钥没有 `rules:read` 权限时没有规则 · without the rules when the key does not have the scope `rules:read`.
#[utoipa::path(
    get, path = "/export", tag = "accounts", params(ExportQuery), security(("key" = ["accounts:read"])),
    responses((status = 200, description = "TOML", body = String, content_type = "application/toml"), Away)
)]
async fn export_accounts(
    State(office): State<Office>,
    Query(mut query): Query,
    caller: Caller,
) -> Result<Response, Problem> {
    let with_secrets = query.flag("secrets").unwrap_or_default();
    query.finish()?;
    if with_secrets && !caller.is_operator() {
        let detail =
            "secrets never leave through the network; run `echostr export --secrets` on the server";
        return Err(Problem::new(Code::SocketOnly, detail));
    }
    let exported = office
        .export(&caller.actor, caller.may("rules:read"), with_secrets)
        .await;
    let document = exported.map_err(|refused| Problem::of(refused, Code::UnknownRoute, ""))?;
    Ok(([(CONTENT_TYPE, TOML)], document).into_response())
}

/// 导入公众号和规则，有一处错误就都不改 · makes accounts and rules what a document says, and changes nothing when anything in it is
/// wrong; what is not in it stays.
///
/// 没写的密钥保持不变，其他没写的恢复默认值。
/// A secret that is not written stays; anything else that is not written is the default. Rules need the scope `rules:write` as well.
#[utoipa::path(
    post, path = "/apply", tag = "accounts", params(ApplyQuery), security(("key" = ["accounts:write"])),
    request_body(
        content = String, content_type = "application/toml",
        description = "`[[account]]` 和 `[[rule]]`，最多 8 MiB · at most 8 MiB",
        example = "[[account]]\nid = \"wenzi\"\nname = \"雯子\"\n"
    ),
    responses(
        (status = 200, description = "改了什么 · what was changed, or would be", body = Applied),
        Conflict, Away
    )
)]
async fn apply_accounts(
    State(office): State<Office>,
    Query(mut query): Query,
    caller: Caller,
    Toml(document): Toml,
) -> Result<Json<Applied>, Problem> {
    let dry_run = query.flag("dry_run").unwrap_or_default();
    query.finish()?;
    let applied = office
        .apply(&caller.actor, &document, caller.may("rules:write"), dry_run)
        .await;
    let planned = applied.map_err(|refused| Problem::of(refused, Code::UnknownAccount, ""))?;
    Ok(Json(Applied {
        done: !dry_run,
        changes: planned.into_iter().map(change).collect(),
    }))
}

/// 更换主密钥 · encrypts all secrets anew under the newest master key.
#[utoipa::path(
    post, path = "/secrets/rotate", tag = "operations", security(("key" = ["secrets:write"])),
    responses((status = 200, description = "已更换 · it was done", body = RotatedSecrets), Away)
)]
async fn rotate_secrets(
    State(office): State<Office>,
    Query(query): Query,
    caller: Caller,
) -> Result<Json<RotatedSecrets>, Problem> {
    query.finish()?;
    let rotated = office.rotate_secrets(&caller.actor).await;
    let rotated = rotated.map_err(|refused| Problem::of(refused, Code::UnknownRoute, ""))?;
    Ok(Json(RotatedSecrets {
        n_secrets: rotated.n_secrets,
        key_id: rotated.key_id,
        retired: rotated.retired,
        in_file: rotated.file.is_some(),
    }))
}

fn change(planned: Planned) -> AppliedChange {
    let made = MadeValues {
        token: planned.token.map(|token| token.expose().to_owned()),
        encoding_aes_key: planned.encoding_aes_key.map(|key| key.to_base64()),
    };
    let is_made = made.token.is_some() || made.encoding_aes_key.is_some();
    AppliedChange {
        thing: planned.thing,
        id: planned.id,
        action: planned.action,
        fields: planned.fields,
        bot: planned
            .bot
            .map(|[before, after]| AppliedBot { before, after }),
        lost: planned.lost,
        made: is_made.then_some(made),
    }
}
