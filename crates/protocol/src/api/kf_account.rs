//! Desk accounts: who answers followers by hand — 客服账号管理
//!
//! A desk account is created, and then bound to somebody's WeChat by an invitation.
//!
//! ```
//! use echostr_protocol::api::{self, Body, kf_account::AddKfAccount};
//!
//! let request = AddKfAccount {
//!     kf_account: "desk1@gh_shop".into(),
//!     nickname: "小文".into(),
//!     kf_wx: None,
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, r#"{"kf_account":"desk1@gh_shop","nickname":"小文"}"#.as_bytes());
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/servicermanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File, wire};
use crate::OpenId;

endpoints! {
    Get "/cgi-bin/customservice/getkflist" GetKfList -> GetKfListResponse, "获取所有客服账号";
    Get "/cgi-bin/customservice/getonlinekflist" GetOnlineKfList -> GetOnlineKfListResponse, "获取在线客服列表";
    Post "/customservice/kfaccount/add" AddKfAccount -> Empty, "添加客服账号";
    Post "/customservice/kfaccount/update" UpdateKfAccount -> Empty, "修改客服账号";
    Post "/customservice/kfaccount/del" DelKfAccount -> Empty, "删除客服账号";
    Post "/customservice/kfaccount/uploadheadimg" UploadKfHeadImg -> Empty, "设置客服头像", form(), query(&["kf_account"]);
    Post "/customservice/kfaccount/inviteworker" InviteKfWorker -> Empty, "邀请绑定客服账号";
}

/// All desk accounts — 获取所有客服账号.
///
/// # Errors
/// - 65400: customer service (客服功能) is not enabled, or only just; enable it in the console, or wait.
#[doc(alias = "获取所有客服账号")]
#[doc(alias = "客服列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetKfList {
    /// The merchant below this account (子商户) whose desk is meant; other accounts leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_id: Option<String>,
}

/// What [`GetKfList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetKfListResponse {
    /// All of them; there are no pages.
    pub kf_list: Vec<KfAccount>,
}

/// A desk account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KfAccount {
    /// Its number (工号): a text here, a number in [`OnlineKf`].
    #[serde(with = "wire::text")]
    pub kf_id: String,
    /// Its name: `desk1@gh_shop`, with the account's WeChat id behind the `@`.
    pub kf_account: String,
    /// What followers see.
    pub kf_nick: String,
    /// The address of its picture.
    pub kf_headimgurl: String,
    /// The WeChat id (微信号) of the person that it is bound to; absent as long as it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_wx: Option<String>,
    /// That person's OpenID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_openid: Option<OpenId>,
    /// The WeChat id of the person who is invited; like the following only until the invitation is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_wx: Option<String>,
    /// When the invitation expires, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_expire_time: Option<i64>,
    /// What has become of the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_status: Option<InviteStatus>,
}

words! {
    /// What has become of an invitation that is not accepted.
    InviteStatus {
        /// Not answered yet, 等待确认.
        Waiting = "waiting",
        /// 被拒绝
        Rejected = "rejected",
        /// 过期
        Expired = "expired",
    }
}

/// The desk accounts that are online — 获取在线客服列表.
///
/// # Errors
/// - 65400: as for [`GetKfList`].
#[doc(alias = "获取在线客服列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetOnlineKfList {
    /// As in [`GetKfList`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_id: Option<String>,
}

/// What [`GetOnlineKfList`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetOnlineKfListResponse {
    /// Those that are online.
    pub kf_online_list: Vec<OnlineKf>,
}

/// A desk account that is online.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnlineKf {
    /// Its number (工号).
    #[serde(with = "wire::int")]
    pub kf_id: i64,
    /// Its name: `desk1@gh_shop`.
    pub kf_account: String,
    /// 1: in the web client.
    pub status: i64,
    /// The OpenID of the person that it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_openid: Option<OpenId>,
    /// How many followers it is serving.
    pub accepted_case: i64,
}

/// Creates a desk account — 添加客服账号. An account has at most 100. [`InviteKfWorker`] comes next.
///
/// # Errors
/// - 65400: as for [`GetKfList`].
/// - 65401, 65404: the name is not as [`kf_account`](Self::kf_account) says.
/// - 65403: the nickname is too long, or not allowed.
/// - 65405: there are 100 already; delete one.
/// - 65406: there is one with this name.
#[doc(alias = "添加客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AddKfAccount {
    /// `desk1@gh_shop`: at most 10 letters, digits and `_`, then `@` and the account's WeChat id (微信号).
    pub kf_account: String,
    /// What followers see; at most 16 characters.
    pub nickname: String,
    /// The WeChat id of the person that it is for; an invitation is needed all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_wx: Option<String>,
}

/// Changes a desk account — 修改客服账号.
///
/// # Errors
/// - 65401: there is no such desk account.
/// - 65403: the nickname is too long, or not allowed.
#[doc(alias = "修改客服账号")]
#[doc(alias = "设置客服信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateKfAccount {
    /// Which one. The parameter table calls it optional; but nothing else says which one is meant.
    pub kf_account: String,
    /// What followers see; at most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// As in [`AddKfAccount`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kf_wx: Option<String>,
}

/// Deletes a desk account — 删除客服账号.
///
/// A POST with JSON by today's documents; older ones have a GET with `kf_account` in the query.
///
/// # Errors
/// - 65401: there is no such desk account.
#[doc(alias = "删除客服账号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelKfAccount {
    /// Which one.
    pub kf_account: String,
}

/// Gives a desk account a picture — 设置客服头像.
///
/// # Errors
/// - 40005: the file is not a JPG. 40009: it is too big.
/// - 65401: there is no such desk account.
#[doc(alias = "设置客服头像")]
#[doc(alias = "上传客服头像")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadKfHeadImg {
    /// Which one.
    pub kf_account: String,
    /// A JPG of at most 5 MB; 640×640 pixels look best.
    pub media: File,
}

/// Invites somebody to serve at a desk account — 邀请绑定客服账号. The person accepts in WeChat.
///
/// # Errors
/// - 65401: there is no such desk account. 65409: nobody has this WeChat id.
/// - 65407: the person has a desk account here already. 65412: the desk account is bound to somebody already.
/// - 65408: the person was invited already. 65411: the desk account has an invitation that is not answered; wait.
/// - 65410: the person has too many desk accounts, of whichever accounts.
#[doc(alias = "邀请绑定客服账号")]
#[doc(alias = "邀请绑定客服帐号")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InviteKfWorker {
    /// The desk account.
    pub kf_account: String,
    /// The person's WeChat id (微信号).
    pub invite_wx: String,
}
