//! [`SqlTokens`]: access tokens in the database, sealed; of all who have the database, one at a time asks for the next.
//!
//! A lease counts by the caller's clock on SQLite, where all are on one machine, and by the server's on PostgreSQL, so that
//! machines agree whose clocks differ. Whether a token has expired is always judged by the clock that told when it will.
//!
//! Unlike everything else, tokens are also written by processes that do not hold the database: every write of a token names
//! the lease that allows it.

use std::sync::Arc;

use echostr_client::{Asking, Kept, Leased, TokenStore};
use echostr_protocol::api::Secret;
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::db::{Db, reading, writing};
use crate::value::{bytes, signed};
use crate::vault::Vault;

/// The name under which it is sealed, beside that of the token.
pub(crate) const SEALED_AS: &str = "access_token";

/// Access tokens of all accounts. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct SqlTokens {
    db: Db,
    vault: Arc<Vault>,
}

macro_rules! look {
    ($rest:literal) => {
        concat!(
            "SELECT key_id, sealed, fetched_at_ms, expires_at_ms, forced_at_ms, lease_until_ms FROM tokens WHERE name = $1",
            $rest
        )
    };
}

/// Key, sealed, fetched, expires, forced, end of the lease.
type Row = (
    Option<String>,
    Option<Vec<u8>>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Clear {
    access_token: Secret,
    refresh_token: Option<Secret>,
}

impl SqlTokens {
    /// In this database, sealed by this vault.
    pub fn new(db: Db, vault: Arc<Vault>) -> Self {
        Self { db, vault }
    }

    async fn try_lease(
        &self,
        name: &str,
        seen: Option<&Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Result<Leased, sqlx::Error> {
        let stored_name = self.db.text(name);
        let at_ms = self.clock(now_ms).await?;
        let judge = |row: Option<&Row>| self.judge(name, row, seen, now_ms, at_ms);
        // Who waits for another asks often: that writes nothing and locks nothing.
        let row: Option<Row> = reading!(&self.db, pool => {
            sqlx::query_as(look!("")).bind(&*stored_name).fetch_optional(pool).await?
        });
        match judge(row.as_ref()) {
            Leased::Granted(_) => {}
            answer => return Ok(answer),
        }
        let look = match &self.db {
            Db::Sqlite { .. } => look!(""),
            Db::Postgres(..) => look!(" FOR UPDATE"),
        };
        writing!(&self.db, transaction => async {
            sqlx::query("INSERT INTO tokens (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
                .bind(&*stored_name)
                .execute(&mut **transaction)
                .await?;
            let row: Row = sqlx::query_as(look).bind(&*stored_name).fetch_one(&mut **transaction).await?;
            let leased = judge(Some(&row));
            if matches!(leased, Leased::Granted(_)) {
                sqlx::query("UPDATE tokens SET lease_holder = $2, lease_until_ms = $3 WHERE name = $1")
                    .bind(&*stored_name)
                    .bind(bytes(holder).to_vec())
                    .bind(at_ms.saturating_add(lease_ms()))
                    .execute(&mut **transaction)
                    .await?;
            }
            Ok(leased)
        })
    }

    async fn try_keep(&self, name: &str, holder: u128, kept: &Kept) -> Result<bool, sqlx::Error> {
        let stored_name = self.db.text(name);
        let clear = Clear {
            access_token: kept.value.clone(),
            refresh_token: kept.refresh_token.clone(),
        };
        let clear = serde_json::to_string(&clear).expect("it has only texts in it");
        let _sealing = self.vault.sealing().await;
        let (key_id, sealed) = self.vault.seal(name, SEALED_AS, &Zeroizing::new(clear));
        writing!(&self.db, transaction => async {
            let done = sqlx::query(
                "UPDATE tokens SET key_id = $3, sealed = $4, fetched_at_ms = $5, expires_at_ms = $6, forced_at_ms = $7,
                                   lease_holder = NULL, lease_until_ms = NULL
                 WHERE name = $1 AND lease_holder = $2",
            )
            .bind(&*stored_name)
            .bind(bytes(holder).to_vec())
            .bind(&key_id)
            .bind(&sealed)
            .bind(kept.fetched_at_ms)
            .bind(kept.expires_at_ms)
            .bind(kept.forced_at_ms)
            .execute(&mut **transaction)
            .await?;
            Ok(done.rows_affected() > 0)
        })
    }

    async fn try_release(&self, name: &str, holder: u128) -> Result<(), sqlx::Error> {
        let stored_name = self.db.text(name);
        writing!(&self.db, transaction => async {
            sqlx::query(
                "UPDATE tokens SET lease_holder = NULL, lease_until_ms = NULL WHERE name = $1 AND lease_holder = $2",
            )
            .bind(&*stored_name)
            .bind(bytes(holder).to_vec())
            .execute(&mut **transaction)
            .await?;
            Ok(())
        })
    }

    /// What becomes of a question, from what stands there.
    fn judge(
        &self,
        name: &str,
        row: Option<&Row>,
        seen: Option<&Secret>,
        now_ms: i64,
        at_ms: i64,
    ) -> Leased {
        let kept = row.and_then(|row| self.kept(name, row));
        if let Some(kept) = &kept
            && seen != Some(&kept.value)
            && kept.expires_at_ms > now_ms
        {
            return Leased::Instead(kept.clone());
        }
        // One that ends much later than any can was made by a clock that was wrong; a little later, by who looked at the clock
        // after us and was faster.
        let latest = at_ms.saturating_add(2 * lease_ms());
        let is_held = |until_ms| until_ms > at_ms && until_ms <= latest;
        match row.and_then(|row| row.5) {
            Some(until_ms) if is_held(until_ms) => Leased::Held,
            _ => Leased::Granted(kept),
        }
    }

    /// The token that stands there. One that the master keys here do not open is none: another can be asked for.
    fn kept(&self, name: &str, row: &Row) -> Option<Kept> {
        let (key_id, sealed, fetched_at_ms, expires_at_ms, forced_at_ms, _) = row;
        let clear = self
            .vault
            .unseal(name, SEALED_AS, key_id.as_ref()?, sealed.as_ref()?)?;
        let clear: Clear = serde_json::from_str(clear.expose_secret()).ok()?;
        Some(Kept {
            value: clear.access_token,
            fetched_at_ms: (*fetched_at_ms)?,
            expires_at_ms: (*expires_at_ms)?,
            forced_at_ms: *forced_at_ms,
            refresh_token: clear.refresh_token,
        })
    }

    /// The time by which leases count, Unix milliseconds.
    async fn clock(&self, now_ms: i64) -> Result<i64, sqlx::Error> {
        match &self.db {
            Db::Sqlite { .. } => Ok(now_ms),
            Db::Postgres(pool, _) => {
                let clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
                sqlx::query_scalar(clock).fetch_one(pool).await
            }
        }
    }
}

impl TokenStore for SqlTokens {
    fn lease<'a>(
        &'a self,
        name: &'a str,
        seen: Option<&'a Secret>,
        holder: u128,
        now_ms: i64,
    ) -> Asking<'a, Leased> {
        Box::pin(async move {
            let leased = self.try_lease(name, seen, holder, now_ms).await;
            Ok(leased.map_err(Error::unwritten("who asks for the next access token"))?)
        })
    }

    fn keep<'a>(&'a self, name: &'a str, holder: u128, kept: &'a Kept) -> Asking<'a, bool> {
        Box::pin(async move {
            let is_kept = self.try_keep(name, holder, kept).await;
            Ok(is_kept.map_err(Error::unwritten("an access token"))?)
        })
    }

    fn release<'a>(&'a self, name: &'a str, holder: u128) -> Asking<'a, ()> {
        Box::pin(async move {
            let released = self.try_release(name, holder).await;
            Ok(released.map_err(Error::unwritten(
                "that nobody asks for the next access token",
            ))?)
        })
    }
}

fn lease_ms() -> i64 {
    let millis = <dyn TokenStore>::LEASE_FOR.as_millis();
    signed(u64::try_from(millis).unwrap_or(u64::MAX))
}
