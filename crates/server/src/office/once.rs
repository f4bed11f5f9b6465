//! Requests that are carried out once although they come twice, by the key that a program gives each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// How long a key counts.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// How many keys are remembered; from then on those that are over make room.
const KEYS: usize = 100_000;

/// What was asked for under which key.
#[derive(Default)]
pub(super) struct Once(Mutex<HashMap<String, Row>>);

struct Row {
    request: u64,
    state: State,
    // Unix milliseconds.
    begun_at_ms: i64,
}

#[derive(Clone, Copy)]
enum State {
    Underway,
    Done,
    Unsure,
}

/// What a request with a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// The first one: it is to be carried out, and [`Once::end`] says how that ended.
    First,
    /// It is being carried out.
    Underway,
    /// It was carried out.
    Done,
    /// It was tried, and it is not known whether it was carried out.
    Unsure,
    /// Another request had this key.
    Other,
    /// There are too many keys.
    Full,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was carried out.
    Done,
    /// It is not known whether it was carried out.
    Unsure,
    /// It was not, and may be tried again under the same key.
    NotDone,
}

impl Once {
    /// Whether this request is to be carried out.
    pub(super) fn begin(&self, key: &str, request: &Value, now_ms: i64) -> Begun {
        let request = digest(request);
        let mut rows = self.rows();
        let is_over = |row: &Row| row.begun_at_ms + KEPT_MS <= now_ms;
        if let Some(row) = rows.get(key).filter(|row| !is_over(row)) {
            return match row.state {
                _ if row.request != request => Begun::Other,
                State::Underway => Begun::Underway,
                State::Done => Begun::Done,
                State::Unsure => Begun::Unsure,
            };
        }
        if rows.len() >= KEYS {
            rows.retain(|_, row| !is_over(row));
            if rows.len() >= KEYS {
                return Begun::Full;
            }
        }
        let row = Row {
            request,
            state: State::Underway,
            begun_at_ms: now_ms,
        };
        rows.insert(key.to_owned(), row);
        Begun::First
    }

    /// Says how the first one ended.
    pub(super) fn end(&self, key: &str, ended: Ended) {
        let mut rows = self.rows();
        let state = match ended {
            Ended::Done => State::Done,
            Ended::Unsure => State::Unsure,
            Ended::NotDone => {
                rows.remove(key);
                return;
            }
        };
        if let Some(row) = rows.get_mut(key) {
            row.state = state;
        }
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(request: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_stands_for_one_request_for_a_day() {
        let once = Once::default();
        let check = |text: &str, now_ms: i64, expected: Begun| {
            assert_eq!(once.begin("k", &json!({ "text": text }), now_ms), expected);
        };
        check("a", 0, Begun::First);
        check("a", 1, Begun::Underway);
        check("b", 1, Begun::Other);
        once.end("k", Ended::NotDone);
        check("b", 2, Begun::First);
        once.end("k", Ended::Done);
        check("b", KEPT_MS + 1, Begun::Done);
        check("a", KEPT_MS + 1, Begun::Other);
        check("a", KEPT_MS + 2, Begun::First);
        once.end("k", Ended::Unsure);
        check("a", KEPT_MS + 3, Begun::Unsure);
    }
}
