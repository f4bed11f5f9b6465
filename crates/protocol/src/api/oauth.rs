//! Web authorisation — 网页授权
//!
//! Source: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret, wire};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Page "/connect/oauth2/authorize?response_type=code" OauthAuthorizeUrl -> OauthAuthorizeUrlResponse, "网页授权链接", host("open.weixin.qq.com"), auth(Auth::None);
    Page "/connect/qrconnect?response_type=code&scope=snsapi_login" WebsiteLoginUrl -> WebsiteLoginUrlResponse, "网站应用扫码登录链接", host("open.weixin.qq.com"), auth(Auth::None);
    Get "/sns/oauth2/access_token?grant_type=authorization_code" SnsAccessToken -> SnsAccessTokenResponse, "通过code换取网页授权access_token", auth(Auth::None);
    Get "/sns/oauth2/refresh_token?grant_type=refresh_token" SnsRefreshToken -> SnsRefreshTokenResponse, "刷新网页授权access_token", auth(Auth::None);
    Get "/sns/userinfo" SnsUserInfo -> SnsUserInfoResponse, "网页授权获取用户信息", auth(Auth::Follower);
    Get "/sns/auth" SnsAuth -> Empty, "检验网页授权凭证", auth(Auth::Follower);
}

/// Oauth authorize url — 网页授权链接.
///
/// Browser redirect to build, not an API call; the parameter order matters and the URL ends with #wechat_redirect. 10003 redirect domain mismatch.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html> (read 2026-11-22)
#[doc(alias = "网页授权链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OauthAuthorizeUrl {
    /// AppID.
    pub appid: AppId,
    /// URL-encoded; domain must be registered.
    pub redirect_uri: String,
    /// Snsapi_base (silent) | snsapi_userinfo.
    pub scope: String,
    /// Letters and digits, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Always show the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "forcePopup")]
    pub force_popup: Option<bool>,
    /// Force the snapshot page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "forceSnapShot")]
    pub force_snap_shot: Option<bool>,
}

/// What [`OauthAuthorizeUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OauthAuthorizeUrlResponse {
    /// Redirect parameter, single use, 5 minutes.
    pub code: Secret,
    /// Redirect parameter.
    pub state: String,
}

/// Website login url — 网站应用扫码登录链接.
///
/// Website login by QR code; then the sns calls. Ends with #wechat_redirect.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html> (read 2026-11-22)
#[doc(alias = "网站应用扫码登录链接")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WebsiteLoginUrl {
    /// Website app AppID.
    pub appid: AppId,
    /// URL-encoded.
    pub redirect_uri: String,
    /// Anti-CSRF value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Cn | en.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// What [`WebsiteLoginUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebsiteLoginUrlResponse {
    /// Redirect parameter.
    pub code: Secret,
    /// Redirect parameter.
    pub state: String,
}

/// Sns access token — 通过code换取网页授权access_token.
///
/// Different credential from the API access_token; per user, 2 h. 40029 bad code, 40163 code already used, 42003 expired, 40125 secret. Failure is errcode JSON, success has no errcode. 50000 calls a minute. is_snapshotuser=1: do not treat as a real user.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html> (read 2026-11-22)
#[doc(alias = "通过code换取网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsAccessToken {
    /// AppID.
    pub appid: AppId,
    /// AppSecret.
    pub secret: Secret,
    /// Code from the redirect.
    pub code: Secret,
}

/// What [`SnsAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsAccessTokenResponse {
    /// Call credential; store at least 512 characters.
    pub access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
    /// 30 days.
    pub refresh_token: Secret,
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// OAuth scope.
    pub scope: String,
    /// Snsapi_userinfo only.
    pub unionid: UnionId,
    /// 1 when the user browses as a virtual snapshot account.
    #[serde(with = "wire::flag")]
    pub is_snapshotuser: bool,
}

/// Sns refresh token — 刷新网页授权access_token.
///
/// 40030 or 42002 when the refresh token is bad or 30 days old.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken.html> (read 2026-11-22)
#[doc(alias = "刷新网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsRefreshToken {
    /// AppID.
    pub appid: AppId,
    /// Refresh token.
    pub refresh_token: Secret,
}

/// What [`SnsRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsRefreshTokenResponse {
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

/// Sns user info — 网页授权获取用户信息.
///
/// Needs scope snsapi_userinfo (48001 otherwise). sex and region come empty since 2021-12.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html> (read 2026-11-22)
#[doc(alias = "网页授权获取用户信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsUserInfo {
    /// OpenID.
    pub openid: OpenId,
    /// Zh_CN | zh_TW | en.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
}

/// What [`SnsUserInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsUserInfoResponse {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// UnionID, only when the account is bound to an open-platform account.
    pub unionid: UnionId,
    /// Nickname.
    pub nickname: String,
    /// Gender; retired since 2021-12.
    pub sex: i64,
    /// Country; retired since 2021-12.
    pub country: String,
    /// Province; retired since 2021-12.
    pub province: String,
    /// City; retired since 2021-12.
    pub city: String,
    /// Avatar URL.
    pub headimgurl: String,
    /// Carrier privileges.
    pub privilege: Vec<String>,
}

/// Sns auth — 检验网页授权凭证.
///
/// Errcode 0 valid; 40003 otherwise.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsauth.html> (read 2026-11-22)
#[doc(alias = "检验网页授权凭证")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsAuth {
    /// User's OpenID in this account.
    pub openid: OpenId,
}

