//! Mass messages — 群发消息: one message to all followers, to a tag, or to a list.
//!
//! ```
//! use echostr_protocol::api::{self, Body, mass_message::{Content, Filter, Media, SendAll}};
//!
//! let request = SendAll {
//!     filter: Filter { is_to_all: false, tag_id: Some(108) },
//!     content: Content::Mpnews { mpnews: Media { media_id: "bDy2Yp9xQ7mK4tV8nR3sL6wE1".into() } },
//!     send_ignore_reprint: None,
//!     clientmsgid: Some("weekly-2026-47".into()),
//! };
//! let Body::Json(json) = api::encode(&request).body else { panic!("a JSON body") };
//! assert!(String::from_utf8_lossy(&json).contains(r#""msgtype":"mpnews","mpnews":{"media_id":"#));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{MediaId, OpenId};

endpoints! {
    Post "/cgi-bin/message/mass/sendall" SendAll -> MassJob, "根据标签群发消息";
    Post "/cgi-bin/message/mass/send" MassSend -> MassJob, "根据OpenID群发消息";
    Post "/cgi-bin/message/mass/preview" Preview -> Empty, "预览消息";
    Post "/cgi-bin/message/mass/delete" DeleteMassMsg -> Empty, "删除群发消息";
    Post "/cgi-bin/message/mass/get" MassMsgGet -> MassMsgGetResponse, "查询群发消息发送状态";
    Post "/cgi-bin/media/uploadvideo" UploadVideo -> UploadVideoResponse, "上传群发视频素材";
    Post "/cgi-bin/message/mass/speed/get" GetSpeed -> GetSpeedResponse, "获取群发速度", no_body();
    Post "/cgi-bin/message/mass/speed/set" SetSpeed -> Empty, "设置群发速度";
}

/// Sends a message to all followers, or to those with a tag — 根据标签群发消息. Verified accounts, 60 calls a minute.
///
/// A success means that it waits to be sent; how it went comes later as the event `MASSSENDJOBFINISH`. A follower of a service
/// account gets at most four in a calendar month, no matter how many are sent. Where the account protects mass sending
/// (API群发保护), an administrator confirms it within 30 minutes, or it is not sent.
///
/// # Errors
/// - 40007, 40008: the media id or `msgtype` is wrong.
/// - 40152: there is no such tag.
/// - 42010: the same call came too soon after another; wait.
/// - 45028: the quota of the day or month is used up.
/// - 45062: an article carries an advertisement that was agreed upon; send it on the website.
/// - 45065: this `clientmsgid` was used already; [`MassJob::msg_id`] stands beside the error.
/// - 45066: this `clientmsgid` came less than a minute ago; wait.
/// - 45067: `clientmsgid` is too long.
/// - 45113: goods and cards cannot be sent any more.
/// - 48021: the editor saved this draft by itself; save it on the website first.
/// - 48022: a video that was uploaded by the API cannot be sent by it.
/// - 89504, 89505: the administrator has not confirmed it yet; wait.
#[doc(alias = "根据标签群发消息")]
#[doc(alias = "根据标签进行群发")]
#[doc(alias = "群发消息")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendAll {
    /// To whom.
    pub filter: Filter,
    /// What.
    #[serde(flatten)]
    pub content: Content,
    /// Whether to go on when the platform finds that an article is a reprint, and reprints are allowed. `None`: no.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub send_ignore_reprint: Option<bool>,
    /// Any text that is unique for this message: it is sent once in 24 hours, however often it is asked for. At most 32 bytes; older
    /// pages say 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clientmsgid: Option<String>,
}

/// Which followers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// All of them. The message also appears in the account's history.
    #[serde(default)]
    pub is_to_all: bool,
    /// Those with this tag, when not all.
    #[serde(
        default,
        with = "wire::int::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub tag_id: Option<i64>,
}

/// What is sent, by `msgtype`. Media ids are those of permanent material, see [`AddMaterial`](super::material::AddMaterial).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "msgtype", rename_all = "lowercase")]
pub enum Content {
    /// A text (文本).
    Text {
        /// The text.
        text: Text,
    },
    /// Articles (图文消息), by the media id of a draft, which is none any more when it was sent; see [`DraftAdd`](super::draft::DraftAdd).
    Mpnews {
        /// The draft.
        mpnews: Media,
    },
    /// Pictures (图片).
    Image(Pictures),
    /// A voice (语音).
    Voice {
        /// The voice.
        voice: Media,
    },
    /// A video (视频).
    Mpvideo {
        /// The video.
        mpvideo: Video,
    },
    /// A coupon (卡券). Error 45113 but for [`Preview`].
    Wxcard {
        /// The coupon.
        wxcard: Card,
    },
    /// Music (音乐). Only for [`Preview`].
    Music {
        /// The music.
        music: Media,
    },
}

/// A text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text itself.
    pub content: String,
}

/// Something that was uploaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// Its id.
    pub media_id: MediaId,
}

/// One picture or several: `msgtype` is `image` for both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pictures {
    /// One or more, for [`SendAll`] and [`MassSend`].
    Several {
        /// The pictures.
        images: Images,
    },
    /// One, for [`Preview`].
    One {
        /// The picture.
        image: Media,
    },
}

/// One or more pictures, and what stands with them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Images {
    /// The pictures, in their order.
    pub media_ids: Vec<MediaId>,
    /// The title of the post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Words of recommendation (推荐语). `None`: the platform's own (分享图片).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommend: Option<String>,
    /// Whether it can be commented on. `None`: no.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub need_open_comment: Option<bool>,
    /// Whether only followers can comment. `None`: everybody can.
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub only_fans_can_comment: Option<bool>,
}

/// A video, and what stands with it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Its id.
    pub media_id: MediaId,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A coupon.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its kind, not the single coupon.
    pub card_id: String,
    /// JSON in a text: `code`, `openid`, `timestamp` and `signature` of the single coupon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_ext: Option<String>,
}

/// What [`SendAll`] and [`MassSend`] answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MassJob {
    /// For [`MassMsgGet`] and [`DeleteMassMsg`]; comes again as `MsgID` of the event `MASSSENDJOBFINISH`.
    #[serde(with = "wire::int")]
    pub msg_id: i64,
    /// Only for articles: with `_1` for the first of them behind, it is the `msgid` of their statistics and `MsgDataId` of messages sent
    /// from them.
    #[serde(with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub msg_data_id: Option<i64>,
}

/// Sends a message to some followers — 根据OpenID群发消息. Verified service accounts; otherwise as [`SendAll`].
///
/// # Errors
/// Those of [`SendAll`], and
/// - 40130: `touser` has fewer than two.
/// - 40031, 40032: `touser` has somebody who is no follower, or too many.
#[doc(alias = "根据OpenID群发消息")]
#[doc(alias = "根据OpenID列表群发消息")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MassSend {
    /// 2 to 10 000 followers.
    pub touser: Vec<OpenId>,
    /// What.
    #[serde(flatten)]
    pub content: Content,
    /// As [`SendAll::send_ignore_reprint`].
    #[serde(
        default,
        with = "wire::flag::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub send_ignore_reprint: Option<bool>,
    /// As [`SendAll::clientmsgid`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clientmsgid: Option<String>,
}

/// Shows a mass message to one person before it is sent — 预览消息.
///
/// # Errors
/// - 40003: the OpenID or WeChat id is wrong, or they do not follow the account.
/// - 40007, 40008: the media id or `msgtype` is wrong.
#[doc(alias = "预览消息")]
#[doc(alias = "预览群发消息")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// A follower; this or `towxname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touser: Option<OpenId>,
    /// A follower by their WeChat id (微信号), 100 times a day. Where both are given, this counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towxname: Option<String>,
    /// What.
    #[serde(flatten)]
    pub content: Content,
}

/// Takes a mass message back — 删除群发消息. Only articles and videos, and only when they were sent.
///
/// The pages of the articles are gone; the cards that followers have stay. What was sent several times is gone from all of them.
///
/// # Errors
/// - 40059: `msg_id` is wrong.
/// - 40060: `article_idx` is wrong.
/// - 40065: the article is in a state in which it cannot be deleted.
/// - 40204: the platform keeps this article.
#[doc(alias = "删除群发消息")]
#[doc(alias = "删除群发")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteMassMsg {
    /// [`MassJob::msg_id`]; this or `url`.
    #[serde(
        default,
        with = "wire::int::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub msg_id: Option<i64>,
    /// Which of the articles, from 1. `None` or 0: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_idx: Option<i64>,
    /// The address of an article. Where both are given, `msg_id` counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How far a mass message is — 查询群发消息发送状态. How many got it only the event `MASSSENDJOBFINISH` says.
///
/// # Errors
/// - 40059: `msg_id` is wrong.
#[doc(alias = "查询群发消息发送状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MassMsgGet {
    /// [`MassJob::msg_id`].
    #[serde(with = "wire::int")]
    pub msg_id: i64,
}

/// What [`MassMsgGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MassMsgGetResponse {
    /// That of the request.
    #[serde(with = "wire::int")]
    pub msg_id: i64,
    /// How far it is.
    pub msg_status: MsgStatus,
}

words! {
    /// How far a mass message is.
    MsgStatus {
        /// It was sent.
        SendSuccess = "SEND_SUCCESS",
        /// It is being sent.
        Sending = "SENDING",
        /// It was not sent.
        SendFail = "SEND_FAIL",
        /// It was taken back.
        Delete = "DELETE",
    }
}

/// Makes a video that can be sent to many of one that was uploaded — 上传群发视频素材, for [`Content::Mpvideo`] and [`MassSend`].
///
/// It is no longer in the platform's documents, where the media id of permanent material takes its place; accounts that may do
/// it still can.
///
/// # Errors
/// - 40007: the media id is wrong, or older than three days.
/// - 48022: a video that was uploaded by the API cannot be sent by it.
#[doc(alias = "上传群发视频素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UploadVideo {
    /// Of [`UploadTempMedia`](super::media::UploadTempMedia).
    pub media_id: MediaId,
    /// Shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Shown below the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What [`UploadVideo`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadVideoResponse {
    /// `video`.
    pub r#type: String,
    /// What is sent; another one than that of the request.
    pub media_id: MediaId,
    /// Unix seconds.
    pub created_at: i64,
}

/// How fast mass messages are sent — 获取群发速度.
#[doc(alias = "获取群发速度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetSpeed {}

/// What [`GetSpeed`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetSpeedResponse {
    /// As [`SetSpeed::speed`].
    pub speed: i64,
    /// Ten thousand followers a minute (万/分钟). The page's example has 15 where its table has 30.
    pub realspeed: i64,
}

/// Sets how fast mass messages are sent — 设置群发速度, so that the website behind the articles is not overrun.
///
/// # Errors
/// - 45083: `speed` is not 0 to 4.
/// - 45084: there is no `speed`.
#[doc(alias = "设置群发速度")]
#[doc(alias = "控制群发速度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetSpeed {
    /// 0: 800 000 followers a minute, 1: 600 000, 2: 450 000, 3: 300 000, 4: 100 000.
    pub speed: i64,
}
