//! Credentials of a third-party platform — 第三方平台凭据
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/component/api_start_push_ticket" StartPushTicket -> Empty, "启动票据推送服务", auth(Auth::None);
    Post "/cgi-bin/component/api_component_token" GetComponentAccessToken -> GetComponentAccessTokenResponse, "获取第三方平台接口调用凭据", auth(Auth::None);
    Post "/cgi-bin/component/api_create_preauthcode" GetPreAuthCode -> GetPreAuthCodeResponse, "获取预授权码", auth(Auth::Component);
    Post "/cgi-bin/component/api_query_auth" GetAuthorizerRefreshToken -> GetAuthorizerRefreshTokenResponse, "获取刷新令牌", auth(Auth::Component);
    Post "/cgi-bin/component/api_authorizer_token" GetAuthorizerAccessToken -> GetAuthorizerAccessTokenResponse, "获取授权账号接口调用凭据", auth(Auth::Component);
    Post "/cgi-bin/component/clear_quota/v2" ClearComponentQuotaByAppSecret -> Empty, "使用AppSecret重置第三方平台API调用次数", auth(Auth::None);
    Page "/cgi-bin/componentloginpage" ComponentLoginPageUrl -> ComponentLoginPageUrlResponse, "授权链接（电脑）", host("mp.weixin.qq.com"), auth(Auth::None);
    Page "/safe/bindcomponent?action=bindcomponent&no_scan=1" ComponentLoginPageMobileUrl -> ComponentLoginPageMobileUrlResponse, "授权链接（手机）", host("mp.weixin.qq.com"), auth(Auth::None);
}

/// Start push ticket — 启动票据推送服务.
///
/// Restarts the pushes of component_verify_ticket; the ticket then comes every 10 minutes. 61004 IP, 45009.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/startPushTicket.html> (read 2026-11-22)
#[doc(alias = "启动票据推送服务")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StartPushTicket {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// Secret of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_secret: Option<String>,
}

/// Get component access token — 获取第三方平台接口调用凭据.
///
/// 7200 s; one refresher only, the quota is 2000 a day. 61004 IP not allowed, 61005/61006 ticket missing or stale, 41004/40125 secret, 61011 bad component.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getComponentAccessToken.html> (read 2026-11-22)
#[doc(alias = "获取第三方平台接口调用凭据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetComponentAccessToken {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// Secret of the platform.
    pub component_appsecret: Secret,
    /// Ticket pushed every 10 minutes.
    pub component_verify_ticket: Secret,
}

/// What [`GetComponentAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetComponentAccessTokenResponse {
    /// Platform credential.
    pub component_access_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
}

/// Get pre auth code — 获取预授权码.
///
/// 10-30 minutes, single use. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getPreAuthCode.html> (read 2026-11-22)
#[doc(alias = "获取预授权码")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetPreAuthCode {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
}

/// What [`GetPreAuthCode`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetPreAuthCodeResponse {
    /// Pre-authorisation code.
    pub pre_auth_code: Secret,
    /// Seconds, 1800 now, 600 in older docs.
    pub expires_in: i64,
}

/// Get authorizer refresh token — 获取刷新令牌.
///
/// Authorization_code lives an hour and works once; the refresh token is given here and in later renewals: losing it means asking the owner again. 61010 code expired. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getAuthorizerRefreshToken.html> (read 2026-11-22)
#[doc(alias = "获取刷新令牌")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerRefreshToken {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// Code from the authorisation redirect or event.
    pub authorization_code: Secret,
}

/// What [`GetAuthorizerRefreshToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerRefreshTokenResponse {
    /// Authorisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_info: Option<AuthorizationInfo>,
}

/// Authorisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizationInfo {
    /// AppID of the authorising account.
    pub authorizer_appid: AppId,
    /// Access token of the authorising account.
    pub authorizer_access_token: Secret,
    /// Long-lived refresh token of the authorisation; must be stored.
    pub authorizer_refresh_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
    /// Granted permission sets.
    pub func_info: Vec<FuncInfo>,
}

/// Granted permission sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FuncInfo {
    /// Permission set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funcscope_category: Option<FuncscopeCategory>,
}

/// Permission set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FuncscopeCategory {
    /// Identifier.
    pub id: i64,
    /// Kind discriminator.
    pub r#type: i64,
    /// Display name.
    pub name: String,
    /// Description.
    pub desc: String,
}

/// Get authorizer access token — 获取授权账号接口调用凭据.
///
/// Always store the returned refresh token. 61023 bad refresh token (also after re-authorisation), 61003 not authorised. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getAuthorizerAccessToken.html> (read 2026-11-22)
#[doc(alias = "获取授权账号接口调用凭据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerAccessToken {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// AppID of the authorising account.
    pub authorizer_appid: AppId,
    /// Long-lived refresh token of the authorisation; must be stored.
    pub authorizer_refresh_token: Secret,
}

/// What [`GetAuthorizerAccessToken`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerAccessTokenResponse {
    /// Access token of the authorising account.
    pub authorizer_access_token: Secret,
    /// Long-lived refresh token of the authorisation; must be stored.
    pub authorizer_refresh_token: Secret,
    /// Lifetime in seconds (normally 7200).
    pub expires_in: i64,
}

/// Clear component quota by app secret — 使用AppSecret重置第三方平台API调用次数.
///
/// Secret-based reset for the platform or one authoriser.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openapi/clearComponentQuotaByAppSecret.html> (read 2026-11-22)
#[doc(alias = "使用AppSecret重置第三方平台API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearComponentQuotaByAppSecret {
    /// AppID.
    pub appid: AppId,
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// AppSecret.
    pub appsecret: Secret,
}

/// Component login page url — 授权链接（电脑）.
///
/// Desktop authorisation page to build; the referring page must be on the registered domain.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html> (read 2026-11-22)
#[doc(alias = "授权链接（电脑）")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentLoginPageUrl {
    /// Platform AppID.
    pub component_appid: AppId,
    /// Pre-authorisation code.
    pub pre_auth_code: Secret,
    /// URL-encoded return page.
    pub redirect_uri: String,
    /// 1 official accounts, 2 mini programs, 3 both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<i64>,
    /// Preset account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_appid: Option<String>,
    /// Permission sets, separated by |.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id_list: Option<String>,
}

/// What [`ComponentLoginPageUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentLoginPageUrlResponse {
    /// Redirect parameter.
    pub auth_code: String,
    /// Redirect parameter.
    pub expires_in: i64,
}

/// Component login page mobile url — 授权链接（手机）.
///
/// Authorisation page inside WeChat; the current docs move it to open.weixin.qq.com/wxaopen/safe/bindcomponent. Ends with #wechat_redirect.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html> (read 2026-11-22)
#[doc(alias = "授权链接（手机）")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ComponentLoginPageMobileUrl {
    /// Platform AppID.
    pub component_appid: AppId,
    /// Pre-authorisation code.
    pub pre_auth_code: Secret,
    /// Return page.
    pub redirect_uri: String,
    /// 1 | 2 | 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<i64>,
    /// Preset account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_appid: Option<String>,
}

/// What [`ComponentLoginPageMobileUrl`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentLoginPageMobileUrlResponse {
    /// Redirect parameter.
    pub auth_code: String,
    /// Redirect parameter.
    pub expires_in: i64,
}

