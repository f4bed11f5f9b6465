//! [`Question`]: what a follower asks, in whatever way: written, spoken, or as a picture.

use echostr_protocol::Message;
use echostr_protocol::api::Secret;
use echostr_protocol::message::Image;
use serde_json::Value;

use super::vision::picture;
use super::voice::transcribed;
use super::{EndpointSettings, LlmKeys, LlmSettings, VisionSettings, wire};
use crate::handler::Context;
use crate::{BoxError, Language};

/// How much of a text a model is asked, in bytes; the platform's own limit is far below.
const MAX_BYTES: usize = 32 * 1024;

/// What a follower asks.
pub(super) struct Question {
    pub(super) text: String,
    // The text names it, for the conversation is kept without it.
    image: Option<Image>,
}

/// What a bot can read.
pub(super) struct Questions {
    vision: VisionSettings,
    voice: Option<EndpointSettings>,
    voice_key: Option<Secret>,
}

impl Questions {
    pub(super) fn new(settings: &LlmSettings, keys: &LlmKeys) -> Self {
        Self {
            vision: settings.vision.clone(),
            voice: settings.voice.clone(),
            voice_key: keys.get("voice.key").cloned(),
        }
    }

    /// What a message asks; nothing when it cannot be read.
    ///
    /// # Errors
    /// When a voice could be heard, but is not.
    pub(super) async fn read(&self, context: &Context) -> Result<Option<Question>, BoxError> {
        let mut image = None;
        let mut text = match &*context.message {
            Message::Text(text) => text.content.to_string(),
            Message::Voice(voice) => match (&voice.recognition, &self.voice) {
                (Some(recognised), None) => recognised.to_string(),
                (_, Some(endpoint)) => {
                    transcribed(context, voice, endpoint, self.voice_key.as_ref()).await?
                }
                (None, None) => return Ok(None),
            },
            Message::Image(sent) if self.vision.enabled => {
                image = Some(sent.clone());
                match context.account.language {
                    Language::Chinese => "[图片]".into(),
                    Language::English => "[picture]".into(),
                }
            }
            _ => return Ok(None),
        };
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        let is_empty = text.trim().is_empty();
        Ok((!is_empty).then_some(Question { text, image }))
    }

    /// As the model is told it.
    ///
    /// # Errors
    /// When the picture cannot be had.
    pub(super) async fn message(
        &self,
        question: &Question,
        context: &Context,
    ) -> Result<Value, BoxError> {
        let Some(image) = &question.image else {
            return Ok(wire::user(&question.text));
        };
        let picture = picture(context, image, &self.vision).await?;
        Ok(wire::user_with_picture(&question.text, &picture))
    }
}
