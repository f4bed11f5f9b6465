//! Messages to followers who have written lately — 客服消息
//!
//! ```
//! use echostr_protocol::api::{self, Body, custom_message::{CustomMessage, Image, SendCustomMessage}};
//!
//! let request = SendCustomMessage::text("osZFAyPrKrJBb2E3", "菜谱在路上");
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! let expected = r#"{"touser":"osZFAyPrKrJBb2E3","msgtype":"text","text":{"content":"菜谱在路上"}}"#;
//! assert_eq!(json, expected.as_bytes());
//!
//! let image = Image { media_id: "bDy2Yp9xQ7mK4tV8nR3sL6wE1".into() };
//! let request = SendCustomMessage::new("osZFAyPrKrJBb2E3", CustomMessage::Image { image });
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{AppId, MediaId, OpenId};

endpoints! {
    Post "/cgi-bin/message/custom/send" SendCustomMessage -> Empty, "发送客服消息";
    Post "/cgi-bin/message/custom/typing" Typing -> Empty, "客服输入状态";
}

/// Sends a follower a message — 发送客服消息. For verified accounts.
///
/// A follower who writes may be sent 5 messages within 48 hours; one who taps a menu button (`click`, `scancode_push`,
/// `scancode_waitmsg`), follows, or scans a code may be sent 3 within 1 minute. A tap on an entry of a [`MsgMenu`] counts as one
/// on a button. Each time it begins anew.
///
/// # Errors
/// - 45015: too late, or the follower is gone; wait until the follower does something.
/// - 45047: as many as may be were sent; wait likewise.
/// - 43004: nobody who follows the account. 40003: the OpenID is wrong, or one of another account.
/// - 48002, 43019: the follower has muted the account, or is on its blacklist.
/// - 45002: the text is too long, see [`Text::content`]. 45008: more than one article.
/// - 45098, 45099: a [`MsgMenu`] has too many entries, or one that is too long.
/// - 40007: the media id has expired, or is none; upload the file again.
/// - 40013: the mini program is not linked to the account.
/// - 65401: there is no such desk account.
/// - 70000: stopped to protect a minor.
/// - 48001: the account may not send such messages.
#[doc(alias = "发送客服消息")]
#[doc(alias = "客服接口-发消息")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendCustomMessage {
    /// To whom.
    pub touser: OpenId,
    /// What.
    #[serde(flatten)]
    pub message: CustomMessage,
    /// In whose name; without it, the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customservice: Option<CustomService>,
    /// Whether a machine wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aimsgcontext: Option<AiMsgContext>,
    /// The merchant below this account (子商户) for which it is sent; other accounts leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub businessid: Option<String>,
}

impl SendCustomMessage {
    /// This message, in the account's own name.
    pub fn new(touser: impl Into<OpenId>, message: CustomMessage) -> Self {
        Self {
            touser: touser.into(),
            message,
            customservice: None,
            aimsgcontext: None,
            businessid: None,
        }
    }

    /// A text.
    pub fn text(touser: impl Into<OpenId>, content: impl Into<String>) -> Self {
        let text = Text {
            content: content.into(),
        };
        Self::new(touser, CustomMessage::Text { text })
    }
}

/// What is sent, by its `msgtype`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "msgtype", rename_all = "lowercase")]
#[non_exhaustive]
pub enum CustomMessage {
    /// 文本
    Text {
        /// The text.
        text: Text,
    },
    /// 图片
    Image {
        /// The picture.
        image: Image,
    },
    /// 语音
    Voice {
        /// The voice.
        voice: Voice,
    },
    /// 视频
    Video {
        /// The video.
        video: Video,
    },
    /// 音乐
    Music {
        /// The piece of music.
        music: Music,
    },
    /// A card that opens a web page, 图文消息（点击跳转到外链）.
    News {
        /// The card.
        news: News,
    },
    /// Articles by their material, 图文消息（点击跳转到图文消息页面）. [`MpNewsArticle`](Self::MpNewsArticle) takes its place.
    MpNews {
        /// The material.
        mpnews: MpNews,
    },
    /// A published article, 图文消息（点击跳转到图文消息页面）.
    MpNewsArticle {
        /// The article.
        mpnewsarticle: MpNewsArticle,
    },
    /// Answers to choose from, 菜单消息. Not for test accounts.
    MsgMenu {
        /// The answers.
        msgmenu: MsgMenu,
    },
    /// A coupon, 卡券.
    WxCard {
        /// The coupon.
        wxcard: WxCard,
    },
    /// A mini program, 小程序卡片.
    MiniProgramPage {
        /// Its page.
        miniprogrampage: MiniProgramPage,
    },
    /// A link, 图文链接: for the customer service of mini programs only.
    Link {
        /// The link.
        link: Link,
    },
}

/// A text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// At most [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES) in UTF-8; [`split`](crate::split) cuts what is longer. Of HTML it may
    /// hold `<a href="…">`, with `data-miniprogram-appid` and `data-miniprogram-path` for a link to a mini program.
    pub content: String,
}

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Temporary or permanent.
    pub media_id: MediaId,
}

/// A voice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Temporary or permanent.
    pub media_id: MediaId,
}

/// A video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Temporary or permanent.
    pub media_id: MediaId,
    /// The picture that is shown before it plays (缩略图).
    pub thumb_media_id: MediaId,
    /// Shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Shown below the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A piece of music.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Music {
    /// The picture beside it (缩略图).
    pub thumb_media_id: MediaId,
    /// Where it is.
    pub musicurl: String,
    /// Where it is in better quality, for those with Wi-Fi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hqmusicurl: Option<String>,
    /// Shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Shown below the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A card that opens a web page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Exactly one.
    pub articles: Vec<Article>,
}

/// What a card shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Its title.
    pub title: String,
    /// Shown below the title.
    pub description: String,
    /// The web page that it opens.
    pub url: String,
    /// The address of its picture, JPG or PNG.
    pub picurl: String,
}

/// Articles by their material.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MpNews {
    /// A draft, or an old material of articles.
    pub media_id: MediaId,
}

/// A published article.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MpNewsArticle {
    /// What publishing (发布) answered.
    pub article_id: String,
}

/// Answers to choose from. A tap sends the answer's text as a message of the follower.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MsgMenu {
    /// The line above the answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_content: Option<String>,
    /// The answers.
    pub list: Vec<MsgMenuItem>,
    /// The line below them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail_content: Option<String>,
}

/// An answer to choose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MsgMenuItem {
    /// Comes back with the message: [`menu_id`](crate::message::Text::menu_id).
    pub id: String,
    /// What the follower says by it.
    pub content: String,
}

/// A coupon.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WxCard {
    /// Of a card whose codes WeChat makes (非自定义 code).
    pub card_id: String,
}

/// A page of a mini program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MiniProgramPage {
    /// The picture of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumb_media_id: Option<MediaId>,
    /// The title of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The mini program; it is linked to the account.
    pub appid: AppId,
    /// Its page, with a query if it needs one: `pages/index?id=1`.
    pub pagepath: String,
}

/// A link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its title.
    pub title: String,
    /// Shown below the title.
    pub description: String,
    /// The web page that it opens.
    pub url: String,
    /// The address of its picture.
    pub thumb_url: String,
}

/// In whose name a message is sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomService {
    /// A desk account (客服账号), whose name and picture are shown: `desk1@gh_shop`.
    pub kf_account: String,
}

/// Whether a machine wrote a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AiMsgContext {
    /// Whether it is marked as made by AI (内容由 AI 生成).
    #[serde(default, with = "wire::flag")]
    pub is_ai_msg: bool,
}

/// Shows a follower that somebody is typing — 客服输入状态. It ends with the next message.
///
/// # Errors
/// - 45080: no message went to or came from the follower within the last 30 seconds.
/// - 45081: it is shown already.
/// - 45072: there is no such command. 40200: the account is not of a kind that may do this.
#[doc(alias = "客服输入状态")]
#[doc(alias = "正在输入")]
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
