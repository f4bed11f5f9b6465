//! Sessions at the desk: which desk account serves which follower, and what was said — 客服会话控制
//!
//! While a session is open, what the follower writes goes to the desk and is not pushed.
//!
//! ```
//! use echostr_protocol::api::{self, kf_session::GetKfSession};
//!
//! let encoded = api::encode(&GetKfSession { openid: "osZFAyPrKrJBb2E3".into() });
//! assert_eq!(encoded.path, "/customservice/kfsession/getsession");
//! assert_eq!(encoded.query, [("openid".to_owned(), "osZFAyPrKrJBb2E3".to_owned())]);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/messctrl/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::Empty;
use crate::OpenId;

endpoints! {
    Post "/customservice/kfsession/create" CreateKfSession -> Empty, "创建客服会话";
    Post "/customservice/kfsession/close" CloseSession -> Empty, "关闭客服会话";
    Get "/customservice/kfsession/getsession" GetKfSession -> GetKfSessionResponse, "获取客户会话状态";
    Get "/customservice/kfsession/getsessionlist" GetKfSessionList -> GetKfSessionListResponse, "获取客服会话列表";
    Get "/customservice/kfsession/getwaitcase" GetWaitCase -> GetWaitCaseResponse, "获取未接入会话列表";
    Post "/customservice/msgrecord/getmsglist" GetMsgList -> GetMsgListResponse, "获取聊天记录";
}

/// Opens a session between a desk account and a follower — 创建客服会话.
///
/// # Errors
/// - 65415: the desk account is not online. 65402: nobody's WeChat is bound to it.
/// - 65414: another desk account serves the follower.
/// - 65413: there is no such follower, by the page; the error's own text is that the follower has no session.
/// - 65401: there is no such desk account.
/// - 65400: customer service (客服功能) is not enabled, or only just; enable it in the console, or wait.
#[doc(alias = "创建客服会话")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateKfSession {
    /// The desk account: `desk1@gh_shop`. It is online.
    pub kf_account: String,
    /// The follower.
    pub openid: OpenId,
}

/// Closes a session — 关闭客服会话.
///
/// # Errors
/// - 65413: the follower has no session. 65414: the session is another desk account's.
/// - 65400, 65401: as for [`CreateKfSession`].
#[doc(alias = "关闭客服会话")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CloseSession {
    /// The desk account that has the session.
    pub kf_account: String,
    /// The follower.
    pub openid: OpenId,
}

/// Which desk account serves a follower — 获取客户会话状态.
///
/// # Errors
/// - 65400: as for [`CreateKfSession`].
#[doc(alias = "获取客户会话状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfSession {
    /// The follower.
    pub openid: OpenId,
}

/// What [`GetKfSession`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfSessionResponse {
    /// The desk account; empty when none serves the follower.
    pub kf_account: String,
    /// When the session was opened, in Unix seconds; 0 when there is none.
    pub createtime: i64,
}

/// Whom a desk account serves — 获取客服会话列表.
///
/// # Errors
/// - 65400, 65401: as for [`CreateKfSession`].
#[doc(alias = "获取客服会话列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfSessionList {
    /// The desk account.
    pub kf_account: String,
}

/// What [`GetKfSessionList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfSessionListResponse {
    /// All of them; there are no pages.
    pub sessionlist: Vec<Session>,
}

/// A session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The follower.
    pub openid: OpenId,
    /// When it was opened, in Unix seconds.
    pub createtime: i64,
}

/// Who waits to be served — 获取未接入会话列表.
///
/// # Errors
/// - 65400: as for [`CreateKfSession`].
#[doc(alias = "获取未接入会话列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetWaitCase {}

/// What [`GetWaitCase`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetWaitCaseResponse {
    /// How many wait.
    pub count: i64,
    /// The first 100 of them; there is no way to ask for the others.
    pub waitcaselist: Vec<WaitCase>,
}

/// Somebody who waits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WaitCase {
    /// The follower.
    pub openid: OpenId,
    /// When the follower wrote last, in Unix seconds.
    pub latest_time: i64,
}

/// What was said at the desk — 获取聊天记录.
///
/// It comes in pages: ask again with the [`msgid`](GetMsgListResponse::msgid) of the answer until it holds fewer records than
/// were asked for.
///
/// # Errors
/// - 65417: more than 24 hours. 65416: some other field is wrong.
/// - 65400: as for [`CreateKfSession`].
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/api_getmsglist.html> (read 2026-11-22)
#[doc(alias = "获取聊天记录")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMsgList {
    /// From when, in Unix seconds.
    pub starttime: i64,
    /// Until when, in Unix seconds; at most 24 hours later.
    pub endtime: i64,
    /// 1 for the first page, then what the page before answered.
    pub msgid: i64,
    /// How many records a page holds; at most 10 000.
    pub number: i64,
}

/// What [`GetMsgList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMsgListResponse {
    /// For the next page.
    pub msgid: i64,
    /// How many records this page holds.
    pub number: i64,
    /// The records, oldest first.
    pub recordlist: Vec<Record>,
}

/// Something that was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The follower.
    pub openid: OpenId,
    /// The desk account.
    pub worker: String,
    /// Who said it: 2002 the desk, 2003 the follower.
    pub opercode: i64,
    /// What was said.
    pub text: String,
    /// When, in Unix seconds.
    pub time: i64,
}
