//! Comments on articles — 留言管理
//!
//! An article is known by `msg_data_id`, which came with the answer to the mass message or publication, and by `index`, its position in
//! that message **from 0**. A comment (评论, on the website 留言) is known by `user_comment_id` beside these two.
//!
//! ```
//! use echostr_protocol::api::{self, Body, comment::ReplyComment};
//!
//! let request = ReplyComment {
//!     msg_data_id: 2_247_483_701,
//!     index: Some(0),
//!     user_comment_id: 5,
//!     content: "周日也开门。".into(),
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(String::from_utf8(json)?.ends_with(r#""user_comment_id":5,"content":"周日也开门。"}"#));
//! # Ok::<(), std::string::FromUtf8Error>(())
//! ```
//!
//! Every call fails with 88000 when the account has no comments (留言功能), and with 88001 when there is no such message.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/leaving/> (read 2026-11-22)

use serde::{Deserialize, Deserializer, Serialize};

use super::{Empty, wire};
use crate::OpenId;

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

/// Lets readers comment on an article — 打开文章评论.
#[doc(alias = "打开文章评论")]
#[doc(alias = "打开已群发文章评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenArticleComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// Takes comments on an article away — 关闭文章评论.
#[doc(alias = "关闭文章评论")]
#[doc(alias = "关闭已群发文章评论")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CloseComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
}

/// The comments on an article — 查看文章评论.
///
/// # Errors
/// - 88009: there are not so many comments that `begin` could be passed over.
/// - 88010: `count` is out of its range.
#[doc(alias = "查看文章评论")]
#[doc(alias = "查看指定文章的评论数据")]
#[doc(alias = "留言列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ListComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// How many to pass over.
    pub begin: i64,
    /// 1 to 49. The text of error 88010 allows 50, the page does not.
    pub count: i64,
    /// 0 all, 1 ordinary ones only, 2 featured ones (精选) only.
    pub r#type: i64,
}

/// What [`ListComment`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListCommentResponse {
    /// Those that were asked for.
    pub comment: Vec<Comment>,
    /// How many there are in all, of any type.
    pub total: i64,
}

/// A reader's comment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// By which it is featured, answered and deleted.
    pub user_comment_id: i64,
    /// Absent when the reader had no WeChat identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openid: Option<OpenId>,
    /// What the reader wrote.
    pub content: String,
    /// Whether it is featured (精选). `comment_type` on the wire, where it is 0 or 1.
    #[serde(rename = "comment_type", with = "wire::flag")]
    pub is_elected: bool,
    /// The account's reply. A list, too, is understood; its first is taken.
    #[serde(deserialize_with = "reply", skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// Unix seconds.
    pub create_time: i64,
}

/// The account's reply to a comment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// What readers see under the comment.
    pub content: String,
    /// Unix seconds.
    pub create_time: i64,
}

/// Features a comment — 评论标记精选: all readers see it.
///
/// # Errors
/// - 88003: no more comments on this article can be featured.
/// - 88004: its author has deleted it.
/// - 88008: there is no such comment.
#[doc(alias = "评论标记精选")]
#[doc(alias = "精选留言")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ElectComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// From [`Comment::user_comment_id`].
    pub user_comment_id: i64,
}

/// Features a comment no more — 评论取消精选.
///
/// # Errors
/// - 88008: there is no such comment.
#[doc(alias = "评论取消精选")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnelectComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// From [`Comment::user_comment_id`].
    pub user_comment_id: i64,
}

/// Deletes a comment — 删除评论.
///
/// # Errors
/// - 88008: there is no such comment.
#[doc(alias = "删除评论")]
#[doc(alias = "删除留言")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// From [`Comment::user_comment_id`].
    pub user_comment_id: i64,
}

/// Replies to a comment in the account's name — 回复评论. There is one reply to a comment.
///
/// # Errors
/// - 88005: there is a reply already; delete it first with [`DelReplyComment`].
/// - 88007: the reply is empty or too long.
/// - 88008: there is no such comment.
#[doc(alias = "回复评论")]
#[doc(alias = "回复留言")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplyComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// From [`Comment::user_comment_id`].
    pub user_comment_id: i64,
    /// What readers will see under the comment.
    pub content: String,
}

/// Deletes the account's reply to a comment — 删除评论回复.
///
/// # Errors
/// - 87009: there is no reply to this comment.
/// - 88008: there is no such comment.
#[doc(alias = "删除评论回复")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelReplyComment {
    /// The message with the article.
    pub msg_data_id: i64,
    /// The article in it, from 0; the first if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i64>,
    /// From [`Comment::user_comment_id`].
    pub user_comment_id: i64,
}

fn reply<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reply>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        // First: a struct can be read from a list, too.
        List(Vec<Reply>),
        One(Reply),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => None,
        Some(Wire::List(replies)) => replies.into_iter().next(),
        Some(Wire::One(reply)) => Some(reply),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let comment: Comment = serde_json::from_str(json).expect("a comment");
        assert_eq!(
            comment.reply.map(|reply| reply.content).as_deref(),
            expected
        );
    }

    #[test]
    fn a_reply_comes_alone_or_in_a_list() {
        check(r#"{"user_comment_id": 5}"#, None);
        check(r#"{"reply": null}"#, None);
        check(r#"{"reply": {"content": "谢谢"}}"#, Some("谢谢"));
        check(r#"{"reply": []}"#, None);
        check(r#"{"reply": [{"content": "谢谢"}]}"#, Some("谢谢"));
    }
}
