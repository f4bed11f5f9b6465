//! Mass messages — 群发消息
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, wire};
use crate::{MediaId, OpenId};

endpoints! {
    Post "/cgi-bin/message/mass/sendall" SendAll -> SendAllResponse, "根据标签群发消息";
    Post "/cgi-bin/message/mass/send" MassSend -> MassSendResponse, "根据OpenID列表群发消息";
    Post "/cgi-bin/message/mass/preview" Preview -> Empty, "预览群发消息";
    Post "/cgi-bin/message/mass/delete" DeleteMassMsg -> Empty, "删除群发消息";
    Post "/cgi-bin/message/mass/get" MassMsgGet -> MassMsgGetResponse, "查询群发消息发送状态";
    Post "/cgi-bin/message/mass/speed/get" GetSpeed -> GetSpeedResponse, "获取群发速度", no_body();
    Post "/cgi-bin/message/mass/speed/set" SetSpeed -> Empty, "设置群发速度";
}

/// Send all — 根据标签群发消息.
///
/// Success means queued, not sent; the outcome comes as MASSSENDJOBFINISH. 60 requests a minute. Followers of service accounts receive at most 4 a month. With API protection on, an administrator must confirm within 30 minutes. Errors: 40007/40008 media or type, 40152 unknown tag, 42010 too fast, 45028 period quota used, 45062 ad content, 45065 duplicate clientmsgid (the reply carries the earlier msg_id), 45066 retry after 1 min, 45067 key too long, 45113 cards no longer allowed, 48021/48022, 89504/89505 administrator confirmation pending or refused.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_sendall.html> (read 2026-11-22)
#[doc(alias = "根据标签群发消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendAll {
    /// Audience.
    pub filter: Filter,
    /// Mpnews|text|voice|image (branch object images)|mpvideo.
    pub msgtype: String,
    /// Text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// News message by media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpnews: Option<Mpnew>,
    /// Image message (one or more pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Image>,
    /// Voice message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// Video message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpvideo: Option<Mpvideo>,
    /// Card message; no longer accepted for mass sending (45113).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxcard: Option<Wxcard>,
    /// 1 goes on when the article is judged a reprint, 0 (default) stops.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub send_ignore_reprint: Option<bool>,
    /// Caller's idempotency key, de-duplicated for 24 h; 32 bytes in current docs, 64 in older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clientmsgid: Option<String>,
}

/// Audience.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// True sends to all followers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_to_all: Option<bool>,
    /// Audience tag when is_to_all is false.
    #[serde(default, with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub tag_id: Option<i64>,
}

/// Text message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Text / HTML content.
    pub content: String,
}

/// News message by media id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mpnew {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Image message (one or more pictures).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Image media ids.
    pub media_ids: Vec<String>,
    /// Recommendation text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommend: Option<String>,
    /// 1 opens comments, 0 does not.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub need_open_comment: Option<bool>,
    /// 1 followers only, 0 everyone.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub only_fans_can_comment: Option<bool>,
    /// Title of the picture post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Voice message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Video message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mpvideo {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
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
    /// Card extension, JSON string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_ext: Option<String>,
}

/// What [`SendAll`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SendAllResponse {
    /// Mass job id.
    pub msg_id: i64,
    /// News messages only.
    pub msg_data_id: i64,
}

/// Mass send — 根据OpenID列表群发消息.
///
/// Verified service accounts; 2-10000 OpenIDs (40130 fewer than two, 40031/40032 list). Errors: 40007/40008 media or type, 40152 unknown tag, 42010 too fast, 45028 period quota used, 45062 ad content, 45065 duplicate clientmsgid (the reply carries the earlier msg_id), 45066 retry after 1 min, 45067 key too long, 45113 cards no longer allowed, 48021/48022, 89504/89505 administrator confirmation pending or refused.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_masssend.html> (read 2026-11-22)
#[doc(alias = "根据OpenID列表群发消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MassSend {
    /// Recipient OpenID(s).
    pub touser: Vec<OpenId>,
    /// Mpnews|text|voice|image|mpvideo.
    pub msgtype: String,
    /// Text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// News message by media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpnews: Option<Mpnew>,
    /// Image message (one or more pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Image>,
    /// Voice message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// Video message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpvideo: Option<Mpvideo>,
    /// Card message; no longer accepted for mass sending (45113).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxcard: Option<Wxcard>,
    /// 1 goes on when the article is judged a reprint, 0 (default) stops.
    #[serde(default, with = "wire::flag::option", skip_serializing_if = "Option::is_none")]
    pub send_ignore_reprint: Option<bool>,
    /// Caller's idempotency key, de-duplicated for 24 h; 32 bytes in current docs, 64 in older ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clientmsgid: Option<String>,
}

/// What [`MassSend`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MassSendResponse {
    /// Mass job id.
    pub msg_id: i64,
    /// News messages only.
    pub msg_data_id: i64,
}

/// Preview — 预览群发消息.
///
/// Touser or towxname, the latter wins and is limited to 100 a day.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_preview.html> (read 2026-11-22)
#[doc(alias = "预览群发消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// Recipient OpenID(s).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touser: Option<OpenId>,
    /// WeChat id; wins over touser; 100 previews a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towxname: Option<String>,
    /// Message type discriminator; names the branch object that must be present.
    pub msgtype: String,
    /// Text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// News message by media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpnews: Option<Mpnew>,
    /// Image message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<PreviewImage>,
    /// Image message (one or more pictures).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Image>,
    /// Voice message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// Video message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mpvideo: Option<Mpvideo>,
    /// Card message; no longer accepted for mass sending (45113).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxcard: Option<Wxcard>,
    /// Music by media id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<Music>,
}

/// Image message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreviewImage {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Music by media id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Music {
    /// Media id.
    pub media_id: MediaId,
}

/// Delete mass msg — 删除群发消息.
///
/// Only finished API messages, only articles and videos; cards already received stay visible. Deleting shared content breaks every mass job that used it. 40059 bad msg_id, 40060 bad article_idx, 40065 state, 40204 not deletable.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_deletemassmsg.html> (read 2026-11-22)
#[doc(alias = "删除群发消息")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteMassMsg {
    /// Mass job id; this or url.
    #[serde(default, with = "wire::int::option", skip_serializing_if = "Option::is_none")]
    pub msg_id: Option<i64>,
    /// Article position from 1; 0 or absent deletes all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article_idx: Option<i64>,
    /// Article URL, used when msg_id is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Mass msg get — 查询群发消息发送状态.
///
/// Returns two fields only; counters come in the MASSSENDJOBFINISH event. 40059 bad id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_massmsgget.html> (read 2026-11-22)
#[doc(alias = "查询群发消息发送状态")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MassMsgGet {
    /// Mass job id.
    #[serde(with = "wire::int")]
    pub msg_id: i64,
}

/// What [`MassMsgGet`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MassMsgGetResponse {
    /// Mass job id.
    #[serde(with = "wire::int")]
    pub msg_id: i64,
    /// SEND_SUCCESS | SENDING | SEND_FAIL | DELETE.
    pub msg_status: String,
}

/// Get speed — 获取群发速度.
///
/// Documented as POST without body (one peer uses GET).
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_getspeed.html> (read 2026-11-22)
#[doc(alias = "获取群发速度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetSpeed {
}

/// What [`GetSpeed`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetSpeedResponse {
    /// Speed level 0-4 (80/60/45/30/10 x 10k per minute).
    pub speed: i64,
    /// Real speed, 10k messages a minute.
    pub realspeed: i64,
}

/// Set speed — 设置群发速度.
///
/// 45083 out of range, 45084 missing.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/notify/message/api_setspeed.html> (read 2026-11-22)
#[doc(alias = "设置群发速度")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetSpeed {
    /// Speed level 0-4 (80/60/45/30/10 x 10k per minute).
    pub speed: i64,
}

