//! Access tokens — 接口调用凭据, and whose call it is.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

use std::net::IpAddr;

use echostr_protocol::AppId;
use echostr_protocol::api::token::{GetAccessToken, GetAccessTokenResponse, GetStableAccessToken};
use echostr_protocol::api::{Auth, Endpoint, Secret};
use serde_json::Value;

use super::receive::Received;
use super::{Call, Handlers, Refusal, oauth, quota};
use crate::text::letters;
use crate::world::World;

/// How long a token lives.
const LIFETIME_MS: i64 = 7200 * 1000;
/// How long two work side by side: a plain one that was replaced, a stable one before it expires.
const OVERLAP_MS: i64 = 5 * 60 * 1000;
/// How far apart stable tokens are renewed by force; before, nothing is renewed.
const FORCE_AFTER_MS: i64 = 30 * 1000;
/// How often a day that is done.
const MAX_FORCED: i64 = 20;
/// How many tokens of each sort an account is remembered to have had.
const MAX_KEPT: usize = 100;
/// What is shorter is no token at all.
const MIN_TOKEN_CHARS: usize = 32;

/// The tokens of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first.
    issued: Vec<Issued>,
    forced: quota::Counter,
    forced_at_ms: i64,
}

#[derive(Debug)]
struct Issued {
    token: Secret,
    is_stable: bool,
    expires_at_ms: i64,
    /// From when another one stands in its place.
    replaced_at_ms: Option<i64>,
}

impl Issued {
    fn works(&self, now_ms: i64) -> Result<(), Refusal> {
        if self.replaced_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            return Err(Refusal::code(40001));
        }
        if self.expires_at_ms > now_ms {
            Ok(())
        } else {
            Err(Refusal::code(42001))
        }
    }
}

impl State {
    fn issue(&mut self, is_stable: bool, now_ms: i64) -> GetAccessTokenResponse {
        let token = new();
        self.issued.push(Issued {
            token: token.clone(),
            is_stable,
            expires_at_ms: now_ms + LIFETIME_MS,
            replaced_at_ms: None,
        });
        let same = |issued: &Issued| issued.is_stable == is_stable;
        if self.issued.iter().filter(|issued| same(issued)).count() > MAX_KEPT
            && let Some(oldest) = self.issued.iter().position(same)
        {
            self.issued.remove(oldest);
        }
        GetAccessTokenResponse {
            access_token: token,
            expires_in: LIFETIME_MS / 1000,
        }
    }

    /// Those of this sort, which another one replaces after `after_ms`.
    fn replace(&mut self, is_stable: bool, at_ms: i64) {
        let same = |issued: &&mut Issued| issued.is_stable == is_stable;
        for issued in self.issued.iter_mut().filter(same) {
            let sooner = issued.replaced_at_ms.unwrap_or(i64::MAX).min(at_ms);
            issued.replaced_at_ms = Some(sooner);
        }
    }

    /// The stable one that is given to whoever asks.
    fn stable(&self, now_ms: i64) -> Option<&Issued> {
        self.issued.iter().rev().find(|issued| {
            issued.is_stable
                && issued.works(now_ms).is_ok()
                && issued.expires_at_ms > now_ms + OVERLAP_MS
        })
    }
}

/// As the real ones look.
pub(super) fn new() -> Secret {
    format!("97_{}", letters(133)).into()
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(get_access_token);
    on.on(get_stable_access_token);
}

/// Each call a new one; the one before works for a while.
fn get_access_token(
    call: &mut Call<'_>,
    request: GetAccessToken,
) -> Result<GetAccessTokenResponse, Refusal> {
    admit(call, &request.secret)?;
    let (tokens, now_ms) = (&mut call.account.state.token, call.now_ms);
    tokens.replace(false, now_ms + OVERLAP_MS);
    Ok(tokens.issue(false, now_ms))
}

/// The same to everybody, until shortly before it expires.
fn get_stable_access_token(
    call: &mut Call<'_>,
    request: GetStableAccessToken,
) -> Result<GetAccessTokenResponse, Refusal> {
    admit(call, &request.secret)?;
    let (tokens, now_ms) = (&mut call.account.state.token, call.now_ms);
    if request.force_refresh == Some(true) && now_ms >= tokens.forced_at_ms + FORCE_AFTER_MS {
        tokens.forced.count(now_ms, MAX_FORCED)?;
        tokens.forced_at_ms = now_ms;
        tokens.replace(true, now_ms);
    }
    Ok(match tokens.stable(now_ms) {
        Some(issued) => GetAccessTokenResponse {
            access_token: issued.token.clone(),
            expires_in: (issued.expires_at_ms - now_ms) / 1000,
        },
        None => tokens.issue(true, now_ms),
    })
}

/// Whether this caller may have a token.
fn admit(call: &mut Call<'_>, secret: &Secret) -> Result<(), Refusal> {
    let settings = &call.account.settings;
    if *secret != settings.app_secret {
        return Err(Refusal::code(40125));
    }
    if settings.allowed.is_empty() || settings.allowed.contains(&call.peer) {
        return quota::count(call);
    }
    Err(not_allowed(call.peer))
}

/// 40164, which names the address that is not on the list.
pub(super) fn not_allowed(ip: IpAddr) -> Refusal {
    let ipv6 = match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let ipv6 = written(ipv6);
    Refusal::new(
        40164,
        format!("invalid ip {ip} ipv6 {ipv6}, not in whitelist"),
    )
}

/// `::ffff:1.2.3.4`
fn written(ip: std::net::Ipv6Addr) -> String {
    match ip.to_ipv4_mapped() {
        Some(ip) => format!("::ffff:{ip}"),
        None => ip.to_string(),
    }
}

/// Whose call it is; nothing: nobody's, what it is about has no state here.
pub(super) fn whose(
    world: &World,
    endpoint: &'static Endpoint,
    received: &Received,
    request: &Value,
) -> Result<Option<AppId>, Refusal> {
    match endpoint.auth {
        Auth::None => named(world, endpoint, request),
        Auth::Account => bearer(world, received.access_token()).map(Some),
        Auth::Follower => oauth::whose(world, received.access_token()).map(Some),
        Auth::Component => {
            let older = received.parameter("component_access_token");
            let token = match received.access_token() {
                "" => older,
                token => token,
            };
            world.components.check(token, world.now_ms())?;
            Ok(None)
        }
    }
}

/// The account that the request itself names. What it has to say beside comes first, since the platform asks for it first.
fn named(world: &World, endpoint: &Endpoint, request: &Value) -> Result<Option<AppId>, Refusal> {
    let text = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let is_of_account = match endpoint.chapter {
        "token" | "oauth" | "quota" | "subscribe_message" => true,
        _ => !text("appid").is_empty(),
    };
    if !is_of_account {
        return Ok(None);
    }
    // In the call of the other place it stands in the fixed part of the query.
    if endpoint.name == "GetStableAccessToken" && text("grant_type") != "client_credential" {
        return Err(Refusal::code(40002));
    }
    if text("appid").is_empty() {
        return Err(Refusal::new(41002, "appid missing"));
    }
    let account = world.account(text("appid"));
    let account = account.ok_or_else(|| Refusal::code(40013))?;
    let secret = match endpoint.name {
        "GetAccessToken" | "GetStableAccessToken" | "SnsAccessToken" => "secret",
        "ClearQuotaByAppSecret" => "appsecret",
        _ => return Ok(Some(account.settings.app_id.clone())),
    };
    if text(secret).is_empty() {
        return Err(Refusal::code(41004));
    }
    Ok(Some(account.settings.app_id.clone()))
}

/// The account whose token it is.
fn bearer(world: &World, token: &str) -> Result<AppId, Refusal> {
    if token.is_empty() {
        return Err(Refusal::new(41001, "access_token missing"));
    }
    for account in world.accounts() {
        let mut issued = account.state.token.issued.iter();
        if let Some(issued) = issued.find(|issued| issued.token.expose() == token) {
            issued.works(world.now_ms())?;
            return Ok(account.settings.app_id.clone());
        }
    }
    Err(unknown(token))
}

/// What looks like a token may have been one; anything else never was.
pub(super) fn unknown(token: &str) -> Refusal {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let is_token = token.len() >= MIN_TOKEN_CHARS && token.chars().all(is_letter);
    Refusal::code(if is_token { 40001 } else { 40014 })
}
