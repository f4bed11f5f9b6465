//! What a fault rule does to the answer of a call.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use crate::fault::Effect;

/// What a rule did to a call.
pub(super) fn told(effect: Effect) -> String {
    match effect {
        Effect::Errcode(code) => format!("按规则失败 · a fault rule made it fail with {code}"),
        Effect::Late(late) => {
            let ms = late.as_millis();
            format!(
                "按规则做了，晚 {ms} ms 才回 · it was done; a fault rule held its answer back for {ms} ms"
            )
        }
        Effect::Reset => {
            "按规则没有做，连接断开 · it was not done; a fault rule broke the connection".into()
        }
        Effect::Lost => "按规则做了，回复丢失 · it was done; a fault rule lost its answer".into(),
        Effect::Status(status) => format!(
            "按规则没有做，HTTP {status} · it was not done; a fault rule answered with HTTP {status}"
        ),
    }
}

/// How much later it comes.
pub(super) fn late(fault: Option<Effect>) -> Duration {
    match fault {
        Some(Effect::Late(late)) => late,
        _ => Duration::ZERO,
    }
}

/// What a proxy between the two says.
pub(super) fn between(status: u16) -> (Response, Vec<u8>) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
    );
    let raw = format!("HTTP/1.1 {status}\r\ncontent-type: text/html\r\n\r\n{page}");
    (
        (status, [(CONTENT_TYPE, "text/html")], page).into_response(),
        raw.into_bytes(),
    )
}
