//! What an answer looks like on the phone.

use echostr_protocol::{AppId, Document, Element, MAX_ARTICLES, MediaId, Reply};

use crate::conversation::{Bubble, From};
use crate::judge::Shown;
use crate::world::{Account, World};

/// What the client shows when the server failed.
pub(crate) const FAILURE: &str = "该公众号提供的服务出现故障，请稍后再试";

/// The events to which an answer is shown, or may be. Of those with `?` it is not established.
const ANSWERABLE: [&str; 11] = [
    "subscribe",
    "SCAN",
    "CLICK",
    "scancode_waitmsg",
    "LOCATION",
    "ENTER",
    "scancode_push",      // ?
    "pic_sysphoto",       // ?
    "pic_photo_or_album", // ?
    "pic_weixin",         // ?
    "location_select",    // ?
];

/// What kind of push an answer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// An ordinary message.
    Message,
    /// An event to which an answer is shown.
    Event,
    /// What nobody sees an answer to, nor a failure: `unsubscribe`, `VIEW`, the end of a job.
    Unseen,
}

impl Answers {
    /// By the document that is pushed.
    pub(crate) fn to(document: &str) -> Self {
        let document = Document::parse(document.as_bytes()).unwrap_or_default();
        let child = |name| document.root().child(name).map(Element::text);
        match child("Event") {
            None if child("MsgId").is_some() => Self::Message,
            Some(event) if ANSWERABLE.contains(&event) => Self::Event,
            _ => Self::Unseen,
        }
    }
}

/// What a follower sees of this answer.
pub(crate) fn bubbles(
    world: &World,
    app_id: &AppId,
    answers: Answers,
    shown: &Shown,
) -> Vec<(From, Bubble)> {
    if answers == Answers::Unseen {
        return Vec::new();
    }
    let Some(account) = world.account(app_id.as_str()) else {
        return Vec::new();
    };
    match shown {
        Shown::Nothing => Vec::new(),
        Shown::Failure(_) => vec![(From::Client, Bubble::Line(FAILURE.into()))],
        Shown::Answer { reply, .. } => {
            let (from, mut bubble) = of_reply(world, account, &reply.reply);
            if let Bubble::News(articles) = &mut bubble {
                // Surplus ones are left out, as the platform does.
                articles.truncate(match answers {
                    Answers::Message => 1,
                    _ => MAX_ARTICLES,
                });
            }
            vec![(from, bubble)]
        }
    }
}

fn of_reply(world: &World, account: &Account, reply: &Reply) -> (From, Bubble) {
    let media = |id: &MediaId| account.state.media.url(&world.base, account, id);
    let bubble = match reply {
        Reply::Text(content) => Bubble::text(content),
        Reply::Image(id) => Bubble::Image { url: media(id) },
        Reply::Voice(id) => Bubble::Voice { url: media(id) },
        Reply::Video(video) => Bubble::Video {
            url: media(&video.media_id),
            title: video.title.clone(),
            description: video.description.clone(),
        },
        Reply::Music(music) => Bubble::Music {
            title: music.title.clone(),
            description: music.description.clone(),
            url: music.music_url.clone(),
            thumb_url: media(&music.thumb_media_id),
        },
        Reply::News(articles) => Bubble::News(articles.clone()),
        Reply::TransferCustomerService(_) => {
            return (From::Client, Bubble::Line("消息已转给人工客服".into()));
        }
        Reply::TransferBizAiIvr => {
            return (
                From::Client,
                Bubble::Line("消息已转给平台的 AI 回复".into()),
            );
        }
        Reply::Silence => return (From::Client, Bubble::Line(String::new())),
    };
    (From::Account, bubble)
}
