//! Exchanges: what was said over HTTP, without the secrets in it.

use axum::extract::State;
use axum::http::StatusCode;
use echostr_protocol::AppId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Path, Query, Refused};
use crate::exchange::{Called, Delivery, Pushed, Record, What};
use crate::judge::Shown;
use crate::mask::masked;
use crate::phone::raw;
use crate::simulator::Simulator;

/// How many are listed at most, and unless it is said.
const MAX_LISTED: usize = 1000;
const USUALLY_LISTED: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    app_id: Option<String>,
    follower: Option<String>,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

impl Asked {
    fn is_meant(&self, record: &Record) -> bool {
        let app_id = record.app_id.as_ref().map(AppId::as_str);
        let follower = match &record.what {
            What::Push(pushed) => Some(pushed.follower.as_str()),
            What::Call(_) => None,
        };
        self.app_id
            .as_deref()
            .is_none_or(|wanted| app_id == Some(wanted))
            && self
                .follower
                .as_deref()
                .is_none_or(|wanted| follower == Some(wanted))
    }
}

/// `GET /sim/exchanges`: `?app_id=`, `?follower=`, `?after=ID`, `?limit=`; the newest, oldest first.
pub(super) async fn list(State(simulator): State<Simulator>, Query(asked): Query<Asked>) -> Answer {
    let limit = asked.limit.unwrap_or(USUALLY_LISTED).min(MAX_LISTED);
    let world = simulator.world();
    let newest = world
        .log
        .records()
        .rev()
        .take_while(|record| record.id > asked.after);
    let mut exchanges: Vec<_> = newest
        .filter(|record| asked.is_meant(record))
        .take(limit)
        .map(brief)
        .collect();
    exchanges.reverse();
    Ok(axum::Json(json!({ "exchanges": exchanges })))
}

/// `GET /sim/exchanges/{id}`
pub(super) async fn one(State(simulator): State<Simulator>, Path(id): Path<u64>) -> Answer {
    let world = simulator.world();
    let record = world.log.record(id).ok_or_else(|| {
        let why = format!(
            "没有编号为 {id} 的往来，或者它太旧了 · there is no exchange {id}, or it is too old"
        );
        Refused(StatusCode::NOT_FOUND, why)
    })?;
    let mut exchange = brief(record);
    match &record.what {
        What::Push(pushed) => {
            exchange["deliveries"] = pushed.deliveries.iter().map(delivery).collect();
            if let Some(Shown::Answer { document, .. }) = &pushed.shown {
                exchange["reply"] = document.as_str().into();
            }
        }
        What::Call(called) => {
            exchange["request"] = masked(&called.request).into();
            exchange["response"] = masked(&called.response).into();
        }
    }
    Ok(axum::Json(exchange))
}

fn brief(record: &Record) -> Value {
    let mut told = match &record.what {
        What::Push(pushed) => push(pushed),
        What::Call(called) => call(called),
    };
    told["id"] = record.id.into();
    told["at_ms"] = record.at_ms.into();
    told["app_id"] = json!(record.app_id);
    told
}

fn push(pushed: &Pushed) -> Value {
    let (shown, cause) = end(pushed.shown.as_ref());
    json!({
        "kind": "push",
        "follower": pushed.follower,
        "document": pushed.document,
        "n_deliveries": pushed.deliveries.len(),
        "shown": shown,
        "cause": cause,
    })
}

/// `answer`, `nothing` or `failure`, with its cause; nothing: it is not decided yet.
fn end(shown: Option<&Shown>) -> (Option<&'static str>, Option<String>) {
    match shown {
        None => (None, None),
        Some(Shown::Answer { .. }) => (Some("answer"), None),
        Some(Shown::Nothing) => (Some("nothing"), None),
        Some(Shown::Failure(cause)) => (Some("failure"), Some(cause.to_string())),
    }
}

fn delivery(delivery: &Delivery) -> Value {
    let (shown, cause) = end(delivery.shown.as_ref());
    json!({
        "began_ms": delivery.began_ms,
        "took_ms": delivery.took_ms,
        "request": delivery.request,
        "response": delivery.answer.as_ref().map(|answer| answer.as_ref().map_or_else(ToString::to_string, raw)),
        "shown": shown,
        "cause": cause,
    })
}

fn call(called: &Called) -> Value {
    json!({
        "kind": "call",
        "endpoint": called.endpoint.map(|endpoint| endpoint.name),
        "path": called.endpoint.map(|endpoint| endpoint.path),
        "peer": called.peer.to_string(),
        "status": called.status,
        "errcode": called.errcode,
        "notes": called.notes,
        "took_ms": called.took_ms,
    })
}
