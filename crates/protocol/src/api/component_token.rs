//! Credentials of a third-party platform — 第三方平台凭据
//!
//! From nothing to calls for somebody else's account: the platform pushes a [ticket](crate::component::ComponentVerifyTicket)
//! every ten minutes; with it comes the platform's own token ([`GetComponentAccessToken`]), with that a code
//! ([`GetPreAuthCode`]), with that a page where the account's owner agrees ([`ComponentLoginPageUrl`]). The page comes back
//! with another code, which is changed once for the account's tokens ([`GetAuthorizerRefreshToken`]); from then on they are
//! renewed ([`GetAuthorizerAccessToken`]).
//!
//! ```
//! use echostr_protocol::api::component_token::{ComponentLoginPageMobileUrl, ComponentLoginPageUrl};
//!
//! let page = ComponentLoginPageUrl {
//!     component_appid: "wx570bc396a51b8ff8".into(),
//!     pre_auth_code: "preauthcode@@@Cx_Dk6qiBE0".into(),
//!     redirect_uri: "https://bot.example.com/back?to=1".into(),
//!     auth_type: Some(1),
//!     ..Default::default()
//! };
//! assert_eq!(
//!     page.url(),
//!     "https://mp.weixin.qq.com/cgi-bin/componentloginpage?component_appid=wx570bc396a51b8ff8\
//!      &pre_auth_code=preauthcode%40%40%40Cx_Dk6qiBE0\
//!      &redirect_uri=https%3A%2F%2Fbot.example.com%2Fback%3Fto%3D1&auth_type=1"
//! );
//!
//! let page = ComponentLoginPageMobileUrl {
//!     component_appid: page.component_appid,
//!     pre_auth_code: page.pre_auth_code,
//!     redirect_uri: "https://bot.example.com/back".into(),
//!     biz_appid: Some("wxf8b4f85f3a794e77".into()),
//!     ..Default::default()
//! };
//! assert_eq!(
//!     page.url(),
//!     "https://mp.weixin.qq.com/safe/bindcomponent?action=bindcomponent&no_scan=1&component_appid=wx570bc396a51b8ff8\
//!      &pre_auth_code=preauthcode%40%40%40Cx_Dk6qiBE0&redirect_uri=https%3A%2F%2Fbot.example.com%2Fback\
//!      &biz_appid=wxf8b4f85f3a794e77#wechat_redirect"
//! );
//! ```
//!
//! All calls answer 61004 when they come from an address that is not in the platform's list (白名单IP); the message names it.
//! The documents of 2026 call the credential in the query `access_token`; `component_access_token` is its older name, and works.
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Request as _, Secret, wire, address};
use crate::AppId;

endpoints! {
    Post "/cgi-bin/component/api_start_push_ticket" StartPushTicket -> Empty, "启动票据推送服务", auth(Auth::None);
    Post "/cgi-bin/component/api_component_token" GetComponentAccessToken -> GetComponentAccessTokenResponse, "获取第三方平台接口调用凭据", auth(Auth::None);
    Post "/cgi-bin/component/api_create_preauthcode" GetPreAuthCode -> GetPreAuthCodeResponse, "获取预授权码", auth(Auth::Component);
    Post "/cgi-bin/component/api_query_auth" GetAuthorizerRefreshToken -> GetAuthorizerRefreshTokenResponse, "获取刷新令牌", auth(Auth::Component), once();
    Post "/cgi-bin/component/api_authorizer_token" GetAuthorizerAccessToken -> GetAuthorizerAccessTokenResponse, "获取授权账号调用令牌", auth(Auth::Component);
    Post "/cgi-bin/component/clear_quota/v2" ClearComponentQuotaByAppSecret -> Empty, "使用AppSecret重置第三方平台API调用次数", auth(Auth::None);
    Page "/cgi-bin/componentloginpage" ComponentLoginPageUrl -> ComponentLoginPageUrlResponse, "授权链接（电脑）", host("mp.weixin.qq.com"), auth(Auth::None);
    Page "/safe/bindcomponent?action=bindcomponent&no_scan=1" ComponentLoginPageMobileUrl -> ComponentLoginPageUrlResponse, "授权链接（手机）", host("mp.weixin.qq.com"), auth(Auth::None);
}

/// Starts the pushes of the ticket again — 启动票据推送服务.
///
/// For a platform that gets them no more. While they run, the answer is a success, too, with `in a normal state`.
///
/// # Errors
/// - 40013: there is no such third-party platform.
/// - 45009: today's calls are used up.
#[doc(alias = "启动票据推送服务")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StartPushTicket {
    /// The third-party platform.
    pub component_appid: AppId,
    /// Its AppSecret. Here it has another name than in [`GetComponentAccessToken`].
    pub component_secret: Secret,
}

/// Asks for the third-party platform's own token — 获取第三方平台接口调用凭据 (获取令牌).
///
/// One process should ask and share it: 2000 times a day are allowed. A push of the ticket may be missed, the last one
/// serves for twelve hours.
///
/// # Errors
/// - 61005, 61006: the ticket has expired or is not one; wait for the next push.
/// - 41004, 40125: the secret is missing or wrong.
/// - 61011: there is no such third-party platform.
#[doc(alias = "获取第三方平台接口调用凭据")]
#[doc(alias = "获取令牌")]
#[doc(alias = "component_access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetComponentAccessToken {
    /// The third-party platform.
    pub component_appid: AppId,
    /// Its AppSecret.
    pub component_appsecret: Secret,
    /// From the newest push.
    pub component_verify_ticket: Secret,
}

/// What [`GetComponentAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetComponentAccessTokenResponse {
    /// For all calls with [`Auth::Component`].
    pub component_access_token: Secret,
    /// Seconds, normally 7200.
    pub expires_in: i64,
}

/// Asks for a code that opens the page where an owner agrees — 获取预授权码. It serves one authorisation.
#[doc(alias = "获取预授权码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPreAuthCode {
    /// The third-party platform.
    pub component_appid: AppId,
}

/// What [`GetPreAuthCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPreAuthCodeResponse {
    /// For [`ComponentLoginPageUrl`]; the push about the authorisation carries it, too.
    pub pre_auth_code: Secret,
    /// Seconds: 1800 by the text of the documents, 600 in their example.
    pub expires_in: i64,
}

/// Changes the code of an authorisation for the account's tokens — 获取刷新令牌 (使用授权码获取授权信息).
///
/// A code works once. An owner may grant less than the third-party platform asks for: what was granted is in `func_info`.
///
/// # Errors
/// - 61009: there is no such code.
/// - 61010: it has expired, after about an hour; the owner must agree again.
#[doc(alias = "获取刷新令牌")]
#[doc(alias = "使用授权码获取授权信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerRefreshToken {
    /// The third-party platform.
    pub component_appid: AppId,
    /// [`ComponentLoginPageUrlResponse::auth_code`], or from the push about the authorisation.
    pub authorization_code: Secret,
}

/// What [`GetAuthorizerRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerRefreshTokenResponse {
    /// What the owner has agreed to.
    pub authorization_info: AuthorizationInfo,
}

/// What an account lets a third-party platform do, and the tokens for it — 授权信息.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizationInfo {
    /// The account.
    pub authorizer_appid: AppId,
    /// Only when the account may call the API, and not in every answer about an authorisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_access_token: Option<Secret>,
    /// What the token is renewed with; only when the account may call the API. It serves until the owner takes the rights back
    /// or gives them anew. To be stored: [`GetAuthorizerList`](super::component_authorizer::GetAuthorizerList) may tell a
    /// lost one, otherwise the owner must agree again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_refresh_token: Option<Secret>,
    /// Seconds of the access token, normally 7200; absent like it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// What was granted.
    pub func_info: Vec<Grant>,
}

/// One of the things granted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// The permission set.
    pub funcscope_category: PermissionSet,
}

/// Calls that are granted together — 权限集.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PermissionSet {
    /// Its number in the documents: 1 messages (消息管理), 2 followers (用户管理), 3 the account's settings (账号服务) …
    pub id: i64,
    /// The platform's kind of set; 0 where the answer has only the number, like the three others.
    pub r#type: i64,
    /// `消息管理权限`.
    pub name: String,
    /// What it is for.
    pub desc: String,
}

/// Renews the token of an account that has agreed — 获取授权账号调用令牌.
///
/// # Errors
/// - 61023: the refresh token is not the newest; after a new authorisation the old one is void.
/// - 61003: the account has not agreed, or has taken its rights back.
#[doc(alias = "获取授权账号调用令牌")]
#[doc(alias = "获取授权账号接口调用凭据")]
#[doc(alias = "authorizer_access_token")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerAccessToken {
    /// The third-party platform.
    pub component_appid: AppId,
    /// The account.
    pub authorizer_appid: AppId,
    /// The newest one.
    pub authorizer_refresh_token: Secret,
}

/// What [`GetAuthorizerAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerAccessTokenResponse {
    /// For all calls with [`Auth::Account`].
    pub authorizer_access_token: Secret,
    /// To be stored each time, although it is mostly the one that was sent.
    pub authorizer_refresh_token: Secret,
    /// Seconds, normally 7200.
    pub expires_in: i64,
}

/// Sets the counts of today's calls to zero, without a token — 使用AppSecret重置第三方平台API调用次数.
///
/// Ten times a month for each account, together with [`ClearQuota`](super::quota::ClearQuota).
///
/// # Errors
/// - 40013: there is no such third-party platform, or the account has not agreed.
/// - 48006: the ten times of this month are used up.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openapi/clearComponentQuotaByAppSecret.html>
#[doc(alias = "使用AppSecret重置第三方平台API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearComponentQuotaByAppSecret {
    /// The account whose counts they are. Without it they are the third-party platform's own, by the example of the page;
    /// its table says that it is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// The third-party platform.
    pub component_appid: AppId,
    /// Its AppSecret.
    pub appsecret: Secret,
}

/// The page where an owner agrees by scanning a code — 授权注册页面扫码授权.
///
/// It must be opened by a link on the domain that is registered for it (授权发起页域名), and comes back to the same domain;
/// typed in, or behind a redirection, it shows an error.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html>
#[doc(alias = "授权链接（电脑）")]
#[doc(alias = "授权注册页面扫码授权")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentLoginPageUrl {
    /// The third-party platform.
    pub component_appid: AppId,
    /// From [`GetPreAuthCode`].
    pub pre_auth_code: Secret,
    /// Where the browser comes back to, not escaped.
    pub redirect_uri: String,
    /// Which accounts the owner may choose: 1 official accounts, 2 mini programs, 3 both, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<i64>,
    /// The only account that may be chosen; goes before `auth_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_appid: Option<AppId>,
    /// Numbers of permission sets with `|` between them, `1|3`; all that the third-party platform has published when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id_list: Option<String>,
}

impl ComponentLoginPageUrl {
    /// The page's address.
    pub fn url(&self) -> String {
        let auth_type = self.auth_type.map(|auth_type| auth_type.to_string());
        let query = [
            ("component_appid", Some(self.component_appid.as_str())),
            ("pre_auth_code", Some(self.pre_auth_code.expose())),
            ("redirect_uri", Some(&self.redirect_uri)),
            ("auth_type", auth_type.as_deref()),
            ("biz_appid", self.biz_appid.as_ref().map(AppId::as_str)),
            ("category_id_list", self.category_id_list.as_deref()),
        ];
        address(Self::ENDPOINT, &query)
    }
}

/// What [`ComponentLoginPageUrl`] and [`ComponentLoginPageMobileUrl`] come back with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentLoginPageUrlResponse {
    /// For [`GetAuthorizerRefreshToken`].
    pub auth_code: Secret,
    /// Seconds.
    #[serde(with = "wire::int")]
    pub expires_in: i64,
}

/// The page where an owner agrees on the telephone, inside WeChat — 点击移动端链接快速授权.
///
/// Newer documents have it at `https://open.weixin.qq.com/wxaopen/safe/bindcomponent`; this address is still served.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html>
#[doc(alias = "授权链接（手机）")]
#[doc(alias = "点击移动端链接快速授权")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentLoginPageMobileUrl {
    /// The third-party platform.
    pub component_appid: AppId,
    /// From [`GetPreAuthCode`].
    pub pre_auth_code: Secret,
    /// Where the browser comes back to, not escaped.
    pub redirect_uri: String,
    /// As in [`ComponentLoginPageUrl`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<i64>,
    /// As in [`ComponentLoginPageUrl`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_appid: Option<AppId>,
}

impl ComponentLoginPageMobileUrl {
    /// The page's address.
    pub fn url(&self) -> String {
        let auth_type = self.auth_type.map(|auth_type| auth_type.to_string());
        let query = [
            ("action", Some("bindcomponent")),
            ("no_scan", Some("1")),
            ("component_appid", Some(self.component_appid.as_str())),
            ("pre_auth_code", Some(self.pre_auth_code.expose())),
            ("redirect_uri", Some(&self.redirect_uri)),
            ("auth_type", auth_type.as_deref()),
            ("biz_appid", self.biz_appid.as_ref().map(AppId::as_str)),
        ];
        address(Self::ENDPOINT, &query) + "#wechat_redirect"
    }
}
