//! [`Latencies`]: how long many things took, in little memory.

use std::time::Duration;

/// Values below are counted exactly; above, within one part of so many.
const STEPS: u64 = 128;
/// Enough for 2^40 µs, twelve days.
const N_BUCKETS: usize = 34 * 128;

/// How long many things took: a count for each range of microseconds, the ranges less than one percent wide.
#[derive(Debug, Clone)]
pub struct Latencies {
    counts: Vec<u64>,
    n: u64,
    longest: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: vec![0; N_BUCKETS],
            n: 0,
            longest: Duration::ZERO,
        }
    }
}

impl Latencies {
    pub(super) fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
        self.n += 1;
        self.longest = self.longest.max(latency);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.n
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Of all of them, this percentage took at most so long.
    pub fn percentile(&self, percent: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among what fits into memory"
        )]
        let place = ((self.n as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut before = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            before += count;
            if before >= place {
                return Duration::from_micros(end_of(bucket)).min(self.longest);
            }
        }
        self.longest
    }
}

/// Twice the value, one power further; within a power, equal steps.
fn bucket(micros: u64) -> usize {
    let power = (u64::BITS - (micros / STEPS).leading_zeros()) as usize;
    let step = match power {
        0 => micros,
        _ => (micros >> (power - 1)) - STEPS,
    };
    let place = power * 128 + usize::try_from(step).unwrap_or(usize::MAX);
    place.min(N_BUCKETS - 1)
}

/// The largest value of a bucket.
fn end_of(bucket: usize) -> u64 {
    let (power, step) = (bucket / 128, (bucket % 128) as u64);
    match power {
        0 => step,
        _ => ((STEPS + step + 1) << (power - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_within_one_percent() {
        let mut latencies = Latencies::default();
        for micros in 1..=100_000 {
            latencies.add(Duration::from_micros(micros));
        }
        let check = |percent: f64, expected: u64| {
            let found = latencies.percentile(percent);
            let expected = Duration::from_micros(expected);
            assert!(found >= expected, "{found:?} {expected:?}");
            assert!(found <= expected + expected / 100, "{found:?} {expected:?}");
        };
        check(0.1, 100);
        check(50.0, 50_000);
        check(99.0, 99_000);
        check(99.9, 99_900);
        assert_eq!(latencies.percentile(100.0), Duration::from_millis(100));
        assert_eq!(latencies.count(), 100_000);
    }

    #[test]
    fn every_value_has_its_bucket() {
        for micros in [0, 1, 127, 128, 129, 255, 256, 257, 1_000_000, 1 << 39] {
            let bucket = bucket(micros);
            assert!(end_of(bucket) >= micros, "{micros}");
            assert!(bucket == 0 || end_of(bucket - 1) < micros, "{micros}");
        }
        assert_eq!(bucket(u64::MAX), N_BUCKETS - 1);
    }

    #[test]
    fn nothing_took_no_time() {
        assert_eq!(Latencies::default().percentile(99.0), Duration::ZERO);
    }
}
