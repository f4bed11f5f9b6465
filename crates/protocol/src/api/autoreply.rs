//! The replies that are set up in the platform's console — 自动回复规则
//!
//! They are silent while a webhook is switched on. Who moves from them to this server reads them here.
//!
//! ```
//! use echostr_protocol::api::autoreply::{GetCurrentAutoreplyInfoResponse, MatchMode};
//!
//! let json = r#"{"keyword_autoreply_info":{"list":[{"rule_name":"价格",
//!     "keyword_list_info":[{"type":"text","match_mode":"contain","content":"多少钱"}],
//!     "reply_list_info":[{"type":"text","content":"99 元"}]}]}}"#;
//! let answer: GetCurrentAutoreplyInfoResponse = serde_json::from_str(json)?;
//! let rule = &answer.keyword_autoreply_info.expect("rules").list[0];
//! assert_eq!(rule.keyword_list_info[0].match_mode, MatchMode::Contain);
//! assert_eq!(rule.reply_list_info[0].content, "99 元");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/autoreplies/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::wire;

endpoints! {
    Get "/cgi-bin/get_current_autoreply_info" GetCurrentAutoreplyInfo -> GetCurrentAutoreplyInfoResponse, "获取公众号的自动回复规则";
}

/// The replies that are set up in the console, and only there — 获取公众号的自动回复规则.
#[doc(alias = "获取公众号的自动回复规则")]
#[doc(alias = "自动回复")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetCurrentAutoreplyInfo {}

/// What [`GetCurrentAutoreplyInfo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetCurrentAutoreplyInfoResponse {
    /// Whether new followers are welcomed.
    #[serde(with = "wire::flag")]
    pub is_add_friend_reply_open: bool,
    /// Whether messages are answered, by keyword or not.
    #[serde(with = "wire::flag")]
    pub is_autoreply_open: bool,
    /// The welcome (关注后自动回复); absent when none is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_friend_autoreply_info: Option<Autoreply>,
    /// The answer to what no keyword fits (消息自动回复); absent when none is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_default_autoreply_info: Option<Autoreply>,
    /// The answers by keyword (关键词自动回复); absent when none is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_autoreply_info: Option<KeywordAutoreplyInfo>,
}

/// A reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autoreply {
    /// What is sent.
    pub r#type: AutoreplyType,
    /// The text, or the media id of anything else, which works for 3 days.
    pub content: String,
    /// Of [`News`](AutoreplyType::News).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news_info: Option<NewsInfo>,
}

words! {
    /// What a reply sends.
    AutoreplyType {
        /// A text.
        Text = "text",
        /// A picture.
        Img = "img",
        /// A voice.
        Voice = "voice",
        /// A video.
        Video = "video",
        /// Articles; only for keywords.
        News = "news",
    }

    /// When a message fits a keyword.
    MatchMode {
        /// The keyword stands somewhere in it, 半匹配.
        Contain = "contain",
        /// It is the keyword, 全匹配.
        Equal = "equal",
    }

    /// Which replies of a rule are sent.
    ReplyMode {
        /// All.
        ReplyAll = "reply_all",
        /// One of them by chance.
        RandomOne = "random_one",
    }
}

/// The answers by keyword.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordAutoreplyInfo {
    /// The rules.
    pub list: Vec<KeywordRule>,
}

/// A rule: which keywords are answered with what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeywordRule {
    /// What the operator calls it.
    pub rule_name: String,
    /// Which of the replies are sent.
    pub reply_mode: ReplyMode,
    /// When it was set up, in Unix seconds.
    pub create_time: i64,
    /// One of them has to fit.
    pub keyword_list_info: Vec<Keyword>,
    /// What is sent.
    pub reply_list_info: Vec<Autoreply>,
}

/// A keyword.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keyword {
    /// When a message fits.
    pub match_mode: MatchMode,
    /// `text`; there is no other.
    pub r#type: String,
    /// The keyword itself.
    pub content: String,
}

/// The articles of a reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsInfo {
    /// From top to bottom.
    pub list: Vec<NewsArticle>,
}

/// An article of a reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsArticle {
    /// Its title.
    pub title: String,
    /// Its author.
    pub author: String,
    /// Its summary (摘要).
    pub digest: String,
    /// Whether the cover is shown above the text.
    #[serde(with = "wire::flag")]
    pub show_cover: bool,
    /// The address of its cover; empty when it has none.
    pub cover_url: String,
    /// Its address.
    pub content_url: String,
    /// Where "read the original" (阅读原文) leads; empty when it leads nowhere.
    pub source_url: String,
}
