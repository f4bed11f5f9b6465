//! What went to the platform: messages outside of replies, files.

use echostr::journal::{SentMessage, SentOutcome};
use echostr_protocol::{MediaId, Str};
use rusqlite::params;

use super::{Result, Transaction};
use crate::value::{now_ms, outcome_columns};

impl Transaction<'_> {
    pub(super) fn sent(&mut self, sent: &SentMessage) -> Result<()> {
        let Some(follower) = self.receiver(sent)? else {
            return Ok(());
        };
        let (outcome, why) = outcome_columns(&sent.outcome);
        let push = sent.push.as_ref();
        self.statement(
            "INSERT INTO sent (follower_id, message_id, message, sent_by, sent_at_ms, outcome, why)
             VALUES (?4, (SELECT id FROM messages WHERE created_at = ?1 AND key = ?2
                              AND account_id = (SELECT id FROM accounts WHERE public_id = ?3)),
                     ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            push.map(|push| push.created_at),
            push.map(|push| push.key.as_str()),
            push.map(|push| push.account.as_str()),
            follower,
            sent.message,
            sent.by.as_str(),
            sent.sent_at_ms,
            outcome,
            why,
        ])?;
        Ok(())
    }

    /// The row of who a message was for. One that was refused makes nobody known: there may be no such follower.
    fn receiver(&mut self, sent: &SentMessage) -> Result<Option<i64>> {
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
            return self.follower_unless_forgotten(account, follower, *sent_at_ms);
        }
        let account = self.account(account, *sent_at_ms)?;
        let follower = self.follower(account, follower)?;
        Ok(follower.map(|follower| follower.id))
    }

    pub(super) fn uploaded(
        &mut self,
        account: &Str,
        hash: &[u8; 32],
        media_id: &MediaId,
        expires_at_ms: i64,
    ) -> Result<()> {
        let account = self.account(account, now_ms())?;
        self.statement(
            "INSERT INTO uploads (account_id, hash, media_id, expires_at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET media_id = ?3, expires_at_ms = ?4",
        )?
        .execute(params![account, hash, media_id.as_str(), expires_at_ms])?;
        Ok(())
    }
}
