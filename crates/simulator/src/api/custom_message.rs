//! Messages to followers who have written lately — 客服消息.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/> (read 2026-11-22)

use echostr_protocol::api::Empty;
use echostr_protocol::api::custom_message::{
    CustomMessage, MsgMenu, News, SendCustomMessage, Typing, TypingCommand,
};
use echostr_protocol::{Article, MAX_TEXT_BYTES, MediaId, OpenId};

use super::{Call, Consequence, Handlers, Refusal};
use crate::conversation::Bubble;
use crate::world::Follower;

/// How long 「对方正在输入…」 stands.
const TYPING_MS: i64 = 15_000;
/// Nobody is seen typing who has not been in touch for this time.
const IN_TOUCH_MS: i64 = 30_000;

/// Nothing of the account: what counts is each follower's.
#[derive(Debug, Default)]
pub(crate) struct State;

/// What a follower does that allows the account to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Writes, or sends anything else: 5 messages in 48 hours.
    Message,
    /// Taps a menu button that is pushed, or an entry of a menu message: 3 in a minute.
    MenuClick,
    /// Follows: 3 in a minute.
    Follow,
    /// Scans a code: 3 in a minute.
    Scan,
}

impl Trigger {
    /// How many messages, and for how many milliseconds.
    fn grants(self) -> (u32, i64) {
        match self {
            Self::Message => (5, 48 * 3600 * 1000),
            Self::MenuClick | Self::Follow | Self::Scan => (3, 60 * 1000),
        }
    }
}

/// What lately allowed the account to send to a follower.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    granted: Vec<Granted>,
    /// When a message last went either way, in Unix milliseconds.
    in_touch_ms: i64,
}

#[derive(Debug)]
struct Granted {
    by: Trigger,
    until_ms: i64,
    left: u32,
}

impl Allowances {
    /// The follower has done this: it counts anew.
    pub(crate) fn renew(&mut self, by: Trigger, now_ms: i64) {
        let (left, lasts_ms) = by.grants();
        self.granted.retain(|granted| granted.by != by);
        self.granted.push(Granted {
            by,
            until_ms: now_ms + lasts_ms,
            left,
        });
        self.in_touch_ms = now_ms;
    }

    /// One message: of what ends first, so that the account has the most of what it was granted.
    fn spend(&mut self, now_ms: i64) -> Result<(), Refusal> {
        self.granted.retain(|granted| granted.until_ms > now_ms);
        if self.granted.is_empty() {
            return Err(Refusal::code(45015));
        }
        let open = self.granted.iter_mut().filter(|granted| granted.left > 0);
        let granted = open
            .min_by_key(|granted| granted.until_ms)
            .ok_or_else(|| Refusal::code(45047))?;
        granted.left -= 1;
        self.in_touch_ms = now_ms;
        Ok(())
    }
}

pub(super) fn handlers(on: &mut Handlers) {
    on.on(send_custom_message);
    on.on(typing);
}

fn send_custom_message(call: &mut Call<'_>, request: SendCustomMessage) -> Result<Empty, Refusal> {
    let (now_ms, open_id) = (call.now_ms, request.touser);
    let is_ai = request.aimsgcontext.is_some_and(|ai| ai.is_ai_msg);
    let desk = request.customservice.map(|desk| desk.kf_account);
    reachable(call, &open_id)?;
    let bubble = bubble(call, request.message, is_ai)?;
    if let Some(desk) = &desk {
        call.account.state.kf_account.find(desk)?;
    }
    let follower = recipient(call, &open_id)?;
    follower.allowances.spend(now_ms)?;
    follower.conversation.typing_until_ms = 0;
    if let Some(desk) = desk {
        let sessions = &mut call.account.state.kf_session;
        sessions.desk_said(&open_id, &desk, bubble.words(), now_ms);
    }
    call.show(&open_id, bubble);
    Ok(Empty {})
}

fn typing(call: &mut Call<'_>, request: Typing) -> Result<Empty, Refusal> {
    let now_ms = call.now_ms;
    reachable(call, &request.touser)?;
    let follower = recipient(call, &request.touser)?;
    follower.conversation.typing_until_ms = match request.command {
        TypingCommand::Typing if now_ms >= follower.allowances.in_touch_ms + IN_TOUCH_MS => {
            return Err(Refusal::code(45080));
        }
        TypingCommand::Typing if follower.conversation.typing_until_ms > now_ms => {
            return Err(Refusal::code(45081));
        }
        TypingCommand::Typing => now_ms + TYPING_MS,
        TypingCommand::CancelTyping => 0,
        _ => return Err(Refusal::code(45072)),
    };
    let effect = Consequence::Conversation(request.touser);
    call.effects.push(effect);
    Ok(Empty {})
}

fn recipient<'a>(call: &'a mut Call<'_>, open_id: &OpenId) -> Result<&'a mut Follower, Refusal> {
    let follower = call.account.follower_mut(open_id.as_str());
    follower.ok_or_else(|| Refusal::code(40003))
}

/// The account may send to this person at all.
pub(super) fn reachable(call: &mut Call<'_>, open_id: &OpenId) -> Result<(), Refusal> {
    let follower = recipient(call, open_id)?;
    if follower.subscribed_at.is_none() {
        return Err(Refusal::code(43004));
    }
    if follower.blocked_at.is_some() {
        return Err(Refusal::code(43019));
    }
    Ok(())
}

/// What the follower sees of the message.
fn bubble(call: &Call<'_>, message: CustomMessage, is_ai: bool) -> Result<Bubble, Refusal> {
    Ok(match message {
        CustomMessage::Text { text } => Bubble::Text {
            content: checked(text.content)?,
            is_ai,
        },
        CustomMessage::Image { image } => Bubble::Image {
            url: media(call, &image.media_id)?,
        },
        CustomMessage::Voice { voice } => Bubble::Voice {
            url: media(call, &voice.media_id)?,
        },
        CustomMessage::Video { video } => {
            media(call, &video.thumb_media_id)?;
            Bubble::Video {
                url: media(call, &video.media_id)?,
                title: video.title.unwrap_or_default(),
                description: video.description.unwrap_or_default(),
            }
        }
        CustomMessage::Music { music } => Bubble::Music {
            thumb_url: media(call, &music.thumb_media_id)?,
            title: music.title.unwrap_or_default(),
            description: music.description.unwrap_or_default(),
            url: music.musicurl,
        },
        CustomMessage::News { news } => Bubble::News(vec![article(news)?]),
        CustomMessage::MsgMenu { msgmenu } => menu(msgmenu)?,
        CustomMessage::MiniProgramPage { miniprogrampage } => {
            if let Some(thumb) = &miniprogrampage.thumb_media_id {
                media(call, thumb)?;
            }
            Bubble::MiniProgram {
                title: miniprogrampage.title.unwrap_or_default(),
                app_id: miniprogrampage.appid.to_string(),
                path: miniprogrampage.pagepath,
            }
        }
        CustomMessage::WxCard { wxcard } => card(&wxcard.card_id),
        CustomMessage::MpNews { mpnews } => Bubble::News(articles(call, &mpnews.media_id)?),
        CustomMessage::MpNewsArticle { mpnewsarticle } => {
            match call.account.cards(&mpnewsarticle.article_id, call.now_ms) {
                cards if cards.is_empty() => return Err(Refusal::code(53600)),
                cards => Bubble::News(cards),
            }
        }
        // Links are for the customer service of mini programs.
        _ => return Err(Refusal::code(40008)),
    })
}

fn checked(content: String) -> Result<String, Refusal> {
    match content.len() {
        0 => Err(Refusal::code(44004)),
        1..=MAX_TEXT_BYTES => Ok(content),
        _ => Err(Refusal::code(45002)),
    }
}

/// Its texts may be empty, but no longer than other texts.
fn menu(menu: MsgMenu) -> Result<Bubble, Refusal> {
    let texts = menu.list.iter().map(|entry| &entry.content);
    let mut texts = texts.chain(&menu.head_content).chain(&menu.tail_content);
    if texts.any(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(Refusal::code(45002));
    }
    let entries = menu.list.into_iter().map(|entry| (entry.id, entry.content));
    Ok(Bubble::Menu {
        head: menu.head_content.unwrap_or_default(),
        entries: entries.collect(),
        tail: menu.tail_content.unwrap_or_default(),
    })
}

fn article(news: News) -> Result<Article, Refusal> {
    let [article] = <[_; 1]>::try_from(news.articles)
        .map_err(|articles| Refusal::code(if articles.is_empty() { 44003 } else { 45008 }))?;
    Ok(Article {
        title: article.title,
        description: article.description,
        pic_url: article.picurl,
        url: article.url,
    })
}

/// A coupon: there are no coupons here, so that nothing more of it is known.
pub(super) fn card(card_id: &str) -> Bubble {
    Bubble::Notice {
        title: "卡券".into(),
        fields: vec![("card_id".into(), card_id.to_owned())],
        url: String::new(),
    }
}

/// The articles of a draft, or of a post of the library.
pub(super) fn articles(call: &Call<'_>, media_id: &MediaId) -> Result<Vec<Article>, Refusal> {
    let state = &call.account.state;
    let draft = state.draft.cards(call.base, call.account, media_id);
    let cards = draft.or_else(|| state.material.cards(media_id));
    cards.ok_or_else(|| Refusal::code(40007))
}

/// Where a phone finds the file, while it can be sent.
pub(super) fn media(call: &Call<'_>, id: &MediaId) -> Result<String, Refusal> {
    let media = &call.account.state.media;
    if media.usable(id, call.now_ms) {
        Ok(media.url(call.base, call.account, id))
    } else {
        Err(Refusal::code(40007))
    }
}
