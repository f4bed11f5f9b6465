//! [`Change`]: what changes accounts, their secrets, rules, keys and the audit log, as data, so that any of it stands in one transaction.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::Error;
use crate::account::AccountEntry;
use crate::db::{Db, writing};
use crate::rules::masked;

/// One statement. Accounts are named by their public id.
pub(crate) enum Change<'a> {
    /// Added, or made what it is here.
    Account(&'a AccountEntry),
    /// From now on it is known from its messages only.
    NoAccount {
        account: &'a str,
        at_ms: i64,
    },
    Secret {
        account: &'a str,
        name: &'a str,
        key_id: String,
        sealed: Vec<u8>,
        expires_at_ms: Option<i64>,
    },
    NoSecret {
        account: &'a str,
        name: &'static str,
    },
    NoSecrets {
        account: &'a str,
    },
    Seen {
        account: &'a str,
        last_handshake_at_ms: Option<i64>,
        last_push_at_ms: Option<i64>,
        mode: Option<&'static str>,
        refused: String,
        last_refusal: Option<String>,
    },
    NoSeen {
        account: &'a str,
    },
    Capabilities {
        account: &'a str,
        found: String,
    },
    /// What was found out, and what was uploaded, belongs to what the platform saw of it until now.
    NoPlatform {
        account: &'a str,
    },
    /// Encrypted anew, or nothing when it could not be decrypted; unless another token stands there by now.
    Token {
        name: &'a str,
        before: &'a [u8],
        sealed: Option<(String, Vec<u8>)>,
    },
    NoTokens {
        app_id: &'a str,
    },
    /// Added, or made what it is here.
    Rule {
        id: &'a str,
        account: Option<&'a str>,
        rule: &'a str,
        sealed: Option<(String, Vec<u8>)>,
        created_at_ms: i64,
        updated_at_ms: i64,
    },
    NoRule {
        id: &'a str,
    },
    /// Those of an account; each stands in the audit log.
    NoRules {
        account: &'a str,
        at_ms: i64,
        actor: &'a str,
    },
    RuleHits {
        id: &'a str,
        n_hits: i64,
        at_ms: i64,
    },
    /// Its secrets, encrypted anew; unless others stand there by now.
    RuleSealed {
        id: &'a str,
        before: &'a [u8],
        key_id: String,
        sealed: Vec<u8>,
    },
    MasterKey {
        key_id: &'a str,
        check_value: Vec<u8>,
        at_ms: i64,
    },
    NoMasterKey {
        key_id: &'a str,
    },
    Key {
        id: &'a str,
        name: &'a str,
        hash: &'a [u8],
        scopes: String,
        created_at_ms: i64,
        expires_at_ms: Option<i64>,
    },
    KeyUsed {
        id: String,
        at_ms: i64,
    },
    KeyRevoked {
        id: &'a str,
        at_ms: i64,
    },
    Audit {
        at_ms: i64,
        actor: &'a str,
        action: &'a str,
        subject: &'a str,
        before: Option<String>,
        after: Option<String>,
    },
}

/// Whether memory has all that the database has: since which return of this process as its holder. Nothing while it is not known
/// what the last change came to.
pub(crate) struct Known(pub(crate) Option<u64>);

/// Why changes were not made.
#[derive(Debug)]
pub(crate) enum Uncommitted {
    /// Something failed before the COMMIT.
    Failed(sqlx::Error),
    /// The COMMIT failed: perhaps they were made.
    Unsure(sqlx::Error),
    /// Another process holds the database at this address.
    Taken(Arc<str>),
    /// A rule is for an account that is not there.
    UnknownAccount(String),
}

impl Uncommitted {
    /// As an error about what was to be written.
    pub(crate) fn of(what: &'static str) -> impl Fn(Self) -> Error {
        move |failed| match failed {
            Self::Failed(source) => Error::Unwritten { what, source },
            Self::Unsure(source) => Error::Unsure { what, source },
            Self::Taken(url) => Error::TakenDatabase {
                url: url.to_string(),
                from: String::new(),
            },
            Self::UnknownAccount(_) => Error::Unwritten {
                what,
                source: sqlx::Error::RowNotFound,
            },
        }
    }

    pub(crate) fn is_unsure(&self) -> bool {
        matches!(self, Self::Unsure(_))
    }
}

impl From<sqlx::Error> for Uncommitted {
    fn from(source: sqlx::Error) -> Self {
        Self::Failed(source)
    }
}

/// Does it to the end, also when nobody waits for it any more: what was written is then known in memory as well.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The process ends.
            Err(_) => pending().await,
        },
    }
}

/// Makes all of them, or none.
pub(crate) async fn commit(db: &Db, changes: &[Change<'_>]) -> Result<(), Uncommitted> {
    let mut is_done = false;
    let written = write(db, changes, &mut is_done).await;
    written.map_err(|error| match error {
        Uncommitted::Failed(source) if is_done => Uncommitted::Unsure(source),
        error => error,
    })
}

/// `is_done` as soon as only the COMMIT is left.
async fn write(db: &Db, changes: &[Change<'_>], is_done: &mut bool) -> Result<(), Uncommitted> {
    writing!(db, transaction => async {
        if let Db::Postgres(_, holder) = db {
            // Locked, so that nobody takes it over before this is committed and can be read.
            let name: Option<String> = sqlx::query_scalar("SELECT holder FROM journal_state FOR SHARE")
                .fetch_optional(&mut **transaction)
                .await?;
            if name.as_deref() != Some(&*holder.name) {
                return Err(Uncommitted::Taken(Arc::clone(&holder.url)));
            }
        }
        for change in changes {
            match change {
                Change::Account(entry) => {
                    let columns = entry.columns();
                    sqlx::query(
                        "INSERT INTO accounts (public_id, name, gh_id, app_id, mode, settings, origin, disabled_at_ms, created_at_ms, updated_at_ms)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                         ON CONFLICT (public_id) DO UPDATE SET
                             name = excluded.name, gh_id = excluded.gh_id, app_id = excluded.app_id, mode = excluded.mode,
                             settings = excluded.settings, origin = excluded.origin, disabled_at_ms = excluded.disabled_at_ms,
                             created_at_ms = excluded.created_at_ms, updated_at_ms = excluded.updated_at_ms",
                    )
                    .bind(&entry.id)
                    .bind(columns.name)
                    .bind(columns.gh_id)
                    .bind(columns.app_id)
                    .bind(columns.mode)
                    .bind(columns.settings)
                    .bind(entry.origin.as_str())
                    .bind(entry.disabled_at_ms)
                    .bind(entry.created_at_ms)
                    .bind(entry.updated_at_ms)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoAccount { account, at_ms } => {
                    sqlx::query(
                        "UPDATE accounts SET settings = NULL, origin = 'store', disabled_at_ms = NULL, updated_at_ms = $2
                         WHERE public_id = $1",
                    )
                    .bind(*account)
                    .bind(*at_ms)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::Secret { account, name, key_id, sealed, expires_at_ms } => {
                    sqlx::query(
                        "INSERT INTO secrets (account_id, name, key_id, sealed, expires_at_ms)
                         VALUES ((SELECT id FROM accounts WHERE public_id = $1), $2, $3, $4, $5)
                         ON CONFLICT (account_id, name) DO UPDATE SET
                             key_id = excluded.key_id, sealed = excluded.sealed, expires_at_ms = excluded.expires_at_ms",
                    )
                    .bind(*account)
                    .bind(*name)
                    .bind(key_id)
                    .bind(sealed)
                    .bind(*expires_at_ms)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoSecret { account, name } => {
                    sqlx::query(
                        "DELETE FROM secrets WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) AND name = $2",
                    )
                    .bind(*account)
                    .bind(*name)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoSecrets { account } => {
                    sqlx::query("DELETE FROM secrets WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1)")
                        .bind(*account)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::Seen { account, last_handshake_at_ms, last_push_at_ms, mode, refused, last_refusal } => {
                    sqlx::query(
                        "INSERT INTO seen (account_id, last_handshake_at_ms, last_push_at_ms, mode, refused, last_refusal)
                         VALUES ((SELECT id FROM accounts WHERE public_id = $1), $2, $3, $4, $5, $6)
                         ON CONFLICT (account_id) DO UPDATE SET
                             last_handshake_at_ms = excluded.last_handshake_at_ms, last_push_at_ms = excluded.last_push_at_ms,
                             mode = excluded.mode, refused = excluded.refused, last_refusal = excluded.last_refusal",
                    )
                    .bind(*account)
                    .bind(*last_handshake_at_ms)
                    .bind(*last_push_at_ms)
                    .bind(*mode)
                    .bind(refused)
                    .bind(last_refusal.as_deref())
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoSeen { account } => {
                    sqlx::query("DELETE FROM seen WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1)")
                        .bind(*account)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::Capabilities { account, found } => {
                    sqlx::query(
                        "INSERT INTO capabilities (account_id, found) VALUES ((SELECT id FROM accounts WHERE public_id = $1), $2)
                         ON CONFLICT (account_id) DO UPDATE SET found = excluded.found",
                    )
                    .bind(*account)
                    .bind(found)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoPlatform { account } => {
                    for sql in [
                        "DELETE FROM capabilities WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1)",
                        "DELETE FROM uploads WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1)",
                    ] {
                        sqlx::query(sql).bind(*account).execute(&mut **transaction).await?;
                    }
                }
                Change::Token { name, before, sealed } => {
                    let (key_id, sealed) = match sealed {
                        Some((key_id, sealed)) => (Some(key_id), Some(sealed)),
                        None => (None, None),
                    };
                    sqlx::query("UPDATE tokens SET key_id = $3, sealed = $4 WHERE name = $1 AND sealed = $2")
                        .bind(*name)
                        .bind(*before)
                        .bind(key_id)
                        .bind(sealed)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::NoTokens { app_id } => {
                    sqlx::query("DELETE FROM tokens WHERE name = $1 OR substr(name, 1, length($1) + 1) = $1 || '@'")
                        .bind(*app_id)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::Rule { id, account, rule, sealed, created_at_ms, updated_at_ms } => {
                    let account_id: Option<i64> = match account {
                        None => None,
                        Some(account) => {
                            let id = sqlx::query_scalar("SELECT id FROM accounts WHERE public_id = $1 AND settings IS NOT NULL")
                                .bind(*account)
                                .fetch_optional(&mut **transaction)
                                .await?;
                            Some(id.ok_or_else(|| Uncommitted::UnknownAccount((*account).to_owned()))?)
                        }
                    };
                    let (key_id, sealed) = match sealed {
                        Some((key_id, sealed)) => (Some(key_id), Some(sealed)),
                        None => (None, None),
                    };
                    sqlx::query(
                        "INSERT INTO rules (id, account_id, rule, key_id, sealed, created_at_ms, updated_at_ms)
                         VALUES ($1, $2, $3, $4, $5, $6, $7)
                         ON CONFLICT (id) DO UPDATE SET
                             account_id = excluded.account_id, rule = excluded.rule, key_id = excluded.key_id,
                             sealed = excluded.sealed, updated_at_ms = excluded.updated_at_ms",
                    )
                    .bind(*id)
                    .bind(account_id)
                    .bind(*rule)
                    .bind(key_id)
                    .bind(sealed)
                    .bind(*created_at_ms)
                    .bind(*updated_at_ms)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::NoRule { id } => {
                    sqlx::query("DELETE FROM rules WHERE id = $1").bind(*id).execute(&mut **transaction).await?;
                }
                Change::NoRules { account, at_ms, actor } => {
                    let rows: Vec<(String, String)> = sqlx::query_as(
                        "SELECT id, rule FROM rules
                         WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1) ORDER BY id",
                    )
                    .bind(*account)
                    .fetch_all(&mut **transaction)
                    .await?;
                    for (id, rule) in &rows {
                        sqlx::query(
                            "INSERT INTO audit (at_ms, actor, action, subject, before) VALUES ($1, $2, 'rule.remove', $3, $4)",
                        )
                        .bind(*at_ms)
                        .bind(*actor)
                        .bind(id)
                        .bind(masked(rule))
                        .execute(&mut **transaction)
                        .await?;
                    }
                    sqlx::query("DELETE FROM rules WHERE account_id = (SELECT id FROM accounts WHERE public_id = $1)")
                        .bind(*account)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::RuleHits { id, n_hits, at_ms } => {
                    sqlx::query("UPDATE rules SET hits = hits + $2, last_hit_at_ms = $3 WHERE id = $1")
                        .bind(*id)
                        .bind(*n_hits)
                        .bind(*at_ms)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::RuleSealed { id, before, key_id, sealed } => {
                    sqlx::query("UPDATE rules SET key_id = $3, sealed = $4 WHERE id = $1 AND sealed = $2")
                        .bind(*id)
                        .bind(*before)
                        .bind(key_id)
                        .bind(sealed)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::MasterKey { key_id, check_value, at_ms } => {
                    sqlx::query("INSERT INTO master_keys (key_id, check_value, created_at_ms) VALUES ($1, $2, $3)")
                        .bind(*key_id)
                        .bind(check_value)
                        .bind(*at_ms)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::NoMasterKey { key_id } => {
                    sqlx::query("DELETE FROM master_keys WHERE key_id = $1")
                        .bind(*key_id)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::Key { id, name, hash, scopes, created_at_ms, expires_at_ms } => {
                    sqlx::query(
                        "INSERT INTO api_keys (id, name, hash, scopes, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(*id)
                    .bind(*name)
                    .bind(*hash)
                    .bind(scopes)
                    .bind(*created_at_ms)
                    .bind(*expires_at_ms)
                    .execute(&mut **transaction)
                    .await?;
                }
                Change::KeyUsed { id, at_ms } => {
                    sqlx::query("UPDATE api_keys SET last_used_at_ms = $2 WHERE id = $1")
                        .bind(id)
                        .bind(*at_ms)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::KeyRevoked { id, at_ms } => {
                    sqlx::query("UPDATE api_keys SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL")
                        .bind(*id)
                        .bind(*at_ms)
                        .execute(&mut **transaction)
                        .await?;
                }
                Change::Audit { at_ms, actor, action, subject, before, after } => {
                    sqlx::query(
                        "INSERT INTO audit (at_ms, actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(*at_ms)
                    .bind(*actor)
                    .bind(*action)
                    .bind(*subject)
                    .bind(before.as_deref())
                    .bind(after.as_deref())
                    .execute(&mut **transaction)
                    .await?;
                }
            }
        }
        *is_done = true;
        Ok(())
    })
}
