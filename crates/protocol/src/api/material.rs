//! Permanent material — 永久素材
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

use super::{Empty, File, wire};
use crate::{MediaId};

endpoints! {
    Post "/cgi-bin/material/add_material" AddMaterial -> AddMaterialResponse, "上传永久素材", form(), query(&["type"]);
    Post "/cgi-bin/material/get_material" GetMaterial -> GetMaterialResponse, "获取永久素材", file();
    Post "/cgi-bin/material/del_material" DelMaterial -> Empty, "删除永久素材";
    Get "/cgi-bin/material/get_materialcount" GetMaterialCount -> GetMaterialCountResponse, "获取永久素材总数";
    Post "/cgi-bin/material/batchget_material" BatchGetMaterial -> BatchGetMaterialResponse, "获取永久素材列表";
    Post "/cgi-bin/media/uploadimg" UploadImage -> UploadImageResponse, "上传图文消息图片", form();
}

/// Add material — 上传永久素材.
///
/// Permanent. Library limits: 100000 images and news, 1000 of the rest. type=video needs the form field description, a JSON string with title and introduction. url only for images, usable on Tencent domains only. 45007/45001 sizes.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_addmaterial.html> (read 2026-11-22)
#[doc(alias = "上传永久素材")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddMaterial {
    /// Image | voice | video | thumb.
    pub r#type: String,
    /// File part; must carry a filename and content type.
    pub media: File,
    /// Video only: {"title","introduction"}.
    #[serde(default, with = "wire::json_text", skip_serializing_if = "Option::is_none")]
    pub description: Option<VideoDescription>,
}

/// Of a permanent video.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoDescription {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub introduction: String,
}

/// What [`AddMaterial`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddMaterialResponse {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Images only.
    pub url: String,
}

/// Get material — 获取永久素材.
///
/// News and video answer JSON, image, voice and thumb answer the raw file; decide by Content-Type. 40007 bad id. News items of permanent news are legacy since drafts.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_getmaterial.html> (read 2026-11-22)
#[doc(alias = "获取永久素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMaterial {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// What [`GetMaterial`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMaterialResponse {
    /// News only.
    pub news_item: Vec<NewsItem>,
    /// Video only.
    pub title: String,
    /// Video only.
    pub description: String,
    /// Video only: download link.
    pub down_url: String,
}

/// News only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsItem {
    /// Title.
    pub title: String,
    /// Cover image media id (permanent for drafts).
    pub thumb_media_id: MediaId,
    /// Cover image URL.
    pub thumb_url: String,
    /// Legacy flag: cover shown in the body.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
    /// Author, at most 16 characters.
    pub author: String,
    /// Summary, at most 128 characters; single-article messages only.
    pub digest: String,
    /// Text / HTML content.
    pub content: String,
    /// Target or resource URL.
    pub url: String,
    /// 'read original' link.
    pub content_source_url: String,
    /// 1 opens comments, 0 does not.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// 1 followers only, 0 everyone.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
}

/// Del material — 删除永久素材.
///
/// Not for temporary media. 48005 when an auto reply or menu uses it.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_delmaterial.html> (read 2026-11-22)
#[doc(alias = "删除永久素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelMaterial {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
}

/// Get material count — 获取永久素材总数.
///
/// Counts website uploads too; no errcode on success.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_getmaterialcount.html> (read 2026-11-22)
#[doc(alias = "获取永久素材总数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMaterialCount {
}

/// What [`GetMaterialCount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMaterialCountResponse {
    /// Voices.
    pub voice_count: i64,
    /// Videos.
    pub video_count: i64,
    /// Images.
    pub image_count: i64,
    /// News items.
    pub news_count: i64,
}

/// Batch get material — 获取永久素材列表.
///
/// Count 1-20. type news returns content.news_item, other types name and url.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_batchgetmaterial.html> (read 2026-11-22)
#[doc(alias = "获取永久素材列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchGetMaterial {
    /// Image | video | voice | news.
    pub r#type: String,
    /// First item, from 0.
    pub offset: i64,
    /// 1-20.
    pub count: i64,
}

/// What [`BatchGetMaterial`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchGetMaterialResponse {
    /// Total number of items.
    pub total_count: i64,
    /// Items in this page.
    pub item_count: i64,
    /// Items.
    pub item: Vec<Item>,
}

/// Items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Media identifier (temporary ids live 3 days; permanent ids do not expire).
    pub media_id: MediaId,
    /// Display name.
    pub name: String,
    /// Target or resource URL.
    pub url: String,
    /// Text / HTML content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Unix seconds of the last change.
    pub update_time: i64,
}

/// Text / HTML content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Articles.
    pub news_item: Vec<BatchGetMaterialNewsItem>,
    /// Unix seconds of the last change.
    pub update_time: i64,
    /// Unix seconds.
    pub create_time: i64,
}

/// Articles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchGetMaterialNewsItem {
    /// Cover image media id (permanent for drafts).
    pub thumb_media_id: MediaId,
    /// Cover image URL.
    pub thumb_url: String,
    /// Title.
    pub title: String,
    /// Author, at most 16 characters.
    pub author: String,
    /// Summary, at most 128 characters; single-article messages only.
    pub digest: String,
    /// 'read original' link.
    pub content_source_url: String,
    /// Text / HTML content.
    pub content: String,
    /// Target or resource URL.
    pub url: String,
    /// Legacy flag: cover shown in the body.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
    /// 1 opens comments, 0 does not.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// 1 followers only, 0 everyone.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
}

/// Upload image — 上传图文消息图片.
///
/// Picture for article HTML: jpg or png under 1 MB; returns a URL, no media id, does not count against the library. 40005/40009.
///
/// Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/api_uploadimage.html> (read 2026-11-22)
#[doc(alias = "上传图文消息图片")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadImage {
    /// File part; must carry a filename and content type.
    pub media: File,
}

/// What [`UploadImage`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadImageResponse {
    /// Target or resource URL.
    pub url: String,
}

