//! Rules of the platform's own page — 自动回复规则
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/autoreplies/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{wire};

endpoints! {
    Get "/cgi-bin/get_current_autoreply_info" GetCurrentAutoreplyInfo -> GetCurrentAutoreplyInfoResponse, "获取公众号的自动回复规则";
}

/// Get current autoreply info — 获取公众号的自动回复规则.
///
/// Reads rules configured on the website only. Media ids in it are temporary (3 days).
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/autoreplies/api_getcurrentautoreplyinfo.html> (read 2026-11-22)
#[doc(alias = "获取公众号的自动回复规则")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCurrentAutoreplyInfo {
}

/// What [`GetCurrentAutoreplyInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentAutoreplyInfoResponse {
    /// 1 when reply-on-follow is on.
    #[serde(with = "wire::flag")]
    pub is_add_friend_reply_open: bool,
    /// 1 when auto reply is on.
    #[serde(with = "wire::flag")]
    pub is_autoreply_open: bool,
    /// Reply on follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_friend_autoreply_info: Option<AddFriendAutoreplyInfo>,
    /// Default reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_default_autoreply_info: Option<MessageDefaultAutoreplyInfo>,
    /// Keyword replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_autoreply_info: Option<KeywordAutoreplyInfo>,
}

/// Reply on follow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddFriendAutoreplyInfo {
    /// Kind discriminator.
    pub r#type: String,
    /// Text / HTML content.
    pub content: String,
}

/// Default reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageDefaultAutoreplyInfo {
    /// Kind discriminator.
    pub r#type: String,
    /// Text / HTML content.
    pub content: String,
}

/// Keyword replies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordAutoreplyInfo {
    /// Result rows.
    pub list: Vec<List>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// Rule name.
    pub rule_name: String,
    /// Reply_all | random_one.
    pub reply_mode: String,
    /// Unix seconds.
    pub create_time: i64,
    /// Keywords.
    pub keyword_list_info: Vec<KeywordListInfo>,
    /// Replies.
    pub reply_list_info: Vec<ReplyListInfo>,
}

/// Keywords.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordListInfo {
    /// Contain | equal.
    pub match_mode: String,
    /// Kind discriminator.
    pub r#type: String,
    /// Text / HTML content.
    pub content: String,
}

/// Replies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplyListInfo {
    /// Kind discriminator.
    pub r#type: String,
    /// Text / HTML content.
    pub content: String,
    /// Article list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_info: Option<NewsInfo>,
}

/// Article list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsInfo {
    /// Result rows.
    pub list: Vec<GetCurrentAutoreplyInfoList>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentAutoreplyInfoList {
    /// Title.
    pub title: String,
    /// Author, at most 16 characters.
    pub author: String,
    /// Summary, at most 128 characters; single-article messages only.
    pub digest: String,
    /// 1 shows the cover.
    #[serde(with = "wire::flag")]
    pub show_cover: bool,
    /// Cover image URL.
    pub cover_url: String,
    /// Article URL.
    pub content_url: String,
    /// Original link.
    pub source_url: String,
}

