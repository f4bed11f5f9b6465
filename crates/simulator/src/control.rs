//! The control API below `/sim/`: all that the page can do, as JSON, for programs in any language.
//!
//! | request | does |
//! |---|---|
//! | `GET /sim` | what there is |
//! | `GET POST /sim/accounts` | lists accounts; adds one |
//! | `GET PATCH /sim/accounts/{app_id}` | one account with its secrets; changes name, kind, allow-list, course of deliveries |
//! | `PUT DELETE /sim/accounts/{app_id}/server` | 提交 on the page 服务器配置, with the handshake; takes the server away |
//! | `GET /sim/accounts/{app_id}/codes` | its QR codes that work, to be scanned |
//! | `GET POST /sim/accounts/{app_id}/followers` | lists followers; adds one |
//! | `GET /sim/accounts/{app_id}/followers/{open_id}` | their conversation and menu |
//! | `POST …/{open_id}/act` | does what a person does, see [`Action`](crate::Action); `?wait=1` waits for what comes of it |
//! | `POST …/{open_id}/read` | they have looked |
//! | `GET /sim/exchanges`, `GET /sim/exchanges/{id}` | what was said over HTTP, with its bytes |
//! | `GET POST DELETE /sim/faults`, `DELETE /sim/faults/{n}` | what is made to fail |
//! | `POST /sim/clock` | lets time pass: `{"advance": "2 h"}` |
//!
//! What is refused is answered with a status of 4xx and `{"error": "…"}`, which says what is allowed.

mod account;
mod exchange;
mod follower;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::duration;
use crate::fault::Fault;
use crate::listen::BODY_WITHIN;
use crate::simulator::{NotThere, Simulator};

/// How long a request may be, and one that holds files.
const MAX_BODY_BYTES: usize = 64 * 1024;
const MAX_FILES_BYTES: usize = 16 * 1024 * 1024;
/// How many rules for faults there may be.
const MAX_FAULTS: usize = 100;

/// Its addresses.
pub(crate) fn router(simulator: Simulator) -> Router {
    let with_files = Router::new()
        .route(
            "/sim/accounts/{app_id}/followers/{open_id}/act",
            post(follower::act),
        )
        .layer(DefaultBodyLimit::max(MAX_FILES_BYTES));
    Router::new()
        .route("/sim", get(index))
        .route("/sim/accounts", get(account::list).post(account::add))
        .route(
            "/sim/accounts/{app_id}",
            get(account::one).patch(account::change),
        )
        .route(
            "/sim/accounts/{app_id}/server",
            put(account::submit).delete(account::disconnect),
        )
        .route("/sim/accounts/{app_id}/codes", get(account::codes))
        .route(
            "/sim/accounts/{app_id}/followers",
            get(follower::list).post(follower::add),
        )
        .route(
            "/sim/accounts/{app_id}/followers/{open_id}",
            get(follower::one),
        )
        .route(
            "/sim/accounts/{app_id}/followers/{open_id}/read",
            post(follower::read),
        )
        .route("/sim/exchanges", get(exchange::list))
        .route("/sim/exchanges/{id}", get(exchange::one))
        .route(
            "/sim/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/sim/faults/{n}", delete(remove_fault))
        .route("/sim/clock", post(advance))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .merge(with_files)
        .route("/sim/{*elsewhere}", any(elsewhere))
        .method_not_allowed_fallback(other_method)
        .with_state(simulator)
}

type Answer = Result<axum::Json<Value>, Refused>;

/// It is not done; why, and what is allowed.
pub(crate) struct Refused(StatusCode, String);

impl Refused {
    fn bad(why: impl std::fmt::Display) -> Self {
        Self(StatusCode::BAD_REQUEST, why.to_string())
    }
}

impl From<NotThere> for Refused {
    fn from(missing: NotThere) -> Self {
        Self(StatusCode::NOT_FOUND, missing.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "error": self.1 }))).into_response()
    }
}

/// A body of JSON, whatever its type says.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let late = |_| {
            let why = "请求体没有及时到齐 · the body did not come in time";
            Refused(StatusCode::REQUEST_TIMEOUT, why.into())
        };
        let bytes = tokio::time::timeout(BODY_WITHIN, Bytes::from_request(request, state))
            .await
            .map_err(late)?
            .map_err(|rejection| Refused(rejection.status(), rejection.body_text()))?;
        let read = serde_json::from_slice(&bytes).map_err(|error| {
            Refused::bad(format!("读不懂 JSON · the JSON is not understood: {error}"))
        })?;
        Ok(Self(read))
    }
}

/// What stands in the path; what cannot stand there is refused as everything else is.
struct Path<T>(T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let axum::extract::Path(read) =
            read.map_err(|rejection| Refused(rejection.status(), rejection.body_text()))?;
        Ok(Self(read))
    }
}

/// The same with the query.
struct Query<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(read) =
            read.map_err(|rejection| Refused(rejection.status(), rejection.body_text()))?;
        Ok(Self(read))
    }
}

/// Every other address below `/sim/`.
async fn elsewhere(uri: Uri) -> Refused {
    let why = format!(
        "没有 `{0}` 这个地址 · there is no `{0}`; `GET /sim` shows what there is",
        uri.path()
    );
    Refused(StatusCode::NOT_FOUND, why)
}

async fn other_method() -> Refused {
    let why = "这个地址不接受这种方法 · this address does not take this method";
    Refused(StatusCode::METHOD_NOT_ALLOWED, why.into())
}

/// `GET /sim`
async fn index(State(simulator): State<Simulator>) -> Answer {
    let clock = simulator.clock();
    let world = simulator.world();
    Ok(axum::Json(json!({
        "api_base": world.base,
        "now_ms": world.now_ms(),
        "clock": { "deadline_ms": clock.deadline.as_millis(), "deliveries": clock.deliveries },
        "accounts": world.accounts().iter().map(account::brief).collect::<Vec<_>>(),
    })))
}

/// `GET /sim/faults`
async fn faults(State(simulator): State<Simulator>) -> Answer {
    there(&simulator)
}

#[expect(clippy::unnecessary_wraps, reason = "handlers answer so")]
fn there(simulator: &Simulator) -> Answer {
    let world = simulator.world();
    let faults = world.faults.0.iter().map(ToString::to_string);
    Ok(axum::Json(json!({ "faults": faults.collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    rule: String,
}

/// `POST /sim/faults`: `{"rule": "fail 40001 on message/custom/send for 10 %"}`
async fn add_fault(State(simulator): State<Simulator>, Body(new): Body<NewFault>) -> Answer {
    let fault: Fault = new.rule.parse().map_err(Refused::bad)?;
    let mut world = simulator.world();
    if world.faults.0.len() >= MAX_FAULTS {
        return Err(Refused::bad(format!(
            "最多 {MAX_FAULTS} 条规则 · at most {MAX_FAULTS} rules"
        )));
    }
    world.faults.0.push(fault);
    drop(world);
    there(&simulator)
}

/// `DELETE /sim/faults`
async fn clear_faults(State(simulator): State<Simulator>) -> Answer {
    simulator.world().faults.0.clear();
    there(&simulator)
}

/// `DELETE /sim/faults/{n}`, counted from 0
async fn remove_fault(State(simulator): State<Simulator>, Path(n): Path<usize>) -> Answer {
    let mut world = simulator.world();
    if n >= world.faults.0.len() {
        let n_faults = world.faults.0.len();
        return Err(Refused(
            StatusCode::NOT_FOUND,
            format!("只有 {n_faults} 条规则 · there are {n_faults} rules, counted from 0"),
        ));
    }
    world.faults.0.remove(n);
    drop(world);
    there(&simulator)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: String,
}

/// `POST /sim/clock`: `{"advance": "2 h"}`
async fn advance(State(simulator): State<Simulator>, Body(asked): Body<Advance>) -> Answer {
    let by = duration::parse(&asked.advance).ok_or_else(|| {
        let given = &asked.advance;
        Refused::bad(format!("`{given}` 不是时长，可以写 · is no span of time; write for example `90 s`, `5 min`, `48 h`, `3 d`"))
    })?;
    simulator.advance(by);
    Ok(axum::Json(json!({ "now_ms": simulator.world().now_ms() })))
}
