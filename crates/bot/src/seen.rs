//! [`Seen`]: what came for an account, counted without a lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use echostr_protocol::Str;
use serde::{Deserialize, Serialize};

/// Classes of refusals, each with its own counter. The same words stand in the log and in the metrics.
pub const REFUSALS: [&str; 13] = [
    "unsigned",
    "bad_signature",
    "bad_xml",
    "bad_appid",
    "bad_ciphertext",
    "bad_buffer",
    "bad_base64",
    "wrong_account",
    "too_large",
    "slow",
    "broken_off",
    "method",
    "other",
];

/// How much of the sentence about a refusal is kept, in characters.
const MAX_CHARS: usize = 300;

/// What came for an account since it was made or loaded. Shared by all versions of the account.
#[derive(Debug, Default)]
pub struct Seen {
    // Unix milliseconds; 0 for never.
    last_handshake_at_ms: AtomicI64,
    last_push_at_ms: AtomicI64,
    // See `Came`; 0 for none.
    came: AtomicU8,
    refused: [AtomicU64; REFUSALS.len()],
    last_refusal: Mutex<Option<Box<LastRefusal>>>,
    gh_id: OnceLock<Str>,
}

/// Whether a request has come that was verified with the current token, or decrypted with the current key: then the platform's
/// page has it. Shared by the versions of an account that have the same ones.
#[derive(Debug, Default)]
pub struct Used {
    token: AtomicBool,
    key: AtomicBool,
}

/// In which of the platform's modes a push came, whatever is configured here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Came {
    /// Clear.
    Plain = 1,
    /// Clear and encrypted.
    Compatible = 2,
    /// Encrypted.
    Safe = 3,
}

/// What was seen up to a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenSnapshot {
    /// Unix milliseconds.
    pub last_handshake_at_ms: Option<i64>,
    /// Unix milliseconds.
    pub last_push_at_ms: Option<i64>,
    /// The mode of the latest push.
    pub mode: Option<Came>,
    /// How many requests were refused, by class; see [`REFUSALS`]. Classes without any are left out.
    pub refused: BTreeMap<String, u64>,
    /// The latest of them.
    pub last_refusal: Option<LastRefusal>,
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastRefusal {
    /// One of [`REFUSALS`].
    pub class: String,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// A sentence for the owner, without secrets.
    pub what: String,
}

impl Seen {
    /// A handshake with the right signature.
    pub fn handshake(&self, at_ms: i64) {
        self.last_handshake_at_ms.store(at_ms, Ordering::Relaxed);
    }

    /// A push that was verified and opened.
    pub fn push(&self, at_ms: i64, came: Came) {
        self.last_push_at_ms.store(at_ms, Ordering::Relaxed);
        self.came.store(came as u8, Ordering::Relaxed);
    }

    /// A request that got no answer; `what` has no secret in it.
    pub fn refused(&self, at_ms: i64, class: &str, what: &str) {
        let place = place(class);
        self.refused[place].fetch_add(1, Ordering::Relaxed);
        let refusal = LastRefusal {
            class: REFUSALS[place].to_owned(),
            at_ms,
            what: what.chars().take(MAX_CHARS).collect(),
        };
        let mut last = self
            .last_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(Box::new(refusal));
    }

    /// The original id (原始ID) to which pushes went, learnt from the first one.
    pub fn gh_id(&self) -> Option<&Str> {
        self.gh_id.get()
    }

    /// The one that was learnt; this one if there was none.
    pub fn learn(&self, gh_id: &str) -> &Str {
        self.gh_id.get_or_init(|| gh_id.into())
    }

    /// All at once.
    pub fn snapshot(&self) -> SeenSnapshot {
        let moment = |at_ms: &AtomicI64| Some(at_ms.load(Ordering::Relaxed)).filter(|at| *at != 0);
        let counts = REFUSALS.iter().zip(&self.refused);
        let counts = counts.map(|(class, count)| (*class, count.load(Ordering::Relaxed)));
        let last = self
            .last_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        SeenSnapshot {
            last_handshake_at_ms: moment(&self.last_handshake_at_ms),
            last_push_at_ms: moment(&self.last_push_at_ms),
            mode: Came::of(self.came.load(Ordering::Relaxed)),
            refused: counts
                .filter(|(_, count)| *count > 0)
                .map(|(class, count)| (class.to_owned(), count))
                .collect(),
            last_refusal: last.as_deref().cloned(),
        }
    }

    /// Goes on from what was seen before. The original id is not part of it: it is learnt anew unless the account has one.
    pub fn restore(snapshot: SeenSnapshot) -> Self {
        let seen = Self {
            last_handshake_at_ms: snapshot.last_handshake_at_ms.unwrap_or_default().into(),
            last_push_at_ms: snapshot.last_push_at_ms.unwrap_or_default().into(),
            came: snapshot.mode.map_or(0, |came| came as u8).into(),
            last_refusal: Mutex::new(snapshot.last_refusal.map(Box::new)),
            ..Self::default()
        };
        for (class, count) in snapshot.refused {
            seen.refused[place(&class)].fetch_add(count, Ordering::Relaxed);
        }
        seen
    }
}

impl Used {
    /// What is known of a token and a key.
    pub fn new(token: bool, key: bool) -> Self {
        Self {
            token: token.into(),
            key: key.into(),
        }
    }

    /// Whether the token was used.
    pub fn token(&self) -> bool {
        self.token.load(Ordering::Relaxed)
    }

    /// Whether the key was used.
    pub fn key(&self) -> bool {
        self.key.load(Ordering::Relaxed)
    }

    pub(crate) fn note_token(&self) {
        note(&self.token);
    }

    pub(crate) fn note_key(&self) {
        note(&self.key);
    }
}

/// Written once: it is read on the way of every message.
fn note(used: &AtomicBool) {
    if !used.load(Ordering::Relaxed) {
        used.store(true, Ordering::Relaxed);
    }
}

impl Came {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compatible => "compatible",
            Self::Safe => "safe",
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Plain, Self::Compatible, Self::Safe]
            .into_iter()
            .find(|came| *came as u8 == number)
    }
}

fn place(class: &str) -> usize {
    let place = REFUSALS.iter().position(|known| *known == class);
    place.unwrap_or(REFUSALS.len() - 1)
}
