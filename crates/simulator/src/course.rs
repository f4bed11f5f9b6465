//! [`Course`]: how the deliveries of a push go, the unpleasant ways included, and [`Forgery`]: what a stranger sends.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::duration;
use crate::push::Mode;
use crate::transport::Exchange;

/// How the deliveries of one push go. As text: `in-turn`, `overlapping 1 s`, `first-lost 2 s`, `response-lost`, `slow 1 s`,
/// `skewed -90 s`, `forged signature`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Course {
    /// The next begins when the one before has been closed or has failed.
    #[default]
    InTurn,
    /// The next begins so long after the one before began, which is still open: it has been seen to happen.
    /// Zero: all at once.
    Overlapping(Duration),
    /// The first is closed after this time, and its answer, if there is one by then, is lost on the way; then as
    /// [`Course::InTurn`].
    FirstLost(Duration),
    /// The first answer is complete, but lost on the way: at the end of the deadline the same body comes again.
    ResponseLost,
    /// The network is slow: the body of a request comes in pieces over this time, and its answer arrives so much later than
    /// it was given. The deadline covers both.
    Slow(Duration),
    /// The platform's clock differs from this machine's by so many seconds; negative: it is behind. `timestamp` and
    /// `CreateTime` are off.
    Skewed(i64),
    /// It is no push but a stranger's forgery, which is sent once.
    Forged(Forgery),
}

/// What a stranger sends who does not know the account's secrets. A right server answers no handler's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// `signature` is not that of the account's token.
    Signature,
    /// `signature` is right, as seen somewhere; `msg_signature` is not.
    MsgSignature,
    /// A query that was seen, with another ciphertext, sealed under a key that is not the account's.
    OtherBody,
    /// A query that was seen, without what tells that it is encrypted, and a clear body.
    ClearBody,
}

impl Forgery {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Signature,
        Self::MsgSignature,
        Self::OtherBody,
        Self::ClearBody,
    ];

    /// The word in scripts and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::MsgSignature => "msg-signature",
            Self::OtherBody => "other-body",
            Self::ClearBody => "clear-body",
        }
    }

    /// Whether a server in this mode can tell. In plain mode nothing protects the body.
    pub fn can_be_told(self, mode: &Mode) -> bool {
        self == Self::Signature || mode.sealing().is_some()
    }

    /// The status that a right server answers: 404 to a wrong signature, 400 to a body that it cannot take. The platform
    /// prescribes none.
    pub fn right_status(self) -> u16 {
        match self {
            Self::Signature | Self::MsgSignature | Self::OtherBody => 404,
            Self::ClearBody => 400,
        }
    }

    /// Whether the server refused it: any 4xx will do. An error of the server, a broken connection and `success` do not: the
    /// server did not notice, or nobody knows.
    pub fn is_refused(exchange: &Exchange) -> bool {
        let answer = exchange.answer.as_ref();
        answer.is_ok_and(|answer| (400..500).contains(&answer.status))
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTurn => f.write_str("in-turn"),
            Self::Overlapping(gap) => write!(f, "overlapping {}", duration::written(*gap)),
            Self::FirstLost(after) => write!(f, "first-lost {}", duration::written(*after)),
            Self::ResponseLost => f.write_str("response-lost"),
            Self::Slow(by) => write!(f, "slow {}", duration::written(*by)),
            Self::Skewed(secs) => write!(f, "skewed {secs} s"),
            Self::Forged(forgery) => write!(f, "forged {}", forgery.name()),
        }
    }
}

/// It is no course; what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` 不是投递方式，可以写 · is no course of deliveries; write for example: `in-turn`, `overlapping 1 s`, \
     `first-lost 2 s`, `response-lost`, `slow 1 s`, `skewed -90 s`, `forged signature` (`msg-signature`, `other-body`, \
     `clear-body`)"
)]
pub struct NotACourse(String);

impl FromStr for Course {
    type Err = NotACourse;

    fn from_str(text: &str) -> Result<Self, NotACourse> {
        let (name, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let course = match name {
            "in-turn" if rest.is_empty() => Some(Self::InTurn),
            "response-lost" if rest.is_empty() => Some(Self::ResponseLost),
            "overlapping" => duration::parse(rest).map(Self::Overlapping),
            "first-lost" => duration::parse(rest).map(Self::FirstLost),
            "slow" => duration::parse(rest).map(Self::Slow),
            "skewed" => skew(rest).map(Self::Skewed),
            "forged" => rest.parse().ok().map(Self::Forged),
            _ => None,
        };
        course.ok_or_else(|| NotACourse(text.to_owned()))
    }
}

/// `-90 s`, in seconds.
fn skew(text: &str) -> Option<i64> {
    let text = text.trim();
    let span = duration::parse(text.trim_start_matches(['-', '+']))?;
    let secs = i64::try_from(span.as_secs()).ok()?;
    Some(if text.starts_with('-') { -secs } else { secs })
}

impl FromStr for Forgery {
    type Err = NotACourse;

    fn from_str(text: &str) -> Result<Self, NotACourse> {
        let found = Self::ALL
            .into_iter()
            .find(|forgery| forgery.name() == text.trim());
        found.ok_or_else(|| NotACourse(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_read_as_it_is_written() {
        for text in [
            "in-turn",
            "overlapping 0 s",
            "overlapping 1500 ms",
            "first-lost 2 s",
            "response-lost",
            "slow 300 ms",
            "skewed -90 s",
            "skewed 3600 s",
            "forged signature",
            "forged msg-signature",
            "forged other-body",
            "forged clear-body",
        ] {
            let course: Course = text.parse().expect(text);
            assert_eq!(course.to_string(), text);
        }
        for text in [
            "",
            "slow",
            "slow 1",
            "in-turn 1 s",
            "forged",
            "forged x",
            "late 1 s",
        ] {
            text.parse::<Course>().expect_err(text);
        }
    }
}
