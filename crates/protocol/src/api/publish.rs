//! Publishing — 发布能力
//!
//! Publishing puts a draft on the account's page without telling its followers; telling them is [`mass_message`](super::mass_message).
//! It takes a while: the answer is only that the job is queued.
//!
//! ```
//! use echostr_protocol::api::{self, Body, publish::FreePublishSubmit};
//!
//! let request = FreePublishSubmit { media_id: "bDy2Yp9xQ7mK4tV8nR3sL6wE1".into() };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert_eq!(json, br#"{"media_id":"bDy2Yp9xQ7mK4tV8nR3sL6wE1"}"#);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/public/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::MediaId;

endpoints! {
    Post "/cgi-bin/freepublish/submit" FreePublishSubmit -> FreePublishSubmitResponse, "发布草稿";
    Post "/cgi-bin/freepublish/get" FreePublishGet -> FreePublishGetResponse, "发布状态查询";
    Post "/cgi-bin/freepublish/delete" FreePublishDelete -> Empty, "删除发布文章";
    Post "/cgi-bin/freepublish/getarticle" FreePublishGetArticle -> FreePublishGetArticleResponse, "获取已发布的图文信息";
    Post "/cgi-bin/freepublish/batchget" FreePublishBatchGet -> FreePublishBatchGetResponse, "获取已发布的消息列表";
}

/// Publishes a draft — 发布草稿. The draft is gone afterwards.
///
/// Success means that the job is queued. How it ends is told by the event
/// [`PublishJobFinish`](crate::event::PublishJobFinish), or by asking with [`FreePublishGet`].
///
/// # Errors
/// - 48001: the account may not publish; since July 2025 personal, unverified and unverifiable ones may not.
/// - 53503: the draft did not pass the check before publishing; correct it.
/// - 53504: this draft can only be published on the website.
/// - 53505: the draft must be saved by hand on the website first.
#[doc(alias = "发布草稿")]
#[doc(alias = "发布接口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishSubmit {
    /// The draft, as [`draft`](super::draft) answered it.
    pub media_id: MediaId,
}

/// What [`FreePublishSubmit`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishSubmitResponse {
    /// The job. A number above 2^53 at times, therefore kept as a text.
    #[serde(with = "wire::text")]
    pub publish_id: String,
    /// By which [`comment`](super::comment) finds the articles. Does not always come.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub msg_data_id: Option<i64>,
}

/// How far a publication is — 发布状态查询.
///
/// # Errors
/// - 53500: the account is blocked from publishing.
/// - 53501: too much was published; wait.
/// - 53502: there is no such job.
#[doc(alias = "发布状态查询")]
#[doc(alias = "发布状态轮询接口")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishGet {
    /// From [`FreePublishSubmitResponse::publish_id`].
    pub publish_id: String,
}

/// What [`FreePublishGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishGetResponse {
    /// The job that was asked for.
    #[serde(with = "wire::text")]
    pub publish_id: String,
    /// 0 published, 1 in progress, 2 an article is not original, 3 failed, 4 rejected by review, 5 all articles were deleted by the
    /// account afterwards, 6 all articles were blocked by the platform afterwards.
    pub publish_status: i64,
    /// The publication, when it succeeded (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_id: Option<String>,
    /// Where its articles are, when it succeeded (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_detail: Option<ArticleDetail>,
    /// Positions from 1 of the articles that were refused (2 and 4).
    pub fail_idx: Vec<i64>,
}

/// The articles of a publication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleDetail {
    /// How many.
    pub count: i64,
    /// One for each article.
    pub item: Vec<ArticleUrl>,
}

/// Where a published article is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleUrl {
    /// Its position, from 1.
    pub idx: i64,
    /// Does not expire.
    pub article_url: String,
}

/// Deletes what was published — 删除发布文章. It cannot be taken back.
///
/// # Errors
/// - 53600: there is no such publication.
#[doc(alias = "删除发布文章")]
#[doc(alias = "删除发布")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishDelete {
    /// From [`FreePublishGetResponse::article_id`].
    pub article_id: String,
    /// The article's position, from 1. **0 or absent deletes all of them.**
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// The articles of one publication — 获取已发布的图文信息.
///
/// # Errors
/// - 53600: there is no such publication.
#[doc(alias = "获取已发布的图文信息")]
#[doc(alias = "通过 article_id 获取已发布文章")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishGetArticle {
    /// From [`FreePublishGetResponse::article_id`].
    pub article_id: String,
}

/// What [`FreePublishGetArticle`] answers, and what stands in the list of [`FreePublishBatchGet`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishGetArticleResponse {
    /// The articles, in their order.
    pub news_item: Vec<Article>,
    /// Unix seconds.
    pub create_time: i64,
    /// Unix seconds.
    pub update_time: i64,
}

/// A published article (图文).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// As readers see it.
    pub title: String,
    /// At most 16 characters.
    pub author: String,
    /// Summary (摘要) of an article that stands alone, at most 128 characters; empty where there are several.
    pub digest: String,
    /// HTML. Empty in a list that was asked for without it.
    pub content: String,
    /// Where *read original* (阅读原文) leads.
    pub content_source_url: String,
    /// Cover picture.
    pub thumb_media_id: MediaId,
    /// Where the cover picture is.
    pub thumb_url: String,
    /// Whether the cover stands in the article, too. The platform does not use it any more.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
    /// Whether there are comments.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// Whether only followers may comment.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
    /// Where the article is.
    pub url: String,
    /// Whether it was deleted after it had been published.
    pub is_deleted: bool,
}

/// What is published — 获取已发布的消息列表.
#[doc(alias = "获取已发布的消息列表")]
#[doc(alias = "获取成功发布列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishBatchGet {
    /// How many to pass over.
    pub offset: i64,
    /// 1 to 20.
    pub count: i64,
    /// Leaves [`Article::content`] out. Default: no.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub no_content: Option<bool>,
}

/// What [`FreePublishBatchGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishBatchGetResponse {
    /// How many there are in all.
    pub total_count: i64,
    /// How many came with this answer.
    pub item_count: i64,
    /// The publications.
    pub item: Vec<Publication>,
}

/// One publication in the list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Publication {
    /// By which it is asked for and deleted.
    pub article_id: String,
    /// Its articles.
    pub content: FreePublishGetArticleResponse,
    /// Unix seconds.
    pub update_time: i64,
}
