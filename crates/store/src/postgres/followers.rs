//! Who a batch is about: accounts and followers, what is noted of them until the commit, and how they are forgotten.

use std::mem;

use echostr_protocol::{Event, Message, OpenId, Str};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use super::apply::{Result, Transaction, query, scalar, turns};
use super::index;
use crate::db::without_nul;
use crate::journal::known::{Follower, Latest, SEEN_EVERY_MS};
use crate::journal::{Deleted, Fault};
use crate::value::{now_ms, unsigned};

impl Transaction<'_> {
    pub(super) async fn forget(&mut self, account: &Str, follower: &OpenId) -> Result<Deleted> {
        self.known.forget(account, follower);
        self.flush_seen().await?;
        self.flush_latest().await?;
        let deleted = forget(self.connection, account.as_str(), follower.as_str()).await?;
        self.known.drop_follower(account, follower.as_str());
        Ok(deleted)
    }

    /// The row of a follower for what names no push: of one who may have been forgotten, only if a later push has made it
    /// anew.
    pub(super) async fn follower_unless_forgotten(
        &mut self,
        account: &Str,
        follower: &OpenId,
        at_ms: i64,
    ) -> Result<Option<i64>> {
        let may_be_made = self.known.forgotten_at_ms(account, follower).is_none();
        let account = self.account(account, at_ms).await?;
        let follower = if may_be_made {
            Some(self.follower_or_new(account, follower, at_ms).await?)
        } else {
            self.follower(account, follower).await?
        };
        Ok(follower.map(|follower| follower.id))
    }

    /// 0 for a follower who was forgotten.
    pub(super) async fn number(&mut self, account: &Str, follower: &OpenId) -> Result<u64> {
        let follower = self
            .follower_unless_forgotten(account, follower, now_ms())
            .await?;
        let Some(follower) = follower else {
            return Ok(0);
        };
        let number: i64 = scalar(
            "UPDATE followers SET last_number = last_number + 1 WHERE id = $1 RETURNING last_number",
        )
        .bind(follower)
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(unsigned(number))
    }

    pub(super) async fn account(&mut self, public_id: &Str, at_ms: i64) -> Result<i64> {
        if let Some(id) = self.known.accounts.get(public_id) {
            return Ok(*id);
        }
        query(
            "INSERT INTO accounts (public_id, name, created_at_ms, updated_at_ms) VALUES ($1, $1, $2, $2)
             ON CONFLICT DO NOTHING",
        )
        .bind(without_nul(public_id.as_str()))
        .bind(at_ms)
        .execute(&mut *self.connection)
        .await?;
        let id = self.known_account(public_id).await?;
        id.ok_or(Fault::Damaged)
    }

    /// Nothing when there is none.
    pub(super) async fn known_account(&mut self, public_id: &Str) -> Result<Option<i64>> {
        if let Some(id) = self.known.accounts.get(public_id) {
            return Ok(Some(*id));
        }
        let id: Option<i64> = scalar("SELECT id FROM accounts WHERE public_id = $1")
            .bind(without_nul(public_id.as_str()))
            .fetch_optional(&mut *self.connection)
            .await?;
        if let Some(id) = id {
            // A text of its own, as for followers.
            self.known.accounts.insert(public_id.as_str().into(), id);
        }
        Ok(id)
    }

    pub(super) async fn follower_or_new(
        &mut self,
        account: i64,
        open_id: &OpenId,
        at_ms: i64,
    ) -> Result<Follower> {
        if let Some(follower) = self.follower(account, open_id).await? {
            return Ok(follower);
        }
        let id: i64 = scalar(
            "INSERT INTO followers (account_id, open_id, first_seen_at_ms, last_seen_at_ms) VALUES ($1, $2, $3, $3) RETURNING id",
        )
        .bind(account)
        .bind(without_nul(open_id.as_str()))
        .bind(at_ms)
        .fetch_one(&mut *self.connection)
        .await?;
        let follower = Follower {
            id,
            last_seen_at_ms: at_ms,
            unfollowed_at_ms: None,
            latest: Latest::default(),
        };
        self.remember(account, open_id.as_str(), follower).await?;
        Ok(follower)
    }

    pub(super) async fn follower(
        &mut self,
        account: i64,
        open_id: &OpenId,
    ) -> Result<Option<Follower>> {
        if let Some(follower) = self.known.follower(account, open_id.as_str()) {
            return Ok(Some(follower));
        }
        let row = query(
            "SELECT f.id, last_seen_at_ms, unfollowed_at_ms, coalesce(message_id, 0), coalesce(question_id, 0)
             FROM followers f LEFT JOIN latest ON follower_id = f.id
             WHERE account_id = $1 AND open_id = $2",
        )
        .bind(account)
        .bind(without_nul(open_id.as_str()))
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let follower = self.with_noted(follower(&row, 0)?);
        self.remember(account, open_id.as_str(), follower).await?;
        Ok(Some(follower))
    }

    /// A follower as the database has them, with what was noted and not written yet.
    pub(super) fn with_noted(&self, mut follower: Follower) -> Follower {
        if let Some(latest) = self.known.latest.get(&follower.id) {
            follower.latest = *latest;
        }
        if let Some(seen_at_ms) = self.seen.get(&follower.id) {
            follower.last_seen_at_ms = *seen_at_ms;
        }
        follower
    }

    pub(super) async fn remember(
        &mut self,
        account: i64,
        open_id: &str,
        follower: Follower,
    ) -> Result<()> {
        if self.known.is_full() {
            self.flush_latest().await?;
            self.known.drop_followers();
        }
        self.known.remember(account, open_id, follower);
        Ok(())
    }

    /// Remembers what has changed about a follower; it is written before the commit.
    pub(super) fn noted(
        &mut self,
        account: i64,
        open_id: &OpenId,
        follower: &mut Follower,
        at_ms: i64,
    ) {
        if at_ms >= follower.last_seen_at_ms + SEEN_EVERY_MS {
            self.seen.insert(follower.id, at_ms);
            follower.last_seen_at_ms = at_ms;
        }
        self.known.latest.insert(follower.id, follower.latest);
        self.known.update(account, open_id.as_str(), follower);
    }

    pub(super) async fn follows(
        &mut self,
        follower: &mut Follower,
        message: &Message,
        at_ms: i64,
    ) -> Result<()> {
        match message {
            Message::Event(Event::Subscribe(subscribe)) => {
                query(
                    "UPDATE followers SET followed_at_ms = $2, unfollowed_at_ms = NULL, source = $3 WHERE id = $1",
                )
                .bind(follower.id)
                .bind(at_ms)
                .bind(subscribe.scene.as_deref().map(without_nul))
                .execute(&mut *self.connection)
                .await?;
                follower.unfollowed_at_ms = None;
            }
            Message::Event(Event::Unsubscribe(_)) => {
                query("UPDATE followers SET unfollowed_at_ms = $2 WHERE id = $1")
                    .bind(follower.id)
                    .bind(at_ms)
                    .execute(&mut *self.connection)
                    .await?;
                follower.unfollowed_at_ms = Some(at_ms);
            }
            // Only who follows can send anything: the push that told of it was missed.
            _ if follower.unfollowed_at_ms.is_some_and(|gone| gone < at_ms) => {
                query("UPDATE followers SET unfollowed_at_ms = NULL WHERE id = $1")
                    .bind(follower.id)
                    .execute(&mut *self.connection)
                    .await?;
                follower.unfollowed_at_ms = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes down who has which newest message: once per follower and transaction.
    pub(super) async fn flush_latest(&mut self) -> Result<()> {
        let latest = mem::take(&mut self.known.latest);
        if latest.is_empty() {
            return Ok(());
        }
        let followers: Vec<i64> = latest.keys().copied().collect();
        let messages: Vec<i64> = latest.values().map(|latest| latest.message).collect();
        let questions: Vec<i64> = latest.values().map(|latest| latest.question).collect();
        query(
            "INSERT INTO latest (follower_id, message_id, question_id)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
             ON CONFLICT (follower_id) DO UPDATE SET message_id = excluded.message_id, question_id = excluded.question_id",
        )
        .bind(followers)
        .bind(messages)
        .bind(questions)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    pub(super) async fn flush_seen(&mut self) -> Result<()> {
        let seen = mem::take(&mut self.seen);
        if seen.is_empty() {
            return Ok(());
        }
        let followers: Vec<i64> = seen.keys().copied().collect();
        let times: Vec<i64> = seen.values().copied().collect();
        query(
            "UPDATE followers SET last_seen_at_ms = v.at_ms FROM unnest($1::bigint[], $2::bigint[]) AS v (id, at_ms)
             WHERE followers.id = v.id",
        )
        .bind(followers)
        .bind(times)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}

/// Deletes everything about a follower, within a transaction.
pub(super) async fn forget(
    connection: &mut PgConnection,
    account: &str,
    open_id: &str,
) -> Result<Deleted> {
    let follower: Option<i64> = scalar(
        "SELECT f.id FROM followers f JOIN accounts a ON a.id = f.account_id WHERE a.public_id = $1 AND f.open_id = $2",
    )
    .bind(without_nul(account))
    .bind(without_nul(open_id))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(follower) = follower else {
        return Ok(Deleted::default());
    };
    // The chain ends where retention has deleted; what it left behind that has an answer.
    let doomed: Vec<i64> = scalar(
        "WITH RECURSIVE chain (id) AS (
             (SELECT message_id FROM latest WHERE follower_id = $1
              UNION
              SELECT message_id FROM answers WHERE follower_id = $1)
             UNION
             SELECT previous_id FROM messages JOIN chain USING (id) WHERE previous_id IS NOT NULL
         )
         SELECT id FROM chain",
    )
    .bind(follower)
    .fetch_all(&mut *connection)
    .await?;
    index::remove(connection, &doomed).await?;
    let mut run = async |sql: &'static str, of: Of<'_>| {
        let query = match of {
            Of::Messages(ids) => query(sql).bind(ids),
            Of::Follower(id) => query(sql).bind(id),
        };
        let done = query.execute(&mut *connection).await;
        done.map(|done| usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
    };
    run(
        "DELETE FROM deliveries WHERE message_id = ANY ($1)",
        Of::Messages(&doomed),
    )
    .await?;
    let messages = run(
        "DELETE FROM messages WHERE id = ANY ($1)",
        Of::Messages(&doomed),
    )
    .await?;
    let of = Of::Follower(follower);
    run(
        "DELETE FROM pages WHERE answer_id IN (SELECT id FROM answers WHERE follower_id = $1)",
        of,
    )
    .await?;
    let answers = run("DELETE FROM answers WHERE follower_id = $1", of).await?;
    run("DELETE FROM links WHERE follower_id = $1", of).await?;
    let sessions = run("DELETE FROM sessions WHERE follower_id = $1", of).await?;
    run("DELETE FROM sent WHERE follower_id = $1", of).await?;
    run(turns::DELETE, of).await?;
    run("DELETE FROM latest_turns WHERE follower_id = $1", of).await?;
    run("DELETE FROM latest WHERE follower_id = $1", of).await?;
    let followers = run("DELETE FROM followers WHERE id = $1", of).await?;
    Ok(Deleted {
        followers,
        messages,
        answers,
        sessions,
    })
}

/// What is deleted.
#[derive(Clone, Copy)]
enum Of<'a> {
    Messages(&'a Vec<i64>),
    Follower(i64),
}

/// A follower from five columns, the first of which has this place.
pub(super) fn follower(row: &PgRow, first: usize) -> std::result::Result<Follower, sqlx::Error> {
    Ok(Follower {
        id: row.try_get(first)?,
        last_seen_at_ms: row.try_get(first + 1)?,
        unfollowed_at_ms: row.try_get(first + 2)?,
        latest: Latest {
            message: row.try_get(first + 3)?,
            question: row.try_get(first + 4)?,
        },
    })
}
