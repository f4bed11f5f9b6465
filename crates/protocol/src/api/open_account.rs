//! Open-platform accounts — 开放平台账号绑定
//!
//! Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/open/create" CreateOpenAccount -> CreateOpenAccountResponse, "创建开放平台账号并绑定";
    Post "/cgi-bin/open/have" GetBindOpenAccount -> GetBindOpenAccountResponse, "查询是否绑定开放平台账号";
    Post "/cgi-bin/open/bind" BindOpenAccount -> Empty, "绑定开放平台账号";
    Post "/cgi-bin/open/unbind" UnbindOpenAccount -> Empty, "解绑开放平台账号";
    Post "/cgi-bin/open/get" GetOpenAccount -> GetOpenAccountResponse, "获取已绑定的开放平台账号";
    Get "/cgi-bin/open/sameentity" GetBindOpenAccountEntity -> GetBindOpenAccountEntityResponse, "查询绑定的开放平台账号主体";
}

/// Create open account — 创建开放平台账号并绑定.
///
/// 89000 already bound.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/createOpenAccount.html> (read 2026-11-22)
#[doc(alias = "创建开放平台账号并绑定")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateOpenAccount {
    /// AppID.
    pub appid: AppId,
}

/// What [`CreateOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateOpenAccountResponse {
    /// Open-platform AppID.
    pub open_appid: String,
}

/// Get bind open account — 查询是否绑定开放平台账号.
///
/// Empty JSON object body.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getBindOpenAccount.html> (read 2026-11-22)
#[doc(alias = "查询是否绑定开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBindOpenAccount {
}

/// What [`GetBindOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBindOpenAccountResponse {
    /// Has open account.
    pub have_open: bool,
}

/// Bind open account — 绑定开放平台账号.
///
/// 89000 already bound, 89001 different entity, 89003 not created by this platform, 89004 full.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/bindOpenAccount.html> (read 2026-11-22)
#[doc(alias = "绑定开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BindOpenAccount {
    /// AppID.
    pub appid: AppId,
    /// Open-platform AppID.
    pub open_appid: String,
}

/// Unbind open account — 解绑开放平台账号.
///
/// 89001/89002 not bound, 89003.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/unbindOpenAccount.html> (read 2026-11-22)
#[doc(alias = "解绑开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnbindOpenAccount {
    /// AppID.
    pub appid: AppId,
    /// Open-platform AppID.
    pub open_appid: String,
}

/// Get open account — 获取已绑定的开放平台账号.
///
/// 89002 not bound.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/openplatform-management/getOpenAccount.html> (read 2026-11-22)
#[doc(alias = "获取已绑定的开放平台账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetOpenAccount {
    /// AppID.
    pub appid: AppId,
}

/// What [`GetOpenAccount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetOpenAccountResponse {
    /// Open-platform AppID.
    pub open_appid: String,
}

/// Get bind open account entity — 查询绑定的开放平台账号主体.
///
/// Whether the account and its open-platform account share an entity.
///
/// Source: <https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/miniprogram-management/basic-info-management/getBindOpenAccountEntity.html> (read 2026-11-22)
#[doc(alias = "查询绑定的开放平台账号主体")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBindOpenAccountEntity {
}

/// What [`GetBindOpenAccountEntity`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBindOpenAccountEntityResponse {
    /// Is same entity.
    pub same_entity: bool,
}

