//! [`Book`]: the journal as people read it, from another process while the server runs.

use std::path::{Path, PathBuf};

use echostr_protocol::OpenId;
use rusqlite::TransactionBehavior;
use sqlx::sqlite::{SqlitePoolOptions, SqliteRow};
use sqlx::{FromRow as _, Row as _, SqlitePool};

use crate::read::{self, AnswerRow};
use crate::sqlite::{connect, forget};
use crate::value::{message, now_ms, reply, unsigned};
use crate::{AnswerEntry, DeliveryEntry, Error, FollowerEntry, MessageEntry, schema};

/// The journal of a data folder, opened to be read.
#[derive(Debug, Clone)]
pub struct Book {
    path: PathBuf,
    pool: SqlitePool,
}

/// Which messages; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    /// Of this account, by its public id.
    pub account: Option<String>,
    /// Of this follower.
    pub follower: Option<OpenId>,
    /// Older than this one, by its number in the journal.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// How much was deleted about a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Whether the follower was known at all.
    pub was_known: bool,
    /// Messages, each with its reply and deliveries.
    pub messages: usize,
    /// Answers, with their links.
    pub answers: usize,
    /// Sessions.
    pub sessions: usize,
}

const COLUMNS: &str = "SELECT m.id, a.public_id, coalesce(f.open_id, '') AS open_id, m.kind, m.source, m.created_at,
    m.received_at_ms, m.reply, m.replied_at, m.answered_by, m.delivery, m.latency_ms, m.runs
    FROM messages m JOIN accounts a ON a.id = m.account_id LEFT JOIN followers f ON f.id = m.follower_id ";

impl Book {
    /// Opens the journal of this data folder.
    ///
    /// # Errors
    /// There is none, or its schema is of another version.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let path = schema::find(folder).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(schema::reading(&path));
        Ok(Self { path, pool })
    }

    /// Whether anything of this account is here, by its public id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn knows_account(&self, account: &str) -> Result<bool, Error> {
        let rows = sqlx::query("SELECT 1 FROM accounts WHERE public_id = $1")
            .bind(account)
            .fetch_all(&self.pool)
            .await;
        Ok(!self.collect("an account", rows, |_| Ok(()))?.is_empty())
    }

    /// Messages, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn messages(&self, which: &Messages) -> Result<Vec<MessageEntry>, Error> {
        let follows_chain = which.follower.is_some();
        let sql = if follows_chain {
            // The messages of a follower are a chain.
            format!(
                "WITH RECURSIVE chain (id) AS (
                     SELECT l.message_id FROM latest l JOIN followers f ON f.id = l.follower_id
                     JOIN accounts a ON a.id = f.account_id
                     WHERE f.open_id = $2 AND (a.public_id = $1 OR $1 IS NULL)
                     UNION
                     SELECT previous_id FROM messages JOIN chain USING (id) WHERE previous_id IS NOT NULL
                 )
                 {COLUMNS} WHERE m.id IN (SELECT id FROM chain) AND (m.id < $3 OR $3 IS NULL) ORDER BY m.id DESC LIMIT $4"
            )
        } else {
            format!(
                "{COLUMNS} WHERE (a.public_id = $1 OR $1 IS NULL) AND $2 IS NULL AND (m.id < $3 OR $3 IS NULL)
                 ORDER BY m.id DESC LIMIT $4"
            )
        };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(which.account.as_deref())
            .bind(which.follower.as_ref().map(OpenId::as_str))
            .bind(which.before)
            .bind(which.limit)
            .fetch_all(&self.pool)
            .await;
        self.collect("messages", rows, message_entry)
    }

    /// One message with its deliveries, in the order of their ends.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn message(
        &self,
        id: i64,
    ) -> Result<Option<(MessageEntry, Vec<DeliveryEntry>)>, Error> {
        let sql = format!("{COLUMNS} WHERE m.id = $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_all(&self.pool)
            .await;
        let Some(entry) = self.collect("a message", rows, message_entry)?.pop() else {
            return Ok(None);
        };
        let rows = sqlx::query(
            "SELECT number, arrived_at_ms, ended_at_ms, ended FROM deliveries WHERE message_id = $1 ORDER BY place",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await;
        let deliveries = self.collect("deliveries", rows, |row| {
            Ok(DeliveryEntry {
                number: row.try_get(0)?,
                arrived_at_ms: row.try_get(1)?,
                ended_at_ms: row.try_get(2)?,
                ended: row.try_get(3)?,
            })
        })?;
        Ok(Some((entry, deliveries)))
    }

    /// Answers that were not wholly delivered, newest first: those that can still be read, or all.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn answers(
        &self,
        account: Option<&str>,
        follower: Option<&OpenId>,
        all: bool,
        limit: u32,
    ) -> Result<Vec<AnswerEntry>, Error> {
        let rows = sqlx::query(
            "SELECT a.message_id, a.id, a.question, a.asked_at_ms, a.expires_at_ms, a.state, a.text, a.shown_bytes, a.reply,
                    a.step, account.public_id, f.open_id, m.source, m.created_at,
                    coalesce((SELECT question_id FROM latest WHERE follower_id = f.id), 0) > m.id AS is_overtaken, a.markup IS NOT NULL AS has_page
             FROM answers a JOIN messages m ON m.id = a.message_id JOIN followers f ON f.id = a.follower_id
             JOIN accounts account ON account.id = f.account_id
             WHERE (account.public_id = $1 OR $1 IS NULL) AND (f.open_id = $2 OR $2 IS NULL)
               AND ($3 OR (a.state IN ('running', 'text', 'other') AND a.expires_at_ms > $4))
             ORDER BY a.asked_at_ms DESC, a.rowid DESC LIMIT $5",
        )
        .bind(account)
        .bind(follower.map(OpenId::as_str))
        .bind(all)
        .bind(now_ms())
        .bind(limit)
        .fetch_all(&self.pool)
        .await;
        let entries = self.collect("answers", rows, |row| {
            let entry = AnswerEntry {
                place: 0,
                page: None,
                message: row.try_get(0)?,
                // One that cannot be read any more is left out.
                answer: match AnswerRow::from_row(row).map(read::saved_answer)? {
                    Ok(answer) => answer,
                    Err(_) => return Ok(None),
                },
            };
            Ok(Some(entry))
        })?;
        Ok(entries.into_iter().flatten().collect())
    }

    /// Followers, those seen last first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn followers(
        &self,
        account: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FollowerEntry>, Error> {
        let rows = sqlx::query(
            "SELECT a.public_id, f.open_id, first_seen_at_ms, last_seen_at_ms, followed_at_ms, unfollowed_at_ms, source, last_number
             FROM followers f JOIN accounts a ON a.id = f.account_id
             WHERE a.public_id = $1 OR $1 IS NULL ORDER BY last_seen_at_ms DESC LIMIT $2",
        )
        .bind(account)
        .bind(limit)
        .fetch_all(&self.pool)
        .await;
        self.collect("followers", rows, |row| {
            Ok(FollowerEntry {
                account: row.try_get(0)?,
                open_id: row.try_get::<String, _>(1)?.into(),
                record: echostr::journal::FollowerRecord {
                    first_seen_at_ms: row.try_get(2)?,
                    last_seen_at_ms: row.try_get(3)?,
                    followed_at_ms: row.try_get(4)?,
                    unfollowed_at_ms: row.try_get(5)?,
                    source: row.try_get(6)?,
                    last_number: unsigned(row.try_get(7)?),
                },
            })
        })
    }

    /// Deletes everything about a follower, also while a server runs: it notices.
    ///
    /// # Errors
    /// The database cannot be written; then nothing was deleted.
    pub fn forget(&self, account: &str, follower: &OpenId) -> Result<Forgotten, Error> {
        let run = || -> rusqlite::Result<_> {
            let mut connection = connect(&self.path, schema::PATIENCE)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let deleted = forget(&transaction, account, follower)?;
            transaction.commit()?;
            Ok(deleted)
        };
        let deleted = run().map_err(|source| Error::Forget {
            path: self.path.clone(),
            source,
        })?;
        Ok(Forgotten {
            was_known: deleted.followers > 0,
            messages: deleted.messages,
            answers: deleted.answers,
            sessions: deleted.sessions,
        })
    }

    fn collect<T>(
        &self,
        what: &'static str,
        rows: Result<Vec<SqliteRow>, sqlx::Error>,
        entry: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, Error> {
        rows.and_then(|rows| rows.iter().map(entry).collect())
            .map_err(|source| Error::Read {
                what,
                path: self.path.clone(),
                source,
            })
    }
}

fn message_entry(row: &SqliteRow) -> Result<MessageEntry, sqlx::Error> {
    let source: String = row.try_get("source")?;
    let replied: Option<String> = row.try_get("reply")?;
    Ok(MessageEntry {
        id: row.try_get("id")?,
        account: row.try_get("public_id")?,
        follower: row.try_get::<String, _>("open_id")?.into(),
        kind: row.try_get("kind")?,
        message: message(&source).ok(),
        source,
        created_at: row.try_get("created_at")?,
        received_at_ms: row.try_get("received_at_ms")?,
        reply: replied.and_then(|json| reply(&json).ok()),
        replied_at: row.try_get("replied_at")?,
        answered_by: row.try_get("answered_by")?,
        delivery: row.try_get("delivery")?,
        latency_ms: row.try_get("latency_ms")?,
        runs: row.try_get("runs")?,
    })
}
