//! Kinds in words, as they stand in a rule: `text`, `event.subscribe`, `message`.

use std::borrow::Cow;
use std::fmt;

use echostr_protocol::{Event, Message};

/// One word of `when.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// All that followers write.
    AnyMessage,
    /// All events.
    AnyEvent,
    Message(&'static str),
    Event(&'static str),
}

/// The kinds that a rule answers; one must be that of the message.
pub(super) type Words = Cow<'static, [Word]>;

/// The kind of a message that rules may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Message(Cow<'a, str>),
    Event(Cow<'a, str>),
}

const UNSUPPORTED: &str = "unsupported";

/// Texts, and voices with a text.
pub(super) const TEXTS: &[Word] = &[Word::Message("text"), Word::Message("voice")];
/// Taps on entries of the menu, which have a key.
pub(super) const MENU: &[Word] = &[
    Word::Event("click"),
    Word::Event("view"),
    Word::Event("view_miniprogram"),
    Word::Event("scancode_push"),
    Word::Event("scancode_waitmsg"),
    Word::Event("pic_sysphoto"),
    Word::Event("pic_photo_or_album"),
    Word::Event("pic_weixin"),
    Word::Event("location_select"),
];
/// QR codes that were scanned, which have a scene.
pub(super) const SCANS: &[Word] = &[Word::Event("scan"), Word::Event("subscribe")];

impl Word {
    /// The kind with this name, upper and lower case are the same; nothing when there is none.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("message") {
            return Some(Self::AnyMessage);
        }
        if is("event") {
            return Some(Self::AnyEvent);
        }
        if is(UNSUPPORTED) {
            return Some(Self::Message(UNSUPPORTED));
        }
        if let Some(name) = Message::KINDS.iter().find(|name| is(name)) {
            return Some(Self::Message(name));
        }
        let (prefix, event) = word.split_at_checked("event.".len())?;
        if !prefix.eq_ignore_ascii_case("event.") {
            return None;
        }
        let is = |name: &&str| event.eq_ignore_ascii_case(name);
        let names = Event::NAMES.iter().find(|names| names.iter().any(is))?;
        names.first().map(|name| Self::Event(name))
    }

    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let messages = Message::KINDS.iter().copied().chain([UNSUPPORTED]);
        let events = Event::NAMES
            .iter()
            .filter_map(|names| names.first().copied());
        [Self::AnyMessage, Self::AnyEvent]
            .into_iter()
            .chain(messages.map(Self::Message))
            .chain(events.map(Self::Event))
    }

    pub(super) fn is_event(self) -> bool {
        matches!(self, Self::AnyEvent | Self::Event(_))
    }

    /// Whether it is one of these, or may be.
    pub(super) fn is_among(self, words: &[Self]) -> bool {
        words.iter().any(|word| match self {
            Self::AnyMessage => !word.is_event(),
            Self::AnyEvent => word.is_event(),
            _ => self == *word,
        })
    }

    fn fits(self, kind: &Kind<'_>) -> bool {
        match (self, kind) {
            (Self::AnyMessage, Kind::Message(_)) | (Self::AnyEvent, Kind::Event(_)) => true,
            (Self::Message(word), Kind::Message(name)) | (Self::Event(word), Kind::Event(name)) => {
                word == name
            }
            _ => false,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyMessage => f.write_str("message"),
            Self::AnyEvent => f.write_str("event"),
            Self::Message(name) => f.write_str(name),
            Self::Event(name) => write!(f, "event.{name}"),
        }
    }
}

impl<'a> Kind<'a> {
    /// Nothing for what no rule answers: pushes of devices and about authorisations, and what is not known.
    pub(super) fn of(message: &'a Message) -> Option<Self> {
        match message {
            Message::Unsupported(_) => Some(Self::Message(UNSUPPORTED.into())),
            Message::Event(event) => Some(Self::Event(event.kind())),
            message if message.is_ordinary() => Some(Self::Message(message.kind())),
            _ => None,
        }
    }

    pub(super) fn is_one_of(&self, words: &[Word]) -> bool {
        words.iter().any(|word| word.fits(self))
    }
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(name) => f.write_str(name),
            Self::Event(name) => write!(f, "event.{name}"),
        }
    }
}
