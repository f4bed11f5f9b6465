//! [`Reply`] → XML: what can stand in the response to a push, and reading it back.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html>
//! (read 2026-11-22)

use serde::{Deserialize, Serialize};

use crate::document::{Document, Element};
use crate::fields::Field as _;
use crate::text::{MAX_TEXT_BYTES, TEXT_BUDGET_BYTES, cut};
use crate::{Error, GhId, MediaId, Message, OpenId, Str};

/// How many articles are shown after an event; after a message of a follower it is one.
pub const MAX_ARTICLES: usize = 8;

/// The answer to one push — 被动回复. One per push; a [`Reply::Silence`] is an answer too.
///
/// As JSON it is `"silence"`, `"ai"` or an object with one member: `{"text": "…"}`, `{"image": "MEDIA_ID"}`,
/// `{"news": [{"title": "…", "url": "…"}]}`, `{"desk": null}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A text of at most 2048 bytes of UTF-8. `<a href="https://…">…</a>` is shown as a link.
    Text(String),
    /// A picture, no GIF.
    Image(MediaId),
    /// A voice message.
    Voice(MediaId),
    /// A video.
    Video(Video),
    /// A piece of music.
    Music(Music),
    /// Articles: one after a message of a follower, up to [`MAX_ARTICLES`] after an event. Surplus ones are left out.
    News(Vec<Article>),
    /// Hands this message to the customer-service desk, if one is named to that account. Only for messages of followers.
    #[serde(rename = "desk")]
    TransferCustomerService(Option<String>),
    /// Hands this message to the platform's own AI reply. Only for messages of followers.
    #[serde(rename = "ai")]
    TransferBizAiIvr,
    /// Nothing is shown to the follower: `success`.
    #[default]
    Silence,
}

/// A video to reply with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Video {
    /// Uploaded before.
    pub media_id: MediaId,
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub description: String,
}

/// A piece of music to reply with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Music {
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// Where it is.
    pub music_url: String,
    /// Where it is in better quality, used on Wi-Fi.
    pub hq_music_url: String,
    /// The cover, uploaded before. Needed.
    pub thumb_media_id: MediaId,
}

/// An article to reply with — 图文.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// At most 64 characters is good advice; the platform names no limit here.
    pub title: String,
    /// At most 120 characters is good advice; the platform names no limit here.
    pub description: String,
    /// A JPG or PNG, 360×200 for the first article, 200×200 for others.
    pub pic_url: String,
    /// Where a tap leads.
    pub url: String,
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Str> for Reply {
    fn from(text: Str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Article> for Reply {
    fn from(article: Article) -> Self {
        Self::News(vec![article])
    }
}

impl Reply {
    /// The document that answers `message`, at `created_at` Unix seconds; `None` when nothing can be shown and `success`
    /// is the answer: silence, an empty text, a media id that is empty or impossibly long, a transfer of what no
    /// follower wrote, a push without sender or receiver, or one that is not [answerable](Message::is_answerable).
    ///
    /// A text above 2048 bytes is cut, with `…` at its end.
    pub fn render(&self, message: &Message, created_at: i64) -> Option<String> {
        let can_be_written = |id: &str| id.chars().any(is_legal);
        let is_addressed = can_be_written(message.from_user().as_str())
            && can_be_written(message.to_user().as_str());
        if !is_addressed || !message.is_answerable() {
            return None;
        }
        let mut xml = Writer::new(self.size_bytes());
        xml.open("xml");
        xml.text("ToUserName", message.from_user().as_str());
        xml.text("FromUserName", message.to_user().as_str());
        xml.number("CreateTime", created_at);
        self.body(message, &mut xml)?;
        xml.close("xml");
        Some(xml.text)
    }

    /// Reads what is replied from a document, whoever stands in it as sender and receiver.
    ///
    /// # Errors
    /// [`Error::BadXml`] when an element that the platform needs is missing, or when its kind is not known.
    pub fn parse(document: &Document) -> Result<Self, Error> {
        Self::read(document.root())
    }

    fn read(root: Element<'_>) -> Result<Self, Error> {
        Ok(match needed(root, "MsgType")? {
            "text" => Self::Text(needed(root, "Content")?.into()),
            "image" => Self::Image(media_of(root, "Image")?),
            "voice" => Self::Voice(media_of(root, "Voice")?),
            "video" => Self::Video(Video {
                media_id: media_of(root, "Video")?,
                title: text_at(root, "Video.Title"),
                description: text_at(root, "Video.Description"),
            }),
            "music" => Self::Music(Music {
                title: text_at(root, "Music.Title"),
                description: text_at(root, "Music.Description"),
                music_url: text_at(root, "Music.MusicUrl"),
                hq_music_url: text_at(root, "Music.HQMusicUrl"),
                thumb_media_id: text_at(root, "Music.ThumbMediaId").into(),
            }),
            "news" => Self::News(articles_of(root)),
            "transfer_customer_service" => Self::TransferCustomerService(
                root.at("TransInfo.KfAccount")
                    .map(|account| account.text().into()),
            ),
            "transfer_biz_ai_ivr" => Self::TransferBizAiIvr,
            kind => {
                return Err(Error::BadXml(format!(
                    "the platform has no reply of `MsgType` `{kind}`"
                )));
            }
        })
    }

    /// The reply in memory of its own and no larger than what is shown, to be kept: a long text is cut, and a media id
    /// that came with a push does not keep all of the push in memory.
    #[must_use]
    pub fn detached(self) -> Self {
        let own = |id: &MediaId| MediaId::from(if is_usable(id) { id.as_str() } else { "" });
        match self {
            Self::Text(content) if content.len() > MAX_TEXT_BYTES => {
                Self::Text(fitting(&content).into_owned())
            }
            Self::Image(id) => Self::Image(own(&id)),
            Self::Voice(id) => Self::Voice(own(&id)),
            Self::Video(video) => Self::Video(Video {
                media_id: own(&video.media_id),
                ..video
            }),
            Self::Music(music) => Self::Music(Music {
                thumb_media_id: own(&music.thumb_media_id),
                ..music
            }),
            other => other,
        }
    }

    /// The media id that the platform needs, for kinds that have one.
    fn media_id(&self) -> Option<&MediaId> {
        match self {
            Self::Image(id) | Self::Voice(id) => Some(id),
            Self::Video(video) => Some(&video.media_id),
            Self::Music(music) => Some(&music.thumb_media_id),
            _ => None,
        }
    }

    fn body(&self, message: &Message, xml: &mut Writer) -> Option<()> {
        if self.media_id().is_some_and(|id| !is_usable(id)) {
            return None;
        }
        match self {
            Self::Text(content) => {
                // An empty Content shows the failure notice, and what XML cannot hold is left out.
                if content
                    .chars()
                    .all(|character| character.is_whitespace() || !is_legal(character))
                {
                    return None;
                }
                xml.kind("text");
                xml.text("Content", &fitting(content));
            }
            Self::Image(media_id) => media(xml, "image", "Image", media_id),
            Self::Voice(media_id) => media(xml, "voice", "Voice", media_id),
            Self::Video(video) => {
                xml.kind("video");
                xml.open("Video");
                xml.text("MediaId", video.media_id.as_str());
                xml.optional("Title", &video.title);
                xml.optional("Description", &video.description);
                xml.close("Video");
            }
            Self::Music(music) => {
                xml.kind("music");
                xml.open("Music");
                xml.optional("Title", &music.title);
                xml.optional("Description", &music.description);
                xml.optional("MusicUrl", &music.music_url);
                xml.optional("HQMusicUrl", &music.hq_music_url);
                xml.text("ThumbMediaId", music.thumb_media_id.as_str());
                xml.close("Music");
            }
            Self::News(articles) => {
                let shown = &articles[..articles.len().min(if message.is_ordinary() {
                    1
                } else {
                    MAX_ARTICLES
                })];
                let count = i64::try_from(shown.len()).ok().filter(|count| *count > 0)?;
                xml.kind("news");
                xml.number("ArticleCount", count);
                xml.open("Articles");
                for article in shown {
                    xml.open("item");
                    xml.text("Title", &article.title);
                    xml.text("Description", &article.description);
                    xml.text("PicUrl", &article.pic_url);
                    xml.text("Url", &article.url);
                    xml.close("item");
                }
                xml.close("Articles");
            }
            Self::TransferCustomerService(_) | Self::TransferBizAiIvr if !message.is_ordinary() => {
                return None;
            }
            Self::TransferCustomerService(account) => {
                xml.kind("transfer_customer_service");
                if let Some(account) = account {
                    xml.open("TransInfo");
                    xml.text("KfAccount", account);
                    xml.close("TransInfo");
                }
            }
            Self::TransferBizAiIvr => xml.kind("transfer_biz_ai_ivr"),
            Self::Silence => return None,
        }
        Some(())
    }

    /// About how long the document will be.
    fn size_bytes(&self) -> usize {
        256 + match self {
            Self::Text(content) => content.len().min(MAX_TEXT_BYTES),
            Self::News(articles) => articles.len().min(MAX_ARTICLES) * 512,
            _ => 512,
        }
    }
}

/// Media ids have no documented maximum length; real ones have 64 characters.
fn is_usable(id: &MediaId) -> bool {
    id.as_str().len() <= 512 && id.as_str().chars().any(is_legal)
}

fn media(xml: &mut Writer, kind: &str, element: &str, media_id: &MediaId) {
    xml.kind(kind);
    xml.open(element);
    xml.text("MediaId", media_id.as_str());
    xml.close(element);
}

fn fitting(content: &str) -> std::borrow::Cow<'_, str> {
    if content.len() <= MAX_TEXT_BYTES {
        return content.into();
    }
    let end = cut(content, TEXT_BUDGET_BYTES - '…'.len_utf8());
    format!("{}…", content[..end].trim_end()).into()
}

/// A reply document read back, as who plays the platform sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The follower who gets it.
    pub to: OpenId,
    /// The account's original id.
    pub from: GhId,
    /// Unix seconds.
    pub created_at: i64,
    /// What is shown.
    pub reply: Reply,
}

impl Rendered {
    /// Reads a reply document.
    ///
    /// # Errors
    /// [`Error::BadXml`] when an element that the platform needs is missing, or when its kind is not known.
    pub fn parse(document: &Document) -> Result<Self, Error> {
        let root = document.root();
        let created_at = needed(root, "CreateTime")?;
        Ok(Self {
            to: needed(root, "ToUserName")?.into(),
            from: needed(root, "FromUserName")?.into(),
            created_at: created_at.parse().map_err(|_| {
                Error::BadXml(format!(
                    "`CreateTime` of the reply is `{created_at}`, Unix seconds are needed"
                ))
            })?,
            reply: Reply::read(root)?,
        })
    }
}

fn needed<'a>(root: Element<'a>, name: &str) -> Result<&'a str, Error> {
    let value = root
        .child(name)
        .map(Element::text)
        .filter(|value| !value.is_empty());
    value.ok_or_else(|| Error::BadXml(format!("the reply has no `{name}`")))
}

fn text_at(root: Element<'_>, path: &str) -> String {
    root.at(path)
        .map(Element::text)
        .unwrap_or_default()
        .to_owned()
}

fn media_of(root: Element<'_>, element: &str) -> Result<MediaId, Error> {
    root.child(element)
        .map(|media| MediaId::read(media, "MediaId"))
        .filter(|id| !id.as_str().is_empty())
        .ok_or_else(|| Error::BadXml(format!("the reply has no `{element}.MediaId`")))
}

fn articles_of(root: Element<'_>) -> Vec<Article> {
    let items = root
        .child("Articles")
        .into_iter()
        .flat_map(|articles| articles.all("item"));
    items
        .map(|item| Article {
            title: text_at(item, "Title"),
            description: text_at(item, "Description"),
            pic_url: text_at(item, "PicUrl"),
            url: text_at(item, "Url"),
        })
        .collect()
}

/// Writes elements whose content is CDATA.
struct Writer {
    text: String,
}

impl Writer {
    fn new(size_bytes: usize) -> Self {
        Self {
            text: String::with_capacity(size_bytes),
        }
    }

    fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn number(&mut self, name: &str, number: i64) {
        use std::fmt::Write as _;
        self.open(name);
        write!(self.text, "{number}").expect("a string can be written to");
        self.close(name);
    }

    fn optional(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    fn kind(&mut self, kind: &str) {
        for part in ["<MsgType><![CDATA[", kind, "]]></MsgType>"] {
            self.text.push_str(part);
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text.push_str("<![CDATA[");
        if may_be_special(text) {
            self.checked(text);
        } else {
            self.text.push_str(text);
        }
        self.text.push_str("]]>");
        self.close(name);
    }

    /// Leaves out what XML 1.0 cannot hold and splits `]]>` over two sections.
    fn checked(&mut self, text: &str) {
        let mut brackets = 0;
        for character in text.chars().filter(|character| is_legal(*character)) {
            if character == '>' && brackets >= 2 {
                self.text.push_str("]]><![CDATA[");
            }
            brackets = if character == ']' { brackets + 1 } else { 0 };
            self.text.push(character);
        }
    }
}

/// Whether the text may hold something that CDATA cannot. Looks at every byte instead of stopping at the first hit:
/// so it compiles to vector instructions.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "lazy operators branch, and branches are not vectorised"
)]
fn may_be_special(text: &str) -> bool {
    let bytes = text.as_bytes();
    let single = |byte: u8| (byte == b']') | ((byte < b' ') & (byte != b'\t') & (byte != b'\n'));
    // U+FFFE and U+FFFF begin with EF BF.
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    bytes
        .iter()
        .fold(false, |found, byte| found | single(*byte))
        || pairs.fold(false, |found, (a, b)| found | ((*a == 0xef) & (*b == 0xbf)))
}

fn is_legal(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(push: &str) -> Message {
        Message::parse(Document::parse(push.as_bytes()).expect("a push"))
    }

    #[test]
    fn a_text_of_spaces_and_illegal_characters_became_a_reply() {
        let message = message(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><MsgType>text</MsgType></xml>",
        );
        for text in [
            "",
            " \n",
            "\u{1}",
            "\u{1} \u{ffff}",
            &" ".repeat(3000),
            &"\0".repeat(3000),
        ] {
            assert_eq!(Reply::from(text).render(&message, 1), None, "{text:?}");
        }
        assert!(Reply::from("\u{1}。").render(&message, 1).is_some());
    }

    #[test]
    fn a_push_that_nobody_sent_was_answered_with_a_document() {
        let ticket = "<xml><AppId>wx1</AppId><InfoType>component_verify_ticket</InfoType></xml>";
        assert_eq!(Reply::from("收到").render(&message(ticket), 1), None);
    }

    #[test]
    fn a_media_id_that_cannot_be_one_became_a_reply() {
        let message = message(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><MsgType>image</MsgType></xml>",
        );
        let long = "m".repeat(513);
        for id in ["", &long] {
            assert_eq!(Reply::Image(id.into()).render(&message, 1), None);
            assert_eq!(Reply::Voice(id.into()).detached(), Reply::Voice("".into()));
        }
        assert!(Reply::Image("m".into()).render(&message, 1).is_some());
    }

    #[test]
    fn a_reply_that_is_kept_is_no_larger_than_what_is_shown() {
        let long = "今".repeat(100_000);
        let Reply::Text(kept) = Reply::from(&*long).detached() else {
            panic!("still a text")
        };
        assert!(kept.len() <= MAX_TEXT_BYTES && kept.capacity() <= 2 * MAX_TEXT_BYTES);
    }
}
