//! Access tokens — 接口调用凭据 (access_token)
//!
//! ```
//! use echostr_protocol::api::{self, Body, token::GetStableAccessToken};
//!
//! let request = GetStableAccessToken {
//!     appid: "wx3aea277d7b497b65".into(),
//!     secret: "5f1c3b0e9d7a48c2b6e4f80a1d23c795".into(),
//!     ..Default::default()
//! };
//! assert!(format!("{request:?}").contains("secret: ***"));
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(json.ends_with(br#""grant_type":"client_credential"}"#));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Secret};
use crate::AppId;

endpoints! {
    Get "/cgi-bin/token?grant_type=client_credential" GetAccessToken -> GetAccessTokenResponse, "获取接口调用凭据", auth(Auth::None);
    Post "/cgi-bin/stable_token" GetStableAccessToken -> GetAccessTokenResponse, "获取稳定版接口调用凭据", auth(Auth::None);
}

/// Issues a new access token — 获取接口调用凭据. At most 2 000 a day.
///
/// Each call replaces the token before it, which works for about 5 minutes more: two programs that call it invalidate each
/// other's. [`GetStableAccessToken`] has no such trap and is the better choice; the tokens of the two calls are independent.
/// The secret travels in the query, so the address of this call must not be logged.
///
/// # Errors
/// - 40001, 40125: the secret is wrong; look it up in the console.
/// - 40013: the AppID is wrong. 41004: the secret is missing.
/// - 40164: the caller's IP is not on the allow list (IP 白名单); `errmsg` names it, add it in the console.
/// - 89503, 89501: the administrator has to confirm this IP first; wait. 89506, 89507: refused, for 24 hours or one hour.
/// - 40243: the secret is frozen; unfreeze it in the console.
/// - 50004, 50007: the account may not use this call, or is frozen.
#[doc(alias = "获取接口调用凭据")]
#[doc(alias = "获取access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAccessToken {
    /// Whose token.
    pub appid: AppId,
    /// The account's AppSecret.
    pub secret: Secret,
}

/// What [`GetAccessToken`] and [`GetStableAccessToken`] answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAccessTokenResponse {
    /// Whoever stores it allows 512 characters.
    pub access_token: Secret,
    /// How many seconds are left to it: 7 200, or fewer for a stable token that is already in use.
    pub expires_in: i64,
}

/// Asks for the current access token — 获取稳定版接口调用凭据. At most 10 000 a minute and 500 000 a day.
///
/// The same token comes back until the platform renews it, 5 minutes before it expires; during these both work. So any number
/// of programs may ask. Third-party platforms cannot ask for the tokens of others with it.
///
/// # Errors
/// Those of [`GetAccessToken`], and:
/// - 43002: it was not a POST with JSON.
#[doc(alias = "获取稳定版接口调用凭据")]
#[doc(alias = "stable_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStableAccessToken {
    /// Whose token.
    pub appid: AppId,
    /// The account's AppSecret.
    pub secret: Secret,
    /// There is only one.
    #[serde(default)]
    pub grant_type: GrantType,
    /// Whether the current token becomes invalid at once and a new one is issued: for a token that has leaked. At most 20 a
    /// day, 30 seconds apart. Default: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_refresh: Option<bool>,
}

/// What a token is asked for with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// With the account's AppSecret.
    #[default]
    ClientCredential,
}
