//! Temporary media — 临时素材: what followers send, and what is sent to them; kept for three days.
//!
//! ```
//! use echostr_protocol::api::{self, Body, File, media::{MediaType, UploadTempMedia}};
//!
//! let photo = File { name: "fish.jpg".into(), content_type: "image/jpeg".into(), bytes: [0xFF, 0xD8, 0xFF].into() };
//! let request = UploadTempMedia { r#type: MediaType::Image, media: photo };
//! let encoded = api::encode(&request);
//! assert_eq!(encoded.query, [("type".to_owned(), "image".to_owned())]);
//! assert!(matches!(encoded.body, Body::Form(_)));
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/material/temporary/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File};
use crate::MediaId;

endpoints! {
    Post "/cgi-bin/media/upload" UploadTempMedia -> UploadTempMediaResponse, "新增临时素材", form(), query(&["type"]);
    Get "/cgi-bin/media/get" GetMedia -> GetMediaResponse, "获取临时素材", file();
    Get "/cgi-bin/media/get/jssdk" GetHdVoice -> Empty, "获取高清语音素材", file();
}

/// Uploads a file for replies and customer-service messages — 新增临时素材. Its id is good for three days, as often as it is used.
///
/// # Errors
/// - 40004: `type` is wrong.
/// - 40005: the platform does not take such a file for this `type`; see [`MediaType`].
/// - 40006, 40009, 40010, 40011, 40012: the file, picture, voice, video or thumbnail is too big.
/// - 41005: the file is missing.
#[doc(alias = "新增临时素材")]
#[doc(alias = "上传临时素材")]
#[doc(alias = "上传图片")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadTempMedia {
    /// What it is.
    pub r#type: MediaType,
    /// The file.
    pub media: File,
}

words! {
    /// What a file is. The limits are those of [`UploadTempMedia`].
    MediaType {
        /// A picture (图片): PNG, JPEG or GIF, at most 10 MB. Another place of the same page says 2 MB.
        Image = "image",
        /// A voice (语音): AMR or MP3, at most 2 MB and 60 seconds.
        Voice = "voice",
        /// A video (视频): MP4, at most 10 MB.
        Video = "video",
        /// The picture of a video or of music (缩略图): JPEG, at most 64 KB.
        Thumb = "thumb",
    }
}

/// What [`UploadTempMedia`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadTempMediaResponse {
    /// That of the request.
    pub r#type: MediaType,
    /// The id, but for a thumbnail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// The id of a thumbnail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumb_media_id: Option<MediaId>,
    /// Unix seconds; the three days begin here.
    pub created_at: i64,
}

/// Downloads what a follower has sent, or what was uploaded — 获取临时素材.
///
/// A video is answered with an address, everything else with the file itself.
///
/// # Errors
/// - 40007: the id is wrong, or older than three days.
#[doc(alias = "获取临时素材")]
#[doc(alias = "下载图片")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMedia {
    /// From [`UploadTempMedia`], or a message's `MediaId`.
    pub media_id: MediaId,
}

/// What [`GetMedia`] answers for a video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMediaResponse {
    /// Where the video can be downloaded.
    pub video_url: String,
}

/// Downloads a voice that was recorded on a web page — 获取高清语音素材, as Speex at 16 kHz. [`GetMedia`] has it as AMR at 8 kHz.
///
/// # Errors
/// - 40007: the id is wrong, or older than three days.
#[doc(alias = "获取高清语音素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetHdVoice {
    /// The `serverId` of the JS-SDK's `uploadVoice`.
    pub media_id: MediaId,
}
