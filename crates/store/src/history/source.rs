//! Where messages come from, newest first: the journal, an account, a kind, the chain of a follower, the index of terms.

use sqlx::{AssertSqlSafe, Error as SqlError};

use super::{Looked, Search, failed, list};
use crate::Error;
use crate::db::{Db, reading};
use crate::search::{PART_BITS, fts5, part_of, part_term};
use crate::value::signed;

/// How many parts of the journal PostgreSQL's index is asked about at once.
const PARTS_AT_ONCE: i64 = 32;

/// How many numbers SQLite's index is asked about at once: between two questions it is looked how long it took so far.
const NUMBERS_AT_ONCE: i64 = 1 << 18;

/// How far a chain is followed to find a place in it that is not a message of the follower any more.
const MAX_SKIPPED: usize = 100_000;

macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.account_id, m.kind, m.received_at_ms FROM messages m WHERE m.id < $1 AND m.id >= $2 ",
            $rest
        )
    };
}

const ALL: &str = messages!("ORDER BY m.id DESC LIMIT $3");
const OF_ACCOUNT: &str = messages!("AND m.account_id = $4 ORDER BY m.id DESC LIMIT $3");
const OF_KIND: &str = messages!("AND m.kind = $4 AND m.kind <> 'text' ORDER BY m.id DESC LIMIT $3");

/// So many messages of a chain, from this one on.
const CHAIN: &str = "WITH RECURSIVE chain (id, place) AS (
        SELECT CAST($1 AS BIGINT), CAST(1 AS BIGINT)
        UNION ALL
        SELECT m.previous_id, chain.place + 1 FROM chain JOIN messages m ON m.id = chain.id
        WHERE m.previous_id IS NOT NULL AND chain.place < $2
    )
    SELECT m.id, m.account_id, m.kind, m.received_at_ms, m.previous_id FROM chain JOIN messages m ON m.id = chain.id
    ORDER BY chain.place";

const LATEST: &str = "SELECT message_id FROM latest WHERE follower_id = $1";
const AFTER: &str = "SELECT previous_id FROM messages WHERE id = $1 AND follower_id = $2";

/// A chain ends where retention has deleted; behind that are messages with an answer that can still be read.
const BEHIND: &str =
    "SELECT max(message_id) FROM answers WHERE follower_id = $1 AND message_id < $2";

/// The rowids come in their order without being sorted.
const FOUND_SQLITE: &str = "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 AND rowid >= $3 ORDER BY rowid DESC LIMIT $4";

/// Part by part, until there are enough. The sum keeps the planner from walking along the numbers.
const FOUND_POSTGRES: &str =
    "SELECT hit.message_id FROM generate_series($1::bigint, $2::bigint, -1) AS part
    CROSS JOIN LATERAL (
        SELECT s.message_id FROM search s
        WHERE s.terms @> ($3::bigint[] || ($7::bigint + part))
          AND s.message_id + 0 < $4 AND s.message_id + 0 >= $5
        ORDER BY s.message_id + 0 DESC LIMIT $6
    ) AS hit LIMIT $6";

/// Messages in falling order of their numbers.
#[derive(Debug, Clone)]
pub(super) struct Source {
    from: From,
    // Including.
    low: i64,
    // Excluding; falls.
    high: i64,
}

#[derive(Debug, Clone)]
enum From {
    All,
    Account(i64),
    Kind(String),
    Follower {
        follower: i64,
        // Where the chain goes on, once that is known.
        place: Option<Place>,
    },
    Terms(Vec<i64>),
}

#[derive(Debug, Clone, Copy)]
enum Place {
    At(i64),
    End,
}

/// What a source had.
pub(super) struct Portion {
    pub(super) rows: Vec<Looked>,
    /// Everything from this number on was looked at; nothing when the source is at its end.
    pub(super) to: Option<i64>,
}

impl Source {
    pub(super) fn all(low: i64, high: i64) -> Self {
        let from = From::All;
        Self { from, low, high }
    }

    pub(super) fn of_account(account: i64, low: i64, high: i64) -> Self {
        let from = From::Account(account);
        Self { from, low, high }
    }

    /// Of a kind other than text, which is no selection.
    pub(super) fn of_kind(kind: &str, low: i64, high: i64) -> Self {
        let from = From::Kind(kind.into());
        Self { from, low, high }
    }

    pub(super) fn of_follower(follower: i64, low: i64, high: i64) -> Self {
        let from = From::Follower {
            follower,
            place: None,
        };
        Self { from, low, high }
    }

    /// What may match, as the index knows it.
    pub(super) fn of_terms(terms: Vec<i64>, low: i64, high: i64) -> Self {
        let from = From::Terms(terms);
        Self { from, low, high }
    }

    /// The next so many.
    pub(super) async fn next(
        &mut self,
        db: &Db,
        count: usize,
        search: &Search<'_>,
    ) -> Result<Portion, Error> {
        let portion = match &self.from {
            From::Follower { .. } => self.chain(db, count, search).await,
            From::Terms(terms) => found(db, terms, (self.low, self.high), count, search).await,
            _ => self.journal(db, count, search).await,
        };
        let portion = portion.map_err(|source| failed("read messages", source))?;
        if let Some(to) = portion.to {
            self.high = to;
        }
        Ok(portion)
    }

    async fn journal(
        &self,
        db: &Db,
        count: usize,
        search: &Search<'_>,
    ) -> Result<Portion, SqlError> {
        let (low, high, limit) = (self.low, self.high, signed(count as u64));
        let rows: Vec<(i64, i64, String, i64)> = match &self.from {
            From::Account(account) => reading!(db, pool => {
                let query = sqlx::query_as(OF_ACCOUNT).bind(high).bind(low).bind(limit);
                query.bind(*account).fetch_all(pool).await?
            }),
            From::Kind(kind) => reading!(db, pool => {
                let query = sqlx::query_as(OF_KIND).bind(high).bind(low).bind(limit);
                query.bind(kind.as_str()).fetch_all(pool).await?
            }),
            _ => reading!(db, pool => {
                sqlx::query_as(ALL).bind(high).bind(low).bind(limit).fetch_all(pool).await?
            }),
        };
        let to = rows.last().map(|row| row.0);
        let to = to.filter(|_| rows.len() == count);
        let rows = rows
            .into_iter()
            .map(|(id, account, kind, received_at_ms)| Looked {
                id,
                passes: search.passes(account, &kind, received_at_ms),
            });
        Ok(Portion {
            rows: rows.collect(),
            to,
        })
    }

    /// Along the chain of a follower.
    async fn chain(
        &mut self,
        db: &Db,
        count: usize,
        search: &Search<'_>,
    ) -> Result<Portion, SqlError> {
        let From::Follower { follower, place } = &mut self.from else {
            return Ok(Portion {
                rows: Vec::new(),
                to: None,
            });
        };
        let mut at = match place {
            Some(place) => *place,
            None => beginning(db, *follower, self.high).await?,
        };
        let mut looked = Vec::new();
        while let Place::At(start) = at
            && start >= self.low
            && looked.len() < count
        {
            let limit = signed((count - looked.len()) as u64);
            let rows: Vec<(i64, i64, String, i64, Option<i64>)> = reading!(db, pool => {
                sqlx::query_as(CHAIN).bind(start).bind(limit).fetch_all(pool).await?
            });
            let is_whole = signed(rows.len() as u64) == limit;
            let last = rows.last().map(|row| (row.0, row.4));
            for (id, account, kind, received_at_ms, _) in rows {
                if id >= self.low && id < self.high {
                    let passes = search.passes(account, &kind, received_at_ms);
                    looked.push(Looked { id, passes });
                }
            }
            at = match last {
                Some((_, Some(previous))) if is_whole => Place::At(previous),
                Some((id, _)) => behind(db, *follower, id).await?,
                None => behind(db, *follower, start).await?,
            };
        }
        *place = Some(at);
        let is_end = match at {
            Place::At(next) => next < self.low,
            Place::End => true,
        };
        Ok(Portion {
            to: looked.last().map(|row| row.id).filter(|_| !is_end),
            rows: looked,
        })
    }
}

/// Where the chain of a follower goes on before this number.
async fn beginning(db: &Db, follower: i64, before: i64) -> Result<Place, SqlError> {
    let after: Option<Option<i64>> = reading!(db, pool => {
        sqlx::query_scalar(AFTER).bind(before).bind(follower).fetch_optional(pool).await?
    });
    match after {
        Some(Some(previous)) => return Ok(Place::At(previous)),
        Some(None) => return behind(db, follower, before).await,
        None => {}
    }
    let latest: Option<i64> = reading!(db, pool => {
        sqlx::query_scalar(LATEST).bind(follower).fetch_optional(pool).await?
    });
    let mut at = latest.map_or(Place::End, Place::At);
    let mut n_skipped = 0;
    while let Place::At(start) = at
        && start >= before
        && n_skipped < MAX_SKIPPED
    {
        let rows: Vec<(i64, i64, String, i64, Option<i64>)> = reading!(db, pool => {
            sqlx::query_as(CHAIN).bind(start).bind(1000_i64).fetch_all(pool).await?
        });
        n_skipped += 1000;
        // The first that is old enough, or else the last of them.
        let found = rows.iter().find(|row| row.0 < before);
        at = match (found, rows.last()) {
            (Some(row), _) => Place::At(row.0),
            (None, Some((_, _, _, _, Some(previous)))) if rows.len() == 1000 => {
                Place::At(*previous)
            }
            (None, Some((id, ..))) => behind(db, follower, (*id).min(before)).await?,
            (None, None) => behind(db, follower, start.min(before)).await?,
        };
    }
    match at {
        Place::At(start) if start >= before => Ok(Place::End),
        at => Ok(at),
    }
}

async fn behind(db: &Db, follower: i64, before: i64) -> Result<Place, SqlError> {
    let behind: Option<i64> = reading!(db, pool => {
        sqlx::query_scalar(BEHIND).bind(follower).bind(before).fetch_one(pool).await?
    });
    Ok(behind.map_or(Place::End, Place::At))
}

/// What the index has of the newest between these numbers.
async fn found(
    db: &Db,
    terms: &[i64],
    (low, high): (i64, i64),
    count: usize,
    search: &Search<'_>,
) -> Result<Portion, SqlError> {
    let limit = signed(count as u64);
    let low = low.max(0);
    let (ids, asked_to) = match db {
        Db::Sqlite { readers, .. } => {
            let asked_to = (high - NUMBERS_AT_ONCE).max(low);
            let query = sqlx::query_scalar(FOUND_SQLITE).bind(fts5(terms));
            let query = query.bind(high).bind(asked_to).bind(limit);
            (query.fetch_all(readers).await?, asked_to)
        }
        Db::Postgres(pool, _) => {
            let first = part_of(high.saturating_sub(1).max(0));
            let to = (first - PARTS_AT_ONCE + 1).max(part_of(low));
            let ids: Vec<i64> = sqlx::query_scalar(FOUND_POSTGRES)
                .bind(first)
                .bind(to)
                .bind(terms)
                .bind(high)
                .bind(low)
                .bind(limit)
                .bind(part_term(0))
                .fetch_all(pool)
                .await?;
            (ids, (to << PART_BITS).max(low))
        }
    };
    let to = match ids.last() {
        Some(id) if ids.len() == count => Some(*id),
        _ => Some(asked_to).filter(|to| *to > low),
    };
    let rows = passing(db, &ids, search).await?;
    Ok(Portion { rows, to })
}

/// Which of these are to be read whole.
async fn passing(db: &Db, ids: &[i64], search: &Search<'_>) -> Result<Vec<Looked>, SqlError> {
    if ids.is_empty() || search.passes_all() {
        let all = ids.iter().map(|id| Looked {
            id: *id,
            passes: true,
        });
        return Ok(all.collect());
    }
    let sql = format!(
        "SELECT id, account_id, kind, received_at_ms FROM messages WHERE id IN ({}) ORDER BY id DESC",
        list(ids)
    );
    let rows: Vec<(i64, i64, String, i64)> = reading!(db, pool => {
        sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(pool).await?
    });
    let rows = rows
        .into_iter()
        .map(|(id, account, kind, received_at_ms)| Looked {
            id,
            passes: search.passes(account, &kind, received_at_ms),
        });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::plan;

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [ALL, OF_ACCOUNT, OF_KIND, CHAIN, LATEST, AFTER, BEHIND] {
            // The recursion itself is read whole.
            let plan = plan(sql)
                .replace("SCAN chain", "")
                .replace("SCAN CONSTANT", "");
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
            assert!(
                !plan.contains("TEMP B-TREE") || sql == CHAIN,
                "{sql}\n{plan}"
            );
        }
    }

    #[test]
    fn a_selection_has_its_index() {
        for (sql, index) in [
            (OF_ACCOUNT, "messages_by_account"),
            (OF_KIND, "messages_by_kind"),
        ] {
            let plan = plan(sql);
            assert!(plan.contains(index), "{sql}\n{plan}");
        }
    }
}
