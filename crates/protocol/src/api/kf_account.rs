//! Desk accounts — 客服账号管理
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File, wire};

endpoints! {
    Get "/cgi-bin/customservice/getkflist" GetKfList -> GetKfListResponse, "获取所有客服账号";
    Get "/cgi-bin/customservice/getonlinekflist" GetOnlineKfList -> GetOnlineKfListResponse, "获取在线客服列表";
    Post "/customservice/kfaccount/add" AddKfAccount -> Empty, "添加客服账号";
    Post "/customservice/kfaccount/update" UpdateKfAccount -> Empty, "修改客服账号";
    Post "/customservice/kfaccount/del" DelKfAccount -> Empty, "删除客服账号";
    Post "/customservice/kfaccount/uploadheadimg" UploadKfHeadImg -> Empty, "设置客服头像", form(), query(&["kf_account"]);
    Post "/customservice/kfaccount/inviteworker" InviteKfWorker -> Empty, "邀请绑定客服账号";
}

/// Get kf list — 获取所有客服账号.
///
/// Kf_id is a string here, a number in the online list. 65400 customer service not enabled.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_getkflist.html> (read 2026-11-22)
#[doc(alias = "获取所有客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfList {
    /// Sub-merchant only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_id: Option<String>,
}

/// What [`GetKfList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfListResponse {
    /// Agents.
    pub kf_list: Vec<Kf>,
}

/// Agents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kf {
    /// Agent number.
    pub kf_id: String,
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// Agent nickname.
    pub kf_nick: String,
    /// Agent avatar URL.
    pub kf_headimgurl: String,
    /// WeChat id bound to the agent.
    pub kf_wx: String,
    /// Agent's OpenID.
    pub kf_openid: String,
    /// WeChat id that receives the invitation.
    pub invite_wx: String,
    /// Unix seconds.
    pub invite_expire_time: i64,
    /// Waiting | rejected | expired.
    pub invite_status: String,
}

/// Get online kf list — 获取在线客服列表.
///
/// Status 1 = web client online.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_getonlinekflist.html> (read 2026-11-22)
#[doc(alias = "获取在线客服列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetOnlineKfList {
    /// Sub-merchant only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_id: Option<String>,
}

/// What [`GetOnlineKfList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetOnlineKfListResponse {
    /// Agents online.
    pub kf_online_list: Vec<KfOnline>,
}

/// Agents online.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KfOnline {
    /// Agent number.
    #[serde(with = "wire::int")]
    pub kf_id: i64,
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// State.
    pub status: i64,
    /// Agent's OpenID.
    pub kf_openid: String,
    /// Sessions in service.
    pub accepted_case: i64,
}

/// Add kf account — 添加客服账号.
///
/// At most 100 agents (65405). Account = up to 10 letters, digits or _ + @ + account WeChat id. 65400 not enabled, 65401 invalid, 65403 nickname over 16 characters, 65404 invalid account, 65406 already exists. Must be bound by invitation before use (65402).
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_addkfaccount.html> (read 2026-11-22)
#[doc(alias = "添加客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddKfAccount {
    /// New agent account.
    pub kf_account: String,
    /// Nickname, at most 16 characters.
    pub nickname: String,
    /// WeChat id bound to the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_wx: Option<String>,
}

/// Update kf account — 修改客服账号.
///
/// 65401 unknown agent, 65403 bad nickname.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_updatekfaccount.html> (read 2026-11-22)
#[doc(alias = "修改客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateKfAccount {
    /// Agent account, prefix@account-wechat-id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_account: Option<String>,
    /// Nickname.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// WeChat id bound to the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_wx: Option<String>,
}

/// Del kf account — 删除客服账号.
///
/// POST with JSON body in current docs; older docs used GET with kf_account in the query.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_delkfaccount.html> (read 2026-11-22)
#[doc(alias = "删除客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelKfAccount {
    /// Agent to delete.
    pub kf_account: String,
}

/// Upload kf head img — 设置客服头像.
///
/// Image up to 5 MB, form field 'media'; kf_account stays in the query. 40005 wrong type, 40009 too big.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_uploadkfheadimg.html> (read 2026-11-22)
#[doc(alias = "设置客服头像")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadKfHeadImg {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// Avatar image, jpg recommended 640x640.
    pub media: File,
}

/// Invite kf worker — 邀请绑定客服账号.
///
/// 65407 already an agent here, 65408 invitation sent, 65409 bad WeChat id, 65410 limit reached, 65411 invitation pending, 65412 agent already bound.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/api_invitekfworker.html> (read 2026-11-22)
#[doc(alias = "邀请绑定客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InviteKfWorker {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// WeChat id that receives the invitation.
    pub invite_wx: String,
}

