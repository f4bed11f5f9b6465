//! Uploads: what the platform keeps for a few days, pictures inside articles.

use std::time::Duration;

use echostr_protocol::MediaId;
use echostr_protocol::api::File;
use echostr_protocol::api::material::{AddMaterial, UploadImage};
use echostr_protocol::api::media::{MediaType, UploadTempMedia};

use crate::Client;
use crate::error::Error;

/// How long the platform keeps what is uploaded for replies and messages.
pub const KEPT_FOR: Duration = Duration::from_hours(3 * 24);
/// A picture inside an article may have so many bytes; a larger one must become permanent material.
const ARTICLE_IMAGE_BYTES: usize = 1 << 20;

/// Something that was uploaded for replies and messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedMedia {
    /// Its id.
    pub media_id: MediaId,
    /// Until when it can be used, Unix milliseconds.
    pub expires_at_ms: i64,
}

impl Client {
    /// Uploads a picture, a voice, a video or a thumbnail for replies and customer-service messages — 新增临时素材. It is kept for
    /// three days.
    ///
    /// # Errors
    /// All of [`call`](Self::call); see [`UploadTempMedia`].
    pub async fn upload(&self, kind: MediaType, file: File) -> Result<UploadedMedia, Error> {
        let answer = self
            .call(UploadTempMedia {
                r#type: kind,
                media: file,
            })
            .await?;
        let kept_ms = i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let created_at_ms = match answer.created_at {
            0 => self.now_ms(),
            secs => secs.saturating_mul(1000),
        };
        let media_id = answer.media_id.or(answer.thumb_media_id);
        Ok(UploadedMedia {
            media_id: media_id.ok_or_else(|| Error::Unreadable {
                call: "uploadTempMedia".into(),
                what: "it has no media_id".into(),
                head: String::new(),
            })?,
            expires_at_ms: created_at_ms.saturating_add(kept_ms),
        })
    }

    /// Uploads a picture that stands inside an article, and answers its address — 上传图文消息图片. One of more than 1 MB becomes
    /// permanent material (永久素材), of which an account has at most 100 000.
    ///
    /// # Errors
    /// All of [`call`](Self::call); see [`UploadImage`] and [`AddMaterial`].
    pub async fn upload_article_image(&self, media: File) -> Result<String, Error> {
        if media.bytes.len() < ARTICLE_IMAGE_BYTES {
            return Ok(self.call(UploadImage { media }).await?.url);
        }
        let added = self.call(AddMaterial::image(media)).await?;
        added.url.ok_or_else(|| Error::Unreadable {
            call: "addMaterial".into(),
            what: "it has no url".into(),
            head: String::new(),
        })
    }
}
