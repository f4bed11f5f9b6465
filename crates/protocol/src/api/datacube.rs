//! Statistics — 数据统计
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/wedata/user/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/datacube/getusersummary" GetUserSummary -> GetUserSummaryResponse, "获取用户增减数据";
    Post "/datacube/getusercumulate" GetUserCumulate -> GetUserCumulateResponse, "获取累计用户数据";
    Post "/datacube/getarticleread" GetArticleRead -> GetArticleReadResponse, "获取图文阅读数据";
    Post "/datacube/getarticleshare" GetArticleShare -> GetArticleShareResponse, "获取图文转发数据";
    Post "/datacube/getbizsummary" GetBizSummary -> GetBizSummaryResponse, "获取发表内容概况数据";
    Post "/datacube/getarticletotaldetail" GetArticleTotalDetail -> GetArticleTotalDetailResponse, "获取发表内容每日详细数据";
    Post "/datacube/getarticlesummary" GetArticleSummary -> GetArticleSummaryResponse, "获取图文群发每日数据", deprecated();
    Post "/datacube/getarticletotal" GetArticleTotal -> GetArticleTotalResponse, "获取图文群发总数据", deprecated();
    Post "/datacube/getuserread" GetUserRead -> GetUserReadResponse, "获取图文阅读概况数据", deprecated();
    Post "/datacube/getuserreadhour" GetUserReadHour -> GetUserReadHourResponse, "获取图文阅读分时数据", deprecated();
    Post "/datacube/getusershare" GetUserShare -> GetUserShareResponse, "获取图文转发概况数据", deprecated();
    Post "/datacube/getusersharehour" GetUserShareHour -> GetUserShareHourResponse, "获取图文转发分时数据", deprecated();
    Post "/datacube/getupstreammsg" GetUpstreamMsg -> GetUpstreamMsgResponse, "获取消息发送概况数据";
    Post "/datacube/getupstreammsghour" GetUpstreamMsgHour -> GetUpstreamMsgHourResponse, "获取消息发送分时数据";
    Post "/datacube/getupstreammsgweek" GetUpstreamMsgWeek -> GetUpstreamMsgWeekResponse, "获取消息发送周数据";
    Post "/datacube/getupstreammsgmonth" GetUpstreamMsgMonth -> GetUpstreamMsgMonthResponse, "获取消息发送月数据";
    Post "/datacube/getupstreammsgdist" GetUpstreamMsgDist -> GetUpstreamMsgDistResponse, "获取消息发送分布数据";
    Post "/datacube/getupstreammsgdistweek" GetUpstreamMsgDistWeek -> GetUpstreamMsgDistWeekResponse, "获取消息发送分布周数据";
    Post "/datacube/getupstreammsgdistmonth" GetUpstreamMsgDistMonth -> GetUpstreamMsgDistMonthResponse, "获取消息发送分布月数据";
    Post "/datacube/getinterfacesummary" GetInterfaceSummary -> GetInterfaceSummaryResponse, "获取接口分析数据";
    Post "/datacube/getinterfacesummaryhour" GetInterfaceSummaryHour -> GetInterfaceSummaryHourResponse, "获取接口分析分时数据";
}

/// Get user summary — 获取用户增减数据.
///
/// Span at most 7 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/user/api_getusersummary.html> (read 2026-11-22)
#[doc(alias = "获取用户增减数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserSummary {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserSummary`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserSummaryResponse {
    /// Result rows.
    pub list: Vec<List>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// Day the row is about.
    pub ref_date: String,
    /// Source channel.
    pub user_source: i64,
    /// New followers.
    pub new_user: i64,
    /// Unfollowers.
    pub cancel_user: i64,
}

/// Get user cumulate — 获取累计用户数据.
///
/// Span at most 7 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/user/api_getusercumulate.html> (read 2026-11-22)
#[doc(alias = "获取累计用户数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserCumulate {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserCumulate`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserCumulateResponse {
    /// Result rows.
    pub list: Vec<GetUserCumulateList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserCumulateList {
    /// Day the row is about.
    pub ref_date: String,
    /// Total followers.
    pub cumulate_user: i64,
}

/// Get article read — 获取图文阅读数据.
///
/// One day. Data from 2025-11-01; empty when nothing changed that day. Verified accounts. 61500/61501/61503.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticleread.html> (read 2026-11-22)
#[doc(alias = "获取图文阅读数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetArticleRead {
    /// YYYY-MM-DD.
    pub begin_date: String,
    /// YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetArticleRead`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleReadResponse {
    /// Rows.
    pub list: Vec<GetArticleReadList>,
    /// True when the data is late.
    pub is_delay: bool,
}

/// Rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleReadList {
    /// Day.
    pub ref_date: String,
    /// Msg_data_id_index.
    pub msgid: String,
    /// Figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// Figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Readers.
    pub read_user: i64,
    /// Readers by source.
    pub read_user_source: Vec<ReadUserSource>,
}

/// Readers by source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadUserSource {
    /// Readers.
    pub user_count: i64,
    /// Source.
    pub scene_desc: String,
}

/// Get article share — 获取图文转发数据.
///
/// One day. Data from 2025-11-01; empty when nothing changed that day. Verified accounts. 61500/61501/61503.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticleshare.html> (read 2026-11-22)
#[doc(alias = "获取图文转发数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetArticleShare {
    /// YYYY-MM-DD.
    pub begin_date: String,
    /// YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetArticleShare`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleShareResponse {
    /// Rows.
    pub list: Vec<GetArticleShareList>,
    /// True when the data is late.
    pub is_delay: bool,
}

/// Rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleShareList {
    /// Day.
    pub ref_date: String,
    /// Msg_data_id_index.
    pub msgid: String,
    /// Figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<GetArticleShareDetail>,
}

/// Figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleShareDetail {
    /// Sharers.
    pub share_user: i64,
}

/// Get biz summary — 获取发表内容概况数据.
///
/// At most 30 days. Data from 2025-11-01; empty when nothing changed that day. Verified accounts. 61500/61501/61503.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getbizsummary.html> (read 2026-11-22)
#[doc(alias = "获取发表内容概况数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetBizSummary {
    /// YYYY-MM-DD.
    pub begin_date: String,
    /// YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetBizSummary`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBizSummaryResponse {
    /// Rows.
    pub list: Vec<GetBizSummaryList>,
    /// True when the data is late.
    pub is_delay: bool,
}

/// Rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBizSummaryList {
    /// Day.
    pub ref_date: String,
    /// Figures of the whole account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<GetBizSummaryDetail>,
}

/// Figures of the whole account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetBizSummaryDetail {
    /// Readers.
    pub read_user: i64,
    /// Readers by source.
    pub read_user_source: Vec<ReadUserSource>,
    /// Sharers.
    pub share_user: i64,
    /// Users who tapped the heart.
    pub zaikan_user: i64,
    /// Users who tapped the thumb.
    pub like_user: i64,
    /// Comments.
    pub comment_count: i64,
    /// Collectors.
    pub collection_user: i64,
    /// Users who went to the original page.
    pub redirect_ori_page_user: i64,
    /// Articles published.
    pub send_page_count: i64,
}

/// Get article total detail — 获取发表内容每日详细数据.
///
/// One day (publication day). Data from 2025-11-01; empty when nothing changed that day. Verified accounts. 61500/61501/61503.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticletotaldetail.html> (read 2026-11-22)
#[doc(alias = "获取发表内容每日详细数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetArticleTotalDetail {
    /// YYYY-MM-DD.
    pub begin_date: String,
    /// YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetArticleTotalDetail`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalDetailResponse {
    /// Rows.
    pub list: Vec<GetArticleTotalDetailList>,
    /// True when the data is late.
    pub is_delay: bool,
}

/// Rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalDetailList {
    /// Day.
    pub ref_date: String,
    /// Msg_data_id_index.
    pub msgid: String,
    /// Kind of publication.
    pub publish_type: i64,
    /// Title.
    pub title: String,
    /// URL.
    pub content_url: String,
    /// Cumulative figures by day, 30 days from publication.
    pub detail_list: Vec<GetArticleTotalDetailDetail>,
}

/// Cumulative figures by day, 30 days from publication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalDetailDetail {
    /// Day.
    pub stat_date: String,
    /// Readers.
    pub read_user: i64,
    /// Readers by source.
    pub read_user_source: Vec<ReadUserSource>,
    /// Sharers.
    pub share_user: i64,
    /// Users who tapped the heart.
    pub zaikan_user: i64,
    /// Users who tapped the thumb.
    pub like_user: i64,
    /// Comments.
    pub comment_count: i64,
    /// Collectors.
    pub collection_user: i64,
    /// Users who went to the original page.
    pub redirect_ori_page_user: i64,
    /// Rewards, cents.
    pub praise_money: i64,
    /// Readers who followed.
    pub read_subscribe_user: i64,
    /// Delivery rate.
    pub read_delivery_rate: f64,
    /// Finish rate.
    pub read_finish_rate: f64,
    /// Average stay.
    pub read_avg_activetime: f64,
    /// Where readers left.
    pub read_jump_position: Vec<ReadJumpPosition>,
}

/// Where readers left.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadJumpPosition {
    /// Position.
    pub position: i64,
    /// Share.
    pub rate: f64,
}

/// Get article summary — 获取图文群发每日数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticlesummary.html> (read 2026-11-22)
#[doc(alias = "获取图文群发每日数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetArticleSummary {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetArticleSummary`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleSummaryResponse {
    /// Result rows.
    pub list: Vec<GetArticleSummaryList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleSummaryList {
    /// Day the row is about.
    pub ref_date: String,
    /// Message id.
    pub msgid: String,
    /// Title.
    pub title: String,
    /// Readers of the article page.
    pub int_page_read_user: i64,
    /// Reads of the article page.
    pub int_page_read_count: i64,
    /// Readers of the original page.
    pub ori_page_read_user: i64,
    /// Reads of the original page.
    pub ori_page_read_count: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
    /// Collectors.
    pub add_to_fav_user: i64,
    /// Collections.
    pub add_to_fav_count: i64,
}

/// Get article total — 获取图文群发总数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getarticletotal.html> (read 2026-11-22)
#[doc(alias = "获取图文群发总数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetArticleTotal {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetArticleTotal`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalResponse {
    /// Result rows.
    pub list: Vec<GetArticleTotalList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalList {
    /// Day the row is about.
    pub ref_date: String,
    /// Message id.
    pub msgid: String,
    /// Title.
    pub title: String,
    /// Detail list.
    pub details: Vec<GetArticleTotalListDetails>,
}

/// Detail list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetArticleTotalListDetails {
    /// Stat date string.
    pub stat_date: String,
    /// Target user count.
    pub target_user: i64,
    /// Readers of the article page.
    pub int_page_read_user: i64,
    /// Reads of the article page.
    pub int_page_read_count: i64,
    /// Readers of the original page.
    pub ori_page_read_user: i64,
    /// Reads of the original page.
    pub ori_page_read_count: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
    /// Collectors.
    pub add_to_fav_user: i64,
    /// Collections.
    pub add_to_fav_count: i64,
    /// Internal page from session read user count.
    pub int_page_from_session_read_user: i64,
    /// Internal page from session read count.
    pub int_page_from_session_read_count: i64,
    /// Internal page from history read user count.
    pub int_page_from_hist_msg_read_user: i64,
    /// Internal page from history read count.
    pub int_page_from_hist_msg_read_count: i64,
    /// Internal page from feed read user count.
    pub int_page_from_feed_read_user: i64,
    /// Internal page from feed read count.
    pub int_page_from_feed_read_count: i64,
    /// Internal page from friends read user count.
    pub int_page_from_friends_read_user: i64,
    /// Internal page from friends read count.
    pub int_page_from_friends_read_count: i64,
    /// Internal page from other read user count.
    pub int_page_from_other_read_user: i64,
    /// Internal page from other read count.
    pub int_page_from_other_read_count: i64,
    /// Feed share from session user count.
    pub feed_share_from_session_user: i64,
    /// Feed share from session count.
    pub feed_share_from_session_cnt: i64,
    /// Feed share from feed user count.
    pub feed_share_from_feed_user: i64,
    /// Feed share from feed count.
    pub feed_share_from_feed_cnt: i64,
    /// Feed share from other user count.
    pub feed_share_from_other_user: i64,
    /// Feed share from other count.
    pub feed_share_from_other_cnt: i64,
}

/// Get user read — 获取图文阅读概况数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getuserread.html> (read 2026-11-22)
#[doc(alias = "获取图文阅读概况数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserRead {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserRead`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserReadResponse {
    /// Result rows.
    pub list: Vec<GetUserReadList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserReadList {
    /// Day the row is about.
    pub ref_date: String,
    /// Source channel.
    pub user_source: i64,
    /// Readers of the article page.
    pub int_page_read_user: i64,
    /// Reads of the article page.
    pub int_page_read_count: i64,
    /// Readers of the original page.
    pub ori_page_read_user: i64,
    /// Reads of the original page.
    pub ori_page_read_count: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
    /// Collectors.
    pub add_to_fav_user: i64,
    /// Collections.
    pub add_to_fav_count: i64,
}

/// Get user read hour — 获取图文阅读分时数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getuserreadhour.html> (read 2026-11-22)
#[doc(alias = "获取图文阅读分时数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserReadHour {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserReadHour`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserReadHourResponse {
    /// Result rows.
    pub list: Vec<GetUserReadHourList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserReadHourList {
    /// Day the row is about.
    pub ref_date: String,
    /// Source channel.
    pub user_source: i64,
    /// Readers of the article page.
    pub int_page_read_user: i64,
    /// Reads of the article page.
    pub int_page_read_count: i64,
    /// Readers of the original page.
    pub ori_page_read_user: i64,
    /// Reads of the original page.
    pub ori_page_read_count: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
    /// Collectors.
    pub add_to_fav_user: i64,
    /// Collections.
    pub add_to_fav_count: i64,
    /// Hour slot, 000 to 2300.
    pub ref_hour: i64,
}

/// Get user share — 获取图文转发概况数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getusershare.html> (read 2026-11-22)
#[doc(alias = "获取图文转发概况数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserShare {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserShare`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserShareResponse {
    /// Result rows.
    pub list: Vec<GetUserShareList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserShareList {
    /// Day the row is about.
    pub ref_date: String,
    /// Where it was shared: 1 chat, 2 Moments, 255 others.
    pub share_scene: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
}

/// Get user share hour — 获取图文转发分时数据.
///
/// Officially no longer maintained; use getarticleread, getarticleshare, getbizsummary, getarticletotaldetail. Span: 1 day (3 for getuserread, 7 for getusershare in older docs). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/news/api_getusersharehour.html> (read 2026-11-22)
#[doc(alias = "获取图文转发分时数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUserShareHour {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUserShareHour`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserShareHourResponse {
    /// Result rows.
    pub list: Vec<GetUserShareHourList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUserShareHourList {
    /// Day the row is about.
    pub ref_date: String,
    /// Where it was shared: 1 chat, 2 Moments, 255 others.
    pub share_scene: i64,
    /// Sharers.
    pub share_user: i64,
    /// Shares.
    pub share_count: i64,
    /// Hour slot, 000 to 2300.
    pub ref_hour: i64,
}

/// Get upstream msg — 获取消息发送概况数据.
///
/// Span at most 7 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsg.html> (read 2026-11-22)
#[doc(alias = "获取消息发送概况数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsg {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsg`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgList {
    /// Day the row is about.
    pub ref_date: String,
    /// 1 text, 2 image, 3 voice, 4 video, 6 third-party app message.
    pub msg_type: i64,
    /// Users who sent messages.
    pub msg_user: i64,
    /// Messages sent.
    pub msg_count: i64,
}

/// Get upstream msg hour — 获取消息发送分时数据.
///
/// Span at most 1 day. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsghour.html> (read 2026-11-22)
#[doc(alias = "获取消息发送分时数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgHour {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgHour`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgHourResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgHourList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgHourList {
    /// Day the row is about.
    pub ref_date: String,
    /// 1 text, 2 image, 3 voice, 4 video, 6 third-party app message.
    pub msg_type: i64,
    /// Users who sent messages.
    pub msg_user: i64,
    /// Messages sent.
    pub msg_count: i64,
    /// Hour slot, 000 to 2300.
    pub ref_hour: i64,
}

/// Get upstream msg week — 获取消息发送周数据.
///
/// Span at most 1 day (begin and end the same day, first day of the period). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsgweek.html> (read 2026-11-22)
#[doc(alias = "获取消息发送周数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgWeek {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgWeek`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgWeekResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgWeekList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgWeekList {
    /// Day the row is about.
    pub ref_date: String,
    /// 1 text, 2 image, 3 voice, 4 video, 6 third-party app message.
    pub msg_type: i64,
    /// Users who sent messages.
    pub msg_user: i64,
    /// Messages sent.
    pub msg_count: i64,
}

/// Get upstream msg month — 获取消息发送月数据.
///
/// Span at most 1 day (begin and end the same day, first day of the period). Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsgmonth.html> (read 2026-11-22)
#[doc(alias = "获取消息发送月数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgMonth {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgMonth`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgMonthResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgMonthList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgMonthList {
    /// Day the row is about.
    pub ref_date: String,
    /// 1 text, 2 image, 3 voice, 4 video, 6 third-party app message.
    pub msg_type: i64,
    /// Users who sent messages.
    pub msg_user: i64,
    /// Messages sent.
    pub msg_count: i64,
}

/// Get upstream msg dist — 获取消息发送分布数据.
///
/// Span at most 15 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsgdist.html> (read 2026-11-22)
#[doc(alias = "获取消息发送分布数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgDist {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgDist`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgDistList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistList {
    /// Day the row is about.
    pub ref_date: String,
    /// Bucket: 0 none, 1 = 1-5, 2 = 6-10, 3 = more than 10.
    pub count_interval: i64,
    /// Users who sent messages.
    pub msg_user: i64,
}

/// Get upstream msg dist week — 获取消息发送分布周数据.
///
/// Span at most 15 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsgdistweek.html> (read 2026-11-22)
#[doc(alias = "获取消息发送分布周数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgDistWeek {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgDistWeek`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistWeekResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgDistWeekList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistWeekList {
    /// Day the row is about.
    pub ref_date: String,
    /// Bucket: 0 none, 1 = 1-5, 2 = 6-10, 3 = more than 10.
    pub count_interval: i64,
    /// Users who sent messages.
    pub msg_user: i64,
}

/// Get upstream msg dist month — 获取消息发送分布月数据.
///
/// Span at most 15 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/mess/api_getupstreammsgdistmonth.html> (read 2026-11-22)
#[doc(alias = "获取消息发送分布月数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetUpstreamMsgDistMonth {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetUpstreamMsgDistMonth`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistMonthResponse {
    /// Result rows.
    pub list: Vec<GetUpstreamMsgDistMonthList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetUpstreamMsgDistMonthList {
    /// Day the row is about.
    pub ref_date: String,
    /// Bucket: 0 none, 1 = 1-5, 2 = 6-10, 3 = more than 10.
    pub count_interval: i64,
    /// Users who sent messages.
    pub msg_user: i64,
}

/// Get interface summary — 获取接口分析数据.
///
/// Span at most 30 days. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/api/api_getinterfacesummary.html> (read 2026-11-22)
#[doc(alias = "获取接口分析数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetInterfaceSummary {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetInterfaceSummary`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetInterfaceSummaryResponse {
    /// Result rows.
    pub list: Vec<GetInterfaceSummaryList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetInterfaceSummaryList {
    /// Day the row is about.
    pub ref_date: String,
    /// Pushes to the developer server.
    pub callback_count: i64,
    /// Failed pushes.
    pub fail_count: i64,
    /// Total milliseconds.
    pub total_time_cost: i64,
    /// Slowest push, milliseconds.
    pub max_time_cost: i64,
}

/// Get interface summary hour — 获取接口分析分时数据.
///
/// Span at most 1 day. Verified accounts. Data from 2014-12-01, ready after 8:00 next day. 61500 bad date, 61501 span too long, 61503 not ready.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/wedata/api/api_getinterfacesummaryhour.html> (read 2026-11-22)
#[doc(alias = "获取接口分析分时数据")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetInterfaceSummaryHour {
    /// First day, YYYY-MM-DD.
    pub begin_date: String,
    /// Last day, YYYY-MM-DD, at most yesterday.
    pub end_date: String,
}

/// What [`GetInterfaceSummaryHour`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetInterfaceSummaryHourResponse {
    /// Result rows.
    pub list: Vec<GetInterfaceSummaryHourList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetInterfaceSummaryHourList {
    /// Day the row is about.
    pub ref_date: String,
    /// Pushes to the developer server.
    pub callback_count: i64,
    /// Failed pushes.
    pub fail_count: i64,
    /// Total milliseconds.
    pub total_time_cost: i64,
    /// Slowest push, milliseconds.
    pub max_time_cost: i64,
    /// Hour slot, 000 to 2300.
    pub ref_hour: i64,
}

