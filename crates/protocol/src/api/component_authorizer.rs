//! Accounts that have authorised a third-party platform — 授权账号管理
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret, wire};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/component/api_get_authorizer_info" GetAuthorizerInfo -> GetAuthorizerInfoResponse, "获取授权账号详情", auth(Auth::Component);
    Post "/cgi-bin/component/api_get_authorizer_list" GetAuthorizerList -> GetAuthorizerListResponse, "拉取已授权的账号列表", auth(Auth::Component);
    Post "/cgi-bin/component/api_get_authorizer_option" GetAuthorizerOptionInfo -> GetAuthorizerOptionInfoResponse, "获取授权方选项信息", auth(Auth::Component);
    Post "/cgi-bin/component/api_set_authorizer_option" SetAuthorizerOptionInfo -> Empty, "设置授权方选项信息", auth(Auth::Component);
}

/// Get authorizer info — 获取授权账号详情.
///
/// MiniProgramInfo only for mini programs; absence means an official account. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/getAuthorizerInfo.html> (read 2026-11-22)
#[doc(alias = "获取授权账号详情")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerInfo {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// AppID of the authorising account.
    pub authorizer_appid: AppId,
}

/// What [`GetAuthorizerInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerInfoResponse {
    /// Account details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizer_info: Option<AuthorizerInfo>,
    /// Authorisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_info: Option<AuthorizationInfo>,
}

/// Account details.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizerInfo {
    /// Original id (gh_...).
    pub user_name: String,
    /// Account name.
    pub nick_name: String,
    /// Avatar URL.
    pub head_img: String,
    /// Account kind: 0/1 subscription, 2 service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_type_info: Option<ServiceTypeInfo>,
    /// Verification state; -1 unverified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_type_info: Option<VerifyTypeInfo>,
    /// Legal entity.
    pub principal_name: String,
    /// WeChat id.
    pub alias: String,
    /// Introduction or signature.
    pub signature: String,
    /// QR code URL.
    pub qrcode_url: String,
    /// Feature switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_info: Option<BusinessInfo>,
    /// Present only for mini programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "MiniProgramInfo")]
    pub mini_program_info: Option<MiniProgramInfo>,
    /// Account state.
    pub account_status: i64,
    /// Registration type.
    pub register_type: i64,
    /// Binding state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_config: Option<BasicConfig>,
}

/// Account kind: 0/1 subscription, 2 service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceTypeInfo {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
}

/// Verification state; -1 unverified.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifyTypeInfo {
    /// Identifier.
    pub id: i64,
    /// Display name.
    pub name: String,
}

/// Feature switches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BusinessInfo {
    /// Is open store.
    #[serde(with = "wire::flag")]
    pub open_store: bool,
    /// Is open scan.
    #[serde(with = "wire::flag")]
    pub open_scan: bool,
    /// Is open pay.
    #[serde(with = "wire::flag")]
    pub open_pay: bool,
    /// Is open card.
    #[serde(with = "wire::flag")]
    pub open_card: bool,
    /// Is open shake.
    #[serde(with = "wire::flag")]
    pub open_shake: bool,
}

/// Present only for mini programs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MiniProgramInfo {
    /// Network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Category list.
    pub categories: Vec<Category>,
    /// Visit status.
    pub visit_status: i64,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Request domain list.
    #[serde(rename = "RequestDomain")]
    pub request_domain: Vec<String>,
    /// Web socket domain list.
    #[serde(rename = "WsRequestDomain")]
    pub ws_request_domain: Vec<String>,
    /// Upload domain list.
    #[serde(rename = "UploadDomain")]
    pub upload_domain: Vec<String>,
    /// Download domain list.
    #[serde(rename = "DownloadDomain")]
    pub download_domain: Vec<String>,
    /// Udp domain list.
    #[serde(rename = "UDPDomain")]
    pub udpdomain: Vec<String>,
    /// Business domain list.
    #[serde(rename = "BizDomain")]
    pub biz_domain: Vec<String>,
}

/// Category list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// First category.
    pub first: String,
    /// Second category.
    pub second: String,
}

/// Binding state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BasicConfig {
    /// Is phone configured.
    pub is_phone_configured: bool,
    /// Is email configured.
    pub is_email_configured: bool,
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

/// Get authorizer list — 拉取已授权的账号列表.
///
/// Count at most 500. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/getAuthorizerList.html> (read 2026-11-22)
#[doc(alias = "拉取已授权的账号列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerList {
    /// AppID of the third-party platform.
    pub component_appid: AppId,
    /// Index of the first item, from 0.
    pub offset: i64,
    /// Number of items.
    pub count: i64,
}

/// What [`GetAuthorizerList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerListResponse {
    /// Total number of items.
    pub total_count: i64,
    /// Result rows.
    pub list: Vec<List>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// AppID of the authorising account.
    pub authorizer_appid: AppId,
    /// Token used to renew the credential.
    pub refresh_token: Secret,
    /// Unix seconds of the authorisation.
    pub auth_time: i64,
}

/// Get authorizer option info — 获取授权方选项信息.
///
/// Location_report, voice_recognize, customer_service. Older path without api_ exists. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/getAuthorizerOptionInfo.html> (read 2026-11-22)
#[doc(alias = "获取授权方选项信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerOptionInfo {
    /// Option name.
    pub option_name: String,
}

/// What [`GetAuthorizerOptionInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerOptionInfoResponse {
    /// AppID of the authorising account.
    pub authorizer_appid: AppId,
    /// Option name.
    pub option_name: String,
    /// Option value.
    #[serde(with = "wire::text")]
    pub option_value: String,
}

/// Set authorizer option info — 设置授权方选项信息.
///
/// Same options. Credential in the query as component_access_token; newer docs also call it access_token.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/setAuthorizerOptionInfo.html> (read 2026-11-22)
#[doc(alias = "设置授权方选项信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetAuthorizerOptionInfo {
    /// Option name.
    pub option_name: String,
    /// Option value.
    pub option_value: String,
}

