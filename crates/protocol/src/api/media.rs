//! Temporary media — 临时素材
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/material/temporary/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File};
use crate::{MediaId};

endpoints! {
    Post "/cgi-bin/media/upload" UploadTempMedia -> UploadTempMediaResponse, "上传临时素材", form(), query(&["type"]);
    Get "/cgi-bin/media/get" GetMedia -> GetMediaResponse, "获取临时素材", file();
    Get "/cgi-bin/media/get/jssdk" GetHdVoice -> Empty, "获取高清语音素材", file();
}

/// Upload temp media — 上传临时素材.
///
/// Kept 3 days. image 10 MB (png, jpg, gif), voice 2 MB and 60 s (amr, mp3), video 10 MB (mp4), thumb 64 KB (jpg). For type=thumb the reply carries thumb_media_id instead of media_id. 40004 bad type, 40005-40012 bad file.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia.html> (read 2026-11-22)
#[doc(alias = "上传临时素材")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadTempMedia {
    /// Image | voice | video | thumb.
    pub r#type: String,
    /// File part; must carry a filename and content type.
    pub media: File,
}

/// What [`UploadTempMedia`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadTempMediaResponse {
    /// Kind discriminator.
    pub r#type: String,
    /// Media id.
    pub media_id: MediaId,
    /// Unix seconds.
    pub created_at: i64,
    /// Instead of media_id when type is thumb.
    pub thumb_media_id: MediaId,
}

/// Get media — 获取临时素材.
///
/// Success is the raw file (Content-Disposition names it); video answers JSON with video_url; failure is JSON with HTTP 200: decide by Content-Type. 40007 bad id.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/temporary/api_getmedia.html> (read 2026-11-22)
#[doc(alias = "获取临时素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMedia {
    /// Temporary media id.
    pub media_id: MediaId,
}

/// What [`GetMedia`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMediaResponse {
    /// JSON body, video only: download link.
    pub video_url: String,
}

/// Get hd voice — 获取高清语音素材.
///
/// High-quality voice recorded through JS-SDK, speex 16 kHz; JSON on failure.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/temporary/api_gethdvoice.html> (read 2026-11-22)
#[doc(alias = "获取高清语音素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetHdVoice {
    /// Id from JS-SDK uploadVoice.
    pub media_id: MediaId,
}

