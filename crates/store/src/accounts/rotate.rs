//! Everything that is encrypted, encrypted anew under another master key.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::load::SecretRow;
use super::{AccountStore, Changing, PORTION};
use crate::Error;
use crate::account::Actor;
use crate::change::{Change, Uncommitted, commit, to_the_end};
use crate::db::reading;
use crate::rules::SEALED_AS as RULE_SEALED_AS;
use crate::tokens::SEALED_AS;
use crate::value::now_ms;
use crate::vault::Rotated;

impl AccountStore {
    /// Encrypts every secret anew under the newest master key, and retires the others. With a file of master keys, a new one is
    /// made first.
    ///
    /// # Errors
    /// The database or the file cannot be written. Then some secrets may be encrypted under the newest key and some under an
    /// older one; all keys are kept, and it can be tried again.
    pub async fn reencrypt(self: &Arc<Self>, by: &Actor) -> Result<Rotated, Error> {
        let changing = self.begin().await?;
        let (store, by) = (Arc::clone(self), by.clone());
        to_the_end(async move { store.reencrypt_all(&changing, &by).await }).await
    }

    async fn reencrypt_all(&self, _: &Changing, by: &Actor) -> Result<Rotated, Error> {
        let unwritten = Uncommitted::of("the secrets");
        self.vault.begin_rotation()?;
        self.vault.settle().await;
        let (key_id, check_value) = self.vault.check_value();
        let at_ms = now_ms();
        let begin = [
            Change::NoMasterKey { key_id: &key_id },
            Change::MasterKey {
                key_id: &key_id,
                check_value,
                at_ms,
            },
        ];
        commit(&self.db, &begin).await.map_err(&unwritten)?;

        let n_secrets = self.reseal(&key_id).await?
            + self.reseal_rules(&key_id).await?
            + self.reseal_tokens(&key_id).await?;
        let retired = self.vault.older();
        let after = json!({ "key": key_id, "retired": retired, "secrets": n_secrets });
        let gone = retired.iter();
        let mut end: Vec<_> = gone.map(|key_id| Change::NoMasterKey { key_id }).collect();
        end.push(Change::Audit {
            at_ms: now_ms(),
            actor: &by.0,
            action: "secrets.rotate",
            subject: &key_id,
            before: None,
            after: Some(after.to_string()),
        });
        commit(&self.db, &end).await.map_err(&unwritten)?;
        let file = self.vault.end_rotation()?;
        Ok(Rotated {
            n_secrets,
            key_id,
            retired,
            file,
        })
    }

    /// Encrypts everything that stands in the database under this key, the newest, whether it belongs to an account that is known
    /// here or not.
    async fn reseal(&self, key_id: &str) -> Result<usize, Error> {
        let mut n_secrets = 0;
        loop {
            let rows = reading!(&self.db, pool => sqlx::query_as::<_, SecretRow>(
                "SELECT account.public_id, secret.name, secret.key_id, secret.sealed, secret.expires_at_ms
                 FROM secrets secret JOIN accounts account ON account.id = secret.account_id
                 WHERE secret.key_id <> $1 LIMIT $2",
            )
            .bind(key_id)
            .bind(i64::try_from(PORTION).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await);
            let rows = rows.map_err(Error::unread("the secrets of the accounts"))?;
            if rows.is_empty() {
                return Ok(n_secrets);
            }
            n_secrets += rows.len();
            let mut changes = Vec::new();
            for (account, name, key_id, sealed, expires_at_ms) in &rows {
                let clear = self.vault.unseal(account, name, key_id, sealed);
                let clear = clear.ok_or_else(|| Error::Sealed {
                    account: account.clone(),
                    secret: name.clone(),
                })?;
                let (key_id, sealed) = self.vault.seal(account, name, clear.expose_secret());
                changes.push(Change::Secret {
                    account,
                    name,
                    key_id,
                    sealed,
                    expires_at_ms: *expires_at_ms,
                });
            }
            let written = commit(&self.db, &changes).await;
            written.map_err(Uncommitted::of("the secrets"))?;
        }
    }

    /// The same for those of rules.
    async fn reseal_rules(&self, key_id: &str) -> Result<usize, Error> {
        let mut n_rules = 0;
        loop {
            let rows = reading!(&self.db, pool => sqlx::query_as::<_, (String, String, Vec<u8>)>(
                "SELECT id, key_id, sealed FROM rules WHERE key_id <> $1 LIMIT $2",
            )
            .bind(key_id)
            .bind(i64::try_from(PORTION).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await);
            let rows = rows.map_err(Error::unread("the secrets of the rules"))?;
            if rows.is_empty() {
                return Ok(n_rules);
            }
            n_rules += rows.len();
            let mut changes = Vec::new();
            for (id, key_id, before) in &rows {
                let clear = self.vault.unseal(id, RULE_SEALED_AS, key_id, before);
                let clear = clear.ok_or_else(|| Error::SealedRule { rule: id.clone() })?;
                let (key_id, sealed) = self.vault.seal(id, RULE_SEALED_AS, clear.expose_secret());
                changes.push(Change::RuleSealed {
                    id,
                    before,
                    key_id,
                    sealed,
                });
            }
            let written = commit(&self.db, &changes).await;
            written.map_err(Uncommitted::of("the secrets of the rules"))?;
        }
    }

    /// The same for access tokens. One that cannot be decrypted is dropped: another can be asked for.
    async fn reseal_tokens(&self, key_id: &str) -> Result<usize, Error> {
        let mut n_tokens = 0;
        loop {
            let rows = reading!(&self.db, pool => sqlx::query_as::<_, (String, String, Vec<u8>)>(
                "SELECT name, key_id, sealed FROM tokens WHERE key_id <> $1 LIMIT $2",
            )
            .bind(key_id)
            .bind(i64::try_from(PORTION).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await);
            let rows = rows.map_err(Error::unread("the access tokens"))?;
            if rows.is_empty() {
                return Ok(n_tokens);
            }
            n_tokens += rows.len();
            let changes = rows.iter().map(|(name, key_id, before)| {
                let clear = self.vault.unseal(name, SEALED_AS, key_id, before);
                let sealed =
                    clear.map(|clear| self.vault.seal(name, SEALED_AS, clear.expose_secret()));
                Change::Token {
                    name,
                    before,
                    sealed,
                }
            });
            let changes: Vec<_> = changes.collect();
            let written = commit(&self.db, &changes).await;
            written.map_err(Uncommitted::of("the access tokens"))?;
        }
    }
}
