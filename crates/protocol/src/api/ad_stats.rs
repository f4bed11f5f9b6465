//! Advertising figures — 广告分析数据: what advertisements in articles bring in.
//!
//! For accounts that show advertisements (流量主). There are figures since 2016-01-01; amounts are in cents (分). Pages count
//! from 1 and have at most 90 rows; [`total_num`](PublisherAdposGeneralResponse::total_num) says how many rows there are.
//! These calls do not fail with an `errcode`: look at [`BaseResp::ret`].
//!
//! ```
//! use echostr_protocol::api::{self, ad_stats::PublisherSettlement};
//!
//! let request = PublisherSettlement {
//!     start_date: "2026-11-01".into(),
//!     end_date: "2026-11-20".into(),
//!     page: 1,
//!     page_size: 90,
//! };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.query[0], ("action".into(), "publisher_settlement".into()));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/offiaccount/Analytics/Ad_Analysis.html> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::wire;

endpoints! {
    Get "/publisher/stat?action=publisher_adpos_general" PublisherAdposGeneral -> PublisherAdposGeneralResponse, "获取公众号分广告位数据";
    Get "/publisher/stat?action=publisher_cps_general" PublisherCpsGeneral -> PublisherCpsGeneralResponse, "获取公众号返佣商品数据";
    Get "/publisher/stat?action=publisher_settlement" PublisherSettlement -> PublisherSettlementResponse, "获取公众号结算收入数据及结算主体信息";
}

words! {
    /// Where an advertisement is shown — 广告位类型名称. Those of mini-programs and games occur where the account has them.
    AdSlot {
        /// Under an article.
        BizBottom = "SLOT_ID_BIZ_BOTTOM",
        /// In an article.
        BizMidContext = "SLOT_ID_BIZ_MID_CONTEXT",
        /// After a video.
        BizVideoEnd = "SLOT_ID_BIZ_VIDEO_END",
        /// One that account and advertiser agreed on (互选广告).
        BizSponsor = "SLOT_ID_BIZ_SPONSOR",
        /// Goods sold for a commission (返佣商品).
        BizCps = "SLOT_ID_BIZ_CPS",
        /// A banner in a mini-program.
        WeappBanner = "SLOT_ID_WEAPP_BANNER",
        /// A video with a reward.
        WeappRewardVideo = "SLOT_ID_WEAPP_REWARD_VIDEO",
        /// One between two pages (插屏广告).
        WeappInterstitial = "SLOT_ID_WEAPP_INTERSTITIAL",
        /// A video in a page.
        WeappVideoFeeds = "SLOT_ID_WEAPP_VIDEO_FEEDS",
        /// Before a video.
        WeappVideoBegin = "SLOT_ID_WEAPP_VIDEO_BEGIN",
        /// A box of several (格子广告).
        WeappBox = "SLOT_ID_WEAPP_BOX",
        /// On the cover.
        WeappCover = "SLOT_ID_WEAPP_COVER",
        /// One built from a template (模板广告).
        WeappTemplate = "SLOT_ID_WEAPP_TEMPLATE",
    }
}

/// How a call went.
///
/// # Errors
/// These numbers have a meaning of their own here:
/// - 45009: too many calls; wait.
/// - 45010: there is no such `action`.
/// - 1701: a parameter is wrong.
/// - 2009: the account shows no advertisements (无效的流量主).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseResp {
    /// 0 when it went well.
    pub ret: i64,
    /// `ok`, or what went wrong.
    pub err_msg: String,
}

/// What each place for advertisements brought in on each day — 获取公众号分广告位数据.
///
/// At most 90 days at once.
///
/// # Errors
/// See [`BaseResp`].
#[doc(alias = "获取公众号分广告位数据")]
#[doc(alias = "流量主")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherAdposGeneral {
    /// Only this place; without it all of them, but for goods sold for a commission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_slot: Option<AdSlot>,
    /// The first day: `YYYY-MM-DD`.
    pub start_date: String,
    /// The last day, part of the span: `YYYY-MM-DD`, yesterday at the latest.
    pub end_date: String,
    /// Which page, from 1.
    #[serde(with = "wire::int")]
    pub page: i64,
    /// Rows in a page, at most 90.
    #[serde(with = "wire::int")]
    pub page_size: i64,
}

/// What [`PublisherAdposGeneral`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherAdposGeneralResponse {
    /// How it went.
    pub base_resp: BaseResp,
    /// All days and places together.
    pub summary: AdposFigures,
    /// The rows of this page.
    pub list: Vec<AdposDay>,
    /// Rows in all pages.
    pub total_num: i64,
}

/// What one place brought in on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdposDay {
    /// The place, as a number: what was there before [`AdSlot`].
    pub slot_id: i64,
    /// The place.
    pub ad_slot: AdSlot,
    /// `YYYY-MM-DD`
    pub date: String,
    /// What it brought in.
    #[serde(flatten)]
    pub figures: AdposFigures,
}

/// What advertisements brought in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdposFigures {
    /// How often one was fetched (拉取量).
    pub req_succ_count: i64,
    /// How often one was seen (曝光量).
    pub exposure_count: i64,
    /// Seen of those fetched, 0 to 1.
    pub exposure_rate: f64,
    /// How often one was clicked.
    pub click_count: i64,
    /// Clicked of those seen, 0 to 1.
    pub click_rate: f64,
    /// In cents.
    pub income: i64,
    /// For 1000 that were seen, in cents with a fraction.
    pub ecpm: f64,
}

/// What goods sold for a commission brought in on each day — 获取公众号返佣商品数据.
///
/// At most 60 days at once.
///
/// # Errors
/// See [`BaseResp`].
#[doc(alias = "获取公众号返佣商品数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherCpsGeneral {
    /// The first day: `YYYY-MM-DD`.
    pub start_date: String,
    /// The last day, part of the span: `YYYY-MM-DD`, yesterday at the latest.
    pub end_date: String,
    /// Which page, from 1.
    #[serde(with = "wire::int")]
    pub page: i64,
    /// Rows in a page, at most 90.
    #[serde(with = "wire::int")]
    pub page_size: i64,
}

/// What [`PublisherCpsGeneral`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherCpsGeneralResponse {
    /// How it went.
    pub base_resp: BaseResp,
    /// All days together.
    pub summary: CpsFigures,
    /// The rows of this page.
    pub list: Vec<CpsDay>,
    /// Rows in all pages.
    pub total_num: i64,
}

/// What goods brought in on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpsDay {
    /// `YYYY-MM-DD`
    pub date: String,
    /// What they brought in.
    #[serde(flatten)]
    pub figures: CpsFigures,
}

/// What goods sold for a commission brought in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpsFigures {
    /// How often one was fetched.
    pub req_succ_count: i64,
    /// How often one was seen.
    pub exposure_count: i64,
    /// How often one was clicked.
    pub click_count: i64,
    /// The click rate (点击率). In the platform's sample it is the inverse: how many were seen for each click, 38.27 for 396 clicks
    /// of 15153.
    pub click_rate: f64,
    /// Orders.
    pub order_count: i64,
    /// Orders of the clicks, 0 to 1.
    pub order_rate: f64,
    /// What was paid for the orders, in cents.
    pub total_fee: i64,
    /// The account's part of it, estimated, in cents.
    pub total_commission: i64,
}

/// What was settled, and with whom — 获取公众号结算收入数据及结算主体信息.
///
/// Every half month that the span touches is answered: 11 February to 26 March are four. There is no longest span.
///
/// # Errors
/// See [`BaseResp`].
#[doc(alias = "获取公众号结算收入数据及结算主体信息")]
#[doc(alias = "获取公众号结算收入数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublisherSettlement {
    /// The first day: `YYYY-MM-DD`.
    pub start_date: String,
    /// The last day, part of the span: `YYYY-MM-DD`, yesterday at the latest.
    pub end_date: String,
    /// Which page, from 1.
    #[serde(with = "wire::int")]
    pub page: i64,
    /// Rows in a page, at most 90.
    #[serde(with = "wire::int")]
    pub page_size: i64,
}

/// What [`PublisherSettlement`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublisherSettlementResponse {
    /// How it went.
    pub base_resp: BaseResp,
    /// Who is paid (主体名称): the name of a firm or a person.
    pub body: String,
    /// All that ever came in, in cents.
    pub revenue_all: i64,
    /// What was taken off, in cents.
    pub penalty_all: i64,
    /// What was settled, in cents.
    pub settled_revenue_all: i64,
    /// The half months of this page.
    pub settlement_list: Vec<Settlement>,
    /// Half months in all pages.
    pub total_num: i64,
}

/// What was settled for half a month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settlement {
    /// When this was last changed: `YYYY-MM-DD`.
    pub date: String,
    /// The days in words: `2026年11月1日至15日`.
    pub zone: String,
    /// `YYYYMM`
    pub month: String,
    /// 1 the first half, 2 the second.
    pub order: i64,
    /// 1 being settled, 2 and 3 settled, 4 being paid, 5 paid.
    pub sett_status: i64,
    /// In cents.
    pub settled_revenue: i64,
    /// The number of the statement (结算单).
    pub sett_no: String,
    /// How often the statement was asked for again. A text in the platform's sample, a number elsewhere; written as a number.
    #[serde(with = "wire::int")]
    pub mail_send_cnt: i64,
    /// What each place brought in.
    pub slot_revenue: Vec<SlotRevenue>,
}

/// What one place brought in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlotRevenue {
    /// The place, by its name in spite of the field's.
    pub slot_id: AdSlot,
    /// In cents.
    pub slot_settled_revenue: i64,
}
