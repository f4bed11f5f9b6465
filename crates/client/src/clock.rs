//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Where a bot takes the time of day from. What only has to pass, such as five seconds, is always tokio's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    // Unix milliseconds at an instant of tokio's clock.
    base: Option<(Instant, i64)>,
}

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self::default()
    }

    /// Begins at `unix_ms`, Unix milliseconds, and goes on with tokio's clock: a test that pauses or advances that one
    /// moves the time of day as well.
    pub fn with_tokio(unix_ms: i64) -> Self {
        Self {
            base: Some((Instant::now(), unix_ms)),
        }
    }

    /// Unix milliseconds.
    pub fn unix_ms(self) -> i64 {
        let milliseconds = |time: std::time::Duration| i64::try_from(time.as_millis());
        if let Some((begin, unix_ms)) = self.base {
            return unix_ms.saturating_add(milliseconds(begin.elapsed()).unwrap_or(i64::MAX));
        }
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        milliseconds(since_epoch.unwrap_or_default()).unwrap_or(i64::MAX)
    }

    /// Unix seconds.
    pub fn unix_secs(self) -> i64 {
        self.unix_ms().div_euclid(1000)
    }
}
