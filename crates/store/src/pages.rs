//! The pages on which answers can be read by who knows their address.

use echostr::journal::Id;

use crate::Error;
use crate::db::{Db, writing};

const REVOKE: &str =
    "UPDATE pages SET revoked_at_ms = $1 WHERE answer_id = $2 AND revoked_at_ms IS NULL";

/// Revokes every page of an answer; answers how many there were.
///
/// # Errors
/// The database cannot be written.
pub async fn revoke_pages(db: &Db, answer: Id, now_ms: i64) -> Result<u64, Error> {
    let revoked = revoke(db, answer, now_ms).await;
    revoked.map_err(Error::unwritten("the end of a page"))
}

async fn revoke(db: &Db, answer: Id, now_ms: i64) -> Result<u64, sqlx::Error> {
    let answer = answer.to_be_bytes().to_vec();
    writing!(db, transaction => async {
        let query = sqlx::query(REVOKE).bind(now_ms).bind(answer);
        query.execute(&mut **transaction).await.map(|done| done.rows_affected())
    })
}
