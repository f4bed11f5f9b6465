//! [`Idempotency`]: a request that comes twice is done once, and answered the same.

use std::time::Duration;

use crate::Error;
use crate::db::{Db, writing};
use crate::value::signed;

/// A request that has not ended after this time never will: its process died.
const UNDERWAY_FOR: Duration = Duration::from_mins(10);

/// How long keys are known. The journal's writer deletes them later.
const KNOWN_FOR: Duration = Duration::from_hours(24);

/// The requests of a day that carried a key. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Idempotency {
    db: Db,
}

/// What is known of a request that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done now, and then [finished](Idempotency::finish) or [abandoned](Idempotency::abandon).
    New,
    /// It is being done.
    Underway,
    /// It was begun more than 10 minutes ago and never finished: perhaps it was done. It must not be done again.
    Unsure,
    /// It was done, with this answer in JSON.
    Done(String),
    /// Another request had this key.
    Other,
}

impl Idempotency {
    /// Of this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// A request of this account with this key begins. `digest` is the SHA-256 of all that makes it this request; `now_ms` is
    /// Unix milliseconds. Of several that begin at once, one is [new](Begun::New).
    ///
    /// # Errors
    /// The database cannot be written, or there is no such account.
    pub async fn begin(
        &self,
        account: &str,
        key: &str,
        digest: &[u8; 32],
        now_ms: i64,
    ) -> Result<Begun, Error> {
        let begun = self.try_begin(account, key, digest, now_ms).await;
        begun.map_err(Error::unwritten("that a request begins"))
    }

    /// It was done, with this answer in JSON.
    ///
    /// # Errors
    /// The database cannot be written: the request stays [underway](Begun::Underway), then [unsure](Begun::Unsure).
    pub async fn finish(&self, account: &str, key: &str, answer: &str) -> Result<(), Error> {
        let finished = self.try_finish(account, key, answer).await;
        finished.map_err(Error::unwritten("the answer to a request"))
    }

    /// It has certainly done nothing: the key is free again.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn abandon(&self, account: &str, key: &str) -> Result<(), Error> {
        let abandoned = self.try_abandon(account, key).await;
        abandoned.map_err(Error::unwritten("that a request has done nothing"))
    }

    async fn try_begin(
        &self,
        account: &str,
        key: &str,
        digest: &[u8; 32],
        now_ms: i64,
    ) -> Result<Begun, sqlx::Error> {
        let (account, key) = (self.db.text(account), self.db.text(key));
        writing!(&self.db, transaction => async {
            sqlx::query(
                "DELETE FROM idempotency
                 WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) AND key = $2 AND started_at_ms <= $3",
            )
            .bind(&*account)
            .bind(&*key)
            .bind(now_ms.saturating_sub(millis(KNOWN_FOR)))
            .execute(&mut **transaction)
            .await?;
            let begun = sqlx::query(
                "INSERT INTO idempotency (account_id, key, digest, started_at_ms)
                 VALUES ((SELECT id FROM accounts WHERE public_id = $1), $2, $3, $4)
                 ON CONFLICT (account_id, key) DO NOTHING",
            )
            .bind(&*account)
            .bind(&*key)
            .bind(digest.as_slice())
            .bind(now_ms)
            .execute(&mut **transaction)
            .await?;
            if begun.rows_affected() > 0 {
                return Ok(Begun::New);
            }
            let known: (Vec<u8>, i64, Option<String>) = sqlx::query_as(
                "SELECT digest, started_at_ms, answer FROM idempotency
                 WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) AND key = $2",
            )
            .bind(&*account)
            .bind(&*key)
            .fetch_one(&mut **transaction)
            .await?;
            Ok(match known {
                (other, ..) if other != digest => Begun::Other,
                (_, _, Some(answer)) => Begun::Done(answer),
                (_, started_at_ms, None) if now_ms.saturating_sub(started_at_ms) > millis(UNDERWAY_FOR) => Begun::Unsure,
                (_, _, None) => Begun::Underway,
            })
        })
    }

    async fn try_finish(&self, account: &str, key: &str, answer: &str) -> Result<(), sqlx::Error> {
        let (account, key) = (self.db.text(account), self.db.text(key));
        let answer = self.db.text(answer);
        writing!(&self.db, transaction => async {
            sqlx::query(
                "UPDATE idempotency SET answer = $3
                 WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) AND key = $2",
            )
            .bind(&*account)
            .bind(&*key)
            .bind(&*answer)
            .execute(&mut **transaction)
            .await?;
            Ok(())
        })
    }

    async fn try_abandon(&self, account: &str, key: &str) -> Result<(), sqlx::Error> {
        let (account, key) = (self.db.text(account), self.db.text(key));
        writing!(&self.db, transaction => async {
            sqlx::query(
                "DELETE FROM idempotency
                 WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) AND key = $2 AND answer IS NULL",
            )
            .bind(&*account)
            .bind(&*key)
            .execute(&mut **transaction)
            .await?;
            Ok(())
        })
    }
}

fn millis(time: Duration) -> i64 {
    signed(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
