//! What was measured of the platform's clock, per account: when it closes a delivery, and how far its time is from ours.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use echostr_protocol::Str;

/// When a delivery is answered at the latest, before anything was measured.
pub(crate) const REPLY_WITHIN: Duration = Duration::from_millis(4500);
const LEAST: Duration = Duration::from_millis(2500);
const MOST: Duration = Duration::from_millis(4600);
/// So long before the platform closes.
const BEFORE_CLOSING: Duration = Duration::from_millis(400);
/// How many of the latest are looked at.
const KEPT: usize = 32;
/// How many are needed before they count.
const ENOUGH: usize = 3;

/// The paces of all accounts.
#[derive(Default)]
pub(crate) struct Paces(RwLock<HashMap<Str, Arc<Pace>>>);

impl Paces {
    pub(crate) fn of(&self, account: &Str) -> Arc<Pace> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = known.get(&**account) {
            return Arc::clone(pace);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(account.clone()).or_default())
    }
}

/// The pace of the platform with one account.
#[derive(Default)]
pub(crate) struct Pace {
    closings: Mutex<VecDeque<Duration>>,
    offsets_ms: Mutex<Offsets>,
}

#[derive(Default)]
struct Offsets {
    latest: VecDeque<i64>,
    least: Option<i64>,
}

impl Pace {
    /// The platform closed a delivery so long after its arrival.
    pub(crate) fn closed_after(&self, time: Duration) {
        let mut closings = self.closings.lock().unwrap_or_else(PoisonError::into_inner);
        push(&mut closings, time);
    }

    /// How long after its arrival a delivery is answered at the latest: the median of the closings less 400 ms, within
    /// 2.5 to 4.6 s.
    pub(crate) fn reply_within(&self) -> Duration {
        let closings = self.closings.lock().unwrap_or_else(PoisonError::into_inner);
        if closings.len() < ENOUGH {
            return REPLY_WITHIN;
        }
        let mut sorted: Vec<Duration> = closings.iter().copied().collect();
        drop(closings);
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
            .saturating_sub(BEFORE_CLOSING)
            .clamp(LEAST, MOST)
    }

    /// How long ago the first delivery of a push was sent, by its `CreateTime`, when that can be told: our clock may
    /// differ from the platform's by any amount, but always by the same. Nothing beyond 30 s.
    pub(crate) fn age(&self, created_at: i64, arrived_at_ms: i64) -> Option<Duration> {
        let offset = arrived_at_ms.saturating_sub(created_at.saturating_mul(1000));
        let mut offsets = self
            .offsets_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_known = offsets.latest.len() >= ENOUGH;
        let least = offsets.least.filter(|_| is_known);
        push(&mut offsets.latest, offset);
        offsets.least = if offsets.latest.len() == KEPT || offsets.least.is_none_or(|l| offset < l)
        {
            offsets.latest.iter().copied().min()
        } else {
            offsets.least
        };
        drop(offsets);
        let age_ms = u64::try_from(offset.saturating_sub(least?)).ok()?;
        (age_ms <= 30_000).then(|| Duration::from_millis(age_ms))
    }
}

fn push<T>(latest: &mut VecDeque<T>, value: T) {
    if latest.len() == KEPT {
        latest.pop_front();
    }
    latest.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_reply_within(closings_ms: &[u64], expected_ms: u64) {
        let pace = Pace::default();
        for closing in closings_ms {
            pace.closed_after(Duration::from_millis(*closing));
        }
        assert_eq!(pace.reply_within(), Duration::from_millis(expected_ms));
    }

    #[test]
    fn deliveries_are_answered_400_ms_before_they_would_be_closed() {
        check_reply_within(&[], 4500);
        check_reply_within(&[3000, 3000], 4500);
        check_reply_within(&[3000, 3000, 3000], 2600);
        check_reply_within(&[5000, 100, 4800, 4900, 60_000], 4500);
        check_reply_within(&[5000, 5010, 5020], 4600);
        check_reply_within(&[900, 1000, 1100], 2500);
    }

    /// Arrivals in milliseconds of our clock, with the `CreateTime` that each push has; the last one's age.
    #[track_caller]
    fn check_age(pushes: &[(i64, i64)], expected_ms: Option<u64>) {
        let pace = Pace::default();
        let ages: Vec<_> = pushes
            .iter()
            .map(|(created_at, arrived_at_ms)| pace.age(*created_at, *arrived_at_ms))
            .collect();
        let last = ages.last().expect("a push");
        assert_eq!(*last, expected_ms.map(Duration::from_millis));
    }

    #[test]
    fn the_age_of_a_push_is_told_by_how_late_it_is_beside_others() {
        // Our clock goes 100 s ahead.
        let usual = [(1, 101_050), (2, 102_300), (3, 103_100)];
        let with = |push| [&usual[..], &[push]].concat();
        check_age(&[(1, 6_000)], None);
        check_age(&with((4, 104_050)), Some(0));
        check_age(&with((4, 109_150)), Some(5_100));
        check_age(&with((4, 134_051)), None);
        check_age(&with((4, 103_000)), None);
    }
}
