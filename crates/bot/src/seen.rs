//! [`Seen`]: what came for an account, counted without a lock.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

use echostr_protocol::Str;

/// Classes of refusals, each with its own counter. The same words stand in the log and in the metrics.
pub const REFUSALS: [&str; 12] = [
    "bad_signature",
    "bad_msg_signature",
    "bad_encryption",
    "bad_app_id",
    "bad_xml",
    "bad_mode",
    "wrong_account",
    "too_large",
    "slow",
    "broken_off",
    "method",
    "other",
];

/// What came for an account since it was made or loaded. Shared by all versions of the account.
#[derive(Debug, Default)]
pub struct Seen {
    // Unix milliseconds; 0 for never.
    last_handshake_at_ms: AtomicI64,
    last_push_at_ms: AtomicI64,
    // See `MODES`; 0 for none.
    mode: AtomicU8,
    refused: [AtomicU64; REFUSALS.len()],
    gh_id: OnceLock<Str>,
}
