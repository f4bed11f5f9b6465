//! `/api/v1`: the HTTP API, described by itself at `/api/v1/openapi.json`. One file below for each chapter.
//!
//! The same router answers on the socket of the data folder, where no key is needed: see [`Authority`].

mod accounts;
mod answers;
mod audit;
mod authority;
mod export;
mod followers;
mod given;
mod health;
mod keys;
mod messages;
mod platform;
mod problem;
mod rules;
mod turns;
mod usage;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use self::authority::{Authority, SCOPES};
use self::authority::{Guard, SCHEME, admit};
use self::given::shown;
use self::problem::{Code, PROBLEM_JSON, Problem, component};
use crate::office::{Office, Refused};

/// Where all of it begins.
pub const PREFIX: &str = "/api/v1";

const DESCRIPTION: &str = "\
账号、规则、消息、回答、关注者，都可以用程序来管理，微信平台的接口也可以从这里调用。密钥用 `echostr api-key create --scope …` 生成，放在请求头 `Authorization: Bearer echostr_…` 里。
所有时间都是 Unix 时间；名字以 `_ms` 结尾的以毫秒计。出错时回答 `application/problem+json`，其中的 `code` 不会改变。

Accounts, rules, messages, answers and followers, for programs, and calls to the platform. Make a key with `echostr api-key create --scope …` and send it in the \
header `Authorization: Bearer echostr_…`. All times are Unix times; those whose names end in `_ms` count milliseconds. Every error \
is `application/problem+json` with a `code` that stays the same. Lists come newest first, except accounts, which come by id, and \
rules, which come in the order in which they are asked; `next` of one page is the `before` (of accounts and rules: the `after`) of the following one, and `null` on the last.";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Echostr 回音",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(problem::Told)),
    tags(
        (name = "accounts", description = "公众号 · accounts"),
        (name = "rules", description = "规则：不用机器人就能回答的 · rules: what is answered without a bot"),
        (name = "messages", description = "收到的消息和回复 · what came and what was replied"),
        (name = "answers", description = "没有一次送完的回答 · answers that were not delivered in one piece"),
        (name = "followers", description = "关注者和他们的数据 · followers and their data"),
        (name = "platform", description = "微信平台的接口：access_token、调用、客服消息 · the platform's API: access tokens, calls, messages to followers"),
        (name = "keys", description = "API 密钥 · API keys"),
        (name = "operations", description = "运行状况、操作记录、主密钥 · health, audit log, master key"),
    )
)]
struct Head;

/// All routes, for requests of whoever `authority` says.
pub fn router(office: Office, authority: Authority) -> Router {
    let (routes, description) = chapters().split_for_parts();
    let document = complete(&description);
    let guard = Guard::new(office.clone(), authority, &document);
    let json = Bytes::from(document.to_string());
    let document = get(async move || ([(CONTENT_TYPE, "application/json")], json));
    routes
        .route(&format!("{PREFIX}/openapi.json"), document)
        .route_layer(from_fn_with_state(guard, admit))
        .method_not_allowed_fallback(async |request: Request| {
            let method = shown(request.method().as_str());
            let detail =
                format!("`{method}` is not possible at this address; `Allow` says what is");
            Problem::new(Code::WrongMethod, detail)
        })
        .fallback(async |request: Request| {
            let path = shown(request.uri().path());
            let detail = format!(
                "there is nothing at `{path}`; `{PREFIX}/openapi.json` lists all addresses"
            );
            Problem::new(Code::UnknownRoute, detail)
        })
        .layer(map_response(finish))
        .with_state(office)
}

/// What is answered when there was no database at the start of the server.
pub(crate) fn unavailable() -> Router {
    let away = async || {
        let detail = "the database could not be opened when the server was started; mend that and restart the server";
        Problem::new(Code::DatabaseAway, detail)
    };
    Router::new().fallback(away).layer(map_response(finish))
}

/// The description of the API, OpenAPI 3.1.
pub fn document() -> Value {
    complete(&chapters().split_for_parts().1)
}

fn chapters() -> OpenApiRouter<Office> {
    let chapters = OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(export::routes())
        .merge(messages::routes())
        .merge(answers::routes())
        .merge(followers::routes())
        .merge(rules::routes())
        .merge(turns::routes())
        .merge(usage::routes())
        .merge(platform::routes())
        .merge(keys::routes())
        .merge(audit::routes())
        .merge(health::routes());
    OpenApiRouter::with_openapi(Head::openapi()).nest(PREFIX, chapters)
}

/// Adds what holds for all routes: the key, and the problems that a route can have because of what it takes.
fn complete(description: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(description).expect("it is made of texts and maps");
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["info"]["description"] = DESCRIPTION.into();
    document["components"]["securitySchemes"][SCHEME] = json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "echostr_…",
        "description": "`echostr api-key create` 生成的密钥 · a key that `echostr api-key create` made",
    });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let has_body = operation["requestBody"].is_object();
        let has_key = operation["security"].is_array();
        let problems = [
            (true, StatusCode::BAD_REQUEST),
            (has_key, StatusCode::UNAUTHORIZED),
            (has_key, StatusCode::FORBIDDEN),
            (has_body, StatusCode::PAYLOAD_TOO_LARGE),
            (has_body, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            (has_body, StatusCode::UNPROCESSABLE_ENTITY),
            (has_key, StatusCode::TOO_MANY_REQUESTS),
        ];
        for (_, status) in problems.into_iter().filter(|(is_possible, _)| *is_possible) {
            operation["responses"][status.as_str()] =
                json!({ "$ref": format!("#/components/responses/{}", component(status)) });
        }
    }
    document["paths"][format!("{PREFIX}/openapi.json")]["get"] = json!({
        "tags": ["operations"],
        "operationId": "get_description",
        "summary": "这份说明，不需要密钥 · this description; no key is needed",
        "responses": { "200": {
            "description": "OpenAPI 3.1",
            "content": { "application/json": { "schema": { "type": "object" } } },
        } },
    });
    for status in problem::statuses() {
        document["components"]["responses"][component(status)] = problem_response(status);
    }
    document
}

/// All problems with this status.
fn problem_response(status: StatusCode) -> Value {
    let titles: Vec<_> = problem::codes(status)
        .map(|code| format!("`{}`: {}", code.word(), code.title()))
        .collect();
    let header = match status {
        StatusCode::UNAUTHORIZED => json!({
            "WWW-Authenticate": { "schema": { "type": "string" }, "description": "`Bearer`" },
        }),
        StatusCode::TOO_MANY_REQUESTS => json!({
            "Retry-After": {
                "schema": { "type": "integer", "minimum": 1 },
                "description": "多少秒后再试 · after how many seconds to try again",
            },
        }),
        _ => json!({}),
    };
    json!({
        "description": titles.join("\n\n"),
        "headers": header,
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

/// Nothing of the API is kept by anybody on the way.
async fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl Problem {
    /// Why something was refused; `unknown` is what to say about `what` when there is no such thing.
    fn of(refused: Refused, unknown: Code, what: &str) -> Self {
        match refused {
            Refused::Faulty(faults) => {
                Self::fields(Code::Invalid, faults.into_iter().map(Into::into).collect())
            }
            Refused::Toml(what) => Self::new(Code::BadToml, what),
            Refused::Unknown => Self::unknown(unknown, what),
            Refused::Account(why) => Self::new(accounts::code(&why), why.to_string()),
            Refused::Rule(why) => Self::new(rules::code(&why), why.to_string()),
            Refused::RuleUnread(what) => Self::new(Code::RuleUnread, what),
            Refused::OnlyAccounts { why, unseen } => {
                let why = Self::of(*why, Code::UnknownRule, what);
                let unseen = match &unseen[..] {
                    [] => String::new(),
                    ids => format!(
                        ". The tokens and keys that were made for `{}` cannot be shown any more: `echostr account rotate ID` makes and \
                         shows a new token, with `--encoding-aes-key` a new key",
                        ids.join("`, `")
                    ),
                };
                let detail = format!(
                    "the accounts of the document were changed, its rules were not: {}; apply it again{unseen}",
                    why.detail()
                );
                Self::new(Code::OnlyAccounts, detail)
            }
            Refused::MayNotWriteRules => Self::new(
                Code::MissingScope,
                "the document has rules, and this key does not have the scope `rules:write`",
            ),
            Refused::Late => Self::new(
                Code::Unconfirmed,
                "the database is away; this will be done when it is back, unless the server stops before: \
                 `echostr audit list` names it when it was done",
            ),
            Refused::Unsure => Self::new(
                Code::Unconfirmed,
                "the database did not confirm this, so it is not known whether it was done: look at what was to be changed, \
                 and at `echostr audit list`, before you try again",
            ),
            Refused::Database => Self::new(
                Code::DatabaseAway,
                "the database cannot be read or written at the moment; nothing has changed, try again later",
            ),
        }
    }

    /// There is no such thing.
    fn unknown(code: Code, what: &str) -> Self {
        Self::new(code, format!("there is no `{}` here", shown(what)))
    }
}
