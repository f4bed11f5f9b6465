//! Advertising figures — 广告数据
//!
//! Source: <https://developers.weixin.qq.com/doc/offiaccount/Analytics/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{wire};

endpoints! {
    Get "/publisher/stat?action=publisher_adpos_general" PublisherAdposGeneral -> PublisherAdposGeneralResponse, "获取公众号分广告位数据";
    Get "/publisher/stat?action=publisher_cps_general" PublisherCpsGeneral -> PublisherCpsGeneralResponse, "获取公众号返佣商品数据";
    Get "/publisher/stat?action=publisher_settlement" PublisherSettlement -> PublisherSettlementResponse, "获取公众号结算收入数据";
}

/// Publisher adpos general — 获取公众号分广告位数据.
///
/// Ad income figures; own code space: base_resp.ret instead of errcode.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Analytics/Ad_Analysis.html> (read 2026-11-22)
#[doc(alias = "获取公众号分广告位数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherAdposGeneral {
    /// Ad slot name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_slot: Option<String>,
    /// First day, YYYY-MM-DD.
    pub start_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
    /// Page / jump target.
    pub page: i64,
    /// Rows per page.
    pub page_size: i64,
}

/// What [`PublisherAdposGeneral`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherAdposGeneralResponse {
    /// Base response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_resp: Option<BaseResp>,
    /// Summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Result rows.
    pub list: Vec<List>,
    /// Total count.
    pub total_num: i64,
}

/// Base response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseResp {
    /// Error code.
    pub ret: i64,
    /// Error message.
    pub err_msg: String,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Request success count.
    pub req_succ_count: i64,
    /// Exposure count.
    pub exposure_count: i64,
    /// Exposure rate.
    pub exposure_rate: f64,
    /// Click count.
    pub click_count: i64,
    /// Click rate.
    pub click_rate: f64,
    /// Income.
    pub income: i64,
    /// Ecpm.
    pub ecpm: f64,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// Request success count.
    pub req_succ_count: i64,
    /// Exposure count.
    pub exposure_count: i64,
    /// Exposure rate.
    pub exposure_rate: f64,
    /// Click count.
    pub click_count: i64,
    /// Click rate.
    pub click_rate: f64,
    /// Income.
    pub income: i64,
    /// Ecpm.
    pub ecpm: f64,
    /// Date string.
    pub date: String,
    /// Ad slot id.
    pub slot_id: i64,
    /// Ad slot name.
    pub ad_slot: String,
}

/// Publisher cps general — 获取公众号返佣商品数据.
///
/// Ad income figures; own code space: base_resp.ret instead of errcode.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Analytics/Ad_Analysis.html> (read 2026-11-22)
#[doc(alias = "获取公众号返佣商品数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherCpsGeneral {
    /// First day, YYYY-MM-DD.
    pub start_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
    /// Page / jump target.
    pub page: i64,
    /// Rows per page.
    pub page_size: i64,
}

/// What [`PublisherCpsGeneral`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherCpsGeneralResponse {
    /// Base response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_resp: Option<BaseResp>,
    /// Summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<PublisherCpsGeneralSummary>,
    /// Result rows.
    pub list: Vec<PublisherCpsGeneralList>,
    /// Total count.
    pub total_num: i64,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherCpsGeneralSummary {
    /// Request success count.
    pub req_succ_count: i64,
    /// Exposure count.
    pub exposure_count: i64,
    /// Click count.
    pub click_count: i64,
    /// Click rate.
    pub click_rate: f64,
    /// Order count.
    pub order_count: i64,
    /// Order rate.
    pub order_rate: f64,
    /// Total fee.
    pub total_fee: i64,
    /// Total commission.
    pub total_commission: i64,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherCpsGeneralList {
    /// Request success count.
    pub req_succ_count: i64,
    /// Exposure count.
    pub exposure_count: i64,
    /// Click count.
    pub click_count: i64,
    /// Click rate.
    pub click_rate: f64,
    /// Order count.
    pub order_count: i64,
    /// Order rate.
    pub order_rate: f64,
    /// Total fee.
    pub total_fee: i64,
    /// Total commission.
    pub total_commission: i64,
    /// Date string.
    pub date: String,
}

/// Publisher settlement — 获取公众号结算收入数据.
///
/// Ad income figures; own code space: base_resp.ret instead of errcode.
///
/// Source: <https://developers.weixin.qq.com/doc/offiaccount/Analytics/Ad_Analysis.html> (read 2026-11-22)
#[doc(alias = "获取公众号结算收入数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherSettlement {
    /// First day, YYYY-MM-DD.
    pub start_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
    /// Page / jump target.
    pub page: i64,
    /// Rows per page.
    pub page_size: i64,
}

/// What [`PublisherSettlement`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherSettlementResponse {
    /// Base response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_resp: Option<BaseResp>,
    /// Body.
    pub body: String,
    /// Revenue amount.
    pub revenue_all: i64,
    /// Penalty amount.
    pub penalty_all: i64,
    /// Settled revenue amount.
    pub settled_revenue_all: i64,
    /// Settlement list.
    pub settlement_list: Vec<Settlement>,
    /// Total count.
    pub total_num: i64,
}

/// A part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settlement {
    /// Date string.
    pub date: String,
    /// Zone string.
    pub zone: String,
    /// Month string.
    pub month: String,
    /// Order.
    pub order: i64,
    /// Settle status.
    pub sett_status: i64,
    /// Settled revenue.
    pub settled_revenue: i64,
    /// Settle number.
    pub sett_no: String,
    /// Mail send count.
    #[serde(with = "wire::int")]
    pub mail_send_cnt: i64,
    /// Slot revenue list.
    pub slot_revenue: Vec<SlotRevenue>,
}

/// Slot revenue list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlotRevenue {
    /// Ad slot name.
    pub slot_id: String,
    /// Slot settled revenue.
    pub slot_settled_revenue: i64,
}

