//! Access tokens — 接口调用凭据
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/base/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Secret};
use crate::{AppId};

endpoints! {
    Get "/cgi-bin/token?grant_type=client_credential" GetAccessToken -> GetAccessTokenResponse, "获取接口调用凭据", auth(Auth::None);
    Post "/cgi-bin/stable_token" GetStableAccessToken -> GetStableAccessTokenResponse, "获取稳定版接口调用凭据", auth(Auth::None);
}

/// Get access token — 获取接口调用凭据.
///
/// Each call replaces the previous token (the old one survives about 5 minutes), so exactly one component per account may call it; pool is separate from stable_token. Limit 2000 calls a day. Secret travels in the query: redact URLs in logs. Errors: 40001 wrong secret, 40013 bad appid, 40125 bad secret, 40164 IP not on the allow list (errmsg names the IP), 40243 secret frozen, 41004 secret missing, 50004 token API forbidden, 50007 account frozen, 89503/89501/89506/89507 admin IP confirmation.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/base/api_getaccesstoken.html> (read 2026-11-22)
#[doc(alias = "获取接口调用凭据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAccessToken {
    /// AppID.
    pub appid: AppId,
    /// AppSecret.
    pub secret: Secret,
}

/// What [`GetAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAccessTokenResponse {
    /// Call credential; store at least 512 characters.
    pub access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
}

/// Get stable access token — 获取稳定版接口调用凭据.
///
/// Preferred token source. Normal mode returns the current token with its remaining lifetime and is safe to call from many nodes; the platform renews it 5 minutes before expiry and both stay valid meanwhile. force_refresh=true invalidates the old token: 20 a day, at least 30 s apart. 10000 calls a minute, 500000 a day. POST JSON only (43002 otherwise). Independent of /cgi-bin/token.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.html> (read 2026-11-22)
#[doc(alias = "获取稳定版接口调用凭据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetStableAccessToken {
    /// AppID.
    pub appid: AppId,
    /// AppSecret.
    pub secret: Secret,
    /// Fixed client_credential.
    pub grant_type: String,
    /// Default false; true forces a new token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_refresh: Option<bool>,
}

/// What [`GetStableAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetStableAccessTokenResponse {
    /// Call credential; store at least 512 characters.
    pub access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
}

