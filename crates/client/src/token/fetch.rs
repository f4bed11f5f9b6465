//! Asks the platform, or whoever else has it, for a token.

use std::sync::Arc;
use std::time::Duration;

use echostr_protocol::api::Secret;
use echostr_protocol::api::component_token::{GetAuthorizerAccessToken, GetComponentAccessToken};
use echostr_protocol::api::token::{GetAccessToken, GetStableAccessToken};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{FORCED_EVERY_MS, GivenToken, Kept, Which};
use crate::account::{ApiAccount, Component, TokenSource};
use crate::error::Words;
use crate::{BoxError, Platform};

/// How long all of it may take: less than a lease lasts.
const ASKED_WITHIN: Duration = Duration::from_secs(20);
/// A lifetime that nobody has is a mistake.
const MAX_SECS: i64 = 30 * 24 * 3600;

/// Asks for a token; `refused` is the one that the platform does not take, `last` what was kept.
pub(super) fn fetch<'a>(
    platform: &'a Platform,
    account: &'a Arc<ApiAccount>,
    which: Which,
    refused: Option<&'a Secret>,
    last: Option<&'a Kept>,
) -> BoxFuture<'a, Result<Kept, BoxError>> {
    // Boxed, because this is a call in a call.
    Box::pin(fetched(platform, account, which, refused, last))
}

async fn fetched(
    platform: &Platform,
    account: &Arc<ApiAccount>,
    which: Which,
    refused: Option<&Secret>,
    last: Option<&Kept>,
) -> Result<Kept, BoxError> {
    let until = Instant::now() + ASKED_WITHIN;
    let client = platform.client(Arc::clone(account)).until(until);
    let now_ms = || platform.0.clock.unix_ms();
    if which == Which::Component {
        let component = component(account)?;
        let ticket = component.ticket.get().ok_or_else(|| {
            Words("the platform has not pushed a component_verify_ticket yet; it does so every ten minutes".into())
        })?;
        let request = GetComponentAccessToken {
            component_appid: component.app_id.clone(),
            component_appsecret: component.secret.clone(),
            component_verify_ticket: ticket,
        };
        let given = client.call(request).await?;
        return kept(given.component_access_token, given.expires_in, now_ms());
    }
    match &account.source {
        TokenSource::Stable(secret) => {
            let ask = async |force_refresh| {
                let request = GetStableAccessToken {
                    appid: account.app_id.clone(),
                    secret: secret.clone(),
                    force_refresh,
                    ..GetStableAccessToken::default()
                };
                client.call(request).await
            };
            let given = ask(None).await?;
            let forced_at_ms = last.and_then(|last| last.forced_at_ms);
            let may_force = forced_at_ms.is_none_or(|at_ms| at_ms + FORCED_EVERY_MS <= now_ms());
            // It insists on what it does not take itself.
            if refused == Some(&given.access_token) && may_force {
                let forced_at_ms = now_ms();
                // When that is refused, 20 times a day being all, the one that it insists on may yet be taken.
                let forced = ask(Some(true)).await.unwrap_or(given);
                return Ok(Kept {
                    forced_at_ms: Some(forced_at_ms),
                    ..kept(forced.access_token, forced.expires_in, now_ms())?
                });
            }
            Ok(Kept {
                forced_at_ms,
                ..kept(given.access_token, given.expires_in, now_ms())?
            })
        }
        TokenSource::Plain(secret) => {
            let request = GetAccessToken {
                appid: account.app_id.clone(),
                secret: secret.clone(),
            };
            let given = client.call(request).await?;
            kept(given.access_token, given.expires_in, now_ms())
        }
        TokenSource::Authorizer(first) => {
            let renewed = last.and_then(|last| last.refresh_token.clone());
            let request = GetAuthorizerAccessToken {
                component_appid: component(account)?.app_id.clone(),
                authorizer_appid: account.app_id.clone(),
                authorizer_refresh_token: renewed.clone().unwrap_or_else(|| first.clone()),
            };
            let given = client.call(request).await?;
            Ok(Kept {
                refresh_token: Some(given.authorizer_refresh_token)
                    .filter(|token| !token.expose().is_empty())
                    .or(renewed),
                ..kept(given.authorizer_access_token, given.expires_in, now_ms())?
            })
        }
        TokenSource::Url(program) => {
            given(program.ask(platform, refused).await?, refused, now_ms())
        }
        TokenSource::External(program) => {
            let token = timeout_at(until, program.token(refused)).await;
            let late = "the program that has the access tokens does not answer";
            given(token.map_err(|_| Words(late.into()))??, refused, now_ms())
        }
        TokenSource::None => {
            Err(Words("the account has no AppSecret here; set `app_secret`".into()).into())
        }
    }
}

fn given(given: GivenToken, refused: Option<&Secret>, now_ms: i64) -> Result<Kept, BoxError> {
    let GivenToken {
        access_token,
        expires_in,
    } = given;
    if refused == Some(&access_token) {
        let what =
            "the program that has the access tokens gives out one that the platform does not take";
        return Err(Words(what.into()).into());
    }
    kept(access_token, expires_in, now_ms)
}

fn component(account: &ApiAccount) -> Result<&Component, Words> {
    let component = account.component.as_deref();
    component.ok_or_else(|| Words("the account belongs to no third-party platform here".into()))
}

fn kept(value: Secret, expires_in_secs: i64, now_ms: i64) -> Result<Kept, BoxError> {
    if value.expose().is_empty() {
        return Err(Words("the answer has no token in it".into()).into());
    }
    Ok(Kept {
        value,
        fetched_at_ms: now_ms,
        expires_at_ms: now_ms + expires_in_secs.clamp(1, MAX_SECS) * 1000,
        forced_at_ms: None,
        refresh_token: None,
    })
}
