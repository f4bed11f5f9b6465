//! [`FileReply`]: an answer that is a file. It is uploaded once, and known again by what is in it until it expires.

use echostr_protocol::api::File;
use echostr_protocol::api::media::MediaType;
use echostr_protocol::{MediaId, Reply, Video};
use tokio::time::timeout;

use crate::deadline::JOURNAL_WITHIN;
use crate::handler::{Argument, Context};
use crate::journal::{Record, file_hash};
use crate::{BoxError, Client};

/// A file must be good for so long, or it is uploaded again: an answer may be read late.
const GOOD_FOR_MS: i64 = 60 * 60 * 1000;

/// A picture, a voice or a video to answer with. The account needs an AppID and an AppSecret, and the right to upload, which
/// unverified accounts often lack.
///
/// ```
/// use echostr::prelude::*;
/// use echostr::FileReply;
/// use echostr::protocol::api::File;
///
/// let bot = Bot::new().on(async |_: Text| FileReply::image(File::named("menu.png", include_bytes!("upload.rs").as_slice())));
/// ```
#[derive(Debug, Clone)]
pub struct FileReply {
    kind: MediaType,
    file: File,
    title: String,
    description: String,
}

impl FileReply {
    /// A picture: PNG or JPEG.
    pub fn image(file: File) -> Self {
        Self::plain(MediaType::Image, file)
    }

    /// A voice: AMR or MP3, at most 60 seconds.
    pub fn voice(file: File) -> Self {
        Self::plain(MediaType::Voice, file)
    }

    /// A video: MP4, at most 10 MB. Title and description may be empty.
    pub fn video(file: File, title: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: description.into(),
            ..Self::plain(MediaType::Video, file)
        }
    }

    fn plain(kind: MediaType, file: File) -> Self {
        Self {
            kind,
            file,
            title: String::new(),
            description: String::new(),
        }
    }

    /// Uploads the file, unless the platform has it, and makes a reply of it.
    pub(crate) async fn uploaded(self, context: &Context) -> Result<Reply, BoxError> {
        let Self {
            kind,
            file,
            title,
            description,
        } = self;
        let media_id = media_id(context, &kind, file).await?;
        Ok(match kind {
            MediaType::Voice => Reply::Voice(media_id),
            MediaType::Video => Reply::Video(Video {
                media_id,
                title,
                description,
            }),
            _ => Reply::Image(media_id),
        })
    }
}

async fn media_id(context: &Context, kind: &MediaType, file: File) -> Result<MediaId, BoxError> {
    let client = Client::take(context).ok_or_else(|| Client::missing(context))?;
    let account = &context.account.id;
    let hash = file_hash(kind.as_str(), &file.bytes);
    if let Some(journal) = &context.journal {
        let good_until_ms = context.clock.unix_ms() + GOOD_FOR_MS;
        let known = journal.uploaded(account, &hash, good_until_ms);
        if let Ok(Ok(Some(media_id))) = timeout(JOURNAL_WITHIN, known).await {
            return Ok(media_id);
        }
    }
    let uploaded = client.upload(kind.clone(), file).await?;
    if let Some(journal) = &context.journal {
        journal.write(vec![Record::Uploaded {
            account: account.clone(),
            hash,
            media_id: uploaded.media_id.clone(),
            expires_at_ms: uploaded.expires_at_ms,
        }]);
    }
    Ok(uploaded.media_id)
}
