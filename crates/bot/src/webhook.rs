//! The webhook: one request of the platform, from its query string to the response.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use echostr_protocol::{Error, Query, Str, Token};
use futures_util::FutureExt as _;
use http::header::{ACCEPT, ALLOW, CONNECTION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::Instant;
use tracing::warn;

use crate::deadline::Verdict;
use crate::listen::Connection;
use crate::{Account, Bot, Limits, Push};

/// Answers one request to `account`: the handshake, a push, or what a stranger sent.
pub async fn receive(bot: &Bot, account: &Arc<Account>, request: Request) -> Response {
    let arrived_at = Instant::now();
    let (head, body) = request.into_parts();
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let opened = match head.method {
        Method::POST => open(bot, account, &query, body).await,
        Method::GET | Method::HEAD => {
            let answer = handshake(bot, account, &query);
            return answer.unwrap_or_else(|refusal| refuse(bot, account, &refusal, &head));
        }
        _ => Err(Refusal::Method),
    };
    match opened {
        Ok(push) => {
            // A delivery may be held for long, and must not keep the buffer of its request.
            let connection = head.extensions.get().cloned();
            drop(query);
            drop(head);
            answer(bot, account, &push, arrived_at, connection).await
        }
        Err(refusal) => refuse(bot, account, &refusal, &head),
    }
}

/// The platform asks whether this is the right server.
fn handshake(bot: &Bot, account: &Account, query: &Query<'_>) -> Result<Response, Refusal> {
    verified(account, query)?;
    account.seen.handshake(bot.now_ms());
    let echostr = query
        .echostr
        .as_deref()
        .filter(|echostr| !echostr.is_empty());
    Ok(respond(
        StatusCode::OK,
        TEXT,
        echostr.unwrap_or("Echostr 回音").to_owned(),
    ))
}

/// The platform tells what a follower did: verified, read, opened.
async fn open<'a>(
    bot: &Bot,
    account: &'a Account,
    query: &Query<'_>,
    body: Body,
) -> Result<Push<'a>, Refusal> {
    let token = verified(account, query)?;
    let body = read(body, bot.limits()).await?;
    let push = account.open(token, query, &body)?;
    if let Some(own) = account.misses(&push.message) {
        return Err(Refusal::WrongAccount {
            account: account.id.clone(),
            own: own.clone(),
            found: push.message.to_user().0.chars().take(64).collect(),
        });
    }
    account.seen.push(bot.now_ms(), push.came);
    bot.noted().unknown(account, &push.message);
    Ok(push)
}

/// What the platform gets for it: a reply, sealed as the push was; `success`; or, for a delivery that was held in vain,
/// nothing that it would show.
async fn answer(
    bot: &Bot,
    account: &Arc<Account>,
    push: &Push<'_>,
    arrived_at: Instant,
    connection: Option<Connection>,
) -> Response {
    let verdict = bot.reply(account, &push.message, arrived_at, connection);
    let Verdict::Reply(reply, replied_at) = verdict.await else {
        return unanswered();
    };
    let document = reply.render(&push.message, replied_at);
    document.map_or_else(success, |xml| {
        respond(
            StatusCode::OK,
            XML,
            push.seal(xml, unix_now(), rand::random),
        )
    })
}

/// The token with which it is signed.
fn verified<'a>(account: &'a Account, query: &Query<'_>) -> Result<&'a Token, Refusal> {
    if query.signature.as_deref().is_none_or(str::is_empty) {
        return Err(Refusal::Unsigned);
    }
    Ok(account.verify(query)?)
}

/// The whole body, bounded in size and time. Nearly always it came together with the head.
async fn read(mut body: Body, limits: &Limits) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(Refusal::TooLarge);
    }
    match body.frame().now_or_never() {
        Some(Some(Ok(frame))) if body.is_end_stream() => {
            let bytes = frame.into_data().unwrap_or_default();
            if bytes.len() > limits.body_bytes {
                Err(Refusal::TooLarge)
            } else {
                Ok(bytes)
            }
        }
        Some(Some(Ok(frame))) => {
            read_slowly(frame.into_data().unwrap_or_default(), body, limits).await
        }
        Some(Some(Err(_))) => Err(Refusal::BrokenOff),
        Some(None) => Ok(Bytes::new()),
        None => read_slowly(Bytes::new(), body, limits).await,
    }
}

/// The rest of a body that comes in several parts.
async fn read_slowly(first: Bytes, body: Body, limits: &Limits) -> Result<Bytes, Refusal> {
    let room = limits
        .body_bytes
        .checked_sub(first.len())
        .ok_or(Refusal::TooLarge)?;
    let rest = Limited::new(body, room).collect();
    match tokio::time::timeout(limits.body_timeout, rest)
        .await
        .map_err(|_| Refusal::Slow)?
    {
        Ok(rest) => Ok([first, rest.to_bytes()].concat().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::BrokenOff),
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
// One report got its replies accepted only after the change from application/xml to this.
const XML: &str = "text/xml; charset=utf-8";

/// What makes the platform repeat the push.
fn unanswered() -> Response {
    let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// "Received, nothing to show": never sealed, never empty XML.
fn success() -> Response {
    respond(StatusCode::OK, TEXT, "success")
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // What is echoed may look like a page; in open access anybody can sign it.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Unix seconds.
pub(crate) fn unix_now() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Protocol(#[from] Error),
    #[error("it has no `signature`: a browser, a health check or a scanner, not the platform")]
    Unsigned,
    #[error("the body is larger than is allowed")]
    TooLarge,
    #[error("the body did not come in time")]
    Slow,
    #[error("the connection was closed before the whole body had come")]
    BrokenOff,
    #[error("only GET, HEAD and POST are answered")]
    Method,
    #[error(
        "the push is for `{found}`, but the original id (原始ID) of this account is `{own}`: another account's page has this \
         address and token; if this is the right one, forget the old id with `echostr account set {account} --gh-id ''`, or write \
         `gh_id` where the account is set"
    )]
    WrongAccount {
        account: Str,
        own: Str,
        found: String,
    },
}

impl Refusal {
    fn class(&self) -> &'static str {
        match self {
            Self::Protocol(error) => error.class(),
            Self::Unsigned => "unsigned",
            Self::TooLarge => "too_large",
            Self::Slow => "slow",
            Self::BrokenOff => "broken_off",
            Self::Method => "method",
            Self::WrongAccount { .. } => "wrong_account",
        }
    }
}

/// The sender learns nothing but the status; the owner reads the reason in the log.
fn refuse(
    bot: &Bot,
    account: &Account,
    refusal: &Refusal,
    head: &http::request::Parts,
) -> Response {
    let peer = bot.limits().peer_of(head);
    let class = refusal.class();
    bot.metrics().rejected(class);
    let text = refusal.to_string();
    if !account.is_open {
        account.seen.refused(bot.now_ms(), class, &text);
    }
    // What costs an attacker nothing gets one line a minute and address; what only the platform, or who knows the
    // token, can send is always told.
    let is_unsigned = matches!(
        refusal,
        Refusal::Unsigned | Refusal::Protocol(Error::BadSignature { .. }) | Refusal::Method
    );
    let is_free = account.is_open || is_unsigned;
    if !is_free || bot.noted().is_news(peer, account, class) {
        let peer = peer.map(tracing::field::display);
        warn!(
            account.id = account.log_id(),
            peer, class, "refused a request: {text}"
        );
    }
    match refusal {
        Refusal::Unsigned | Refusal::Protocol(Error::BadSignature { .. }) => {
            not_found(&head.headers)
        }
        Refusal::Protocol(_) | Refusal::BrokenOff | Refusal::WrongAccount { .. } => {
            empty(StatusCode::BAD_REQUEST)
        }
        Refusal::TooLarge => empty(StatusCode::PAYLOAD_TOO_LARGE),
        Refusal::Slow => empty(StatusCode::REQUEST_TIMEOUT),
        Refusal::Method => not_allowed(),
    }
}

/// Whether the webhook has an answer to the method at all.
pub fn is_answered(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::POST)
}

/// The answer to other methods.
pub fn not_allowed() -> Response {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The same for a wrong signature, an unknown account and an unknown path, so that nobody learns which tokens exist.
/// A browser gets a page that says how the address is used.
pub fn not_found(headers: &HeaderMap) -> Response {
    let accepts_html = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if accepts_html {
        respond(StatusCode::NOT_FOUND, HTML, NOT_FOUND_PAGE)
    } else {
        empty(StatusCode::NOT_FOUND)
    }
}

const NOT_FOUND_PAGE: &str = include_str!("not_found.html");
