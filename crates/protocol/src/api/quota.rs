//! Quotas — 接口调用额度
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Auth, Empty, Secret};
use crate::{AppId};

endpoints! {
    Post "/cgi-bin/clear_quota" ClearQuota -> Empty, "重置API调用次数";
    Post "/cgi-bin/clear_quota/v2" ClearQuotaByAppSecret -> Empty, "使用AppSecret重置API调用次数", auth(Auth::None);
    Post "/cgi-bin/openapi/quota/get" GetApiQuota -> GetApiQuotaResponse, "查询API调用额度";
    Post "/cgi-bin/openapi/quota/clear" ClearApiQuota -> Empty, "重置指定API调用次数";
    Post "/cgi-bin/openapi/rid/get" GetRidInfo -> GetRidInfoResponse, "查询rid信息";
}

/// Clear quota — 重置API调用次数.
///
/// Resets all daily counters. 10 times a month, shared with clear_quota_v2; 48006 when used up. appid must be the account that owns the token.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/api_clearquota.html> (read 2026-11-22)
#[doc(alias = "重置API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearQuota {
    /// AppID of the account (or platform) to reset.
    pub appid: AppId,
}

/// Clear quota by app secret — 使用AppSecret重置API调用次数.
///
/// Escape hatch when the token endpoint itself is exhausted: authenticates with AppSecret, no token. The parameter table puts both values in the body, the official sample shows them in the query; send the body. Shares the 10-a-month allowance. Not for third-party platforms.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/api_clearquotabyappsecret.html> (read 2026-11-22)
#[doc(alias = "使用AppSecret重置API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearQuotaByAppSecret {
    /// AppID.
    pub appid: AppId,
    /// AppSecret.
    pub appsecret: Secret,
}

/// Get api quota — 查询API调用额度.
///
/// Works for the token owner's own APIs only; sns paths give 76022, a wrong path 76021, a missing leading slash 76003.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/api_getapiquota.html> (read 2026-11-22)
#[doc(alias = "查询API调用额度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetApiQuota {
    /// Path such as /cgi-bin/message/custom/send.
    pub cgi_path: String,
}

/// What [`GetApiQuota`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetApiQuotaResponse {
    /// Daily quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Own rate limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Rate limit of calls made by a third-party platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_rate_limit: Option<ComponentRateLimit>,
}

/// Daily quota.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Calls allowed today.
    pub daily_limit: i64,
    /// Calls made today.
    pub used: i64,
    /// Calls left today.
    pub remain: i64,
}

/// Own rate limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimit {
    /// Calls allowed per cycle.
    pub call_count: i64,
    /// Cycle length, seconds.
    pub refresh_second: i64,
}

/// Rate limit of calls made by a third-party platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentRateLimit {
    /// Calls allowed per cycle.
    pub call_count: i64,
    /// Cycle length, seconds.
    pub refresh_second: i64,
}

/// Clear api quota — 重置指定API调用次数.
///
/// Resets one API's counter; 50 times a month, separate from clear_quota. 76021/76022 for a bad path.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/api_clearapiquota.html> (read 2026-11-22)
#[doc(alias = "重置指定API调用次数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClearApiQuota {
    /// API path starting with '/', without host.
    pub cgi_path: String,
}

/// Get rid info — 查询rid信息.
///
/// Looks up a failed call by the rid inside errmsg. Own calls only (76003), 7 days (76001/76004), not for sns (76022).
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/apimanage/api_getridinfo.html> (read 2026-11-22)
#[doc(alias = "查询rid信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetRidInfo {
    /// Request id printed in errmsg.
    pub rid: String,
}

/// What [`GetRidInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetRidInfoResponse {
    /// Request record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<GetRidInfoRequest>,
}

/// Request record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetRidInfoRequest {
    /// Query of the traced call.
    pub request_url: String,
    /// Body of the traced call.
    pub request_body: String,
    /// Response of the traced call.
    pub response_body: String,
    /// Unix seconds.
    pub invoke_time: i64,
    /// Duration, ms.
    pub cost_in_ms: i64,
    /// Caller IP seen by the platform.
    pub client_ip: String,
}

