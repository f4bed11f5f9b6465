//! How many customer-service messages a follower may still be sent — 客服消息下发条数.
//!
//! Source: <https://developers.weixin.qq.com/doc/service/api/customer/message/> (read 2026-11-22)

use std::time::Duration;

use echostr_protocol::{Event, Message};

/// What a follower does that allows messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// Writes, or sends something.
    Message,
    /// Taps a button of the menu (`click`, `scancode_push`, `scancode_waitmsg`), or a link that says something.
    Menu,
    /// Follows.
    Follow,
    /// Scans a QR code of the account.
    Scan,
}

/// How many messages each trigger allows, and how long. The platform has changed this before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendLimits {
    /// After a message.
    pub per_message: u32,
    /// How long after it.
    pub message_window: Duration,
    /// After each of the others.
    pub per_event: u32,
    /// How long after it.
    pub event_window: Duration,
}

impl Default for SendLimits {
    /// As of 2026.
    fn default() -> Self {
        Self {
            per_message: 5,
            message_window: Duration::from_hours(48),
            per_event: 3,
            event_window: Duration::from_mins(1),
        }
    }
}

/// What happened between an account and a follower lately, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interactions {
    /// What the follower did, and when, Unix milliseconds.
    pub done: Vec<(Trigger, i64)>,
    /// When messages were sent, Unix milliseconds; also those of which nobody knows whether they arrived.
    pub sent_at_ms: Vec<i64>,
}

impl Trigger {
    /// What this push is of it.
    pub fn of(message: &Message) -> Option<Self> {
        match message {
            Message::Text(text) if text.menu_id.is_some() => Some(Self::Menu),
            Message::Event(Event::Subscribe(_)) => Some(Self::Follow),
            Message::Event(Event::Scan(_)) => Some(Self::Scan),
            Message::Event(
                Event::Click(_) | Event::ScancodePush(_) | Event::ScancodeWaitmsg(_),
            ) => Some(Self::Menu),
            message if message.is_ordinary() => Some(Self::Message),
            _ => None,
        }
    }
}

impl SendLimits {
    /// How far back it has to be known what happened, in milliseconds.
    pub fn looks_back_ms(&self) -> i64 {
        millis(self.message_window.max(self.event_window))
    }

    /// How many messages may still be sent. Each trigger begins anew; the most generous one counts.
    pub fn left(&self, happened: &Interactions, now_ms: i64) -> u32 {
        let left = happened.done.iter().map(|(trigger, at_ms)| {
            let (most, window) = match trigger {
                Trigger::Message => (self.per_message, self.message_window),
                Trigger::Menu | Trigger::Follow | Trigger::Scan => {
                    (self.per_event, self.event_window)
                }
            };
            if at_ms + millis(window) <= now_ms {
                return 0;
            }
            let sent = happened.sent_at_ms.iter().filter(|sent| *sent >= at_ms);
            most.saturating_sub(u32::try_from(sent.count()).unwrap_or(u32::MAX))
        });
        left.max().unwrap_or_default()
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    #[track_caller]
    fn check(done: &[(Trigger, i64)], sent_at_ms: &[i64], now_ms: i64, expected: u32) {
        let happened = Interactions {
            done: done.to_vec(),
            sent_at_ms: sent_at_ms.to_vec(),
        };
        assert_eq!(SendLimits::default().left(&happened, now_ms), expected);
    }

    #[test]
    fn a_message_allows_five_within_two_days() {
        let message = [(Trigger::Message, 0)];
        check(&message, &[], 0, 5);
        check(&message, &[1, 2, 3, 4], 5, 1);
        check(&message, &[1, 2, 3, 4, 5], 6, 0);
        check(&message, &[], 48 * HOUR - 1, 5);
        check(&message, &[], 48 * HOUR, 0);
        check(&[], &[], 0, 0);
    }

    #[test]
    fn an_event_allows_three_within_a_minute() {
        for trigger in [Trigger::Menu, Trigger::Follow, Trigger::Scan] {
            check(&[(trigger, 0)], &[1, 2], 3, 1);
            check(&[(trigger, 0)], &[], MINUTE, 0);
        }
    }

    #[test]
    fn a_new_message_begins_anew() {
        let twice = [(Trigger::Message, 0), (Trigger::Message, HOUR)];
        check(&twice, &[1, 2, 3, 4, 5], HOUR, 5);
        check(&twice, &[1, 2, 3, 4, 5, HOUR], HOUR + 1, 4);
    }

    #[test]
    fn a_tap_does_not_take_away_what_a_message_allows() {
        let both = [(Trigger::Message, 0), (Trigger::Menu, 10)];
        check(&both, &[], 11, 5);
        check(&both, &[1, 2, 3, 4, 5], 11, 3);
        check(&both, &[1, 2, 3, 4, 5, 11, 12, 13], 14, 0);
    }
}
