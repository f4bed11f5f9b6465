//! Web authorisation through a third-party platform — 代公众号网页授权
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Secret, wire};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Page "/connect/oauth2/authorize?response_type=code" ComponentOauthAuthorizeUrl -> ComponentOauthAuthorizeUrlResponse, "代公众号发起网页授权链接", host("open.weixin.qq.com"), auth(Auth::None);
    Get "/sns/oauth2/component/access_token?grant_type=authorization_code" SnsComponentAccessToken -> SnsComponentAccessTokenResponse, "代公众号换取网页授权access_token", auth(Auth::Component);
    Get "/sns/oauth2/component/refresh_token?grant_type=refresh_token" SnsComponentRefreshToken -> SnsComponentRefreshTokenResponse, "代公众号刷新网页授权access_token", auth(Auth::Component);
}

/// Component oauth authorize url — 代公众号发起网页授权链接.
///
/// As oauth_authorize_url with component_appid added; #wechat_redirect at the end.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/official_account_website_authorization.html> (read 2026-11-22)
#[doc(alias = "代公众号发起网页授权链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentOauthAuthorizeUrl {
    /// AppID of the official account.
    pub appid: AppId,
    /// URL-encoded.
    pub redirect_uri: String,
    /// Snsapi_base | snsapi_userinfo.
    pub scope: String,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Platform AppID.
    pub component_appid: AppId,
}

/// What [`ComponentOauthAuthorizeUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentOauthAuthorizeUrlResponse {
    /// Redirect parameter.
    pub code: Secret,
    /// Redirect parameter.
    pub state: String,
    /// Redirect parameter.
    pub appid: AppId,
}

/// Sns component access token — 代公众号换取网页授权access_token.
///
/// On behalf of an authorised account; userinfo afterwards with the plain sns call.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/official_account_website_authorization.html> (read 2026-11-22)
#[doc(alias = "代公众号换取网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsComponentAccessToken {
    /// AppID of the official account.
    pub appid: AppId,
    /// Code.
    pub code: Secret,
    /// Platform AppID.
    pub component_appid: AppId,
}

/// What [`SnsComponentAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsComponentAccessTokenResponse {
    /// Call credential; store at least 512 characters.
    pub access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
    /// Token used to renew the credential.
    pub refresh_token: Secret,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// OAuth scope.
    pub scope: String,
    /// UnionID, only when the account is bound to an open-platform account.
    pub unionid: UnionId,
    /// 1 when the user browses as a virtual snapshot account.
    #[serde(with = "wire::flag")]
    pub is_snapshotuser: bool,
}

/// Sns component refresh token — 代公众号刷新网页授权access_token.
///
/// 42002 after 30 days.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/official_account_website_authorization.html> (read 2026-11-22)
#[doc(alias = "代公众号刷新网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsComponentRefreshToken {
    /// AppID of the official account.
    pub appid: AppId,
    /// Platform AppID.
    pub component_appid: AppId,
    /// Refresh token.
    pub refresh_token: Secret,
}

/// What [`SnsComponentRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsComponentRefreshTokenResponse {
    /// Call credential; store at least 512 characters.
    pub access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
    /// Token used to renew the credential.
    pub refresh_token: Secret,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// OAuth scope.
    pub scope: String,
}

