//! Accounts that have agreed to a third-party platform — 授权账号管理
//!
//! ```
//! use echostr_protocol::api::{self, Body, component_authorizer::GetAuthorizerList};
//!
//! let request = GetAuthorizerList { component_appid: "wx570bc396a51b8ff8".into(), offset: 0, count: 500 };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"component_appid":"wx570bc396a51b8ff8","offset":0,"count":500}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/authorization-management/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::component_token::AuthorizationInfo;
use super::{Auth, Empty, Secret, wire};
use crate::{AppId, GhId};

endpoints! {
    Post "/cgi-bin/component/api_get_authorizer_info" GetAuthorizerInfo -> GetAuthorizerInfoResponse, "获取授权账号详情", auth(Auth::Component);
    Post "/cgi-bin/component/api_get_authorizer_list" GetAuthorizerList -> GetAuthorizerListResponse, "拉取已授权的账号信息", auth(Auth::Component);
    Post "/cgi-bin/component/api_get_authorizer_option" GetAuthorizerOptionInfo -> GetAuthorizerOptionInfoResponse, "获取授权方选项信息", auth(Auth::Component);
    Post "/cgi-bin/component/api_set_authorizer_option" SetAuthorizerOptionInfo -> Empty, "设置授权方选项信息", auth(Auth::Component);
}

/// Asks what account it is, and what it has granted — 获取授权账号详情.
///
/// # Errors
/// - 61003: the account has not agreed, or has taken its rights back.
#[doc(alias = "获取授权账号详情")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerInfo {
    /// The third-party platform.
    pub component_appid: AppId,
    /// The account.
    pub authorizer_appid: AppId,
}

/// What [`GetAuthorizerInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerInfoResponse {
    /// The account.
    pub authorizer_info: AuthorizerInfo,
    /// What it has granted, normally without an access token.
    pub authorization_info: AuthorizationInfo,
}

/// An account that has agreed — 授权账号信息.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizerInfo {
    /// The original id.
    pub user_name: GhId,
    /// The account's name.
    pub nick_name: String,
    /// The URL of its picture; empty without one.
    pub head_img: String,
    /// Of an official account: 0 subscription account (订阅号), 1 a subscription account that was an older kind, 2 service account
    /// (服务号). Of a mini program: 0 an ordinary one, 2 and 3 a store, 4 a game, 10 a small shop (小商店), 12 one on trial (试用).
    pub service_type_info: TypeInfo,
    /// -1 not verified, 0 verified by WeChat, 1 and 2 by a microblog; 3 to 5 the entity is verified but not the name.
    pub verify_type_info: TypeInfo,
    /// The entity behind it (主体名称).
    pub principal_name: String,
    /// The WeChat id (微信号); empty when none was set.
    pub alias: String,
    /// The introduction (功能介绍).
    pub signature: String,
    /// A picture that leads to the account when scanned. The platform advises to keep a copy.
    pub qrcode_url: String,
    /// What it has switched on.
    pub business_info: BusinessInfo,
    /// Only for mini programs: this is how to tell one from an official account.
    #[serde(rename = "MiniProgramInfo", skip_serializing_if = "Option::is_none")]
    pub mini_program_info: Option<MiniProgramInfo>,
    /// 1 in order, 14 cancelled, 16 banned, 18 warned, 19 frozen.
    pub account_status: i64,
    /// How a mini program was registered: 0 by its owner, 2 with the entity of an official account, 6 by the face of the legal
    /// person, 13 on trial, and others.
    pub register_type: i64,
    /// Only for mini programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_config: Option<BasicConfig>,
}

/// A number of the platform, and what it calls it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypeInfo {
    /// The number.
    pub id: i64,
    /// `服务号`; empty in older answers.
    pub name: String,
}

/// What an account has switched on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BusinessInfo {
    /// Stores (微信门店).
    #[serde(with = "wire::flag")]
    pub open_store: bool,
    /// Scanning goods (微信扫商品).
    #[serde(with = "wire::flag")]
    pub open_scan: bool,
    /// Payment (微信支付).
    #[serde(with = "wire::flag")]
    pub open_pay: bool,
    /// Cards and coupons (微信卡券).
    #[serde(with = "wire::flag")]
    pub open_card: bool,
    /// Shaking (微信摇一摇).
    #[serde(with = "wire::flag")]
    pub open_shake: bool,
}

/// A mini program's settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MiniProgramInfo {
    /// The servers that it may reach.
    pub network: Network,
    /// What it is for (类目).
    pub categories: Vec<Category>,
    /// Not explained in the documents.
    pub visit_status: i64,
}

/// The servers that a mini program may reach, with their scheme, `https://api.example.com`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Network {
    /// By HTTPS.
    pub request_domain: Vec<String>,
    /// By WebSocket, `wss://`.
    pub ws_request_domain: Vec<String>,
    /// For uploads.
    pub upload_domain: Vec<String>,
    /// For downloads.
    pub download_domain: Vec<String>,
    /// By UDP, `udp://`.
    #[serde(rename = "UDPDomain")]
    pub udp_domain: Vec<String>,
    /// Web pages that it may show (业务域名).
    pub biz_domain: Vec<String>,
}

/// A category (类目).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Category {
    /// The upper one, `餐饮`.
    pub first: String,
    /// The lower one, `点餐平台`.
    pub second: String,
}

/// How a mini program's owner can log in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BasicConfig {
    /// A telephone number is bound.
    pub is_phone_configured: bool,
    /// An e-mail address is bound.
    pub is_email_configured: bool,
}

/// Lists the accounts that have agreed, in pages — 拉取已授权的账号信息.
#[doc(alias = "拉取已授权的账号信息")]
#[doc(alias = "拉取已授权的账号列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerList {
    /// The third-party platform.
    pub component_appid: AppId,
    /// How many to skip.
    pub offset: i64,
    /// How many at most, 1 to 500.
    pub count: i64,
}

/// What [`GetAuthorizerList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerListResponse {
    /// In all pages together.
    pub total_count: i64,
    /// This page.
    pub list: Vec<Authorizer>,
}

/// An account in the list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authorizer {
    /// The account.
    pub authorizer_appid: AppId,
    /// Its `authorizer_refresh_token`; empty until its authorisation code was changed for one.
    pub refresh_token: Secret,
    /// Unix seconds of its agreement.
    pub auth_time: i64,
}

words! {
    /// A setting of an account that a third-party platform may change.
    AuthorizerOption {
        /// Reports of followers' locations: `0` none, `1` when they enter the chat, `2` every five seconds. Needs the permission
        /// set 2 (用户管理权限).
        LocationReport = "location_report",
        /// Recognition of voice messages: `0` off, `1` on. Needs the permission set 1 (消息管理权限).
        VoiceRecognize = "voice_recognize",
        /// The desk (多客服): `0` off, `1` on. Needs the permission set 6 (微信多客服权限).
        CustomerService = "customer_service",
    }
}

/// Asks for a setting of an account — 获取授权方选项信息.
///
/// The current page describes the path without `api_`, which takes no more than the name of the option; this one, which all
/// libraries call, needs to be told the account.
///
/// # Errors
/// - 61003: the account has not agreed.
/// - 61007: the permission set that the option needs was not granted.
/// - 61012: there is no such option.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/ThirdParty/Account_Authorization/api_get_authorizer_option.html>
#[doc(alias = "获取授权方选项信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetAuthorizerOptionInfo {
    /// The third-party platform.
    pub component_appid: AppId,
    /// The account.
    pub authorizer_appid: AppId,
    /// The setting.
    pub option_name: AuthorizerOption,
}

/// What [`GetAuthorizerOptionInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetAuthorizerOptionInfoResponse {
    /// The account.
    pub authorizer_appid: AppId,
    /// The setting.
    pub option_name: AuthorizerOption,
    /// What [`AuthorizerOption`] says; comes as a number, too.
    #[serde(with = "wire::text")]
    pub option_value: String,
}

/// Changes a setting of an account — 设置授权方选项信息.
///
/// # Errors
/// As [`GetAuthorizerOptionInfo`], and
/// - 61013: the option has no such value.
/// - 61025: the option can only be read.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/ThirdParty/Account_Authorization/api_set_authorizer_option.html>
#[doc(alias = "设置授权方选项信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetAuthorizerOptionInfo {
    /// The third-party platform.
    pub component_appid: AppId,
    /// The account.
    pub authorizer_appid: AppId,
    /// The setting.
    pub option_name: AuthorizerOption,
    /// What [`AuthorizerOption`] says.
    pub option_value: String,
}
