//! What language models were asked, what that cost, and what followers think of it.

use echostr::journal::{Id, Turn};
use echostr_protocol::{OpenId, Str};
use rusqlite::{OptionalExtension as _, params};

use super::{Result, Transaction};
use crate::journal::turns::{Counted, MAX_CHAIN, used_json};
use crate::value::bytes;

/// All turns of a follower. The chain has no gaps: see `tidy.rs`.
pub(super) const DELETE: &str = "WITH RECURSIVE chain (id) AS (
        SELECT turn_id FROM latest_turns WHERE follower_id = ?1
        UNION ALL
        SELECT previous_id FROM turns JOIN chain USING (id) WHERE previous_id IS NOT NULL
    )
    DELETE FROM turns WHERE id IN (SELECT id FROM chain)";

/// A turn of this follower. It is one of the latest, nearly always.
const FIND: &str = "WITH RECURSIVE chain (id, previous_id, turn, place) AS (
        SELECT t.id, t.previous_id, t.turn, 1 FROM latest_turns l JOIN turns t ON t.id = l.turn_id
        WHERE l.follower_id = (SELECT f.id FROM followers f JOIN accounts a ON a.id = f.account_id
                               WHERE a.public_id = ?1 AND f.open_id = ?2)
        UNION ALL
        SELECT t.id, t.previous_id, t.turn, chain.place + 1 FROM chain JOIN turns t ON t.id = chain.previous_id
        WHERE chain.turn <> ?3 AND chain.place < ?4
    )
    SELECT t.id, t.account_id, t.day, t.model, t.is_good FROM chain JOIN turns t ON t.id = chain.id WHERE chain.turn = ?3";

impl Transaction<'_> {
    /// What is written twice is kept and counted once.
    pub(super) fn turn(&mut self, turn: &Turn) -> Result<()> {
        let account = self.account(&turn.push.account, turn.at_ms)?;
        if self.keep(account, turn)? {
            self.count(account, turn)?;
        }
        Ok(())
    }

    /// Whether it is new. One of a follower who was forgotten is not kept, but it was paid for.
    fn keep(&mut self, account: i64, turn: &Turn) -> Result<bool> {
        let Turn {
            push,
            follower,
            at_ms,
            ..
        } = turn;
        if self.known.was_forgotten(&push.account, follower, *at_ms) {
            return Ok(true);
        }
        let follower = self.follower_unless_forgotten(&push.account, follower, *at_ms)?;
        let Some(follower) = follower else {
            return Ok(true);
        };
        let sum = Counted::sum(turn);
        let inserted = self
            .statement(
                "INSERT INTO turns (account_id, follower_id, previous_id, turn, created_at, key, outcome, model, used, tokens_in,
                                    tokens_out, cost_micros, at_ms, day, question, answer)
                 VALUES (?1, ?2, (SELECT turn_id FROM latest_turns WHERE follower_id = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                         ?12, ?13, ?14, ?15)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                account,
                follower,
                bytes(turn.id),
                push.created_at,
                push.key.as_str(),
                turn.outcome.word(),
                sum.model,
                used_json(&turn.used),
                sum.tokens_in,
                sum.tokens_out,
                sum.cost_micros,
                at_ms,
                turn.day,
                turn.question,
                turn.answer,
            ])?;
        if inserted == 0 {
            return Ok(false);
        }
        let id = self.connection.last_insert_rowid();
        self.statement(
            "INSERT INTO latest_turns (follower_id, turn_id) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET turn_id = ?2",
        )?
        .execute(params![follower, id])?;
        Ok(true)
    }

    fn count(&self, account: i64, turn: &Turn) -> Result<()> {
        let mut count = self.statement(
            "INSERT INTO model_usage (account_id, day, model, turns, calls, tokens_in, tokens_out, guessed, cost_micros)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET turns = turns + ?4, calls = calls + ?5, tokens_in = tokens_in + ?6,
                 tokens_out = tokens_out + ?7, guessed = guessed + ?8, cost_micros = cost_micros + ?9",
        )?;
        for of_model in Counted::of(turn) {
            count.execute(params![
                account,
                turn.day,
                of_model.model,
                of_model.turns,
                of_model.calls,
                of_model.tokens_in,
                of_model.tokens_out,
                of_model.guessed,
                of_model.cost_micros,
            ])?;
        }
        Ok(())
    }

    pub(super) fn feedback(
        &self,
        account: &Str,
        follower: &OpenId,
        turn: Id,
        is_good: bool,
    ) -> Result<()> {
        let found = self
            .statement(FIND)?
            .query_row(
                params![account.as_str(), follower.as_str(), bytes(turn), MAX_CHAIN],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, i64>(1)?,
                        row.get::<_, i64>(2)?,
                        row.get::<_, String>(3)?,
                        row.get::<_, Option<bool>>(4)?,
                    ))
                },
            )
            .optional()?;
        let Some((id, account, day, model, before)) = found else {
            return Ok(());
        };
        if before == Some(is_good) {
            return Ok(());
        }
        self.statement("UPDATE turns SET is_good = ?2 WHERE id = ?1")?
            .execute(params![id, is_good])?;
        // From the one to the other, or from neither.
        let moved = |to: bool| i64::from(is_good == to) - i64::from(before == Some(to));
        self.statement(
            "INSERT INTO model_usage (account_id, day, model, good, bad) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET good = good + ?4, bad = bad + ?5",
        )?
        .execute(params![account, day, model, moved(true), moved(false)])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::plan;

    #[test]
    fn the_turns_of_a_follower_are_found_without_reading_all() {
        for sql in [DELETE, FIND] {
            // The recursion itself is read whole.
            let plan = plan(sql).replace("SCAN chain", "");
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
    }
}
