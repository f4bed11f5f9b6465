//! Whether the wall clock can be believed: what is deleted by age does not come back.

use std::time::{Duration, Instant};

use tracing::warn;

use crate::value::signed;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// How long nothing is deleted after the wall clock has jumped.
const REST: Duration = Duration::from_hours(1);

#[derive(Default)]
pub(crate) struct WallClock {
    // Both clocks at the last look.
    last: Option<(Instant, i64)>,
    // It has jumped: it may be wrong.
    rests_until: Option<Instant>,
}

impl WallClock {
    /// Whether it has lately moved further than time did.
    pub(crate) fn has_jumped(&mut self, at: Instant, now_ms: i64) -> bool {
        if let Some((last_at, last_ms)) = self.last.replace((at, now_ms)) {
            let passed =
                signed(u64::try_from(at.duration_since(last_at).as_millis()).unwrap_or(u64::MAX));
            if now_ms - last_ms - passed > HOUR_MS {
                warn!(
                    "the clock was put forward by more than an hour: nothing is deleted by age within the next hour; \
                     see that the clock is right"
                );
                self.rests_until = Some(at + REST);
            }
        }
        self.rests_until.is_some_and(|until| at < until)
    }
}
