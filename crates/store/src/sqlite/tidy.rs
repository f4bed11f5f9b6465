//! What is deleted by itself, in small portions between the batches.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::Fault;
use super::{Retention, forget};
use crate::value::{now_ms, signed};

/// How many messages are looked at in one transaction: no commit waits long for it.
const PORTION: usize = 200;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How far the cleaning has come.
#[derive(Default)]
pub(crate) struct Tidy {
    // The messages up to this one were looked at.
    cursor: i64,
}

/// What a portion has done.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) rows: usize,
    pub(crate) has_forgotten: bool,
    /// Whether there may be more to do now.
    pub(crate) is_more: bool,
}

impl Tidy {
    /// Deletes one portion of what is too old.
    pub(crate) fn portion(
        &mut self,
        connection: &Connection,
        retention: Retention,
    ) -> Result<Done, Fault> {
        let now = now_ms();
        let before = |days: u32| now - i64::from(days) * DAY_MS;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut done = Done::default();
        if retention.unfollowed_days > 0 {
            done.has_forgotten = forget_one(connection, before(retention.unfollowed_days))?;
            done.is_more = done.has_forgotten;
        }
        if retention.journal_days > 0 {
            self.delete_some(connection, before(retention.journal_days), now, &mut done)?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
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
            "SELECT m.id, m.received_at_ms < ?2,
                    EXISTS (SELECT 1 FROM answers a WHERE a.message_id = m.id AND a.expires_at_ms > ?3
                            AND a.state IN ('running', 'text', 'other'))
             FROM messages m WHERE m.id > ?1 ORDER BY m.id LIMIT ?4",
        )?;
        let rows = select.query_map(
            params![self.cursor, before_ms, now_ms, signed(PORTION as u64)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let rows: Vec<(i64, bool, bool)> = rows.collect::<Result<_, _>>()?;
        let n_old = rows.iter().take_while(|(_, is_old, _)| *is_old).count();
        for (id, _, is_live) in &rows[..n_old] {
            self.cursor = *id;
            if *is_live {
                continue;
            }
            for sql in [
                "DELETE FROM links WHERE answer_id IN (SELECT id FROM answers WHERE message_id = ?1)",
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
