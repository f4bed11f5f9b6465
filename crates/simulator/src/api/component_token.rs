//! Tokens of third-party platforms — 第三方平台凭据, in a modest way: whoever asks for one is a third-party platform, its tokens
//! are checked, and what else it calls is answered as the platform's documents show it.
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/> (read 2026-11-22)

use echostr_protocol::api::component_token::{
    GetComponentAccessToken, GetComponentAccessTokenResponse,
};
use echostr_protocol::api::{Endpoint, Request as _, Secret};
use serde_json::Value;

use super::{Handlers, Output, Refusal, sample, token};
use crate::world::World;

/// How long a token lives.
const LIFETIME_MS: i64 = 7200 * 1000;
/// How many are remembered.
const MAX_KEPT: usize = 100;

/// Nothing: a third-party platform is no account.
#[derive(Debug, Default)]
pub(crate) struct State;

pub(super) fn handlers(_: &mut Handlers) {}

/// The tokens of all third-party platforms.
#[derive(Debug, Default)]
pub(crate) struct Components {
    /// Token and when it expires, oldest first.
    issued: Vec<(Secret, i64)>,
}

impl Components {
    fn issue(&mut self, now_ms: i64) -> GetComponentAccessTokenResponse {
        let token = token::new();
        self.issued.push((token.clone(), now_ms + LIFETIME_MS));
        let n_surplus = self.issued.len().saturating_sub(MAX_KEPT);
        self.issued.drain(..n_surplus);
        GetComponentAccessTokenResponse {
            component_access_token: token,
            expires_in: LIFETIME_MS / 1000,
        }
    }

    /// Whether such a token was issued and has not expired.
    pub(super) fn check(&self, token: &str, now_ms: i64) -> Result<(), Refusal> {
        if token.is_empty() {
            return Err(Refusal::new(41001, "access_token missing"));
        }
        let mut issued = self.issued.iter();
        match issued.find(|(issued, _)| issued.expose() == token) {
            Some((_, expires_at_ms)) if *expires_at_ms > now_ms => Ok(()),
            Some(_) => Err(Refusal::code(42001)),
            None => Err(token::unknown(token)),
        }
    }
}

/// What is answered to a call that is no account's.
pub(super) fn answer(
    world: &mut World,
    endpoint: &'static Endpoint,
    request: &Value,
) -> Result<Output, Refusal> {
    if endpoint.name != GetComponentAccessToken::ENDPOINT.name {
        return Ok(sample::answer(endpoint, request));
    }
    let given = |name: &str| request.get(name).and_then(Value::as_str) != Some("");
    if !given("component_appsecret") {
        return Err(Refusal::code(41004));
    }
    if !given("component_verify_ticket") {
        return Err(Refusal::code(61006));
    }
    let now_ms = world.now_ms();
    let response = serde_json::to_value(world.components.issue(now_ms));
    Ok(Output::Json(response.expect("answers are structs")))
}
