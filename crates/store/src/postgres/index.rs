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

/// What is to go into the index next.
pub(super) struct Portion {
    ids: Vec<i64>,
    terms: Vec<String>,
    /// Of these, those that have no reply yet.
    unanswered: Vec<i64>,
    /// How far the index goes then.
    to: i64,
    is_more: bool,
    /// The index is one by other terms, and is given up.
    is_other: bool,
}

impl Portion {
    /// Looks for it; nothing when the index is complete.
    pub(super) async fn find(connection: &mut PgConnection, now_ms: i64) -> Result<Option<Self>> {
        let (indexed_to, version): (i64, i64) =
            sqlx::query_as("SELECT indexed_to, version FROM search_state")
                .fetch_one(&mut *connection)
                .await?;
        let is_other = version != VERSION;
        let from = if is_other { 0 } else { indexed_to };
        let late: Vec<(i64, i64, String, String, String)> = sqlx::query_as(
            "SELECT m.id, m.account_id, m.kind, m.source, m.reply
             FROM (SELECT message_id FROM search_unanswered ORDER BY message_id DESC LIMIT $1) AS late
             JOIN messages m ON m.id = late.message_id WHERE m.reply IS NOT NULL",
        )
        .bind(if is_other { 0 } else { UNANSWERED })
        .fetch_all(&mut *connection)
        .await?;
        let rows: Vec<(i64, i64, String, String, Option<String>, i64)> = sqlx::query_as(
            "SELECT id, account_id, kind, source, reply, received_at_ms FROM messages WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(from)
        .bind(PORTION)
        .fetch_all(&mut *connection)
        .await?;
        let mut portion = Self {
            ids: late.iter().map(|(id, ..)| *id).collect(),
            terms: late
                .iter()
                .map(|(id, account, kind, source, replied)| {
                    listed(*id, *account, kind, source, Some(replied))
                })
                .collect(),
            unanswered: Vec::new(),
            to: from,
            is_more: false,
            is_other,
        };
        for (id, account, kind, source, replied, received_at_ms) in &rows {
            // A time from the future is a clock that was wrong.
            let is_new = (0..WAIT_FOR_REPLY_MS).contains(&(now_ms - received_at_ms));
            if replied.is_none() {
                if is_new {
                    break;
                }
                portion.unanswered.push(*id);
            }
            portion.ids.push(*id);
            portion
                .terms
                .push(listed(*id, *account, kind, source, replied.as_deref()));
            (portion.to, portion.is_more) = (*id, true);
        }
        Ok((is_other || !portion.ids.is_empty()).then_some(portion))
    }

    /// Brings the index forward, within a transaction. Whether there may be more to do now.
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<bool> {
        if self.is_other {
            query("TRUNCATE search, search_unanswered")
                .execute(&mut *connection)
                .await?;
        }
        query("DELETE FROM search_unanswered WHERE message_id = ANY ($1)")
            .bind(&self.ids)
            .execute(&mut *connection)
            .await?;
        query(
            "INSERT INTO search (message_id, terms)
             SELECT id, terms::bigint[] FROM UNNEST($1::bigint[], $2::text[]) AS new (id, terms)
             ON CONFLICT (message_id) DO UPDATE SET terms = excluded.terms",
        )
        .bind(&self.ids)
        .bind(&self.terms)
        .execute(&mut *connection)
        .await?;
        query("INSERT INTO search_unanswered (message_id) SELECT UNNEST($1::bigint[]) ON CONFLICT DO NOTHING")
            .bind(&self.unanswered)
            .execute(&mut *connection)
            .await?;
        query("UPDATE search_state SET indexed_to = $1, version = $2")
            .bind(self.to)
            .bind(VERSION)
            .execute(&mut *connection)
            .await?;
        Ok(self.is_more)
    }
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

/// The terms as PostgreSQL writes a list: one text for each message can be given to a statement, one list not.
fn listed(id: i64, account: i64, kind: &str, source: &str, replied: Option<&str>) -> String {
    let replied = replied.and_then(|json| reply(json).ok());
    let mut terms = Texts::of(source, replied.as_ref()).terms(account, kind);
    terms.push(part_term(part_of(id)));
    let terms: Vec<_> = terms.iter().map(i64::to_string).collect();
    format!("{{{}}}", terms.join(","))
}
