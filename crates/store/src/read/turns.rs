//! What a language model is told of the turns before, what was spent, and who wrote before.

use echostr::journal::{Of, PushId, Spent, Turn};
use echostr_protocol::Key;

use super::{Result, failed};
use crate::db::{Db, reading, row};
use crate::journal::turns::{MAX_CHAIN, outcome, used};
use crate::value::{id, unsigned};

/// How many turns are looked through for those that are told.
const MAX_TURNS: i64 = 1000;

/// Stops at the first that is no event and came before; a push that is not written down yet comes after all. Who never asked
/// anything has no chain to be looked through.
const HAS_WRITTEN: &str = concat!(
    "WITH RECURSIVE push (id) AS (
         SELECT coalesce((SELECT m.id FROM messages m JOIN accounts a ON a.id = m.account_id + 0
                          WHERE m.created_at = $3 AND m.key = $4 AND a.public_id = $1), 9223372036854775807)
     ),
     chain (id, place, is_it) AS (
         SELECT message_id, 0, 0 FROM latest WHERE question_id > 0 AND follower_id = ",
    follower_id!(),
    "    UNION ALL
         SELECT m.previous_id, chain.place + 1,
                CASE WHEN m.msg_id IS NOT NULL AND m.created_at <= $3 AND m.id < (SELECT id FROM push) THEN 1 ELSE 0 END
         FROM chain JOIN messages m ON m.id = chain.id
         WHERE chain.is_it = 0 AND chain.place < $5
     )
     SELECT EXISTS (SELECT 1 FROM chain WHERE is_it = 1)"
);

/// A turn is written down when it ends: what was asked before the last `cleared` may stand after it.
const TURNS: &str = concat!(
    "WITH RECURSIVE chain (id, place) AS (
         SELECT turn_id, 1 FROM latest_turns WHERE follower_id = ",
    follower_id!(),
    "    UNION ALL
         SELECT t.previous_id, chain.place + 1 FROM chain JOIN turns t ON t.id = chain.id
         WHERE t.previous_id IS NOT NULL AND t.outcome <> 'cleared' AND chain.place < $4
     )
     SELECT t.turn, t.created_at, t.key, t.outcome, t.used, t.at_ms, t.day, t.is_good, t.question, t.answer
     FROM chain JOIN turns t ON t.id = chain.id
     WHERE t.outcome IN ('answered', 'broken') AND t.at_ms >= $3
         AND t.at_ms >= coalesce((SELECT max(c.at_ms) FROM chain CROSS JOIN turns c
                                  WHERE c.id = chain.id AND c.outcome = 'cleared'), $3)
     ORDER BY chain.place LIMIT $5"
);

/// Turns are written down when they end: those of the day before may stand between those of a day. Last is how far the chain was
/// followed within the day: at [`MAX_CHAIN`] there may be more. SQLite keeps the order of a
/// `CROSS JOIN`, or else it would look at every turn.
const FOLLOWER_SPENT: &str = concat!(
    "WITH RECURSIVE chain (id, place) AS (
         SELECT turn_id, 1 FROM latest_turns WHERE follower_id = ",
    follower_id!(),
    "    UNION ALL
         SELECT t.previous_id, chain.place + 1 FROM chain JOIN turns t ON t.id = chain.id
         WHERE t.previous_id IS NOT NULL AND t.day >= CAST($3 AS BIGINT) - 1 AND chain.place < $4
     )
     SELECT CAST(coalesce(sum(CASE WHEN t.outcome IN ('answered', 'broken', 'failed', 'blocked output') THEN 1 ELSE 0 END), 0)
                 AS BIGINT),
            CAST(coalesce(sum(t.tokens_in + t.tokens_out), 0) AS BIGINT),
            CAST(coalesce(max(chain.place), 0) AS BIGINT)
     FROM chain CROSS JOIN turns t WHERE t.id = chain.id AND t.day = CAST($3 AS BIGINT)"
);

const ACCOUNT_SPENT: &str = "SELECT
        CAST(coalesce(sum(CASE WHEN u.day = $2 THEN u.turns ELSE 0 END), 0) AS BIGINT),
        CAST(coalesce(sum(CASE WHEN u.day = $2 THEN u.tokens_in + u.tokens_out ELSE 0 END), 0) AS BIGINT),
        CAST(coalesce(sum(u.turns), 0) AS BIGINT),
        CAST(coalesce(sum(u.tokens_in + u.tokens_out), 0) AS BIGINT)
    FROM accounts a JOIN model_usage u ON u.account_id = a.id
    WHERE a.public_id = $1 AND u.day >= $3 AND u.day <= $2";

/// More than any budget. Who has so many turns on one day that they are not all looked through counts as having spent this.
const EVERYTHING: Spent = Spent {
    messages: u64::MAX / 2,
    tokens: u64::MAX / 2,
};

row! {
    struct TurnRow {
        turn: Vec<u8>,
        created_at: i64,
        key: String,
        outcome: String,
        used: String,
        at_ms: i64,
        day: i64,
        is_good: Option<i64>,
        question: String,
        answer: String,
    }
}

pub(crate) async fn has_written(db: &Db, of: Of<'_>, before: &PushId) -> Result<bool> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let key = db.text(before.key.as_str());
    reading!(db, pool => {
        let query = sqlx::query_scalar(HAS_WRITTEN).bind(&*account).bind(&*follower);
        let query = query.bind(before.created_at).bind(&*key);
        query.bind(MAX_CHAIN).fetch_one(pool).await
    })
    .map_err(|error| failed("whether a follower has written before", error))
}

pub(crate) async fn turns(db: &Db, of: Of<'_>, since_ms: i64, limit: u32) -> Result<Vec<Turn>> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let rows: Vec<TurnRow> = reading!(db, pool => {
        let query = sqlx::query_as(TURNS).bind(&*account).bind(&*follower);
        let query = query.bind(since_ms).bind(MAX_TURNS);
        query.bind(i64::from(limit)).fetch_all(pool).await
    })
    .map_err(|error| failed("what a model was asked before", error))?;
    let turns = rows.into_iter().rev().map(|row| Turn {
        id: id(&row.turn),
        follower: of.follower.clone(),
        push: PushId {
            account: of.account.into(),
            key: Key::stored(&row.key),
            created_at: row.created_at,
        },
        question: row.question,
        answer: row.answer,
        outcome: outcome(&row.outcome),
        used: used(&row.used),
        at_ms: row.at_ms,
        day: i32::try_from(row.day).unwrap_or_default(),
        is_good: row.is_good.map(|is_good| is_good != 0),
    });
    Ok(turns.collect())
}

pub(crate) async fn follower_spent(db: &Db, of: Of<'_>, day: i32) -> Result<Spent> {
    let (account, follower) = (db.text(of.account), db.text(of.follower.as_str()));
    let (messages, tokens, place): (i64, i64, i64) = reading!(db, pool => {
        let query = sqlx::query_as(FOLLOWER_SPENT).bind(&*account).bind(&*follower);
        query.bind(i64::from(day)).bind(MAX_CHAIN).fetch_one(pool).await
    })
    .map_err(|error| failed("what a follower has spent", error))?;
    // Turns that were refused fill the chain as well: they must not hide those that cost.
    if place >= MAX_CHAIN {
        return Ok(EVERYTHING);
    }
    Ok(spent(messages, tokens))
}

pub(crate) async fn account_spent(
    db: &Db,
    account: &str,
    day: i32,
    month: i32,
) -> Result<(Spent, Spent)> {
    let account = db.text(account);
    let sums: (i64, i64, i64, i64) = reading!(db, pool => {
        let query = sqlx::query_as(ACCOUNT_SPENT).bind(&*account);
        query.bind(i64::from(day)).bind(i64::from(month)).fetch_one(pool).await
    })
    .map_err(|error| failed("what an account has spent", error))?;
    Ok((spent(sums.0, sums.1), spent(sums.2, sums.3)))
}

fn spent(messages: i64, tokens: i64) -> Spent {
    Spent {
        messages: unsigned(messages),
        tokens: unsigned(tokens),
    }
}

#[cfg(test)]
mod tests {
    use echostr::journal::TurnOutcome;

    use super::*;
    use crate::value::plan;

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [HAS_WRITTEN, TURNS, FOLLOWER_SPENT, ACCOUNT_SPENT] {
            // The recursion itself, and a single row, are read whole.
            let plan = plan(sql);
            let plan = plan.replace("SCAN chain", "").replace("SCAN push", "");
            assert!(
                !plan.replace("SCAN CONSTANT ROW", "").contains("SCAN"),
                "{sql}\n{plan}"
            );
        }
    }

    #[test]
    fn the_turns_that_count_are_those_for_which_a_model_was_asked() {
        let counted = TurnOutcome::WORDS
            .iter()
            .filter(|(outcome, _)| outcome.is_counted());
        let words: Vec<_> = counted.map(|(_, word)| format!("'{word}'")).collect();
        assert!(FOLLOWER_SPENT.contains(&format!("IN ({})", words.join(", "))));
    }
}
