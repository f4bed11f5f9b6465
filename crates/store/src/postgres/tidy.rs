//! What is deleted by itself, in small portions between the batches. The meaning is that of `sqlite/tidy.rs`.

use std::time::Instant;

use sqlx::postgres::PgConnection;

use super::apply::{Result, query};
use super::followers::forget;
use super::index;
use crate::journal::Retention;
use crate::journal::clock::WallClock;
use crate::value::{now_ms, signed};

/// How many messages are looked at in one transaction: no commit waits long for it.
const PORTION: usize = 500;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

const SENT_BEFORE: &str = "DELETE FROM sent WHERE id IN
    (SELECT id FROM sent WHERE sent_at_ms < $1 ORDER BY sent_at_ms LIMIT $2)";

const TURNS_BEFORE: &str =
    "WITH oldest AS MATERIALIZED (SELECT id, at_ms FROM turns ORDER BY id LIMIT $2)
    DELETE FROM turns WHERE id IN (SELECT id FROM oldest WHERE id < coalesce(
        (SELECT min(id) FROM oldest WHERE at_ms >= $1 AND at_ms <= $3), 9223372036854775807))";

const UPLOADS_BEFORE: &str = "DELETE FROM uploads WHERE (account_id, hash) IN
    (SELECT account_id, hash FROM uploads WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)";

const REQUESTS_BEFORE: &str = "DELETE FROM idempotency WHERE (account_id, key) IN
    (SELECT account_id, key FROM idempotency WHERE started_at_ms <= $1 ORDER BY started_at_ms LIMIT $2)";

/// How far the cleaning has come.
#[derive(Default)]
pub(super) struct Tidy {
    // The messages up to this one were looked at.
    cursor: i64,
    clock: WallClock,
}

/// What a portion has done.
#[derive(Default)]
pub(super) struct Done {
    pub(super) has_forgotten: bool,
    /// Whether there may be more to do now.
    pub(super) is_more: bool,
}

impl Tidy {
    /// Deletes one portion of what is too old, within a transaction.
    pub(super) async fn portion(
        &mut self,
        connection: &mut PgConnection,
        retention: Retention,
    ) -> Result<Done> {
        let mut done = Done::default();
        let now = now_ms();
        if self.clock.has_jumped(Instant::now(), now) {
            return Ok(done);
        }
        let before = |days: u32| now - i64::from(days) * DAY_MS;
        if retention.unfollowed_days > 0 {
            done.has_forgotten = forget_one(connection, before(retention.unfollowed_days)).await?;
            done.is_more = done.has_forgotten;
        }
        if retention.journal_days > 0 {
            let before_ms = before(retention.journal_days);
            done.is_more |= self.delete_some(connection, before_ms, now).await?;
            done.is_more |= delete_rows(connection, SENT_BEFORE, before_ms).await?;
            done.is_more |= delete_turns(connection, before_ms, now).await?;
        }
        done.is_more |= delete_pages(connection, now).await?;
        done.is_more |= delete_rows(connection, UPLOADS_BEFORE, now).await?;
        done.is_more |= delete_rows(connection, REQUESTS_BEFORE, now - DAY_MS).await?;
        Ok(done)
    }

    /// Messages older than `before_ms`, in the order in which they came, but for those with an answer that can be read.
    async fn delete_some(
        &mut self,
        connection: &mut PgConnection,
        before_ms: i64,
        now_ms: i64,
    ) -> Result<bool> {
        let rows: Vec<(i64, bool, bool, bool)> = sqlx::query_as(
            "SELECT m.id, m.received_at_ms < $2, m.received_at_ms > $5,
                    EXISTS (SELECT 1 FROM answers a WHERE a.message_id = m.id AND a.expires_at_ms > $3
                            AND a.state IN ('running', 'text', 'other'))
                        OR EXISTS (SELECT 1 FROM answers a JOIN pages p ON p.answer_id = a.id WHERE a.message_id = m.id)
             FROM messages m WHERE m.id > $1 ORDER BY m.id LIMIT $4",
        )
        .bind(self.cursor)
        .bind(before_ms)
        .bind(now_ms)
        .bind(signed(PORTION as u64))
        .bind(now_ms + DAY_MS)
        .fetch_all(&mut *connection)
        .await?;
        // What came while the clock was wrong, and seems to come from the future, does not hide what is old behind it.
        let old = rows
            .iter()
            .take_while(|(_, is_old, is_future, _)| *is_old || *is_future);
        let n_old = old.count();
        let doomed: Vec<i64> = rows[..n_old]
            .iter()
            .filter(|(_, is_old, _, is_live)| *is_old && !*is_live)
            .map(|(id, ..)| *id)
            .collect();
        if !doomed.is_empty() {
            index::remove(connection, &doomed).await?;
            for sql in [
                "DELETE FROM pages WHERE answer_id IN (SELECT id FROM answers WHERE message_id = ANY ($1))",
                "DELETE FROM links WHERE answer_id IN (SELECT id FROM answers WHERE message_id = ANY ($1))",
                "DELETE FROM answers WHERE message_id = ANY ($1)",
                "DELETE FROM deliveries WHERE message_id = ANY ($1)",
                "DELETE FROM messages WHERE id = ANY ($1)",
            ] {
                query(sql).bind(&doomed).execute(&mut *connection).await?;
            }
        }
        let is_more = n_old == rows.len() && n_old == PORTION;
        // Next time from the beginning: what was kept may have expired.
        self.cursor = match rows[..n_old].last() {
            Some((id, ..)) if is_more => *id,
            _ => 0,
        };
        Ok(is_more)
    }
}

/// Deletes a portion of what is older than a time. Whether there may be more.
async fn delete_rows(
    connection: &mut PgConnection,
    sql: &'static str,
    before_ms: i64,
) -> Result<bool> {
    let portion = signed(PORTION as u64);
    let deleted = query(sql).bind(before_ms).bind(portion);
    let deleted = deleted.execute(&mut *connection).await?;
    Ok(deleted.rows_affected() == PORTION as u64)
}

async fn delete_turns(connection: &mut PgConnection, before_ms: i64, now_ms: i64) -> Result<bool> {
    let deleted = query(TURNS_BEFORE)
        .bind(before_ms)
        .bind(signed(PORTION as u64))
        .bind(now_ms + DAY_MS);
    let deleted = deleted.execute(&mut *connection).await?;
    Ok(deleted.rows_affected() == PORTION as u64)
}

/// Deletes pages that have expired, with the texts that stood there only. Whether there may be more.
async fn delete_pages(connection: &mut PgConnection, now_ms: i64) -> Result<bool> {
    let gone: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM pages WHERE hash IN
             (SELECT hash FROM pages WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)
         RETURNING answer_id",
    )
    .bind(now_ms)
    .bind(signed(PORTION as u64))
    .fetch_all(&mut *connection)
    .await?;
    query(
        "UPDATE answers SET source = NULL, markup = NULL
         WHERE id = ANY ($1) AND NOT EXISTS (SELECT 1 FROM pages WHERE answer_id = answers.id)",
    )
    .bind(&gone)
    .execute(&mut *connection)
    .await?;
    Ok(gone.len() == PORTION)
}

/// Forgets a follower who unfollowed before `before_ms`. Whether there was one.
async fn forget_one(connection: &mut PgConnection, before_ms: i64) -> Result<bool> {
    let gone: Option<(String, String)> = sqlx::query_as(
        "SELECT a.public_id, f.open_id FROM followers f JOIN accounts a ON a.id = f.account_id
         WHERE f.unfollowed_at_ms < $1 LIMIT 1",
    )
    .bind(before_ms)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((account, open_id)) = gone else {
        return Ok(false);
    };
    forget(connection, &account, &open_id).await?;
    Ok(true)
}
