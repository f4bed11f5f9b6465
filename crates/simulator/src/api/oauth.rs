//! Web authorisation — 网页授权: a page that asks a person, the code that it sends back, and the tokens for it.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/> (read 2026-11-22)

use echostr_protocol::api::oauth::{
    OauthAuthorizeUrl, Scope, SnsAccessToken, SnsAccessTokenResponse, SnsAuth, SnsRefreshToken,
    SnsRefreshTokenResponse, SnsUserInfo, SnsUserInfoResponse, WebsiteLoginUrl,
};
use echostr_protocol::api::{Empty, Secret};
use echostr_protocol::{AppId, OpenId};
use reqwest::Url;

use super::page::{failure, question};
use super::{Call, Handlers, Output, Refusal, permission, token};
use crate::world::{Follower, World};

/// How long a code can be exchanged.
const CODE_MS: i64 = 5 * 60 * 1000;
/// How long a token lives.
const TOKEN_MS: i64 = 7200 * 1000;
/// How long it can be renewed.
const REFRESH_MS: i64 = 30 * 24 * 3600 * 1000;
/// How many codes and tokens are remembered.
const MAX_KEPT: usize = 500;

/// Codes and tokens of an account, oldest first.
#[derive(Debug, Default)]
pub(crate) struct State {
    codes: Vec<Issued>,
    granted: Vec<Granted>,
}

#[derive(Debug)]
struct Issued {
    code: Secret,
    open_id: OpenId,
    scope: String,
    expires_at_ms: i64,
    is_used: bool,
}

#[derive(Debug)]
struct Granted {
    token: Secret,
    refresh: Secret,
    open_id: OpenId,
    scope: String,
    expires_at_ms: i64,
    refresh_until_ms: i64,
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on_raw(|call, request: OauthAuthorizeUrl| {
        let is_asked = request.force_popup == Some(true) || request.scope == Scope::UserInfo;
        let state = request.state.unwrap_or_default();
        match request.scope {
            Scope::Other(_) => Ok(failure("Scope 参数错误或没有 Scope 权限（10005）")),
            scope => authorize(
                call,
                scope.as_str(),
                &request.redirect_uri,
                &state,
                is_asked,
            ),
        }
    });
    on.on_raw(|call, request: WebsiteLoginUrl| {
        let state = request.state.unwrap_or_default();
        authorize(call, "snsapi_login", &request.redirect_uri, &state, true)
    });
    on.on(sns_access_token);
    on.on(sns_refresh_token);
    on.on(sns_user_info);
    on.on(sns_auth);
}

/// The page, or the way back from it.
fn authorize(
    call: &mut Call<'_>,
    scope: &str,
    redirect_uri: &str,
    state: &str,
    is_asked: bool,
) -> Result<Output, Refusal> {
    if permission::check(call).is_err() {
        return Ok(failure("Scope 参数错误或没有 Scope 权限（10005）"));
    }
    let Some(back) = Url::parse(redirect_uri)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
    else {
        return Ok(failure("redirect_uri 参数错误（10003）"));
    };
    let named = call.query.get("follower").map(String::as_str);
    let agreed = call.query.get("agreed").map(String::as_str);
    let people: Vec<&Follower> = match named {
        Some(open_id) => call.account.follower(open_id).into_iter().collect(),
        None => call.account.followers.iter().collect(),
    };
    let (&person, is_only) = match people.as_slice() {
        [] => {
            return Ok(failure(
                "没有这个用户：先在手机上添加一个 · there is no such person: add one on the phone first",
            ));
        }
        [person] => (person, true),
        [first, ..] => (first, false),
    };
    if !is_only || (is_asked && agreed.is_none()) {
        let asked = format!(
            "{} 申请：获取你的{}",
            call.account.settings.name,
            if scope == Scope::Base.as_str() {
                "身份（OpenID）"
            } else {
                "昵称、头像"
            }
        );
        return Ok(question(
            call,
            "微信授权 · Sign in with WeChat",
            &asked,
            &people,
        ));
    }
    let code = (agreed != Some("0")).then(|| person.open_id.clone());
    let code = code.map(|open_id| issue_code(call, open_id, scope));
    Ok(Output::Redirect(sent_back(back, code.as_ref(), state)))
}

fn sent_back(mut back: Url, code: Option<&Secret>, state: &str) -> String {
    let mut query = back.query_pairs_mut();
    if let Some(code) = code {
        query.append_pair("code", code.expose());
    }
    query.append_pair("state", state);
    drop(query);
    back.into()
}

fn issue_code(call: &mut Call<'_>, open_id: OpenId, scope: &str) -> Secret {
    let code: Secret = format!("{:032x}", rand::random::<u128>()).into();
    let codes = &mut call.account.state.oauth.codes;
    codes.push(Issued {
        code: code.clone(),
        open_id,
        scope: scope.to_owned(),
        expires_at_ms: call.now_ms + CODE_MS,
        is_used: false,
    });
    codes.drain(..codes.len().saturating_sub(MAX_KEPT));
    code
}

fn sns_access_token(
    call: &mut Call<'_>,
    request: SnsAccessToken,
) -> Result<SnsAccessTokenResponse, Refusal> {
    permission::check(call)?;
    if request.secret != call.account.settings.app_secret {
        return Err(Refusal::code(40125));
    }
    let now_ms = call.now_ms;
    let state = &mut call.account.state.oauth;
    let code = state
        .codes
        .iter_mut()
        .find(|code| code.code == request.code);
    let code = code.ok_or_else(|| Refusal::code(40029))?;
    if code.is_used {
        return Err(Refusal::code(40163));
    }
    if code.expires_at_ms <= now_ms {
        return Err(Refusal::code(42003));
    }
    code.is_used = true;
    let granted = Granted {
        token: token::new(),
        refresh: token::new(),
        open_id: code.open_id.clone(),
        scope: code.scope.clone(),
        expires_at_ms: now_ms + TOKEN_MS,
        refresh_until_ms: now_ms + REFRESH_MS,
    };
    let response = SnsAccessTokenResponse {
        access_token: granted.token.clone(),
        expires_in: TOKEN_MS / 1000,
        refresh_token: granted.refresh.clone(),
        openid: granted.open_id.clone(),
        scope: granted.scope.clone(),
        ..Default::default()
    };
    state.granted.push(granted);
    let n_surplus = state.granted.len().saturating_sub(MAX_KEPT);
    state.granted.drain(..n_surplus);
    Ok(response)
}

/// A token that still works is prolonged, one that does not is replaced.
fn sns_refresh_token(
    call: &mut Call<'_>,
    request: SnsRefreshToken,
) -> Result<SnsRefreshTokenResponse, Refusal> {
    let now_ms = call.now_ms;
    let mut granted = call.account.state.oauth.granted.iter_mut();
    let granted = granted.find(|granted| granted.refresh == request.refresh_token);
    let granted = granted.ok_or_else(|| Refusal::code(40030))?;
    if granted.refresh_until_ms <= now_ms {
        return Err(Refusal::code(42002));
    }
    if granted.expires_at_ms <= now_ms {
        granted.token = token::new();
    }
    granted.expires_at_ms = now_ms + TOKEN_MS;
    Ok(SnsRefreshTokenResponse {
        access_token: granted.token.clone(),
        expires_in: TOKEN_MS / 1000,
        refresh_token: granted.refresh.clone(),
        openid: granted.open_id.clone(),
        scope: granted.scope.clone(),
    })
}

fn sns_user_info(
    call: &mut Call<'_>,
    request: SnsUserInfo,
) -> Result<SnsUserInfoResponse, Refusal> {
    if granted(call, &request.openid)?.scope == Scope::Base.as_str() {
        return Err(Refusal::code(48001));
    }
    let person = call.account.follower(request.openid.as_str());
    let person = person.ok_or_else(|| Refusal::code(40003))?;
    Ok(SnsUserInfoResponse {
        openid: request.openid,
        nickname: person.name.clone(),
        ..Default::default()
    })
}

fn sns_auth(call: &mut Call<'_>, request: SnsAuth) -> Result<Empty, Refusal> {
    granted(call, &request.openid).map(|_| Empty {})
}

/// What the token of this call is good for; it is this person's.
fn granted<'a>(call: &'a Call<'_>, open_id: &OpenId) -> Result<&'a Granted, Refusal> {
    let mut granted = call.account.state.oauth.granted.iter();
    let granted = granted.find(|granted| granted.token.expose() == call.token);
    let granted = granted.ok_or_else(|| Refusal::code(40001))?;
    if granted.open_id == *open_id {
        Ok(granted)
    } else {
        Err(Refusal::code(40003))
    }
}

/// At whose page this token was granted.
pub(super) fn whose(world: &World, token: &str) -> Result<AppId, Refusal> {
    if token.is_empty() {
        return Err(Refusal::code(41001));
    }
    for account in world.accounts() {
        let mut granted = account.state.oauth.granted.iter();
        match granted.find(|granted| granted.token.expose() == token) {
            Some(granted) if granted.expires_at_ms > world.now_ms() => {
                return Ok(account.settings.app_id.clone());
            }
            Some(_) => return Err(Refusal::code(42001)),
            None => {}
        }
    }
    Err(token::unknown(token))
}
