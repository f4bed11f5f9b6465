//! Desk sessions — 客服会话控制
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty};
use crate::{OpenId};

endpoints! {
    Post "/customservice/kfsession/create" CreateKfSession -> Empty, "创建客服会话";
    Post "/customservice/kfsession/close" CloseSession -> Empty, "关闭客服会话";
    Get "/customservice/kfsession/getsession" GetKfSession -> GetKfSessionResponse, "获取客户会话状态";
    Get "/customservice/kfsession/getsessionlist" GetKfSessionList -> GetKfSessionListResponse, "获取客服会话列表";
    Get "/customservice/kfsession/getwaitcase" GetWaitCase -> GetWaitCaseResponse, "获取未接入会话列表";
    Post "/customservice/msgrecord/getmsglist" GetMsgList -> GetMsgListResponse, "获取聊天记录";
}

/// Create kf session — 创建客服会话.
///
/// Agent must be bound and online. 65413 no such user, 65414 taken by another agent, 65415 agent offline.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/api_createkfsession.html> (read 2026-11-22)
#[doc(alias = "创建客服会话")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateKfSession {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// User's OpenID in this account.
    pub openid: OpenId,
}

/// Close session — 关闭客服会话.
///
/// Kf_account must be the agent holding the session.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/api_closesession.html> (read 2026-11-22)
#[doc(alias = "关闭客服会话")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CloseSession {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// User's OpenID in this account.
    pub openid: OpenId,
}

/// Get kf session — 获取客户会话状态.
///
/// Empty kf_account and createtime 0 mean no session.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/api_getkfsession.html> (read 2026-11-22)
#[doc(alias = "获取客户会话状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfSession {
    /// User's OpenID in this account.
    pub openid: OpenId,
}

/// What [`GetKfSession`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfSessionResponse {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
    /// Unix seconds.
    pub createtime: i64,
}

/// Get kf session list — 获取客服会话列表.
///
/// Sessions of one agent.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/api_getkfsessionlist.html> (read 2026-11-22)
#[doc(alias = "获取客服会话列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfSessionList {
    /// Agent account, prefix@account-wechat-id.
    pub kf_account: String,
}

/// What [`GetKfSessionList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfSessionListResponse {
    /// Sessions.
    pub sessionlist: Vec<Session>,
}

/// Sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Unix seconds.
    pub createtime: i64,
}

/// Get wait case — 获取未接入会话列表.
///
/// First 100 only; no cursor.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/api_getwaitcase.html> (read 2026-11-22)
#[doc(alias = "获取未接入会话列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetWaitCase {
}

/// What [`GetWaitCase`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetWaitCaseResponse {
    /// Number of items.
    pub count: i64,
    /// Sessions waiting, at most 100.
    pub waitcaselist: Vec<Waitcase>,
}

/// Sessions waiting, at most 100.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waitcase {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Unix seconds of the user's last message.
    pub latest_time: i64,
}

/// Get msg list — 获取聊天记录.
///
/// Window at most 24 h (65417), up to 10000 rows a call; page by feeding the returned msgid until the page is short. 65416 bad arguments, 65400 not enabled.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/api_getmsglist.html> (read 2026-11-22)
#[doc(alias = "获取聊天记录")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMsgList {
    /// Unix seconds.
    pub starttime: i64,
    /// Unix seconds; at most 24 h after starttime.
    pub endtime: i64,
    /// 1 for the first page, then the returned msgid.
    pub msgid: i64,
    /// Rows per page, at most 10000.
    pub number: i64,
}

/// What [`GetMsgList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMsgListResponse {
    /// Message id.
    pub msgid: i64,
    /// Page size / count.
    pub number: i64,
    /// Chat records.
    pub recordlist: Vec<Record>,
}

/// Chat records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// User's OpenID in this account.
    pub openid: OpenId,
    /// Agent account.
    pub worker: String,
    /// 2002 agent sent, 2003 agent received.
    pub opercode: i64,
    /// Text message.
    pub text: String,
    /// Latency.
    pub time: i64,
}

