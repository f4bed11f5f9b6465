//! Tokens against a double of the platform: no sockets, and the clock stands still unless everybody waits.

mod cases;
mod double;
mod schedules;

use std::sync::{Arc, LazyLock};

use self::double::Double;
use super::{Asking, Kept, Leased, MemoryTokens, TokenStore};
use crate::platform::connections;
use crate::{ApiAccount, Clock, Platform, Settings, TokenSource};

/// When a test begins, Unix milliseconds.
const START_MS: i64 = 1_790_000_000_000;
const APP_ID: &str = "wx3aea277d7b497b65";
const SECRET: &str = "5f1c3b0e9d7a48c2b6e4f80a1d23c795";

/// It builds requests, and never connects.
static HTTP: LazyLock<reqwest::Client> =
    LazyLock::new(|| connections(&Settings::default()).expect("there is no proxy"));

/// A process of its own, as far as tokens go.
fn process(double: &Arc<Double>, store: Arc<dyn TokenStore>) -> Platform {
    let settings = Settings::default();
    let clock = Clock::with_tokio(START_MS);
    Platform::over(
        Arc::clone(double) as _,
        HTTP.clone(),
        &settings,
        store,
        clock,
    )
}

fn stable() -> Arc<ApiAccount> {
    Arc::new(ApiAccount::new(APP_ID, SECRET))
}

fn with(source: TokenSource) -> Arc<ApiAccount> {
    Arc::new(ApiAccount {
        source,
        ..ApiAccount::new(APP_ID, SECRET)
    })
}

/// Runs on a clock that stands still unless everybody waits.
fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(test)
}
