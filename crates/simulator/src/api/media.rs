//! Files: the account's store, and temporary media — 临时素材.

mod format;

use std::collections::{BTreeMap, HashMap};

use echostr_protocol::MediaId;
use echostr_protocol::api::material::VideoDescription;
use echostr_protocol::api::media::{
    GetHdVoice, GetMedia, MediaType, UploadTempMedia, UploadTempMediaResponse,
};
use echostr_protocol::api::{Endpoint, File};
use serde_json::{Map, Value, json};

pub(super) use self::format::{Limit, check};
use super::{Call, Handlers, Output, Refusal};
use crate::text::letters;
use crate::world::Account;

/// How long temporary media is kept.
const KEPT_MS: i64 = 3 * 24 * 3600 * 1000;
/// How many bytes an account's files may have.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// How many files an account may have.
const MAX_FILES: usize = 110_000;

/// The files of an account.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// In the order in which they came.
    files: BTreeMap<u64, Stored>,
    places: HashMap<MediaId, u64>,
    last_place: u64,
    n_bytes: usize,
}

/// Why a file is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Temporary media: until then, in Unix milliseconds.
    Until(i64),
    /// It belongs to the library.
    Library,
    /// A picture in the text of an article, which has an address only.
    Article,
}

/// A file of an account.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) media_id: MediaId,
    pub(super) kind: MediaType,
    pub(super) file: File,
    pub(super) keep: Keep,
    /// Of a video of the library.
    pub(super) description: VideoDescription,
    /// Unix seconds.
    pub(super) created_at: i64,
}

impl Stored {
    /// As it is downloaded, under the name that the platform gives it.
    pub(super) fn output(&self) -> Output {
        let end = self.file.name.rsplit('.').next().unwrap_or_default();
        Output::File {
            name: format!("{}.{end}", self.media_id),
            content_type: self.file.content_type.clone(),
            bytes: self.file.bytes.to_vec(),
        }
    }
}

impl State {
    /// Where a phone finds a file; empty: the platform does not have it, or not any more.
    pub(crate) fn url(&self, base: &str, account: &Account, id: &MediaId) -> String {
        match self.stored(id) {
            Some(_) => url(base, account, id),
            None => String::new(),
        }
    }

    /// Keeps what a follower sends, for three days.
    pub(crate) fn upload(&mut self, kind: MediaType, file: File, now_ms: i64) -> MediaId {
        self.add(kind, file, Keep::Until(now_ms + KEPT_MS), now_ms / 1000)
    }

    /// Keeps a file. When there is no room, the oldest temporary ones go.
    pub(super) fn add(
        &mut self,
        kind: MediaType,
        file: File,
        keep: Keep,
        created_at: i64,
    ) -> MediaId {
        self.n_bytes += file.bytes.len();
        while self.n_bytes > MAX_BYTES || self.files.len() >= MAX_FILES {
            let is_temporary = |(_, stored): &(&u64, &Stored)| stored.keep != Keep::Library;
            let Some(media_id) = self
                .files
                .iter()
                .find(is_temporary)
                .map(|(_, oldest)| oldest.media_id.clone())
            else {
                break;
            };
            self.remove(&media_id);
        }
        let media_id = MediaId::from(random_id());
        self.last_place += 1;
        self.places.insert(media_id.clone(), self.last_place);
        let stored = Stored {
            media_id: media_id.clone(),
            kind,
            file,
            keep,
            description: VideoDescription::default(),
            created_at,
        };
        self.files.insert(self.last_place, stored);
        media_id
    }

    /// Whether the library has room for so much more.
    pub(super) fn has_room(&self, n_bytes: usize) -> bool {
        let in_library = self
            .library()
            .map(|stored| stored.file.bytes.len())
            .sum::<usize>();
        in_library + n_bytes <= MAX_BYTES && self.library().count() < MAX_FILES
    }

    pub(super) fn remove(&mut self, media_id: &MediaId) -> Option<Stored> {
        let stored = self.files.remove(&self.places.remove(media_id)?)?;
        self.n_bytes -= stored.file.bytes.len();
        Some(stored)
    }

    /// What is kept, even when its time is over: a phone still shows it.
    pub(super) fn stored(&self, media_id: &MediaId) -> Option<&Stored> {
        self.files.get(self.places.get(media_id)?)
    }

    pub(super) fn stored_mut(&mut self, media_id: &MediaId) -> Option<&mut Stored> {
        self.files.get_mut(self.places.get(media_id)?)
    }

    /// The library, oldest first.
    pub(super) fn library(&self) -> impl DoubleEndedIterator<Item = &Stored> {
        self.files
            .values()
            .filter(|stored| stored.keep == Keep::Library)
    }

    /// Something of the library, of any kind.
    pub(super) fn in_library(&self, media_id: &MediaId) -> Option<&Stored> {
        self.stored(media_id)
            .filter(|stored| stored.keep == Keep::Library)
    }

    /// Temporary media that has not expired.
    fn temporary(&self, media_id: &MediaId, now_ms: i64) -> Option<&Stored> {
        let is_there =
            |stored: &&Stored| matches!(stored.keep, Keep::Until(until_ms) if now_ms < until_ms);
        self.stored(media_id).filter(is_there)
    }

    /// Whether it can be sent to a follower: temporary media, or something of the library.
    pub(super) fn usable(&self, media_id: &MediaId, now_ms: i64) -> bool {
        self.temporary(media_id, now_ms).is_some() || self.in_library(media_id).is_some()
    }

    /// A file with its content type, for a browser.
    pub(crate) fn file(&self, media_id: &MediaId) -> Option<&File> {
        self.stored(media_id).map(|stored| &stored.file)
    }
}

/// Where a file is.
pub(super) fn url(base: &str, account: &Account, media_id: &MediaId) -> String {
    format!("{base}/sim/media/{}/{media_id}", account.settings.app_id)
}

/// 64 letters and digits, as the platform's ids have them.
pub(super) fn random_id() -> String {
    letters(64)
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(upload_temp_media);
    on.on_raw::<GetMedia>(|call, request| get_media(call, &request));
    on.on_raw::<GetHdVoice>(|call, request| get_hd_voice(call, &request));
}

/// What the platform says when a form lacks its file or its type, which is said before the rest is looked at.
pub(super) fn complete(
    endpoint: &Endpoint,
    fields: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    if !matches!(endpoint.chapter, "media" | "material") {
        return Ok(());
    }
    if !fields.get("media").is_some_and(Value::is_object) {
        return Err(Refusal::code(41005));
    }
    if endpoint.query.contains(&"type") {
        fields.entry("type").or_insert_with(|| Value::from(""));
    }
    Ok(())
}

fn upload_temp_media(
    call: &mut Call<'_>,
    request: UploadTempMedia,
) -> Result<UploadTempMediaResponse, Refusal> {
    let (kind, created_at) = (request.r#type, call.now());
    check(&request.media, &Limit::temporary(&kind)?)?;
    let media_id = call
        .account
        .state
        .media
        .upload(kind.clone(), request.media, call.now_ms);
    let (media_id, thumb_media_id) = match kind {
        MediaType::Thumb => (None, Some(media_id)),
        _ => (Some(media_id), None),
    };
    Ok(UploadTempMediaResponse {
        r#type: kind,
        media_id,
        thumb_media_id,
        created_at,
    })
}

fn get_media(call: &mut Call<'_>, request: &GetMedia) -> Result<Output, Refusal> {
    let stored = call
        .account
        .state
        .media
        .temporary(&request.media_id, call.now_ms);
    let stored = stored.ok_or_else(|| Refusal::code(40007))?;
    if stored.kind == MediaType::Video {
        return Ok(Output::Json(
            json!({ "video_url": url(call.base, call.account, &request.media_id) }),
        ));
    }
    Ok(stored.output())
}

/// The voice as it was recorded: it is not made into Speex.
fn get_hd_voice(call: &mut Call<'_>, request: &GetHdVoice) -> Result<Output, Refusal> {
    let stored = call
        .account
        .state
        .media
        .temporary(&request.media_id, call.now_ms);
    let voice = stored.filter(|stored| stored.kind == MediaType::Voice);
    Ok(voice.ok_or_else(|| Refusal::code(40007))?.output())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_temporary_files_make_room_for_new_ones() {
        let mut state = State::default();
        let video = File::named("fish.mp4", vec![0; 10 * 1024 * 1024]);
        let library = state.add(MediaType::Video, video.clone(), Keep::Library, 0);
        let uploaded: Vec<_> = (0..30)
            .map(|n| state.upload(MediaType::Video, video.clone(), n))
            .collect();
        // 25 of 10 MiB fit into 256 MiB.
        let is_kept = |media_id: &MediaId| state.file(media_id).is_some();
        assert!(is_kept(&library));
        assert_eq!(
            uploaded.iter().filter(|media_id| is_kept(media_id)).count(),
            24
        );
        assert!(!is_kept(&uploaded[5]) && is_kept(&uploaded[6]));
    }
}
