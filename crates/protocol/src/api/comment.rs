//! Comments on articles — 留言管理
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/leaving/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{OpenId};

endpoints! {
    Post "/cgi-bin/comment/open" OpenArticleComment -> Empty, "打开文章评论";
    Post "/cgi-bin/comment/close" CloseComment -> Empty, "关闭文章评论";
    Post "/cgi-bin/comment/list" ListComment -> ListCommentResponse, "查看文章评论";
    Post "/cgi-bin/comment/markelect" ElectComment -> Empty, "评论标记精选";
    Post "/cgi-bin/comment/unmarkelect" UnelectComment -> Empty, "评论取消精选";
    Post "/cgi-bin/comment/delete" DelComment -> Empty, "删除评论";
    Post "/cgi-bin/comment/reply/add" ReplyComment -> Empty, "回复评论";
    Post "/cgi-bin/comment/reply/delete" DelReplyComment -> Empty, "删除评论回复";
}

/// Open article comment — 打开文章评论.
///
/// Needs the comment right (88000). 88001 unknown message.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_openarticlecomment.html> (read 2026-11-22)
#[doc(alias = "打开文章评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenArticleComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// Close comment — 关闭文章评论.
///
/// Needs the comment right (88000). 88001 unknown message.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_closecomment.html> (read 2026-11-22)
#[doc(alias = "关闭文章评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CloseComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// List comment — 查看文章评论.
///
/// Needs the comment right (88000). 88001 unknown message. count below 50 (88010). 88009 no such begin.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_listcomment.html> (read 2026-11-22)
#[doc(alias = "查看文章评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ListComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Offset, from 0.
    pub begin: i64,
    /// Number of items.
    pub count: i64,
    /// 0 all, 1 ordinary, 2 featured.
    pub r#type: i64,
}

/// What [`ListComment`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListCommentResponse {
    /// Comments.
    pub comment: Vec<Comment>,
    /// Total number.
    pub total: i64,
}

/// Comments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// Comment id.
    pub user_comment_id: i64,
    /// Absent for comments made without a WeChat identity.
    pub openid: OpenId,
    /// Text / HTML content.
    pub content: String,
    /// 0 ordinary, 1 featured.
    #[serde(with = "wire::flag")]
    pub comment_type: bool,
    /// Author's reply; accept an array too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// Unix seconds.
    pub create_time: i64,
}

/// Author's reply; accept an array too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Text / HTML content.
    pub content: String,
    /// Unix seconds.
    pub create_time: i64,
}

/// Elect comment — 评论标记精选.
///
/// Needs the comment right (88000). 88001 unknown message. 88003 featured limit reached, 88004 deleted by the user, 88008 unknown comment.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_electcomment.html> (read 2026-11-22)
#[doc(alias = "评论标记精选")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ElectComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Comment id.
    pub user_comment_id: i64,
}

/// Unelect comment — 评论取消精选.
///
/// Needs the comment right (88000). 88001 unknown message. 88008.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_unelectcomment.html> (read 2026-11-22)
#[doc(alias = "评论取消精选")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnelectComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Comment id.
    pub user_comment_id: i64,
}

/// Del comment — 删除评论.
///
/// Needs the comment right (88000). 88001 unknown message. 88008.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_delcomment.html> (read 2026-11-22)
#[doc(alias = "删除评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Comment id.
    pub user_comment_id: i64,
}

/// Reply comment — 回复评论.
///
/// Needs the comment right (88000). 88001 unknown message. 88005 already replied, 88007 too long or empty, 88008.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_replycomment.html> (read 2026-11-22)
#[doc(alias = "回复评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplyComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Comment id.
    pub user_comment_id: i64,
    /// Text / HTML content.
    pub content: String,
}

/// Del reply comment — 删除评论回复.
///
/// Needs the comment right (88000). 88001 unknown message. 88008; 87009 no such reply.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/leaving/api_delreplycomment.html> (read 2026-11-22)
#[doc(alias = "删除评论回复")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelReplyComment {
    /// Data id of a mass/published news message; key for comments and analytics.
    pub msg_data_id: i64,
    /// Position in a multi-article message, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// Comment id.
    pub user_comment_id: i64,
}

