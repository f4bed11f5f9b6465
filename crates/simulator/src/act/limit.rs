//! How much a person may write at once.

use super::Action;

/// How long the texts of an action may be, in bytes; files are another matter.
pub(super) const MAX_TEXTS_BYTES: usize = 64 * 1024;

impl Action {
    /// How long its texts are, in bytes.
    pub(super) fn n_text_bytes(&self) -> usize {
        let sum = |texts: &[&String]| texts.iter().map(|text| text.len()).sum();
        match self {
            Self::Say(text) | Self::Scan(text) => text.len(),
            Self::Tap { content, id } => sum(&[content, id]),
            Self::Picture(file)
            | Self::Voice(file)
            | Self::Video(file)
            | Self::ShortVideo(file)
            | Self::File(file) => file.name.len(),
            Self::Location(place) => place.label.len(),
            Self::Link {
                title,
                description,
                url,
            } => sum(&[title, description, url]),
            Self::MiniProgram {
                title,
                app_id,
                path,
            } => sum(&[title, app_id, path]),
            Self::Menu(tap) => {
                let names = tap.pictures.iter().map(|picture| picture.name.len());
                tap.scanned.len() + tap.place.label.len() + names.sum::<usize>()
            }
            Self::Subscription { template_id, .. } => template_id.len(),
            Self::Follow
            | Self::Unfollow
            | Self::Enter
            | Self::Sticker
            | Self::ReportLocation { .. } => 0,
        }
    }
}
