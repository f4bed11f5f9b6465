//! Blocked followers — 黑名单
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{OpenId};

endpoints! {
    Post "/cgi-bin/tags/members/getblacklist" GetBlacklist -> GetBlacklistResponse, "获取黑名单列表";
    Post "/cgi-bin/tags/members/batchblacklist" BatchBlacklist -> Empty, "拉黑用户";
    Post "/cgi-bin/tags/members/batchunblacklist" BatchUnblacklist -> Empty, "取消拉黑用户";
}

/// Get blacklist — 获取黑名单列表.
///
/// 10000 a page.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_getblacklist.html> (read 2026-11-22)
#[doc(alias = "获取黑名单列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBlacklist {
    /// Cursor; empty starts from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_openid: Option<String>,
}

/// What [`GetBlacklist`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBlacklistResponse {
    /// Total number.
    pub total: i64,
    /// Number of items.
    pub count: i64,
    /// Payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Cursor: last OpenID of the previous page.
    pub next_openid: String,
}

/// Payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Data {
    /// User's OpenID in this account.
    pub openid: Vec<OpenId>,
}

/// Batch blacklist — 拉黑用户.
///
/// 20 OpenIDs a call (40032); 49003.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_batchblacklist.html> (read 2026-11-22)
#[doc(alias = "拉黑用户")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchBlacklist {
    /// OpenIDs.
    pub openid_list: Vec<OpenId>,
}

/// Batch unblacklist — 取消拉黑用户.
///
/// 20 OpenIDs a call.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_batchunblacklist.html> (read 2026-11-22)
#[doc(alias = "取消拉黑用户")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUnblacklist {
    /// OpenIDs.
    pub openid_list: Vec<OpenId>,
}

