//! How often the API may be called — 接口调用额度
//!
//! ```
//! use echostr_protocol::api::{self, Body, Request as _, custom_message::SendCustomMessage, quota::GetApiQuota};
//!
//! let request = GetApiQuota { cgi_path: SendCustomMessage::ENDPOINT.path.into() };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"cgi_path":"/cgi-bin/message/custom/send"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret};
use crate::AppId;

endpoints! {
    Post "/cgi-bin/clear_quota" ClearQuota -> Empty, "重置API调用次数";
    Post "/cgi-bin/clear_quota/v2" ClearQuotaByAppSecret -> Empty, "使用AppSecret重置API调用次数", auth(Auth::None);
    Post "/cgi-bin/openapi/quota/get" GetApiQuota -> GetApiQuotaResponse, "查询API调用额度";
    Post "/cgi-bin/openapi/quota/clear" ClearApiQuota -> Empty, "重置指定API调用次数";
    Post "/cgi-bin/openapi/rid/get" GetRidInfo -> GetRidInfoResponse, "查询rid信息";
}

/// Sets the counters of all calls of today back to zero — 重置API调用次数. At most 10 a month.
///
/// # Errors
/// - 48006: the 10 of this month are used up, [`ClearQuotaByAppSecret`] counted with them; wait for the next day.
/// - 40013: the AppID is not that of the token.
#[doc(alias = "重置API调用次数")]
#[doc(alias = "清空api的调用quota")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearQuota {
    /// The account, or third-party platform, that the token belongs to.
    pub appid: AppId,
}

/// The same without an access token — 使用AppSecret重置API调用次数: for the day on which there is no token to be had any more.
///
/// The 10 a month are shared with [`ClearQuota`]. Not for third-party platforms.
/// The parameter table puts both values into the body, the sample on the same page into the query; here they go into the body.
///
/// # Errors
/// - 48006: the 10 of this month are used up; wait for the next day.
/// - 40013, 40125: the AppID or the secret is wrong.
#[doc(alias = "使用AppSecret重置API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearQuotaByAppSecret {
    /// The account.
    pub appid: AppId,
    /// Its AppSecret.
    pub appsecret: Secret,
}

/// How often one call may be made, and has been made today — 查询API调用额度.
///
/// # Errors
/// - 76003: the path does not begin with `/`. 76021: there is no such path.
/// - 76022: the account has no right to this call, or it is one below `/sns/`, which has no quota.
#[doc(alias = "查询API调用额度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetApiQuota {
    /// The path as in the tables here, without host and query: `/cgi-bin/message/custom/send`.
    pub cgi_path: String,
}

/// What [`GetApiQuota`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetApiQuotaResponse {
    /// By the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// By the minute or so, for the account's own calls; absent when there is no such limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The same for what third-party platforms call on its behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_rate_limit: Option<RateLimit>,
}

/// Calls of one day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// How many are allowed.
    pub daily_limit: i64,
    /// How many were made today.
    pub used: i64,
    /// How many are left today.
    pub remain: i64,
}

/// Calls in a short time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimit {
    /// How many are allowed in [`refresh_second`](Self::refresh_second).
    pub call_count: i64,
    /// After how many seconds it counts anew.
    pub refresh_second: i64,
}

/// Sets the counter of one call of today back to zero — 重置指定API调用次数. At most 50 a month, not counted with [`ClearQuota`].
///
/// # Errors
/// - 76021: there is no such path. 76022: the account has no right to this call.
#[doc(alias = "重置指定API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearApiQuota {
    /// As in [`GetApiQuota`].
    pub cgi_path: String,
}

/// What a call was that failed, by the `rid` at the end of its `errmsg` — 查询rid信息.
///
/// # Errors
/// - 76001: there is no such rid, or not any more. 76004: it is older than 7 days. 76002: it does not look like one.
/// - 76003: another account made the call. 76022: it was one below `/sns/`.
#[doc(alias = "查询rid信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetRidInfo {
    /// What follows `rid: ` in `errmsg`: `61725984-6126f6f9-040f19c4`.
    pub rid: String,
}

/// What [`GetRidInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetRidInfoResponse {
    /// The call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<FailedCall>,
}

/// A call that failed, as the platform saw it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailedCall {
    /// Its query, with the access token.
    pub request_url: Secret,
    /// Its body, whatever stood in it; a secret, too, because in some calls it holds the AppSecret.
    pub request_body: Secret,
    /// What it was answered.
    pub response_body: String,
    /// When, in Unix seconds.
    pub invoke_time: i64,
    /// How many milliseconds the answer took.
    pub cost_in_ms: i64,
    /// From which address the call came.
    pub client_ip: String,
}
