//! The audit log: who changed what.

use crate::Error;
use crate::account::Actor;
use crate::db::Db;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number.
    pub id: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What: `account.create`, `account.change`, `account.remove`, `key.create`, `key.revoke`, `secrets.rotate`,
    /// `follower.forget`, `page.revoke`.
    pub action: String,
    /// Of which account or key, by its id.
    pub subject: String,
    /// Only what differs, secrets masked as `***`.
    pub before: Option<serde_json::Value>,
    /// The same after the change.
    pub after: Option<serde_json::Value>,
}

/// Newest first; older than `before`, at most `limit`.
pub async fn audit(
    _db: &Db,
    _subject: Option<&str>,
    _before: Option<i64>,
    _limit: u32,
) -> Result<Vec<AuditEntry>, Error> {
    todo!()
}

/// Writes down something that is no change of an account or key: those are written together with the change.
pub async fn note(
    _db: &Db,
    _by: &Actor,
    _action: &str,
    _subject: &str,
    _after: serde_json::Value,
) -> Result<(), Error> {
    todo!()
}
