//! What language models were asked, and what they have cost.

use echostr::{LocalTime, day_of};
use echostr_store::{Page, TurnEntry, TurnFilter, UsageEntry};

use super::{Office, Refused, now_ms};

/// Days, both included, since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) from: i32,
    pub(crate) to: i32,
}

impl Days {
    /// How many days can be asked for at once.
    pub(crate) const MOST: i32 = 366;

    /// Today and the days of its month before, where this is today.
    fn of_month_until(today: LocalTime) -> Self {
        Self {
            from: today.month_begin(),
            to: today.day,
        }
    }

    pub(crate) fn len(self) -> i32 {
        self.to.saturating_sub(self.from).saturating_add(1)
    }
}

/// A date like `2026-12-01`, or the rest of a sentence about what is none.
pub(crate) fn date(text: &str) -> Result<i32, String> {
    let day = day_of(text);
    day.ok_or_else(|| {
        let found = crate::config::quoted(text);
        format!("is {found}, a date like `2026-12-01` is needed")
    })
}

/// `2026-12-01`
pub(crate) fn written(day: i32) -> String {
    LocalTime { day, minute: 0 }.date()
}

impl Office {
    /// The days of this month up to today, by the account's clock; nothing when there is no such account.
    pub(crate) fn this_month(&self, account: &str) -> Option<Days> {
        let zone = self.account(account)?.settings.time_zone;
        Some(Days::of_month_until(zone.at(now_ms())))
    }

    pub(crate) async fn turns(&self, filter: &TurnFilter) -> Result<Page<TurnEntry>, Refused> {
        Ok(self.0.history.turns(filter).await?)
    }

    /// By day and model.
    pub(crate) async fn usage(
        &self,
        account: &str,
        Days { from, to }: Days,
    ) -> Result<Vec<UsageEntry>, Refused> {
        Ok(self.0.history.usage(Some(account), from, to).await?)
    }
}
