//! [`MemoryTokens`]: access tokens of a process that is the only one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use echostr_protocol::api::Secret;
use tokio::time::Instant;

use super::{Asking, Kept, Leased, TokenStore};

/// Access tokens in memory; cloning an `Arc` of it shares them.
#[derive(Debug, Default)]
pub struct MemoryTokens(Mutex<HashMap<String, Row>>);

#[derive(Debug, Default)]
struct Row {
    kept: Option<Kept>,
    lease: Option<(u128, Instant)>,
}

impl MemoryTokens {
    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Row) -> T) -> T {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(rows.entry(name.to_owned()).or_default())
    }
}

impl TokenStore for MemoryTokens {
    fn lease<'a>(
        &'a self,
        name: &'a str,
        seen: Option<&'a Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Asking<'a, Leased> {
        Box::pin(async move {
            Ok(self.with(name, |row| {
                if let Some(kept) = &row.kept
                    && seen != Some(&kept.value)
                    && kept.expires_at_ms > now_ms
                {
                    return Leased::Instead(kept.clone());
                }
                if row.lease.is_some_and(|(_, until)| until > Instant::now()) {
                    return Leased::Held;
                }
                row.lease = Some((holder, Instant::now() + <dyn TokenStore>::LEASE_FOR));
                Leased::Granted(row.kept.clone())
            }))
        })
    }

    fn keep<'a>(&'a self, name: &'a str, holder: u128, kept: &'a Kept) -> Asking<'a, bool> {
        Box::pin(async move {
            Ok(self.with(name, |row| {
                let is_holder = row.lease.is_some_and(|(own, _)| own == holder);
                if is_holder {
                    *row = Row {
                        kept: Some(kept.clone()),
                        lease: None,
                    };
                }
                is_holder
            }))
        })
    }

    fn release<'a>(&'a self, name: &'a str, holder: u128) -> Asking<'a, ()> {
        Box::pin(async move {
            self.with(name, |row| {
                if row.lease.is_some_and(|(own, _)| own == holder) {
                    row.lease = None;
                }
            });
            Ok(())
        })
    }
}
