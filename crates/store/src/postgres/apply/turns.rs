//! What language models were asked, what that cost, and what followers think of it. The meaning is that of
//! `sqlite/apply/turns.rs`.

use echostr::journal::{Id, Turn};
use echostr_protocol::{OpenId, Str};
use sqlx::Row as _;

use super::{Result, Transaction, query, scalar};
use crate::db::without_nul;
use crate::journal::turns::{Counted, MAX_CHAIN, used_json};
use crate::value::bytes;

/// All turns of a follower. The chain has no gaps: see `tidy.rs`.
pub(in crate::postgres) const DELETE: &str = "WITH RECURSIVE chain (id) AS (
        SELECT turn_id FROM latest_turns WHERE follower_id = $1
        UNION ALL
        SELECT previous_id FROM turns JOIN chain USING (id) WHERE previous_id IS NOT NULL
    )
    DELETE FROM turns WHERE id IN (SELECT id FROM chain)";

/// A turn of this follower. It is one of the latest, nearly always.
const FIND: &str = "WITH RECURSIVE chain (id, previous_id, turn, place) AS (
        SELECT t.id, t.previous_id, t.turn, CAST(1 AS BIGINT) FROM latest_turns l JOIN turns t ON t.id = l.turn_id
        WHERE l.follower_id = (SELECT f.id FROM followers f JOIN accounts a ON a.id = f.account_id
                               WHERE a.public_id = $1 AND f.open_id = $2)
        UNION ALL
        SELECT t.id, t.previous_id, t.turn, chain.place + 1 FROM chain JOIN turns t ON t.id = chain.previous_id
        WHERE chain.turn <> $3 AND chain.place < $4
    )
    SELECT t.id, t.account_id, t.day, t.model, t.is_good FROM chain JOIN turns t ON t.id = chain.id WHERE chain.turn = $3";

impl Transaction<'_> {
    /// What is written twice is kept and counted once.
    pub(super) async fn turn(&mut self, turn: &Turn) -> Result<()> {
        let account = self.account(&turn.push.account, turn.at_ms).await?;
        if self.keep(account, turn).await? {
            self.count(account, turn).await?;
        }
        Ok(())
    }

    /// Whether it is new. One of a follower who was forgotten is not kept, but it was paid for.
    async fn keep(&mut self, account: i64, turn: &Turn) -> Result<bool> {
        let Turn {
            push,
            follower,
            at_ms,
            ..
        } = turn;
        if self.known.was_forgotten(&push.account, follower, *at_ms) {
            return Ok(true);
        }
        let follower = self
            .follower_unless_forgotten(&push.account, follower, *at_ms)
            .await?;
        let Some(follower) = follower else {
            return Ok(true);
        };
        let sum = Counted::sum(turn);
        let id: Option<i64> = scalar(
            "INSERT INTO turns (account_id, follower_id, previous_id, turn, created_at, key, outcome, model, used, tokens_in,
                                tokens_out, cost_micros, at_ms, day, question, answer)
             VALUES ($1, $2, (SELECT turn_id FROM latest_turns WHERE follower_id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                     $13, $14, $15)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(account)
        .bind(follower)
        .bind(bytes(turn.id))
        .bind(push.created_at)
        .bind(without_nul(push.key.as_str()))
        .bind(turn.outcome.word())
        .bind(without_nul(sum.model))
        .bind(used_json(&turn.used))
        .bind(sum.tokens_in)
        .bind(sum.tokens_out)
        .bind(sum.cost_micros)
        .bind(at_ms)
        .bind(i64::from(turn.day))
        .bind(without_nul(&turn.question))
        .bind(without_nul(&turn.answer))
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(id) = id else {
            return Ok(false);
        };
        query(
            "INSERT INTO latest_turns (follower_id, turn_id) VALUES ($1, $2)
             ON CONFLICT (follower_id) DO UPDATE SET turn_id = excluded.turn_id",
        )
        .bind(follower)
        .bind(id)
        .execute(&mut *self.connection)
        .await?;
        Ok(true)
    }

    async fn count(&mut self, account: i64, turn: &Turn) -> Result<()> {
        for of_model in Counted::of(turn) {
            query(
                "INSERT INTO model_usage AS u (account_id, day, model, turns, calls, tokens_in, tokens_out, guessed, cost_micros)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (account_id, day, model) DO UPDATE SET turns = u.turns + $4, calls = u.calls + $5,
                     tokens_in = u.tokens_in + $6, tokens_out = u.tokens_out + $7, guessed = u.guessed + $8,
                     cost_micros = u.cost_micros + $9",
            )
            .bind(account)
            .bind(i64::from(turn.day))
            .bind(without_nul(of_model.model))
            .bind(of_model.turns)
            .bind(of_model.calls)
            .bind(of_model.tokens_in)
            .bind(of_model.tokens_out)
            .bind(of_model.guessed)
            .bind(of_model.cost_micros)
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(())
    }

    pub(super) async fn feedback(
        &mut self,
        account: &Str,
        follower: &OpenId,
        turn: Id,
        is_good: bool,
    ) -> Result<()> {
        let found = query(FIND)
            .bind(without_nul(account.as_str()))
            .bind(without_nul(follower.as_str()))
            .bind(bytes(turn))
            .bind(MAX_CHAIN)
            .fetch_optional(&mut *self.connection)
            .await?;
        let Some(found) = found else {
            return Ok(());
        };
        let before: Option<i64> = found.try_get(4)?;
        let before = before.map(|before| before != 0);
        if before == Some(is_good) {
            return Ok(());
        }
        query("UPDATE turns SET is_good = $2 WHERE id = $1")
            .bind(found.try_get::<i64, _>(0)?)
            .bind(i64::from(is_good))
            .execute(&mut *self.connection)
            .await?;
        // From the one to the other, or from neither.
        let moved = |to: bool| i64::from(is_good == to) - i64::from(before == Some(to));
        query(
            "INSERT INTO model_usage AS u (account_id, day, model, good, bad) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account_id, day, model) DO UPDATE SET good = u.good + $4, bad = u.bad + $5",
        )
        .bind(found.try_get::<i64, _>(1)?)
        .bind(found.try_get::<i64, _>(2)?)
        .bind(found.try_get::<String, _>(3)?)
        .bind(moved(true))
        .bind(moved(false))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
