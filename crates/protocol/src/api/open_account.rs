//! Open-platform accounts — 开放平台账号管理
//!
//! Accounts that are bound to the same open-platform account tell the same UnionID for a person. These calls are made by a
//! third-party platform with the account's token; an open-platform account that was registered on the web and is not verified
//! is out of their reach.
//!
//! ```
//! use echostr_protocol::api::{self, Body, open_account::BindOpenAccount};
//!
//! let request = BindOpenAccount { appid: None, open_appid: "wx934bba12afff30f8".into() };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"open_appid":"wx934bba12afff30f8"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::Empty;
use crate::AppId;

endpoints! {
    Post "/cgi-bin/open/create" CreateOpenAccount -> CreateOpenAccountResponse, "创建开放平台账号";
    Post "/cgi-bin/open/have" GetBindOpenAccount -> GetBindOpenAccountResponse, "查询绑定的开放平台账号";
    Post "/cgi-bin/open/bind" BindOpenAccount -> Empty, "绑定开放平台账号";
    Post "/cgi-bin/open/unbind" UnbindOpenAccount -> Empty, "解除绑定开放平台账号";
    Post "/cgi-bin/open/get" GetOpenAccount -> GetOpenAccountResponse, "获取开放平台账号";
    Get "/cgi-bin/open/sameentity" GetBindOpenAccountEntity -> GetBindOpenAccountEntityResponse, "查询开放平台账号是否与小程序同主体";
}

/// Creates an open-platform account and binds the account to it — 创建开放平台账号.
///
/// It belongs to the account's entity and is not verified: it takes five accounts of that entity.
///
/// # Errors
/// - 40013: `appid` is not the account of the token.
/// - 89000: the account is bound already; see [`GetOpenAccount`].
#[doc(alias = "创建开放平台账号")]
#[doc(alias = "创建开放平台账号并绑定")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateOpenAccount {
    /// The account of the token, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
}

/// What [`CreateOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateOpenAccountResponse {
    /// The new open-platform account.
    pub open_appid: AppId,
}

/// Asks whether the account is bound at all — 查询绑定的开放平台账号.
///
/// The body is an empty JSON object. The page has it as a GET; libraries POST.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getBindOpenAccount.html>
#[doc(alias = "查询绑定的开放平台账号")]
#[doc(alias = "查询是否绑定开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBindOpenAccount {}

/// What [`GetBindOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBindOpenAccountResponse {
    /// Whether it is.
    pub have_open: bool,
}

/// Binds the account to an open-platform account of the same entity — 绑定开放平台账号.
///
/// One that is not verified takes five accounts, a verified one a hundred.
///
/// # Errors
/// - 40013: `appid` is not the account of the token, or there is no such open-platform account.
/// - 89000: the account is bound already; unbind it first.
/// - 89001: the two belong to different entities.
/// - 89003, 89036: the open-platform account is neither verified nor made by [`CreateOpenAccount`]; its owner must bind the
///   account on the web.
/// - 89004: it is full.
#[doc(alias = "绑定开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BindOpenAccount {
    /// The account of the token, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// The open-platform account.
    pub open_appid: AppId,
}

/// Unbinds the account — 解除绑定开放平台账号. Its followers' UnionIDs change.
///
/// # Errors
/// - 40013: `appid` is not the account of the token, or there is no such open-platform account.
/// - 89001, 89002: the account is not bound to this one.
/// - 89003: the open-platform account was not created by [`CreateOpenAccount`]; its owner must unbind the account on the web.
#[doc(alias = "解除绑定开放平台账号")]
#[doc(alias = "解绑开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnbindOpenAccount {
    /// The account of the token, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
    /// The open-platform account that it is bound to.
    pub open_appid: AppId,
}

/// Asks which open-platform account the account is bound to — 获取开放平台账号.
///
/// # Errors
/// - 40013: `appid` is not the account of the token.
/// - 89002: it is bound to none.
#[doc(alias = "获取开放平台账号")]
#[doc(alias = "获取已绑定的开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetOpenAccount {
    /// The account of the token, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<AppId>,
}

/// What [`GetOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetOpenAccountResponse {
    /// The open-platform account.
    pub open_appid: AppId,
}

/// Asks whether the account and its open-platform account belong to the same entity — 查询开放平台账号是否与小程序同主体.
///
/// Official accounts may ask, too.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getBindOpenAccountEntity.html>
#[doc(alias = "查询开放平台账号是否与小程序同主体")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBindOpenAccountEntity {}

/// What [`GetBindOpenAccountEntity`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBindOpenAccountEntityResponse {
    /// Whether they do.
    pub same_entity: bool,
}
