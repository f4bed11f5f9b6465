//! What is deleted by itself, in small portions between the batches.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{forget, index};
use crate::journal::clock::WallClock;
use crate::journal::{Fault, Retention};
use crate::value::{now_ms, signed};

/// How many messages are looked at in one transaction: no commit waits long for it.
const PORTION: usize = 200;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How far the cleaning has come.
#[derive(Default)]
pub(crate) struct Tidy {
    // The messages up to this one were looked at.
    cursor: i64,
    clock: WallClock,
}

const SENT_BEFORE: &str = "DELETE FROM sent WHERE id IN
    (SELECT id FROM sent WHERE sent_at_ms < ?1 ORDER BY sent_at_ms LIMIT ?2)";

/// In the order of their numbers, so that the chain of each follower has no gap: one that seems to come from the future, because
/// the clock was wrong, goes with those around it.
const TURNS_BEFORE: &str =
    "WITH oldest AS MATERIALIZED (SELECT id, at_ms FROM turns ORDER BY id LIMIT ?2)
    DELETE FROM turns WHERE id IN (SELECT id FROM oldest WHERE id < coalesce(
        (SELECT min(id) FROM oldest WHERE at_ms >= ?1 AND at_ms <= ?3), 9223372036854775807))";

const UPLOADS_BEFORE: &str = "DELETE FROM uploads WHERE (account_id, hash) IN
    (SELECT account_id, hash FROM uploads WHERE expires_at_ms <= ?1 ORDER BY expires_at_ms LIMIT ?2)";

const REQUESTS_BEFORE: &str = "DELETE FROM idempotency WHERE (account_id, key) IN
    (SELECT account_id, key FROM idempotency WHERE started_at_ms <= ?1 ORDER BY started_at_ms LIMIT ?2)";

/// What a portion has done.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) rows: usize,
    pub(crate) has_forgotten: bool,
    /// Whether there may be more to do now.
    pub(crate) is_more: bool,
}

impl Done {
    /// So many rows of one kind were deleted, at most a portion.
    fn note(&mut self, n_rows: usize) {
        self.rows += n_rows;
        self.is_more |= n_rows == PORTION;
    }
}

impl Tidy {
    /// Deletes one portion of what is too old.
    pub(crate) fn portion(
        &mut self,
        connection: &Connection,
        retention: Retention,
    ) -> Result<Done, Fault> {
        self.portion_at(connection, retention, Instant::now(), now_ms())
    }

    fn portion_at(
        &mut self,
        connection: &Connection,
        retention: Retention,
        at: Instant,
        now: i64,
    ) -> Result<Done, Fault> {
        if self.clock.has_jumped(at, now) {
            return Ok(Done::default());
        }
        let before = |days: u32| now - i64::from(days) * DAY_MS;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut done = Done::default();
        if retention.unfollowed_days > 0 {
            done.has_forgotten = forget_one(connection, before(retention.unfollowed_days))?;
            done.is_more = done.has_forgotten;
        }
        if retention.journal_days > 0 {
            // What is taken out of the index of terms leaves pages behind that others stand on, too.
            connection.execute_batch("PRAGMA secure_delete = ON")?;
            let before_ms = before(retention.journal_days);
            self.delete_some(connection, before_ms, now, &mut done)?;
            done.note(delete_rows(connection, SENT_BEFORE, before_ms)?);
            done.note(delete_turns(connection, before_ms, now)?);
        }
        done.note(delete_pages(connection, now)?);
        done.note(delete_rows(connection, UPLOADS_BEFORE, now)?);
        done.note(delete_rows(connection, REQUESTS_BEFORE, now - DAY_MS)?);
        connection.prepare_cached("COMMIT")?.execute([])?;
        connection.execute_batch("PRAGMA secure_delete = FAST")?;
        Ok(done)
    }

    /// Messages older than `before_ms`, in the order in which they came, but for those with an answer that can be read.
    fn delete_some(
        &mut self,
        connection: &Connection,
        before_ms: i64,
        now_ms: i64,
        done: &mut Done,
    ) -> Result<(), Fault> {
        let mut select = connection.prepare_cached(
            "SELECT m.id, m.received_at_ms < ?2, m.received_at_ms > ?5,
                    EXISTS (SELECT 1 FROM answers a WHERE a.message_id = m.id AND a.expires_at_ms > ?3
                            AND a.state IN ('running', 'text', 'other'))
                        OR EXISTS (SELECT 1 FROM answers a JOIN pages p ON p.answer_id = a.id WHERE a.message_id = m.id)
             FROM messages m WHERE m.id > ?1 ORDER BY m.id LIMIT ?4",
        )?;
        let rows = select.query_map(
            params![
                self.cursor,
                before_ms,
                now_ms,
                signed(PORTION as u64),
                now_ms + DAY_MS
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let rows: Vec<(i64, bool, bool, bool)> = rows.collect::<Result<_, _>>()?;
        // What came while the clock was wrong, and seems to come from the future, does not hide what is old behind it.
        let old = rows
            .iter()
            .take_while(|(_, is_old, is_future, _)| *is_old || *is_future);
        let n_old = old.count();
        for (id, is_old, _, is_live) in &rows[..n_old] {
            self.cursor = *id;
            if *is_live || !*is_old {
                continue;
            }
            index::remove(connection, &[*id])?;
            for sql in [
                "DELETE FROM links WHERE answer_id IN (SELECT id FROM answers WHERE message_id = ?1)",
                "DELETE FROM pages WHERE answer_id IN (SELECT id FROM answers WHERE message_id = ?1)",
                "DELETE FROM answers WHERE message_id = ?1",
                "DELETE FROM deliveries WHERE message_id = ?1",
                "DELETE FROM messages WHERE id = ?1",
            ] {
                done.rows += connection.prepare_cached(sql)?.execute([id])?;
            }
        }
        if n_old == rows.len() && n_old == PORTION {
            done.is_more = true;
        } else {
            // Next time from the beginning: what was kept may have expired.
            self.cursor = 0;
        }
        Ok(())
    }
}

/// Deletes a portion of what is older than a time. How many.
fn delete_rows(connection: &Connection, sql: &str, before_ms: i64) -> Result<usize, Fault> {
    let mut delete = connection.prepare_cached(sql)?;
    Ok(delete.execute(params![before_ms, signed(PORTION as u64)])?)
}

fn delete_turns(connection: &Connection, before_ms: i64, now_ms: i64) -> Result<usize, Fault> {
    let mut delete = connection.prepare_cached(TURNS_BEFORE)?;
    Ok(delete.execute(params![before_ms, signed(PORTION as u64), now_ms + DAY_MS])?)
}

/// Deletes pages that have expired, with the texts that stood there only. How many.
fn delete_pages(connection: &Connection, now_ms: i64) -> Result<usize, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT hash, answer_id FROM pages WHERE expires_at_ms <= ?1 ORDER BY expires_at_ms LIMIT ?2",
    )?;
    let gone = select.query_map(params![now_ms, signed(PORTION as u64)], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let gone: Vec<(Vec<u8>, Vec<u8>)> = gone.collect::<Result<_, _>>()?;
    for (hash, answer) in &gone {
        connection
            .prepare_cached("DELETE FROM pages WHERE hash = ?1")?
            .execute([hash])?;
        connection
            .prepare_cached(
                "UPDATE answers SET source = NULL, markup = NULL
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pages WHERE answer_id = ?1)",
            )?
            .execute([answer])?;
    }
    Ok(gone.len())
}

/// Forgets a follower who unfollowed before `before_ms`. Whether there was one.
fn forget_one(connection: &Connection, before_ms: i64) -> Result<bool, Fault> {
    let gone: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT a.public_id, f.open_id FROM followers f JOIN accounts a ON a.id = f.account_id
             WHERE f.unfollowed_at_ms < ?1 LIMIT 1",
        )?
        .query_row([before_ms], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((account, open_id)) = gone else {
        return Ok(false);
    };
    forget(connection, &account, &open_id.into())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::value::{empty, plan};

    const RETENTION: Retention = Retention {
        journal_days: 30,
        unfollowed_days: 30,
    };
    const NOW_MS: i64 = 1_795_000_000_000;

    /// Messages that came so many days ago.
    fn with(days: &[i64]) -> Connection {
        let connection = empty();
        connection
            .execute_batch(
                "INSERT INTO accounts (id, public_id, created_at_ms, updated_at_ms) VALUES (1, 'shop', 0, 0)",
            )
            .expect("an account");
        for (place, days) in days.iter().enumerate() {
            connection
                .execute(
                    "INSERT INTO messages (account_id, created_at, key, kind, received_at_ms, source)
                     VALUES (1, 0, ?1, 'text', ?2, '')",
                    params![place.to_string(), NOW_MS - days * DAY_MS],
                )
                .expect("a message");
        }
        connection
    }

    fn left(connection: &Connection) -> i64 {
        connection
            .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
            .expect("a count")
    }

    #[test]
    fn a_clock_that_jumps_deletes_nothing_for_an_hour() {
        let connection = with(&[1, 0]);
        let start = Instant::now();
        let mut tidy = Tidy::default();
        let mut left_at = |secs: u64, now_ms: i64| {
            let at = start + Duration::from_secs(secs);
            tidy.portion_at(&connection, RETENTION, at, now_ms)
                .expect("looked");
            left(&connection)
        };
        let far = NOW_MS + 365 * DAY_MS;
        assert_eq!(left_at(0, NOW_MS), 2);
        assert_eq!(left_at(60, far), 2);
        assert_eq!(left_at(120, far + 60_000), 2);
        // It was put right again.
        assert_eq!(left_at(180, NOW_MS + 180_000), 2);
        assert_eq!(left_at(3700, NOW_MS + 3_700_000), 2);
        // Days that have really passed count.
        let (mut secs, mut now_ms) = (3700, NOW_MS + 3_700_000);
        while secs < 3700 + 40 * 86_400 {
            (secs, now_ms) = (secs + 43_200, now_ms + 43_200_000);
            left_at(secs, now_ms);
        }
        assert_eq!(left(&connection), 0);
    }

    #[test]
    fn what_is_too_old_is_found_without_reading_the_rest() {
        for sql in [SENT_BEFORE, UPLOADS_BEFORE, REQUESTS_BEFORE] {
            let plan = plan(sql);
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
    }

    #[test]
    fn the_oldest_turns_are_found_without_reading_the_rest() {
        let plan = plan(TURNS_BEFORE);
        let plan = plan.replace("SCAN oldest", "").replace("SCAN turns\n", "");
        assert!(!plan.contains("SCAN"), "{plan}");
    }

    #[test]
    fn turns_leave_from_the_end_of_their_chain_whatever_the_clock_said() {
        let connection = with(&[]);
        connection
            .execute_batch(
                "INSERT INTO followers (id, account_id, open_id, first_seen_at_ms, last_seen_at_ms) VALUES (1, 1, 'o1', 0, 0)",
            )
            .expect("a follower");
        // How old they are in days, and which of them are left.
        for (days, left) in [
            (&[40, -400, 39, 1, 0][..], &[4, 5][..]),
            (&[40, 1, 39, 0], &[2, 3, 4]),
            (&[-400, 1], &[2]),
            (&[40], &[]),
        ] {
            connection
                .execute_batch(
                    "DELETE FROM turns; DELETE FROM sqlite_sequence WHERE name = 'turns'",
                )
                .expect("none");
            for (place, days) in (1_u8..).zip(days) {
                connection
                    .execute(
                        "INSERT INTO turns (account_id, follower_id, turn, created_at, key, outcome, model, used, tokens_in,
                                            tokens_out, cost_micros, at_ms, day, question, answer)
                         VALUES (1, 1, ?1, 0, '', '', '', '', 0, 0, 0, ?2, 0, '', '')",
                        params![[place], NOW_MS - days * DAY_MS],
                    )
                    .expect("a turn");
            }
            delete_turns(&connection, NOW_MS - 30 * DAY_MS, NOW_MS).expect("deleted");
            let mut select = connection
                .prepare("SELECT id FROM turns ORDER BY id")
                .expect("a statement");
            let ids = select.query_map([], |row| row.get(0)).expect("turns");
            let ids: Vec<i64> = ids.map(|id| id.expect("a number")).collect();
            assert_eq!(ids, left, "{days:?}");
        }
    }

    #[test]
    fn a_row_from_the_future_does_not_keep_old_ones() {
        let connection = with(&[40, -400, 39, 1]);
        let mut tidy = Tidy::default();
        tidy.portion_at(&connection, RETENTION, Instant::now(), NOW_MS)
            .expect("looked");
        assert_eq!(left(&connection), 2);
    }
}
