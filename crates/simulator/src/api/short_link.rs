//! Short keys — 短key托管.

use std::collections::HashMap;

use echostr_protocol::api::short_link::{
    FetchShorten, FetchShortenResponse, GenShortKey, GenShortKeyResponse,
};

use super::{Call, Handlers, Refusal, media};

const MAX_BYTES: usize = 4096;
const MAX_SECS: i64 = 30 * 24 * 3600;
/// How many texts of an account are kept; the oldest goes first.
const MAX_KEPT: usize = 10_000;

/// The texts that are kept.
#[derive(Debug, Default)]
pub(crate) struct State(HashMap<String, Kept>);

#[derive(Debug)]
struct Kept {
    long_data: String,
    /// Unix seconds.
    create_time: i64,
    /// Unix seconds.
    expires_at: i64,
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(generate);
    on.on(fetch);
}

fn generate(call: &mut Call<'_>, request: GenShortKey) -> Result<GenShortKeyResponse, Refusal> {
    if request.long_data.len() > MAX_BYTES {
        return Err(Refusal::code(9_410_010));
    }
    if request.expire_seconds > MAX_SECS {
        return Err(Refusal::code(9_410_011));
    }
    if request.expire_seconds < 1 || request.long_data.is_empty() {
        return Err(Refusal::code(40097));
    }
    let now = call.now();
    let kept = &mut call.account.state.short_link.0;
    if kept.len() >= MAX_KEPT {
        kept.retain(|_, kept| kept.expires_at > now);
        let oldest = kept.iter().min_by_key(|(_, kept)| kept.create_time);
        if let Some(oldest) = oldest
            .map(|(key, _)| key.clone())
            .filter(|_| kept.len() >= MAX_KEPT)
        {
            kept.remove(&oldest);
        }
    }
    let mut short_key = media::random_id().replace(['-', '_'], "");
    short_key.truncate(15);
    let text = Kept {
        long_data: request.long_data,
        create_time: now,
        expires_at: now + request.expire_seconds,
    };
    kept.insert(short_key.clone(), text);
    Ok(GenShortKeyResponse { short_key })
}

fn fetch(call: &mut Call<'_>, request: FetchShorten) -> Result<FetchShortenResponse, Refusal> {
    let now = call.now();
    let kept = call.account.state.short_link.0.get(&request.short_key);
    let kept = kept
        .filter(|kept| kept.expires_at > now)
        .ok_or_else(|| Refusal::code(9_410_012))?;
    Ok(FetchShortenResponse {
        expire_seconds: kept.expires_at - now,
        long_data: kept.long_data.clone(),
        create_time: kept.create_time,
    })
}
