//! Customer-service messages — 客服消息: what is sent to followers outside of replies.

use std::sync::Arc;
use std::time::Duration;

use echostr_client::{Error, Platform};
use echostr_protocol::api::custom_message::{
    AiMsgContext, Article, CustomMessage, Image, Music, News, SendCustomMessage, Text, Typing,
    TypingCommand, Voice,
};
use echostr_protocol::{OpenId, Reply};
use futures_util::future::BoxFuture;

use crate::{Account, BoxError};

/// Sends messages to followers outside of replies.
pub trait Sender: Send + Sync + 'static {
    /// Lets the follower see that somebody writes — 对方正在输入. Nobody misses it when it fails.
    fn typing<'a>(&'a self, account: &'a Account, follower: &'a OpenId) -> BoxFuture<'a, ()>;

    /// Sends one message, within ten seconds.
    ///
    /// # Errors
    /// Why it did not arrive, or may not have.
    fn send<'a>(
        &'a self,
        account: &'a Account,
        message: SendCustomMessage,
    ) -> BoxFuture<'a, Result<(), NotSent>>;
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *.may_have_arrived {
    "nobody knows whether the message arrived"
} else {
    "the message was not sent"
})]
pub struct NotSent {
    /// Whether the platform may have it all the same: then it must not be sent again.
    pub may_have_arrived: bool,
    /// Why. No secret is in it.
    #[source]
    pub why: BoxError,
}

/// This reply as a message; nothing when it can only be a reply: the hand-over to the desk or to the platform's AI, silence,
/// or a video, of which a message needs a thumbnail.
pub fn custom_message(reply: &Reply) -> Option<CustomMessage> {
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Some(match reply {
        Reply::Text(content) => CustomMessage::Text {
            text: Text {
                content: content.clone(),
            },
        },
        Reply::Image(media_id) => CustomMessage::Image {
            image: Image {
                media_id: media_id.clone(),
            },
        },
        Reply::Voice(media_id) => CustomMessage::Voice {
            voice: Voice {
                media_id: media_id.clone(),
            },
        },
        Reply::Music(music) => CustomMessage::Music {
            music: Music {
                thumb_media_id: music.thumb_media_id.clone(),
                musicurl: music.music_url.clone(),
                hqmusicurl: filled(&music.hq_music_url),
                title: filled(&music.title),
                description: filled(&music.description),
            },
        },
        Reply::News(articles) => {
            // The platform takes exactly one.
            let article = articles.first()?;
            CustomMessage::News {
                news: News {
                    articles: vec![Article {
                        title: article.title.clone(),
                        description: article.description.clone(),
                        url: article.url.clone(),
                        picurl: article.pic_url.clone(),
                    }],
                },
            }
        }
        Reply::Video(_)
        | Reply::TransferCustomerService(_)
        | Reply::TransferBizAiIvr
        | Reply::Silence => return None,
    })
}

/// A message of an account, marked when a model wrote it.
pub(crate) fn message(follower: &OpenId, message: CustomMessage, is_ai: bool) -> SendCustomMessage {
    SendCustomMessage {
        aimsgcontext: is_ai.then_some(AiMsgContext { is_ai_msg: true }),
        ..SendCustomMessage::new(follower.clone(), message)
    }
}

/// A message as the journal has it: JSON without the follower.
pub(crate) fn journaled(message: &SendCustomMessage) -> String {
    let mut json = serde_json::to_value(message).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("touser");
    }
    json.to_string()
}

/// Nobody waits longer for the sign that somebody writes.
const TYPED_WITHIN: Duration = Duration::from_secs(3);
/// A message is sent within this time, or not.
pub(crate) const SENT_WITHIN: Duration = Duration::from_secs(10);

/// Messages over the platform's HTTP API.
#[derive(Debug, Clone)]
pub struct CustomMessages(Platform);

impl CustomMessages {
    /// Over these connections.
    pub fn new(platform: Platform) -> Self {
        Self(platform)
    }
}

impl Sender for CustomMessages {
    fn typing<'a>(&'a self, account: &'a Account, follower: &'a OpenId) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(api) = &account.api else {
                return;
            };
            let client = self.0.client(Arc::clone(api)).within(TYPED_WITHIN);
            let typing = Typing {
                touser: follower.clone(),
                command: TypingCommand::Typing,
            };
            // 45080, 45081: it is not the moment for it. But who may not even do this may send nothing, and the answer had
            // better be a reply.
            if let Err(error) = client.call(typing).await
                && (error.is_permission() || matches!(error, Error::NoToken { .. }))
            {
                account.able.heard_of_message(Some(&error));
            }
        })
    }

    fn send<'a>(
        &'a self,
        account: &'a Account,
        message: SendCustomMessage,
    ) -> BoxFuture<'a, Result<(), NotSent>> {
        Box::pin(async move {
            let Some(api) = &account.api else {
                let why = "the account has no AppID and AppSecret here";
                return Err(NotSent {
                    may_have_arrived: false,
                    why: why.into(),
                });
            };
            let client = self.0.client(Arc::clone(api)).within(SENT_WITHIN);
            let sent = client.call(message).await;
            account.able.heard_of_message(sent.as_ref().err());
            sent.map(|_| ()).map_err(|error| NotSent {
                may_have_arrived: error.may_have_arrived(),
                why: error.into(),
            })
        })
    }
}
