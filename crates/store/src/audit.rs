//! The audit log: who changed what.

use serde_json::Value;

use crate::Error;
use crate::account::Actor;
use crate::change::{Change, Uncommitted, commit};
use crate::db::{Db, reading};
use crate::value::now_ms;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number.
    pub id: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What: `account.create`, `account.change`, `account.remove`, `rule.create`, `rule.change`, `rule.remove`, `key.create`,
    /// `key.revoke`, `secrets.rotate`, `follower.forget`, `page.revoke`.
    pub action: String,
    /// Of which account, rule or key, by its id.
    pub subject: String,
    /// Only what differs, secrets masked as `***`.
    pub before: Option<Value>,
    /// The same after the change.
    pub after: Option<Value>,
}

type Row = (
    i64,
    i64,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);

/// Newest first; older than `before`, at most `limit`.
///
/// # Errors
/// The database cannot be read.
pub async fn audit(
    db: &Db,
    subject: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Error> {
    let before = before.unwrap_or(i64::MAX);
    let limit = i64::from(limit);
    let rows = if let Some(subject) = subject {
        reading!(db, pool => sqlx::query_as::<_, Row>(
            "SELECT id, at_ms, actor, action, subject, before, after FROM audit
             WHERE subject = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(subject)
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    } else {
        reading!(db, pool => sqlx::query_as::<_, Row>(
            "SELECT id, at_ms, actor, action, subject, before, after FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .fetch_all(pool)
        .await)
    };
    let rows = rows.map_err(Error::unread("the audit log"))?;
    Ok(rows.into_iter().map(AuditEntry::of).collect())
}

/// Writes down something that is no change of an account or key: those are written together with the change.
///
/// # Errors
/// It could not be written.
pub async fn note(
    db: &Db,
    by: &Actor,
    action: &str,
    subject: &str,
    after: Value,
) -> Result<(), Error> {
    let entry = Change::Audit {
        at_ms: now_ms(),
        actor: &by.0,
        action,
        subject,
        before: None,
        after: Some(after.to_string()),
    };
    let written = commit(db, &[entry]).await;
    written.map_err(Uncommitted::of("the audit log"))
}

impl AuditEntry {
    fn of((id, at_ms, actor, action, subject, before, after): Row) -> Self {
        // What cannot be read any more is shown as it stands.
        let value = |json: String| serde_json::from_str(&json).unwrap_or(Value::String(json));
        Self {
            id,
            at_ms,
            actor,
            action,
            subject,
            before: before.map(value),
            after: after.map(value),
        }
    }
}
