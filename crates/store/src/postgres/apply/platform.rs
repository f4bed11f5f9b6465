//! What went to the platform: messages outside of replies, files.

use echostr::journal::{SentMessage, SentOutcome};
use echostr_protocol::{MediaId, Str};
use sqlx::Row as _;

use super::{OfPush as _, Result, Transaction, query};
use crate::db::without_nul;
use crate::value::{now_ms, outcome_columns};

impl Transaction<'_> {
    pub(super) async fn sent(&mut self, sent: &SentMessage) -> Result<()> {
        let Some(follower) = self.receiver(sent).await? else {
            return Ok(());
        };
        let message: Option<i64> = match &sent.push {
            Some(push) => {
                let found = query(concat!("SELECT id FROM messages WHERE ", push_is!()));
                let found = found.of_push(push).fetch_optional(&mut *self.connection);
                found.await?.map(|row| row.try_get(0)).transpose()?
            }
            None => None,
        };
        let (outcome, why) = outcome_columns(&sent.outcome);
        query(
            "INSERT INTO sent (follower_id, message_id, message, sent_by, sent_at_ms, outcome, why)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(follower)
        .bind(message)
        .bind(without_nul(&sent.message))
        .bind(without_nul(&sent.by))
        .bind(sent.sent_at_ms)
        .bind(outcome)
        .bind(why.map(without_nul))
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// The row of who a message was for. One that was refused makes nobody known: there may be no such follower.
    async fn receiver(&mut self, sent: &SentMessage) -> Result<Option<i64>> {
        let SentMessage {
            account,
            follower,
            sent_at_ms,
            ..
        } = sent;
        if self.known.was_forgotten(account, follower, *sent_at_ms) {
            return Ok(None);
        }
        if !matches!(sent.outcome, SentOutcome::Refused(_)) {
            return self
                .follower_unless_forgotten(account, follower, *sent_at_ms)
                .await;
        }
        let account = self.account(account, *sent_at_ms).await?;
        let follower = self.follower(account, follower).await?;
        Ok(follower.map(|follower| follower.id))
    }

    pub(super) async fn uploaded(
        &mut self,
        account: &Str,
        hash: &[u8; 32],
        media_id: &MediaId,
        expires_at_ms: i64,
    ) -> Result<()> {
        let account = self.account(account, now_ms()).await?;
        query(
            "INSERT INTO uploads (account_id, hash, media_id, expires_at_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account_id, hash) DO UPDATE SET media_id = $3, expires_at_ms = $4",
        )
        .bind(account)
        .bind(hash.to_vec())
        .bind(without_nul(media_id.as_str()))
        .bind(expires_at_ms)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
