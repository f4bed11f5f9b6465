//! [`LivePages`]: the pages on which answers can be read, by the ids in their addresses.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use echostr::journal::{Id, page_hash};
use echostr::{BoxError, Markup, Stage};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use crate::Error;
use crate::db::{Db, reading, writing};
use crate::value::{bytes, id, markup, now_ms};

/// The live pages of a database. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct LivePages(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    db: Db,
    reads: Turns,
    writes: Turns,
    revoked: watch::Sender<VecDeque<Id>>,
}

/// Few at once, and not many who wait.
#[derive(Debug)]
struct Turns {
    places: Semaphore,
    turns: Semaphore,
}

impl Turns {
    fn new(at_once: usize) -> Self {
        Self {
            places: Semaphore::new(at_once + WAITING),
            turns: Semaphore::new(at_once),
        }
    }

    async fn take(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), Busy> {
        let place = self.places.try_acquire().map_err(|_| Busy)?;
        let turn = timeout(PATIENCE, self.turns.acquire()).await;
        Ok((place, turn.map_err(|_| Busy)?.map_err(|_| Busy)?))
    }
}

/// So many pages are read at once: far fewer than there are connections, for the journal reads by the same ones.
const READS: usize = 2;
/// So many more may wait for their turn, and so long.
const WAITING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(2);

/// So many revocations are remembered: whoever looks at pages learns of each within a moment.
const REMEMBERED: usize = 1_000;

/// A page that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePage {
    /// The answer that stands there.
    pub answer: Id,
    /// The public id of the account.
    pub account: String,
    /// The account's name.
    pub account_name: String,
    /// The question, shortened.
    pub question: String,
    /// When it came, Unix milliseconds.
    pub asked_at_ms: i64,
    /// How far the answer is.
    pub stage: Stage,
    /// The text as it was written, and how; empty while it is made, or when the answer is no text.
    pub text: String,
    /// How the text is written.
    pub markup: Markup,
    /// When the page can no longer be read, Unix milliseconds.
    pub expires_at_ms: i64,
}

const FIND: &str = "SELECT p.answer_id, p.expires_at_ms, account.public_id, account.name, a.question, a.asked_at_ms, a.state,
        a.source, a.markup
    FROM pages p JOIN answers a ON a.id = p.answer_id JOIN followers f ON f.id = a.follower_id
    JOIN accounts account ON account.id = f.account_id
    WHERE p.hash = $1 AND p.expires_at_ms > $2 AND p.revoked_at_ms IS NULL";

const REVOKE: &str =
    "UPDATE pages SET revoked_at_ms = $2 WHERE answer_id = $1 AND revoked_at_ms IS NULL";

const WAITS: &str = "SELECT 1 FROM answers WHERE id = $1 AND state = 'text' AND markup IS NOT NULL";

/// Only what is a text: a picture on its page is still to be seen in the chat. The step moves, so that nothing that was
/// fixed before brings it back.
const SHOWN: &str =
    "UPDATE answers SET state = 'read', text = NULL, shown_bytes = NULL, step = step + 1
    WHERE id = $1 AND state = 'text' AND markup IS NOT NULL";

impl LivePages {
    pub(crate) fn new(db: Db) -> Self {
        Self(Arc::new(Parts {
            db,
            reads: Turns::new(READS),
            writes: Turns::new(1),
            revoked: watch::Sender::default(),
        }))
    }

    /// The page with this id in its address, if it can be read now.
    ///
    /// # Errors
    /// The database cannot be read, or too many ask at once: [`Busy`].
    pub async fn find(&self, page: Id) -> Result<Option<LivePage>, BoxError> {
        let _turn = self.0.reads.take().await?;
        let hash = page_hash(page).to_vec();
        let row: Option<Row> = reading!(&self.0.db, pool => {
            sqlx::query_as(FIND).bind(hash).bind(now_ms()).fetch_optional(pool).await?
        });
        Ok(row.map(LivePage::from))
    }

    /// A page has shown all of an answer, which no process has in memory: it waits no longer to be read in the chat. Only the
    /// first of those who say so waits for who writes.
    ///
    /// # Errors
    /// The database cannot be written, or too many ask at once: [`Busy`].
    pub async fn shown(&self, answer: Id) -> Result<(), BoxError> {
        let _turn = self.0.writes.take().await?;
        let waits = reading!(&self.0.db, pool => {
            let waits = sqlx::query(WAITS).bind(bytes(answer).to_vec());
            waits.fetch_optional(pool).await?.is_some()
        });
        if !waits {
            return Ok(());
        }
        let done: Result<(), sqlx::Error> = writing!(&self.0.db, transaction => async {
            let shown = sqlx::query(SHOWN).bind(bytes(answer).to_vec());
            shown.execute(&mut **transaction).await.map(|_| ())
        });
        Ok(done?)
    }

    /// Revokes every page of an answer, for good; answers how many there were.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn revoke(&self, answer: Id, now_ms: i64) -> Result<u64, Error> {
        let n_pages = revoke(&self.0.db, answer, now_ms)
            .await
            .map_err(Error::unwritten("the end of a page"))?;
        self.0.revoked.send_modify(|revoked| {
            revoked.truncate(REMEMBERED - 1);
            revoked.push_front(answer);
        });
        Ok(n_pages)
    }

    /// The answers whose pages were revoked lately, and when there are more.
    pub fn revoked(&self) -> watch::Receiver<VecDeque<Id>> {
        self.0.revoked.subscribe()
    }
}

async fn revoke(db: &Db, answer: Id, now_ms: i64) -> Result<u64, sqlx::Error> {
    writing!(db, transaction => async {
        let revoke = sqlx::query(REVOKE).bind(bytes(answer).to_vec()).bind(now_ms);
        Ok(revoke.execute(&mut **transaction).await?.rows_affected())
    })
}

/// Too many pages are asked for at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many live pages are asked for at once")]
pub struct Busy;

/// The columns of [`FIND`].
type Row = (
    Vec<u8>,
    i64,
    String,
    String,
    String,
    i64,
    String,
    Option<String>,
    Option<String>,
);

impl From<Row> for LivePage {
    fn from(row: Row) -> Self {
        let (
            answer,
            expires_at_ms,
            account,
            account_name,
            question,
            asked_at_ms,
            state,
            text,
            word,
        ) = row;
        let (markup, stage) = markup(&word.unwrap_or_default(), &state);
        Self {
            answer: id(&answer),
            account,
            account_name,
            question,
            asked_at_ms,
            stage,
            text: text.unwrap_or_default(),
            markup,
            expires_at_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::plan;

    #[test]
    fn nothing_is_read_through_a_whole_table() {
        for sql in [FIND, REVOKE, WAITS, SHOWN] {
            let plan = plan(sql);
            assert!(!plan.contains("SCAN"), "{sql}\n{plan}");
        }
    }
}
