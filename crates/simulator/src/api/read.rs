//! A request, understood before anything is done.

use echostr_protocol::api::Endpoint;
use serde_json::Value;

use super::{Deed, HANDLERS, Refusal};

/// A request, read while nothing else waits.
pub(super) struct Read {
    /// As it came.
    pub(super) sent: Value,
    /// As it is understood. Numbers that came as text in the query are numbers here.
    pub(super) checked: Result<Value, Refusal>,
    /// What is done with it; nothing: it has no state here.
    pub(super) deed: Option<Result<Deed, Refusal>>,
}

impl Read {
    pub(super) fn new(endpoint: &'static Endpoint, sent: Value) -> Self {
        let checked = endpoint
            .read_request(sent.clone())
            .map_err(|error| Refusal::format(&error));
        let handler = HANDLERS.0.get(endpoint.name);
        let deed = checked
            .as_ref()
            .ok()
            .and_then(|checked| Some(handler?(checked.clone())));
        Self {
            sent,
            checked,
            deed,
        }
    }

    /// Of somebody who is refused in any case.
    pub(super) fn unread() -> Self {
        Self {
            sent: Value::Null,
            checked: Ok(Value::Null),
            deed: None,
        }
    }
}
