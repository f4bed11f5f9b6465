//! [`Zone`]: the time zone of an account, a fixed distance from UTC; China has had one for decades.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A time zone as `+08:00`: what day and hour it is for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    minutes: i16,
}

/// What a text is that is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no time zone like `+08:00`; -12:00 to +14:00 are allowed")]
pub struct BadZone;

/// What the clock on the wall and the calendar say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Since midnight, 0 to 1439.
    pub minute: u16,
}

impl Default for Zone {
    /// China's.
    fn default() -> Self {
        Self { minutes: 8 * 60 }
    }
}

impl Zone {
    /// What time it is there at `unix_ms`.
    pub fn at(self, unix_ms: i64) -> LocalTime {
        let minutes = unix_ms.div_euclid(60_000) + i64::from(self.minutes);
        let day = minutes.div_euclid(24 * 60);
        let minute = minutes.rem_euclid(24 * 60);
        LocalTime {
            day: i32::try_from(day).unwrap_or(i32::MAX),
            minute: u16::try_from(minute).unwrap_or_default(),
        }
    }
}

impl LocalTime {
    /// 1 (Monday) to 7 (Sunday).
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        u8::try_from((self.day + 3).rem_euclid(7) + 1).unwrap_or(1)
    }

    /// `2026-12-01`
    pub fn date(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `09:05`
    pub fn time(self) -> String {
        format!("{:02}:{:02}", self.minute / 60, self.minute % 60)
    }

    /// The first day of its month, in days since 1970-01-01.
    pub fn month_begin(self) -> i32 {
        let (_, _, day) = self.civil();
        self.day - i32::from(day) + 1
    }

    fn civil(self) -> (i32, u8, u8) {
        let since = time::Duration::days(self.day.into());
        let date = (time::OffsetDateTime::UNIX_EPOCH + since).date();
        (date.year(), date.month().into(), date.day())
    }
}

/// The days since 1970-01-01 of a date like `2026-12-01`; nothing when it is none.
pub fn day_of(date: &str) -> Option<i32> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || month.len() != 2 || day.len() != 2 || parts.next().is_some() {
        return None;
    }
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let epoch = time::OffsetDateTime::UNIX_EPOCH.date();
    i32::try_from((date - epoch).whole_days()).ok()
}

impl FromStr for Zone {
    type Err = BadZone;

    fn from_str(text: &str) -> Result<Self, BadZone> {
        let text = text.trim();
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'+') => (1, &text[1..]),
            Some(b'-') => (-1, &text[1..]),
            _ => return Err(BadZone),
        };
        let (hours, minutes) = rest.split_once(':').ok_or(BadZone)?;
        let two_digits = |part: &str| {
            let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse::<i16>().ok())?
        };
        let hours = two_digits(hours).ok_or(BadZone)?;
        let minutes = two_digits(minutes).filter(|it| *it < 60).ok_or(BadZone)?;
        let minutes = sign * (hours * 60 + minutes);
        if (-12 * 60..=14 * 60).contains(&minutes) {
            Ok(Self { minutes })
        } else {
            Err(BadZone)
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl TryFrom<String> for Zone {
    type Error = BadZone;

    fn try_from(text: String) -> Result<Self, BadZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, unix_ms: i64, date: &str, time: &str, weekday: u8) {
        let zone: Zone = zone.parse().expect("a zone");
        let local = zone.at(unix_ms);
        assert_eq!(
            (&*local.date(), &*local.time(), local.weekday()),
            (date, time, weekday)
        );
        assert_eq!(day_of(date), Some(local.day));
    }

    #[test]
    fn a_moment_is_a_day_and_an_hour_somewhere() {
        check("+08:00", 0, "1970-01-01", "08:00", 4);
        check("-03:30", 0, "1969-12-31", "20:30", 3);
        check("+08:00", 1_796_054_399_000, "2026-11-30", "23:59", 1);
        check("+08:00", 1_796_054_400_000, "2026-12-01", "00:00", 2);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "8",
            "+8:00",
            "+08:60",
            "+15:00",
            "-12:01",
            "Asia/Shanghai",
            "+0８:00",
        ] {
            assert_eq!(text.parse::<Zone>(), Err(BadZone), "{text}");
        }
    }
}
