//! [`Question`]: what rules look at in a message, read from it once.

use std::borrow::Cow;

use echostr_protocol::{Event, Message};
use regex::Regex;

use super::When;
use super::fold::{folded, lowered, narrow};
use super::kind::Kind;
use super::when::Scene;
use crate::{Account, LocalTime};

/// A message that rules are asked about.
pub(super) struct Question<'a> {
    pub(super) message: &'a Message,
    pub(super) account: &'a Account,
    /// Unix milliseconds.
    pub(super) at_ms: i64,
    /// In the account's time zone.
    pub(super) local: LocalTime,
    pub(super) kind: Kind<'a>,
    /// What the follower wrote or said.
    pub(super) text: Option<Text<'a>>,
    /// Of the menu entry that was tapped.
    pub(super) key: Option<&'a str>,
    /// Of the QR code that was scanned.
    pub(super) scene: Option<&'a str>,
}

/// A text in the two forms in which it is compared.
pub(super) struct Text<'a> {
    /// For regular expressions.
    pub(super) narrow: Cow<'a, str>,
    /// For words.
    pub(super) folded: Cow<'a, str>,
}

impl<'a> Question<'a> {
    /// Nothing when no rule answers such a message.
    pub(super) fn of(message: &'a Message, account: &'a Account, at_ms: i64) -> Option<Self> {
        Some(Self {
            message,
            account,
            at_ms,
            local: account.zone.at(at_ms),
            kind: Kind::of(message)?,
            text: written(message).map(Text::of),
            key: key_of(message),
            scene: scene_of(message),
        })
    }
}

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Self {
        let narrow = narrow(text);
        let folded = match &narrow {
            Cow::Borrowed(text) => lowered(text),
            Cow::Owned(text) => lowered(text).into_owned().into(),
        };
        Self { narrow, folded }
    }
}

/// What the follower wrote, or said if the platform has understood it.
pub(super) fn written(message: &Message) -> Option<&str> {
    match message {
        Message::Text(text) => Some(&text.content),
        Message::Voice(voice) => voice.recognition.as_deref(),
        _ => None,
    }
}

fn key_of(message: &Message) -> Option<&str> {
    let Message::Event(event) = message else {
        return None;
    };
    match event {
        Event::Click(event) => Some(&event.event_key),
        Event::View(event) => Some(&event.event_key),
        Event::ViewMiniprogram(event) => Some(&event.event_key),
        Event::ScancodePush(event) => Some(&event.event_key),
        Event::ScancodeWaitmsg(event) => Some(&event.event_key),
        Event::PicSysphoto(event) => Some(&event.event_key),
        Event::PicPhotoOrAlbum(event) => Some(&event.event_key),
        Event::PicWeixin(event) => Some(&event.event_key),
        Event::LocationSelect(event) => Some(&event.event_key),
        _ => None,
    }
}

fn scene_of(message: &Message) -> Option<&str> {
    match message {
        Message::Event(Event::Scan(event)) => Some(&event.scene),
        Message::Event(Event::Subscribe(event)) => event.scene.as_deref(),
        _ => None,
    }
}

impl Question<'_> {
    /// What of a rule that was found fits, for people. These are its regular expressions.
    pub(super) fn because<'r>(
        &self,
        when: &When,
        regexes: impl Iterator<Item = &'r Regex>,
    ) -> String {
        let text = self.text.as_ref();
        let pattern = text.and_then(|text| text.because(when, regexes));
        let key = self.key.and_then(|key| {
            let key = when.key.iter().find(|own| *own == key)?;
            Some(format!("key {key}"))
        });
        let scene = self.scene.and_then(|scene| {
            let fits = |own: &&String| Scene::parse(own).fits(scene);
            let scene = when.scene.iter().find(fits)?;
            Some(format!("scene {scene}"))
        });
        pattern
            .or(key)
            .or(scene)
            .unwrap_or_else(|| self.kind.to_string())
    }
}

impl Text<'_> {
    fn because<'r>(&self, when: &When, regexes: impl Iterator<Item = &'r Regex>) -> Option<String> {
        let text = &*self.folded;
        let found = |name: &str, words: &[String], fits: &dyn Fn(&str) -> bool| {
            let word = words.iter().find(|word| fits(&folded(word)))?;
            Some(format!("{name} {word}"))
        };
        let equals = |word: &str| word.trim() == text.trim();
        let mut regexes = when.regex.iter().zip(regexes);
        found("equals", &when.equals, &equals)
            .or_else(|| found("contains", &when.contains, &|word| text.contains(word)))
            .or_else(|| {
                found("starts_with", &when.starts_with, &|word| {
                    text.starts_with(word)
                })
            })
            .or_else(|| {
                let (pattern, _) = regexes.find(|(_, regex)| regex.is_match(&self.narrow))?;
                Some(format!("regex {pattern}"))
            })
    }
}
