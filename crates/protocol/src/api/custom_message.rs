//! Customer-service messages — 客服消息
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{AppId, MediaId, OpenId};

endpoints! {
    Post "/cgi-bin/message/custom/send" SendCustomMessage -> Empty, "发送客服消息";
    Post "/cgi-bin/message/custom/typing" Typing -> Empty, "客服输入状态";
}

/// Send custom message — 发送客服消息.
///
/// Only inside the reply window: 5 messages in 48 h after a user message; 3 in 1 min after a menu click (click, scancode_push, scancode_waitmsg), follow or scan. Errors: 45015 window closed, 45047 quota used, 43004 not following, 40003 bad OpenID, 45008 more than one news article, 48002 user muted, 43019 blocked, 40013, 70000 minor protection. mpnews is being replaced by mpnewsarticle. Text supports `<a data-miniprogram-appid>` links. One branch object per msgtype; no response data.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage.html> (read 2026-11-22)
#[doc(alias = "发送客服消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendCustomMessage {
    /// Recipient OpenID(s).
    pub touser: OpenId,
    /// Text|image|voice|video|music|news|mpnews|mpnewsarticle|msgmenu|wxcard|miniprogrampage (link is for mini programs).
    pub msgtype: String,
    /// Text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// News card that opens an external link (one article).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news: Option<New>,
    /// Published article by article_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpnewsarticle: Option<Mpnewsarticle>,
    /// Link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Image message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Voice message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// Video message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<Video>,
    /// Music message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<Music>,
    /// Card message; no longer accepted for mass sending (45113).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxcard: Option<Wxcard>,
    /// Menu message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msgmenu: Option<Msgmenu>,
    /// Mini-program card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniprogrampage: Option<Miniprogrampage>,
    /// Send in the name of an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customservice: Option<Customservice>,
    /// News by media_id; being retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpnews: Option<Mpnew>,
    /// Marks AI-generated content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aimsgcontext: Option<Aimsgcontext>,
    /// Sub-merchant id; ordinary accounts leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub businessid: Option<String>,
}

/// Text message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Text, at most 2048 bytes.
    pub content: String,
}

/// News card that opens an external link (one article).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct New {
    /// Articles.
    pub articles: Vec<Article>,
}

/// Articles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Target or resource URL.
    pub url: String,
    /// Picture URL.
    pub picurl: String,
}

/// Published article by article_id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mpnewsarticle {
    /// Id of a published article.
    pub article_id: String,
}

/// Link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Target or resource URL.
    pub url: String,
    /// Cover image URL.
    pub thumb_url: String,
}

/// Image message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Voice message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Video message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Cover image media id (permanent for drafts).
    pub thumb_media_id: MediaId,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Music message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Music {
    /// Cover image media id (permanent for drafts).
    pub thumb_media_id: MediaId,
    /// Music URL.
    pub musicurl: String,
    /// High-quality music URL, preferred on Wi-Fi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hqmusicurl: Option<String>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Card message; no longer accepted for mass sending (45113).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wxcard {
    /// Card template id.
    pub card_id: String,
}

/// Menu message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Msgmenu {
    /// Text above the menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_content: Option<String>,
    /// Result rows.
    pub list: Vec<List>,
    /// Text below the menu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail_content: Option<String>,
}

/// Result rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// Echoed as bizmsgmenuid in the reply.
    pub id: String,
    /// Text / HTML content.
    pub content: String,
}

/// Mini-program card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Miniprogrampage {
    /// Cover image media id (permanent for drafts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumb_media_id: Option<MediaId>,
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// AppID.
    pub appid: AppId,
    /// Mini-program page path.
    pub pagepath: String,
}

/// Send in the name of an agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Customservice {
    /// Agent account.
    pub kf_account: String,
}

/// News by media_id; being retired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mpnew {
    /// Media id of the news.
    pub media_id: MediaId,
}

/// Marks AI-generated content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Aimsgcontext {
    /// 1 shows an "AI generated" mark.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub is_ai_msg: Option<bool>,
}

/// Typing — 客服输入状态.
///
/// Needs interaction within the last 30 s (45080); 45081 already typing, 45072 bad command, 40200 wrong account type.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing.html> (read 2026-11-22)
#[doc(alias = "客服输入状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Typing {
    /// Who sees it.
    pub touser: OpenId,
    /// Whether it begins or ends.
    pub command: TypingCommand,
}

words! {
    /// Whether somebody is typing.
    TypingCommand {
        /// It is shown, for 15 seconds at most.
        Typing = "Typing",
        /// It is not shown any more.
        CancelTyping = "CancelTyping",
    }
}

