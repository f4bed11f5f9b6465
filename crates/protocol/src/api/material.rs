//! Permanent material — 永久素材: the account's library, the same as on the website.
//!
//! ```
//! use echostr_protocol::api::{self, Body, File, material::AddMaterial};
//!
//! let video = File { name: "fish.mp4".into(), content_type: "video/mp4".into(), bytes: [0; 8].into() };
//! let request = AddMaterial::video(video, "烤鱼是怎么做的", "三分钟看完");
//! let Body::Form(parts) = api::encode(&request).body else { panic!("a form") };
//! assert_eq!(parts.len(), 2);
//! ```
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/material/permanent/> (read 2026-11-22)

use serde::{Deserialize, Serialize};

pub use super::media::MediaType;
use super::{Empty, File, wire};
use crate::MediaId;

endpoints! {
    Post "/cgi-bin/material/add_material" AddMaterial -> AddMaterialResponse, "上传永久素材", form(), query(&["type"]);
    Post "/cgi-bin/material/get_material" GetMaterial -> GetMaterialResponse, "获取永久素材", file();
    Post "/cgi-bin/material/del_material" DelMaterial -> Empty, "删除永久素材";
    Get "/cgi-bin/material/get_materialcount" GetMaterialCount -> GetMaterialCountResponse, "获取永久素材总数";
    Post "/cgi-bin/material/batchget_material" BatchGetMaterial -> BatchGetMaterialResponse, "获取永久素材列表";
    Post "/cgi-bin/media/uploadimg" UploadImage -> UploadImageResponse, "上传图文消息图片", form();
}

/// Puts a file into the library — 上传永久素材: 100 000 pictures, 1000 of each other kind.
///
/// # Errors
/// - 40004: `type` is wrong.
/// - 40005: the platform does not take such a file for this `type`.
/// - 45001: the file is too big.
/// - 45007: the voice is too long.
#[doc(alias = "上传永久素材")]
#[doc(alias = "新增永久素材")]
#[doc(alias = "上传图片")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddMaterial {
    /// What it is.
    pub r#type: MediaType,
    /// The file.
    pub media: File,
    /// A video needs it, the others have none.
    #[serde(
        default,
        with = "wire::json_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<VideoDescription>,
}

impl AddMaterial {
    /// A picture.
    pub fn image(media: File) -> Self {
        Self::plain(MediaType::Image, media)
    }

    /// A voice.
    pub fn voice(media: File) -> Self {
        Self::plain(MediaType::Voice, media)
    }

    /// The picture of a video or of music.
    pub fn thumb(media: File) -> Self {
        Self::plain(MediaType::Thumb, media)
    }

    /// A video.
    pub fn video(media: File, title: impl Into<String>, introduction: impl Into<String>) -> Self {
        let description = VideoDescription {
            title: title.into(),
            introduction: introduction.into(),
        };
        Self {
            description: Some(description),
            ..Self::plain(MediaType::Video, media)
        }
    }

    fn plain(r#type: MediaType, media: File) -> Self {
        Self {
            r#type,
            media,
            description: None,
        }
    }
}

/// What a follower reads of a video. It travels as JSON in a text.
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
    /// Good until it is deleted.
    pub media_id: MediaId,
    /// Only for pictures: its address, which shows it on Tencent's own pages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Downloads something of the library — 获取永久素材.
///
/// Articles and videos are answered with what is known of them, everything else with the file itself.
///
/// # Errors
/// - 40007: there is no such material.
#[doc(alias = "获取永久素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMaterial {
    /// From [`AddMaterial`] or [`BatchGetMaterial`].
    pub media_id: MediaId,
}

/// What [`GetMaterial`] answers for articles and videos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GetMaterialResponse {
    /// Articles from before there were drafts.
    News {
        /// In their order.
        news_item: Vec<NewsItem>,
    },
    /// A video.
    Video(Video),
}

/// An article of the library. New ones are drafts, see [`draft`](super::draft).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewsItem {
    /// Its title.
    pub title: String,
    /// The cover (封面), a picture of the library.
    pub thumb_media_id: MediaId,
    /// The address of the cover.
    pub thumb_url: String,
    /// Whether the cover stands above the text, too.
    #[serde(with = "wire::flag")]
    pub show_cover_pic: bool,
    /// Who wrote it; may be empty.
    pub author: String,
    /// A summary; empty when there are several articles.
    pub digest: String,
    /// HTML.
    pub content: String,
    /// The address of the article.
    pub url: String,
    /// Where "read the original" (阅读原文) leads; empty when it is not shown.
    pub content_source_url: String,
    /// Whether it can be commented on.
    #[serde(with = "wire::flag")]
    pub need_open_comment: bool,
    /// Whether only followers can comment.
    #[serde(with = "wire::flag")]
    pub only_fans_can_comment: bool,
}

/// A video of the library.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Video {
    /// [`VideoDescription::title`]
    pub title: String,
    /// [`VideoDescription::introduction`]
    pub description: String,
    /// Where it can be downloaded.
    pub down_url: String,
}

/// Deletes something of the library — 删除永久素材. Temporary media goes by itself.
///
/// # Errors
/// - 40007: there is no such material.
/// - 48005: an automatic reply or the menu uses it.
#[doc(alias = "删除永久素材")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DelMaterial {
    /// From [`AddMaterial`] or [`BatchGetMaterial`].
    pub media_id: MediaId,
}

/// How much there is in the library — 获取永久素材总数, uploads on the website included. The success has no `errcode`.
#[doc(alias = "获取永久素材总数")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GetMaterialCount {}

/// What [`GetMaterialCount`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GetMaterialCountResponse {
    /// Of at most 1000.
    pub voice_count: i64,
    /// Of at most 1000.
    pub video_count: i64,
    /// Of at most 100 000.
    pub image_count: i64,
    /// Posts of one or more articles.
    pub news_count: i64,
}

/// What is in the library, a page of one kind — 获取永久素材列表.
#[doc(alias = "获取永久素材列表")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchGetMaterial {
    /// Which kind.
    pub r#type: MaterialType,
    /// How many to leave out; 0 for the first page.
    pub offset: i64,
    /// 1 to 20.
    pub count: i64,
}

words! {
    /// A kind of material that can be listed.
    MaterialType {
        /// Pictures (图片).
        Image = "image",
        /// Videos (视频).
        Video = "video",
        /// Voices (语音).
        Voice = "voice",
        /// Articles (图文) from before there were drafts.
        News = "news",
    }
}

/// What [`BatchGetMaterial`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchGetMaterialResponse {
    /// How many of this kind there are.
    pub total_count: i64,
    /// How many of them stand here.
    pub item_count: i64,
    /// The page.
    pub item: Vec<Item>,
}

/// Something of the library.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Its id.
    pub media_id: MediaId,
    /// The name of its file. Not of articles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address. Not of articles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The articles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// When it was changed last, in Unix seconds.
    pub update_time: i64,
}

/// The articles of a post.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// In their order.
    pub news_item: Vec<NewsItem>,
    /// When they were made, in Unix seconds.
    pub create_time: i64,
    /// When they were changed last, in Unix seconds.
    pub update_time: i64,
}

/// Uploads a picture that stands in the text of an article — 上传图文消息图片: PNG or JPEG, less than 1 MB.
///
/// It has an address and no id, and does not count for the library. Pictures from elsewhere are removed from articles.
///
/// # Errors
/// - 40005: it is not a PNG or JPEG.
/// - 40009: it is too big.
#[doc(alias = "上传图文消息图片")]
#[doc(alias = "上传图文消息内的图片获取URL")]
#[doc(alias = "上传图片")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadImage {
    /// The picture.
    pub media: File,
}

/// What [`UploadImage`] answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UploadImageResponse {
    /// For `<img src="…">` in an article.
    pub url: String,
}
