//! The index of terms in PostgreSQL. The meaning is that of `sqlite/index.rs`; entries are known by their message's number, so
//! that deleting one needs no terms.

use sqlx::postgres::PgConnection;

use super::apply::{Result, query};
use crate::search::{Texts, VERSION, part_of, part_term};
use crate::value::reply;

/// How many messages go into the index in one transaction: no commit waits long for it.
const PORTION: i64 = 200;

/// How long a message waits for its reply. The platform's last delivery comes after 15 seconds at the most.
const WAIT_FOR_REPLY_MS: i64 = 60_000;

/// How many of those without a reply are looked at, the newest.
const UNANSWERED: i64 = 200;

/// Brings the index forward by one portion, within a transaction. Whether there may be more to do now.
pub(super) async fn portion(connection: &mut PgConnection, now_ms: i64) -> Result<bool> {
    let indexed_to = indexed_to(connection).await?;
    let late: Vec<(i64, i64, String, String)> = sqlx::query_as(
        "SELECT m.id, m.account_id, m.source, m.reply
         FROM (SELECT message_id FROM search_unanswered ORDER BY message_id DESC LIMIT $1) AS late
         JOIN messages m ON m.id = late.message_id WHERE m.reply IS NOT NULL",
    )
    .bind(UNANSWERED)
    .fetch_all(&mut *connection)
    .await?;
    let rows: Vec<(i64, i64, String, Option<String>, i64)> = sqlx::query_as(
        "SELECT id, account_id, source, reply, received_at_ms FROM messages WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(indexed_to)
    .bind(PORTION)
    .fetch_all(&mut *connection)
    .await?;
    let (mut ids, mut terms, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
    let late_ids: Vec<i64> = late.iter().map(|(id, ..)| *id).collect();
    for (id, account, source, replied) in &late {
        ids.push(*id);
        terms.push(listed(*id, *account, source, Some(replied)));
    }
    let mut to = indexed_to;
    for (id, account, source, replied, received_at_ms) in &rows {
        // A time from the future is a clock that was wrong.
        let is_new = (0..WAIT_FOR_REPLY_MS).contains(&(now_ms - received_at_ms));
        if replied.is_none() {
            if is_new {
                break;
            }
            unanswered.push(*id);
        }
        ids.push(*id);
        terms.push(listed(*id, *account, source, replied.as_deref()));
        to = *id;
    }
    if ids.is_empty() {
        return Ok(false);
    }
    query("DELETE FROM search_unanswered WHERE message_id = ANY ($1)")
        .bind(&late_ids)
        .execute(&mut *connection)
        .await?;
    query(
        "INSERT INTO search (message_id, terms)
         SELECT id, terms::bigint[] FROM UNNEST($1::bigint[], $2::text[]) AS new (id, terms)
         ON CONFLICT (message_id) DO UPDATE SET terms = excluded.terms",
    )
    .bind(&ids)
    .bind(&terms)
    .execute(&mut *connection)
    .await?;
    query("INSERT INTO search_unanswered (message_id) SELECT UNNEST($1::bigint[]) ON CONFLICT DO NOTHING")
        .bind(&unanswered)
        .execute(&mut *connection)
        .await?;
    query("UPDATE search_state SET indexed_to = $1")
        .bind(to)
        .execute(&mut *connection)
        .await?;
    Ok(to > indexed_to)
}

/// Takes messages that are deleted out of the index, within a transaction.
pub(super) async fn remove(connection: &mut PgConnection, ids: &[i64]) -> Result<()> {
    for sql in [
        "DELETE FROM search WHERE message_id = ANY ($1)",
        "DELETE FROM search_unanswered WHERE message_id = ANY ($1)",
    ] {
        query(sql).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How far it has come. An index by other terms is given up.
async fn indexed_to(connection: &mut PgConnection) -> Result<i64> {
    let (indexed_to, version): (i64, i64) =
        sqlx::query_as("SELECT indexed_to, version FROM search_state")
            .fetch_one(&mut *connection)
            .await?;
    if version == VERSION {
        return Ok(indexed_to);
    }
    query("TRUNCATE search, search_unanswered")
        .execute(&mut *connection)
        .await?;
    query("UPDATE search_state SET indexed_to = 0, version = $1")
        .bind(VERSION)
        .execute(&mut *connection)
        .await?;
    Ok(0)
}

/// The terms as PostgreSQL writes a list: one text for each message can be given to a statement, one list not.
fn listed(id: i64, account: i64, source: &str, replied: Option<&str>) -> String {
    let replied = replied.and_then(|json| reply(json).ok());
    let mut terms = Texts::of(source, replied.as_ref()).terms(account);
    terms.push(part_term(part_of(id)));
    let terms: Vec<_> = terms.iter().map(i64::to_string).collect();
    format!("{{{}}}", terms.join(","))
}
