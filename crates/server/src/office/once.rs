//! Requests that are carried out once although they come twice, by the key that a program gives each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use echostr_store::Error;

/// How long keys are known, milliseconds.
const KNOWN_FOR_MS: i64 = 24 * 60 * 60 * 1000;

/// The requests of a day that carried a key.
#[derive(Default)]
pub(super) struct Once(Mutex<HashMap<(String, String), Row>>);

struct Row {
    digest: [u8; 32],
    // Unix milliseconds.
    begun_at_ms: i64,
    answer: Option<String>,
}

/// What is known of a request that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Begun {
    /// Nothing: it is to be done now, and then finished or abandoned.
    New,
    /// It is being done.
    Underway,
    /// It was done, with this answer in JSON.
    Done(String),
    /// Another request had this key.
    Other,
}

impl Once {
    /// A request of this account with this key begins; `digest` tells it from others.
    #[expect(clippy::unused_async, reason = "as where several processes share it")]
    pub(super) async fn begin(
        &self,
        account: &str,
        key: &str,
        digest: &[u8; 32],
        now_ms: i64,
    ) -> Result<Begun, Error> {
        let mut rows = self.rows();
        rows.retain(|_, row| row.begun_at_ms + KNOWN_FOR_MS > now_ms);
        let name = (account.to_owned(), key.to_owned());
        Ok(match rows.get(&name) {
            Some(row) if row.digest != *digest => Begun::Other,
            Some(Row { answer: None, .. }) => Begun::Underway,
            Some(Row {
                answer: Some(answer),
                ..
            }) => Begun::Done(answer.clone()),
            None => {
                let row = Row {
                    digest: *digest,
                    begun_at_ms: now_ms,
                    answer: None,
                };
                rows.insert(name, row);
                Begun::New
            }
        })
    }

    /// It was done, with this answer in JSON.
    #[expect(clippy::unused_async, reason = "as where several processes share it")]
    pub(super) async fn finish(&self, account: &str, key: &str, answer: &str) -> Result<(), Error> {
        let name = (account.to_owned(), key.to_owned());
        if let Some(row) = self.rows().get_mut(&name) {
            row.answer = Some(answer.to_owned());
        }
        Ok(())
    }

    /// It has certainly done nothing: the key is free again.
    #[expect(clippy::unused_async, reason = "as where several processes share it")]
    pub(super) async fn abandon(&self, account: &str, key: &str) -> Result<(), Error> {
        self.rows().remove(&(account.to_owned(), key.to_owned()));
        Ok(())
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<(String, String), Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_stands_for_one_request_for_a_day() {
        let once = Once::default();
        let check = async |digest: u8, now_ms: i64, expected: Begun| {
            let begun = once.begin("shop", "k", &[digest; 32], now_ms).await;
            assert_eq!(begun.expect("it is in memory"), expected, "{now_ms}");
        };
        check(1, 0, Begun::New).await;
        check(1, 1, Begun::Underway).await;
        check(2, 1, Begun::Other).await;
        once.abandon("shop", "k").await.expect("it is in memory");
        check(2, 2, Begun::New).await;
        let finished = once.finish("shop", "k", "{}").await;
        finished.expect("it is in memory");
        check(2, KNOWN_FOR_MS + 1, Begun::Done("{}".into())).await;
        check(1, KNOWN_FOR_MS + 1, Begun::Other).await;
        check(1, KNOWN_FOR_MS + 2, Begun::New).await;
    }
}
