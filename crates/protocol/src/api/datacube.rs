//! Statistics — 数据统计: followers, what is published, what followers send, how this server answers.
//!
//! Every request is a span of days, and its answer has rows of these days. Only days that are over have figures; those of
//! yesterday are there after 8:00 in the morning. Keep what was read: the platform asks not to read it again and again.
//! Only verified accounts (已认证) may call.
//!
//! ```
//! use echostr_protocol::api::{self, Body, datacube::GetUserSummary};
//!
//! assert_eq!(GetUserSummary::MAX_DAYS, 7);
//! let week = GetUserSummary::days("2026-11-14", "2026-11-20");
//! let Body::Json(json) = api::encode(&week).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"begin_date":"2026-11-14","end_date":"2026-11-20"}"#);
//! ```
//!
//! Source: the pages in `user/`, `news/`, `mess/` and `api/` of <https://developers.weixin.qq.com/doc/service/api/wedata/>
//! (read 2026-11-22)

use serde::{Deserialize, Serialize};

endpoints! {
    Post "/datacube/getusersummary" GetUserSummary -> GetUserSummaryResponse, "获取用户增减数据";
    Post "/datacube/getusercumulate" GetUserCumulate -> GetUserCumulateResponse, "获取累计用户数据";
    Post "/datacube/getarticleread" GetArticleRead -> GetArticleReadResponse, "获取发表内容每日阅读数据";
    Post "/datacube/getarticleshare" GetArticleShare -> GetArticleShareResponse, "获取发表内容每日分享数据";
    Post "/datacube/getbizsummary" GetBizSummary -> GetBizSummaryResponse, "获取发表内容概况总数据";
    Post "/datacube/getarticletotaldetail" GetArticleTotalDetail -> GetArticleTotalDetailResponse, "获取发表内容发表详细数据";
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
    Post "/datacube/getinterfacesummary" GetInterfaceSummary -> GetInterfaceSummaryResponse, "获取被动回复概要数据";
    Post "/datacube/getinterfacesummaryhour" GetInterfaceSummaryHour -> GetInterfaceSummaryHourResponse, "获取被动回复分布数据";
}

/// What every call of this chapter answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rows<T> {
    /// Empty when nothing happened in these days.
    pub list: Vec<T>,
    /// Whether figures are still missing; read again later. Only the calls about what is published (发表内容) say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_delay: Option<bool>,
}

/// Requests that are a span of days and nothing else.
macro_rules! spans {
    ($($(#[$doc:meta])* pub struct $name:ident { at most $days:literal $unit:ident })*) => {$(
        $(#[$doc])*
        ///
        #[doc = concat!("At most ", $days, " ", stringify!($unit), " at once.")]
        ///
        /// # Errors
        /// - 61500: a date is not `YYYY-MM-DD`.
        /// - 61501: the span is longer than [`MAX_DAYS`](Self::MAX_DAYS); ask for its parts.
        /// - 61503: the figures are not ready; ask after 8:00.
        /// - 61504: the statistics are busy; wait and repeat.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The first day: `YYYY-MM-DD`.
            pub begin_date: String,
            /// The last day, part of the span: `YYYY-MM-DD`, yesterday at the latest.
            pub end_date: String,
        }

        impl $name {
            /// Days of the longest span, both ends counted.
            pub const MAX_DAYS: u32 = $days;

            /// From the first day to the last, both part of it: `YYYY-MM-DD`.
            pub fn days(begin_date: impl Into<String>, end_date: impl Into<String>) -> Self {
                Self { begin_date: begin_date.into(), end_date: end_date.into() }
            }

            /// One day: `YYYY-MM-DD`.
            pub fn day(date: impl Into<String>) -> Self {
                let date = date.into();
                Self { begin_date: date.clone(), end_date: date }
            }
        }
    )*};
}

spans! {
    /// Who followed and who left — 获取用户增减数据. There are figures since 2014-12-01.
    #[doc(alias = "获取用户增减数据")]
    #[doc(alias = "取消关注人数")]
    pub struct GetUserSummary { at most 7 days }

    /// How many followers there were — 获取累计用户数据. There are figures since 2014-12-01.
    #[doc(alias = "获取累计用户数据")]
    #[doc(alias = "粉丝总数")]
    pub struct GetUserCumulate { at most 7 days }
}

/// What [`GetUserSummary`] answers.
pub type GetUserSummaryResponse = Rows<UserSummary>;

/// Who came from where, and left, on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserSummary {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// Where they found the account: 1 search, 17 a name card, 30 a QR code, 51 after a payment, 57 the account's name in an
    /// article, 100 an advertisement, 149 a mini-program, 161 an article that others reprinted, 200 Channels (视频号), 201 a live
    /// stream; 0 everything else together.
    pub user_source: i64,
    /// How many followed.
    pub new_user: i64,
    /// How many left.
    pub cancel_user: i64,
}

/// What [`GetUserCumulate`] answers.
pub type GetUserCumulateResponse = Rows<UserCumulate>;

/// How many followers there were on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserCumulate {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// All followers.
    pub cumulate_user: i64,
}

spans! {
    /// Who read each article on a day — 获取发表内容每日阅读数据: all that were read, not only those of the day. There are
    /// figures since 2025-11-01.
    #[doc(alias = "获取发表内容每日阅读数据")]
    #[doc(alias = "阅读量")]
    pub struct GetArticleRead { at most 1 day }

    /// Who shared each article on a day — 获取发表内容每日分享数据. There are figures since 2025-11-01.
    #[doc(alias = "获取发表内容每日分享数据")]
    pub struct GetArticleShare { at most 1 day }

    /// All that was published, together — 获取发表内容概况总数据. There are figures since 2025-11-01.
    #[doc(alias = "获取发表内容概况总数据")]
    pub struct GetBizSummary { at most 30 days }

    /// How the articles of a day went on — 获取发表内容发表详细数据: for each article that was published then, how far it was on
    /// each of the 30 days since. There are figures since 2025-11-01.
    #[doc(alias = "获取发表内容发表详细数据")]
    pub struct GetArticleTotalDetail { at most 1 day }
}

/// What [`GetArticleRead`] answers.
pub type GetArticleReadResponse = Rows<ArticleRead>;

/// Who read an article on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleRead {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The article: the `msg_data_id` of publishing or broadcasting, `_`, and its place in it from 1: `2247490098_1`.
    pub msgid: String,
    /// The figures.
    pub detail: Readers,
}

/// Who read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Readers {
    /// How many read: the source 全部.
    pub read_user: i64,
    /// How many came from where.
    pub read_user_source: Vec<ReadSource>,
}

/// How many came from one place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadSource {
    /// How many read.
    pub user_count: i64,
    /// Where they came from.
    pub scene_desc: Scene,
}

words! {
    /// Where readers came from.
    Scene {
        /// All places together.
        All = "全部",
        /// A message of the account.
        Message = "公众号消息",
        /// A conversation.
        Chat = "聊天会话",
        /// Moments.
        Moments = "朋友圈",
        /// The account's page.
        Profile = "公众号主页",
        /// A recommendation.
        Recommendation = "推荐",
        /// The search.
        Search = "搜一搜",
        /// Elsewhere.
        Elsewhere = "其他",
    }
}

/// What [`GetArticleShare`] answers.
pub type GetArticleShareResponse = Rows<ArticleShare>;

/// Who shared an article on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleShare {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The article, as in [`ArticleRead::msgid`].
    pub msgid: String,
    /// The figures.
    pub detail: Sharers,
}

/// Who shared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharers {
    /// How many shared.
    pub share_user: i64,
}

/// What [`GetBizSummary`] answers.
pub type GetBizSummaryResponse = Rows<BizSummary>;

/// How the account did on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizSummary {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The figures of all articles together.
    pub detail: BizDetail,
}

/// The figures of all articles together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BizDetail {
    /// What readers did.
    #[serde(flatten)]
    pub figures: Figures,
    /// How many articles were published.
    pub send_page_count: i64,
}

/// What readers did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// How many read.
    pub read_user: i64,
    /// How many came from where.
    pub read_user_source: Vec<ReadSource>,
    /// How many shared.
    pub share_user: i64,
    /// How many tapped the heart (爱心赞, formerly 在看).
    pub zaikan_user: i64,
    /// How many tapped the thumb (拇指赞).
    pub like_user: i64,
    /// Comments, not people.
    pub comment_count: i64,
    /// How many kept it (微信收藏).
    pub collection_user: i64,
    /// How many went on to the original page (阅读原文).
    pub redirect_ori_page_user: i64,
}

/// What [`GetArticleTotalDetail`] answers.
pub type GetArticleTotalDetailResponse = Rows<ArticleTotalDetail>;

/// How an article went on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleTotalDetail {
    /// The day when it was published: `YYYY-MM-DD`.
    pub ref_date: String,
    /// The article, as in [`ArticleRead::msgid`].
    pub msgid: String,
    /// 0 followers were notified (已通知), 1 they were not (未开启通知).
    pub publish_type: i64,
    /// Its title.
    pub title: String,
    /// Where it can be read.
    pub content_url: String,
    /// How far it was on each day.
    pub detail_list: Vec<ArticleProgress>,
}

/// How far an article was at the end of a day: all since its publication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleProgress {
    /// `YYYY-MM-DD`
    pub stat_date: String,
    /// What readers did.
    #[serde(flatten)]
    pub figures: Figures,
    /// What readers gave (赞赏), in cents (分).
    pub praise_money: i64,
    /// How many followed after reading.
    pub read_subscribe_user: i64,
    /// The part of those whom it was sent to who read it, 0 to 1.
    pub read_delivery_rate: f64,
    /// The part of readers who read to the end, 0 to 1.
    pub read_finish_rate: f64,
    /// How long they read, on average, in minutes.
    pub read_avg_activetime: f64,
    /// Where they stopped.
    pub read_jump_position: Vec<ReadJumpPosition>,
}

/// How many readers stopped in one fifth of an article.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadJumpPosition {
    /// Which fifth, 1 to 5: 1 is 0–20 % of the article.
    pub position: i64,
    /// Their part of all readers, 0 to 1.
    pub rate: f64,
}

spans! {
    /// What was sent to the account — 获取消息发送概况数据. There are figures since 2014-12-01.
    #[doc(alias = "获取消息发送概况数据")]
    #[doc(alias = "上行消息")]
    pub struct GetUpstreamMsg { at most 7 days }

    /// What was sent to the account, by the hour — 获取消息发送分时数据.
    #[doc(alias = "获取消息发送分时数据")]
    pub struct GetUpstreamMsgHour { at most 1 day }

    /// What was sent to the account in a week — 获取消息发送周数据. The week is asked for by its Monday, when it is over. An older
    /// page allows a span of 30 days, in which the Mondays count.
    #[doc(alias = "获取消息发送周数据")]
    pub struct GetUpstreamMsgWeek { at most 1 day }

    /// What was sent to the account in a month — 获取消息发送月数据. The month is asked for by its first day, when it is over. An
    /// older page allows a span of 30 days, in which the first of the month counts.
    #[doc(alias = "获取消息发送月数据")]
    pub struct GetUpstreamMsgMonth { at most 1 day }

    /// How many sent how much — 获取消息发送分布数据. There are figures since 2014-12-01.
    #[doc(alias = "获取消息发送分布数据")]
    pub struct GetUpstreamMsgDist { at most 15 days }

    /// How many sent how much in a week — 获取消息发送分布周数据. A week that is over counts by its Monday. An older page allows 30
    /// days.
    #[doc(alias = "获取消息发送分布周数据")]
    pub struct GetUpstreamMsgDistWeek { at most 15 days }

    /// How many sent how much in a month — 获取消息发送分布月数据. A month that is over counts by its first day. An older page
    /// allows 30 days.
    #[doc(alias = "获取消息发送分布月数据")]
    pub struct GetUpstreamMsgDistMonth { at most 15 days }
}

/// What [`GetUpstreamMsg`] answers.
pub type GetUpstreamMsgResponse = Rows<UpstreamMsg>;
/// What [`GetUpstreamMsgHour`] answers.
pub type GetUpstreamMsgHourResponse = Rows<UpstreamMsg>;
/// What [`GetUpstreamMsgWeek`] answers.
pub type GetUpstreamMsgWeekResponse = Rows<UpstreamMsg>;
/// What [`GetUpstreamMsgMonth`] answers.
pub type GetUpstreamMsgMonthResponse = Rows<UpstreamMsg>;

/// What was sent to the account in a day, an hour, a week or a month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamMsg {
    /// The day; of a week or a month, the first: `YYYY-MM-DD`.
    pub ref_date: String,
    /// The hour it began, times 100: 1200 is from 12:00 to 13:00. Only [by the hour](GetUpstreamMsgHour).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_hour: Option<i64>,
    /// 1 text, 2 image, 3 voice, 4 video, 6 link (第三方应用消息).
    pub msg_type: i64,
    /// How many people sent.
    pub msg_user: i64,
    /// How many messages.
    pub msg_count: i64,
}

/// What [`GetUpstreamMsgDist`] answers.
pub type GetUpstreamMsgDistResponse = Rows<UpstreamMsgDist>;
/// What [`GetUpstreamMsgDistWeek`] answers.
pub type GetUpstreamMsgDistWeekResponse = Rows<UpstreamMsgDist>;
/// What [`GetUpstreamMsgDistMonth`] answers.
pub type GetUpstreamMsgDistMonthResponse = Rows<UpstreamMsgDist>;

/// How many sent so much, in a day, a week or a month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamMsgDist {
    /// The day; of a week or a month, the first: `YYYY-MM-DD`.
    pub ref_date: String,
    /// How many messages each sent: 0 none, 1 from 1 to 5, 2 from 6 to 10, 3 more than 10.
    pub count_interval: i64,
    /// How many people did.
    pub msg_user: i64,
}

spans! {
    /// How this server answered the platform's pushes — 获取被动回复概要数据. There are figures since 2014-12-01.
    #[doc(alias = "获取被动回复概要数据")]
    #[doc(alias = "获取接口分析数据")]
    pub struct GetInterfaceSummary { at most 30 days }

    /// How this server answered the platform's pushes, by the hour — 获取被动回复分布数据.
    #[doc(alias = "获取被动回复分布数据")]
    #[doc(alias = "获取接口分析分时数据")]
    pub struct GetInterfaceSummaryHour { at most 1 day }
}

/// What [`GetInterfaceSummary`] answers.
pub type GetInterfaceSummaryResponse = Rows<InterfaceSummary>;
/// What [`GetInterfaceSummaryHour`] answers.
pub type GetInterfaceSummaryHourResponse = Rows<InterfaceSummary>;

/// How this server answered in a day or an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceSummary {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The hour it began, times 100: 1200 is from 12:00 to 13:00. Only [by the hour](GetInterfaceSummaryHour).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_hour: Option<i64>,
    /// Pushes.
    pub callback_count: i64,
    /// Those of them that had no good answer in time.
    pub fail_count: i64,
    /// How long all answers took together, in milliseconds; divided by [`callback_count`](Self::callback_count), the average.
    pub total_time_cost: i64,
    /// The slowest answer, in milliseconds. The platform waits 5 seconds.
    pub max_time_cost: i64,
}

spans! {
    /// The articles that were read on a day — 获取图文群发每日数据. Those hardly read are left out: readers of both pages, sharers,
    /// shares and collections must be 3 or more together. There are figures since 2014-12-01.
    ///
    /// Not maintained any more: [`GetArticleRead`] and [`GetArticleShare`] replace it.
    #[doc(alias = "获取图文群发每日数据")]
    pub struct GetArticleSummary { at most 1 day }

    /// How the articles of a day went on — 获取图文群发总数据: for each that was broadcast then, how far it was on each of the 7
    /// days since. There are figures since 2014-12-01.
    ///
    /// Not maintained any more: [`GetArticleTotalDetail`] replaces it.
    #[doc(alias = "获取图文群发总数据")]
    pub struct GetArticleTotal { at most 1 day }

    /// Who read — 获取图文阅读概况数据. An older page allows 3 days. There are figures since 2014-12-01.
    ///
    /// Not maintained any more: [`GetBizSummary`] replaces it.
    #[doc(alias = "获取图文阅读概况数据")]
    #[doc(alias = "获取图文统计数据")]
    pub struct GetUserRead { at most 1 day }

    /// Who read, by the hour — 获取图文阅读分时数据. Not maintained any more.
    #[doc(alias = "获取图文阅读分时数据")]
    #[doc(alias = "获取图文统计分时数据")]
    pub struct GetUserReadHour { at most 1 day }

    /// Who shared — 获取图文转发概况数据. An older page allows 7 days. There are figures since 2014-12-01.
    ///
    /// Not maintained any more: [`GetBizSummary`] replaces it.
    #[doc(alias = "获取图文转发概况数据")]
    #[doc(alias = "获取图文分享转发数据")]
    pub struct GetUserShare { at most 1 day }

    /// Who shared, by the hour — 获取图文转发分时数据. Not maintained any more.
    #[doc(alias = "获取图文转发分时数据")]
    #[doc(alias = "获取图文分享转发分时数据")]
    pub struct GetUserShareHour { at most 1 day }
}

/// What [`GetArticleSummary`] answers.
pub type GetArticleSummaryResponse = Rows<ArticleSummary>;

/// What readers did with an article on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleSummary {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The article, as in [`ArticleRead::msgid`].
    pub msgid: String,
    /// Its title.
    pub title: String,
    /// What readers did.
    #[serde(flatten)]
    pub figures: PageFigures,
}

/// What readers did: people (`_user`), and how often (`_count`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageFigures {
    /// How many read the article's page (图文页).
    pub int_page_read_user: i64,
    /// How often it was read.
    pub int_page_read_count: i64,
    /// How many read the original page (原文页); 0 where there is none.
    pub ori_page_read_user: i64,
    /// How often it was read.
    pub ori_page_read_count: i64,
    /// How many shared.
    pub share_user: i64,
    /// How often it was shared.
    pub share_count: i64,
    /// How many kept it.
    pub add_to_fav_user: i64,
    /// How often it was kept.
    pub add_to_fav_count: i64,
}

/// What [`GetArticleTotal`] answers.
pub type GetArticleTotalResponse = Rows<ArticleTotal>;

/// How an article went on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleTotal {
    /// The day when it was broadcast: `YYYY-MM-DD`.
    pub ref_date: String,
    /// The article, as in [`ArticleRead::msgid`].
    pub msgid: String,
    /// Its title.
    pub title: String,
    /// How far it was on each day.
    pub details: Vec<ArticleTotalDay>,
}

/// How far an article was at the end of a day: all since its broadcast, people (`_user`) and how often (`_count`, `_cnt`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleTotalDay {
    /// `YYYY-MM-DD`
    pub stat_date: String,
    /// Whom it was sent to: about all followers.
    pub target_user: i64,
    /// What readers did.
    #[serde(flatten)]
    pub figures: PageFigures,
    /// Read in the account's conversation (会话).
    pub int_page_from_session_read_user: i64,
    /// Read in the account's conversation.
    pub int_page_from_session_read_count: i64,
    /// Read from the list of old messages (历史消息页).
    pub int_page_from_hist_msg_read_user: i64,
    /// Read from the list of old messages.
    pub int_page_from_hist_msg_read_count: i64,
    /// Read from Moments (朋友圈).
    pub int_page_from_feed_read_user: i64,
    /// Read from Moments.
    pub int_page_from_feed_read_count: i64,
    /// Read from what a friend sent (好友转发).
    pub int_page_from_friends_read_user: i64,
    /// Read from what a friend sent.
    pub int_page_from_friends_read_count: i64,
    /// Read from elsewhere.
    pub int_page_from_other_read_user: i64,
    /// Read from elsewhere.
    pub int_page_from_other_read_count: i64,
    /// Shared to Moments out of the account's conversation.
    pub feed_share_from_session_user: i64,
    /// Shared to Moments out of the account's conversation.
    pub feed_share_from_session_cnt: i64,
    /// Shared to Moments out of Moments.
    pub feed_share_from_feed_user: i64,
    /// Shared to Moments out of Moments.
    pub feed_share_from_feed_cnt: i64,
    /// Shared to Moments from elsewhere.
    pub feed_share_from_other_user: i64,
    /// Shared to Moments from elsewhere.
    pub feed_share_from_other_cnt: i64,
}

/// What [`GetUserRead`] answers.
pub type GetUserReadResponse = Rows<UserRead>;
/// What [`GetUserReadHour`] answers.
pub type GetUserReadHourResponse = Rows<UserRead>;

/// What readers from one place did in a day or an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserRead {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The hour it began, times 100: 1200 is from 12:00 to 13:00. Only [by the hour](GetUserReadHour).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_hour: Option<i64>,
    /// Where they came from: 0 the account's conversation, 1 a friend, 2 Moments, 4 the list of old messages, 5 elsewhere, 6 Top
    /// Stories (看一看), 7 the search; 99999999 all of them. The original page and collections are counted for all only.
    pub user_source: i64,
    /// What they did.
    #[serde(flatten)]
    pub figures: PageFigures,
}

/// What [`GetUserShare`] answers.
pub type GetUserShareResponse = Rows<UserShare>;
/// What [`GetUserShareHour`] answers.
pub type GetUserShareHourResponse = Rows<UserShare>;

/// Who shared to one place in a day or an hour.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserShare {
    /// `YYYY-MM-DD`
    pub ref_date: String,
    /// The hour it began, times 100: 1200 is from 12:00 to 13:00. Only [by the hour](GetUserShareHour).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_hour: Option<i64>,
    /// Where to: 1 friends, 2 Moments, 255 elsewhere.
    pub share_scene: i64,
    /// How many shared.
    pub share_user: i64,
    /// How often.
    pub share_count: i64,
}
