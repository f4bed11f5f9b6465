//! Blocked followers — 黑名单
//!
//! A blocked follower's messages do not arrive. Who is sent one is named by error 43019.
//!
//! ```
//! use echostr_protocol::api::{self, Body, blacklist::BatchBlacklist};
//!
//! let request = BatchBlacklist { openid_list: vec!["osZFAyPrKrJBb2E3OA1_00000001".into()] };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"openid_list":["osZFAyPrKrJBb2E3OA1_00000001"]}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::Empty;
use super::user::OpenIds;
use crate::OpenId;

endpoints! {
    Post "/cgi-bin/tags/members/getblacklist" GetBlacklist -> GetBlacklistResponse, "获取黑名单列表";
    Post "/cgi-bin/tags/members/batchblacklist" BatchBlacklist -> Empty, "拉黑用户";
    Post "/cgi-bin/tags/members/batchunblacklist" BatchUnblacklist -> Empty, "取消拉黑用户";
}

/// Who is blocked — 获取黑名单列表, 10 000 at a time.
#[doc(alias = "获取黑名单列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBlacklist {
    /// From [`GetBlacklistResponse::next_openid`]; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_openid: Option<OpenId>,
}

/// What [`GetBlacklist`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBlacklistResponse {
    /// Blocked users in all.
    pub total: i64,
    /// How many came with this answer, at most 10 000.
    pub count: i64,
    /// Absent on the wire when there are none.
    #[serde(skip_serializing_if = "OpenIds::is_empty")]
    pub data: OpenIds,
    /// The last of this page, for the next one. Empty when there are no more.
    pub next_openid: OpenId,
}

/// Blocks followers — 拉黑用户.
///
/// # Errors
/// - 40032: more than 20 in one call.
/// - 49003: an OpenID is of another account.
#[doc(alias = "拉黑用户")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchBlacklist {
    /// At most 20.
    pub openid_list: Vec<OpenId>,
}

/// Blocks followers no more — 取消拉黑用户.
///
/// # Errors
/// - 40032: more than 20 in one call.
/// - 49003: an OpenID is of another account.
#[doc(alias = "取消拉黑用户")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchUnblacklist {
    /// At most 20.
    pub openid_list: Vec<OpenId>,
}
