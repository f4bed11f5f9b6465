//! Web authorisation — 网页授权
//!
//! A web page learns who looks at it: the browser is sent to the platform, comes back with a code, and the code is exchanged for a token
//! of this one user.
//!
//! ```
//! use echostr_protocol::api::oauth::{OauthAuthorizeUrl, Scope, WebsiteLoginUrl};
//!
//! let page = OauthAuthorizeUrl {
//!     appid: "wx3aea277d7b497b65".into(),
//!     redirect_uri: "https://example.com/me?from=菜单".into(),
//!     scope: Scope::Base,
//!     state: Some("7f3a".into()),
//!     ..Default::default()
//! };
//! assert_eq!(
//!     page.url(),
//!     "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx3aea277d7b497b65\
//!      &redirect_uri=https%3A%2F%2Fexample.com%2Fme%3Ffrom%3D%E8%8F%9C%E5%8D%95\
//!      &response_type=code&scope=snsapi_base&state=7f3a#wechat_redirect",
//! );
//! let asked = OauthAuthorizeUrl { scope: Scope::UserInfo, state: None, force_popup: Some(true), ..page };
//! assert!(asked.url().ends_with("&response_type=code&scope=snsapi_userinfo&forcePopup=true#wechat_redirect"));
//!
//! let login = WebsiteLoginUrl {
//!     appid: "wx5d1f0c2b7e93a846".into(),
//!     redirect_uri: "https://example.com/login".into(),
//!     state: Some("7f3a".into()),
//!     lang: None,
//! };
//! assert_eq!(
//!     login.url(),
//!     "https://open.weixin.qq.com/connect/qrconnect?appid=wx5d1f0c2b7e93a846\
//!      &redirect_uri=https%3A%2F%2Fexample.com%2Flogin&response_type=code&scope=snsapi_login&state=7f3a#wechat_redirect",
//! );
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/webdev/access/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::user::Lang;
use super::{Auth, Empty, Request, Secret, wire, address};
use crate::{AppId, OpenId, UnionId};

endpoints! {
    Page "/connect/oauth2/authorize?response_type=code" OauthAuthorizeUrl -> Redirect, "网页授权链接", host("open.weixin.qq.com"), auth(Auth::None);
    Page "/connect/qrconnect?response_type=code&scope=snsapi_login" WebsiteLoginUrl -> Redirect, "网站应用扫码登录链接", host("open.weixin.qq.com"), auth(Auth::None);
    Get "/sns/oauth2/access_token?grant_type=authorization_code" SnsAccessToken -> SnsAccessTokenResponse, "通过code换取网页授权access_token", auth(Auth::None), once();
    Get "/sns/oauth2/refresh_token?grant_type=refresh_token" SnsRefreshToken -> SnsRefreshTokenResponse, "刷新网页授权access_token", auth(Auth::None);
    Get "/sns/userinfo" SnsUserInfo -> SnsUserInfoResponse, "网页授权获取用户信息", auth(Auth::Follower);
    Get "/sns/auth" SnsAuth -> Empty, "检验网页授权凭证", auth(Auth::Follower);
}

/// Where a page in WeChat's browser sends its reader — 网页授权链接. For verified service accounts.
///
/// # Errors
/// The reader sees them on a page; nothing comes back.
/// - 10003: the domain of `redirect_uri` is not registered at the account (网页授权域名).
/// - 10004: the account is blocked.
/// - 10005: the account may not ask for this scope.
/// - 10006: the reader must follow the test account first.
/// - 10009 to 10012: too often; wait.
/// - 10013: web authorisation is not switched on.
/// - 10015: the third-party platform was not granted this.
/// - 10016: the page that sent the reader is not on the registered domain.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html>
#[doc(alias = "网页授权链接")]
#[doc(alias = "网页授权")]
#[doc(alias = "redirect_uri参数错误")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OauthAuthorizeUrl {
    /// The account.
    pub appid: AppId,
    /// Where the reader comes back to. Not escaped: [`url`](Self::url) does it.
    pub redirect_uri: String,
    /// What the page wants to know.
    pub scope: Scope,
    /// Comes back as it is; against forged requests it is bound to the reader's session. At most 128 letters and digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Ask the reader even where it could be done in silence. Default: no.
    #[serde(rename = "forcePopup", skip_serializing_if = "Option::is_none")]
    pub force_popup: Option<bool>,
    /// Open the page as a snapshot (快照页), to try it. Default: no.
    #[serde(rename = "forceSnapShot", skip_serializing_if = "Option::is_none")]
    pub force_snap_shot: Option<bool>,
}

words! {
    /// What a page wants to know (授权作用域).
    Scope {
        /// The OpenID only; the reader is not asked.
        Base = "snsapi_base",
        /// Name and picture, too; the reader is asked.
        UserInfo = "snsapi_userinfo",
    }

    /// The language of the login page.
    LoginLang {
        /// Simplified Chinese.
        Cn = "cn",
        /// English.
        En = "en",
    }
}

impl OauthAuthorizeUrl {
    /// The address. The platform compares it with a pattern: another order of the same parameters does not open.
    pub fn url(&self) -> String {
        let word = |is| if is { "true" } else { "false" };
        let query = [
                ("appid", Some(self.appid.as_str())),
                ("redirect_uri", Some(&self.redirect_uri)),
                ("response_type", Some("code")),
                ("scope", Some(self.scope.as_str())),
                ("state", self.state.as_deref()),
                ("forcePopup", self.force_popup.map(word)),
                ("forceSnapShot", self.force_snap_shot.map(word)),
        ];
        address(Self::ENDPOINT, &query) + "#wechat_redirect"
    }
}

/// Where a web site sends a visitor to log in by scanning a QR code — 网站应用扫码登录链接.
///
/// It is for a website application (网站应用) of the open platform, which has an AppID and a secret of its own. The calls that follow
/// are the same.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html>
#[doc(alias = "网站应用扫码登录链接")]
#[doc(alias = "网站应用微信登录")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WebsiteLoginUrl {
    /// The website application.
    pub appid: AppId,
    /// Where the visitor comes back to. Not escaped: [`url`](Self::url) does it.
    pub redirect_uri: String,
    /// As [`OauthAuthorizeUrl::state`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Default: Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<LoginLang>,
}

impl WebsiteLoginUrl {
    /// The address.
    pub fn url(&self) -> String {
        let query = [
                ("appid", Some(self.appid.as_str())),
                ("redirect_uri", Some(&self.redirect_uri)),
                ("response_type", Some("code")),
                ("scope", Some("snsapi_login")),
                ("state", self.state.as_deref()),
                ("lang", self.lang.as_ref().map(LoginLang::as_str)),
        ];
        address(Self::ENDPOINT, &query) + "#wechat_redirect"
    }
}

/// What the browser brings back to `redirect_uri`, in its query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Redirect {
    /// For [`SnsAccessToken`]: once, within 5 minutes. Absent when the user refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// As it was sent; empty when it was not.
    pub state: String,
}

/// Exchanges the code for a token of this one user — 通过code换取网页授权access_token. At most 50 000 calls a minute.
///
/// The token is not the one for the other chapters.
///
/// # Errors
/// - 40029: there is no such code; send the user again.
/// - 40125: the secret is wrong.
/// - 40163: the code was used already; mostly the user has reloaded the page.
/// - 42003: the code is older than 5 minutes; send the user again.
#[doc(alias = "通过code换取网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsAccessToken {
    /// The account, or the website application.
    pub appid: AppId,
    /// Its secret (AppSecret).
    pub secret: Secret,
    /// From [`Redirect::code`].
    pub code: Secret,
}

/// What [`SnsAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsAccessTokenResponse {
    /// For [`SnsUserInfo`] and [`SnsAuth`].
    pub access_token: Secret,
    /// Seconds, mostly 7200.
    pub expires_in: i64,
    /// For [`SnsRefreshToken`], 30 days.
    pub refresh_token: Secret,
    /// Who. It is the same as in pushes, also of somebody who does not follow.
    pub openid: OpenId,
    /// What the user agreed to, separated by commas.
    pub scope: String,
    /// With `snsapi_userinfo`, when the account belongs to an open platform account (微信开放平台).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<UnionId>,
    /// The page is only looked at as a snapshot (快照页): who and name are made up, and must not become an account. Absent if not.
    #[serde(with = "wire::flag", skip_serializing_if = "std::ops::Not::not")]
    pub is_snapshotuser: bool,
}

/// Renews a user's token — 刷新网页授权access_token.
///
/// # Errors
/// - 40030: there is no such refresh token; send the user again.
/// - 42002: the refresh token is older than 30 days; send the user again.
#[doc(alias = "刷新网页授权access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsRefreshToken {
    /// The account, or the website application.
    pub appid: AppId,
    /// From [`SnsAccessTokenResponse::refresh_token`].
    pub refresh_token: Secret,
}

/// What [`SnsRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsRefreshTokenResponse {
    /// For [`SnsUserInfo`] and [`SnsAuth`].
    pub access_token: Secret,
    /// Seconds, mostly 7200.
    pub expires_in: i64,
    /// For the next time.
    pub refresh_token: Secret,
    /// Who.
    pub openid: OpenId,
    /// What the user agreed to, separated by commas.
    pub scope: String,
}

/// Name and picture of a user who agreed — 网页授权获取用户信息.
///
/// # Errors
/// - 48001: the user did not agree to `snsapi_userinfo`.
#[doc(alias = "网页授权获取用户信息")]
#[doc(alias = "拉取用户信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsUserInfo {
    /// Whose token it is.
    pub openid: OpenId,
    /// In which language the place was told. Default: `zh_CN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
}

/// What [`SnsUserInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SnsUserInfoResponse {
    /// Who.
    pub openid: OpenId,
    /// When the account belongs to an open platform account (微信开放平台).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unionid: Option<UnionId>,
    /// The user's name in WeChat.
    pub nickname: String,
    /// 0 unknown, 1 male, 2 female; 0 since December 2021.
    pub sex: i64,
    /// Empty since December 2021.
    pub country: String,
    /// Empty since December 2021.
    pub province: String,
    /// Empty since December 2021.
    pub city: String,
    /// The picture (头像); empty when there is none. The address stops working when the user changes it.
    pub headimgurl: String,
    /// What the user's carrier grants: `chinaunicom`.
    pub privilege: Vec<String>,
}

/// Asks whether a user's token works — 检验网页授权凭证.
///
/// # Errors
/// - 40003: it does not, or is another user's.
#[doc(alias = "检验网页授权凭证")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SnsAuth {
    /// Whose token it is.
    pub openid: OpenId,
}
