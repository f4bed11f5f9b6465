//! [`Conditions`]: what must hold beside the pattern by which a rule was found.

use sha1::{Digest as _, Sha1};

use super::kind::{MENU, SCANS, TEXTS, Word, Words};
use super::question::Question;
use super::{Rule, When};
use crate::day_of;

/// The conditions of a rule, compiled.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) kinds: Words,
    hours: Box<[Hours]>,
    /// Bit 1 is Monday; none: any day.
    weekdays: u8,
    from: i32,
    to: i32,
    share_percent: Option<u8>,
    pub(super) first_message: bool,
    pub(super) source: Box<[Scene]>,
    pub(super) cool_down_ms: i64,
}

/// Minutes since midnight: from, and up to but without; over midnight when it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hours {
    begin: u16,
    end: u16,
}

/// A scene, or how scenes begin: `abc*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scene {
    Is(Box<str>),
    Begins(Box<str>),
}

/// Why a rule does not answer a message that it was found for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hindrance {
    Hour,
    Weekday,
    Date,
    Share,
    NotFirst,
    Source,
    CoolDown,
}

/// In their order, Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const MINUTES: u16 = 24 * 60;

impl Conditions {
    pub(super) fn of(rule: &Rule) -> Self {
        let When {
            hours,
            weekdays,
            from,
            to,
            share_percent,
            first_message,
            source,
            ..
        } = &rule.when;
        let day = |date: &Option<String>| date.as_deref().and_then(day_of);
        let weekdays = weekdays.iter().filter_map(|name| weekday(name));
        Self {
            kinds: rule.when.kinds(),
            hours: hours
                .iter()
                .filter_map(|hours| Hours::parse(hours))
                .collect(),
            weekdays: weekdays.fold(0, |days, day| days | 1 << day),
            from: day(from).unwrap_or(i32::MIN),
            to: day(to).unwrap_or(i32::MAX),
            share_percent: *share_percent,
            first_message: *first_message,
            source: source.iter().map(|scene| Scene::parse(scene)).collect(),
            cool_down_ms: i64::try_from(rule.cool_down_secs.saturating_mul(1000))
                .unwrap_or(i64::MAX),
        }
    }

    /// What is in the way that can be seen without the journal.
    pub(super) fn hindrance(&self, rule: &str, question: &Question<'_>) -> Option<Hindrance> {
        let local = question.local;
        let is_now = |hours: &Hours| hours.has(local.minute);
        if !self.hours.is_empty() && !self.hours.iter().any(is_now) {
            return Some(Hindrance::Hour);
        }
        if self.weekdays != 0 && self.weekdays & 1 << local.weekday() == 0 {
            return Some(Hindrance::Weekday);
        }
        if !(self.from..=self.to).contains(&local.day) {
            return Some(Hindrance::Date);
        }
        let follower = question.message.from_user().as_str();
        let is_chosen = |percent: u8| share(rule, follower) < percent;
        if !self.share_percent.is_none_or(is_chosen) {
            return Some(Hindrance::Share);
        }
        if self.first_message && !question.message.is_ordinary() {
            return Some(Hindrance::NotFirst);
        }
        None
    }

    /// Whether what hinders it may have to be asked of the journal.
    pub(super) fn needs_journal(&self) -> bool {
        self.first_message || !self.source.is_empty() || self.cool_down_ms > 0
    }
}

impl When {
    /// The kinds that it is about, those that go without saying when it names none.
    pub(super) fn kinds(&self) -> Words {
        if !self.kind.is_empty() {
            return self
                .kind
                .iter()
                .filter_map(|word| Word::parse(word))
                .collect();
        }
        let kinds = match () {
            () if self.has_text() => TEXTS,
            () if !self.key.is_empty() => MENU,
            () if !self.scene.is_empty() => SCANS,
            () => &[Word::AnyMessage],
        };
        kinds.into()
    }

    /// Whether it has a pattern for the text.
    pub(super) fn has_text(&self) -> bool {
        ![&self.equals, &self.contains, &self.starts_with, &self.regex]
            .iter()
            .all(|patterns| patterns.is_empty())
    }
}

impl Hours {
    /// `09:00-18:00`
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (begin, end) = text.split_once('-')?;
        let (begin, end) = (minute(begin.trim())?, minute(end.trim())?);
        (begin < MINUTES && begin != end).then_some(Self { begin, end })
    }

    fn has(self, minute: u16) -> bool {
        if self.begin < self.end {
            (self.begin..self.end).contains(&minute)
        } else {
            !(self.end..self.begin).contains(&minute)
        }
    }
}

fn minute(time: &str) -> Option<u16> {
    let (hour, minute) = time.split_once(':')?;
    let two_digits = |part: &str| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<u16>().ok())?
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES).then_some(total)
}

/// 1 (Monday) to 7 (Sunday).
pub(super) fn weekday(name: &str) -> Option<u8> {
    let place = WEEKDAYS
        .iter()
        .position(|day| name.trim().eq_ignore_ascii_case(day))?;
    u8::try_from(place + 1).ok()
}

impl Scene {
    pub(super) fn parse(scene: &str) -> Self {
        match scene.strip_suffix('*') {
            Some(begin) => Self::Begins(begin.into()),
            None => Self::Is(scene.into()),
        }
    }

    pub(super) fn fits(&self, scene: &str) -> bool {
        match self {
            Self::Is(own) => **own == *scene,
            Self::Begins(begin) => scene.starts_with(&**begin),
        }
    }
}

/// 0 to 99, always the same for this rule and this follower.
fn share(rule: &str, follower: &str) -> u8 {
    let mut hash = Sha1::new();
    hash.update(rule);
    hash.update([0]);
    hash.update(follower);
    let hash: [u8; 20] = hash.finalize().into();
    let [a, b, c, d, ..] = hash;
    u8::try_from(u32::from_be_bytes([a, b, c, d]) % 100).unwrap_or_default()
}

impl Hindrance {
    /// The reason in a sentence.
    pub(super) fn sentence(self, rule: &Rule, question: &Question<'_>) -> String {
        let When {
            hours,
            weekdays,
            from,
            to,
            source,
            share_percent,
            ..
        } = &rule.when;
        let local = question.local;
        match self {
            Self::Hour => format!(
                "not at this hour: it is {}, hours are {}",
                local.time(),
                hours.join(", ")
            ),
            Self::Weekday => {
                let today = WEEKDAYS[usize::from(local.weekday()) - 1];
                format!(
                    "not on this day: it is {today}, days are {}",
                    weekdays.join(", ")
                )
            }
            Self::Date => {
                let from = from.as_deref().unwrap_or("the beginning");
                let to = to.as_deref().unwrap_or("the end");
                format!(
                    "not on this date: it is {}, dates are {from} to {to}",
                    local.date()
                )
            }
            Self::Share => format!(
                "not for this follower: it answers {} of 100",
                share_percent.unwrap_or(100)
            ),
            Self::NotFirst => "not the first message of this follower".into(),
            Self::Source => format!(
                "not for this follower, who did not come by {}",
                source.join(", ")
            ),
            Self::CoolDown => format!(
                "it has answered this follower within {} s",
                rule.cool_down_secs
            ),
        }
    }
}
