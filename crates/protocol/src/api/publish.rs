//! Publishing — 发布能力
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/public/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{MediaId};

endpoints! {
    Post "/cgi-bin/freepublish/submit" FreePublishSubmit -> FreePublishSubmitResponse, "发布草稿";
    Post "/cgi-bin/freepublish/get" FreePublishGet -> FreePublishGetResponse, "发布状态查询";
    Post "/cgi-bin/freepublish/delete" FreePublishDelete -> Empty, "删除发布文章";
    Post "/cgi-bin/freepublish/getarticle" FreePublishGetArticle -> FreePublishGetArticleResponse, "获取已发布的图文信息";
    Post "/cgi-bin/freepublish/batchget" FreePublishBatchGet -> FreePublishBatchGetResponse, "获取已发布的消息列表";
}

/// Free publish submit — 发布草稿.
///
/// Success means queued; poll freepublish_get or wait for PUBLISHJOBFINISH. Does not notify followers. Since 2025-07 personal, unverified-company and unverifiable accounts lost publish rights (48001). 53503 draft check failed, 53504 use the website, 53505 save by hand first.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_submit.html> (read 2026-11-22)
#[doc(alias = "发布草稿")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishSubmit {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// What [`FreePublishSubmit`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishSubmitResponse {
    /// Job id; may exceed 2^53, keep as string.
    #[serde(with = "wire::text")]
    pub publish_id: String,
    /// Message data id, not always present.
    #[serde(with = "wire::text")]
    pub msg_data_id: String,
}

/// Free publish get — 发布状态查询.
///
/// Publish_status is one number. 53500 no publish right, 53501 too often.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_get.html> (read 2026-11-22)
#[doc(alias = "发布状态查询")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishGet {
    /// Job id.
    pub publish_id: String,
}

/// What [`FreePublishGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishGetResponse {
    /// Job id.
    #[serde(with = "wire::text")]
    pub publish_id: String,
    /// 0 done, 1 running, 2 originality check failed, 3 failed, 4 rejected by review, 5 all articles deleted by the user, 6 all blocked.
    pub publish_status: i64,
    /// When publish_status is 0.
    pub article_id: String,
    /// Articles, when publish_status is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_detail: Option<ArticleDetail>,
    /// Positions of failed articles.
    pub fail_idx: Vec<i64>,
}

/// Articles, when publish_status is 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArticleDetail {
    /// Number of items.
    pub count: i64,
    /// Items.
    pub item: Vec<Item>,
}

/// Items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Article position.
    pub idx: i64,
    /// Permanent URL.
    pub article_url: String,
}

/// Free publish delete — 删除发布文章.
///
/// Irreversible. index counts from 1; 0 or absent deletes all. 53600 unknown article_id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/public/api_freepublishdelete.html> (read 2026-11-22)
#[doc(alias = "删除发布文章")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishDelete {
    /// Id of a published article.
    pub article_id: String,
    /// Position from 1; 0 or absent = all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// Free publish get article — 获取已发布的图文信息.
///
/// 53600 unknown article_id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/public/api_freepublishgetarticle.html> (read 2026-11-22)
#[doc(alias = "获取已发布的图文信息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishGetArticle {
    /// Id of a published article.
    pub article_id: String,
}

/// What [`FreePublishGetArticle`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishGetArticleResponse {
    /// Articles.
    pub news_item: Vec<NewsItem>,
    /// Unix seconds.
    pub create_time: i64,
    /// Unix seconds.
    pub update_time: i64,
}

/// Articles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsItem {
    /// Title.
    pub title: String,
    /// Author, at most 16 characters.
    pub author: String,
    /// Summary, at most 128 characters; single-article messages only.
    pub digest: String,
    /// Text / HTML content.
    pub content: String,
    /// 'read original' link.
    pub content_source_url: String,
    /// Cover image media id (permanent for drafts).
    pub thumb_media_id: MediaId,
    /// Cover image URL.
    pub thumb_url: String,
    /// Legacy flag: cover shown in the body.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
    /// 1 opens comments, 0 does not.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// 1 followers only, 0 everyone.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
    /// Target or resource URL.
    pub url: String,
    /// Whether the article was deleted.
    pub is_deleted: bool,
}

/// Free publish batch get — 获取已发布的消息列表.
///
/// Count 1-20.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_batchget.html> (read 2026-11-22)
#[doc(alias = "获取已发布的消息列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FreePublishBatchGet {
    /// Index of the first item, from 0.
    pub offset: i64,
    /// Number of items.
    pub count: i64,
    /// 1 leaves the content field out.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub no_content: Option<bool>,
}

/// What [`FreePublishBatchGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishBatchGetResponse {
    /// All published.
    pub total_count: i64,
    /// In this page.
    pub item_count: i64,
    /// Published.
    pub item: Vec<FreePublishBatchGetItem>,
}

/// Published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FreePublishBatchGetItem {
    /// Article id.
    pub article_id: String,
    /// Content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Unix seconds.
    pub update_time: i64,
}

/// Content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Articles.
    pub news_item: Vec<NewsItem>,
    /// Unix seconds.
    pub create_time: i64,
    /// Unix seconds.
    pub update_time: i64,
}

